//! From a described request to the bytes on the wire, as each suite's own client would send it.

use super::{Client, form};

/// A request as described, absent parts filled in.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) version: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) data: Option<Vec<u8>>,
    /// Whether the client completes headers and encodes form data.
    pub(super) complete: bool,
}

const FORM: &str = "application/x-www-form-urlencoded";

impl Described {
    pub(super) fn bytes(mut self, client: Client) -> Vec<u8> {
        match client {
            Client::V3 => self.complete_v3(),
            Client::V4 => self.complete_v4(),
        }
        let mut wire = format!("{} {} {}\r\n", self.method, self.uri, self.version).into_bytes();
        for (name, value) in &self.headers {
            wire.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        wire.extend(b"\r\n");
        wire.extend(self.data.unwrap_or_default());
        wire
    }

    /// With data and unless told not to: a content type, the form encoded, a content length.
    /// pyftw knows these headers in this one spelling only.
    fn complete_v3(&mut self) {
        let Some(data) = self.data.take_if(|data| self.complete && !data.is_empty()) else {
            return;
        };
        let has = |headers: &[(String, String)], wanted: &str| {
            headers.iter().any(|(name, _)| name == wanted)
        };
        if !has(&self.headers, "Content-Type") {
            self.headers.push(("Content-Type".into(), FORM.into()));
        }
        let form = ("Content-Type".to_owned(), FORM.to_owned());
        let data = if self.headers.contains(&form) && form::is_plain(&data, false) {
            form::encode_v3(&data)
        } else {
            data
        };
        if !has(&self.headers, "Content-Length") {
            let length = data.len().to_string();
            self.headers.push(("Content-Length".into(), length));
        }
        self.data = Some(data);
    }

    /// go-ftw also ends the lines of multipart data with CR LF, and asks to close.
    fn complete_v4(&mut self) {
        let data = self.data.take().unwrap_or_default();
        let has = |headers: &[(String, String)], wanted: &str| {
            headers
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case(wanted))
        };
        if self.complete && !data.is_empty() && !has(&self.headers, "Content-Type") {
            self.headers.push(("Content-Type".into(), FORM.into()));
        }
        let content = self
            .headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case("content-type"))
            .map_or_else(String::new, |(_, value)| value.to_ascii_lowercase());
        let plain = form::is_plain(&data, true) && form::is_decodable(&data);
        let data = if content.contains("multipart/form-data;") {
            lines(&data)
        } else if self.complete && content == FORM && plain {
            form::encode_v4(&data)
        } else {
            data
        };
        if self.complete {
            if !has(&self.headers, "Connection") {
                self.headers.push(("Connection".into(), "close".into()));
            }
            let may_have_body = matches!(self.method.as_str(), "POST" | "PUT" | "PATCH" | "DELETE");
            let says = may_have_body || !data.is_empty();
            if says && !has(&self.headers, "Content-Length") {
                let length = data.len().to_string();
                self.headers.push(("Content-Length".into(), length));
            }
        }
        self.data = Some(data);
    }
}

/// Every LF as CR LF, whatever came before it.
fn lines(data: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = data.split(|&b| b == b'\n').collect();
    lines.join(&b"\r\n"[..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn described(data: &str, headers: &[(&str, &str)]) -> Described {
        Described {
            method: "POST".into(),
            uri: "/".into(),
            version: "HTTP/1.1".into(),
            headers: headers
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect(),
            data: Some(data.into()),
            complete: true,
        }
    }

    fn text(described: Described, client: Client) -> String {
        String::from_utf8(described.bytes(client)).unwrap()
    }

    #[test]
    fn a_form_gets_its_headers_and_is_encoded() {
        assert_eq!(
            text(described("a=<", &[]), Client::V3),
            "POST / HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: 5\r\n\r\na=%3C"
        );
    }

    #[test]
    fn nothing_is_added_where_the_case_forbids_it() {
        let mut bare = described("a=<", &[]);
        bare.complete = false;
        for client in [Client::V3, Client::V4] {
            assert_eq!(text(bare.clone(), client), "POST / HTTP/1.1\r\n\r\na=<");
        }
    }

    #[test]
    fn multipart_lines_end_in_cr_lf_for_version_4() {
        let multipart = described(
            "a\nb",
            &[("Content-Type", "multipart/form-data; boundary=x")],
        );
        assert!(text(multipart, Client::V4).ends_with("Content-Length: 4\r\n\r\na\r\nb"));
    }
}
