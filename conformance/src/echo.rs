//! The upstreams the suites expect behind the gateway.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A connection nobody uses any more ends after this time.
const IDLE: Duration = Duration::from_secs(60);
/// More than the gateway lets through.
const LARGEST: u64 = 16 << 20;

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Behind 3.x stood httpbin: 200 for a few paths, 404 for others.
    Httpbin,
    /// Behind 4.x stands albedo: 200 for everything, and `/reflect`, which answers as its JSON
    /// body says (`status`, `headers`, `body`, `encodedBody`), for the rules about responses.
    Albedo,
}

/// Starts on a free port and serves until the program ends.
pub(crate) fn start(kind: Kind) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A connection that breaks is the other side's business.
            thread::spawn(move || serve(&stream, kind).ok());
        }
    });
    Ok(address)
}

fn serve(stream: &TcpStream, kind: Kind) -> std::io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = Request::read(&mut reader)? {
        let mut writer = stream;
        writer.write_all(&request.answer(kind).bytes(request.is_head))?;
    }
    Ok(())
}

/// What an upstream looks at.
#[derive(Debug, Default)]
pub(crate) struct Request {
    pub(crate) is_head: bool,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

/// What it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn plain(status: u16) -> Self {
        Self {
            status,
            fields: vec![("Content-Type".to_owned(), "text/plain".to_owned())],
            body: b"ok\n".to_vec(),
        }
    }

    fn bytes(&self, is_head: bool) -> Vec<u8> {
        let mut answer = format!("HTTP/1.1 {} Told\r\n", self.status).into_bytes();
        for (name, value) in &self.fields {
            answer.extend(format!("{name}: {value}\r\n").into_bytes());
        }
        answer.extend(format!("Content-Length: {}\r\n\r\n", self.body.len()).into_bytes());
        if !is_head {
            answer.extend(&self.body);
        }
        answer
    }
}

impl Request {
    /// The next request; `None` at the end of the connection.
    fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Self>> {
        let mut request = Self::default();
        let (mut length, mut chunked) = (0, false);
        let first = line(reader)?;
        if first.is_empty() {
            return Ok(None);
        }
        let mut words = first.split(' ');
        request.is_head = words.next() == Some("HEAD");
        request.target = words.next().unwrap_or_default().to_owned();
        loop {
            let field = line(reader)?;
            if field.is_empty() {
                break;
            }
            let (name, value) = field.split_once(':').unwrap_or_default();
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "transfer-encoding" => chunked = true,
                _ => {}
            }
        }
        if chunked {
            request.body = chunks(reader)?;
        } else {
            reader
                .take(length.min(LARGEST))
                .read_to_end(&mut request.body)?;
        }
        Ok(Some(request))
    }

    pub(crate) fn answer(&self, kind: Kind) -> Answer {
        let path = self.target.split('?').next().unwrap_or_default();
        let known = matches!(path, "/" | "/get" | "/post" | "/put" | "/anything");
        match kind {
            Kind::Httpbin if known => Answer::plain(200),
            Kind::Httpbin => Answer::plain(404),
            Kind::Albedo if path.starts_with("/reflect") => {
                self.reflect().unwrap_or_else(|| Answer::plain(200))
            }
            Kind::Albedo => Answer::plain(200),
        }
    }

    fn reflect(&self) -> Option<Answer> {
        let told: Value = serde_json::from_slice(&self.body).ok()?;
        let status = told.get("status").and_then(Value::as_u64).unwrap_or(200);
        let fields = told.get("headers").and_then(Value::as_object);
        let fields = fields.into_iter().flatten();
        let mut fields: Vec<(String, String)> = fields
            .filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned())))
            .collect();
        if !fields
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("content-type"))
        {
            // As the original's server guesses, near enough for rules that look for text.
            fields.push((
                "Content-Type".to_owned(),
                "text/plain; charset=utf-8".to_owned(),
            ));
        }
        let text = |key: &str| told.get(key).and_then(Value::as_str);
        Some(Answer {
            status: u16::try_from(status).ok()?,
            fields,
            body: match text("encodedBody") {
                Some(encoded) => STANDARD.decode(encoded).ok()?,
                None => text("body").unwrap_or_default().as_bytes().to_vec(),
            },
        })
    }
}

/// One line without its end; empty at the end of the connection too.
fn line(reader: &mut impl BufRead) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    reader.take(1 << 20).read_until(b'\n', &mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn chunks(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size = line(reader)?;
        let size = size.split(';').next().unwrap_or_default();
        let size = u64::from_str_radix(size.trim(), 16).unwrap_or(0);
        if size == 0 {
            while !line(reader)?.is_empty() {}
            return Ok(body);
        }
        reader.take(size.min(LARGEST)).read_to_end(&mut body)?;
        line(reader)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(kind: Kind, sent: &[u8]) -> String {
        let mut reader = BufReader::new(sent);
        let mut all = String::new();
        while let Some(request) = Request::read(&mut reader).unwrap() {
            all.push_str(&String::from_utf8(request.answer(kind).bytes(request.is_head)).unwrap());
        }
        all
    }

    #[test]
    fn one_connection_serves_several_requests_of_either_framing() {
        let all = answers(
            Kind::Albedo,
            b"POST /a HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi\
              POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n\
              HEAD /c HTTP/1.1\r\n\r\n",
        );
        assert_eq!(all.matches("HTTP/1.1 200").count(), 3);
        assert_eq!(all.matches("ok\n").count(), 2);
    }

    #[test]
    fn reflect_answers_as_told() {
        let told = r#"{"status": 500, "headers": {"X-A": "b"}, "encodedBody": "aGk="}"#;
        let length = told.len();
        let all = answers(
            Kind::Albedo,
            format!("POST /reflect HTTP/1.1\r\nContent-Length: {length}\r\n\r\n{told}").as_bytes(),
        );
        assert_eq!(
            all,
            "HTTP/1.1 500 Told\r\nX-A: b\r\nContent-Type: text/plain; charset=utf-8\r\n\
             Content-Length: 2\r\n\r\nhi"
        );
    }
    #[test]
    fn httpbin_knows_only_some_paths() {
        let get = |path: &str| {
            let sent = format!("GET {path} HTTP/1.1\r\n\r\n");
            answers(Kind::Httpbin, sent.as_bytes())
        };
        assert!(get("/?a=b").starts_with("HTTP/1.1 200"));
        assert!(get("/i%FFndex.html").starts_with("HTTP/1.1 404"));
    }
}
