use std::error::Error;
use std::future::poll_fn;
use std::pin::pin;

use babyshield_model::{Layer, Verdict};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body;

use super::Judge;
use crate::{Collected, Exchange, Refusal, Replayed};

/// Reads a whole request body, showing each piece to the rules as it comes.
pub(super) async fn request<B>(
    body: B,
    mut collected: Collected,
    judge: &mut Option<Judge>,
    exchange: &Exchange,
) -> Result<Replayed<B>, Refusal>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut body = pin!(body);
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        let frame = frame.map_err(|error| broken(&*error.into(), exchange))?;
        match frame.into_data() {
            Ok(data) => {
                if let Some(refusal) = judge.as_mut().and_then(|judge| judge.chunk(&data)) {
                    return Err(refusal);
                }
                if !collected.push(data) {
                    return Err(overfull(exchange));
                }
            }
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    collected.trailers(trailers);
                }
            }
        }
    }
    match judge.as_mut().and_then(Judge::end) {
        Some(refusal) => Err(refusal),
        None => Ok(Replayed::new(collected, None)),
    }
}

/// Why a response could not be read.
pub(super) enum Lost {
    /// It broke off.
    Broken,
    /// All bodies together hold more than they may: what cannot be inspected does not pass.
    Overfull,
}

/// Reads a response body up to `limit` bytes; what is behind them is left in the stream.
pub(super) async fn response<B>(
    mut body: B,
    mut collected: Collected,
    limit: usize,
) -> Result<Replayed<B>, Lost>
where
    B: Body<Data = Bytes> + Unpin,
{
    while collected.len() < limit {
        let mut pinned = std::pin::Pin::new(&mut body);
        let Some(frame) = poll_fn(|cx| pinned.as_mut().poll_frame(cx)).await else {
            return Ok(Replayed::new(collected, None));
        };
        match frame.map_err(|_| Lost::Broken)?.into_data() {
            Ok(data) => {
                if !collected.push(data) {
                    return Err(Lost::Overfull);
                }
            }
            Err(frame) => {
                if let Ok(trailers) = frame.into_trailers() {
                    collected.trailers(trailers);
                }
                return Ok(Replayed::new(collected, None));
            }
        }
    }
    Ok(Replayed::new(collected, Some(body)))
}

fn broken(error: &(dyn Error + 'static), exchange: &Exchange) -> Refusal {
    let refusal = Refusal::find(error).cloned().unwrap_or_else(|| {
        Refusal::protocol(
            StatusCode::BAD_REQUEST,
            "The request body ended before it was complete.",
        )
    });
    crate::size::note(exchange, &refusal);
    refusal
}

/// Too many bodies at once: this one has to come again later.
fn overfull(exchange: &Exchange) -> Refusal {
    let refusal = Refusal {
        hard: true,
        close: true,
        ..Refusal::new(
            Verdict::Limit,
            Layer::Size,
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many large requests are being read at once. Try again shortly.",
        )
    }
    .field(
        http::header::RETRY_AFTER,
        http::HeaderValue::from_static("1"),
    );
    crate::size::note(exchange, &refusal);
    refusal
}
