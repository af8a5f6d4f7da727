use std::time::Duration;

use babyshield_gateway::spec as gateway;

use crate::read::{Key, Reader, Setting};

/// How long each stage may take.
#[derive(Clone, Debug)]
pub struct Timeouts(Vec<Setting<Duration>>);

pub(super) const TIMEOUTS: Key = Key::new("timeouts", "How long each stage may take.", "");

type ChooseTime = fn(&mut gateway::Timeouts) -> &mut Duration;

/// Every time limit: its key, and its place in the gateway's spec, which has the default.
const TIMES: [(Key, ChooseTime); 12] = [
    (
        Key::new(
            "handshake",
            "A TLS handshake that takes longer is cut off.",
            "\"5s\"",
        ),
        |spec| &mut spec.handshake,
    ),
    (
        Key::new(
            "head",
            "A request head that takes longer to arrive, counted from its first byte, is answered \
             with 408.",
            "\"5s\"",
        ),
        |spec| &mut spec.head,
    ),
    (
        Key::new(
            "body",
            "A request body that stands still for longer is answered with 408.",
            "\"20s\"",
        ),
        |spec| &mut spec.body,
    ),
    (
        Key::new(
            "body_grace",
            "How long a request body may take before `resources.body_rate` counts.",
            "\"5s\"",
        ),
        |spec| &mut spec.body_grace,
    ),
    (
        Key::new(
            "idle",
            "A connection without a request is closed after this time.",
            "\"30s\"",
        ),
        |spec| &mut spec.idle,
    ),
    (
        Key::new(
            "write",
            "A caller that takes nothing of its response for this long is cut off.",
            "\"30s\"",
        ),
        |spec| &mut spec.write,
    ),
    (
        Key::new(
            "tunnel",
            "An upgraded connection, such as a WebSocket, on which nothing happens for this long \
             is closed.",
            "\"10min\"",
        ),
        |spec| &mut spec.tunnel,
    ),
    (
        Key::new(
            "connect",
            "An upstream that does not accept a connection within this time, its TLS handshake \
             included, counts as failed.",
            "\"2s\"",
        ),
        |spec| &mut spec.connect,
    ),
    (
        Key::new(
            "response",
            "An upstream that does not begin to answer within this time is given up with 504.",
            "\"30s\"",
        ),
        |spec| &mut spec.response,
    ),
    (
        Key::new(
            "response_body",
            "An upstream that sends nothing of its response for this long is given up.",
            "\"60s\"",
        ),
        |spec| &mut spec.response_body,
    ),
    (
        Key::new(
            "upstream_idle",
            "An unused connection to an upstream is closed after this time. Keep it below the \
             upstream's own.",
            "\"15s\"",
        ),
        |spec| &mut spec.upstream_idle,
    ),
    (
        Key::new(
            "drain",
            "How long requests under way may take to finish when BabyShield is told to stop.",
            "\"20s\"",
        ),
        |spec| &mut spec.drain,
    ),
];

impl Timeouts {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let mut defaults = gateway::Timeouts::default();
        let times = TIMES
            .iter()
            .map(|(key, choose)| r.value(*key, *choose(&mut defaults)));
        Self(times.collect())
    }

    /// The same as the gateway wants it.
    #[must_use]
    pub fn gateway(&self) -> gateway::Timeouts {
        let mut spec = gateway::Timeouts::default();
        for (time, (_, choose)) in self.0.iter().zip(TIMES) {
            *choose(&mut spec) = time.value;
        }
        spec
    }
}
