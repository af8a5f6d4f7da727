//! The other side of [`super::subject`]: this program as an engine.

use std::io::{BufRead, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use babyshield_waf::source::Disk;
use babyshield_waf::{Connection, Decision, Plan, Spec};
use clap::ValueEnum;
use rustix::time::{ClockId, clock_gettime};

use super::Request;
use super::subject::{Ready, Told};
use crate::process;

/// Engines that are libraries of Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// BabyShield's.
    Ours,
    /// zentinel-modsec.
    Zentinel,
}

/// Judges a request; whether it is stopped.
type Judge = Box<dyn Fn(&Request) -> bool>;

/// Loads the rules, then judges what it is told to until its input ends.
pub(crate) fn serve(engine: Engine, rules: &Path, corpus: &Path) -> Result<(), String> {
    let requests = read(corpus)?;
    let before = process::resident(std::process::id());
    let began = now(ClockId::Monotonic);
    let judge: Judge = match engine {
        Engine::Ours => {
            let plan = load(rules)?;
            Box::new(move |request| judge(&plan, request))
        }
        Engine::Zentinel => zentinel::load(rules)?,
    };
    let load = now(ClockId::Monotonic) - began;
    let after = process::resident(std::process::id());
    say(&Ready {
        load: nanoseconds(load),
        memory: i64::try_from(after).unwrap_or_default()
            - i64::try_from(before).unwrap_or_default(),
        name: match engine {
            Engine::Ours => format!("BabyShield {}", env!("CARGO_PKG_VERSION")),
            Engine::Zentinel => zentinel::NAME.to_owned(),
        },
    })?;
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|fault| fault.to_string())?;
        let mut range = line.split(' ').filter_map(|word| word.parse().ok());
        let (Some(first), Some(last)) = (range.next(), range.next()) else {
            return Err(format!("no range: {line}"));
        };
        let asked = requests.get(first..last).unwrap_or_default();
        let told: Vec<Told> = asked.iter().map(|request| time(&judge, request)).collect();
        say(&told)?;
    }
    Ok(())
}

fn time(judge: &dyn Fn(&Request) -> bool, request: &Request) -> Told {
    let began = now(ClockId::ThreadCPUTime);
    let stopped = judge(request);
    Told(nanoseconds(now(ClockId::ThreadCPUTime) - began), stopped)
}

fn say(told: &impl serde::Serialize) -> Result<(), String> {
    let text = serde_json::to_string(told).map_err(|fault| fault.to_string())?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|fault| fault.to_string())
}

pub(super) fn read(corpus: &Path) -> Result<Vec<Request>, String> {
    let text = std::fs::read_to_string(corpus).map_err(|fault| fault.to_string())?;
    text.lines()
        .map(|line| serde_json::from_str(line).map_err(|fault| fault.to_string()))
        .collect()
}

pub(super) fn now(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

pub(super) fn load(rules: &Path) -> Result<Arc<Plan>, String> {
    let spec = Spec {
        rules: vec![rules.to_owned()],
        ..Spec::default()
    };
    match Plan::compile(&spec, &Disk) {
        Ok(compiled) => Ok(Arc::new(compiled.plan)),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

/// The whole life of a transaction; whether the request was stopped.
pub(super) fn judge(plan: &Arc<Plan>, request: &Request) -> bool {
    let mut transaction = plan.begin(Connection {
        client: SocketAddr::from((Ipv4Addr::new(203, 0, 113, 7), 40_000)),
        server: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 80)),
    });
    transaction.request_line(
        request.method.as_bytes(),
        request.target.as_bytes(),
        b"HTTP/1.1",
    );
    for (name, value) in &request.headers {
        transaction.request_header(name.as_bytes(), value.as_bytes());
    }
    let mut decision = transaction.request_head_end();
    if decision == Decision::Continue && !request.body.is_empty() {
        decision = transaction.request_body(&request.body);
    }
    if decision == Decision::Continue {
        transaction.request_end();
    }
    transaction.finish().interruption.is_some()
}

#[cfg(feature = "zentinel")]
mod zentinel {
    use std::path::Path;

    use zentinel_modsec::ModSecurity;

    use super::{Judge, Request};

    pub(super) const NAME: &str = "zentinel-modsec 0.5.0";

    pub(super) fn load(main: &Path) -> Result<Judge, String> {
        let main = main.to_string_lossy();
        let engine = ModSecurity::from_file(&main).map_err(|fault| fault.to_string())?;
        // A request it cannot judge is not stopped.
        Ok(Box::new(move |request| {
            judge(&engine, request).unwrap_or(false)
        }))
    }

    fn judge(engine: &ModSecurity, request: &Request) -> zentinel_modsec::Result<bool> {
        let mut transaction = engine.new_transaction();
        transaction.set_client_addr("203.0.113.7", 40_000);
        transaction.set_server_addr("192.0.2.1", 80);
        transaction.process_uri(&request.target, &request.method, "HTTP/1.1")?;
        for (name, value) in &request.headers {
            transaction.add_request_header(name, value)?;
        }
        transaction.process_request_headers()?;
        if !transaction.has_intervention() {
            if !request.body.is_empty() {
                transaction.append_request_body(&request.body)?;
            }
            transaction.process_request_body()?;
        }
        let stopped = transaction.has_intervention();
        transaction.process_logging()?;
        Ok(stopped)
    }
}

#[cfg(not(feature = "zentinel"))]
mod zentinel {
    use std::path::Path;

    use super::Judge;

    pub(super) const NAME: &str = "";

    pub(super) fn load(_: &Path) -> Result<Judge, String> {
        Err("built without the feature `zentinel`".to_owned())
    }
}
