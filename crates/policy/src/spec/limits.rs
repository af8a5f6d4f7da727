use babyshield_layers::limit as layer;
use babyshield_limit::{Bounds, Limit, Part};
use babyshield_model::{ByteSize, Diagnostic};

use crate::kind::Number;
use crate::read::{Fault, Key, Reader, Setting, Text, words};

/// Rate limits.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Holds where a route names no limit of its own.
    pub default: Option<Limit>,
    /// Holds for every request.
    pub burst: Option<Limit>,
    /// For routes to name.
    pub named: Vec<Named>,
    /// How many callers are remembered.
    pub max_keys: Setting<Number<1024, 100_000_000>>,
    /// How much memory that may take.
    pub max_memory: Setting<ByteSize>,
    /// How much of an IPv6 address makes a caller.
    pub ipv6_prefix: Setting<Number<32, 128>>,
    /// Which responses say how much is left.
    pub announce: Setting<Announce>,
}

/// Which responses say how much is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Announce(pub layer::Announce);

words!(Announce {
    "refused" => { Announce(layer::Announce::Refused) },
    "always" => { Announce(layer::Announce::Always) },
});

/// A limit for routes to name.
#[derive(Clone, Debug)]
pub struct Named {
    /// Its name and where that stands.
    pub name: Setting<String>,
    /// The limit; `None` where it is `off` or could not be read.
    pub limit: Option<Limit>,
}

/// A limit as it is written; [`Limit::parse`] reads it where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Words(String);

impl Text for Words {
    const WHAT: &'static str = "a limit, such as \"100/min per ip\", or \"off\"";

    fn parse(text: &str) -> Result<Self, Fault> {
        Ok(Self(text.to_owned()))
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

pub(super) const LIMITS: Key = Key::new(
    "limits",
    "How many requests a caller may send. A caller beyond it is answered with 429 and told when \
     to come back.",
    "",
);
const DEFAULT: Key = Key::new(
    "default",
    "The limit of every route that names none of its own.",
    "\"100/min per ip\"",
);
const BURST: Key = Key::new(
    "burst",
    "A limit that holds for every request, whatever its route.",
    "\"2000/5min per ip\"",
);
const MAX_KEYS: Key = Key::new(
    "max_keys",
    "How many callers are remembered at once. When there are more, those idle longest are \
     forgotten first, and those over their limit last.",
    "200000",
);
const MAX_MEMORY: Key = Key::new(
    "max_memory",
    "How much memory remembering callers may take.",
    "\"32MiB\"",
);
const IPV6_PREFIX: Key = Key::new(
    "ipv6_prefix",
    "How many leading bits of an IPv6 address make one caller.",
    "64",
);
const ANNOUNCE: Key = Key::new(
    "announce",
    "Which responses carry the `RateLimit` fields: only those `refused`, or `always`.",
    "\"always\"",
);
const NAMED: Key = Key::new(
    "<name>",
    "A limit for routes to name: how many, in how long, per what. A caller is told apart by \
     `ip`, `path`, `route`, `header.NAME`, `cookie.NAME` and `body.FIELD`, joined with `+`; \
     `global` counts everybody together.",
    "\"5/min per ip + body.email\"",
);

impl Limits {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let bounds = Bounds::default();
        let default = r.value(DEFAULT, Words("100/min per ip".to_owned()));
        let burst = r.value(BURST, Words("2000/5min per ip".to_owned()));
        let keys = u32::try_from(bounds.keys).unwrap_or(u32::MAX);
        let max_keys = r.value(MAX_KEYS, Number(keys));
        let max_memory = r.value(MAX_MEMORY, bounds.bytes);
        let announce = r.value(ANNOUNCE, Announce::default());
        let ipv6_prefix = r.value(IPV6_PREFIX, Number(64));
        if max_memory.value < Bounds::LEAST_BYTES {
            let least = Bounds::LEAST_BYTES;
            let fault = Fault::new(format!("{} is too little", max_memory.value));
            r.refuse(
                &max_memory,
                fault.help(format!("write at least \"{least}\"")),
            );
        }
        let named = r
            .rest::<Words>(NAMED)
            .into_iter()
            .map(|(name, words)| Named {
                limit: limit(r, &name, &words),
                name,
            })
            .collect();
        Self {
            default: limit(r, "default", &default),
            burst: limit(r, "burst", &burst),
            named,
            max_keys,
            max_memory,
            ipv6_prefix,
            announce,
        }
    }
}

fn limit(r: &mut Reader<'_>, name: &str, words: &Setting<Words>) -> Option<Limit> {
    if words.0 == "off" {
        return None;
    }
    match Limit::parse(name, &words.0, words.span()) {
        Ok(limit) => {
            let claim = limit.key.iter().any(|part| matches!(part, Part::Jwt(_)));
            if claim {
                let fault = Fault::new("`jwt.` needs callers that prove who they are");
                r.refuse(
                    words,
                    fault.help("count by `ip`, `header.NAME` or `body.FIELD`"),
                );
            }
            Some(limit)
        }
        Err(faults) => {
            faults
                .into_iter()
                .for_each(|fault: Diagnostic| r.report(fault));
            None
        }
    }
}
