//! Events as they happen, as server-sent events: `request` and `system` carry an event, `lost`
//! the number of events this stream was too slow for.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State as Extract;
use axum::response::sse::{Event as Message, KeepAlive, Sse};
use babyshield_model::Event;
use futures_util::{Stream, StreamExt};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;

use crate::State;
use crate::error::Error;
use crate::session::Current;

/// A line at least so often, so that both ends notice when the other is gone.
const ALIVE: Duration = Duration::from_secs(15);

pub(crate) async fn live(
    Extract(state): Extract<State>,
    Extension(current): Extension<Current>,
) -> Result<Sse<impl Stream<Item = Result<Message, Infallible>>>, Error> {
    let inner = &state.0;
    let permit = std::sync::Arc::clone(&inner.streams)
        .try_acquire_owned()
        .map_err(|_| Error::Busy)?;
    let closing = inner.closing.clone().cancelled_owned();
    let events = BroadcastStream::new(inner.config.store.subscribe())
        .take_while(move |_| {
            let _held = &permit;
            let now = state.0.config.clock.monotonic();
            std::future::ready(state.0.sessions.is_open(&current, now))
        })
        .filter_map(|item| std::future::ready(message(item).map(Ok)))
        .take_until(closing);
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

fn message(item: Result<std::sync::Arc<Event>, BroadcastStreamRecvError>) -> Option<Message> {
    match item {
        Ok(event) => {
            let name = match event.as_ref() {
                Event::Request(_) => "request",
                Event::System(_) => "system",
            };
            Message::default()
                .event(name)
                .json_data(event.as_ref())
                .ok()
        }
        Err(BroadcastStreamRecvError::Lagged(count)) => {
            Some(Message::default().event("lost").data(count.to_string()))
        }
    }
}
