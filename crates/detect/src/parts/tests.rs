#![allow(clippy::string_slice, reason = "the cases are ASCII")]

use super::*;

type Split = fn(&[u8], &mut Vec<Part>) -> bool;

fn texts(split: Split, text: &str) -> Option<Vec<String>> {
    let mut out = Vec::new();
    split(text.as_bytes(), &mut out).then(|| {
        let show = |part: &Part| match part.kind {
            Kind::Key => format!("{}:", &text[part.text.clone()]),
            _ => format!("{}={}", &text[part.name.clone()], &text[part.text.clone()]),
        };
        out.iter().map(show).collect()
    })
}

#[test]
fn json_yields_its_strings_and_nothing_else() {
    let text = r#"{"a":"x\"y","b":[1,-2.5e3,"z",{"c":null}],"d":true}"#;
    assert_eq!(
        texts(json::parts, text).unwrap(),
        ["a:", r#"a=x\"y"#, "b:", "b=z", "c:", "d:"]
    );
    let lines = "{\"a\":\"1\"}\n{\"b\":\"2\"}\n";
    assert_eq!(
        texts(json::parts, lines).unwrap(),
        ["a:", "a=1", "b:", "b=2"]
    );
    for text in [
        r#"{"a":"b"} or 1=1"#,
        r#"{"a":sleep(5)}"#,
        "[1' or 1]",
        "{a:1}",
        "[",
        "}",
        "1",
        r#"["a]"#,
    ] {
        assert_eq!(texts(json::parts, text), None, "{text}");
    }
    assert_eq!(texts(json::parts, &"[".repeat(100_000)), None);
}

#[test]
fn a_url_yields_path_fields_and_fragment() {
    let text = "https://a.example:8/p/q?x=1&y=<b>#z";
    assert_eq!(
        texts(url::parts, text).unwrap(),
        ["=/p/q", "x:", "x=1", "y:", "y=<b>", "=z"]
    );
    assert_eq!(texts(url::parts, "/p?x=1").unwrap(), ["=/p", "x:", "x=1"]);
    assert_eq!(texts(url::parts, "//h").unwrap(), ["="]);
    for text in [
        "/p",
        "/?x=1",
        "/???/??t /???/??ss??",
        "/a b?c=d",
        "javascript://%0aalert(1)",
        "http://<b>",
        "a/b?c=d",
        "http://",
        "",
    ] {
        assert_eq!(texts(url::parts, text), None, "{text}");
    }
}

#[test]
fn a_form_has_two_fields_with_names() {
    assert_eq!(
        texts(pairs::parts, "a=1&b[]=2&c").unwrap(),
        ["a:", "a=1", "b[]:", "b[]=2", "=c"]
    );
    for text in ["a=1", "a=1&cat /etc/passwd", "1' or a=1&b=2", "&&", ""] {
        assert_eq!(texts(pairs::parts, text), None, "{text}");
    }
}
