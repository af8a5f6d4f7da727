//! The server: it listens, speaks TLS and HTTP, takes every request through the layers, and
//! forwards what may pass.
//!
//! A [`Spec`] says where to listen and where requests go, [`Plan::compile`] proves it, and
//! [`Handle::start`] puts it to work; [`Handle::reload`] replaces the plan while connections stay
//! open. Rules, limits and lists come compiled, as [`Engines`].
//!
//! Where to start reading: `stack::build` is the request's way, one line a layer. `guard` is what
//! stands in front of the HTTP implementation and refuses every message that can be read in two
//! ways. `rescue` is the one place where refusals become HTTP. `upstream` is the way on.
//!
//! `mode` says for each route whether decisions are carried out (`enforce`), only recorded
//! (`watch`) or not made (`off`). Three things are carried out in every mode, since there is no
//! way to pass on: messages that cannot be read in exactly one way (400, 408, 431, …), bodies
//! beyond a limit (413), and connections beyond the caps.
//!
//! What this crate does not do: it reads no policy file, keeps no event, and never repairs a
//! malformed message.

mod admission;
pub mod audit;
mod clock;
mod deadline;
pub mod duration;
mod guard;
mod inbound;
mod listen;
mod plan;
mod reload;
pub mod remember;
pub mod rescue;
mod route;
mod serve;
pub mod spec;
mod stack;
mod streams;
mod tls;
mod tunnel;
mod upstream;
mod workers;

pub use clock::SystemClock;
pub use plan::{Engines, Plan};
pub use reload::{Error, Handle, run_until};
pub use spec::Spec;
