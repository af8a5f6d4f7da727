use std::fmt;
use std::time::Duration;

use babyshield_model::ByteSize;

/// The limits of one policy and what may be spent on keeping them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Every limit; names are unique.
    pub limits: Vec<Limit>,
    /// How many leading bits of an IPv6 address make one caller, 32 to 128. A home or a phone
    /// owns a whole /64, so that the single address says nothing.
    pub ipv6_prefix: u8,
    /// How much a store may remember.
    pub bounds: Bounds,
}

/// What a store in memory may hold. The smaller of the two counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Keys remembered at once.
    pub keys: usize,
    /// Bytes spent on remembering them.
    pub bytes: ByteSize,
}

/// One named limit: `login = "5/min per ip + body.email"`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limit {
    /// The name routes and events use.
    pub name: String,
    /// How many requests in how long.
    pub quota: Quota,
    /// How many may come at once; the quota's count when absent.
    pub burst: Option<u32>,
    /// What makes two requests the same caller: all of these together.
    pub key: Vec<Part>,
}

/// `count` requests every `period`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Quota {
    /// Requests, at least one.
    pub count: u32,
    /// Time in which they may come, above zero.
    pub period: Duration,
}

/// One part of a limit's key.
///
/// A part the request does not have, or has more than once, is replaced by the caller's address:
/// leaving out a header neither escapes the limit nor shares one bucket with everybody else who left
/// it out, and naming two accounts does not count as somebody new each time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// `ip`: the resolved caller, IPv6 by its network.
    Ip,
    /// `header.NAME`: a request header; the name is lower-case.
    Header(String),
    /// `cookie.NAME`: a request cookie.
    Cookie(String),
    /// `body.FIELD`: a field of a form or JSON body, compared without case and outer blanks, so
    /// that `Ann@x.org` and `ann@x.org` are one account.
    Body(String),
    /// `jwt.CLAIM`: a claim of the verified token.
    Jwt(String),
    /// `path`: the request's path without its query.
    Path,
    /// `route`: the route of the policy.
    Route,
    /// `global`: one bucket for everybody.
    Global,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            limits: Vec::new(),
            ipv6_prefix: 64,
            bounds: Bounds::default(),
        }
    }
}

impl Bounds {
    /// The fewest keys a store makes sense with.
    pub const LEAST_KEYS: usize = 1024;
    /// The fewest bytes a store makes sense with.
    pub const LEAST_BYTES: ByteSize = ByteSize(256 << 10);
}

impl Limit {
    /// Whether the limit can only be judged once the body was read.
    #[must_use]
    pub fn needs_body(&self) -> bool {
        self.key.iter().any(|part| matches!(part, Part::Body(_)))
    }

    /// Whether the limit can only be judged once the caller has proved who it is.
    #[must_use]
    pub fn needs_identity(&self) -> bool {
        self.key.iter().any(|part| matches!(part, Part::Jwt(_)))
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            keys: 200_000,
            bytes: ByteSize(32 << 20),
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip => f.write_str("ip"),
            Self::Header(name) => write!(f, "header.{name}"),
            Self::Cookie(name) => write!(f, "cookie.{name}"),
            Self::Body(field) => write!(f, "body.{field}"),
            Self::Jwt(claim) => write!(f, "jwt.{claim}"),
            Self::Path => f.write_str("path"),
            Self::Route => f.write_str("route"),
            Self::Global => f.write_str("global"),
        }
    }
}

/// The quota as it is written: `2000/5min`.
impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.period.as_secs();
        let unit = [(86_400, "day"), (3600, "hour"), (60, "min"), (1, "s")]
            .into_iter()
            .find(|(size, _)| seconds.is_multiple_of(*size));
        let (size, name) = unit.unwrap_or((1, "s"));
        match seconds / size {
            1 => write!(f, "{}/{name}", self.count),
            number => write!(f, "{}/{number}{name}", self.count),
        }
    }
}

/// The limit as it is written: `5/min burst 2 per ip + body.email`.
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.quota.fmt(f)?;
        if let Some(burst) = self.burst {
            write!(f, " burst {burst}")?;
        }
        for (at, part) in self.key.iter().enumerate() {
            let word = if at == 0 { " per " } else { " + " };
            write!(f, "{word}{part}")?;
        }
        Ok(())
    }
}
