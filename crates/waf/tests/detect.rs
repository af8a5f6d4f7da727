//! The built-in rules that call the detectors: every rule meets the cases beside its detector.
//!
//! The cases are those of `crates/detect/cases`; here they travel in whole requests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use babyshield_detect::{Class, Confidence};
use babyshield_waf::source::Disk;
use babyshield_waf::{Connection, Outcome, Plan, Spec};

fn plan() -> Arc<Plan> {
    let spec = Spec {
        rules: vec!["builtin".into()],
        level: Some(4),
        ..Spec::default()
    };
    Arc::new(Plan::compile(&spec, &Disk).unwrap().plan)
}

/// The rule of a class and a degree.
fn rule(class: Class, confidence: Confidence) -> u64 {
    let class = class as u64 + 1;
    let level = 4 - confidence as u64;
    10_150_000 + class * 100 + level * 10
}

fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let own = match (byte, byte == b'\\') {
            (byte, false) => byte,
            (_, true) => match bytes.next().unwrap() {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'0' => 0,
                b'x' => {
                    let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                    u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                }
                other => other,
            },
        };
        out.push(own);
    }
    out
}

fn encode(value: &[u8]) -> String {
    value.iter().fold(String::new(), |mut out, byte| {
        write!(out, "%{byte:02x}").unwrap();
        out
    })
}

/// What a request consists of beside what all have.
#[derive(Default)]
struct Parts {
    target: String,
    headers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
}

/// A request with the text in the place a case names; `None` where it cannot stand there.
fn parts(place: &str, name: &str, text: &[u8]) -> Option<Parts> {
    let name = if name.is_empty() { "x" } else { name };
    let target = "/v1/report".to_owned();
    let mut own = Parts {
        target,
        ..Parts::default()
    };
    let line = !text.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0));
    let typed = |kind: &str| ("Content-Type".to_owned(), kind.as_bytes().to_vec());
    match place {
        "query" => own.target = format!("/v1/search?{name}={}", encode(text)),
        "name" => own.target = format!("/v1/search?{}=1", encode(text)),
        "path" => {
            let path = encode(text).replace("%2f", "/");
            let root = if path.starts_with('/') { "" } else { "/" };
            own.target = format!("{root}{path}");
        }
        "header" if line => own.headers.push((name.to_owned(), text.to_vec())),
        "cookie" if line && !text.contains(&b';') => {
            own.headers
                .push(("Cookie".to_owned(), [name.as_bytes(), b"=", text].concat()));
        }
        "form" => {
            own.headers.push(typed("application/x-www-form-urlencoded"));
            own.body = format!("{name}={}", encode(text)).into_bytes();
        }
        "json" => {
            let text = std::str::from_utf8(text).ok()?;
            own.headers.push(typed("application/json"));
            own.body = serde_json::to_vec(&serde_json::json!({ name: text })).unwrap();
        }
        "file" => own.upload(b"a.png", text),
        "filename" if line && !text.contains(&b'"') => own.upload(text, b"x"),
        "body" => {
            own.headers.push(typed("text/plain"));
            own.body = text.to_vec();
        }
        _ => return None,
    }
    Some(own)
}

impl Parts {
    fn upload(&mut self, file: &[u8], content: &[u8]) {
        let kind = b"multipart/form-data; boundary=borderline".to_vec();
        self.headers.push(("Content-Type".to_owned(), kind));
        let head = b"--borderline\r\nContent-Disposition: form-data; name=\"up\"; filename=\"";
        self.body = [
            head,
            file,
            b"\"\r\n\r\n",
            content,
            b"\r\n--borderline--\r\n",
        ]
        .concat();
    }

    fn judge(&self, plan: &Arc<Plan>) -> Outcome {
        let connection = Connection {
            client: "203.0.113.9:40000".parse().unwrap(),
            server: "192.0.2.1:443".parse().unwrap(),
        };
        let mut own = plan.begin(connection);
        own.watch();
        let method: &[u8] = if self.body.is_empty() {
            b"GET"
        } else {
            b"POST"
        };
        own.request_line(method, self.target.as_bytes(), b"HTTP/1.1");
        let length = self.body.len().to_string();
        let ordinary = [
            ("Host", "recalls.example"),
            ("User-Agent", "app/1.0"),
            ("Content-Length", &length),
        ];
        for (name, value) in ordinary {
            if !self
                .headers
                .iter()
                .any(|(own, _)| own.eq_ignore_ascii_case(name))
            {
                own.request_header(name.as_bytes(), value.as_bytes());
            }
        }
        for (name, value) in &self.headers {
            own.request_header(name.as_bytes(), value);
        }
        drop(own.request_head_end());
        drop(own.request_body(&self.body));
        drop(own.request_end());
        own.finish()
    }
}

#[test]
fn every_case_of_a_detector_meets_its_rules_in_a_request() {
    let plan = plan();
    let mut missing = Vec::new();
    let mut met = BTreeSet::new();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../detect/cases");
    for class in Class::ALL {
        let file = root.join(class.name()).join("attacks.txt");
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        for line in text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let (head, text) = line.split_once(" | ").unwrap();
            let (degree, stand) = head.split_once(' ').unwrap();
            let (place, name) = stand.split_once(':').unwrap_or((stand, ""));
            let Some(parts) = parts(place, name, &unescape(text)) else {
                continue;
            };
            let outcome = parts.judge(&plan);
            let degree = Confidence::named(degree).unwrap();
            for own in Confidence::ALL.into_iter().filter(|own| *own <= degree) {
                let rule = rule(class, own);
                if outcome
                    .findings
                    .iter()
                    .any(|found| found.rule == rule.to_string())
                {
                    met.insert(rule);
                } else {
                    missing.push(format!("{class} {}: {line}", own.name()));
                }
            }
        }
    }
    let all = Class::ALL
        .into_iter()
        .flat_map(|class| Confidence::ALL.map(|own| rule(class, own)));
    missing.extend(
        all.filter(|rule| !met.contains(rule))
            .map(|rule| format!("no case meets {rule}")),
    );
    assert!(
        missing.is_empty(),
        "{} missing\n{}",
        missing.len(),
        missing.join("\n")
    );
}

/// Compressed, as text.
fn packed(text: &[u8]) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine as _};
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut out, text).unwrap();
    encode(BASE64_STANDARD.encode(out.finish().unwrap()).as_bytes())
}

#[test]
fn what_was_not_looked_at_for_want_of_room_is_looked_at_the_next_time() {
    let plan = plan();
    let quince = "quince ".repeat(100);
    let attack = packed(format!("{quince}' UNION SELECT login, password FROM users-- ").as_bytes());
    let blocked = |target: String| {
        let parts = Parts {
            target,
            ..Parts::default()
        };
        let outcome = parts.judge(&plan);
        let sql = rule(Class::Sql, Confidence::Certain).to_string();
        outcome.findings.iter().any(|found| found.rule == sql)
    };
    let long = |word: &str| packed(word.repeat(16_000).as_bytes());
    let full = format!(
        "/v1/search?a={}&b={}&q={attack}",
        long("apple "),
        long("pear ")
    );
    assert!(!blocked(full), "an archive's content has no end");
    assert!(
        blocked(format!("/v1/search?q={attack}")),
        "memory keeps what was not seen in full"
    );
}
