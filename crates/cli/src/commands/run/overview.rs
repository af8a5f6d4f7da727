//! What the dashboard asks, answered from memory.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;

use babyshield_dashboard::{Gateway, Overview as Shown, Route, Upstream};
use babyshield_events::Store;
use babyshield_model::{Event, Figures, Sink, Timestamp};
use babyshield_policy::Policy;
use parking_lot::Mutex;

use crate::policy::Origin;

/// The plan in force at a glance. As a sink it passes every event on to the store, and notes what
/// happens to upstreams.
pub(super) struct Overview {
    store: Arc<Store>,
    shown: Mutex<Shown>,
    /// Servers that failed their checks and have not recovered.
    failing: Mutex<BTreeSet<String>>,
}

impl Overview {
    pub(super) fn new(store: Arc<Store>) -> Self {
        Self {
            store,
            shown: Mutex::default(),
            failing: Mutex::default(),
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
        let servers = policy
            .gateway
            .upstreams
            .iter()
            .flat_map(|upstream| &upstream.servers);
        let mut routes: Vec<_> = policy.spec.routes.iter().collect();
        routes.sort_by_key(|route| std::cmp::Reverse(route.pattern.specificity()));
        let mode = policy.spec.mode.value;
        // Health checks of a new plan begin anew.
        self.failing.lock().clear();
        *self.shown.lock() = Shown {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode,
            listen: addresses.iter().map(ToString::to_string).collect(),
            policy: origin.name(),
            loaded: now,
            rejected: None,
            rules: policy.rules.size().rules,
            upstreams: servers
                .map(|server| Upstream {
                    name: server.clone(),
                    healthy: true,
                })
                .collect(),
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

    /// A server's check turned out otherwise than before. The message begins with the server.
    fn note(&self, name: &str, message: &str) {
        let Some(server) = message.split(' ').next() else {
            return;
        };
        let known = self
            .shown
            .lock()
            .upstreams
            .iter()
            .any(|own| own.name == server);
        match name {
            "upstream.failed" if known => drop(self.failing.lock().insert(server.to_owned())),
            "upstream.recovered" => drop(self.failing.lock().remove(server)),
            _ => {}
        }
    }
}

impl Sink for Overview {
    fn record(&self, event: Event) {
        if let Event::System(event) = &event {
            self.note(&event.name, &event.message);
        }
        self.store.record(event);
    }

    fn count(&self, figures: &Figures<'_>) -> bool {
        self.store.count(figures)
    }
}

impl Gateway for Overview {
    fn overview(&self) -> Shown {
        let mut shown = self.shown.lock().clone();
        let failing = self.failing.lock();
        for upstream in &mut shown.upstreams {
            upstream.healthy = !failing.contains(&upstream.name);
        }
        shown
    }
}
