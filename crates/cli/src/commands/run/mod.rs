//! `babyshield run`: composes the gateway, the event store and the dashboard, and keeps them in
//! step with the policy until told to stop.

mod loader;
mod overview;
mod reload;
mod screen;
mod signals;
mod watch;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use babyshield_dashboard::{Config, State};
use babyshield_events::{Metrics, Store};
use babyshield_gateway::audit::Writers;
use babyshield_gateway::remember::Keeper;
use babyshield_gateway::{Handle, SystemClock};
use babyshield_model::{Clock, Sink, Timestamp};
use babyshield_policy::Policy;
use babyshield_policy::spec::{Format as LogFormat, Log, Severity};
use clap::Args;
use tokio::net::TcpListener;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::output::{self, Exit, Failure, Outcome};
use crate::policy::{Named, Origin, over};
use loader::Loader;
use overview::Overview;
use reload::Reloader;

/// How long the last events may take to reach the disk when stopping.
const FLUSH: Duration = Duration::from_secs(5);

/// Start the gateway and its dashboard
///
/// The policy, and every file it names, is watched: a changed
/// policy is put to work without dropping a connection; a faulty one is refused, told, and the one
/// in force stays. SIGHUP reads it again at once. SIGUSR1 prints another login link for the
/// dashboard. SIGTERM and SIGINT let requests under way finish; a second one ends at once.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit codes: 0 stopped when told to; 2 the policy is wrong; 3 it could not \
                        start or failed."
)]
pub(crate) struct Run {
    #[command(flatten)]
    named: Named,
    /// Where requests go, in place of what the policy says; can be given several times.
    #[arg(short, long, value_name = "URL")]
    upstream: Vec<String>,
    /// Where requests are taken, in place of what the policy says; can be given several times.
    #[arg(short, long, value_name = "ADDR")]
    listen: Vec<String>,
}

impl Run {
    pub(crate) fn execute(self) -> Outcome {
        let origin = self.origin()?;
        let clock = SystemClock::start();
        let loading = clock.now();
        let loader = Loader::start()?;
        let first = origin.clone();
        let policy = loader.give(move || first.load()).wait()?;
        crate::diagnostics::print(policy.warnings(), output::Format::Text);
        log(&policy.spec.log);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?;
        let started = Started {
            origin,
            policy,
            loading,
            loader,
        };
        let outcome = runtime.block_on(run(started, Arc::new(clock)));
        // Whatever still waits for a disk or a name is not waited for.
        runtime.shutdown_timeout(Duration::from_secs(1));
        outcome
    }

    fn origin(&self) -> Result<Origin, Failure> {
        let said = !self.upstream.is_empty() || !self.listen.is_empty();
        let over = said.then(|| over(&self.upstream, &self.listen));
        let path = self.named.find();
        if path.is_none() && self.upstream.is_empty() {
            return Err(Failure::Usage(
                "there is no babyshield.toml here; name a policy with --policy FILE, or the API to \
                 protect with --upstream URL"
                    .to_owned(),
            ));
        }
        Ok(Origin { path, over })
    }
}

/// Writes log lines to standard error: our own from the policy's level on, others' from `warn`.
fn log(log: &Log) {
    let level = match log.level.value {
        Severity::Error => LevelFilter::ERROR,
        Severity::Warn => LevelFilter::WARN,
        Severity::Info => LevelFilter::INFO,
        Severity::Debug => LevelFilter::DEBUG,
    };
    let others = level.min(LevelFilter::WARN);
    let targets = Targets::new()
        .with_default(others)
        .with_target("babyshield", level)
        // The event store writes the same line, with its reason and at a bounded rate.
        .with_target("babyshield_layers::record", LevelFilter::OFF);
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(crate::diagnostics::colours());
    let lines = match log.format.value {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(targets))
        .init();
}

/// What is there before anything runs.
struct Started {
    origin: Origin,
    policy: Policy,
    /// When reading the policy began.
    loading: Timestamp,
    loader: Loader,
}

async fn run(started: Started, clock: Arc<dyn Clock>) -> Outcome {
    let Started {
        origin,
        mut policy,
        loading,
        loader,
    } = started;
    let (mut stop, hangup) = (signals::Stop::listen()?, signals::hangup()?);
    let asked = signals::login()?;
    let store = Arc::new(open(&policy, Arc::clone(&clock)).map_err(Failure::broken)?);
    let sink: Arc<dyn Sink> = Arc::clone(&store) as Arc<dyn Sink>;
    let admin = listen(policy.admin()).await?;
    let spent = policy.store();
    let keeper = remember(&mut policy, &clock)?;
    let plan = policy.plan(Arc::clone(&spent)).map_err(Failure::Faulty)?;
    let audits = audits(&policy)?;
    let handle = Handle::start(plan, Arc::clone(&sink), Arc::clone(&clock)).await;
    let handle = handle.map_err(Failure::broken)?;
    let addresses = handle.addresses().await;
    let overview = Arc::new(Overview::new(handle.clone()));
    overview.take(&policy, &origin, &addresses, clock.now());

    let end = CancellationToken::new();
    let base = format!("http://{}", admin.local_addr()?);
    let dashboard = pages(&store, &overview, &clock);
    let link = dashboard.login_link(&base);
    output::print(screen::first(&policy, &origin, &addresses, link.as_deref()))?;
    let links = tokio::spawn(links(asked, dashboard.clone(), base));
    let ended = end.clone().cancelled_owned();
    let dashboard = tokio::spawn(babyshield_dashboard::serve(admin, dashboard, ended));

    let reloader = Reloader {
        origin,
        loader,
        handle: handle.clone(),
        spent,
        audits: Arc::clone(&audits),
        sink,
        overview,
        clock,
        hangup,
    };
    let watching = tokio::spawn(reloader.run(policy, loading, end.clone()));
    let outcome = stop.or_failed(dashboard).await;
    let left = stop.or_at_once(handle.stop()).await;
    if let Some(left @ 1..) = left {
        tracing::warn!(target: "babyshield", "{left} connections did not finish in time");
    }
    end.cancel();
    // A reload under way belongs to a gateway that has stopped.
    watching.abort();
    links.abort();
    let kept = keeper.is_none_or(|keeper| keeper.flush(FLUSH));
    let written = [
        (store.flush(FLUSH), "the last events"),
        (audits.flush(FLUSH), "the last audit records"),
        (kept, "what rules remember"),
    ];
    for (_, what) in written.iter().filter(|(whole, _)| !whole) {
        tracing::warn!(target: "babyshield", "{what} did not reach the disk");
    }
    outcome.map(|()| Exit::Ok)
}

/// The writers of audit logs, at work for the policy's rules.
fn audits(policy: &Policy) -> Result<Arc<Writers>, Failure> {
    let audits = Writers::default();
    audits.serve(&policy.rules).map_err(Failure::broken)?;
    Ok(Arc::new(audits))
}

/// Has the rules go on with what they remembered before the last stop, where the policy says so.
fn remember(policy: &mut Policy, clock: &Arc<dyn Clock>) -> Result<Option<Keeper>, Failure> {
    let Some(path) = policy.collections() else {
        return Ok(None);
    };
    let keeper = Keeper::open(&path, Arc::clone(clock))
        .map_err(|fault| Failure::broken(format!("`waf.collections` cannot be kept in {fault}")))?;
    policy.remember(keeper.collections());
    Ok(Some(keeper))
}

/// The event store, which writes to the metrics of this process.
fn open(policy: &Policy, clock: Arc<dyn Clock>) -> Result<Store, babyshield_events::Error> {
    let metrics = Metrics::new();
    metrics.install()?;
    Store::open(&policy.events, clock, metrics)
}

async fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| {
        Failure::Broken(format!("the dashboard cannot listen on {address}: {error}"))
    })
}

fn pages(store: &Arc<Store>, overview: &Arc<Overview>, clock: &Arc<dyn Clock>) -> State {
    State::new(Config {
        store: Arc::clone(store),
        gateway: Arc::clone(overview) as Arc<dyn babyshield_dashboard::Gateway>,
        clock: Arc::clone(clock),
        hosts: Vec::new(),
        secure: false,
    })
}

/// Prints another login link whenever it is asked for.
async fn links(mut asked: Signal, dashboard: State, base: String) {
    while asked.recv().await.is_some() {
        let link = dashboard.login_link(&base);
        // Standard output may be closed; that is no reason to stop.
        drop(output::print(screen::link(link.as_deref())));
    }
}
