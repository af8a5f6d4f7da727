use std::sync::Arc;

use babyshield_events::Store;
use babyshield_model::Clock;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::Gateway;
use crate::login::Links;
use crate::session::Sessions;

/// Questions to the store at one time; the rest wait.
const QUESTIONS: usize = 4;

/// Live streams at one time; the rest are refused.
const STREAMS: usize = 32;

/// What the dashboard stands on.
#[derive(Clone)]
pub struct Config {
    /// The events.
    pub store: Arc<Store>,
    /// The running gateway.
    pub gateway: Arc<dyn Gateway>,
    /// For the expiry of links and sessions.
    pub clock: Arc<dyn Clock>,
    /// Host names, without a port, under which the page may be asked for besides `localhost`
    /// and plain addresses.
    pub hosts: Vec<String>,
    /// Whether the listener speaks TLS: cookies are then for TLS only.
    pub secure: bool,
}

/// The dashboard as it runs. Cheap to clone.
#[derive(Clone)]
pub struct State(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) links: Links,
    pub(crate) sessions: Sessions,
    pub(crate) questions: Semaphore,
    pub(crate) streams: Arc<Semaphore>,
    /// Ends the live streams, which would otherwise outlast a shutdown.
    pub(crate) closing: CancellationToken,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    /// Without links and sessions yet.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self(Arc::new(Inner {
            config,
            links: Links::default(),
            sessions: Sessions::default(),
            questions: Semaphore::new(QUESTIONS),
            streams: Arc::new(Semaphore::new(STREAMS)),
            closing: CancellationToken::new(),
        }))
    }

    /// A new login link under `base`, such as `http://127.0.0.1:9000`: good once, for ten
    /// minutes. It is a secret: show it to the operator's terminal, not to a log. `None` when
    /// the system has no randomness to give.
    #[must_use]
    pub fn login_link(&self, base: &str) -> Option<String> {
        let token = self.0.links.create(self.0.config.clock.monotonic())?;
        Some(format!(
            "{}/login?token={token}",
            base.trim_end_matches('/')
        ))
    }
}
