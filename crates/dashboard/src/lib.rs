//! The admin side of a running gateway: a dashboard in the browser, its API, metrics.
//!
//! [`serve`] runs it on a listener of its own, on loopback unless the operator says otherwise.
//! What it shows comes from a [`babyshield_events::Store`] and from a [`Gateway`], which the
//! binary implements over the running plan; this crate knows no policy file and no upstream.
//!
//! Who may see it:
//!
//! - the first contact is a link with a 256-bit token ([`State::login_link`]), good once and for
//!   ten minutes. The link shows a button; only the `POST` behind it spends the token, so that a
//!   prefetch or a chat preview does not;
//! - a session is a cookie, `HttpOnly` and `SameSite=Strict`, forgotten after twelve idle hours;
//! - a request that changes something must come from the page itself (`Origin`,
//!   `Sec-Fetch-Site`) and carry the session's own token;
//! - a `Host` that is neither an address, `localhost` nor configured is refused, which stops DNS
//!   rebinding;
//! - the page runs under a content security policy without inline code or other hosts;
//! - `/metrics` needs no login from loopback, `/healthz` none at all.

mod api;
mod assets;
mod error;
mod filter;
mod guard;
mod listen;
mod live;
mod login;
mod overview;
mod router;
mod session;
mod state;

pub use listen::serve;
pub use overview::{Gateway, Overview, Route, Upstream};
pub use router::router;
pub use state::{Config, State};
