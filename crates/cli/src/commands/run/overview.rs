//! What the dashboard asks, answered from memory.

use std::net::SocketAddr;

use babyshield_dashboard::{Gateway, Overview as Shown, Route, Upstream};
use babyshield_gateway::Handle;
use babyshield_model::Timestamp;
use babyshield_policy::Policy;
use parking_lot::Mutex;

use crate::policy::Origin;

/// The plan in force at a glance.
pub(super) struct Overview {
    handle: Handle,
    shown: Mutex<Shown>,
}

impl Overview {
    pub(super) fn new(handle: Handle) -> Self {
        Self {
            handle,
            shown: Mutex::default(),
        }
    }

    /// A policy was put to work.
    pub(super) fn take(
        &self,
        policy: &Policy,
        origin: &Origin,
        addresses: &[SocketAddr],
        now: Timestamp,
    ) {
        let mut routes: Vec<_> = policy.spec.routes.iter().collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.pattern.specificity()));
        let mode = policy.spec.mode.value;
        *self.shown.lock() = Shown {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode,
            listen: addresses.iter().map(ToString::to_string).collect(),
            policy: origin.name(),
            loaded: now,
            rejected: None,
            rules: policy.rules.size().rules,
            upstreams: Vec::new(),
            routes: routes
                .into_iter()
                .map(|route| Route {
                    pattern: route.pattern.to_string(),
                    mode: route.mode.as_ref().map_or(mode, |own| own.value),
                })
                .collect(),
        };
    }

    /// A policy was refused; the one before stays.
    pub(super) fn reject(&self, reason: String) {
        self.shown.lock().rejected = Some(reason);
    }
}

impl Gateway for Overview {
    fn overview(&self) -> Shown {
        let servers = self.handle.servers().into_iter();
        let upstreams = servers.map(|(name, healthy)| Upstream {
            name: name.to_string(),
            healthy,
        });
        Shown {
            upstreams: upstreams.collect(),
            ..self.shown.lock().clone()
        }
    }
}
