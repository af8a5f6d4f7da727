//! From the document to what runs: the specs of every crate, filled in and compiled, with all
//! their faults gathered.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use babyshield_gateway::{SystemClock, spec as gateway};
use babyshield_layers::block;
use babyshield_limit::store::memory;
use babyshield_limit::{Bounds, Store};
use babyshield_model::{ByteSize, Diagnostic, Diagnostics, Span};
use babyshield_reputation::addr::Networks;
use babyshield_reputation::{Pattern, agent, path};
use babyshield_waf::Files;
use babyshield_waf::collection::Collections;
use babyshield_waf::source::Noted;
use ipnet::IpNet;

use crate::document::{Document, is_faulty, sort};
use crate::exclude;
use crate::kind::Upstream;
use crate::read::{Setting, Text};
use crate::spec::{self, Spec};

/// A policy that was proven: everything the gateway runs by.
#[derive(Debug)]
pub struct Policy {
    /// The document it was made from.
    pub document: Document,
    /// The document's content.
    pub spec: Spec,
    /// Where to listen, whom to believe, where requests go.
    pub gateway: gateway::Spec,
    /// The rules and their bounds, as the engine was given them.
    pub waf: babyshield_waf::Spec,
    /// The rules.
    pub rules: Arc<babyshield_waf::Plan>,
    /// Whom and what to turn away.
    pub block: Arc<block::Plan>,
    /// Rate limits.
    pub limits: Arc<babyshield_limit::Plan>,
    /// The event store.
    pub events: babyshield_events::Spec,
    /// The files that the rules were read from: what they include, the lists and databases they name.
    read: Vec<PathBuf>,
}

/// One clock for all rules, so that what a rule set remembers expires in time after a reload too.
static CLOCK: LazyLock<SystemClock> = LazyLock::new(SystemClock::start);

impl Policy {
    /// Reads a policy file and compiles it.
    ///
    /// # Errors
    /// Every fault and warning, in the order of the file.
    pub fn load(path: &Path, files: &dyn Files) -> Result<Self, Diagnostics> {
        Self::compile(Document::load(path, None, files), files)
    }

    /// Compiles a document.
    ///
    /// # Errors
    /// Every fault and warning, in the order of the file.
    pub fn compile(document: Document, files: &dyn Files) -> Result<Self, Diagnostics> {
        let mut document = document;
        let mut found = std::mem::take(&mut document.diagnostics);
        let Some(spec) = document.spec.take() else {
            return Err(found);
        };
        let block = gather(block_plan(&spec), &mut found);
        let limits = gather(limit_plan(&spec), &mut found);
        let waf = waf_spec(&spec, &document);
        let noted = Noted::new(files);
        let rules = babyshield_waf::Plan::compile(&waf, &noted);
        let rules = gather(rules, &mut found).map(|compiled| {
            found.extend(compiled.warnings);
            compiled.plan.with_clock(Arc::new(*CLOCK))
        });
        sort(&mut found);
        let (Some(block), Some(limits), Some(rules)) = (block, limits, rules) else {
            return Err(found);
        };
        let mut policy = Self {
            gateway: gateway_spec(&spec, &document.folder),
            waf,
            rules: Arc::new(rules),
            block: Arc::new(block),
            limits: Arc::new(limits),
            events: events_spec(&spec, &document.folder),
            read: noted.asked(),
            document,
            spec,
        };
        let trial: Arc<dyn Store> = Arc::new(memory::Store::new(Bounds {
            keys: Bounds::LEAST_KEYS,
            bytes: Bounds::LEAST_BYTES,
        }));
        let _proven = gather(policy.plan(trial), &mut found);
        sort(&mut found);
        if is_faulty(&found) {
            return Err(found);
        }
        policy.document.diagnostics = found;
        Ok(policy)
    }

    /// The gateway's plan, ready to run. Hand the same store on at a reload, so that it forgives
    /// nobody.
    ///
    /// # Errors
    /// What the gateway finds wrong: certificates and keys that do not fit, mostly. Their files may
    /// have changed since the policy was compiled.
    pub fn plan(&self, store: Arc<dyn Store>) -> Result<babyshield_gateway::Plan, Diagnostics> {
        let engines = babyshield_gateway::Engines {
            waf: Arc::clone(&self.rules),
            response_body: self.spec.waf.response_body.value.as_usize(),
            limits: Arc::clone(&self.limits),
            store,
            block: Arc::clone(&self.block),
        };
        babyshield_gateway::Plan::compile(&self.gateway, engines).map_err(|faults| {
            let faults = faults.into_iter();
            faults.map(|fault| self.document.locate(fault)).collect()
        })
    }

    /// Has the rules go on with what those in force remember (`IP`, `SESSION` and the like). Before
    /// [`Policy::plan`].
    pub fn remember(&mut self, collections: Arc<dyn Collections>) {
        // Nobody else holds the rules yet.
        if let Some(rules) = Arc::get_mut(&mut self.rules) {
            rules.share(collections);
        }
    }

    /// Where what rules remember outlives a restart, if anywhere.
    #[must_use]
    pub fn collections(&self) -> Option<PathBuf> {
        let file = self.spec.waf.collections.as_ref()?;
        Some(self.document.folder.join(&file.0))
    }

    /// A store for what callers spend of their limits, as large as the policy says.
    #[must_use]
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(memory::Store::new(self.limits.bounds()))
    }

    /// What is odd about the policy without being wrong.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.document.diagnostics
    }

    /// Every file and folder the policy names, to be watched for changes, and every file its rules
    /// were read from.
    #[must_use]
    pub fn files(&self) -> Vec<PathBuf> {
        let rules = self.spec.waf.rules.iter();
        let rules = rules.filter(|file| file.0 != Path::new(spec::Waf::BUILTIN));
        let tls = self.spec.tls.iter();
        let tls = tls.flat_map(|tls| [&tls.cert, &tls.key]);
        let authorities = self.spec.forward.authorities.iter();
        let files = rules.chain(tls).chain(authorities);
        let mut files: Vec<PathBuf> = files
            .map(|file| self.document.folder.join(&file.0))
            .collect();
        files.extend(self.read.iter().cloned());
        files
    }

    /// Where the dashboard listens.
    #[must_use]
    pub fn admin(&self) -> SocketAddr {
        self.spec.admin.listen.value
    }
}

/// Adds the faults of a crate below. Where values were refused before, what has no place may only
/// follow from that, and is left out.
fn gather<T>(compiled: Result<T, Diagnostics>, found: &mut Diagnostics) -> Option<T> {
    let alone = !is_faulty(found);
    match compiled {
        Ok(plan) => Some(plan),
        Err(faults) => {
            found.extend(
                faults
                    .into_iter()
                    .filter(|fault| alone || fault.span.is_some()),
            );
            None
        }
    }
}

fn block_plan(spec: &Spec) -> Result<block::Plan, Diagnostics> {
    let mut faults = Diagnostics::new();
    let agents = agent::Spec {
        patterns: patterns(&spec.block.agents),
    };
    let paths = path::Spec {
        patterns: patterns(&spec.block.paths),
    };
    let agents = gather(agent::Plan::compile(&agents), &mut faults);
    let paths = gather(path::Plan::compile(&paths), &mut faults);
    let networks = |list: &[Setting<IpNet>]| -> Vec<IpNet> {
        list.iter().map(|network| network.value).collect()
    };
    let mut allow = networks(&spec.allow.networks);
    allow.extend(networks(&spec.admin.protect));
    match (agents, paths) {
        (Some(agents), Some(paths)) => Ok(block::Plan {
            allow: allow.into_iter().collect(),
            deny: Networks::from_iter(networks(&spec.block.networks)),
            agents,
            paths,
        }),
        _ => Err(faults),
    }
}

fn patterns(list: &[Setting<String>]) -> Vec<Pattern> {
    let patterns = list.iter().map(|text| Pattern {
        text: text.value.clone(),
        place: text.span().cloned(),
    });
    patterns.collect()
}

fn limit_plan(spec: &Spec) -> Result<babyshield_limit::Plan, Diagnostics> {
    let limits = &spec.limits;
    let named = limits.named.iter().filter_map(|named| named.limit.as_ref());
    let all = limits.default.iter().chain(&limits.burst).chain(named);
    babyshield_limit::Plan::compile(&babyshield_limit::Spec {
        limits: all.cloned().collect(),
        ipv6_prefix: u8::try_from(limits.ipv6_prefix.0).unwrap_or(u8::MAX),
        bounds: babyshield_limit::Bounds {
            keys: limits.max_keys.size(),
            bytes: limits.max_memory.value,
        },
    })
}

/// The longest body any request may have: what the rules must be ready for.
fn longest_body(spec: &Spec) -> ByteSize {
    let routes = spec.routes.iter().filter_map(|route| route.body.as_ref());
    let bodies = routes.map(|body| body.value);
    bodies.fold(spec.waf.body.value, ByteSize::max)
}

/// The rule engine's spec, filled in from the policy.
fn waf_spec(spec: &Spec, document: &Document) -> babyshield_waf::Spec {
    let waf = &spec.waf;
    let builtin = Path::new(spec::Waf::BUILTIN);
    let rules = waf.rules.iter().map(|file| match file.0.as_path() {
        path if path == builtin => path.to_owned(),
        path => document.folder.join(path),
    });
    let directives = waf.directives.iter();
    babyshield_waf::Spec {
        rules: rules.collect(),
        inline: directives.map(|text| inline(text, document)).collect(),
        exclusions: waf.exclude.iter().map(exclude::exclusion).collect(),
        level: waf
            .level
            .as_ref()
            .and_then(|level| u8::try_from(level.0).ok()),
        threshold: waf.threshold.as_ref().map(|threshold| threshold.0),
        limits: babyshield_waf::Limits {
            request_body: longest_body(spec),
            response_body: waf.response_body.value,
            arguments: waf.arguments.size(),
            cookies: waf.cookies.size(),
            depth: waf.depth.size(),
            parts: waf.parts.size(),
            regex_steps: waf.regex_steps.size(),
            time: waf.time.value,
            memory: waf.memory.value,
        },
    }
}

/// SecLang text out of the policy, moved down to the lines on which it stands there, so that
/// whoever names a place in it names one in the policy.
fn inline(text: &Setting<String>, document: &Document) -> (String, String) {
    let name = document.source.name.clone();
    let own = |span: &&Span| Arc::ptr_eq(&span.source, &document.source);
    let at = text.span().filter(own).and_then(|span| {
        let written = span.source.text.get(span.range.clone())?;
        Some(span.range.start + written.find(text.value.as_str())?)
    });
    match at.and_then(|at| document.source.text.get(..at)) {
        Some(before) => {
            let lines = before.bytes().filter(|&byte| byte == b'\n').count();
            (name, "\n".repeat(lines) + &text.value)
        }
        None => (format!("{name} (waf.directives)"), text.value.clone()),
    }
}

fn events_spec(spec: &Spec, folder: &Path) -> babyshield_events::Spec {
    let events = &spec.events;
    babyshield_events::Spec {
        path: folder.join(&events.path.0),
        max_size: events.max_size.value,
        max_age: events.max_age.value,
        queue: events.queue.size(),
        queue_size: events.queue_size.value,
        plain_rate: events.ordinary_rate.0,
        plain_kept: events.ordinary_kept.0,
        ..babyshield_events::Spec::default()
    }
}

fn gateway_spec(spec: &Spec, folder: &Path) -> gateway::Spec {
    let networks = spec.proxies.iter().map(|network| network.text());
    let upgrades = spec.forward.upgrades.iter();
    let burst = spec.limits.burst.as_ref().map(|limit| limit.name.clone());
    gateway::Spec {
        mode: spec.mode.value,
        listen: listeners(spec, folder),
        upstreams: upstreams(spec, folder),
        proxies: networks.collect(),
        forwarded_by: spec.forwarded.value.0,
        routes: routes(spec),
        limits: burst.into_iter().collect(),
        announce: spec.limits.announce.value.0,
        upgrades: upgrades.map(|name| name.value.clone()).collect(),
        headers: spec.headers.layer(),
        timeouts: spec.timeouts.gateway(),
        resources: spec.resources.gateway(spec.waf.body.value),
    }
}

fn listeners(spec: &Spec, folder: &Path) -> Vec<gateway::Listen> {
    let certificates = spec.tls.iter().map(|tls| gateway::Certificate {
        chain: folder.join(&tls.cert.0),
        key: folder.join(&tls.key.0),
    });
    let certificates: Vec<_> = certificates.collect();
    let listen = spec.listen.iter().map(|listen| gateway::Listen {
        address: listen.address,
        certificates: if listen.tls {
            certificates.clone()
        } else {
            Vec::new()
        },
    });
    listen.collect()
}

/// The general upstream first, then each further one that a route names, once.
fn upstreams(spec: &Spec, folder: &Path) -> Vec<gateway::Upstream> {
    let own = spec
        .routes
        .iter()
        .filter_map(|route| route.upstream.as_ref());
    let lists = std::iter::once(&spec.upstream).chain(own.map(|list| &list.value));
    let mut upstreams: Vec<gateway::Upstream> = Vec::new();
    for servers in lists {
        let name = upstream_name(servers);
        if upstreams.iter().any(|upstream| upstream.name == name) {
            continue;
        }
        let authorities = spec.forward.authorities.as_ref();
        upstreams.push(gateway::Upstream {
            name,
            servers: servers.iter().map(|server| server.text()).collect(),
            host: spec.forward.host.value.0,
            authorities: authorities.map(|file| folder.join(&file.0)),
            health: spec.health.gateway(),
        });
    }
    upstreams
}

fn upstream_name(servers: &[Setting<Upstream>]) -> String {
    let servers: Vec<String> = servers.iter().map(|server| server.text()).collect();
    servers.join(", ")
}

/// The routes as written, and one for all other requests, which counts them by the default limit.
fn routes(spec: &Spec) -> Vec<gateway::Route> {
    let default = spec.limits.default.as_ref().map(|limit| limit.name.clone());
    let mut routes: Vec<gateway::Route> = spec
        .routes
        .iter()
        .map(|route| gateway::Route {
            pattern: route.pattern.gateway(),
            mode: route.mode.as_ref().map(|mode| mode.value),
            limits: match &route.limit {
                Some(limits) => names(limits, spec),
                None => default.iter().cloned().collect(),
            },
            body: route.body.as_ref().map(|body| body.value),
            upstream: route.upstream.as_ref().map(|list| upstream_name(list)),
            stream: route.stream.value,
        })
        .collect();
    let all = spec::Pattern::all().text();
    let covered = routes.iter().any(|route| route.pattern == all);
    if let (Some(default), false) = (default, covered) {
        routes.push(gateway::Route {
            pattern: all,
            limits: vec![default],
            ..gateway::Route::default()
        });
    }
    routes
}

/// The named limits that are not `off`.
fn names(limits: &[Setting<String>], spec: &Spec) -> Vec<String> {
    let named = spec.limits.named.iter();
    let named = named.filter_map(|named| named.limit.as_ref());
    let known: Vec<&str> = named
        .chain(&spec.limits.default)
        .map(|limit| limit.name.as_str())
        .collect();
    let names = limits.iter().map(|name| name.value.clone());
    names
        .filter(|name| known.contains(&name.as_str()))
        .collect()
}
