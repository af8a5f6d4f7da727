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
}

pub(super) const BLOCK: Key = Key::new(
    "block",
    "What is turned away before any rule looks at it.",
    "",
);
pub(super) const ALLOW: Key = Key::new(
    "allow",
    "Whom `[block]` never turns away. Rules and limits still hold.",
    "",
);
const NETWORKS: Key = Key::new(
    "networks",
    "Networks and addresses whose requests are turned away.",
    "[\"198.51.100.0/24\"]",
);
const AGENTS: Key = Key::new(
    "agents",
    "User agents turned away: `builtin` for the attack tools known to the binary; a text, found \
     anywhere in `User-Agent` without regard to case; `re:` and an expression. `!` and the name \
     of a built-in agent lets that one through.",
    "[\"builtin\", \"examplebot\", \"!nuclei\"]",
);
const PATHS: Key = Key::new(
    "paths",
    "Paths turned away: `builtin` for what attackers probe for; an exact path; a pattern, where \
     `*` is one part and `**` any number; a name in any folder, such as `*.bak`; `re:` and an \
     expression. `!` before any of these lets it through.",
    "[\"builtin\", \"/internal/**\", \"!/wp-login.php\"]",
);
const ALLOW_NETWORKS: Key = Key::new(
    "networks",
    "Networks and addresses that no entry of `[block]` turns away.",
    "[\"198.51.100.7\"]",
);

impl Block {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let builtin = || vec![babyshield_reputation::Pattern::BUILTIN.to_owned()];
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
        }
    }
}
