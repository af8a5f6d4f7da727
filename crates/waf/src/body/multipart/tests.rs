//! Tables of bodies, hence the long functions.
#![allow(clippy::too_many_lines, clippy::string_slice, clippy::type_complexity)]

use super::super::tests::{Collected, show};
use super::super::{Cause, Limits, Scratch};
use super::{Flags, Outcome, parse};

const TYPE: &str = "multipart/form-data; boundary=B";

fn run_as(content_type: &str, body: &str, limits: &Limits) -> (Collected, Outcome) {
    let mut seen = Collected::default();
    let body = body.as_bytes();
    let outcome = parse(
        content_type.as_bytes(),
        body,
        limits,
        &mut Scratch::default(),
        &mut seen,
    );
    assert!(outcome.fault.is_none_or(|fault| fault.offset <= body.len()));
    (seen, outcome)
}

fn run(body: &str) -> (Collected, Outcome) {
    run_as(TYPE, body, &Limits::default())
}

/// One part with these header lines and this content.
fn part(headers: &str, content: &str) -> String {
    format!("--B\r\n{headers}\r\n\r\n{content}\r\n")
}

fn field(name: &str, content: &str) -> String {
    part(
        &format!("Content-Disposition: form-data; name=\"{name}\""),
        content,
    )
}

fn fault(outcome: &Outcome) -> String {
    outcome
        .fault
        .map(|fault| fault.cause.to_string())
        .unwrap_or_default()
}

#[test]
fn fields_and_files_are_told() {
    let file = part(
        "Content-Disposition: form-data; name=\"up\"; filename=\"a b.txt\"\r\nContent-Type: text/plain",
        "line 1\r\nline 2\r\n",
    );
    let (seen, outcome) = run(&format!(
        "{}{}{file}--B--\r\n",
        field("a", "1"),
        field("b", "")
    ));
    assert_eq!(show(&seen.arguments), "a=1|b=");
    assert_eq!(show(&seen.files), "up=a b.txt:line 1\\r\\nline 2\\r\\n");
    assert_eq!(seen.names, ["a", "b", "up"]);
    assert_eq!(seen.headers.len(), 4);
    assert_eq!(
        seen.headers[3],
        ("up".to_owned(), "Content-Type: text/plain".to_owned())
    );
    assert_eq!(outcome.fault, None);
    assert!(!outcome.flags.strict_error(), "{:?}", outcome.flags);
}

#[test]
fn what_is_odd_is_flagged() {
    let cases: &[(&str, String, fn(&Flags) -> bool)] = &[
        (TYPE, format!("{}--B--\r\nmore", field("a", "1")), |flags| {
            flags.data_after
        }),
        (
            TYPE,
            format!("before\r\n{}--B--", field("a", "1")),
            |flags| flags.data_before,
        ),
        (
            TYPE,
            field("a", "1").replace("\r\n", "\n") + "--B--\n",
            |flags| flags.lf_line && !flags.crlf_lf_lines(),
        ),
        (
            TYPE,
            format!("{}--B--\n", field("a", "1")),
            Flags::crlf_lf_lines,
        ),
        (
            TYPE,
            part("Content-Disposition: form-data;\r\n name=a", "1") + "--B--",
            |flags| flags.header_folding && !flags.invalid_header_folding,
        ),
        (
            TYPE,
            part("Content-Disposition: form-data;\r\n\x0bname=a", "1") + "--B--",
            |flags| flags.invalid_header_folding,
        ),
        (
            TYPE,
            part("Content-Disposition: form-data; name='a'", "1") + "--B--",
            |flags| flags.invalid_quoting,
        ),
        (TYPE, format!("{}--B--", field("a", "x --B y")), |flags| {
            flags.unmatched_boundary != 0
        }),
        (
            TYPE,
            format!("{}--C\r\n--B--", field("a", "1").trim_end()),
            |flags| flags.unmatched_boundary != 0,
        ),
        (
            TYPE,
            "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n--B\r\n\r\n--B--".to_owned(),
            |flags| flags.invalid_part,
        ),
        (
            "multipart/form-data; boundary=\"B\"",
            field("a", "1") + "--B--",
            |flags| flags.boundary_quoted,
        ),
        (
            "multipart/form-data; boundary =B",
            field("a", "1") + "--B--",
            |flags| flags.boundary_whitespace,
        ),
        (
            "multipart/form-data boundary=B",
            field("a", "1") + "--B--",
            |flags| flags.missing_semicolon,
        ),
    ];
    for (content_type, body, flagged) in cases {
        let (seen, outcome) = run_as(content_type, body, &Limits::default());
        assert!(flagged(&outcome.flags), "{body:?} {outcome:?}");
        assert!(outcome.flags.strict_error() || outcome.flags.unmatched_boundary > 0);
        assert_eq!(seen.arguments.len(), 1, "{body:?} {outcome:?}");
    }
}

#[test]
fn broken_bodies_are_faults() {
    let good = field("a", "1");
    let cases: &[(&str, String, &str)] = &[
        (TYPE, good.clone(), "final boundary missing"),
        (TYPE, "text".to_owned(), "no boundaries found"),
        (
            TYPE,
            part("Content-Type: x", "1") + "--B--",
            "missing Content-Disposition",
        ),
        (
            TYPE,
            part("Content-Disposition: attachment; name=a", "1") + "--B--",
            "invalid Content-Disposition",
        ),
        (
            TYPE,
            part("Content-Disposition: form-data", "1") + "--B--",
            "missing name",
        ),
        (
            TYPE,
            part("Content-Disposition: form-data; name=a; name=b", "1") + "--B--",
            "duplicate",
        ),
        (
            TYPE,
            part("Content-Disposition: form-data; name=\"a", "1") + "--B--",
            "invalid Content-Disposition",
        ),
        (
            TYPE,
            part("Content-Disposition: form-data; name=a; x=y", "1") + "--B--",
            "invalid Content-Disposition",
        ),
        (
            TYPE,
            part(
                "Content-Disposition: form-data; name=a; filename*=utf-8''x",
                "1",
            ) + "--B--",
            "invalid",
        ),
        (
            TYPE,
            part(": x\r\nContent-Disposition: form-data; name=a", "1") + "--B--",
            "name missing",
        ),
        (
            TYPE,
            part("X Y: 1\r\nContent-Disposition: form-data; name=a", "1") + "--B--",
            "invalid character",
        ),
        (TYPE, part("nocolon", "1") + "--B--", "colon missing"),
        (TYPE, part(" folded: 1", "1") + "--B--", "folding"),
        (TYPE, part("X: \0", "1") + "--B--", "NUL"),
        (
            TYPE,
            part(&format!("X: {}", "x".repeat(5000)), "1") + "--B--",
            "too long",
        ),
        (
            TYPE,
            part(
                "Content-Disposition: form-data; name=a\r\ncontent-disposition: x",
                "1",
            ) + "--B--",
            "duplicate",
        ),
        (TYPE, good.clone() + "--Bx\r\n--B--", "invalid boundary"),
        (
            TYPE,
            good.clone() + "-- B\r\n--B--",
            "invalid boundary (whitespace)",
        ),
        (
            "multipart/form-data; boundary=\"B\"",
            good.clone() + "--\"B\"\r\n--B--",
            "invalid boundary (quotes)",
        ),
        ("", good.clone(), "not available"),
        ("text/plain; boundary=B", good.clone(), "MIME"),
        ("multipart/form-data", good.clone(), "not found"),
        ("multipart/form-data; BOUNDARY=B", good.clone(), "case"),
        ("multipart/form-data, boundary=B", good.clone(), "malformed"),
        (
            "multipart/form-data; boundary=A; boundary=B",
            good.clone(),
            "multiple",
        ),
        (
            "multipart/form-data; boundaryX=B",
            good.clone(),
            "parameter name",
        ),
        ("multipart/form-data; boundary=\"B", good.clone(), "quote"),
        ("multipart/form-data; boundary=B\"", good.clone(), "quote"),
        (
            "multipart/form-data; boundary=B!",
            good.clone(),
            "characters",
        ),
        ("multipart/form-data; boundary=", good.clone(), "empty"),
    ];
    for (content_type, body, expected) in cases {
        let (_, outcome) = run_as(content_type, body, &Limits::default());
        assert!(fault(&outcome).contains(expected), "{body:?}: {outcome:?}");
    }
}

#[test]
fn a_parameter_after_the_boundary_is_cut() {
    let (seen, outcome) = run_as(
        "multipart/form-data; boundary=B; charset=utf-8",
        &(field("a", "1") + "--B--"),
        &Limits::default(),
    );
    assert_eq!(
        (show(&seen.arguments).as_str(), outcome.fault),
        ("a=1", None)
    );
}

#[test]
fn parts_after_a_broken_one_are_still_told() {
    let (seen, outcome) = run(&format!(
        "{}{}--B--",
        part("nonsense", "1"),
        field("b", "2")
    ));
    assert_eq!(show(&seen.arguments), "b=2");
    assert!(outcome.fault.is_some());
}

#[test]
fn names_keep_escapes_and_windows_paths() {
    let (seen, _) = run(&(part(
        r#"Content-Disposition: form-data; name="a\"b\\c"; filename="C:\x""#,
        "1",
    ) + "--B--"));
    assert_eq!(seen.files[0].0, r#"a\"b\\c"#);
    assert_eq!(seen.files[0].1, r"C:\\x:1");
}

#[test]
fn a_semicolon_may_end_the_disposition() {
    let (seen, outcome) = run(&(part("Content-Disposition: form-data; name=a;", "1") + "--B--"));
    assert_eq!(
        (show(&seen.arguments).as_str(), outcome.fault),
        ("a=1", None)
    );
}

#[test]
fn limits_hold() {
    let limits = Limits {
        arguments: 2,
        parts: 4,
        files: 1,
        part_headers: 2,
        value: 8,
        ..Limits::default()
    };
    let file = part("Content-Disposition: form-data; name=f; filename=x", "1");
    let cases: &[(String, Cause)] = &[
        (field("a", "1").repeat(3), Cause::TooManyArguments),
        (file.repeat(2), Cause::TooManyFiles),
        (
            file.clone() + &field("a", "1").repeat(2) + &file.repeat(9000),
            Cause::TooManyFiles,
        ),
        (
            "--B\r\nx\r\n".repeat(9000),
            Cause::Syntax("invalid part header (colon missing)"),
        ),
        (
            part(
                "A: 1\r\nB: 2\r\nContent-Disposition: form-data; name=a",
                "1",
            ),
            Cause::TooManyPartHeaders,
        ),
        (field("a", "123456789"), Cause::ValueTooLong),
    ];
    for (body, cause) in cases {
        let (seen, outcome) = run_as(TYPE, &format!("{body}--B--\r\n"), &limits);
        assert_eq!(outcome.fault.map(|fault| fault.cause), Some(*cause));
        assert!(seen.arguments.len() + seen.files.len() <= 5);
    }
    let (seen, _) = run_as(TYPE, &file.repeat(2), &limits);
    assert_eq!(seen.files.len(), 2);
}

#[test]
fn nothing_panics_on_mutilated_bodies() {
    let body = format!(
        "pre\r\n{}{}--B--\r\npost",
        field("a", "1"),
        part(
            "Content-Disposition: form-data;\r\n name=\"b\"; filename=\"c\"",
            "x\r\n--Bx"
        )
    );
    for end in 0..body.len() {
        run(&body[..end]);
    }
    for at in 0..body.len() {
        for byte in ["\0", "\n", "\"", "-", ";", "'"] {
            let mut changed = body.clone();
            changed.replace_range(at..=at, byte);
            run(&changed);
        }
    }
}

#[test]
fn a_header_with_a_wrong_name_is_a_fault_and_still_told() {
    let headers = "\x0eContent-Disposition: form-data; name=\"f\"; filename=\"1.php\"\r\n\
                   Content-Disposition: form-data; name=\"post\"";
    let (seen, outcome) = run(&(part(headers, "x") + "--B--\r\n"));
    assert_eq!(
        outcome.fault.map(|fault| fault.cause),
        Some(Cause::Syntax(
            "invalid part header (contains invalid character)"
        ))
    );
    assert_eq!(seen.headers.len(), 2);
    assert!(seen.headers[0].1.starts_with("\\x0eContent-Disposition:"));
    assert_eq!(seen.arguments.len(), 1);
}

#[test]
fn a_part_without_a_disposition_still_tells_its_headers() {
    let (seen, outcome) = run(&(part("Content-Type: text/x-evil", "x") + "--B--\r\n"));
    assert!(outcome.fault.is_some());
    assert_eq!(seen.headers.len(), 1);
}
