//! When to stop.

use std::future::Future;
use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::output::Failure;

/// Waits for SIGTERM or SIGINT, or for the dashboard to fail.
pub(super) async fn until_told(
    dashboard: JoinHandle<io::Result<()>>,
    end: CancellationToken,
) -> Result<(), Failure> {
    let (mut term, mut int) = (
        signal(SignalKind::terminate())?,
        signal(SignalKind::interrupt())?,
    );
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
        () = end.cancelled() => {}
        failed = dashboard => {
            let reason = match failed {
                Ok(Ok(())) => "it ended".to_owned(),
                Ok(Err(error)) => error.to_string(),
                Err(error) => error.to_string(),
            };
            return Err(Failure::Broken(format!("the dashboard failed: {reason}")));
        }
    }
    tracing::info!(target: "babyshield", "stopping; requests under way may finish");
    Ok(())
}

/// Waits for `work`, unless a second signal says to end at once.
pub(super) async fn or_at_once<T>(work: impl Future<Output = T>) -> Option<T> {
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        return Some(work.await);
    };
    tokio::select! {
        done = work => Some(done),
        _ = term.recv() => None,
        _ = int.recv() => None,
    }
}
