//! The values of a request, as the rules hand them to the detectors.

use babyshield_corpus::Message;
use babyshield_detect::Place;
use babyshield_evaluate::attack::unescape;

/// A place, a field's name, a value.
pub type Value = (Place, Vec<u8>, Vec<u8>);

/// All values of a request.
pub fn all(message: &Message) -> Vec<Value> {
    let mut values = Vec::new();
    let (path, query) = halves(&message.target, b'?');
    values.push((Place::Path, Vec::new(), unescape(path, false)));
    pairs(query, Place::Query, &mut values);
    for (name, value) in &message.headers {
        if name.eq_ignore_ascii_case(b"cookie") {
            for own in value.split(|byte| *byte == b';') {
                let (name, value) = halves(own.trim_ascii(), b'=');
                values.push((Place::Cookie, name.to_vec(), value.to_vec()));
            }
        } else {
            values.push((Place::Header, name.clone(), value.clone()));
        }
    }
    body(message, &mut values);
    values
}

fn body(message: &Message, values: &mut Vec<Value>) {
    let kind = message
        .header("content-type")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let text = &message.body;
    if kind.starts_with(b"application/x-www-form-urlencoded") {
        pairs(text, Place::Form, values);
    } else if kind.starts_with(b"multipart/form-data") {
        parts(text, values);
    } else if !text.is_empty() {
        // JSON is taken apart by the scanner itself.
        values.push((Place::Body, Vec::new(), text.clone()));
    }
}

fn pairs(text: &[u8], place: Place, values: &mut Vec<Value>) {
    for own in text
        .split(|byte| *byte == b'&')
        .filter(|own| !own.is_empty())
    {
        let (name, value) = halves(own, b'=');
        let name = unescape(name, true);
        values.push((Place::Name, Vec::new(), name.clone()));
        values.push((place, name, unescape(value, true)));
    }
}

/// The parts of a multipart body: its first line parts them.
fn parts(text: &[u8], values: &mut Vec<Value>) {
    let end = text.windows(2).position(|own| own == b"\r\n");
    let line = text.get(..end.unwrap_or_default()).unwrap_or_default();
    let mut rest = text;
    while let Some(at) = find(rest, line).filter(|_| !line.is_empty()) {
        let part = rest.get(at + line.len()..).unwrap_or_default();
        let to = find(part, line).unwrap_or(part.len());
        let (own, behind) = part.split_at(to);
        rest = behind;
        let Some(head) = find(own, b"\r\n\r\n") else {
            continue;
        };
        let (head, content) = own.split_at(head);
        let content = content
            .get(4..content.len().saturating_sub(2))
            .unwrap_or_default();
        let name = quoted(head, b"name=\"");
        if let Some(file) = quoted(head, b"filename=\"") {
            values.push((Place::FileName, Vec::new(), file));
            values.push((Place::File, Vec::new(), content.to_vec()));
        } else {
            values.push((Place::Form, name.unwrap_or_default(), content.to_vec()));
        }
    }
}

fn quoted(head: &[u8], mark: &[u8]) -> Option<Vec<u8>> {
    // `filename="` ends in `name="`, and comes after it.
    let from = find(head, mark)? + mark.len();
    let rest = head.get(from..)?;
    let to = rest.iter().position(|byte| *byte == b'"')?;
    rest.get(..to).map(<[u8]>::to_vec)
}

fn find(text: &[u8], what: &[u8]) -> Option<usize> {
    (!what.is_empty())
        .then(|| text.windows(what.len()).position(|own| own == what))
        .flatten()
}

fn halves(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    let place = text.iter().position(|byte| *byte == at);
    let (first, rest) = text.split_at(place.unwrap_or(text.len()));
    (first, rest.get(1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(template: &str) -> Vec<(Place, String, String)> {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let all = all(&Message::of_template(template.as_bytes()));
        all.into_iter()
            .map(|(place, name, value)| (place, text(name), text(value)))
            .collect()
    }

    #[test]
    fn every_part_of_a_request_is_a_value() {
        let all = found(
            "POST /a%20b?q=1+2&x\nCookie: s=1; t=u=v\nContent-Type: application/x-www-form-urlencoded\n\nm=%3Cb%3E",
        );
        for (place, name, value) in [
            (Place::Query, "q", "1 2"),
            (Place::Cookie, "t", "u=v"),
            (Place::Form, "m", "<b>"),
            (Place::Name, "", "x"),
        ] {
            assert!(
                all.contains(&(place, name.to_owned(), value.to_owned())),
                "{value}"
            );
        }
    }

    #[test]
    fn parts_of_a_multipart_body_are_values() {
        let body = "--b\r\nContent-Disposition: form-data; name=\"c\"\r\n\r\nhello\r\n\
                    --b\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.txt\"\r\n\r\nfile\r\n--b--\r\n";
        let all = found(&format!(
            "POST /\nContent-Type: multipart/form-data; boundary=b\n\n{body}"
        ));
        for (place, name, value) in [
            (Place::Form, "c", "hello"),
            (Place::FileName, "", "a.txt"),
            (Place::File, "", "file"),
        ] {
            assert!(
                all.contains(&(place, name.to_owned(), value.to_owned())),
                "{all:?}"
            );
        }
    }
}
