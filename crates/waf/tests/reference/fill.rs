//! Filling variables from a request and its answer.

use std::io::Read;

use babyshield_waf::body::{self, Fault, Fields, FilePart, cookies, json, multipart, urlencoded};
use babyshield_waf::hir::{BodyAction, Engine, Phase, Processor, Step};
use babyshield_waf::transform::Transform;
use babyshield_waf::variable::Variable;
use babyshield_waf::{Action, Interruption};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::{CLIENT, Request, Run, SERVER};

/// Keeps everything a parser tells.
#[derive(Default)]
struct Told {
    arguments: Vec<(Vec<u8>, Vec<u8>)>,
    files: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    names: Vec<Vec<u8>>,
}

impl Fields for Told {
    fn argument(&mut self, name: &[u8], value: &[u8]) {
        self.arguments.push((name.to_vec(), value.to_vec()));
    }

    fn file(&mut self, part: &FilePart<'_>) {
        self.files.push((
            part.name.to_vec(),
            part.filename.to_vec(),
            part.content.to_vec(),
        ));
    }

    fn part_header(&mut self, part: &[u8], line: &[u8]) {
        self.headers.push((part.to_vec(), line.to_vec()));
    }

    fn part_name(&mut self, name: &[u8]) {
        self.names.push(name.to_vec());
    }
}

impl Run<'_> {
    pub(super) fn put(&mut self, variable: Variable, name: &[u8], value: &[u8]) {
        let list = self.entries.entry(variable).or_default();
        list.push((name.to_vec(), value.to_vec()));
    }

    fn scalar(&mut self, variable: Variable, value: &[u8]) {
        self.put(variable, b"", value);
    }

    fn number(&mut self, variable: Variable, number: usize) {
        self.entries.remove(&variable);
        self.scalar(variable, number.to_string().as_bytes());
    }

    fn limits(&self) -> body::Limits {
        let settings = &self.set.settings;
        body::Limits {
            arguments: settings
                .arguments
                .map_or(self.limits.arguments, |n| n.min(self.limits.arguments)),
            depth: settings
                .json_depth
                .map_or(self.limits.depth, |n| n.min(self.limits.depth)),
            parts: self.limits.parts,
            files: settings.files.map_or(100, |n| n.min(100)),
            ..body::Limits::default()
        }
    }

    pub(super) fn fill_head(&mut self, request: &Request) {
        self.connection();
        let Request {
            method,
            target,
            version,
            ..
        } = request;
        self.scalar(Variable::RequestMethod, method);
        self.scalar(Variable::RequestUriRaw, target);
        let protocol = if version.is_empty() {
            b"HTTP/0.9"
        } else {
            version.as_slice()
        };
        self.scalar(Variable::RequestProtocol, protocol);
        let line = [method.as_slice(), target, version].join(&b' ');
        self.scalar(Variable::RequestLine, &line);
        let uri = without_host(target);
        let uri = uri.split(|byte| *byte == b'#').next().unwrap_or_default();
        self.scalar(Variable::RequestUri, uri);
        let mut halves = uri.splitn(2, |byte| *byte == b'?');
        let path = percent_decoded(halves.next().unwrap_or_default());
        let query = halves.next().unwrap_or_default();
        self.scalar(Variable::RequestFilename, &path);
        self.scalar(Variable::PathInfo, &path);
        let base = path.rsplit(|byte| matches!(byte, b'/' | b'\\')).next();
        self.scalar(Variable::RequestBasename, base.unwrap_or_default());
        self.scalar(Variable::QueryString, query);
        self.query(query);
        for (name, value) in &request.headers {
            self.header(name, value);
        }
        self.processor = self.by_type();
        self.number(Variable::UrlencodedError, usize::from(self.url_errors));
        self.number(Variable::ArgsCombinedSize, self.argument_bytes);
    }

    fn connection(&mut self) {
        let ends = [
            (Variable::RemoteAddr, Variable::RemotePort, CLIENT),
            (Variable::ServerAddr, Variable::ServerPort, SERVER),
        ];
        for (address, port, end) in ends {
            let (host, own) = end.rsplit_once(':').unwrap();
            self.scalar(address, host.as_bytes());
            self.scalar(port, own.as_bytes());
        }
        let host = CLIENT.rsplit_once(':').unwrap().0;
        self.scalar(Variable::RemoteHost, host.as_bytes());
        let webapp = self.set.settings.webapp.clone();
        self.scalar(Variable::WebappId, webapp.as_bytes());
        self.scalar(Variable::ModsecBuild, b"030000000");
        assert_eq!(self.now(), 0, "the fields below are of the epoch");
        for (variable, number) in [
            (Variable::TimeEpoch, 0),
            (Variable::TimeHour, 0),
            (Variable::TimeMin, 0),
            (Variable::TimeSec, 0),
            (Variable::TimeDay, 1),
            (Variable::TimeMon, 0),
            (Variable::TimeYear, 1970),
            (Variable::TimeWday, 4),
        ] {
            self.number(variable, number);
        }
        self.scalar(Variable::Time, b"00:00:00");
    }

    fn query(&mut self, query: &[u8]) {
        let mut told = Told::default();
        let separator = self.set.settings.separator;
        let mut scratch = body::Scratch::default();
        let done = urlencoded::parse(query, separator, &self.limits(), &mut scratch, &mut told);
        self.tell(told, Variable::ArgsGet, Variable::ArgsGetNames);
        self.url_errors |= done.invalid > 0;
        if let Some(fault) = done.fault {
            self.body_fault = Some(format!("query string: {fault}"));
        }
    }

    fn tell(&mut self, told: Told, values: Variable, names: Variable) {
        for (name, value) in told.arguments {
            self.argument_bytes += name.len() + value.len();
            self.put(values, &name, &value);
            self.put(names, &name, &name);
        }
        for (name, filename, content) in told.files {
            self.file_bytes += content.len();
            self.put(Variable::Files, &name, &filename);
            self.put(Variable::MultipartFilename, &name, &filename);
            self.put(Variable::FilesNames, &name, &name);
            self.put(
                Variable::FilesSizes,
                &name,
                content.len().to_string().as_bytes(),
            );
            self.put(Variable::FilesTmpContent, &name, &content);
        }
        for (part, line) in told.headers {
            self.put(Variable::MultipartPartHeaders, &part, &line);
        }
        for name in told.names {
            self.put(Variable::MultipartName, &name, &name);
        }
    }

    fn header(&mut self, name: &[u8], value: &[u8]) {
        self.put(Variable::RequestHeaders, name, value);
        self.put(Variable::RequestHeadersNames, name, name);
        match name.to_ascii_lowercase().as_slice() {
            b"content-type" => self.content_type = value.to_vec(),
            b"content-encoding" => self.coding = value.to_vec(),
            b"host" => {
                let colon = value.iter().rposition(|byte| *byte == b':');
                let port = colon.filter(|at| !value[*at..].contains(&b']'));
                self.scalar(Variable::ServerName, &value[..port.unwrap_or(value.len())]);
            }
            b"cookie" => {
                for (name, value) in cookies::parse(value) {
                    let known = self.entries.get(&Variable::RequestCookies);
                    if known.map_or(0, Vec::len) == self.limits.cookies {
                        let fault = format!("more than {} cookies", self.limits.cookies);
                        self.body_fault.get_or_insert(fault);
                        break;
                    }
                    self.put(Variable::RequestCookies, name, value);
                    self.put(Variable::RequestCookiesNames, name, name);
                }
            }
            b"authorization" => {
                let scheme = value.split(|byte| *byte == b' ').next().unwrap_or_default();
                self.scalar(Variable::AuthType, scheme);
                if scheme.eq_ignore_ascii_case(b"basic") {
                    let mut pair = Vec::new();
                    let packed = value[scheme.len()..].trim_ascii();
                    Transform::Base64Decode.apply(packed, &mut pair);
                    let user = pair.split(|byte| *byte == b':').next();
                    self.scalar(Variable::RemoteUser, user.unwrap_or_default());
                }
            }
            _ => {}
        }
    }

    fn by_type(&self) -> Option<Processor> {
        let essence = self.content_type.split(|byte| *byte == b';').next()?;
        let essence = String::from_utf8_lossy(essence.trim_ascii()).to_ascii_lowercase();
        match essence.as_str() {
            "application/x-www-form-urlencoded" => Some(Processor::Urlencoded),
            other
                if other
                    .strip_prefix("multipart/form-data")
                    .is_some_and(|rest| {
                        !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || "-+.".contains(c))
                    }) =>
            {
                Some(Processor::Multipart)
            }
            "text/xml" | "application/xml" => Some(Processor::Xml),
            "application/json" => Some(Processor::Json),
            other if other.ends_with("+xml") => Some(Processor::Xml),
            other if other.ends_with("+json") => Some(Processor::Json),
            _ => None,
        }
    }

    /// Whether the request goes on.
    pub(super) fn take_body(&mut self, body: &[u8]) -> bool {
        if self.engine == Engine::Off || !self.request_body {
            return true;
        }
        let settings = &self.set.settings;
        let own = self.limits.request_body.0;
        let limit = settings.request_limit.map_or(own, |n| n.min(own));
        let limit = usize::try_from(limit).unwrap();
        self.body = body[..limit.min(body.len())].to_vec();
        self.body_cut = body.len() > limit;
        let reject = settings.request_action == BodyAction::Reject && self.engine == Engine::On;
        if self.body_cut && reject {
            let own = Interruption {
                rule: 0,
                action: Action::Deny,
                status: 413,
            };
            self.interruption.get_or_insert(own);
            return self.watch;
        }
        true
    }

    /// A body that came packed is the body it unpacks to, or a fault.
    fn unpack_body(&mut self) {
        let coding = self.coding.trim_ascii().to_ascii_lowercase();
        let packed = self.body.as_slice();
        let mut reader: Box<dyn Read> = match coding.as_slice() {
            _ if packed.is_empty() => return,
            b"gzip" | b"x-gzip" => Box::new(MultiGzDecoder::new(packed)),
            b"deflate" if packed[0] & 15 == 8 => Box::new(ZlibDecoder::new(packed)),
            b"deflate" => Box::new(DeflateDecoder::new(packed)),
            // A window larger than RFC 7932 has.
            b"br" if packed[0] & 0x7f == 0x11 => Box::new(Broken),
            b"br" => Box::new(brotli_decompressor::Decompressor::new(packed, 4096)),
            _ => return,
        };
        let own = self.limits.request_body.0;
        let limit = self.set.settings.request_limit.map_or(own, |n| n.min(own));
        let limit = limit.min((packed.len() as u64 * 100).max(64 << 10));
        let mut unpacked = Vec::new();
        let mut chunk = [0; 512];
        let fault = loop {
            match reader.read(&mut chunk) {
                Ok(0) => break None,
                Ok(count) => unpacked.extend_from_slice(&chunk[..count]),
                Err(_) => break Some("the packed body is broken"),
            }
            if unpacked.len() as u64 > limit {
                break Some("the packed body unpacks to more than allowed");
            }
        };
        drop(reader);
        match fault {
            None => self.body = unpacked,
            Some(fault) => {
                self.body_fault = Some(format!("{fault} at byte {}", self.body.len()));
            }
        }
    }

    pub(super) fn fill_body(&mut self) {
        self.unpack_body();
        let body = self.body.clone();
        if !body.is_empty() {
            let limit = self.set.settings.no_files_limit.unwrap_or(u64::MAX);
            let limit = usize::try_from(limit).unwrap();
            let parsed = |own: Processor| own == Processor::Multipart || body.len() <= limit;
            if let Some(processor) = self.processor.filter(|own| parsed(*own))
                && let Some(fault) = self.parse(processor, &body)
            {
                self.body_fault = Some(format!("{}: {fault}", processor.name()));
            }
            let beside_files = match self.processor {
                Some(Processor::Multipart) => self.beside_files,
                Some(_) => body.len(),
                None => 0,
            };
            if beside_files > limit {
                self.body_cut = true;
                self.body_fault.get_or_insert_with(|| {
                    "the request body without its files is longer than SecRequestBodyNoFilesLimit"
                        .to_owned()
                });
            }
            let in_parts = matches!(self.processor, Some(Processor::Multipart | Processor::Xml));
            if self.force_body || !in_parts {
                self.scalar(Variable::RequestBody, &body);
            }
        }
        self.number(Variable::RequestBodyLength, body.len());
        self.number(Variable::InboundDataError, usize::from(self.body_cut));
        self.number(Variable::FilesCombinedSize, self.file_bytes);
        let message = self.body_fault.clone();
        for variable in [Variable::ReqbodyError, Variable::ReqbodyProcessorError] {
            self.number(variable, usize::from(message.is_some()));
        }
        let message = message.unwrap_or_default();
        for variable in [
            Variable::ReqbodyErrorMsg,
            Variable::ReqbodyProcessorErrorMsg,
        ] {
            self.scalar(variable, message.as_bytes());
        }
        self.full_request(&body);
    }

    fn full_request(&mut self, body: &[u8]) {
        let mut text = self.entries[&Variable::RequestLine][0].1.clone();
        text.push(b'\n');
        for (name, value) in self
            .entries
            .get(&Variable::RequestHeaders)
            .into_iter()
            .flatten()
        {
            text.extend_from_slice(name);
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.push(b'\n');
        }
        text.push(b'\n');
        text.extend_from_slice(body);
        self.scalar(Variable::FullRequest, &text);
        self.number(Variable::FullRequestLength, text.len());
    }

    fn parse(&mut self, processor: Processor, body: &[u8]) -> Option<Fault> {
        let (mut limits, mut told) = (self.limits(), Told::default());
        let before = self.entries.get(&Variable::ArgsGet).map_or(0, Vec::len);
        limits.arguments = limits.arguments.saturating_sub(before);
        let mut scratch = body::Scratch::default();
        let fault = match processor {
            Processor::Urlencoded => {
                let separator = self.set.settings.separator;
                let done = urlencoded::parse(body, separator, &limits, &mut scratch, &mut told);
                if done.invalid > 0 {
                    self.url_errors = true;
                    self.number(Variable::UrlencodedError, 1);
                }
                done.fault
            }
            Processor::Json => json::parse(body, &limits, &mut scratch, &mut told).err(),
            Processor::JsonLines => json::parse_lines(body, &limits, &mut scratch, &mut told).err(),
            Processor::Xml => return self.document.parse(body, &limits).err(),
            Processor::Multipart => {
                let content_type = self.content_type.clone();
                let done = multipart::parse(&content_type, body, &limits, &mut scratch, &mut told);
                self.flags(&done.flags);
                done.fault
            }
        };
        let headers = told.headers.iter().map(|(_, line)| line.len());
        let values = told.arguments.iter().map(|(_, value)| value.len());
        self.beside_files = headers.chain(values).sum();
        self.tell(told, Variable::ArgsPost, Variable::ArgsPostNames);
        self.number(Variable::ArgsCombinedSize, self.argument_bytes);
        fault
    }

    fn flags(&mut self, own: &multipart::Flags) {
        for (variable, flag) in [
            (Variable::MultipartBoundaryQuoted, own.boundary_quoted),
            (
                Variable::MultipartBoundaryWhitespace,
                own.boundary_whitespace,
            ),
            (Variable::MultipartDataBefore, own.data_before),
            (Variable::MultipartDataAfter, own.data_after),
            (Variable::MultipartHeaderFolding, own.header_folding),
            (Variable::MultipartLfLine, own.lf_line),
            (Variable::MultipartCrlfLfLines, own.crlf_lf_lines()),
            (Variable::MultipartMissingSemicolon, own.missing_semicolon),
            (Variable::MultipartInvalidQuoting, own.invalid_quoting),
            (Variable::MultipartInvalidPart, own.invalid_part),
            (
                Variable::MultipartInvalidHeaderFolding,
                own.invalid_header_folding,
            ),
            (
                Variable::MultipartFileLimitExceeded,
                own.file_limit_exceeded,
            ),
            (Variable::MultipartStrictError, own.strict_error()),
        ] {
            self.number(variable, usize::from(flag));
        }
        self.number(
            Variable::MultipartUnmatchedBoundary,
            own.unmatched_boundary.into(),
        );
    }

    pub(super) fn fill_answer_head(&mut self, request: &Request) {
        self.number(Variable::ResponseStatus, 200);
        self.scalar(Variable::ResponseProtocol, b"HTTP/1.1");
        self.scalar(Variable::StatusLine, b"HTTP/1.1 200");
        for (name, value) in &request.answer_headers {
            self.put(Variable::ResponseHeaders, name, value);
            self.put(Variable::ResponseHeadersNames, name, name);
            if name.eq_ignore_ascii_case(b"content-type") {
                let essence = value.split(|byte| *byte == b';').next().unwrap_or_default();
                let types = &self.set.settings.response_types;
                self.response_known = types
                    .iter()
                    .any(|own| own.as_bytes().eq_ignore_ascii_case(essence.trim_ascii()));
                self.scalar(Variable::ResponseContentType, value);
            } else if name.eq_ignore_ascii_case(b"content-length") {
                self.scalar(Variable::ResponseContentLength, value);
            }
        }
    }

    pub(super) fn fill_answer_body(&mut self, body: &[u8]) {
        let any = self
            .set
            .steps
            .iter()
            .any(|step| matches!(step, Step::Rule(rule) if rule.phase == Phase::ResponseBody));
        let wanted = self.engine != Engine::Off && self.response_body && any && self.response_known;
        let own = self.limits.response_body.0;
        let limit = self.set.settings.response_limit.map_or(own, |n| n.min(own));
        let limit = usize::try_from(limit).unwrap();
        if wanted {
            self.answer = body[..limit.min(body.len())].to_vec();
            self.scalar(Variable::ResponseBody, &self.answer.clone());
            if !self.entries.contains_key(&Variable::ResponseContentLength) {
                self.number(Variable::ResponseContentLength, self.answer.len());
            }
        }
        self.number(
            Variable::OutboundDataError,
            usize::from(self.answer.len() >= limit),
        );
    }
}

fn percent_decoded(path: &[u8]) -> Vec<u8> {
    // A plus sign is one in a path.
    let kept: Vec<u8> = path
        .iter()
        .flat_map(|b| match b {
            b'+' => b"%2b".to_vec(),
            other => vec![*other],
        })
        .collect();
    let mut out = Vec::new();
    Transform::UrlDecode.apply(&kept, &mut out);
    out
}

fn without_host(target: &[u8]) -> Vec<u8> {
    let text: Vec<char> = target.iter().map(|byte| char::from(*byte)).collect();
    let text: String = text.into_iter().collect();
    let bytes = |text: &str| text.chars().map(|c| c as u8).collect::<Vec<u8>>();
    match text.split_once("://") {
        Some((_, rest)) if !text.starts_with('/') => rest
            .find(['/', '?', '#'])
            .map_or(b"/".to_vec(), |at| bytes(&rest[at..])),
        _ => bytes(&text),
    }
}

/// A stream that cannot be read.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::InvalidData.into())
    }
}
