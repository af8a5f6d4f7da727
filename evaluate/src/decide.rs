//! What a plan says of one request: the engine alone, without the layers before it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use babyshield_corpus::Message;
use babyshield_waf::{Connection, Decision, Outcome, Plan};

/// Whether the request is stopped, and what was said of it.
#[must_use]
pub fn decide(plan: &Arc<Plan>, message: &Message) -> (bool, Outcome) {
    let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut transaction = plan.begin(Connection {
        client: local(50_000),
        server: local(80),
    });
    transaction.request_line(&message.method, &message.target, b"HTTP/1.1");
    for (name, value) in &message.headers {
        transaction.request_header(name, value);
    }
    let mut step = transaction.request_head_end();
    if step == Decision::Continue && transaction.wants_request_body() {
        step = transaction.request_body(&message.body);
    }
    if step == Decision::Continue {
        step = transaction.request_end();
    }
    (step != Decision::Continue, transaction.finish())
}
