use super::super::{Cause, Limits};
use super::{Document, Path, Walk};

const LETTER: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<!-- comment -->
<s:Envelope xmlns:s="urn:soap" xmlns="urn:body"><s:Body a="1" s:b="&lt;2&#62;">
<item id="x">one &amp; <b>two</b></item><item id="y"><![CDATA[<three>]]></item><item id="x">four</item>
</s:Body></s:Envelope>
"#;

fn parse(text: &str) -> Document {
    let mut document = Document::default();
    document.parse(text.as_bytes(), &Limits::default()).unwrap();
    document
}

fn select(document: &Document, path: &str) -> Vec<String> {
    let namespaces = [
        ("p".to_owned(), "urn:body".to_owned()),
        ("soap".to_owned(), "urn:soap".to_owned()),
    ];
    let path = Path::compile(path, &namespaces).unwrap();
    let mut found = Vec::new();
    path.select(document, &mut Walk::default(), |value| {
        found.push(String::from_utf8(value.to_vec()).unwrap())
    });
    found
}

#[test]
fn paths_lead_to_values() {
    let document = parse(LETTER);
    let cases: &[(&str, &[&str])] = &[
        ("/*", &["\none & two<three>four\n"]),
        ("//@*", &["1", "<2>", "x", "y", "x"]),
        ("/soap:Envelope/soap:Body/@a", &["1"]),
        ("//soap:Body/@soap:b", &["<2>"]),
        ("//p:item", &["one & two", "<three>", "four"]),
        ("//p:item[2]", &["<three>"]),
        ("//p:item[@id='x']", &["one & two", "four"]),
        ("//p:item[@id='x'][2]", &["four"]),
        ("//p:item[@none]", &[]),
        ("//item", &[]),
        ("//p:*/p:b", &["two"]),
        ("/*/*/*/text()", &["one & ", "<three>", "four"]),
        ("//p:b//text()", &["two"]),
        ("/soap:Body", &[]),
        ("//p:item[text()]", &["one & two", "<three>", "four"]),
        ("//p:b[p:b]", &[]),
        ("//p:item[p:b]", &["one & two"]),
        ("//p:item[p:b='two']", &["one & two"]),
        ("//p:item[p:b='three']", &[]),
        ("//*[local-name()='b']", &["two"]),
        ("//p:item[text()='four']", &["four"]),
        ("//p:item[.='four']", &["four"]),
        ("soap:Envelope/soap:Body/p:item[3]", &["four"]),
    ];
    for (path, expected) in cases {
        assert_eq!(select(&document, path), *expected, "{path}");
    }
}

#[test]
fn what_is_no_path_of_ours_is_named() {
    let cases = [
        ("//a[position()=1]", "position"),
        ("//a | //b", "|"),
        ("count(//a)", "count"),
        ("//x:a", "x"),
        ("../a", ".."),
        ("child::a", "child"),
        ("//a[last()]", "last"),
        ("//a[.]", "[.]"),
        ("//a[local-name()]", "local-name"),
        ("//a[1", "not closed"),
        ("/", "missing"),
        ("", "missing"),
        ("//a[@b=c]", "c"),
        ("/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q", "16"),
    ];
    for (path, expected) in cases {
        let error = Path::compile(path, &[]).unwrap_err();
        assert!(error.contains(expected), "{path}: {error}");
    }
}

#[test]
#[allow(clippy::too_many_lines)] // a table
fn hostile_documents_are_faults() {
    let deep = "<a>".repeat(100_000);
    let wide = format!("<a>{}</a>", "<b/>".repeat(2_000));
    let attributes = format!("<a {}/>", "b='' ".repeat(2_000));
    let namespaces = format!(
        "<a {}/>",
        (0..300)
            .map(|at| format!("xmlns:n{at}='u' "))
            .collect::<String>()
    );
    let cases: &[(&str, Cause)] = &[
        (&deep, Cause::TooDeep),
        (&wide, Cause::TooManyNodes),
        (&attributes, Cause::TooManyNodes),
        (
            &namespaces,
            Cause::Syntax("too many namespace declarations"),
        ),
        (
            "<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>",
            Cause::Syntax("a document type definition is refused"),
        ),
        (
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            Cause::Syntax("a document type definition is refused"),
        ),
        (
            "<a>&x;</a>",
            Cause::Syntax("an entity reference is refused"),
        ),
        (
            "<a b='&x;'/>",
            Cause::Syntax("an entity reference is refused"),
        ),
        (
            "<?xml version='1.0' encoding='utf-7'?><a/>",
            Cause::Syntax("XML in an encoding other than UTF-8 is refused"),
        ),
        ("<a>", Cause::Truncated),
        ("", Cause::Syntax("no root element")),
        ("text", Cause::Syntax("text outside the root element")),
        ("<a/><b/>", Cause::Syntax("more than one root element")),
        ("<p:a/>", Cause::Syntax("undeclared namespace prefix")),
        ("<a></b>", Cause::Syntax("malformed XML")),
        ("<a", Cause::Syntax("malformed XML")),
    ];
    let limits = Limits {
        nodes: 1_000,
        ..Limits::default()
    };
    for (text, cause) in cases {
        let fault = Document::default()
            .parse(text.as_bytes(), &limits)
            .unwrap_err();
        assert_eq!(fault.cause, *cause, "{}", text.get(..60).unwrap_or(text));
        assert!(fault.offset <= text.len());
    }
    assert!(Document::default().parse(b"<a>\xff</a>", &limits).is_err());
    assert!(
        Document::default()
            .parse(b"<!DOCTYPE a><a/>", &limits)
            .is_ok()
    );
}

#[test]
fn what_precedes_a_fault_can_be_asked_for() {
    let mut document = Document::default();
    assert!(
        document
            .parse(b"<a x='1'>text<b>more", &Limits::default())
            .is_err()
    );
    assert_eq!(select(&document, "/*"), ["textmore"]);
    assert_eq!(select(&document, "//@*"), ["1"]);
}

#[test]
fn mutilated_documents_never_panic() {
    let mut document = Document::default();
    for end in 0..LETTER.len() {
        document
            .parse(&LETTER.as_bytes()[..end], &Limits::default())
            .ok();
        select(&document, "//*[2]");
    }
    for at in 0..LETTER.len() {
        for byte in *b"<>&\"/ \0\xff" {
            let mut changed = LETTER.as_bytes().to_vec();
            changed[at] = byte;
            document.parse(&changed, &Limits::default()).ok();
        }
    }
}
