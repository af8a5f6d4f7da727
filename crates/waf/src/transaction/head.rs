//! Filling variables from heads: the connection, the request line, header lines, the status line.

use super::text::{Slice, StrId, Strings};
use super::{Decision, Entry, Transaction};
use crate::body::{self as bodies, cookies, urlencoded};
use crate::plan::Bits;
use crate::transform::Transform;
use crate::variable::Variable;

/// Keeps the fields a parser finds, for the variables that rules look at.
pub(super) struct Collector<'a> {
    pub(super) strings: &'a mut Strings,
    pub(super) entries: &'a mut [Vec<Entry>; Variable::COUNT],
    pub(super) uses: &'a Bits,
    pub(super) values: Variable,
    pub(super) names: Variable,
    /// How many arguments there are.
    pub(super) count: usize,
    /// Bytes of all names and values.
    pub(super) total: usize,
    /// Bytes of all files.
    pub(super) files: usize,
    /// Bytes of a multipart body's headers and values, its files apart.
    pub(super) beside_files: usize,
}

impl Collector<'_> {
    fn put(&mut self, variable: Variable, name: Slice, value: StrId) {
        if let Some(list) = self.entries.get_mut(variable.index()) {
            list.push(Entry { name, value });
        }
    }

    fn wants(&self, variable: Variable) -> bool {
        self.uses.contains(variable.index())
    }
}

impl bodies::Fields for Collector<'_> {
    fn argument(&mut self, name: &[u8], value: &[u8]) {
        self.count += 1;
        self.beside_files += value.len();
        self.total += name.len() + value.len();
        let name = self.strings.keep(name);
        if self.wants(self.values) {
            let value = self.strings.add(value);
            self.put(self.values, name, value);
        }
        if self.wants(self.names) {
            let value = self.strings.string(name);
            self.put(self.names, name, value);
        }
    }

    fn file(&mut self, part: &bodies::FilePart<'_>) {
        self.files += part.content.len();
        let field = self.strings.keep(part.name);
        if self.wants(Variable::Files) || self.wants(Variable::MultipartFilename) {
            let value = self.strings.add(part.filename);
            self.put(Variable::Files, field, value);
            self.put(Variable::MultipartFilename, field, value);
        }
        if self.wants(Variable::FilesNames) {
            let value = self.strings.string(field);
            self.put(Variable::FilesNames, field, value);
        }
        if self.wants(Variable::FilesSizes) {
            let mut buffer = [0; 20];
            let digits = super::values::decimal(part.content.len() as u64, &mut buffer);
            let value = self.strings.add(digits);
            self.put(Variable::FilesSizes, field, value);
        }
        if self.wants(Variable::FilesTmpContent) {
            let value = self.strings.add(part.content);
            self.put(Variable::FilesTmpContent, field, value);
        }
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) {
        self.beside_files += line.len();
        if self.wants(Variable::MultipartPartHeaders) {
            let name = self.strings.keep(part);
            let value = self.strings.add(line);
            self.put(Variable::MultipartPartHeaders, name, value);
        }
    }

    fn part_name(&mut self, name: &[u8]) {
        if self.wants(Variable::MultipartName) {
            let name = self.strings.keep(name);
            let value = self.strings.string(name);
            self.put(Variable::MultipartName, name, value);
        }
    }
}

impl Transaction {
    /// What is known before the first byte.
    pub(super) fn fill_connection(&mut self) {
        let connection = self.connection;
        let mut text = std::mem::take(&mut self.scratch.expanded);
        let ends = [
            (
                Variable::RemoteAddr,
                Variable::RemotePort,
                connection.client,
            ),
            (
                Variable::ServerAddr,
                Variable::ServerPort,
                connection.server,
            ),
        ];
        for (address, port, end) in ends {
            let host = (address == Variable::RemoteAddr).then_some(Variable::RemoteHost);
            if self.is_used(address) || host.is_some_and(|own| self.is_used(own)) {
                text.clear();
                // Writing to memory cannot fail.
                std::io::Write::write_fmt(&mut text, format_args!("{}", end.ip())).ok();
                self.put_scalar(address, &text);
                if let Some(host) = host {
                    self.put_scalar(host, &text);
                }
            }
            self.put_number(port, usize::from(end.port()));
        }
        text.clear();
        self.scratch.expanded = text;
        let plan = std::sync::Arc::clone(&self.plan);
        self.put_scalar(Variable::WebappId, plan.settings.webapp.as_bytes());
        self.put_scalar(Variable::ModsecBuild, b"030000000");
        self.fill_time();
    }

    /// The clock's reading in UTC, where rules ask for it.
    fn fill_time(&mut self) {
        const ALL: [Variable; 9] = [
            Variable::Time,
            Variable::TimeEpoch,
            Variable::TimeHour,
            Variable::TimeMin,
            Variable::TimeSec,
            Variable::TimeDay,
            Variable::TimeMon,
            Variable::TimeYear,
            Variable::TimeWday,
        ];
        if !ALL.iter().any(|own| self.is_used(*own)) {
            return;
        }
        let seconds = self.now().0 / 1000;
        let (days, of_day) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = civil(days);
        let parts = [
            (Variable::TimeEpoch, seconds),
            (Variable::TimeHour, of_day / 3600),
            (Variable::TimeMin, of_day / 60 % 60),
            (Variable::TimeSec, of_day % 60),
            (Variable::TimeDay, day),
            (Variable::TimeMon, month - 1),
            (Variable::TimeYear, year),
            (Variable::TimeWday, (days + 4) % 7),
        ];
        for (variable, number) in parts {
            self.put_number(variable, usize::try_from(number).unwrap_or_default());
        }
        if self.is_used(Variable::Time) {
            let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
            let text = format!("{hour:02}:{minute:02}:{second:02}");
            self.put_scalar(Variable::Time, text.as_bytes());
        }
    }

    /// A name for the transaction, as the operator knows it: `UNIQUE_ID`.
    pub fn unique_id(&mut self, id: &[u8]) {
        self.put_scalar(Variable::UniqueId, id);
    }

    /// The request line, exactly as received: method, request target, `HTTP/1.1`. A line without a
    /// version is one of HTTP/0.9 (RFC 1945 §5.1).
    pub fn request_line(&mut self, method: &[u8], target: &[u8], version: &[u8]) {
        self.put_scalar(Variable::RequestMethod, method);
        let protocol = if version.is_empty() {
            b"HTTP/0.9"
        } else {
            version
        };
        self.put_scalar(Variable::RequestProtocol, protocol);
        if self.is_used(Variable::RequestLine) {
            let line = self.scratch.strings.write(|out| {
                out.extend_from_slice(method);
                out.push(b' ');
                out.extend_from_slice(target);
                out.push(b' ');
                out.extend_from_slice(version);
            });
            let value = self.scratch.strings.string(line);
            self.put(Variable::RequestLine, Slice::default(), value);
        }
        let uri = without_authority(target);
        let uri = memchr::memchr(b'#', uri).map_or(uri, |at| uri.get(..at).unwrap_or_default());
        if uri.len() == target.len() {
            self.put_scalars([Variable::RequestUriRaw, Variable::RequestUri], uri);
        } else {
            self.put_scalar(Variable::RequestUriRaw, target);
            self.put_scalar(Variable::RequestUri, uri);
        }
        let (path, query) = match memchr::memchr(b'?', uri) {
            Some(at) => (
                uri.get(..at).unwrap_or_default(),
                uri.get(at + 1..).unwrap_or_default(),
            ),
            None => (uri, &b""[..]),
        };
        self.put_path(path);
        self.put_scalar(Variable::QueryString, query);
        self.take_up();
        self.fill_query(query);
        self.put_down();
    }

    /// The path, with its percent escapes undone once, as the application will see it.
    fn put_path(&mut self, path: &[u8]) {
        let decoded = memchr::memchr(b'%', path).map(|_| percent_decode(path));
        let path = decoded.as_deref().unwrap_or(path);
        self.put_scalars([Variable::RequestFilename, Variable::PathInfo], path);
        let base = memchr::memrchr2(b'/', b'\\', path).map_or(0, |at| at + 1);
        self.put_scalar(
            Variable::RequestBasename,
            path.get(base..).unwrap_or_default(),
        );
    }

    fn fill_query(&mut self, query: &[u8]) {
        let plan = std::sync::Arc::clone(&self.plan);
        let limits = plan.body_limits();
        let scratch = &mut *self.scratch;
        let mut fields = Collector {
            strings: &mut scratch.strings,
            entries: &mut scratch.entries,
            uses: &plan.uses,
            values: Variable::ArgsGet,
            names: Variable::ArgsGetNames,
            count: 0,
            total: 0,
            files: 0,
            beside_files: 0,
        };
        let parsed = urlencoded::parse(
            query,
            plan.settings.separator,
            &limits,
            &mut scratch.work.get().parser,
            &mut fields,
        );
        self.state.arguments += fields.count;
        self.state.argument_bytes += fields.total;
        self.state.url_errors |= parsed.invalid > 0;
        if let Some(fault) = parsed.fault {
            self.state.body_fault = Some(format!("query string: {fault}"));
        }
    }

    /// One request header line, in order of arrival, the name as received.
    pub fn request_header(&mut self, name: &[u8], value: &[u8]) {
        let kept = self.put_header(
            (Variable::RequestHeaders, Variable::RequestHeadersNames),
            name,
            value,
        );
        if name.eq_ignore_ascii_case(b"content-type") {
            self.state.content_type = kept;
        } else if name.eq_ignore_ascii_case(b"host") {
            let host = memchr::memrchr(b':', value)
                .filter(|at| !value.get(at + 1..).unwrap_or_default().contains(&b']'))
                .map_or(value, |at| value.get(..at).unwrap_or_default());
            self.put_scalar(Variable::ServerName, host);
        } else if name.eq_ignore_ascii_case(b"cookie") {
            self.fill_cookies(value);
        } else if name.eq_ignore_ascii_case(b"authorization") {
            let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
            self.put_scalar(Variable::AuthType, scheme);
            self.put_user(scheme, value);
        }
    }

    /// The name that credentials of the scheme `Basic` (RFC 7617) claim.
    fn put_user(&mut self, scheme: &[u8], value: &[u8]) {
        if !scheme.eq_ignore_ascii_case(b"basic") || !self.is_used(Variable::RemoteUser) {
            return;
        }
        let mut pair = Vec::new();
        let packed = value.get(scheme.len()..).unwrap_or_default().trim_ascii();
        Transform::Base64Decode.apply(packed, &mut pair);
        let end = memchr::memchr(b':', &pair).unwrap_or(pair.len());
        self.put_scalar(Variable::RemoteUser, pair.get(..end).unwrap_or_default());
    }

    fn put_header(
        &mut self,
        (values, names): (Variable, Variable),
        name: &[u8],
        value: &[u8],
    ) -> Slice {
        let name = self.scratch.strings.keep(name);
        let kept = self.scratch.strings.keep(value);
        if self.is_used(values) {
            let value = self.scratch.strings.string(kept);
            self.put(values, name, value);
        }
        if self.is_used(names) {
            let value = self.scratch.strings.string(name);
            self.put(names, name, value);
        }
        kept
    }

    fn fill_cookies(&mut self, header: &[u8]) {
        let most = self.plan.limits.cookies;
        for (name, value) in cookies::parse(header) {
            self.state.cookies += 1;
            if self.state.cookies > most {
                let fault = || format!("more than {most} cookies");
                self.state.body_fault.get_or_insert_with(fault);
                break;
            }
            self.put_header(
                (Variable::RequestCookies, Variable::RequestCookiesNames),
                name,
                value,
            );
        }
    }

    pub(super) fn fill_request_head(&mut self) {
        self.state.processor = self.processor_by_type();
        let errors = usize::from(self.state.url_errors);
        self.put_number(Variable::UrlencodedError, errors);
        self.put_number(Variable::ArgsCombinedSize, self.state.argument_bytes);
        self.note_arguments(Variable::ArgsGet);
    }

    /// The response's status line.
    pub fn response_line(&mut self, status: u16, version: &[u8]) {
        self.state.status = status;
        self.put_number(Variable::ResponseStatus, usize::from(status));
        self.put_scalar(Variable::ResponseProtocol, version);
        if self.is_used(Variable::StatusLine) {
            let mut line = version.to_vec();
            line.extend_from_slice(format!(" {status}").as_bytes());
            self.put_scalar(Variable::StatusLine, &line);
        }
    }

    /// One response header line.
    pub fn response_header(&mut self, name: &[u8], value: &[u8]) {
        self.put_header(
            (Variable::ResponseHeaders, Variable::ResponseHeadersNames),
            name,
            value,
        );
        if name.eq_ignore_ascii_case(b"content-type") {
            let essence = value
                .split(|byte| *byte == b';')
                .next()
                .unwrap_or_default()
                .trim_ascii();
            let plan = std::sync::Arc::clone(&self.plan);
            let fits = |own: &String| essence.eq_ignore_ascii_case(own.as_bytes());
            self.state.response_type_known = plan.settings.response_types.iter().any(fits);
            self.put_scalar(Variable::ResponseContentType, value);
        } else if name.eq_ignore_ascii_case(b"content-length") {
            self.put_scalar(Variable::ResponseContentLength, value);
        }
    }

    pub(super) fn response_type_is_inspected(&self) -> bool {
        self.state.response_type_known
    }

    /// A piece of the request body, after transfer decoding. Interrupts when the limit is passed.
    pub fn request_body(&mut self, chunk: &[u8]) -> Decision {
        if !self.wants_request_body() {
            return Decision::Continue;
        }
        let limit = self.plan.request_limit();
        let body = &mut self.scratch.strings.request;
        let room = limit.saturating_sub(body.len());
        body.extend_from_slice(chunk.get(..room.min(chunk.len())).unwrap_or_default());
        if chunk.len() <= room {
            return Decision::Continue;
        }
        self.state.body_cut = true;
        match self.plan.settings.request_action {
            crate::hir::BodyAction::Reject if self.state.engine == crate::hir::Engine::On => {
                self.refuse(413)
            }
            crate::hir::BodyAction::Reject | crate::hir::BodyAction::ProcessPartial => {
                Decision::Continue
            }
        }
    }
}

/// Percent escapes undone; a faulty one stays as it is, and so does `+`.
fn percent_decode(path: &[u8]) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|b| char::from(*b).to_digit(16));
    let mut decoded = Vec::with_capacity(path.len());
    let mut at = 0;
    while let Some(&byte) = path.get(at) {
        match (byte, digit(path.get(at + 1)), digit(path.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// The target from its path on: `http://host/path` becomes `/path`.
fn without_authority(target: &[u8]) -> &[u8] {
    if target.first() == Some(&b'/') {
        return target;
    }
    let Some(scheme) = memchr::memmem::find(target, b"://") else {
        return target;
    };
    let rest = target.get(scheme + 3..).unwrap_or_default();
    match rest
        .iter()
        .position(|byte| matches!(byte, b'/' | b'?' | b'#'))
    {
        Some(at) => rest.get(at..).unwrap_or_default(),
        None => b"/",
    }
}

/// Year, month (1 to 12) and day of a count of days since 1970, in the Gregorian calendar.
pub(crate) fn civil(days: u64) -> (u64, u64, u64) {
    // Counted from 1 March of the year 0, so that the leap day is a year's last.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_follow_the_calendar() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(19_782), (2024, 2, 29));
        assert_eq!(civil(20_778), (2026, 11, 21));
    }

    #[test]
    fn a_target_loses_its_scheme_and_host() {
        assert_eq!(without_authority(b"http://x:80/a?b"), b"/a?b");
        assert_eq!(without_authority(b"http://x"), b"/");
        assert_eq!(without_authority(b"/a//b://c"), b"/a//b://c");
        assert_eq!(without_authority(b"*"), b"*");
    }
}
