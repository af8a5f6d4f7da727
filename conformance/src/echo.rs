//! The upstreams the suites expect behind the gateway.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use babyshield_policy::ftw::{Answer, Asked, Upstream};

/// A connection nobody uses any more ends after this time.
const IDLE: Duration = Duration::from_secs(60);
/// More than the gateway lets through.
const LARGEST: u64 = 16 << 20;

/// Starts on a free port and serves until the program ends.
pub(crate) fn start(kind: Upstream) -> std::io::Result<SocketAddr> {
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

fn serve(stream: &TcpStream, kind: Upstream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(IDLE))?;
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = next(&mut reader)? {
        let mut writer = stream;
        writer.write_all(&bytes(&request.answer(kind), request.is_head))?;
    }
    Ok(())
}

/// An answer as it goes over the wire.
fn bytes(answer: &Answer, is_head: bool) -> Vec<u8> {
    let mut wire = format!("HTTP/1.1 {} Told\r\n", answer.status).into_bytes();
    for (name, value) in &answer.fields {
        wire.extend(format!("{name}: {value}\r\n").into_bytes());
    }
    wire.extend(format!("Content-Length: {}\r\n\r\n", answer.body.len()).into_bytes());
    if !is_head {
        wire.extend(&answer.body);
    }
    wire
}

/// The next request; `None` at the end of the connection.
fn next(reader: &mut impl BufRead) -> std::io::Result<Option<Asked>> {
    let mut request = Asked::default();
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

    fn answers(kind: Upstream, sent: &[u8]) -> String {
        let mut reader = BufReader::new(sent);
        let mut all = String::new();
        while let Some(request) = next(&mut reader).unwrap() {
            let answer = bytes(&request.answer(kind), request.is_head);
            all.push_str(&String::from_utf8(answer).unwrap());
        }
        all
    }

    #[test]
    fn one_connection_serves_several_requests_of_either_framing() {
        let all = answers(
            Upstream::Albedo,
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
            Upstream::Albedo,
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
            answers(Upstream::Httpbin, sent.as_bytes())
        };
        assert!(get("/?a=b").starts_with("HTTP/1.1 200"));
        assert!(get("/i%FFndex.html").starts_with("HTTP/1.1 404"));
    }
}
