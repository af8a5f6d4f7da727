//! A request as bytes on the wire.

/// An HTTP/1.1 request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Message {
    /// The method.
    pub method: Vec<u8>,
    /// The request target as sent.
    pub target: Vec<u8>,
    /// Header lines in order.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Message {
    /// Reads what a template wrote: `METHOD target`, header lines, an empty line, the body.
    /// Lines of the head may end in LF alone.
    #[must_use]
    pub fn of_template(text: &[u8]) -> Self {
        let mut rest = text;
        let first = line(&mut rest);
        let (method, target) = halves(first, b' ');
        let mut headers = Vec::new();
        while !rest.is_empty() {
            let field = line(&mut rest);
            if field.is_empty() {
                break;
            }
            let (name, value) = halves(field, b':');
            headers.push((name.to_vec(), value.trim_ascii().to_vec()));
        }
        Self {
            method: method.to_vec(),
            target: target.to_vec(),
            headers,
            body: rest.to_vec(),
        }
    }

    /// The value of the first header of that name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        let mut headers = self.headers.iter();
        let found = headers.find(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, value)| value.as_slice())
    }

    /// Adds a header unless there is one of that name, or the value is empty.
    pub(crate) fn offer(&mut self, name: &str, value: &[u8]) {
        if self.header(name).is_none() && !value.is_empty() {
            self.headers.push((name.into(), value.to_vec()));
        }
    }

    /// The bytes on the wire.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = [&self.method[..], b" ", &self.target, b" HTTP/1.1\r\n"].concat();
        for (name, value) in &self.headers {
            out.extend_from_slice(&[name, &b": "[..], value, b"\r\n"].concat());
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(&self.body);
        out
    }
}

fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|&byte| byte == b'\n');
    let (own, after) = rest.split_at(end.map_or(rest.len(), |at| at + 1));
    *rest = after;
    let own = own.strip_suffix(b"\n").unwrap_or(own);
    own.strip_suffix(b"\r").unwrap_or(own)
}

fn halves(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    let found = text.iter().position(|&byte| byte == at);
    let (first, rest) = text.split_at(found.unwrap_or(text.len()));
    (first, rest.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_becomes_a_request() {
        let mut message = Message::of_template(b"POST /a?b=c d\nX: 1\r\n\nline\nend");
        message.offer("x", b"2");
        message.offer("Y", b"3");
        let wire = b"POST /a?b=c d HTTP/1.1\r\nX: 1\r\nY: 3\r\n\r\nline\nend";
        assert_eq!(message.to_bytes(), wire);
    }
}
