use ipnet::IpNet;

use crate::read::{Key, Reader, Setting};

/// What is turned away before any rule looks at it.
#[derive(Clone, Debug)]
pub struct Block {
    /// Callers.
    pub networks: Setting<Vec<Setting<IpNet>>>,
    /// User agents.
    pub agents: Setting<Vec<Setting<String>>>,
    /// Paths.
    pub paths: Setting<Vec<Setting<String>>>,
}

/// Exceptions from [`Block`].
#[derive(Clone, Debug)]
pub struct Allow {
    /// Callers.
    pub networks: Setting<Vec<Setting<IpNet>>>,
    /// User agents.
    pub agents: Setting<Vec<Setting<String>>>,
    /// Paths.
    pub paths: Setting<Vec<Setting<String>>>,
}

pub(super) const BLOCK: Key = Key::new(
    "block",
    "What is turned away before any rule looks at it.",
    "",
);
pub(super) const ALLOW: Key = Key::new(
    "allow",
    "What `[block]` lets through although one of its entries matches. Rules and limits still \
     hold.",
    "",
);
const NETWORKS: Key = Key::new(
    "networks",
    "Networks and addresses whose requests are turned away.",
    "[\"198.51.100.0/24\"]",
);
const AGENTS: Key = Key::new(
    "agents",
    "User agents turned away: `builtin` for the attack tools known to the binary, anything else \
     is looked for in `User-Agent` without regard to case.",
    "[\"builtin\", \"examplebot\"]",
);
const PATHS: Key = Key::new(
    "paths",
    "Paths turned away: `builtin` for what attackers probe for, an exact path, a pattern with \
     `*` and `**`, or `re:` and a regular expression.",
    "[\"builtin\", \"/internal/**\"]",
);
const ALLOW_NETWORKS: Key = Key::new(
    "networks",
    "Networks and addresses let through although `block.networks` has them.",
    "[\"198.51.100.7\"]",
);
const ALLOW_AGENTS: Key = Key::new(
    "agents",
    "User agents let through although `block.agents` has them.",
    "[\"nmap-of-our-own\"]",
);
const ALLOW_PATHS: Key = Key::new(
    "paths",
    "Paths let through although `block.paths` has them; same forms, without `builtin`.",
    "[\"/internal/status\"]",
);

impl Block {
    /// The word that stands for the lists in the binary.
    pub const BUILTIN: &'static str = "builtin";

    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let builtin = || vec![Self::BUILTIN.to_owned()];
        Self {
            networks: r.list(NETWORKS, Vec::new()),
            agents: r.list(AGENTS, builtin()),
            paths: r.list(PATHS, builtin()),
        }
    }
}

impl Allow {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        Self {
            networks: r.list(ALLOW_NETWORKS, Vec::new()),
            agents: r.list(ALLOW_AGENTS, Vec::new()),
            paths: r.list(ALLOW_PATHS, Vec::new()),
        }
    }
}
