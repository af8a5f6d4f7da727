//! The gateway as written.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use babyshield_layers::caller::Field;
use babyshield_layers::headers;
use babyshield_layers::limit::Announce;
use babyshield_model::{ByteSize, Mode};
use serde::{Deserialize, Serialize};

use crate::duration;

/// Where the gateway listens, whom it believes, where requests go, and what each may cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// The mode of every route that does not say its own.
    pub mode: Mode,
    /// Where to listen.
    pub listen: Vec<Listen>,
    /// The upstreams by name; routes that name none go to the first.
    pub upstreams: Vec<Upstream>,
    /// Networks whose peers may say who the caller is.
    pub proxies: Vec<String>,
    /// The field in which they say it.
    pub forwarded_by: Field,
    /// Exceptions to how requests are treated.
    pub routes: Vec<Route>,
    /// Names of limits that count every request.
    pub limits: Vec<String>,
    /// Which responses say how much of a limit is left.
    pub announce: Announce,
    /// Protocols a connection may be upgraded to.
    pub upgrades: Vec<String>,
    /// Security fields of responses.
    pub headers: headers::Spec,
    /// How long each stage may take.
    pub timeouts: Timeouts,
    /// What callers may use up.
    pub resources: Resources,
}

/// One address to listen on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// The address and port.
    pub address: SocketAddr,
    /// Certificates; TLS is spoken where there is one. The first answers callers that name no
    /// host, or one that no certificate is for.
    #[serde(default)]
    pub certificates: Vec<Certificate>,
}

/// A certificate chain and its key, both PEM files. It answers for the names it is made out to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The chain, the server's own certificate first.
    pub chain: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

/// Servers that answer the same requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// The name routes use.
    pub name: String,
    /// One or more of `http://`, `https://`, `h2c://` with host and port.
    pub servers: Vec<String>,
    /// The `Host` the upstream sees.
    #[serde(default)]
    pub host: Host,
    /// Certificate authorities, PEM, that a `https://` server's certificate is checked against.
    #[serde(default)]
    pub authorities: Option<PathBuf>,
    /// How servers are found to be well.
    #[serde(default)]
    pub health: Health,
}

/// The `Host` an upstream sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Host {
    /// What the caller asked for.
    #[default]
    Caller,
    /// The server's own address.
    Server,
}

/// How the servers of an upstream are found to be well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Health {
    /// Path asked for regularly; `None` watches real requests only.
    pub path: Option<String>,
    /// Time between two questions.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// Time for an answer.
    #[serde(with = "duration")]
    pub timeout: Duration,
    /// Failures in a row, of questions or of connections, that take a server out.
    pub failures: u32,
    /// Good answers in a row that bring it back.
    pub successes: u32,
    /// How long a server that failed real requests is left alone.
    #[serde(with = "duration")]
    pub rest: Duration,
}

/// How requests that match are treated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Route {
    /// `[METHOD[|METHOD…] ][host]/path`; `*` stands for one segment, a final `**` for all the rest.
    #[serde(rename = "match")]
    pub pattern: String,
    /// Its mode; `None` inherits.
    pub mode: Option<Mode>,
    /// Names of limits that count its requests besides those of every request.
    pub limits: Vec<String>,
    /// Longest request body; `None` inherits.
    pub body: Option<ByteSize>,
    /// The upstream it goes to; `None` is the first.
    pub upstream: Option<String>,
    /// Bodies pass as they come, neither inspected nor limited: for uploads and streaming RPC.
    pub stream: bool,
}

/// How long each stage may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Timeouts {
    /// A TLS handshake.
    #[serde(with = "duration")]
    pub handshake: Duration,
    /// A request head, from its first byte.
    #[serde(with = "duration")]
    pub head: Duration,
    /// Between two pieces of a request body.
    #[serde(with = "duration")]
    pub body: Duration,
    /// Waiting that a body has free; its bytes earn it back at `resources.body_rate`.
    #[serde(with = "duration")]
    pub body_grace: Duration,
    /// Between two requests on a connection.
    #[serde(with = "duration")]
    pub idle: Duration,
    /// A caller that takes nothing of its response.
    #[serde(with = "duration")]
    pub write: Duration,
    /// An upgraded connection on which nothing happens.
    #[serde(with = "duration")]
    pub tunnel: Duration,
    /// Connecting to an upstream, with its TLS handshake.
    #[serde(with = "duration")]
    pub connect: Duration,
    /// An upstream's response head.
    #[serde(with = "duration")]
    pub response: Duration,
    /// Between two pieces of an upstream's response.
    #[serde(with = "duration")]
    pub response_body: Duration,
    /// An unused connection to an upstream.
    #[serde(with = "duration")]
    pub upstream_idle: Duration,
    /// Finishing what is being served when the gateway stops.
    #[serde(with = "duration")]
    pub drain: Duration,
}

/// What callers may use up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address, an IPv6 network of 64 bits counting as one. Peers in
    /// `proxies` are not counted.
    pub connections_per_address: usize,
    /// Bytes of a request head.
    pub head: ByteSize,
    /// Field lines of a request head.
    pub header_fields: usize,
    /// Bytes of a request body.
    pub body: ByteSize,
    /// Bytes of bodies held in memory at once, over all requests.
    pub bodies: ByteSize,
    /// Bytes a second a request body must keep up; zero asks for none.
    pub body_rate: ByteSize,
    /// Requests at once on one HTTP/2 connection.
    pub streams: u32,
    /// Unused connections kept to each upstream server.
    pub upstream_idle: usize,
    /// Requests at once to each upstream server.
    pub upstream_requests: usize,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            mode: Mode::default(),
            listen: vec![Listen::plain(SocketAddr::from(([0, 0, 0, 0], 8080)))],
            upstreams: Vec::new(),
            proxies: Vec::new(),
            forwarded_by: Field::default(),
            routes: Vec::new(),
            limits: Vec::new(),
            announce: Announce::default(),
            upgrades: vec!["websocket".to_owned()],
            headers: headers::Spec::default(),
            timeouts: Timeouts::default(),
            resources: Resources::default(),
        }
    }
}

impl Listen {
    /// Listens without TLS.
    #[must_use]
    pub fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            certificates: Vec::new(),
        }
    }
}

impl Upstream {
    /// One server under a name, with the default health rules.
    #[must_use]
    pub fn single(name: impl Into<String>, server: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            servers: vec![server.into()],
            host: Host::default(),
            authorities: None,
            health: Health::default(),
        }
    }
}

impl Default for Health {
    fn default() -> Self {
        Self {
            path: None,
            interval: Duration::from_secs(5),
            timeout: Duration::from_secs(2),
            failures: 3,
            successes: 2,
            rest: Duration::from_secs(10),
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            body: Duration::from_secs(30),
            body_grace: Duration::from_secs(30),
            idle: Duration::from_secs(60),
            write: Duration::from_secs(60),
            tunnel: Duration::from_secs(3600),
            connect: Duration::from_secs(5),
            response: Duration::from_secs(60),
            response_body: Duration::from_secs(300),
            upstream_idle: Duration::from_secs(30),
            drain: Duration::from_secs(30),
        }
    }
}

impl Default for Resources {
    fn default() -> Self {
        Self {
            connections: 10_000,
            connections_per_address: 200,
            head: ByteSize(32 << 10),
            header_fields: 100,
            body: ByteSize(10_000_000),
            bodies: ByteSize(256 << 20),
            body_rate: ByteSize(1024),
            streams: 100,
            upstream_idle: 128,
            upstream_requests: 4096,
        }
    }
}
