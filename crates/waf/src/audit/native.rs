//! Sections between boundaries.

use std::fmt::Write as _;
use std::path::Path;

use super::alert::printable;
use super::{View, lossy, md5};

/// A whole record.
pub(super) fn record(view: &View<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    let mut round = 0_u64;
    // No part of the content may look like the beginning of a section: whoever wrote a body cannot
    // know the boundary, and where it occurs by chance another is taken.
    loop {
        let mut seed = view.id.to_vec();
        seed.extend_from_slice(&view.time.0.0.to_be_bytes());
        seed.extend_from_slice(&round.to_be_bytes());
        let boundary: String = md5(&seed).chars().take(16).collect();
        let mark = format!("---{boundary}---");
        let occurs = [view.body, view.response_body, view.target]
            .iter()
            .any(|text| memchr::memmem::find(text, mark.as_bytes()).is_some());
        if !occurs || round == 16 {
            sections(view, &mark, &mut out);
            return out;
        }
        round += 1;
    }
}

fn sections(view: &View<'_>, mark: &str, out: &mut Vec<u8>) {
    let begin = |out: &mut Vec<u8>, letter: u8| {
        out.extend_from_slice(mark.as_bytes());
        out.push(letter);
        out.extend_from_slice(b"--\n");
    };
    begin(out, b'A');
    out.extend_from_slice(heading(view).as_bytes());
    if view.parts.has(b'B') {
        begin(out, b'B');
        let line = [dash(view.method), view.target, b"HTTP/"].join(&b' ');
        out.extend_from_slice(&line);
        out.extend_from_slice(view.version);
        out.push(b'\n');
        headers(&view.request, out);
        out.push(b'\n');
    }
    for letter in [b'C', b'E', b'F', b'H', b'I', b'J', b'K'] {
        if view.parts.has(letter) {
            let from = out.len();
            begin(out, letter);
            if !section(view, letter, out) {
                out.truncate(from);
            }
        }
    }
    begin(out, b'Z');
    out.push(b'\n');
}

/// The content of a section; whether there is any reason for it.
fn section(view: &View<'_>, letter: u8, out: &mut Vec<u8>) -> bool {
    let paragraph = |out: &mut Vec<u8>, text: &[u8]| {
        out.extend_from_slice(text);
        out.extend_from_slice(b"\n\n");
    };
    match letter {
        b'C' if view.body.is_empty() => return false,
        b'C' => paragraph(out, view.body),
        b'E' if view.response_body.is_empty() => return false,
        // As ModSecurity writes it, other than the request's.
        b'E' => paragraph(out, printable(view.response_body, false).as_bytes()),
        b'F' => {
            out.extend_from_slice(b"HTTP/");
            out.extend_from_slice(view.version);
            out.extend_from_slice(format!(" {}\n", view.status).as_bytes());
            headers(&view.response, out);
            out.push(b'\n');
        }
        b'H' => {
            for alert in view.alerts {
                out.extend_from_slice(alert.line(view).as_bytes());
                out.push(b'\n');
            }
            out.push(b'\n');
        }
        b'I' => match &view.fields {
            None if view.body.is_empty() => return false,
            None => paragraph(out, view.body),
            Some(fields) => paragraph(out, form(fields).as_bytes()),
        },
        b'J' if view.files.is_empty() => return false,
        b'J' => {
            for (at, [field, name, length]) in (1..).zip(&view.files) {
                let (field, name) = (lossy(field), lossy(name));
                let line = format!("{at},{},{field:?},{name:?}\n", lossy(length));
                out.extend_from_slice(line.as_bytes());
            }
            out.push(b'\n');
        }
        _ => {
            for alert in view.alerts {
                let (file, line) = alert.file_and_line();
                let text = format!("{file}:{line} id:{},phase:{}\n", alert.rule, alert.phase);
                out.extend_from_slice(text.as_bytes());
            }
            out.push(b'\n');
        }
    }
    true
}

/// `[22/Nov/2026:03:15:36 +0000] ID CLIENT PORT SERVER PORT`
fn heading(view: &View<'_>) -> String {
    format!(
        "{} {} {} {} {} {}\n",
        view.time.bracketed(),
        lossy(dash(view.id)),
        view.client.ip(),
        view.client.port(),
        view.server.ip(),
        view.server.port()
    )
}

fn headers(list: &[(&[u8], &[u8])], out: &mut Vec<u8>) {
    for (name, value) in list {
        out.extend_from_slice(name);
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.push(b'\n');
    }
}

/// Fields as a form would have sent them.
fn form(fields: &[(&[u8], &[u8])]) -> String {
    let mut text = String::new();
    let encode = |text: &mut String, bytes: &[u8]| {
        for &byte in bytes {
            if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
                text.push(char::from(byte));
            } else {
                // Writing to a string cannot fail.
                write!(text, "%{byte:02X}").ok();
            }
        }
    };
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            text.push('&');
        }
        encode(&mut text, name);
        text.push('=');
        encode(&mut text, value);
    }
    text
}

fn dash(bytes: &[u8]) -> &[u8] {
    if bytes.is_empty() { b"-" } else { bytes }
}

/// The line of the index of a concurrent log.
pub(super) fn index(view: &View<'_>, file: &Path, record: &[u8]) -> Vec<u8> {
    let text = |bytes: &[u8]| {
        let safe = dash(bytes).iter();
        let safe: Vec<u8> = safe
            .map(|byte| {
                if (32..127).contains(byte) && *byte != b'"' {
                    *byte
                } else {
                    b'_'
                }
            })
            .collect();
        lossy(&safe).into_owned()
    };
    let line = format!(
        "{} {} - {} \"{} {} HTTP/{}\" {} {} {} \"{}\" {} - {} 0 {} md5:{}\n",
        text(view.header("host")),
        view.client.ip(),
        view.time.bracketed(),
        text(view.method),
        text(view.target),
        text(view.version),
        view.status,
        view.response_body.len(),
        text(view.header("referer")),
        text(view.header("user-agent")),
        text(view.id),
        file.display(),
        record.len(),
        md5(record)
    );
    line.into_bytes()
}
