//! The gateway over real sockets on the loopback address.

mod block;
mod body;
mod forwarding;
mod framing;
mod lifecycle;
mod pace;
mod streaming;
mod support;
mod tls;
mod upstream;
