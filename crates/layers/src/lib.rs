//! Layers of the request path, each usable alone in any [`tower`] or axum application.
//!
//! A layer takes an `Arc` of its own plan, reads the [`Exchange`] that [`record`] put into the
//! request's extensions, decides, and either calls the service behind it or answers with a bare
//! status that carries a [`Refusal`]. None of them opens a socket, reads a file or renders text:
//! the server around them does. They know neither the policy file nor the event store; decisions
//! go to an `Arc<dyn Sink>`.
//!
//! In the order of the request's way: [`record`], [`caller`], [`protocol`], [`block`], [`limit`],
//! [`size`], [`waf`]; on the way back [`headers`]. What a route asks of them is one [`Treatment`].
//! ```
//! use std::sync::Arc;
//!
//! use babyshield_layers::{Replayed, record, size};
//! use babyshield_model::{ManualClock, Memory};
//! use bytes::Bytes;
//! use tower::{Layer, Service};
//!
//! type Body = Replayed<size::Limited<http_body_util::Full<Bytes>>>;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let events = Arc::new(Memory::default());
//! let layers = (
//!     record::Layer::new(events.clone(), Arc::new(ManualClock::default())),
//!     size::Layer,
//! );
//! let mut service = layers.layer(tower::service_fn(async |_: http::Request<_>| {
//!     Ok::<_, std::convert::Infallible>(http::Response::new(Body::default()))
//! }));
//! let request = http::Request::new(http_body_util::Full::new(Bytes::from_static(b"hello")));
//! let response = service.call(request).await.unwrap();
//! assert!(response.headers().contains_key("x-request-id"));
//! drop(response);
//! assert_eq!(events.drain().len(), 1);
//! # });
//! ```

pub mod block;
mod body;
mod budget;
pub mod caller;
mod exchange;
mod gate;
mod head;
pub mod headers;
pub mod limit;
pub mod protocol;
pub mod record;
mod refusal;
pub mod size;
mod treatment;
pub mod waf;

pub use body::{Collected, Replayed};
pub use budget::{Budget, Held};
pub use exchange::{Arrival, Caller, Connection, Exchange};
pub use gate::Gate;
pub use head::{Head, Layout};
pub use refusal::Refusal;
pub use treatment::Treatment;
