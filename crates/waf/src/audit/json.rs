//! One object a line.

use std::fmt::Write as _;

use super::{View, lossy};

/// A whole record, with its line's end.
pub(super) fn record(view: &View<'_>, components: &[String]) -> Vec<u8> {
    let mut out = Writer::default();
    out.open_item();
    out.open("transaction", '{');
    out.text("client_ip", &view.client.ip().to_string());
    out.text("time_stamp", &view.time.plain());
    out.text("server_id", "babyshield");
    out.number("client_port", u32::from(view.client.port()));
    out.text("host_ip", &view.server.ip().to_string());
    out.number("host_port", u32::from(view.server.port()));
    out.text("unique_id", &lossy(view.id));
    out.raw(
        "is_interrupted",
        if view.interrupted { "true" } else { "false" },
    );
    request(&mut out, view);
    out.open("response", '{');
    if view.parts.has(b'E') {
        out.text("body", &lossy(view.response_body));
    }
    out.number("http_code", u32::from(view.status));
    if view.parts.has(b'F') {
        headers(&mut out, &view.response);
    }
    out.close('}');
    if view.parts.has(b'H') {
        producer(&mut out, view, components);
        messages(&mut out, view);
    }
    out.close('}');
    out.close('}');
    let mut bytes = out.text.into_bytes();
    bytes.push(b'\n');
    bytes
}

fn request(out: &mut Writer, view: &View<'_>) {
    out.open("request", '{');
    out.text("method", &lossy(view.method));
    out.text("http_version", &lossy(view.version));
    out.text("hostname", &lossy(view.host()));
    out.text("uri", &lossy(view.target));
    if view.parts.has(b'C') {
        out.text("body", &lossy(view.body));
    }
    if view.parts.has(b'B') {
        headers(out, &view.request);
    }
    out.close('}');
}

fn headers(out: &mut Writer, list: &[(&[u8], &[u8])]) {
    out.open("headers", '{');
    for (name, value) in list {
        out.text(&lossy(name), &lossy(value));
    }
    out.close('}');
}

fn producer(out: &mut Writer, view: &View<'_>, components: &[String]) {
    out.open("producer", '{');
    let own = concat!("BabyShield v", env!("CARGO_PKG_VERSION"));
    out.text("modsecurity", own);
    out.text("connector", own);
    out.text("secrules_engine", view.engine);
    out.open("components", '[');
    for component in components {
        out.item(component);
    }
    out.close(']');
    out.close('}');
}

fn messages(out: &mut Writer, view: &View<'_>) {
    out.open("messages", '[');
    for alert in view.alerts {
        let (file, line) = alert.file_and_line();
        out.open_item();
        out.text("message", &alert.message);
        out.open("details", '{');
        out.text("match", &alert.matched());
        out.text("reference", &alert.reference);
        out.text("ruleId", &alert.rule.to_string());
        out.text("file", file);
        out.text("lineNumber", line);
        out.text("data", &alert.data);
        out.text("severity", &alert.severity.to_string());
        out.text("ver", &alert.version);
        out.text("rev", &alert.revision);
        out.open("tags", '[');
        for tag in &alert.tags {
            out.item(tag);
        }
        out.close(']');
        out.text("maturity", &alert.maturity.to_string());
        out.text("accuracy", &alert.accuracy.to_string());
        out.close('}');
        out.close('}');
    }
    out.close(']');
}

/// Writes members and items one after the other.
#[derive(Default)]
struct Writer {
    text: String,
    /// Whether a value stands before the next one.
    after: bool,
}

impl Writer {
    fn separate(&mut self) {
        if self.after {
            self.text.push(',');
        }
        self.after = true;
    }

    fn name(&mut self, name: &str) {
        self.separate();
        self.quote(name);
        self.text.push(':');
    }

    /// A text of a list.
    fn item(&mut self, text: &str) {
        self.separate();
        self.quote(text);
    }

    /// An object of a list, or the outermost.
    fn open_item(&mut self) {
        self.separate();
        self.text.push('{');
        self.after = false;
    }

    fn open(&mut self, name: &str, bracket: char) {
        self.name(name);
        self.text.push(bracket);
        self.after = false;
    }

    fn close(&mut self, bracket: char) {
        self.text.push(bracket);
        self.after = true;
    }

    fn raw(&mut self, name: &str, value: &str) {
        self.name(name);
        self.text.push_str(value);
    }

    fn number(&mut self, name: &str, number: u32) {
        self.raw(name, &number.to_string());
    }

    fn text(&mut self, name: &str, text: &str) {
        self.name(name);
        self.quote(text);
    }

    fn quote(&mut self, text: &str) {
        self.text.push('"');
        for letter in text.chars() {
            match letter {
                '"' => self.text.push_str("\\\""),
                '\\' => self.text.push_str("\\\\"),
                '\n' => self.text.push_str("\\n"),
                '\r' => self.text.push_str("\\r"),
                '\t' => self.text.push_str("\\t"),
                // Writing to a string cannot fail.
                control if control < ' ' => {
                    write!(self.text, "\\u{:04x}", u32::from(control)).ok();
                }
                other => self.text.push(other),
            }
        }
        self.text.push('"');
    }
}
