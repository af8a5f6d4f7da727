//! Opens the event of a request, gives it its id, and closes it whatever happens.
//!
//! The outermost layer. It takes the [`Arrival`](crate::Arrival) from the request's extensions,
//! puts the [`Exchange`](crate::Exchange) there, writes `x-request-id` on every response and hands
//! one [`Event`](babyshield_model::Event) to the sink when the last byte of the response was sent
//! or the caller went away (then with status 499). It decides nothing.

mod body;
mod closing;
mod future;
mod layer;
mod service;

pub use body::Body;
pub use future::ResponseFuture;
pub use layer::Layer;
pub use service::Record;
