//! One case through the engine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use babyshield_model::{Diagnostics, ManualClock};
use babyshield_waf::hir::RuleSet;
use babyshield_waf::source::Disk;
use babyshield_waf::{
    Action, Compiled, Connection, Decision, Interruption, Outcome, Plan, Spec, Transaction,
};

use super::case::{Case, End};

/// What came of a case's rules.
pub(crate) struct Played {
    /// The rules as they were understood.
    pub(crate) rules: RuleSet,
    /// The type of a response whose body was not looked at, although bodies are.
    pub(crate) unseen_type: Option<String>,
    /// By the plan that runs in the product.
    pub(crate) fast: Outcome,
    /// By the plan without its shortcuts, every step kept.
    pub(crate) traced: Outcome,
}

/// libmodsecurity's settings where rules say nothing: it reports, and disrupts nothing.
/// The engine's own rules about bodies that cannot be read are taken out, since the suite looks at
/// what rules make of such bodies.
const DEFAULTS: &str = "SecRuleEngine DetectionOnly\n\
    SecRequestBodyLimitAction ProcessPartial\nSecRuleRemoveById 10000001-10000004\n";

/// A chain that ends with its file is one that never matches to libmodsecurity, and an error here.
const CLOSED: &str = "SecRule REQUEST_METHOD \"@noMatch\" \"t:none\"\n";

/// An afternoon in 2026.
const NOW: Duration = Duration::from_secs(1_790_000_000);

/// The file of the rules' defaults.
const DEFAULTS_FILE: &str = "defaults.conf";

/// Writes the rules where the suite's data files are found as its own runner finds them, and lets
/// the request pass.
pub(crate) fn play(case: &Case, name: &str, folder: &Path) -> Result<Played, Diagnostics> {
    let written = |file: &str, text: &str| {
        let path = folder.join(file);
        std::fs::write(&path, text).map(|()| path)
    };
    let mut text: String = case
        .rules
        .iter()
        .flat_map(|line| [line.as_str(), "\n"])
        .collect();
    if is_open(&text) {
        text.push_str(CLOSED);
    }
    let files = [written(DEFAULTS_FILE, DEFAULTS), written(name, &text)];
    let rules: Result<Vec<_>, _> = files.into_iter().collect();
    let spec = Spec {
        rules: rules.map_err(|fault| {
            vec![babyshield_model::Diagnostic::error(
                "conformance.write",
                fault.to_string(),
            )]
        })?,
        ..Spec::default()
    };
    let (rules, _) = Plan::read(&spec, &Disk)?;
    let (fast, _) = run(case, Plan::compile(&spec, &Disk)?, false);
    let (traced, seen) = run(case, Plan::as_written(&spec, &Disk)?, true);
    let is_type = |(name, _): &&(String, String)| name.eq_ignore_ascii_case("content-type");
    let unseen = seen == Some(false) && rules.settings.response_body == Some(true);
    let kind = case
        .response
        .headers
        .iter()
        .find(is_type)
        .filter(|_| unseen);
    Ok(Played {
        unseen_type: kind.map(|(_, value)| value.clone()),
        rules,
        fast,
        traced,
    })
}

/// Whether the last rule of a text is not the last of its chain.
fn is_open(text: &str) -> bool {
    let last = text.lines().rfind(|line| line.starts_with("SecRule "));
    let is_chain = |word: &str| word == "chain";
    last.is_some_and(|line| line.split(['"', ',']).any(|word| is_chain(word.trim())))
}

/// Also says whether the response's body was looked at, if it came to that.
fn run(case: &Case, compiled: Compiled, trace: bool) -> (Outcome, Option<bool>) {
    let clock = Arc::new(ManualClock::new(NOW));
    let plan = Arc::new(compiled.plan.with_clock(clock));
    let mut transaction = plan.begin(Connection {
        client: address(&case.client),
        server: address(&case.server),
    });
    if trace {
        transaction.trace();
    }
    let seen = pass(case, &mut transaction);
    (transaction.finish(), seen)
}

fn address(end: &End) -> SocketAddr {
    let ip = end.ip.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    SocketAddr::new(ip, end.port.unwrap_or_default())
}

/// Both ways through the rules, until one of them interrupts.
fn pass(case: &Case, transaction: &mut Transaction) -> Option<bool> {
    let own = &case.request;
    transaction.unique_id(b"172856498634.203291");
    let version = own.version.as_deref().unwrap_or("1.1");
    let version = format!("HTTP/{version}");
    transaction.request_line(
        own.method.as_bytes(),
        own.uri.as_bytes(),
        version.as_bytes(),
    );
    for (name, value) in &own.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    let head = transaction.request_head_end();
    let decision = after(head, || match transaction.request_body(&own.body) {
        Decision::Continue => transaction.request_end(),
        stop @ Decision::Interrupt(_) => stop,
    });
    // What the client would get, which the last phase can look at.
    let status = match &decision {
        Decision::Interrupt(own) => own.status,
        Decision::Continue => 200,
    };
    let protocol = case.response.protocol.as_deref().unwrap_or("HTTP/1.1");
    transaction.response_line(status, protocol.as_bytes());
    for (name, value) in &case.response.headers {
        transaction.response_header(name.as_bytes(), value.as_bytes());
    }
    let mut seen = None;
    after(decision, || match transaction.response_head_end() {
        Decision::Continue => {
            let wanted = transaction.wants_response_body();
            seen = Some(wanted);
            if wanted {
                transaction.response_body(&case.response.body);
            }
            transaction.response_end()
        }
        stop @ Decision::Interrupt(_) => stop,
    });
    seen
}

fn after(decision: Decision, next: impl FnOnce() -> Decision) -> Decision {
    match decision {
        Decision::Continue => next(),
        stop @ Decision::Interrupt(_) => stop,
    }
}

/// The status the client gets, and where it is sent to.
pub(crate) fn answer(interruption: Option<&Interruption>) -> (u16, Option<&str>) {
    match interruption {
        None => (200, None),
        Some(own) => match &own.action {
            Action::Redirect(to) => (own.status, Some(to)),
            Action::Deny | Action::Drop => (own.status, None),
        },
    }
}
