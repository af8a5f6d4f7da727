//! Requests as JSON objects: HAR entries, and lines of one's own.

use base64::Engine as _;
use serde_json::{Map, Value};

use super::label::Label;
use super::request::{Request, Unreadable, strip_origin};

/// A record that was read: the request, and its label if it has one.
pub(super) type Read = (Request, Option<Label>);

fn fault(message: impl Into<String>) -> Unreadable {
    Unreadable(message.into())
}

/// One line of JSONL: `{"request": raw HTTP text}` or `{"method", "uri" or "url", "headers",
/// "body"}`, and an optional `label`.
pub(super) fn line(value: &Value) -> Result<Read, Unreadable> {
    let object = value
        .as_object()
        .ok_or_else(|| fault("the line is no JSON object"))?;
    let label = match object.get("label") {
        None | Some(Value::Null) => None,
        Some(Value::String(word)) => Some(Label::parse(word)?),
        Some(Value::Bool(attack)) => Some(if *attack {
            Label::Attack
        } else {
            Label::Benign
        }),
        Some(Value::Number(number)) => match number.as_i64() {
            Some(0) => Some(Label::Benign),
            Some(1) => Some(Label::Attack),
            _ => return Err(fault(format!("the label {number} is neither 0 nor 1"))),
        },
        Some(_) => return Err(fault("`label` is no word")),
    };
    let request = match object.get("request") {
        Some(Value::String(text)) => Request::parse(text.as_bytes())?,
        Some(Value::Object(inner)) => structured(inner)?,
        Some(_) => return Err(fault("`request` is neither text nor an object")),
        None => structured(object)?,
    };
    Ok((request, label))
}

/// One entry of a HAR file's `log.entries`.
pub(super) fn entry(request: &Value) -> Result<Read, Unreadable> {
    let object = request
        .as_object()
        .ok_or_else(|| fault("the entry has no `request`"))?;
    Ok((structured(object)?, None))
}

fn structured(object: &Map<String, Value>) -> Result<Request, Unreadable> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let method = text("method").unwrap_or("GET");
    let url = ["uri", "url", "target", "path"].into_iter().find_map(text);
    let url = url.ok_or_else(|| fault("there is neither `request`, `uri` nor `url`"))?;
    let mut headers = headers(object.get("headers"))?;
    let target = match strip_origin(url.as_bytes()) {
        Some(target) => {
            supply_host(&mut headers, url);
            target.to_vec()
        }
        None => url.as_bytes().to_vec(),
    };
    // Fragments never leave the browser.
    let target = target
        .split(|&byte| byte == b'#')
        .next()
        .unwrap_or_default()
        .to_vec();
    let version = ["httpVersion", "version"].into_iter().find_map(text);
    let mut request = Request {
        method: method.as_bytes().to_vec(),
        target,
        version: self::version(version.unwrap_or_default()),
        headers,
        body: body(object)?,
    };
    if request.method.is_empty() || request.target.is_empty() {
        return Err(fault("the method or the address is empty"));
    }
    request.settle_body(false);
    Ok(request)
}

fn version(text: &str) -> Vec<u8> {
    match text.to_ascii_uppercase().as_str() {
        "H2" | "HTTP/2" | "HTTP/2.0" => b"HTTP/2.0".to_vec(),
        "H3" | "HTTP/3" | "HTTP/3.0" => b"HTTP/3.0".to_vec(),
        "HTTP/1.0" => b"HTTP/1.0".to_vec(),
        _ => b"HTTP/1.1".to_vec(),
    }
}

type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// As an object of names, as a list of `{"name", "value"}`, or as a list of pairs.
fn headers(value: Option<&Value>) -> Result<Headers, Unreadable> {
    let mut headers = Headers::new();
    match value {
        None | Some(Value::Null) => {}
        Some(Value::Object(fields)) => {
            for (name, value) in fields {
                match value {
                    Value::Array(values) => {
                        values
                            .iter()
                            .try_for_each(|value| push(&mut headers, name, value))?;
                    }
                    value => push(&mut headers, name, value)?,
                }
            }
        }
        Some(Value::Array(fields)) => {
            for field in fields {
                let pair = |name: &str, at: usize| field.get(name).or_else(|| field.get(at));
                let name = pair("name", 0).and_then(Value::as_str);
                let name = name.ok_or_else(|| fault("a header has no name"))?;
                push(&mut headers, name, pair("value", 1).unwrap_or(&Value::Null))?;
            }
        }
        Some(_) => return Err(fault("`headers` is neither an object nor a list")),
    }
    Ok(headers)
}

fn push(headers: &mut Headers, name: &str, value: &Value) -> Result<(), Unreadable> {
    let value = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Null => String::new(),
        Value::Array(_) | Value::Object(_) => {
            return Err(fault(format!("the header `{name}` is no text")));
        }
    };
    let name = match name {
        ":authority" => "host",
        pseudo if pseudo.starts_with(':') => return Ok(()),
        name => name,
    };
    headers.push((name.as_bytes().to_vec(), value.into_bytes()));
    Ok(())
}

fn supply_host(headers: &mut Headers, url: &str) {
    let named = headers
        .iter()
        .any(|(name, _)| name.eq_ignore_ascii_case(b"host"));
    let host = url
        .split("://")
        .nth(1)
        .and_then(|rest| rest.split(['/', '?', '#']).next());
    if let (Some(host), false) = (host, named) {
        headers.insert(0, (b"Host".to_vec(), host.as_bytes().to_vec()));
    }
}

fn body(object: &Map<String, Value>) -> Result<Vec<u8>, Unreadable> {
    if let Some(text) = object.get("body_base64").and_then(Value::as_str) {
        return decode(text);
    }
    match object.get("body").or_else(|| object.get("data")) {
        Some(Value::String(text)) => return Ok(text.clone().into_bytes()),
        Some(Value::Null) | None => {}
        Some(json) => return Ok(json.to_string().into_bytes()),
    }
    let Some(data) = object.get("postData") else {
        return Ok(Vec::new());
    };
    let encoded = data.get("encoding").and_then(Value::as_str) == Some("base64");
    match data.get("text").and_then(Value::as_str) {
        Some(text) if encoded => decode(text),
        Some(text) if !text.is_empty() => Ok(text.as_bytes().to_vec()),
        _ => Ok(form(data.get("params").and_then(Value::as_array))),
    }
}

fn decode(text: &str) -> Result<Vec<u8>, Unreadable> {
    let engine = base64::engine::general_purpose::STANDARD;
    let body = engine.decode(text.trim());
    body.map_err(|error| fault(format!("the body is not base64: {error}")))
}

/// Parameters of a form, as browsers write them.
fn form(params: Option<&Vec<Value>>) -> Vec<u8> {
    let mut body = Vec::new();
    for param in params.into_iter().flatten() {
        let text = |name: &str| param.get(name).and_then(Value::as_str).unwrap_or_default();
        if !body.is_empty() {
            body.push(b'&');
        }
        encode(text("name"), &mut body);
        body.push(b'=');
        encode(text("value"), &mut body);
    }
    body
}

/// Escapes what would end the name or value; what is escaped already, as HAR writers do it, stays.
fn encode(text: &str, out: &mut Vec<u8>) {
    for byte in text.bytes() {
        match byte {
            b' ' => out.push(b'+'),
            b'&' | b'=' | b'#' => out.extend_from_slice(format!("%{byte:02X}").as_bytes()),
            _ => out.push(byte),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Read, Unreadable> {
        line(&serde_json::from_str(text).expect("JSON"))
    }

    #[test]
    fn lines_hold_raw_text_or_parts() {
        let (raw, label) =
            read(r#"{"label": "anomalous", "request": "GET /a HTTP/1.1\nHost: h"}"#).unwrap();
        assert_eq!(label, Some(Label::Attack));
        let (parts, label) =
            read(r#"{"method": "GET", "url": "http://h/a#x", "headers": {}}"#).unwrap();
        assert_eq!((raw, label), (parts, None));
    }

    #[test]
    fn headers_come_in_three_forms() {
        let forms = [
            r#"{"uri": "/", "headers": {"A": "1", "B": ["2", "3"]}}"#,
            r#"{"uri": "/", "headers": [["A", "1"], ["B", "2"], ["B", "3"]]}"#,
            r#"{"uri": "/", "headers": [{"name": "A", "value": "1"}, {"name": "B", "value": 2},
                {"name": "B", "value": "3"}, {"name": ":path", "value": "/"}]}"#,
        ];
        let [a, b, c] = forms.map(|form| read(form).unwrap().0);
        assert_eq!((&a, &a), (&b, &c));
        assert_eq!(a.headers.len(), 3);
    }

    #[test]
    fn bodies_come_as_text_json_base64_and_har_forms() {
        let body = |text: &str| {
            let (request, _) = read(text).unwrap();
            assert!(request.header("content-length").is_some());
            String::from_utf8(request.body).unwrap()
        };
        assert_eq!(
            body(r#"{"method": "POST", "uri": "/", "body": "a=b"}"#),
            "a=b"
        );
        assert_eq!(
            body(r#"{"method": "POST", "uri": "/", "body": {"a": 1}}"#),
            r#"{"a":1}"#
        );
        assert_eq!(
            body(r#"{"method": "POST", "uri": "/", "body_base64": "YT1i"}"#),
            "a=b"
        );
        let params = r#"{"method": "POST", "url": "/", "postData": {"params": [
            {"name": "a b", "value": "c&d"}, {"name": "e", "value": "%20"}]}}"#;
        assert_eq!(body(params), "a+b=c%26d&e=%20");
    }

    #[test]
    fn strange_lines_are_said_to_be_strange() {
        for text in [
            "[]",
            "{}",
            r#"{"request": 1}"#,
            r#"{"uri": "/", "headers": 1}"#,
            r#"{"uri": "/", "label": "perhaps"}"#,
            r#"{"uri": "/", "body_base64": "*"}"#,
            r#"{"uri": ""}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
