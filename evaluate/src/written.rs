//! Whole requests written by hand (`evaluate/requests`): exploits of real products and harmless
//! requests that look like them.
//!
//! A file holds requests, each below a line `=== CLASS: NAME` (attacks) or `=== NAME` (benign). What
//! every client sends is added: `Host`, `User-Agent`, `Accept`, `Content-Length`. `⟦hex⟧` stands for
//! bytes, which are left as they are; lines of a multipart body end in CR LF.

use std::io;
use std::path::Path;

use babyshield_corpus::Message;

/// One request with where it comes from.
#[derive(Clone, Debug)]
pub struct Written {
    /// The class of an attack; the file of a benign request.
    pub kind: String,
    /// What it is.
    pub name: String,
    /// The request.
    pub message: Message,
}

/// What every request has unless it says otherwise.
const ORDINARY: [(&str, &str); 3] = [
    ("Host", "target.example"),
    (
        "User-Agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    ),
    ("Accept", "*/*"),
];

/// The requests of a folder's files, in order.
///
/// # Errors
/// When a file cannot be read.
pub fn read(folder: &Path) -> io::Result<Vec<Written>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    files.sort();
    let mut all = Vec::new();
    for file in files {
        let text = std::fs::read_to_string(&file)?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        all.extend(requests(&text, &name));
    }
    Ok(all)
}

fn requests(text: &str, file: &str) -> Vec<Written> {
    let text = text.strip_prefix("=== ").unwrap_or_default();
    let parts = text.split("\n=== ").filter(|part| !part.is_empty());
    let request = |part: &str| {
        let (title, request) = part.split_once('\n').unwrap_or((part, ""));
        let (kind, name) = title.split_once(": ").unwrap_or((file, title));
        Written {
            kind: kind.to_owned(),
            name: name.to_owned(),
            message: message(request.trim_end_matches('\n')),
        }
    };
    parts.map(request).collect()
}

fn message(text: &str) -> Message {
    let mut own = Message::of_template(&bytes(text));
    let version = own.target.windows(6).rposition(|part| part == b" HTTP/");
    own.target.truncate(version.unwrap_or(own.target.len()));
    let kind = own.header("content-type").unwrap_or_default();
    if kind.starts_with(b"multipart/")
        && let Some((_, body)) = text.split_once("\n\n")
    {
        // Bytes stay as they are written.
        own.body = bytes(&(body.replace('\n', "\r\n") + "\r\n"));
    }
    for (name, value) in ORDINARY {
        if own.header(name).is_none() {
            own.headers.push((name.into(), value.into()));
        }
    }
    if !own.body.is_empty() && own.header("content-length").is_none() {
        let length = own.body.len().to_string();
        own.headers.push(("Content-Length".into(), length.into()));
    }
    own
}

/// The text with `⟦hex⟧` undone.
fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut parts = text.split('⟦');
    out.extend_from_slice(parts.next().unwrap_or_default().as_bytes());
    for part in parts {
        let (hex, rest) = part.split_once('⟧').unwrap_or((part, ""));
        let digits: Vec<u32> = hex.chars().filter_map(|own| own.to_digit(16)).collect();
        let pairs = digits.chunks_exact(2);
        out.extend(pairs.filter_map(|pair| {
            let value = pair.iter().fold(0, |value, digit| value * 16 + digit);
            u8::try_from(value).ok()
        }));
        out.extend_from_slice(rest.as_bytes());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_with_bytes_and_line_ends() {
        let text = "=== sql: first\nGET /a?b=c HTTP/1.1\nHost: h\n\n=== second\nPOST /x HTTP/1.1\n\
                    Content-Type: multipart/form-data; boundary=b\n\n--b\n⟦41 0a⟧\n";
        let [first, second] = &requests(text, "file")[..] else {
            panic!("two requests")
        };
        assert_eq!((first.kind.as_str(), first.name.as_str()), ("sql", "first"));
        assert_eq!(first.message.target, b"/a?b=c");
        assert_eq!(first.message.header("host"), Some(&b"h"[..]));
        assert_eq!(second.kind, "file");
        assert_eq!(second.message.body, b"--b\r\nA\n\r\n");
        assert_eq!(second.message.header("content-length"), Some(&b"9"[..]));
    }
}
