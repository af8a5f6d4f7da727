//! Whether a log is as a case expects.

use babyshield_model::Finding;

use super::{Expect, Log, Ran};

/// How a log is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What is missing, and what there is instead.
    Missing(String),
    /// What is there and must not be.
    Present(String),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing(what) => f.write_str(what),
            Self::Present(what) => write!(f, "`{what}` is there and must not be"),
        }
    }
}

/// How a stage ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// As expected.
    Passed,
    /// Everything that is not as expected.
    Failed(Vec<String>),
    /// It asks for something other than rules can give.
    Skipped(String),
}

impl Expect {
    /// Holds a log to what is expected of it.
    ///
    /// # Errors
    /// The first thing that is not as expected.
    pub fn check(&self, findings: &[Finding]) -> Result<(), Fault> {
        let lines: Vec<String> = findings.iter().map(line).collect();
        match self
            .log
            .iter()
            .find_map(|wanted| fault(wanted, &lines, findings))
        {
            Some(fault) => Err(fault),
            None => Ok(()),
        }
    }

    /// Holds what came of a stage to everything that is expected; `statuses` are those the rules
    /// may answer with. `None` is a panic.
    #[must_use]
    pub fn judge(&self, ran: Option<&Ran>, statuses: &[u16]) -> Judged {
        let Some(ran) = ran else {
            return Judged::Failed(vec!["the rules panicked".to_owned()]);
        };
        let lines: Vec<String> = ran.findings.iter().map(line).collect();
        let faults = self
            .log
            .iter()
            .filter_map(|wanted| fault(wanted, &lines, &ran.findings));
        let mut faults: Vec<String> = faults.map(|fault| fault.to_string()).collect();
        let is_met = self.status.is_empty() || self.status.contains(&ran.status);
        let can_be = self
            .status
            .iter()
            .any(|own| statuses.contains(own) || *own == 200);
        if !is_met && can_be {
            let by = match ran.interrupted {
                Some(0) => " from a limit".to_owned(),
                Some(rule) => format!(" from rule {rule}"),
                None => String::new(),
            };
            let wanted: Vec<String> = self.status.iter().map(u16::to_string).collect();
            faults.push(format!(
                "status {}{by}, expected {}",
                ran.status,
                wanted.join(" or ")
            ));
        }
        if !faults.is_empty() {
            return Judged::Failed(faults);
        }
        if self.log.is_empty() && self.error {
            return Judged::Skipped("expects that a server does not answer".to_owned());
        }
        if self.log.is_empty() && !is_met {
            let why = "expects a status that a server gives, and none of these rules";
            return Judged::Skipped(why.to_owned());
        }
        Judged::Passed
    }
}

impl Ran {
    /// One line a finding, as the patterns of cases see it.
    pub fn log(&self) -> impl Iterator<Item = String> {
        self.findings.iter().map(line)
    }
}

fn fault(wanted: &Log, lines: &[String], findings: &[Finding]) -> Option<Fault> {
    let told = |wanted: &str| {
        if !wanted.starts_with("id \"") {
            return format!("the log is {}", lines.join(" / "));
        }
        let ids: Vec<&str> = findings.iter().map(|own| own.rule.as_str()).collect();
        format!(
            "found {}",
            if ids.is_empty() {
                "nothing".to_owned()
            } else {
                ids.join(" ")
            }
        )
    };
    match wanted {
        Log::Matches(text, regex) if !lines.iter().any(|line| regex.is_match(line)) => Some(
            Fault::Missing(format!("`{text}` is missing; {}", told(text))),
        ),
        Log::Lacks(text, regex) if lines.iter().any(|line| regex.is_match(line)) => {
            Some(Fault::Present(text.clone()))
        }
        Log::Matches(..) | Log::Lacks(..) => None,
    }
}

/// A finding as a line of ModSecurity's log would show it, which is what the suites search: one
/// line, its control characters and quotes escaped.
fn line(finding: &Finding) -> String {
    format!(
        "[file \"{}\"] [id \"{}\"] [msg \"{}\"] [data \"{}\"] [severity \"{}\"] [tag \"{}\"]",
        finding.source,
        finding.rule,
        escaped(&finding.message),
        escaped(&finding.data),
        finding.severity.to_uppercase(),
        finding.tags.join("\"] [tag \"")
    )
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out
}
