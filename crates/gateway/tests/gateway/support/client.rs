use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(10);

/// A client that writes bytes as they are and reads HTTP/1 responses.
pub(crate) struct Wire<T = TcpStream> {
    pub(crate) io: T,
    buffer: Vec<u8>,
}

/// One response.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) fields: HashMap<String, String>,
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("the body is JSON")
    }

    pub(crate) fn field(&self, name: &str) -> &str {
        self.fields.get(name).map_or("", String::as_str)
    }
}

/// Asks once, on a connection of its own.
pub(crate) async fn request(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Reply {
    let mut wire = Wire::open(address).await;
    wire.send(bytes).await;
    wire.reply().await
}

impl Wire {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        let io = TcpStream::connect(address).await.unwrap();
        io.set_nodelay(true).unwrap();
        Self::over(io)
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    pub(crate) fn over(io: T) -> Self {
        let buffer = Vec::new();
        Self { io, buffer }
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        // The gateway may close while we write: what it answers is what counts.
        drop(self.io.write_all(bytes.as_ref()).await);
    }

    /// `GET` with a host on an open connection.
    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.send(format!("GET {path} HTTP/1.1\r\nhost: test\r\n\r\n"))
            .await;
        self.reply().await
    }

    async fn fill(&mut self) -> usize {
        let mut piece = [0; 4096];
        let read = timeout(PATIENCE, self.io.read(&mut piece)).await;
        let count = read.expect("an answer comes in time").unwrap_or(0);
        self.buffer.extend_from_slice(&piece[..count]);
        count
    }

    /// Whatever comes next, at least one byte; empty at the end.
    pub(crate) async fn some(&mut self) -> String {
        if self.buffer.is_empty() {
            self.fill().await;
        }
        String::from_utf8_lossy(&std::mem::take(&mut self.buffer)).into_owned()
    }

    /// Whether the other side closes within `patience`, with nothing more to say.
    pub(crate) async fn closes_within(&mut self, patience: Duration) -> bool {
        let mut piece = [0; 64];
        let read = timeout(patience, self.io.read(&mut piece)).await;
        self.buffer.is_empty() && matches!(read, Ok(Ok(0) | Err(_)))
    }

    /// The head of the next response.
    pub(crate) async fn head(&mut self) -> Reply {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            let so_far = String::from_utf8_lossy(&self.buffer).into_owned();
            assert!(
                self.fill().await > 0,
                "closed without an answer: {so_far:?}"
            );
        };
        let rest = self.buffer.split_off(end + 4);
        let head = std::mem::replace(&mut self.buffer, rest);
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap();
        let status = status.split(' ').nth(1).unwrap().parse().unwrap();
        let fields = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        let body = String::new();
        Reply {
            status,
            fields,
            body,
        }
    }

    /// The next response, whole.
    pub(crate) async fn reply(&mut self) -> Reply {
        let mut reply = self.head().await;
        if reply.field("transfer-encoding") == "chunked" {
            reply.body = self.chunks().await;
            return reply;
        }
        let length = reply.field("content-length").parse().unwrap_or(0);
        while self.buffer.len() < length {
            assert!(self.fill().await > 0, "the body is complete");
        }
        let rest = self.buffer.split_off(length);
        let body = std::mem::replace(&mut self.buffer, rest);
        reply.body = String::from_utf8_lossy(&body).into_owned();
        reply
    }

    /// A chunked body with its framing and trailers, as text.
    async fn chunks(&mut self) -> String {
        loop {
            if let Some(end) = end_of_chunks(&self.buffer) {
                let rest = self.buffer.split_off(end);
                let chunks = std::mem::replace(&mut self.buffer, rest);
                return String::from_utf8_lossy(&chunks).into_owned();
            }
            assert!(self.fill().await > 0, "the chunks are complete");
        }
    }
}

/// Where a chunked body ends, if it is complete.
fn end_of_chunks(bytes: &[u8]) -> Option<usize> {
    let line = |from: usize| {
        let end = bytes
            .get(from..)?
            .windows(2)
            .position(|two| two == b"\r\n")?;
        Some((
            std::str::from_utf8(&bytes[from..from + end]).unwrap(),
            from + end + 2,
        ))
    };
    let mut at = 0;
    loop {
        let (size, data) = line(at)?;
        match usize::from_str_radix(size, 16).unwrap() {
            0 => at = data,
            size => {
                at = data + size + 2;
                continue;
            }
        }
        loop {
            let (trailer, next) = line(at)?;
            at = next;
            if trailer.is_empty() {
                return Some(at);
            }
        }
    }
}
