//! The way to the servers behind: which one, over which connection, and what is done when it
//! fails.
//!
//! A connection to an HTTP/1 server is not a task of its own: whoever uses it drives it, so that
//! a request never waits for another task to be scheduled. Unused connections lie in a
//! [`Pool`](pool::Pool), undriven, and are looked at when they are taken out.

mod body;
mod connect;
mod forward;
mod health;
mod onward;
mod pool;
mod server;
mod single;

use std::sync::Arc;

pub(crate) use body::Body;
pub(crate) use forward::{Destination, Forward};
pub(crate) use health::watch;
pub(crate) use server::{Server, Target};

use crate::spec::{Health, Host};

/// What is sent to a server: the caller's body, read in front or passed through.
pub(crate) type Outbound =
    babyshield_layers::Replayed<babyshield_layers::size::Limited<crate::inbound::Inbound>>;

/// Servers that answer the same requests.
#[derive(Debug)]
pub(crate) struct Upstream {
    pub(crate) name: Arc<str>,
    pub(crate) host: Host,
    pub(crate) health: Health,
    pub(crate) servers: Vec<Arc<Server>>,
}

impl Upstream {
    /// Takes over from the plan before how its servers are, those that stay.
    pub(crate) fn inherit(&self, before: &[Arc<Self>]) {
        // Without checks a server that was taken out would never be brought back.
        let same = |own: &&Arc<Self>| {
            own.name == self.name && own.health.path.is_some() == self.health.path.is_some()
        };
        let Some(before) = before.iter().find(same) else {
            return;
        };
        for server in &self.servers {
            let same = |own: &&Arc<Server>| own.target.text == server.target.text;
            if let Some(old) = before.servers.iter().find(same) {
                server.inherit(old);
            }
        }
    }

    /// The server with the fewest requests of those that are well and not in `tried`. Where none
    /// is well, any will do: a wrong suspicion must not become an outage.
    pub(crate) fn choose(&self, tried: &[Arc<Server>]) -> Option<&Arc<Server>> {
        let untried = |server: &&Arc<Server>| !tried.iter().any(|own| Arc::ptr_eq(own, server));
        let load = |server: &&Arc<Server>| server.load();
        let mut well = self.servers.iter().filter(untried).filter(|s| s.is_well());
        let first = well.next();
        match first {
            // Equal loads take turns: the first of several with the least is rotated.
            Some(first) => std::iter::once(first).chain(well).min_by_key(|s| s.rank()),
            None => self.servers.iter().filter(untried).min_by_key(load),
        }
    }
}
