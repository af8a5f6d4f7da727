use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use babyshield_layers::{Budget, Treatment, block, caller, headers, limit, waf};
use babyshield_limit::{LimitId, Part, Store};
use babyshield_model::{Diagnostic, Diagnostics};
use babyshield_reputation::Pattern as Text;
use babyshield_reputation::addr::Networks;
use http::HeaderValue;
use http::uri::Scheme;
use rustls::ServerConfig;
use rustls_pki_types::ServerName;

use crate::guard;
use crate::route::{Action, Pattern, Route, Table};
use crate::spec::{self, Resources, Spec, Timeouts};
use crate::tls;
use crate::upstream::{Server, Target, Upstream};

/// What decides about requests, compiled by the crates that know it.
pub struct Engines {
    /// The rules.
    pub waf: Arc<babyshield_waf::Plan>,
    /// Response body bytes shown to the rules.
    pub response_body: usize,
    /// The limits; routes name them.
    pub limits: Arc<babyshield_limit::Plan>,
    /// Where it is kept what was spent. Hand the same one on at a reload, so that it forgives
    /// nobody.
    pub store: Arc<dyn Store>,
    /// Whom and what to refuse.
    pub block: Arc<block::Plan>,
}

/// A gateway, checked: ready to run or to take the place of another.
pub struct Plan {
    pub(crate) listen: Vec<Listener>,
    pub(crate) upstreams: Vec<Arc<Upstream>>,
    pub(crate) routes: Arc<Table>,
    pub(crate) headers: Arc<headers::Plan>,
    pub(crate) caller: Arc<caller::Plan>,
    pub(crate) block: Arc<block::Plan>,
    pub(crate) limit: Arc<limit::Plan>,
    pub(crate) waf: Arc<waf::Plan>,
    pub(crate) upgrades: Vec<String>,
    pub(crate) timeouts: Timeouts,
    pub(crate) resources: Resources,
    warnings: Diagnostics,
}

/// One address to listen on.
#[derive(Clone, Debug)]
pub(crate) struct Listener {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Arc<ServerConfig>>,
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("listen", &self.listen)
            .finish_non_exhaustive()
    }
}

impl Plan {
    /// Checks the whole of a gateway. Reads certificates and authorities; binds nothing and
    /// connects nowhere.
    ///
    /// # Errors
    /// Every fault found.
    pub fn compile(spec: &Spec, engines: Engines) -> Result<Self, Diagnostics> {
        let mut compiler = Compiler {
            spec,
            limits: &engines.limits,
            found: Diagnostics::new(),
        };
        let listen = compiler.listen();
        let upstreams = compiler.upstreams();
        let routes = compiler.routes(&upstreams);
        let headers = headers::Plan::compile(&spec.headers);
        let headers = headers.map_err(|faults| compiler.found.extend(faults)).ok();
        let trusted = compiler.trusted();
        compiler.bounds();
        let faulty = |d: &Diagnostic| d.severity == babyshield_model::Severity::Error;
        let (Some(routes), Some(headers)) = (routes, headers) else {
            return Err(compiler.found);
        };
        if compiler.found.iter().any(faulty) {
            return Err(compiler.found);
        }
        let warnings = compiler.found;
        Ok(Self {
            listen,
            upstreams,
            routes: Arc::new(routes),
            headers: Arc::new(headers),
            caller: Arc::new(caller::Plan {
                trusted,
                field: spec.forwarded_by,
            }),
            block: engines.block,
            limit: Arc::new(limit::Plan {
                limits: engines.limits,
                store: engines.store,
                announce: spec.announce,
            }),
            waf: Arc::new(waf::Plan {
                rules: engines.waf,
                budget: Budget::new(spec.resources.bodies.0),
                response_body: engines.response_body,
            }),
            upgrades: spec.upgrades.clone(),
            timeouts: spec.timeouts.clone(),
            resources: spec.resources.clone(),
            warnings,
        })
    }

    /// What was worth a warning.
    #[must_use]
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// What the guard of a connection holds it to.
    pub(crate) fn guard_limits(&self) -> guard::Limits {
        guard::Limits {
            head: self.resources.head.as_usize(),
            fields: self.resources.header_fields,
            head_time: self.timeouts.head,
            idle: self.timeouts.idle,
            body_idle: self.timeouts.body,
            body_rate: self.resources.body_rate.0,
            grace: self.timeouts.body_grace,
            write: self.timeouts.write,
            linger: std::time::Duration::from_secs(2),
        }
    }
}

struct Compiler<'a> {
    spec: &'a Spec,
    limits: &'a babyshield_limit::Plan,
    found: Diagnostics,
}

impl Compiler<'_> {
    fn fault(&mut self, code: &'static str, message: String, help: &str) {
        self.found.push(Diagnostic::error(code, message).help(help));
    }

    fn listen(&mut self) -> Vec<Listener> {
        let mut listeners: Vec<Listener> = Vec::new();
        if self.spec.listen.is_empty() {
            let message = "there is no address to listen on".to_owned();
            self.fault(
                "gateway.no_listener",
                message,
                "write `listen = [\"0.0.0.0:8080\"]`",
            );
        }
        for listen in &self.spec.listen {
            let address = listen.address;
            let twice = |own: &Listener| own.address == address && address.port() != 0;
            if listeners.iter().any(twice) {
                let message = format!("`{address}` is listened on twice");
                self.fault("gateway.duplicate_listener", message, "name it once");
            }
            let tls = if listen.certificates.is_empty() {
                None
            } else {
                tls::server(&listen.certificates, &mut self.found)
            };
            listeners.push(Listener { address, tls });
        }
        listeners
    }

    fn upstreams(&mut self) -> Vec<Arc<Upstream>> {
        if self.spec.upstreams.is_empty() {
            let message = "there is no upstream to protect".to_owned();
            let help = "write `upstream = \"http://127.0.0.1:3000\"`";
            self.fault("gateway.no_upstream", message, help);
        }
        let mut names: HashMap<&str, ()> = HashMap::new();
        let mut upstreams = Vec::new();
        for upstream in &self.spec.upstreams {
            if names.insert(&upstream.name, ()).is_some() {
                let message = format!("two upstreams are named `{}`", upstream.name);
                self.fault(
                    "gateway.duplicate_upstream",
                    message,
                    "give each its own name",
                );
            }
            upstreams.push(Arc::new(self.upstream(upstream)));
        }
        upstreams
    }

    fn upstream(&mut self, upstream: &spec::Upstream) -> Upstream {
        let name = &upstream.name;
        if upstream.servers.is_empty() {
            let message = format!("upstream `{name}` has no server");
            self.fault(
                "gateway.no_server",
                message,
                "write `servers = [\"http://…\"]`",
            );
        }
        if let Some(path) = &upstream.health.path
            && (!path.starts_with('/') || path.parse::<http::Uri>().is_err())
        {
            let message = format!("`{path}` is no path to check the health of `{name}` by");
            self.fault(
                "gateway.bad_health_path",
                message,
                "write a path such as `/health`",
            );
        }
        if upstream.health.interval.is_zero() || upstream.health.timeout.is_zero() {
            let message = format!("the health check of `{name}` has no time");
            self.fault(
                "gateway.zero_health_time",
                message,
                "write times above zero",
            );
        }
        let secure = |server: &String| server.starts_with("https://");
        let tls = if upstream.servers.iter().any(secure) {
            tls::client(upstream.authorities.as_deref(), &mut self.found)
        } else {
            None
        };
        let servers = upstream.servers.iter();
        let servers = servers
            .filter_map(|text| self.server(text, tls.as_ref()))
            .collect();
        Upstream {
            name: Arc::from(name.as_str()),
            host: upstream.host,
            health: upstream.health.clone(),
            servers,
        }
    }

    fn server(
        &mut self,
        text: &str,
        tls: Option<&Arc<rustls::ClientConfig>>,
    ) -> Option<Arc<Server>> {
        match target(text, tls) {
            Ok((target, host)) => {
                let (timeouts, resources) = (&self.spec.timeouts, &self.spec.resources);
                Some(Arc::new(Server::new(target, host, timeouts, resources)))
            }
            Err(reason) => {
                let message = format!("`{text}` is not an upstream server: {reason}");
                let help = "write `http://`, `https://` or `h2c://`, a host and perhaps a port";
                self.fault("gateway.bad_server", message, help);
                None
            }
        }
    }

    fn routes(&mut self, upstreams: &[Arc<Upstream>]) -> Option<Table> {
        let default = self.action(None, upstreams);
        let mut routes: Vec<(usize, Route)> = Vec::new();
        for (at, route) in self.spec.routes.iter().enumerate() {
            let action = self.action(Some(route), upstreams);
            match Pattern::parse(&route.pattern) {
                Ok(pattern) => {
                    if let Some(action) = action {
                        routes.push((at, Route { pattern, action }));
                    }
                }
                Err(reason) => {
                    let message = format!("`{}` matches nothing: {reason}", route.pattern);
                    self.fault("gateway.bad_route", message, "see the guide on routes");
                }
            }
        }
        self.overlaps(&routes);
        routes.sort_by(|(_, one), (_, two)| {
            two.pattern.specificity().cmp(&one.pattern.specificity())
        });
        let hosts = routes.iter().any(|(_, route)| route.pattern.has_host());
        Some(Table {
            routes: routes.into_iter().map(|(_, route)| route).collect(),
            default: default?,
            hosts,
        })
    }

    fn overlaps(&mut self, routes: &[(usize, Route)]) {
        for (at, (_, one)) in routes.iter().enumerate() {
            for (_, two) in routes.iter().skip(at + 1) {
                if one.pattern.rivals(&two.pattern) {
                    let name =
                        |route: &Route| route.action.treatment.route.clone().unwrap_or_default();
                    let message = format!(
                        "the routes `{}` and `{}` match the same requests",
                        name(one),
                        name(two)
                    );
                    let help = "the first one counts; make one of them say more";
                    let warning = Diagnostic::warning("gateway.overlapping_routes", message);
                    self.found.push(warning.help(help));
                }
            }
        }
    }

    fn action(
        &mut self,
        route: Option<&spec::Route>,
        upstreams: &[Arc<Upstream>],
    ) -> Option<Action> {
        let spec = self.spec;
        let own = route.map_or(&[][..], |route| &route.limits);
        let mut limits = Vec::new();
        let mut body_limits = Vec::new();
        for name in spec.limits.iter().chain(own) {
            match self.limit(name) {
                Some((id, true)) => body_limits.push(id),
                Some((id, false)) => limits.push(id),
                None => {}
            }
        }
        let upstream = match route.and_then(|route| route.upstream.as_deref()) {
            None => upstreams.first(),
            Some(name) => {
                let found = upstreams.iter().find(|upstream| &*upstream.name == name);
                if found.is_none() {
                    let message = format!("no upstream is named `{name}`");
                    self.fault(
                        "gateway.unknown_upstream",
                        message,
                        "name one of `upstreams`",
                    );
                }
                found
            }
        };
        let stream = route.is_some_and(|route| route.stream);
        if stream && !body_limits.is_empty() {
            let message = "a route that streams cannot count by a field of the body".to_owned();
            self.fault(
                "gateway.stream_counts_body",
                message,
                "drop `stream` or that limit",
            );
        }
        Some(Action {
            treatment: Arc::new(Treatment {
                route: route.map(|route| Arc::from(route.pattern.as_str())),
                mode: route.and_then(|route| route.mode).unwrap_or(spec.mode),
                limits: limits.into(),
                body_limits: body_limits.into(),
                body: route
                    .and_then(|route| route.body)
                    .unwrap_or(spec.resources.body)
                    .0,
                stream,
            }),
            upstream: Arc::clone(upstream?),
        })
    }

    /// A limit by name, and whether it counts by the body.
    fn limit(&mut self, name: &str) -> Option<(LimitId, bool)> {
        let found = self.limits.find(name);
        let Some(id) = found else {
            let message = format!("no limit is named `{name}`");
            self.fault("gateway.unknown_limit", message, "name one of `limits`");
            return None;
        };
        let key = &self.limits.limit(id)?.key;
        Some((id, key.iter().any(|part| matches!(part, Part::Body(_)))))
    }

    fn trusted(&mut self) -> Networks {
        let texts: Vec<Text> = self
            .spec
            .proxies
            .iter()
            .map(|text| Text::from(text.as_str()))
            .collect();
        match Networks::compile(&texts) {
            Ok(networks) => networks,
            Err(faults) => {
                self.found.extend(faults);
                Networks::default()
            }
        }
    }

    /// Limits that would stop everything are slips of the pen.
    fn bounds(&mut self) {
        let (times, most) = (&self.spec.timeouts, &self.spec.resources);
        let zero_times = [
            ("handshake", times.handshake),
            ("head", times.head),
            ("body", times.body),
            ("idle", times.idle),
            ("write", times.write),
            ("tunnel", times.tunnel),
            ("connect", times.connect),
            ("response", times.response),
            ("response_body", times.response_body),
        ]
        .into_iter()
        .filter(|(_, time)| time.is_zero())
        .map(|(name, _)| format!("timeouts.{name}"));
        let zero_counts = [
            ("connections", most.connections as u64),
            (
                "connections_per_address",
                most.connections_per_address as u64,
            ),
            ("header_fields", most.header_fields as u64),
            ("bodies", most.bodies.0),
            ("streams", u64::from(most.streams)),
            ("upstream_requests", most.upstream_requests as u64),
        ]
        .into_iter()
        .filter(|(_, count)| *count == 0)
        .map(|(name, _)| format!("resources.{name}"));
        let zeros: Vec<String> = zero_times.chain(zero_counts).collect();
        for name in zeros {
            let message = format!("`{name}` is zero, so that no request could be served");
            self.fault("gateway.zero_limit", message, "write a value above zero");
        }
        if !(1024..=256 << 10).contains(&most.head.0) {
            let message = format!("a request head of {} is no sensible limit", most.head);
            self.fault("gateway.bad_head_limit", message, "write 1KiB to 256KiB");
        }
        if most.header_fields > 1000 {
            let message = "more than 1000 header fields is no sensible limit".to_owned();
            self.fault("gateway.bad_field_limit", message, "write at most 1000");
        }
    }
}

fn target(
    text: &str,
    tls: Option<&Arc<rustls::ClientConfig>>,
) -> Result<(Target, HeaderValue), String> {
    let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
    let (h2c, port) = match scheme {
        "http" => (false, 80),
        "h2c" => (true, 80),
        "https" => (false, 443),
        _ => return Err(format!("`{scheme}` is not spoken")),
    };
    let authority = rest.strip_suffix('/').unwrap_or(rest);
    if authority.contains(['/', '?', '#', '@']) {
        return Err("it is more than a host and a port".to_owned());
    }
    let authority: http::uri::Authority = authority.parse().map_err(|_| "it has no host")?;
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    let field = HeaderValue::from_str(authority.as_str()).map_err(|_| "it has no host")?;
    let secure = scheme == "https";
    let tls = match (secure, tls) {
        (true, Some(config)) => {
            let name = ServerName::try_from(host.clone()).map_err(|error| error.to_string())?;
            Some((Arc::clone(config), name))
        }
        (_, _) => None,
    };
    let port = authority.port_u16().unwrap_or(port);
    let target = Target {
        text: Arc::from(text),
        scheme: if secure { Scheme::HTTPS } else { Scheme::HTTP },
        authority,
        host,
        port,
        h2c,
        tls,
    };
    Ok((target, field))
}
