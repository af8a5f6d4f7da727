//! The policy as written: one struct a table, each read by one function that declares its keys.

mod admin;
mod block;
mod events;
mod exclude;
mod forward;
mod headers;
mod limits;
mod pattern;
mod resources;
mod route;
mod server;
mod timeouts;
mod waf;

use babyshield_model::Mode;
use ipnet::IpNet;

pub use admin::{Admin, Format, Log, Severity};
pub use block::{Allow, Block};
pub use events::Events;
pub use exclude::{Exclude, Field, Form};
pub use forward::{Forward, Health, Host};
pub use headers::{Cookies, Header, Headers, Name, SameSite};
pub use limits::{Limits, Named};
pub use pattern::{Part, Pattern};
pub use resources::Resources;
pub use route::Route;
pub use server::{Forwarded, Listen, Tls};
pub use timeouts::Timeouts;
pub use waf::Waf;

use crate::kind::{Number, Upstream};
use crate::read::{Key, Reader, Setting};

/// The whole document.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Whether decisions are carried out.
    pub mode: Setting<Mode>,
    /// Where requests are taken.
    pub listen: Setting<Vec<Setting<Listen>>>,
    /// Where they go.
    pub upstream: Vec<Setting<Upstream>>,
    /// Who may say on whose behalf it speaks.
    pub proxies: Setting<Vec<Setting<IpNet>>>,
    /// The header they say it in.
    pub forwarded: Setting<Forwarded>,
    /// Certificates.
    pub tls: Vec<Setting<Tls>>,
    /// Time limits of every stage.
    pub timeouts: Timeouts,
    /// What callers may use up.
    pub resources: Resources,
    /// How requests are passed on.
    pub forward: Forward,
    /// Checks of the upstreams.
    pub health: Health,
    /// The admin listener.
    pub admin: Admin,
    /// The rule engine.
    pub waf: Waf,
    /// Rate limits.
    pub limits: Limits,
    /// What is turned away.
    pub block: Block,
    /// What is never turned away by a list.
    pub allow: Allow,
    /// Security headers of responses.
    pub headers: Headers,
    /// The event store.
    pub events: Events,
    /// The log.
    pub log: Log,
    /// What differs for some requests.
    pub routes: Vec<Setting<Route>>,
}

const VERSION: Key = Key::new(
    "version",
    "The version of this file's format. There is only version 1 so far.",
    "1",
);
const MODE: Key = Key::new(
    "mode",
    "What becomes of decisions. `watch` inspects and reports, and blocks nothing; `enforce` \
     carries decisions out; `off` inspects nothing. `babyshield enforce` shows what `watch` would \
     have blocked, then switches.",
    "\"enforce\"",
);
const LISTEN: Key = Key::new(
    "listen",
    "Where requests are taken: addresses with port, or tables with `address` and `tls`.",
    "[\"0.0.0.0:8080\"]",
);
const UPSTREAM: Key = Key::new(
    "upstream",
    "The API behind BabyShield: one address, or several, of which the healthy one with the \
     fewest requests under way is chosen.",
    "\"http://127.0.0.1:3000\"",
);
const PROXIES: Key = Key::new(
    "proxies",
    "Load balancers and proxies in front of BabyShield. Only these may name the true caller in \
     `X-Forwarded-For` or `Forwarded`; from anybody else the fields are ignored and replaced.",
    "[\"10.0.0.0/8\"]",
);
const FORWARDED: Key = Key::new(
    "forwarded",
    "The header in which `proxies` name the caller. Only the one is read that they write: the \
     other they pass on as the caller sent it.",
    "\"x-forwarded-for\"",
);

impl Spec {
    /// Reads the whole document. `None` when something without which there is no policy is
    /// missing; the faults are in the reader's record either way.
    pub(crate) fn read(r: &mut Reader<'_>) -> Option<Self> {
        let version = r.required::<Number<1, 1>>(VERSION);
        let mode = r.value(MODE, Mode::default());
        let spec = Self {
            mode,
            listen: r.list_or_tables(LISTEN, Listen::fallback(), Listen::plain, Listen::read),
            upstream: r.required_list(UPSTREAM),
            proxies: r.list(PROXIES, Vec::new()),
            forwarded: r.value(FORWARDED, Forwarded::default()),
            tls: r.tables(server::TLS, Tls::read),
            timeouts: r.table(timeouts::TIMEOUTS, Timeouts::read),
            resources: r.table(resources::RESOURCES, Resources::read),
            forward: r.table(forward::FORWARD, Forward::read),
            health: r.table(forward::HEALTH, Health::read),
            admin: r.table(admin::ADMIN, Admin::read),
            waf: r.table(waf::WAF, Waf::read),
            limits: r.table(limits::LIMITS, Limits::read),
            block: r.table(block::BLOCK, Block::read),
            allow: r.table(block::ALLOW, Allow::read),
            headers: r.table(headers::HEADERS, Headers::read),
            events: r.table(events::EVENTS, Events::read),
            log: r.table(admin::LOG, Log::read),
            routes: r.tables(route::ROUTE, Route::read),
        };
        version.map(|_| spec)
    }
}
