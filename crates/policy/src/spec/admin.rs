use std::net::{Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use crate::read::{Key, Reader, Setting, words};

/// The listener for operators.
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where it listens.
    pub listen: Setting<SocketAddr>,
    /// Addresses that nothing may ever shut out.
    pub protect: Setting<Vec<Setting<IpNet>>>,
}

pub(super) const ADMIN: Key = Key::new("admin", "The dashboard and the metrics.", "");
const LISTEN: Key = Key::new(
    "listen",
    "Where the dashboard and `/metrics` listen. Keep it on a loopback or private address.",
    "\"127.0.0.1:9000\"",
);
const PROTECT: Key = Key::new(
    "protect",
    "Addresses that no list may ever shut out, so that a mistake in `[block]` cannot lock its \
     author out. Rules and limits still hold for their requests.",
    "[\"203.0.113.7\"]",
);

impl Admin {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 9000));
        Self {
            listen: r.value(LISTEN, listen),
            protect: r.list(PROTECT, Vec::new()),
        }
    }
}

/// What is written to standard error.
#[derive(Clone, Debug)]
pub struct Log {
    /// The form of a line.
    pub format: Setting<Format>,
    /// The least important line written.
    pub level: Setting<Severity>,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For readers.
    Text,
    /// One JSON object a line.
    Json,
}

/// How important a log line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Something does not work.
    Error,
    /// Something may not be as wanted.
    Warn,
    /// What an operator wants to see, blocks among it.
    Info,
    /// What helps to find a mistake.
    Debug,
}

pub(super) const LOG: Key = Key::new("log", "What is written to standard error.", "");
const FORMAT: Key = Key::new(
    "format",
    "`text` for readers, `json` for machines, one object a line.",
    "\"json\"",
);
const LEVEL: Key = Key::new(
    "level",
    "The least important line written. Blocked requests are `info`.",
    "\"warn\"",
);

impl Log {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            format: r.value(FORMAT, Format::Text),
            level: r.value(LEVEL, Severity::Info),
        }
    }
}

words!(Format {
    "text" => { Format::Text },
    "json" => { Format::Json },
});

words!(Severity {
    "error" => { Severity::Error },
    "warn" => { Severity::Warn },
    "info" => { Severity::Info },
    "debug" => { Severity::Debug },
});
