use std::fmt::{self, Write};

use babyshield_model::{Finding, Layer, RequestEvent, Timestamp, Verdict};

use crate::fix::fixes;

/// Longest line of a value shown whole.
const WIDTH: usize = 160;

/// Explains one request to an operator: what came, who decided, every reason with the decoded
/// value, and the narrowest change that would let it pass. Text from the request is escaped, so
/// that it cannot drive the terminal.
#[must_use]
pub fn why(event: &RequestEvent) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    match explain(&mut out, event) {
        Ok(()) | Err(fmt::Error) => out,
    }
}

/// Whether a finding only sums up others, as a rule about the anomaly score does: it explains nothing
/// by itself, and excluding it would switch off the whole rule set.
#[must_use]
pub fn is_summary(finding: &Finding) -> bool {
    let field = finding.field.to_ascii_lowercase();
    (field.starts_with("tx:") && field.ends_with("anomaly_score"))
        || finding
            .tags
            .iter()
            .any(|tag| tag == "anomaly-evaluation" || tag == "decision")
        || ["949", "959", "980"]
            .iter()
            .any(|family| finding.rule.len() == 6 && finding.rule.starts_with(family))
}

fn explain(out: &mut String, event: &RequestEvent) -> fmt::Result {
    writeln!(out, "{}\n", headline(event))?;
    let peer = if event.peer == event.client {
        String::new()
    } else {
        format!(" (connected from {})", event.peer)
    };
    let route = event.route.as_deref().unwrap_or("(no route of the policy)");
    writeln!(out, "  when      {}", when(event.at))?;
    writeln!(out, "  caller    {}{peer}", event.client)?;
    writeln!(
        out,
        "  request   {} {}{}",
        printable(&event.method),
        printable(&event.host),
        printable(&event.target)
    )?;
    writeln!(out, "  agent     {}", printable(&event.agent))?;
    writeln!(
        out,
        "  route     {} (mode {})",
        printable(route),
        event.mode.as_str()
    )?;
    if let Some(upstream) = &event.upstream {
        writeln!(out, "  upstream  {}", printable(upstream))?;
    }
    if event.threshold > 0 {
        writeln!(
            out,
            "  score     {} (blocked from {} on)",
            event.score, event.threshold
        )?;
    }
    writeln!(out, "  decision  took {} µs", event.decision_micros)?;
    reasons(out, event)?;
    advice(out, event)
}

/// The story in one sentence.
#[must_use]
pub(crate) fn headline(event: &RequestEvent) -> String {
    let deed = match (event.verdict, event.enforced) {
        (Verdict::Allow, _) => "was allowed",
        (Verdict::Block, true) => "was blocked",
        (Verdict::Block, false) => "would have been blocked",
        (Verdict::Limit, true) => "was turned away as too frequent",
        (Verdict::Limit, false) => "would have been turned away as too frequent",
        (Verdict::Challenge, true) => "was challenged",
        (Verdict::Challenge, false) => "would have been challenged",
        (Verdict::Refuse, true) => "was refused as malformed",
        (Verdict::Refuse, false) => "would have been refused as malformed",
    };
    let by = event
        .layer
        .filter(|_| event.verdict != Verdict::Allow)
        .map(|layer| format!(" by {}", speaker(layer)))
        .unwrap_or_default();
    let id = event.id;
    let status = event.status;
    format!("Request {id} {deed}{by}; the caller got status {status}.")
}

fn speaker(layer: Layer) -> &'static str {
    match layer {
        Layer::Protocol => "the HTTP parser",
        Layer::Network => "the address lists",
        Layer::Size => "the size limits",
        Layer::Limit => "the rate limits",
        Layer::Agent => "the user agent list",
        Layer::Path => "the path list",
        Layer::Waf => "the rule engine",
        Layer::Upstream => "the upstream",
    }
}

fn reasons(out: &mut String, event: &RequestEvent) -> fmt::Result {
    if event.findings.is_empty() {
        return writeln!(out, "\nNothing was found in it.");
    }
    writeln!(out, "\nWhy:")?;
    for (index, finding) in event.findings.iter().enumerate() {
        let marks: Vec<&str> = [finding.severity.as_str(), finding.class.as_str()]
            .into_iter()
            .filter(|mark| !mark.is_empty())
            .collect();
        let marks = if marks.is_empty() {
            String::new()
        } else {
            format!(" [{}]", printable(&marks.join(", ")))
        };
        let rule = printable(&finding.rule);
        let message = printable(&finding.message);
        writeln!(out, "  {}. {rule}  {message}{marks}", index + 1)?;
        let lines = [
            ("field", &finding.field),
            ("value", &finding.value),
            ("matched", &finding.matched),
            ("says", &finding.data),
            ("rule at", &finding.source),
        ];
        for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
            writeln!(out, "     {name:<8} {}", printable(value))?;
        }
    }
    Ok(())
}

fn advice(out: &mut String, event: &RequestEvent) -> fmt::Result {
    let fixes = fixes(event);
    if fixes.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "\nIf this request was legitimate, narrowest change first:"
    )?;
    for fix in fixes {
        writeln!(out, "  - {}\n    in {}", fix.effect, fix.place)?;
        for line in fix.text.lines() {
            writeln!(out, "        {line}")?;
        }
    }
    if event.layer == Some(Layer::Waf) {
        let id = event.id;
        writeln!(
            out,
            "  - `babyshield rules exclude {id}` tells how many known attacks an exclusion opens,\n    \
             and looks for a narrower one"
        )?;
    }
    Ok(())
}

/// RFC 3339 in UTC with milliseconds.
fn when(at: Timestamp) -> String {
    i64::try_from(at.0)
        .ok()
        .and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok())
        .map_or_else(|| at.to_string(), |at| format!("{at:.3}"))
}

/// Text from outside, safe on a terminal: control, bidirectional and invisible characters are
/// escaped, long text is cut.
fn printable(text: &str) -> String {
    let mut out = String::new();
    for (count, c) in text.chars().enumerate() {
        if count == WIDTH {
            out.push('…');
            break;
        }
        let hidden = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
        if c.is_control() || hidden {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn a_block_is_explained_down_to_the_fix() {
        let text = why(&sample::request(1_732_219_200_123, Verdict::Block));
        for part in [
            "was blocked by the rule engine; the caller got status 403",
            "2024-11-21T20:00:00.123Z",
            "203.0.113.9 (connected from 127.0.0.1)",
            "GET api.example.com/v1/products?q=1%27%20or%201%3D1",
            "5 (blocked from 5 on)",
            "942100  SQL Injection Attack Detected via libinjection [critical, sqli]",
            "field    ARGS:q",
            "value    1' or 1=1",
            "matched  s&1=1",
            "SecRuleUpdateTargetById 942100 \"!ARGS:q\"",
            "`babyshield rules exclude ",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn watch_mode_says_would_have() {
        let mut event = sample::request(1, Verdict::Block);
        event.enforced = false;
        event.status = 200;
        assert!(why(&event).contains("would have been blocked"));
    }

    #[test]
    fn an_allowed_request_has_no_advice() {
        let text = why(&sample::request(1, Verdict::Allow));
        assert!(text.contains("was allowed"), "{text}");
        assert!(!text.contains("legitimate"), "{text}");
    }

    #[test]
    fn request_text_cannot_drive_the_terminal() {
        let mut event = sample::request(1, Verdict::Block);
        event.target = "/\u{1b}[2J\u{202e}x\r\nForged: line".into();
        event.findings[0].value = "\u{7}\u{9b}31m".into();
        let text = why(&event);
        assert!(
            text.chars().all(|c| c == '\n' || !c.is_control()),
            "{text:?}"
        );
        assert!(!text.contains('\u{202e}'));
        assert!(!text.lines().any(|line| line.starts_with("Forged")));
    }
}
