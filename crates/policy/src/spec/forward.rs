use std::time::Duration;

use babyshield_gateway::spec as gateway;

use crate::kind::{Count, File, Number};
use crate::read::{Fault, Key, Reader, Setting, Text, words};

/// How requests are passed on.
#[derive(Clone, Debug)]
pub struct Forward {
    /// The `Host` an upstream sees.
    pub host: Setting<Host>,
    /// Authorities its certificate is checked against.
    pub authorities: Option<Setting<File>>,
    /// Protocols a connection may be upgraded to.
    pub upgrades: Setting<Vec<Setting<String>>>,
}

/// The `Host` an upstream sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Host(pub gateway::Host);

words!(Host {
    "caller" => { Host(gateway::Host::Caller) },
    "server" => { Host(gateway::Host::Server) },
});

pub(super) const FORWARD: Key = Key::new("forward", "How requests are passed on.", "");
const HOST: Key = Key::new(
    "host",
    "The `Host` an upstream sees: what the `caller` asked for, or the `server`'s own address.",
    "\"server\"",
);
const AUTHORITIES: Key = Key::new(
    "authorities",
    "PEM file with the certificate authorities that the certificate of a `https://` upstream is \
     checked against. Absent, those of the system.",
    "\"tls/upstream-ca.pem\"",
);
const UPGRADES: Key = Key::new(
    "upgrades",
    "Protocols a connection may be upgraded to. What follows the upgrade is not inspected.",
    "[\"websocket\"]",
);

impl Forward {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let authorities = r.optional::<File>(AUTHORITIES);
        if let Some(file) = &authorities {
            r.look_for(file, None);
        }
        Self {
            host: r.value(HOST, Host::default()),
            authorities,
            upgrades: r.list(UPGRADES, vec!["websocket".to_owned()]),
        }
    }
}

/// How upstreams are checked.
#[derive(Clone, Debug)]
pub struct Health {
    path: Option<Setting<HealthPath>>,
    interval: Setting<Duration>,
    timeout: Setting<Duration>,
    failures: Setting<Count>,
    successes: Setting<Count>,
    rest: Setting<Duration>,
}

/// A path to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HealthPath(String);

impl Text for HealthPath {
    const WHAT: &'static str = "a path, such as \"/healthz\"";
    const PATTERN: Option<&'static str> = Some("^/\\S*$");

    fn parse(text: &str) -> Result<Self, Fault> {
        let blank = text.contains(|c: char| c.is_whitespace() || c.is_control());
        if text.starts_with('/') && !blank {
            return Ok(Self(text.to_owned()));
        }
        let fault = Fault::new(format!("`{text}` is not a path"));
        Err(fault.help(format!("write \"/{}\"", text.trim_matches(['/', ' ']))))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

pub(super) const HEALTH: Key = Key::new(
    "health",
    "How upstream servers are found to be well. One that fails gets no requests until it is well \
     again.",
    "",
);
const PATH: Key = Key::new(
    "path",
    "What is asked for regularly. Absent, only real requests tell.",
    "\"/healthz\"",
);
const INTERVAL: Key = Key::new("interval", "Time between two questions.", "\"2s\"");
const TIMEOUT: Key = Key::new("timeout", "How long an answer may take.", "\"1s\"");
const FAILURES: Key = Key::new(
    "failures",
    "Failures in a row, of questions or of connections, that take a server out of use.",
    "5",
);
const SUCCESSES: Key = Key::new(
    "successes",
    "Good answers in a row that bring it back.",
    "1",
);
const REST: Key = Key::new(
    "rest",
    "How long a server that failed real requests is left alone.",
    "\"30s\"",
);

impl Health {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let spec = gateway::Health::default();
        Self {
            path: r.optional(PATH),
            interval: r.value(INTERVAL, spec.interval),
            timeout: r.value(TIMEOUT, spec.timeout),
            failures: r.value(FAILURES, Number(spec.failures)),
            successes: r.value(SUCCESSES, Number(spec.successes)),
            rest: r.value(REST, spec.rest),
        }
    }

    /// The same as the gateway wants it.
    #[must_use]
    pub fn gateway(&self) -> gateway::Health {
        gateway::Health {
            path: self.path.as_ref().map(|path| path.value.0.clone()),
            interval: self.interval.value,
            timeout: self.timeout.value,
            failures: self.failures.0,
            successes: self.successes.0,
            rest: self.rest.value,
        }
    }
}
