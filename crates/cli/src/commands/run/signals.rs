//! What the process is told from outside.

use std::future::Future;
use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinHandle;

use crate::output::Failure;

/// Requests to stop, heard from the moment this value is made.
pub(super) struct Stop {
    term: Signal,
    int: Signal,
}

impl Stop {
    /// Begins to listen; without it these signals end the process on the spot.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            term: signal(SignalKind::terminate())?,
            int: signal(SignalKind::interrupt())?,
        })
    }

    /// Waits for SIGTERM or SIGINT.
    async fn told(&mut self) {
        tokio::select! {
            _ = self.term.recv() => {}
            _ = self.int.recv() => {}
        }
    }

    /// Waits until told, or until the dashboard fails.
    pub(super) async fn or_failed(
        &mut self,
        dashboard: JoinHandle<io::Result<()>>,
    ) -> Result<(), Failure> {
        let failed = tokio::select! {
            () = self.told() => {
                tracing::info!(target: "babyshield", "stopping; requests under way may finish");
                return Ok(());
            }
            failed = dashboard => failed,
        };
        let reason = match failed {
            Ok(Ok(())) => "it ended".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(error) => error.to_string(),
        };
        Err(Failure::Broken(format!("the dashboard failed: {reason}")))
    }

    /// Waits for `work`, unless told a second time.
    pub(super) async fn or_at_once<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            done = work => Some(done),
            () = self.told() => None,
        }
    }
}

/// Requests to read the policy again.
pub(super) fn hangup() -> io::Result<Signal> {
    signal(SignalKind::hangup())
}

/// Requests for another login link.
pub(super) fn login() -> io::Result<Signal> {
    signal(SignalKind::user_defined1())
}
