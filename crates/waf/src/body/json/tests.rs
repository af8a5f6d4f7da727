use super::super::tests::{Collected, show};
use super::super::{Cause, Limits, Scratch};
use super::{parse, parse_lines};

fn run(body: &[u8], limits: &Limits) -> (String, Option<Cause>) {
    let mut seen = Collected::default();
    let fault = parse(body, limits, &mut Scratch::default(), &mut seen).err();
    assert!(fault.is_none_or(|fault| fault.offset <= body.len()));
    (show(&seen.arguments), fault.map(|fault| fault.cause))
}

#[test]
fn scalars_are_told_under_their_path() {
    let cases: &[(&str, &str)] = &[
        (r#"{"foo":"bar","mod":"sec"}"#, "json.foo=bar|json.mod=sec"),
        (
            r#"{"a":{"b":1,"c":-1.5e+3}}"#,
            "json.a.b=1|json.a.c=-1.5e+3",
        ),
        (
            r#"[1,[2,{"x":3}],4]"#,
            "json.array_0=1|json.array_1.array_0=2|json.array_1.array_1.x=3|json.array_2=4",
        ),
        (
            r#"{"a":[true,false,null]}"#,
            "json.a.array_0=true|json.a.array_1=false|json.a.array_2=",
        ),
        (r#"{"a":1,"a":2}"#, "json.a=1|json.a=2"),
        (r#"{"":"x"}"#, "json.empty-key=x"),
        (r#" "text" "#, "json=text"),
        ("{}", ""),
        ("[]", ""),
        (r#"{"a":{},"b":[[]]}"#, ""),
        (
            r#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00\ud800x""#,
            "json=\\\"\\\\/\\x08\\x0c\\n\\r\\tA\\xc3\\xa9\\xf0\\x9f\\x98\\x80?x",
        ),
        (r#"{"k\u0065y":"\u0000"}"#, "json.key=\\x00"),
    ];
    for (body, expected) in cases {
        assert_eq!(
            run(body.as_bytes(), &Limits::default()),
            ((*expected).to_owned(), None),
            "{body}"
        );
    }
}

#[test]
fn broken_texts_are_faults() {
    let cases: &[&[u8]] = &[
        b"",
        b"a",
        b"{",
        b"[",
        b"[1",
        b"[1,",
        b"[1,]",
        b"{\"a\"",
        b"{\"a\":",
        b"{\"a\":1,}",
        b"{a:1}",
        b"{'a':1}",
        b"[1}",
        b"01",
        b"1.",
        b".5",
        b"+1",
        b"1e",
        b"-",
        b"\"",
        b"\"\\\"",
        b"\"\\x\"",
        b"\"\\u12g4\"",
        b"\"\n\"",
        b"\"\xff\"",
        b"\"\xc0\xaf\"",
        b"1 2",
        b"{}x",
        b"nul",
        b"truefalse",
        b"\xef\xbb\xbf{}",
        b"// x\n1",
        b"NaN",
    ];
    for body in cases {
        let (_, fault) = run(body, &Limits::default());
        assert!(
            fault.is_some_and(|cause| !cause.is_limit()),
            "{} {fault:?}",
            body.escape_ascii()
        );
    }
}

#[test]
fn limits_hold_against_hostile_texts() {
    let limits = Limits {
        arguments: 3,
        depth: 4,
        path: 48,
        value: 8,
        ..Limits::default()
    };
    let deep = "[".repeat(1_000_000);
    let long_key = format!("{{\"{}\":1}}", "k".repeat(100_000));
    let cases: &[(&str, Cause)] = &[
        (&deep, Cause::TooDeep),
        ("[[[[[1]]]]]", Cause::TooDeep),
        (&long_key, Cause::NameTooLong),
        (
            "{\"aaaaaaaaaaaaaaaaaaaaaaaa\":{\"bbbbbbbbbbbbbbbbbbbbbbbb\":1}}",
            Cause::NameTooLong,
        ),
        ("[1,2,3,4]", Cause::TooManyArguments),
        ("\"123456789\"", Cause::ValueTooLong),
    ];
    for (body, cause) in cases {
        assert_eq!(run(body.as_bytes(), &limits).1, Some(*cause));
    }
    assert_eq!(run(b"[[[[1]]]]", &limits).1, None);
}

#[test]
fn every_truncation_is_a_fault_and_nothing_panics() {
    let body = br#"{"a":[1,{"b":"\u00e9x"},null],"c":-1.5e3}"#;
    for end in 0..body.len() {
        assert!(run(&body[..end], &Limits::default()).1.is_some(), "{end}");
    }
    for at in 0..body.len() {
        for byte in [0, b'"', b'\\', b'{', b']', 0xff] {
            let mut changed = body.to_vec();
            changed[at] = byte;
            run(&changed, &Limits::default());
        }
    }
}

#[test]
fn told_bytes_grow_linearly_with_the_body() {
    let told = |elements: usize| {
        let body = format!("[{}]", vec!["\"x\""; elements].join(","));
        let limits = Limits {
            arguments: usize::MAX,
            ..Limits::default()
        };
        let mut seen = Collected::default();
        parse(body.as_bytes(), &limits, &mut Scratch::default(), &mut seen).unwrap();
        seen.bytes
    };
    assert!(told(20_000) < told(10_000) * 5 / 2);
}

#[test]
fn values_one_behind_the_other_have_the_names_they_would_have_alone() {
    let lines = |body: &[u8], limits: &Limits| {
        let mut seen = Collected::default();
        let fault = parse_lines(body, limits, &mut Scratch::default(), &mut seen).err();
        (show(&seen.arguments), fault.map(|fault| fault.cause))
    };
    for body in [
        &b"{\"a\":1}\n{\"a\":[2,3]}\r\n"[..],
        b"{\"a\":1}{\"a\":[2,3]}",
        b"\x1e{\"a\":1}\n\x1e{\"a\":[2,3]}\n",
    ] {
        let told = "json.a=1|json.a.array_0=2|json.a.array_1=3".to_owned();
        assert_eq!(lines(body, &Limits::default()), (told, None));
        // JSON itself is one value.
        assert!(run(body, &Limits::default()).1.is_some());
    }
    for broken in [
        &b""[..],
        b"\x1e",
        b"{\"a\":1}\n{\"a\":",
        b"{\"a\":1}\nline",
        b"[1]]",
    ] {
        let fault = lines(broken, &Limits::default()).1;
        assert!(fault.is_some(), "{}", broken.escape_ascii());
    }
    let few = Limits {
        arguments: 2,
        ..Limits::default()
    };
    let told = ("json=1|json=2".to_owned(), Some(Cause::TooManyArguments));
    assert_eq!(lines(b"1\n2\n3", &few), told);
}
