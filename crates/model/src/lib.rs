//! The words all BabyShield crates share: modes, verdicts, findings, events, clocks, diagnostics.
//!
//! This crate does no I/O and holds no policy. Start with [`Event`] (what a decision looks like
//! to the operator), [`Diagnostic`] (what a fault in a file looks like) and [`Clock`].

mod address;
mod clock;
pub mod diagnostic;
pub mod event;
mod mode;
mod request_id;
mod secret;
mod sink;
mod size;
mod word;

pub use address::{Client, Peer};
pub use clock::{Clock, ManualClock, Timestamp};
pub use diagnostic::{Diagnostic, Diagnostics, Severity, Source, Span};
pub use event::{Event, Figures, Finding, Layer, RequestEvent, SystemEvent, Verdict};
pub use mode::{Mode, OnFailure};
pub use request_id::{ParseRequestIdError, RequestId};
pub use secret::Secret;
pub use sink::{Memory, Sink};
pub use size::{ByteSize, ParseByteSizeError};
pub use word::nearest;
