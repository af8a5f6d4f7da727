//! ModSecurity's own cases of multipart bodies: the flags they test, and the error they expect.
//!
//! The data lies beside the project (`../shared/data`, or where `BABYSHIELD_DATA` points).

// Helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::path::PathBuf;

use babyshield_waf::body::multipart::{Outcome, parse};
use babyshield_waf::body::{Fields, FilePart, Limits, Scratch};
use serde_json::Value;

#[derive(Default)]
struct Seen {
    arguments: Vec<(Vec<u8>, Vec<u8>)>,
    files: usize,
}

impl Fields for Seen {
    fn argument(&mut self, name: &[u8], value: &[u8]) {
        self.arguments.push((name.to_vec(), value.to_vec()));
    }

    fn file(&mut self, _: &FilePart<'_>) {
        self.files += 1;
    }
}

fn variable(name: &str, outcome: &Outcome, seen: &Seen) -> Option<usize> {
    let flags = &outcome.flags;
    let flag = match name {
        "MULTIPART_STRICT_ERROR" => flags.strict_error(),
        "MULTIPART_BOUNDARY_QUOTED" => flags.boundary_quoted,
        "MULTIPART_BOUNDARY_WHITESPACE" => flags.boundary_whitespace,
        "MULTIPART_DATA_BEFORE" => flags.data_before,
        "MULTIPART_DATA_AFTER" => flags.data_after,
        "MULTIPART_HEADER_FOLDING" => flags.header_folding,
        "MULTIPART_INVALID_HEADER_FOLDING" => flags.invalid_header_folding,
        "MULTIPART_LF_LINE" => flags.lf_line,
        "MULTIPART_CRLF_LF_LINES" => flags.crlf_lf_lines(),
        "MULTIPART_MISSING_SEMICOLON" => flags.missing_semicolon,
        "MULTIPART_INVALID_QUOTING" => flags.invalid_quoting,
        "MULTIPART_INVALID_PART" => flags.invalid_part,
        "MULTIPART_FILE_LIMIT_EXCEEDED" => flags.file_limit_exceeded,
        "MULTIPART_UNMATCHED_BOUNDARY" => return Some(usize::from(flags.unmatched_boundary)),
        "REQBODY_PROCESSOR_ERROR" => outcome.fault.is_some(),
        "&FILES" | "&FILES_NAMES" | "&FILES_SIZES" => return Some(seen.files),
        _ => return None,
    };
    Some(usize::from(flag))
}

/// Whether a rule `SecRule NAME "!@eq 1" "..."` matches; `None` for any other.
fn matches(rule: &str, outcome: &Outcome, seen: &Seen) -> Option<bool> {
    let (name, rest) = rule.strip_prefix("SecRule ")?.split_once(" \"")?;
    let (operator, _) = rest.split_once('"')?;
    let (negated, operator) = operator
        .strip_prefix('!')
        .map_or((false, operator), |rest| (true, rest));
    if let (Some(name), Some(value)) =
        (name.strip_prefix("ARGS:"), operator.strip_prefix("@streq "))
    {
        let wanted = (name.as_bytes().to_vec(), value.as_bytes().to_vec());
        return Some(seen.arguments.contains(&wanted) != negated);
    }
    let number: usize = operator.strip_prefix("@eq ")?.parse().ok()?;
    Some((variable(name, outcome, seen)? == number) != negated)
}

/// Whether the rules deny: the first that matches, a chain only as a whole.
fn denies(rules: &[&str], outcome: &Outcome, seen: &Seen) -> bool {
    let mut chain = true;
    for rule in rules {
        let Some(hit) = matches(rule, outcome, seen) else {
            continue;
        };
        chain &= hit;
        if rule.contains("\"chain") {
            continue;
        }
        if chain {
            return true;
        }
        chain = true;
    }
    false
}

fn joined(value: &Value) -> String {
    let lines: Vec<_> = value
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    lines.join("\n") + "\n"
}

/// The faults whose wording the cases know.
fn expected_fault(log: &str) -> Option<String> {
    let known = [
        "final boundary missing",
        "part missing content-disposition header",
        "invalid content-disposition header",
        "header missing name field",
        "header name missing",
        "malformed",
        "case sensitivity",
        "parameter name",
        "multiple boundary parameters",
        "no boundaries found",
        "(characters)",
        "(quote)",
        "contains invalid character",
    ];
    let log = log.replace('\\', "").to_lowercase();
    known
        .iter()
        .find(|known| log.contains(*known))
        .map(|known| (*known).to_owned())
}

#[test]
#[allow(clippy::disallowed_methods)] // says where outside data lies
fn multipart_bodies_are_judged_as_in_modsecurity() {
    let root = std::env::var_os("BABYSHIELD_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = root.join("modsecurity-tests/regression/request-body-parser-multipart.json");
    let Ok(content) = std::fs::read(&file) else {
        println!("skipped: {} is not there", file.display());
        return;
    };
    let cases: Vec<Value> = serde_json::from_slice(&content).unwrap();
    let (mut passed, mut failed) = (0, Vec::new());
    for case in &cases {
        let rules: Vec<_> = case["rules"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .collect();
        let files = if rules.contains(&"SecUploadFileLimit 2") {
            2
        } else {
            100
        };
        let limits = Limits {
            files,
            ..Limits::default()
        };
        let kind = case["request"]["headers"]["Content-Type"]
            .as_str()
            .unwrap_or_default();
        let body = joined(&case["request"]["body"]);
        let mut seen = Seen::default();
        let outcome = parse(
            kind.as_bytes(),
            body.as_bytes(),
            &limits,
            &mut Scratch::default(),
            &mut seen,
        );
        let denied = denies(&rules, &outcome, &seen);
        let status = case["expected"]["http_code"].as_u64();
        let log = case["expected"]["debug_log"].as_str().unwrap_or_default();
        let fault = outcome
            .fault
            .map(|fault| fault.cause.to_string().to_lowercase())
            .unwrap_or_default();
        let told = expected_fault(log).is_none_or(|expected| fault.contains(&expected));
        if told && status.is_none_or(|status| denied == (status == 403)) {
            passed += 1;
        } else {
            failed.push(format!("{} (denied: {denied}, expected {status:?}, fault {fault:?}, log {log:?})\n  {outcome:?}\n  {rules:?}", case["title"]));
        }
    }
    println!("multipart: {passed} passed, {} failed", failed.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
