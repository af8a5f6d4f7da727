//! A running gateway, and how its plan is replaced while it runs.

use std::collections::HashMap;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use babyshield_model::{Clock, Event, Sink, SystemEvent};
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::admission::Admission;
use crate::listen;
use crate::plan::Plan;
use crate::stack::{self, Stack};
use crate::tunnel::Tunnels;
use crate::upstream;
use crate::workers::Workers;

/// Milliseconds between two events about connections turned away.
const QUIET: u64 = 10_000;

/// Why a plan could not be put to work. The one before it goes on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address as written.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// A thread to serve on cannot be had.
    #[error("cannot start a thread to serve on: {0}")]
    Thread(std::io::Error),
}

/// A plan at work.
pub(crate) struct Running {
    pub(crate) plan: Plan,
    pub(crate) stack: Stack,
    listeners: HashMap<Key, Option<Arc<ServerConfig>>>,
}

/// A listener as the policy names it: its address, and which of several with port 0 it is.
pub(crate) type Key = (SocketAddr, usize);

impl Running {
    /// What TLS the listener speaks, if any.
    pub(crate) fn tls(&self, key: Key) -> Option<&Arc<ServerConfig>> {
        self.listeners.get(&key)?.as_ref()
    }
}

/// What every connection needs.
pub(crate) struct Shared {
    pub(crate) running: ArcSwap<Running>,
    pub(crate) admission: Admission,
    /// Connections and tunnels.
    pub(crate) tasks: TaskTracker,
    /// Finish what is begun, begin nothing.
    pub(crate) stop: CancellationToken,
    /// Drop everything.
    pub(crate) end: CancellationToken,
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    turned_away: AtomicU64,
    told: AtomicU64,
}

impl Shared {
    /// Counts a connection that was closed for want of room, and says so now and then.
    pub(crate) fn turned_away(&self, peer: IpAddr) {
        let count = self.turned_away.fetch_add(1, Ordering::Relaxed) + 1;
        let now = self.clock.now();
        let told = self.told.load(Ordering::Relaxed);
        let due = now.0.saturating_sub(told) >= QUIET;
        let turn = || {
            self.told
                .compare_exchange(told, now.0, Ordering::Relaxed, Ordering::Relaxed)
        };
        if due && turn().is_ok() {
            let message = format!("connections turned away so far: {count}, the last from {peer}");
            self.sink.record(Event::System(SystemEvent {
                at: now,
                name: "connection.refused".to_owned(),
                message,
            }));
        }
    }
}

/// A running gateway. Clones are the same gateway.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
    open: Arc<Mutex<Open>>,
    /// Held here and by whoever accepts: with the last of them, the threads end.
    workers: Arc<Workers>,
}

/// What runs besides the connections.
struct Open {
    listeners: HashMap<Key, Listening>,
    health: JoinSet<()>,
}

struct Listening {
    address: SocketAddr,
    stop: CancellationToken,
}

impl Handle {
    /// Listens, and serves until stopped.
    ///
    /// # Errors
    /// An address cannot be listened on, or a thread cannot be had; then nothing runs.
    pub async fn start(
        plan: Plan,
        sink: Arc<dyn Sink>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        let bound = bind(&plan, |_| true)?;
        let workers = Workers::start().map_err(Error::Thread)?;
        let tasks = TaskTracker::new();
        let end = CancellationToken::new();
        let tunnels = tunnels(&plan, &tasks, &end);
        let running = run(plan, Arc::clone(&sink), Arc::clone(&clock), tunnels);
        let shared = Arc::new(Shared {
            running: ArcSwap::from_pointee(running),
            admission: Admission::default(),
            tasks,
            stop: CancellationToken::new(),
            end,
            sink,
            clock,
            turned_away: AtomicU64::new(0),
            told: AtomicU64::new(0),
        });
        let handle = Self {
            shared,
            open: Arc::new(Mutex::new(Open {
                listeners: HashMap::new(),
                health: JoinSet::new(),
            })),
            workers: Arc::new(workers),
        };
        let mut open = handle.open.lock().await;
        handle.listen(&mut open, bound);
        handle.watch(&mut open);
        drop(open);
        Ok(handle)
    }

    /// Puts another plan to work. Open connections stay open and use it from their next request
    /// on; listeners both plans name go on; new connections get the new certificates. A server
    /// that is down stays down until its checks say otherwise.
    ///
    /// # Errors
    /// An address cannot be listened on; then the plan before goes on unchanged.
    pub async fn reload(&self, plan: Plan) -> Result<(), Error> {
        let mut open = self.open.lock().await;
        let bound = bind(&plan, |key| !open.listeners.contains_key(key))?;
        let shared = &self.shared;
        let tunnels = tunnels(&plan, &shared.tasks, &shared.end);
        let before = shared.running.load();
        for upstream in &plan.upstreams {
            upstream.inherit(&before.plan.upstreams);
        }
        drop(before);
        let running = run(
            plan,
            Arc::clone(&shared.sink),
            Arc::clone(&shared.clock),
            tunnels,
        );
        open.listeners.retain(|key, listening| {
            let stays = running.listeners.contains_key(key);
            if !stays {
                listening.stop.cancel();
            }
            stays
        });
        shared.running.store(Arc::new(running));
        self.listen(&mut open, bound);
        self.watch(&mut open);
        Ok(())
    }

    /// The addresses listened on, in the order of the plan.
    pub async fn addresses(&self) -> Vec<SocketAddr> {
        let open = self.open.lock().await;
        let running = self.shared.running.load();
        keys(&running.plan)
            .filter_map(|(key, _)| open.listeners.get(&key))
            .map(|listening| listening.address)
            .collect()
    }

    /// The upstream servers of the plan in force, each once, as written, and whether it gets requests.
    #[must_use]
    pub fn servers(&self) -> Vec<(Arc<str>, bool)> {
        let running = self.shared.running.load();
        let mut servers: Vec<(Arc<str>, bool)> = Vec::new();
        for server in running.plan.upstreams.iter().flat_map(|own| &own.servers) {
            let (name, well) = (&server.target.text, server.is_well());
            match servers.iter_mut().find(|(own, _)| own == name) {
                // Two upstreams may name it; it is well where both find it so.
                Some((_, own)) => *own &= well,
                None => servers.push((Arc::clone(name), well)),
            }
        }
        servers
    }

    /// Connections open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.admission.total()
    }

    /// Accepts nothing more, finishes what is being served within `timeouts.drain`, then drops
    /// what is left. Returns how many connections had to be dropped.
    pub async fn stop(&self) -> usize {
        let mut open = self.open.lock().await;
        for (_, listening) in open.listeners.drain() {
            listening.stop.cancel();
        }
        open.health.shutdown().await;
        drop(open);
        let shared = &self.shared;
        shared.stop.cancel();
        shared.tasks.close();
        let drain = shared.running.load().plan.timeouts.drain;
        let drained = tokio::time::timeout(drain, shared.tasks.wait()).await;
        let left = if drained.is_ok() {
            0
        } else {
            shared.tasks.len()
        };
        shared.end.cancel();
        shared.tasks.wait().await;
        left
    }

    fn listen(&self, open: &mut Open, bound: Vec<(Key, TcpListener)>) {
        for (key, listener) in bound {
            let stop = CancellationToken::new();
            let address = listener.local_addr().unwrap_or(key.0);
            let (shared, workers) = (Arc::clone(&self.shared), Arc::clone(&self.workers));
            let accepting = listen::accept(listener, key, shared, workers, stop.clone());
            tokio::spawn(accepting);
            open.listeners.insert(key, Listening { address, stop });
        }
    }

    /// Health checks of the plan in force, in place of those of the plan before.
    fn watch(&self, open: &mut Open) {
        open.health = JoinSet::new();
        let running = self.shared.running.load();
        for upstream in &running.plan.upstreams {
            let (sink, clock) = (
                Arc::clone(&self.shared.sink),
                Arc::clone(&self.shared.clock),
            );
            open.health
                .spawn(upstream::watch(Arc::clone(upstream), sink, clock));
        }
    }
}

/// Runs a gateway until `shutdown` is ready, then stops it.
///
/// # Errors
/// An address cannot be listened on.
pub async fn run_until(
    plan: Plan,
    sink: Arc<dyn Sink>,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    let handle = Handle::start(plan, sink, clock).await?;
    shutdown.await;
    handle.stop().await;
    Ok(())
}

fn tunnels(plan: &Plan, tasks: &TaskTracker, end: &CancellationToken) -> Tunnels {
    Tunnels {
        tasks: tasks.clone(),
        end: end.clone(),
        idle: plan.timeouts.tunnel,
    }
}

fn run(plan: Plan, sink: Arc<dyn Sink>, clock: Arc<dyn Clock>, tunnels: Tunnels) -> Running {
    let stack = stack::build(&plan, sink, clock, tunnels);
    let listeners = keys(&plan).map(|(key, tls)| (key, tls.cloned())).collect();
    Running {
        plan,
        stack,
        listeners,
    }
}

/// The listeners of a plan under their keys.
fn keys(plan: &Plan) -> impl Iterator<Item = (Key, Option<&Arc<ServerConfig>>)> {
    let mut seen: HashMap<SocketAddr, usize> = HashMap::new();
    plan.listen.iter().map(move |listener| {
        let count = seen.entry(listener.address).or_default();
        let key = (listener.address, *count);
        *count += 1;
        (key, listener.tls.as_ref())
    })
}

fn bind(plan: &Plan, wanted: impl Fn(&Key) -> bool) -> Result<Vec<(Key, TcpListener)>, Error> {
    keys(plan)
        .filter(|(key, _)| wanted(key))
        .map(|(key, _)| match listen::bind(key.0) {
            Ok(listener) => Ok((key, listener)),
            Err(source) => Err(Error::Bind {
                address: key.0,
                source,
            }),
        })
        .collect()
}
