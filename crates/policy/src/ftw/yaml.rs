//! The two YAML forms.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use regex_automata::meta::{Builder, Regex};
use serde::Deserialize;
use serde_norway::{Mapping, Value};

use super::bytes::Described;
use super::{Case, Client, Expect, Log, Stage};

#[derive(Deserialize)]
struct File {
    rule_id: Option<u64>,
    tests: Vec<Test>,
}

#[derive(Deserialize)]
struct Test {
    test_title: Option<String>,
    test_id: Option<u64>,
    stages: Vec<Value>,
}

/// 3.x wraps each stage once more.
#[derive(Deserialize)]
struct Wrapped {
    stage: Body,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    input: Input,
    output: Output,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    #[serde(rename = "dest_addr")]
    _dest_addr: Option<Value>,
    #[serde(rename = "port")]
    _port: Option<Value>,
    #[serde(rename = "protocol")]
    _protocol: Option<Value>,
    method: Option<String>,
    uri: Option<String>,
    version: Option<String>,
    headers: Option<Mapping>,
    data: Option<Data>,
    encoded_request: Option<String>,
    raw_request: Option<String>,
    stop_magic: Option<bool>,
    autocomplete_headers: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Data {
    Text(String),
    Lines(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Output {
    status: Option<Status>,
    expect_error: Option<bool>,
    log_contains: Option<String>,
    no_log_contains: Option<String>,
    log: Option<LogSpec>,
    /// Asks for a second try where a log is written late; ours is read after the fact.
    #[serde(rename = "retry_once")]
    _retry_once: Option<bool>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Status {
    One(u16),
    Any(Vec<u16>),
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LogSpec {
    #[serde(default)]
    expect_ids: Vec<u64>,
    #[serde(default)]
    no_expect_ids: Vec<u64>,
    match_regex: Option<String>,
    no_match_regex: Option<String>,
}

/// A case, or the name of one and why it cannot be read.
type Read = Result<Case, (String, String)>;

/// All cases of one file; an empty file has none.
pub(super) fn read(file_name: &str, text: &str) -> Result<Vec<Read>, String> {
    let file: Option<File> = serde_norway::from_str(text).map_err(|fault| fault.to_string())?;
    let Some(file) = file else {
        return Ok(Vec::new());
    };
    let rule = file.rule_id;
    let cases = file.tests.into_iter().map(|test| {
        let name = match (rule, test.test_id, &test.test_title) {
            (Some(rule), Some(id), _) => format!("{rule}-{id}"),
            (_, _, Some(title)) => title.clone(),
            _ => return Err(("?".to_owned(), "a test has no name".to_owned())),
        };
        match test.stages.into_iter().map(stage).collect() {
            Ok(stages) => Ok(Case {
                name,
                file: file_name.to_owned(),
                stages,
            }),
            Err(why) => Err((name, why)),
        }
    });
    Ok(cases.collect())
}

fn stage(value: Value) -> Result<Stage, String> {
    let (body, client) = if value.get("stage").is_some() {
        let wrapped: Wrapped = from(value)?;
        (wrapped.stage, Client::V3)
    } else {
        (from(value)?, Client::V4)
    };
    Ok(Stage {
        request: request(body.input, client)?,
        expect: expect(body.output)?,
        client,
    })
}

fn from<T: for<'de> Deserialize<'de>>(value: Value) -> Result<T, String> {
    serde_norway::from_value(value).map_err(|fault| fault.to_string())
}

fn request(input: Input, client: Client) -> Result<Vec<u8>, String> {
    if let Some(encoded) = input.encoded_request {
        let packed: String = encoded.split_whitespace().collect();
        return STANDARD.decode(packed).map_err(|fault| fault.to_string());
    }
    if let Some(raw) = input.raw_request {
        return Ok(unescape(&raw));
    }
    let headers = input.headers.unwrap_or_default();
    let headers: Result<Vec<_>, String> = headers
        .iter()
        .map(|(name, value)| Ok((scalar(name)?, scalar(value)?)))
        .collect();
    let described = Described {
        method: input.method.unwrap_or_else(|| "GET".to_owned()),
        uri: input.uri.unwrap_or_else(|| "/".to_owned()),
        version: input.version.unwrap_or_else(|| "HTTP/1.1".to_owned()),
        headers: headers?,
        data: match (input.data, client) {
            (Some(Data::Text(text)), Client::V4) => Some(filled_in(&text)?.into_bytes()),
            (Some(Data::Text(text)), Client::V3) => Some(text.into_bytes()),
            (Some(Data::Lines(lines)), _) => Some(lines.join("\r\n").into_bytes()),
            (None, _) => None,
        },
        complete: !input.stop_magic.unwrap_or(false) && input.autocomplete_headers.unwrap_or(true),
    };
    Ok(described.bytes(client))
}

/// go-ftw takes data for a template; the one form its suite uses, `{{ "text" | repeat 9 }}`, is
/// carried out. Anything else between double braces is the case's own.
fn filled_in(text: &str) -> Result<String, String> {
    let form = regex(r#"\{\{ *"([^"]*)" *\| *repeat *([0-9]+) *\}\}"#)?;
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for found in form.captures_iter(text) {
        let part = |at| found.get_group(at).and_then(|span| text.get(span.range()));
        let (Some(whole), Some(piece), Some(times)) = (found.get_group(0), part(1), part(2)) else {
            continue;
        };
        let times: usize = times.parse().map_err(|_| "repeats too often".to_owned())?;
        out.push_str(text.get(from..whole.start).unwrap_or_default());
        out.push_str(&piece.repeat(times));
        from = whole.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    Ok(out)
}

/// A header's name or value, which YAML may have taken for a number or worse.
fn scalar(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(true) => Ok("True".to_owned()),
        Value::Bool(false) => Ok("False".to_owned()),
        Value::Null => Ok(String::new()),
        Value::Sequence(_) | Value::Mapping(_) | Value::Tagged(_) => {
            Err("a header is neither text nor a number".to_owned())
        }
    }
}

/// The escapes a raw request is written with, as pyftw resolves them: every byte is taken for a
/// Latin-1 character, whatever it was part of, and sent as UTF-8.
fn unescape(raw: &str) -> Vec<u8> {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            text.push(char::from(byte));
            continue;
        }
        match rest.next() {
            Some(b'r') => text.push('\r'),
            Some(b'n') => text.push('\n'),
            Some(b't') => text.push('\t'),
            Some(b'\\') => text.push('\\'),
            Some(b'x') => {
                let digits: Vec<u8> = rest.by_ref().take(2).collect();
                let digits = String::from_utf8_lossy(&digits);
                text.push(u8::from_str_radix(&digits, 16).map_or('?', char::from));
            }
            Some(other) => text.extend(['\\', char::from(other)]),
            None => text.push('\\'),
        }
    }
    text.into_bytes()
}

fn expect(output: Output) -> Result<Expect, String> {
    let log = output.log.unwrap_or_default();
    let id = |id: &u64| format!("id \"{id}\"");
    let present = log
        .expect_ids
        .iter()
        .map(id)
        .chain(output.log_contains)
        .chain(log.match_regex);
    let absent = log
        .no_expect_ids
        .iter()
        .map(id)
        .chain(output.no_log_contains)
        .chain(log.no_match_regex);
    let mut wanted = Vec::new();
    for pattern in present {
        let regex = regex(&pattern)?;
        wanted.push(Log::Matches(pattern, regex));
    }
    for pattern in absent {
        let regex = regex(&pattern)?;
        wanted.push(Log::Lacks(pattern, regex));
    }
    let expect = Expect {
        log: wanted,
        status: match output.status {
            None => Vec::new(),
            Some(Status::One(status)) => vec![status],
            Some(Status::Any(any)) => any,
        },
        error: output.expect_error.unwrap_or(false),
    };
    if expect.log.is_empty() && expect.status.is_empty() && !expect.error {
        return Err("nothing is expected, so nothing could fail".to_owned());
    }
    Ok(expect)
}

fn regex(pattern: &str) -> Result<Regex, String> {
    Builder::new()
        .build(pattern)
        .map_err(|fault| format!("`{pattern}`: {fault}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const V3: &str = r#"
meta: { author: x, enabled: true, name: 1.yaml }
tests:
  - test_title: 1-1
    stages:
      - stage:
          input: { method: POST, headers: { Host: localhost, DNT: 1 }, data: [a=1, b] }
          output: { log_contains: 'id "1"', status: [200, 403] }
"#;

    const V4: &str = r#"
rule_id: 920100
tests:
  - test_id: 2
    stages:
      - input: { encoded_request: R0VUIC8= }
        output: { log: { expect_ids: [920100], no_expect_ids: [5] } }
      - input: { uri: /x }
        output: { nonsense: 1 }
  - test_id: 3
    stages:
      - input: { uri: /x }
        output: {}
"#;

    fn cases(text: &str) -> Vec<Read> {
        read("t.yaml", text).unwrap()
    }

    #[test]
    fn version_3_reads_lists_numbers_and_several_statuses() {
        let case = cases(V3).remove(0).unwrap();
        assert_eq!(case.name, "1-1");
        let stage = &case.stages[0];
        let wire = String::from_utf8_lossy(&stage.request);
        assert!(wire.contains("DNT: 1\r\n"), "{wire}");
        assert!(wire.contains("\r\n\r\na=1%0D%0Ab"), "{wire}");
        assert_eq!(stage.expect.status, [200, 403]);
        assert_eq!(stage.expect.log.len(), 1);
    }

    #[test]
    fn what_is_not_understood_is_named_and_never_passes() {
        let found: Vec<_> = cases(V4).into_iter().map(Result::unwrap_err).collect();
        assert_eq!(found[0].0, "920100-2");
        assert!(found[0].1.contains("nonsense"), "{}", found[0].1);
        assert_eq!(found[1].0, "920100-3");
        assert!(found[1].1.contains("nothing is expected"));
    }

    #[test]
    fn a_repetition_in_data_is_carried_out() {
        assert_eq!(filled_in(r#"a{{ "1" | repeat 3 }}b"#).unwrap(), "a111b");
        assert_eq!(filled_in("{{7*7}}").unwrap(), "{{7*7}}");
    }

    #[test]
    fn a_raw_request_resolves_its_escapes() {
        assert_eq!(unescape(r"a\r\n\x41\\"), b"a\r\nA\\");
        assert_eq!(unescape("\u{ac}"), b"\xc3\x82\xc2\xac");
    }
}
