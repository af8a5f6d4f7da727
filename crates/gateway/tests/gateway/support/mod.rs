//! A gateway, an upstream that counts what reaches it, and clients that write bytes.

mod backend;
mod client;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use babyshield_gateway::spec::{Listen, Upstream};
use babyshield_gateway::{Engines, Handle, Plan, Spec, SystemClock};
use babyshield_layers::block;
use babyshield_limit::store::memory::Store;
use babyshield_model::{Event, Memory, Mode, RequestEvent};
use babyshield_reputation::{Pattern, addr, agent, path};

pub(crate) use backend::Backend;
pub(crate) use client::{Wire, request};

/// What decides in a test, beside the gateway's own spec.
pub(crate) struct Deciders {
    pub(crate) rules: &'static str,
    pub(crate) limits: Vec<(&'static str, &'static str)>,
    pub(crate) deny: Vec<&'static str>,
    pub(crate) agents: Vec<&'static str>,
    pub(crate) paths: Vec<&'static str>,
}

impl Default for Deciders {
    fn default() -> Self {
        Self {
            rules: "SecRuleEngine On\nSecRequestBodyAccess On\n",
            limits: Vec::new(),
            deny: Vec::new(),
            agents: Vec::new(),
            paths: vec!["/blocked"],
        }
    }
}

impl Deciders {
    pub(crate) fn engines(&self) -> Engines {
        let rules = babyshield_waf::Spec {
            rules: Vec::new(),
            inline: vec![("test.conf".to_owned(), self.rules.to_owned())],
            ..babyshield_waf::Spec::default()
        };
        let files = babyshield_waf::source::Memory::default();
        let waf = babyshield_waf::Plan::compile(&rules, &files).expect("the rules compile");
        let limits = babyshield_limit::Spec {
            limits: self
                .limits
                .iter()
                .map(|(name, text)| babyshield_limit::Limit::parse(name, text, None).unwrap())
                .collect(),
            ..babyshield_limit::Spec::default()
        };
        let limits = babyshield_limit::Plan::compile(&limits).unwrap();
        let store = Arc::new(Store::new(limits.bounds()));
        let texts = |list: &[&str]| {
            list.iter()
                .map(|text| Pattern::from(*text))
                .collect::<Vec<_>>()
        };
        Engines {
            waf: Arc::new(waf.plan),
            response_body: 64 << 10,
            limits: Arc::new(limits),
            store,
            block: Arc::new(block::Plan {
                allow: addr::Networks::default(),
                deny: addr::Networks::compile(&texts(&self.deny)).unwrap(),
                agents: agent::Plan::compile(&agent::Spec {
                    patterns: texts(&self.agents),
                })
                .unwrap(),
                paths: path::Plan::compile(&path::Spec {
                    patterns: texts(&self.paths),
                })
                .unwrap(),
            }),
        }
    }
}

/// A running gateway with its events.
pub(crate) struct Gateway {
    pub(crate) handle: Handle,
    pub(crate) address: SocketAddr,
    pub(crate) events: Arc<Memory>,
}

/// A spec that enforces, listens on a free port and forwards to these servers.
pub(crate) fn spec(servers: &[String]) -> Spec {
    Spec {
        mode: Mode::Enforce,
        listen: vec![Listen::plain(SocketAddr::from(([127, 0, 0, 1], 0)))],
        upstreams: vec![Upstream {
            servers: servers.to_vec(),
            ..Upstream::single("main", "")
        }],
        ..Spec::default()
    }
}

impl Gateway {
    /// A gateway in front of one backend, with the default deciders.
    pub(crate) async fn before(backend: &Backend) -> Self {
        Self::start(&spec(&[backend.url()]), &Deciders::default()).await
    }

    /// The same with changes to the spec.
    pub(crate) async fn with(backend: &Backend, change: impl FnOnce(&mut Spec)) -> Self {
        let mut spec = spec(&[backend.url()]);
        change(&mut spec);
        Self::start(&spec, &Deciders::default()).await
    }

    pub(crate) async fn start(spec: &Spec, deciders: &Deciders) -> Self {
        let events = Arc::new(Memory::default());
        let plan = Plan::compile(spec, deciders.engines()).expect("the spec compiles");
        let clock = Arc::new(SystemClock::start());
        let handle = Handle::start(plan, Arc::clone(&events) as _, clock)
            .await
            .unwrap();
        let address = handle.addresses().await[0];
        Self {
            handle,
            address,
            events,
        }
    }

    pub(crate) async fn wire(&self) -> Wire {
        Wire::open(self.address).await
    }

    /// The next request event; events come when the response was sent, shortly after it is read.
    pub(crate) async fn event(&self) -> RequestEvent {
        self.events(1).await.remove(0)
    }

    pub(crate) async fn events(&self, count: usize) -> Vec<RequestEvent> {
        let mut found = Vec::new();
        for _ in 0..500 {
            for event in self.events.drain() {
                if let Event::Request(event) = event {
                    found.push(*event);
                }
            }
            if found.len() >= count {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{} of {count} events came: {found:#?}", found.len());
    }
}
