use std::sync::Arc;

use babyshield_model::{Event, Figures, RequestEvent, RequestId, Sink, Verdict};
use http::StatusCode;

use crate::Exchange;

/// What a caller that went away before the answer is recorded with; nobody ever sends it.
const CLIENT_CLOSED: u16 = 499;

/// Makes the event when dropped, so that no way out of the request path leaves without one.
pub(super) struct Closing {
    exchange: Exchange,
    sink: Arc<dyn Sink>,
    status: u16,
    bytes_out: u64,
}

impl Closing {
    pub(super) fn new(exchange: Exchange, sink: Arc<dyn Sink>) -> Self {
        Self {
            exchange,
            sink,
            status: CLIENT_CLOSED,
            bytes_out: 0,
        }
    }

    pub(super) fn id(&self) -> RequestId {
        self.exchange.id()
    }

    pub(super) fn answered(&mut self, status: StatusCode) {
        self.status = status.as_u16();
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.bytes_out += bytes as u64;
    }

    /// The figures alone, of a request of which there is no more to tell.
    fn figures(&self) -> Option<Figures<'_>> {
        let exchange = &self.exchange;
        let treatment = exchange.treatment();
        exchange.is_plain().then(|| Figures {
            at: exchange.at(),
            verdict: Verdict::Allow,
            enforced: false,
            layer: None,
            route: treatment.and_then(|t| t.route.as_deref()),
            status: self.status,
            decision_micros: exchange.decision_micros(),
            total_micros: exchange.total_micros(),
            bytes_in: exchange.bytes_in(),
            bytes_out: self.bytes_out,
        })
    }

    fn event(&self) -> RequestEvent {
        let exchange = &self.exchange;
        let head = exchange.head();
        let draft = exchange.take_draft();
        let treatment = exchange.treatment();
        RequestEvent {
            id: exchange.id(),
            at: exchange.at(),
            verdict: draft.verdict,
            enforced: draft.enforced,
            mode: exchange.mode(),
            layer: draft.layer,
            client: exchange.client(),
            peer: exchange.connection().peer.ip(),
            method: text(head.method(), 32),
            host: text(head.field("host").unwrap_or_default(), 256),
            target: text(head.target(), 2048),
            agent: text(head.field("user-agent").unwrap_or_default(), 512),
            route: treatment.and_then(|t| t.route.as_deref().map(str::to_owned)),
            status: self.status,
            upstream: draft.upstream.as_deref().map(str::to_owned),
            score: draft.score,
            threshold: draft.threshold,
            findings: draft.findings,
            decision_micros: exchange.decision_micros(),
            total_micros: exchange.total_micros(),
            bytes_in: exchange.bytes_in(),
            bytes_out: self.bytes_out,
        }
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if self.figures().is_some_and(|own| self.sink.count(&own)) {
            return;
        }
        let event = self.event();
        log(&event);
        self.sink.record(Event::Request(Box::new(event)));
    }
}

/// One line for whatever was not simply allowed. Values come from outside: control characters
/// are escaped, so that nobody writes lines of their own into the log.
fn log(event: &RequestEvent) {
    if event.verdict == Verdict::Allow {
        return;
    }
    let rules: Vec<&str> = event.findings.iter().map(|f| f.rule.as_str()).collect();
    tracing::warn!(
        id = %event.id,
        client = %event.client,
        method = %event.method.escape_debug(),
        host = %event.host.escape_debug(),
        target = %event.target.escape_debug(),
        status = event.status,
        layer = event.layer.map_or("", |layer| layer.as_str()),
        rules = %rules.join(","),
        score = event.score,
        enforced = event.enforced,
        "{}",
        event.name(),
    );
}

/// At most `most` bytes of `bytes` as text, never half a character.
fn text(bytes: &[u8], most: usize) -> String {
    let bytes = bytes.get(..most).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => {
            let mut text = String::from_utf8_lossy(bytes).into_owned();
            while text.len() > most {
                text.pop();
            }
            text
        }
    }
}
