//! The gateway over real sockets on the loopback address.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the exemption covers its helpers too"
)]

mod block;
mod body;
mod forwarding;
mod framing;
mod lifecycle;
mod pace;
mod streaming;
mod support;
mod tls;
mod two;
mod upstream;
