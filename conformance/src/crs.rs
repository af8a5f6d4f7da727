//! The OWASP CRS regression suites, over real sockets and against the engine alone.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use babyshield_conformance::gateway::{Gateway, Policy, Store};
use babyshield_conformance::rules::{Origin, Prepared, Settings};
use babyshield_model::{Finding, Mode};
use babyshield_policy::ftw::{Case, Suite, Upstream};

use crate::echo;
use crate::engine::Engine;
use crate::judge::{self, Outcome};
use crate::report::{self, Run};
use crate::wire::{self, Response};
use crate::{Options, Way};

/// Requests under way at once.
const WORKERS: usize = 8;

/// Which suite, where it lies, and what is asked of it.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) cases: PathBuf,
    pub(crate) origin: Origin,
    pub(crate) upstream: Upstream,
    /// Cases about something else than the rules and the gateway, over sockets.
    pub(crate) exceptions: &'static [Exception],
    /// The share of cases that have to be good, in tenths of a percent; below it the run fails.
    pub(crate) required: Option<usize>,
}

/// One case whose expectation is of another server or client, and what happens here instead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exception {
    pub(crate) case: &'static str,
    /// The status that has to come over sockets; with any other the case has failed.
    pub(crate) status: u16,
    /// The rule that has to speak in place of the silence expected, if any.
    pub(crate) rule: Option<&'static str>,
    pub(crate) reason: &'static str,
}

/// In the suite of 4.28.0, whose expectations are those of Apache.
pub(crate) const IN_4: [Exception; 5] = [
    Exception {
        case: "920100-4",
        status: 405,
        rule: None,
        reason: "expects that CONNECT opens a tunnel; a gateway in front of one API opens none and \
                 answers 405",
    },
    Exception {
        case: "920181-1",
        status: 400,
        rule: None,
        reason: "Apache drops Content-Length beside Transfer-Encoding before any rule looks; here \
                 the request is refused with 400, and the rule says why",
    },
    Exception {
        case: "920430-5",
        status: 400,
        rule: Some("920430"),
        reason: "expects that the client cannot read an HTTP/0.9 answer; here a request line \
                 without a version is refused with 400",
    },
    Exception {
        case: "920620-1",
        status: 200,
        rule: Some("920620"),
        reason: "expects silence, since Apache joins two Content-Type fields into one before any \
                 rule looks; here they are seen as sent, and the rule speaks",
    },
    Exception {
        case: "921140-1",
        status: 400,
        rule: Some("921140"),
        reason: "expects that the server refuses a bare CR in a header before any rule looks; here \
                 it is refused with 400, and the rule says why",
    },
];

/// In the suite of 3.3.4, which was written for Apache.
pub(crate) const IN_3: [Exception; 3] = [
    Exception {
        case: "920181-1",
        status: 400,
        rule: None,
        reason: "Apache drops Content-Length beside Transfer-Encoding before any rule looks; here \
                 the request is refused with 400, and the rule says why",
    },
    Exception {
        case: "920400-1",
        status: 413,
        rule: None,
        reason: "expects silence, since Apache waits for the 10 MiB announced; here the length is \
                 refused with 413 at once",
    },
    Exception {
        case: "920430-5",
        status: 400,
        rule: Some("920430"),
        reason: "expects that the client cannot read an HTTP/0.9 answer; here a request line \
                 without a version is refused with 400",
    },
];

/// Runs a suite in both modes.
pub(crate) fn run(target: &Target, options: &Options) -> Result<(), String> {
    for (what, path) in [
        ("the suite's cases", &target.cases),
        ("the rule set's setup file", &target.origin.setup),
        ("the rule set's rules", &target.origin.rules),
    ] {
        if !path.exists() {
            let name = target.name;
            println!(
                "conformance {name}: skipped, not passed: {what} are absent ({})",
                path.display()
            );
            return Ok(());
        }
    }
    let suite = Suite::read(&target.cases).map_err(|fault| fault.to_string())?;
    let cases: Vec<Case> = suite
        .cases
        .into_iter()
        .filter(|case| {
            options
                .only
                .as_ref()
                .is_none_or(|only| case.name.contains(only))
        })
        .collect();
    let rules = Prepared::new(&target.origin, Settings::UpstreamTests)
        .map_err(|fault| fault.to_string())?;
    let engine = Engine::new(rules.path())?;
    let mut runs = Vec::new();
    if options.way != Way::Engine {
        runs.push(over_sockets(
            target,
            &cases,
            &engine,
            rules.path(),
            &options.binary,
        )?);
    }
    if options.way != Way::Sockets {
        let judged = cases
            .iter()
            .map(|case| (case.name.clone(), alone(target, case, &engine)));
        runs.push(Run {
            mode: "engine alone",
            cases: judged.collect(),
        });
    }
    for run in &mut runs {
        let unreadable = suite.unreadable.iter();
        run.cases.extend(unreadable.map(|(name, why)| {
            (
                name.clone(),
                Outcome::Failed(format!("cannot be read: {why}")),
            )
        }));
    }
    close(target, options, &runs)
}

fn close(target: &Target, options: &Options, runs: &[Run]) -> Result<(), String> {
    for run in runs {
        for (name, outcome) in &run.cases {
            if let (Outcome::Failed(why), true) = (outcome, options.verbose) {
                println!("{} {name}: {why}", run.mode);
            }
        }
    }
    for run in runs {
        println!("{}", run.line(target.name));
    }
    if options.writes() {
        let command = format!("cargo xtask conformance {}", target.name);
        let about = "All paranoia levels, limits as in upstream's own test runs, every request \
                     sent byte by byte as the suite's own client would.";
        let section = report::section(target.title, &command, about, runs);
        report::write(&options.results, &section).map_err(|fault| fault.to_string())?;
    }
    let worst = runs
        .iter()
        .map(|run| run.count().per_mille())
        .min()
        .unwrap_or(0);
    match target.required {
        Some(required) if options.only.is_none() && worst < required => Err(format!(
            "{}: {worst} of 1000 good, {required} required",
            target.name
        )),
        Some(_) | None => Ok(()),
    }
}

fn alone(target: &Target, case: &Case, engine: &Engine) -> Outcome {
    let mut last = Vec::new();
    let outcome = first_bad(case.stages.iter().map(|stage| {
        let findings = engine.findings(stage);
        let outcome = judge::engine(&stage.expect, findings.as_deref());
        last = findings.unwrap_or_default();
        outcome
    }));
    // What only a server could refuse is told by the rule instead.
    except(target, case, outcome, |exception| {
        exception.rule.is_some_and(|rule| says(&last, rule))
    })
}

fn says(findings: &[Finding], rule: &str) -> bool {
    findings.iter().any(|finding| finding.rule == rule)
}

/// The first outcome of several stages that is not a pass.
fn first_bad(outcomes: impl Iterator<Item = Outcome>) -> Outcome {
    let mut rest = outcomes.filter(|outcome| *outcome != Outcome::Passed);
    rest.next().unwrap_or(Outcome::Passed)
}

fn over_sockets(
    target: &Target,
    cases: &[Case],
    engine: &Engine,
    rules: &Path,
    binary: &Path,
) -> Result<Run, String> {
    let upstream = echo::start(target.upstream).map_err(|fault| fault.to_string())?;
    let policy = Policy {
        mode: Mode::Watch,
        rules: rules.display().to_string(),
        limits: false,
        lists: false,
        keep_all: true,
    };
    let gateway = Gateway::start(binary, &policy, upstream)?;
    let responses = send_all(cases, gateway.address);
    let store = gateway.stop()?;
    let judged = cases.iter().zip(&responses).map(|(case, responses)| {
        let outcome = judge_case(case, responses, &store, engine);
        let last = responses.last().and_then(Option::as_ref);
        let event = last.and_then(|last| store.event(last.id?));
        let outcome = except(target, case, outcome, |exception| {
            last.is_some_and(|last| last.status == exception.status)
                && exception.rule.is_none_or(|rule| {
                    event
                        .as_ref()
                        .is_some_and(|event| says(&event.findings, rule))
                })
        });
        (case.name.clone(), outcome)
    });
    Ok(Run {
        mode: "over sockets",
        cases: judged.collect(),
    })
}

fn judge_case(
    case: &Case,
    responses: &[Option<Response>],
    store: &Store,
    engine: &Engine,
) -> Outcome {
    let stages = case.stages.iter().zip(responses);
    first_bad(stages.map(|(stage, response)| {
        let id = response.as_ref().and_then(|response| response.id);
        let event = id.and_then(|id| store.event(id));
        let confirmed =
            || judge::engine(&stage.expect, engine.findings(stage).as_deref()) == Outcome::Passed;
        judge::socket(&stage.expect, response.as_ref(), event.as_ref(), confirmed)
    }))
}

/// A failure that is an exception, and happens as the exception says, is none.
fn except(
    target: &Target,
    case: &Case,
    outcome: Outcome,
    happens: impl Fn(&Exception) -> bool,
) -> Outcome {
    let Outcome::Failed(_) = outcome else {
        return outcome;
    };
    let holds = |exception: &&Exception| exception.case == case.name && happens(exception);
    match target.exceptions.iter().find(holds) {
        Some(exception) => Outcome::NotApplicable(exception.reason.to_owned()),
        None => outcome,
    }
}

/// Sends every case, several at once; the stages of one case in order.
fn send_all(cases: &[Case], address: SocketAddr) -> Vec<Vec<Option<Response>>> {
    let next = AtomicUsize::new(0);
    let all = Mutex::new(vec![Vec::new(); cases.len()]);
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some((at, case)) = take(&next, cases) {
                    let stages = case.stages.iter();
                    let responses = stages.map(|stage| wire::exchange(address, &stage.request));
                    let responses = responses.collect();
                    let mut all = all
                        .lock()
                        .unwrap_or_else(std::sync::PoisonError::into_inner);
                    if let Some(place) = all.get_mut(at) {
                        *place = responses;
                    }
                }
            });
        }
    });
    all.into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn take<'a>(next: &AtomicUsize, cases: &'a [Case]) -> Option<(usize, &'a Case)> {
    let at = next.fetch_add(1, Ordering::Relaxed);
    Some((at, cases.get(at)?))
}
