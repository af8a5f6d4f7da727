//! A client that sends exactly the bytes it is given and takes whatever comes back.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use babyshield_model::RequestId;

/// How long one read may wait.
const PATIENCE: Duration = Duration::from_secs(3);
/// More than any response of these suites.
const LARGEST: usize = 4 << 20;

/// What came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// `x-request-id`, the key to the event.
    pub(crate) id: Option<RequestId>,
}

/// Sends one request on a connection of its own. `None` when no response came.
pub(crate) fn exchange(address: SocketAddr, request: &[u8]) -> Option<Response> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.set_write_timeout(Some(PATIENCE)).ok()?;
    // A server may answer and close before it has read everything: the answer still counts.
    stream.write_all(request).ok();
    let is_head = request.starts_with(b"HEAD ");
    let mut received = Vec::new();
    let mut piece = [0; 16 << 10];
    while received.len() < LARGEST && !is_whole(&received, is_head) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => break,
            Ok(n) => received.extend_from_slice(piece.get(..n).unwrap_or_default()),
        }
    }
    stream.shutdown(Shutdown::Both).ok();
    let head = Head::read(&received)?;
    Some(Response {
        status: head.status,
        id: head.field("x-request-id").and_then(|id| id.parse().ok()),
    })
}

/// A final response's head, interim ones skipped.
struct Head<'a> {
    status: u16,
    lines: Vec<&'a str>,
    body: &'a [u8],
}

impl<'a> Head<'a> {
    fn read(received: &'a [u8]) -> Option<Self> {
        let end = find(received, b"\r\n\r\n")?;
        let (head, body) = received.split_at_checked(end + 4)?;
        let mut lines = std::str::from_utf8(head).ok()?.split("\r\n");
        let first = lines.next()?.strip_prefix("HTTP/1.")?;
        let status: u16 = first.split(' ').nth(1)?.parse().ok()?;
        if (100..200).contains(&status) && status != 101 {
            return Self::read(body);
        }
        Some(Self {
            status,
            lines: lines.collect(),
            body,
        })
    }

    fn field(&self, wanted: &str) -> Option<&'a str> {
        self.lines.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim())
        })
    }
}

/// Whether nothing more belongs to the response.
fn is_whole(received: &[u8], is_head: bool) -> bool {
    let Some(head) = Head::read(received) else {
        return false;
    };
    if is_head || matches!(head.status, 204 | 304) {
        return true;
    }
    if head.field("transfer-encoding").is_some() {
        return head.body == b"0\r\n\r\n" || head.body.ends_with(b"\r\n0\r\n\r\n");
    }
    match head.field("content-length").map(str::parse::<usize>) {
        Some(Ok(length)) => head.body.len() >= length,
        Some(Err(_)) | None => false,
    }
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interim_responses_are_skipped() {
        let received = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 Forbidden\r\nA: b\r\n\r\n";
        let head = Head::read(received).unwrap();
        assert_eq!((head.status, head.field("a")), (403, Some("b")));
    }

    #[test]
    fn a_response_is_whole_at_its_length_or_last_chunk() {
        let length = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
        assert!(is_whole(length, false));
        assert!(!is_whole(&length[..length.len() - 1], false));
        assert!(is_whole(&length[..length.len() - 2], true));
        let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
        assert!(is_whole(chunked, false));
        assert!(!is_whole(&chunked[..chunked.len() - 5], false));
    }
}
