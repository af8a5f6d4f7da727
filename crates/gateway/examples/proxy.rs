//! The smallest gateway: forwards to one upstream, with no rules and no limits of its own.
//!
//! `cargo run -p babyshield-gateway --example proxy -- 127.0.0.1:8080 http://127.0.0.1:3000`

use std::error::Error;
use std::sync::Arc;

use babyshield_gateway::spec::{Listen, Upstream};
use babyshield_gateway::{Engines, Plan, Spec, SystemClock, run_until};
use babyshield_layers::block;
use babyshield_limit::store::memory::Store;
use babyshield_model::{Diagnostics, Event, Mode, Sink};
use babyshield_reputation::{addr, agent, path};

/// Forgets every event.
struct Nowhere;

impl Sink for Nowhere {
    fn record(&self, _: Event) {}
}

fn plan(listen: &str, upstream: &str) -> Result<Plan, Box<dyn Error>> {
    let spec = Spec {
        mode: Mode::Off,
        listen: vec![Listen::plain(listen.parse()?)],
        upstreams: vec![Upstream::single("main", upstream)],
        ..Spec::default()
    };
    engines()
        .and_then(|engines| Plan::compile(&spec, engines))
        .map_err(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            lines.join("\n").into()
        })
}

/// Engines that have nothing to say.
fn engines() -> Result<Engines, Diagnostics> {
    let rules = babyshield_waf::Spec {
        rules: Vec::new(),
        ..babyshield_waf::Spec::default()
    };
    let waf = babyshield_waf::Plan::compile(&rules, &babyshield_waf::source::Memory::default())?;
    let limits = babyshield_limit::Plan::compile(&babyshield_limit::Spec::default())?;
    let store = Arc::new(Store::new(limits.bounds()));
    Ok(Engines {
        waf: Arc::new(waf.plan),
        response_body: rules.limits.response_body.as_usize(),
        limits: Arc::new(limits),
        store,
        block: Arc::new(block::Plan {
            allow: addr::Networks::default(),
            deny: addr::Networks::default(),
            agents: agent::Plan::compile(&agent::Spec::default())?,
            paths: path::Plan::compile(&path::Spec::default())?,
        }),
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut words = std::env::args().skip(1);
    let listen = words.next().ok_or("where to listen?")?;
    let upstream = words.next().ok_or("where to forward to?")?;
    let plan = plan(&listen, &upstream)?;
    let interrupted = async { drop(tokio::signal::ctrl_c().await) };
    run_until(
        plan,
        Arc::new(Nowhere),
        Arc::new(SystemClock::start()),
        interrupted,
    )
    .await?;
    Ok(())
}
