//! Whether what happened is what a case expects.

use babyshield_model::{Finding, RequestEvent, Verdict};
use babyshield_policy::ftw::{Expect, Fault};

use crate::wire::Response;

/// How a case ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    /// What was expected and did not happen.
    Failed(String),
    /// The gateway refused the request as malformed before any rule saw it, and the rule itself,
    /// given the same bytes, finds what the case expects.
    Refused,
    /// The case asks for something other than what is judged here.
    NotApplicable(String),
}

/// One stage over a socket. `confirmed` tells whether the engine itself meets the expectation.
pub(crate) fn socket(
    expect: &Expect,
    response: Option<&Response>,
    event: Option<&RequestEvent>,
    confirmed: impl FnOnce() -> bool,
) -> Outcome {
    if expect.error && response.is_some() {
        return failed("a response came where none was expected".to_owned());
    }
    let status = response.map_or(0, |response| response.status);
    if !expect.status.is_empty() && !expect.status.contains(&status) {
        return failed(format!("status {status}, expected {:?}", expect.status));
    }
    if expect.error || expect.log.is_empty() {
        return Outcome::Passed;
    }
    let Some(event) = event else {
        return failed(match response {
            Some(response) => format!("no event for its response ({})", response.status),
            None => "no response".to_owned(),
        });
    };
    match expect.check(&event.findings) {
        Ok(()) => Outcome::Passed,
        Err(Fault::Missing(_)) if event.verdict == Verdict::Refuse && confirmed() => {
            Outcome::Refused
        }
        Err(fault) => failed(format!("{fault} (status {status})")),
    }
}

/// One stage against the engine; only what is expected of the log can be judged there.
pub(crate) fn engine(expect: &Expect, findings: Option<&[Finding]>) -> Outcome {
    if expect.log.is_empty() {
        return Outcome::NotApplicable("expects a status of the server, not a rule".to_owned());
    }
    match findings {
        Some(findings) => match expect.check(findings) {
            Ok(()) => Outcome::Passed,
            Err(fault) => failed(fault.to_string()),
        },
        None => failed("the engine panicked".to_owned()),
    }
}

fn failed(why: String) -> Outcome {
    Outcome::Failed(why)
}

#[cfg(test)]
mod tests {
    use babyshield_policy::ftw::Log;
    use regex_automata::meta::Builder;

    use super::*;

    fn finding(rule: &str) -> Finding {
        Finding {
            rule: rule.to_owned(),
            message: String::new(),
            class: String::new(),
            severity: String::new(),
            field: "ARGS:x".to_owned(),
            value: "v".to_owned(),
            matched: "m".to_owned(),
            data: String::new(),
            tags: Vec::new(),
            source: String::new(),
        }
    }

    fn expects(present: &str, absent: &str) -> Expect {
        let regex = |text: &str| Builder::new().build(text).unwrap();
        Expect {
            log: vec![
                Log::Matches(present.to_owned(), regex(present)),
                Log::Lacks(absent.to_owned(), regex(absent)),
            ],
            ..Expect::default()
        }
    }

    #[test]
    fn a_missing_rule_and_a_forbidden_rule_both_fail() {
        let expect = expects("id \"1\"", "id \"2\"");
        assert_eq!(engine(&expect, Some(&[finding("1")])), Outcome::Passed);
        for found in [
            vec![],
            vec![finding("11")],
            vec![finding("1"), finding("2")],
        ] {
            assert!(matches!(engine(&expect, Some(&found)), Outcome::Failed(_)));
        }
    }

    #[test]
    fn a_panic_is_a_failure_even_where_nothing_is_to_be_found() {
        let expect = Expect {
            log: expects("x", "id \"2\"").log.split_off(1),
            ..Expect::default()
        };
        assert_eq!(engine(&expect, Some(&[])), Outcome::Passed);
        assert!(matches!(engine(&expect, None), Outcome::Failed(_)));
    }

    #[test]
    fn the_log_line_holds_what_the_rule_says_on_one_line() {
        let expect = expects(r#"data "Matched Data:.*\\x0av"#, "nothing");
        let own = Finding {
            data: "Matched Data: m\r\nv".to_owned(),
            ..finding("1")
        };
        assert_eq!(engine(&expect, Some(&[own])), Outcome::Passed);
    }

    #[test]
    fn silence_passes_only_where_it_is_expected() {
        let mut expect = Expect {
            error: true,
            ..Expect::default()
        };
        assert_eq!(socket(&expect, None, None, || true), Outcome::Passed);
        let answered = Response {
            status: 200,
            id: None,
        };
        let outcome = socket(&expect, Some(&answered), None, || true);
        assert!(matches!(outcome, Outcome::Failed(_)));
        expect = expects("id \"1\"", "id \"2\"");
        let outcome = socket(&expect, None, None, || true);
        assert!(matches!(outcome, Outcome::Failed(_)));
    }

    #[test]
    fn a_status_must_be_one_of_those_expected() {
        let expect = Expect {
            status: vec![400, 403],
            ..Expect::default()
        };
        let status = |status| Response { status, id: None };
        let passes = |code| socket(&expect, Some(&status(code)), None, || true) == Outcome::Passed;
        assert!(passes(403));
        assert!(!passes(200));
    }
}
