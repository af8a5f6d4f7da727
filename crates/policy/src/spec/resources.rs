use babyshield_gateway::spec as gateway;
use babyshield_model::ByteSize;

use crate::kind::{Count, Number};
use crate::read::{Fault, Key, Reader, Setting, Text};

/// What callers may use up.
#[derive(Clone, Debug)]
pub struct Resources {
    connections: Setting<Count>,
    connections_per_address: Setting<Count>,
    head: Setting<ByteSize>,
    header_fields: Setting<Count>,
    bodies: Setting<ByteSize>,
    body_rate: Setting<Rate>,
    streams: Setting<Count>,
    upstream_idle: Setting<Number<0, 1_000_000>>,
    upstream_requests: Setting<Count>,
}

/// Bytes a second, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Rate(ByteSize);

impl Text for Rate {
    const WHAT: &'static str = "a size a second, such as \"1KiB\", or \"off\"";

    fn parse(text: &str) -> Result<Self, Fault> {
        match text {
            "off" => Ok(Self(ByteSize(0))),
            text => <ByteSize as Text>::parse(text).map(Self),
        }
    }

    fn text(&self) -> String {
        match self.0 {
            ByteSize(0) => "off".to_owned(),
            size => size.to_string(),
        }
    }
}

pub(super) const RESOURCES: Key = Key::new("resources", "What callers may use up.", "");
const CONNECTIONS: Key = Key::new(
    "connections",
    "Connections at once. Further ones are closed as they come.",
    "20000",
);
const CONNECTIONS_PER_ADDRESS: Key = Key::new(
    "connections_per_address",
    "Connections at once from one address; an IPv6 network of 64 bits counts as one. `proxies` \
     are not counted.",
    "100",
);
const HEAD_SIZE: Key = Key::new(
    "head",
    "A larger request head is refused with 431.",
    "\"16KiB\"",
);
const HEADER_FIELDS: Key = Key::new(
    "header_fields",
    "A request head with more header lines is refused with 431.",
    "64",
);
const BODIES: Key = Key::new(
    "bodies",
    "How much memory request and response bodies may take, over all requests, from when they are \
     read to be inspected until they are passed on. Beyond it requests with bodies are answered \
     with 503.",
    "\"128MiB\"",
);
const BODY_RATE: Key = Key::new(
    "body_rate",
    "Bytes a second a request body must keep up, or `off`: against callers that send on purpose \
     as slowly as they can.",
    "\"2KiB\"",
);
const STREAMS: Key = Key::new(
    "streams",
    "Requests at once on one HTTP/2 connection.",
    "50",
);
const UPSTREAM_IDLE: Key = Key::new(
    "upstream_idle",
    "Unused connections kept to each upstream server.",
    "32",
);
const UPSTREAM_REQUESTS: Key = Key::new(
    "upstream_requests",
    "Requests at once to each upstream server; further ones are answered with 503.",
    "512",
);

impl Resources {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let spec = gateway::Resources::default();
        let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let per_address = Number(small(spec.connections_per_address));
        Self {
            connections: r.value(CONNECTIONS, Number(small(spec.connections))),
            connections_per_address: r.value(CONNECTIONS_PER_ADDRESS, per_address),
            head: r.value(HEAD_SIZE, spec.head),
            header_fields: r.value(HEADER_FIELDS, Number(small(spec.header_fields))),
            bodies: r.value(BODIES, spec.bodies),
            body_rate: r.value(BODY_RATE, Rate(spec.body_rate)),
            streams: r.value(STREAMS, Number(spec.streams)),
            upstream_idle: r.value(UPSTREAM_IDLE, Number(small(spec.upstream_idle))),
            upstream_requests: r.value(UPSTREAM_REQUESTS, Number(small(spec.upstream_requests))),
        }
    }

    /// The same as the gateway wants it, with the longest request body.
    #[must_use]
    pub fn gateway(&self, body: ByteSize) -> gateway::Resources {
        gateway::Resources {
            connections: self.connections.size(),
            connections_per_address: self.connections_per_address.size(),
            head: self.head.value,
            header_fields: self.header_fields.size(),
            body,
            bodies: self.bodies.value,
            body_rate: self.body_rate.value.0,
            streams: self.streams.0,
            upstream_idle: self.upstream_idle.size(),
            upstream_requests: self.upstream_requests.size(),
        }
    }
}
