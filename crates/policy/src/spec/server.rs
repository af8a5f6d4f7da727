use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use crate::kind::{Count, File, Number};
use crate::read::{Key, Reader, Setting, Show};

/// One place where requests are taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Address and port.
    pub address: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

const ADDRESS: Key = Key::new("address", "Address and port.", "\"0.0.0.0:443\"");
const WITH_TLS: Key = Key::new(
    "tls",
    "Whether this listener speaks TLS, with the certificates of the `[[tls]]` tables.",
    "true",
);

impl Listen {
    pub(super) fn fallback() -> Vec<Self> {
        vec![Self::plain(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 8080)))]
    }

    pub(super) fn plain(address: SocketAddr) -> Self {
        Self {
            address,
            tls: false,
        }
    }

    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let address = r.required::<SocketAddr>(ADDRESS);
        let tls = r.value(WITH_TLS, false);
        Some(Self {
            address: address?.value,
            tls: tls.value,
        })
    }
}

impl Show for Listen {
    fn show(&self) -> String {
        let address = self.address.show();
        if self.tls {
            format!("{{ address = {address}, tls = true }}")
        } else {
            address
        }
    }
}

/// One certificate with its key.
#[derive(Clone, Debug)]
pub struct Tls {
    /// The certificate and its chain, PEM.
    pub cert: Setting<File>,
    /// Its private key, PEM.
    pub key: Setting<File>,
}

pub(super) const TLS: Key = Key::new(
    "tls",
    "A certificate with its key. With several, the caller's server name chooses; the first \
     serves callers that name none. Both files are watched and renewed without dropping a \
     connection.",
    "",
);
const CERT: Key = Key::new(
    "cert",
    "PEM file with the certificate and then its chain.",
    "\"tls/fullchain.pem\"",
);
const KEY: Key = Key::new(
    "key",
    "PEM file with the private key. The key itself is never written in the policy.",
    "\"tls/privkey.pem\"",
);

impl Tls {
    pub(super) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let cert = r.required(CERT);
        let key = r.required(KEY);
        for file in cert.iter().chain(&key) {
            r.look_for(file, None);
        }
        Some(Self {
            cert: cert?,
            key: key?,
        })
    }
}

/// How long each stage may take.
#[derive(Clone, Debug)]
pub struct Timeouts {
    /// TLS handshake.
    pub handshake: Setting<Duration>,
    /// Request head.
    pub head: Setting<Duration>,
    /// Request body, between two pieces.
    pub body: Setting<Duration>,
    /// Connection kept open between requests.
    pub idle: Setting<Duration>,
    /// Connecting to an upstream.
    pub connect: Setting<Duration>,
    /// An upstream's response head.
    pub response: Setting<Duration>,
    /// Draining at shutdown.
    pub shutdown: Setting<Duration>,
}

pub(super) const TIMEOUTS: Key = Key::new("timeouts", "How long each stage may take.", "");
const HANDSHAKE: Key = Key::new(
    "handshake",
    "A TLS handshake that takes longer is cut off.",
    "\"10s\"",
);
const HEAD: Key = Key::new(
    "head",
    "A request head that takes longer to arrive is answered with 408.",
    "\"10s\"",
);
const BODY: Key = Key::new(
    "body",
    "A request body that stands still for longer is answered with 408.",
    "\"20s\"",
);
const IDLE: Key = Key::new(
    "idle",
    "A connection without a request is closed after this time.",
    "\"60s\"",
);
const CONNECT: Key = Key::new(
    "connect",
    "An upstream that does not accept a connection within this time counts as failed.",
    "\"3s\"",
);
const RESPONSE: Key = Key::new(
    "response",
    "An upstream that does not begin to answer within this time is given up with 504.",
    "\"30s\"",
);
const SHUTDOWN: Key = Key::new(
    "shutdown",
    "How long requests under way may take to finish when BabyShield is told to stop.",
    "\"20s\"",
);

impl Timeouts {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            handshake: r.value(HANDSHAKE, Duration::from_secs(10)),
            head: r.value(HEAD, Duration::from_secs(10)),
            body: r.value(BODY, Duration::from_secs(20)),
            idle: r.value(IDLE, Duration::from_secs(60)),
            connect: r.value(CONNECT, Duration::from_secs(3)),
            response: r.value(RESPONSE, Duration::from_secs(30)),
            shutdown: r.value(SHUTDOWN, Duration::from_secs(20)),
        }
    }
}

/// How upstreams are checked.
#[derive(Clone, Debug)]
pub struct Health {
    /// What is asked for; connecting is enough where absent.
    pub path: Option<Setting<String>>,
    /// How often.
    pub interval: Setting<Duration>,
    /// How long an answer may take.
    pub timeout: Setting<Duration>,
    /// Failures in a row that take an upstream out.
    pub failures: Setting<Count>,
    /// Successes in a row that bring it back.
    pub successes: Setting<Number<1, 100>>,
}

pub(super) const HEALTH: Key = Key::new(
    "health",
    "How upstreams are checked. One that fails gets no requests until it is well again.",
    "",
);
const PATH: Key = Key::new(
    "path",
    "What is asked for with GET; any answer below 500 is well. Absent, an accepted connection \
     is enough.",
    "\"/healthz\"",
);
const INTERVAL: Key = Key::new("interval", "Time between two checks.", "\"5s\"");
const TIMEOUT: Key = Key::new("timeout", "How long an answer may take.", "\"2s\"");
const FAILURES: Key = Key::new(
    "failures",
    "Failed checks in a row that take an upstream out of use.",
    "3",
);
const SUCCESSES: Key = Key::new(
    "successes",
    "Successful checks in a row that bring it back.",
    "2",
);

impl Health {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            path: r.optional(PATH),
            interval: r.value(INTERVAL, Duration::from_secs(5)),
            timeout: r.value(TIMEOUT, Duration::from_secs(2)),
            failures: r.value(FAILURES, Number(3)),
            successes: r.value(SUCCESSES, Number(2)),
        }
    }
}
