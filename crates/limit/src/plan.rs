use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use babyshield_model::{Diagnostic, Diagnostics};

use crate::gcra::{Nanos, Rate, nanos};
use crate::store::{Charge, Store};
use crate::{Bounds, Decision, Limit, Part, Spec, Subject};

/// Every limit, checked and ready. It remembers nothing: that is the [`Store`]'s.
#[derive(Debug)]
pub struct Plan {
    rules: Vec<Rule>,
    names: HashMap<Arc<str>, LimitId>,
    ipv6_mask: u128,
    bounds: Bounds,
}

/// A limit of the plan that gave it out; meaningless to any other plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LimitId(usize);

#[derive(Debug)]
struct Rule {
    name: Arc<str>,
    limit: Limit,
    rate: Rate,
    /// What the keys of this limit begin with: its name and its figures, so that a limit whose
    /// figures were changed begins anew instead of misreading old arrival times.
    prefix: Vec<u8>,
}

impl Plan {
    /// Checks every limit.
    ///
    /// # Errors
    /// Every fault found.
    pub fn compile(spec: &Spec) -> Result<Self, Diagnostics> {
        let mut faults = Diagnostics::new();
        if !(32..=128).contains(&spec.ipv6_prefix) {
            let message = format!("an IPv6 prefix of {} bits", spec.ipv6_prefix);
            faults.push(Diagnostic::error("limit.bad_prefix", message).help("write 32 to 128"));
        }
        check_bounds(spec.bounds, &mut faults);
        let mut rules = Vec::with_capacity(spec.limits.len());
        let mut names = HashMap::new();
        for limit in &spec.limits {
            let Some(rule) = Rule::compile(limit, &mut faults) else {
                continue;
            };
            let id = LimitId(rules.len());
            if names.insert(Arc::clone(&rule.name), id).is_some() {
                let message = format!("two limits are named `{}`", limit.name);
                faults.push(Diagnostic::error("limit.duplicate_name", message));
            }
            rules.push(rule);
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        let host_bits = u32::from(128_u8.saturating_sub(spec.ipv6_prefix));
        Ok(Self {
            rules,
            names,
            ipv6_mask: u128::MAX.checked_shl(host_bits).unwrap_or(0),
            bounds: spec.bounds,
        })
    }

    /// The limit of that name.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<LimitId> {
        self.names.get(name).copied()
    }

    /// Every limit, in the order of the spec.
    pub fn limits(&self) -> impl Iterator<Item = (LimitId, &Limit)> {
        let rules = self.rules.iter().enumerate();
        rules.map(|(at, rule)| (LimitId(at), &rule.limit))
    }

    /// The limit itself.
    #[must_use]
    pub fn limit(&self, id: LimitId) -> Option<&Limit> {
        self.rules.get(id.0).map(|rule| &rule.limit)
    }

    /// How much a store for this plan may hold.
    #[must_use]
    pub fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Spends one request from every limit in `ids`, or from none if one of them refuses.
    /// `None` when `ids` is empty: nothing limits the request. A limit named twice counts once.
    pub fn check(
        &self,
        store: &dyn Store,
        ids: &[LimitId],
        subject: &dyn Subject,
        now: Duration,
    ) -> Option<Decision> {
        let mut ids = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let rules: Vec<&Rule> = ids.iter().filter_map(|id| self.rules.get(id.0)).collect();
        let charge = |rule: &&Rule| Charge {
            key: self.key(rule, subject),
            rate: rule.rate,
            arrival: 0,
        };
        let mut charges: Vec<Charge> = rules.iter().map(charge).collect();
        let allowed = store.charge(&mut charges, now);
        let now = nanos(now);
        let decided = rules.iter().zip(&charges);
        let decisions = decided.map(|(rule, charge)| rule.decide(charge, allowed, now));
        if allowed {
            decisions.min_by_key(|d| (d.remaining, std::cmp::Reverse(d.reset)))
        } else {
            decisions.max_by_key(|d| d.retry_after)
        }
    }

    /// The limit's name and figures, then each part with its length, so that no two callers can
    /// spell the same key.
    fn key(&self, rule: &Rule, subject: &dyn Subject) -> Vec<u8> {
        let mut key = rule.prefix.clone();
        for part in &rule.limit.key {
            let value = match part {
                Part::Ip => None,
                Part::Global => continue,
                Part::Body(_) => subject.value(part).map(|value| fold(&value)),
                Part::Header(_) | Part::Cookie(_) | Part::Jwt(_) | Part::Path | Part::Route => {
                    subject.value(part).map(std::borrow::Cow::into_owned)
                }
            };
            match value {
                Some(value) => {
                    key.push(b'=');
                    key.extend((value.len() as u64).to_le_bytes());
                    key.extend(value);
                }
                None => self.push_address(&mut key, subject.address()),
            }
        }
        key
    }

    fn push_address(&self, key: &mut Vec<u8>, address: IpAddr) {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                key.push(b'4');
                key.extend(address.octets());
            }
            IpAddr::V6(address) => {
                let network = Ipv6Addr::from(u128::from(address) & self.ipv6_mask);
                key.push(b'6');
                key.extend(network.octets());
            }
        }
    }
}

impl Rule {
    fn compile(limit: &Limit, faults: &mut Diagnostics) -> Option<Self> {
        let name = &limit.name;
        let mut fault = |code, message: String, help: &str| {
            faults.push(Diagnostic::error(code, message).help(help));
        };
        if limit.key.is_empty() {
            let message = format!("limit `{name}` does not say whom it counts");
            fault("limit.no_key", message, "add `per ip`");
        }
        let repeated = limit.key.iter().enumerate();
        for (_, part) in
            repeated.filter(|(at, part)| limit.key.iter().take(*at).any(|p| p == *part))
        {
            let message = format!("limit `{name}` names `{part}` twice");
            fault("limit.duplicate_part", message, "name it once");
        }
        let burst = limit.burst.unwrap_or(limit.quota.count);
        let Some(rate) = Rate::new(limit.quota, burst) else {
            let message = format!("limit `{name}` cannot be kept: `{limit}`");
            let help = "count, period and burst are above zero, and a burst is restored within \
                        a hundred years";
            fault("limit.bad_quota", message, help);
            return None;
        };
        let mut prefix = name.clone().into_bytes();
        prefix.push(0);
        prefix.extend(rate.emission().to_le_bytes());
        prefix.extend(rate.capacity().to_le_bytes());
        Some(Self {
            name: Arc::from(name.as_str()),
            limit: limit.clone(),
            rate,
            prefix,
        })
    }

    fn decide(&self, charge: &Charge, allowed: bool, now: Nanos) -> Decision {
        let retry = match self.rate.step(charge.arrival, now) {
            crate::gcra::Step::Refuse(wait) if !allowed => Some(Duration::from_nanos(wait)),
            crate::gcra::Step::Refuse(_) | crate::gcra::Step::Admit(_) => None,
        };
        Decision {
            allowed,
            name: Arc::clone(&self.name),
            limit: self.rate.burst(),
            window: self.limit.quota.period,
            remaining: self.rate.remaining(charge.arrival, now),
            reset: Duration::from_nanos(charge.arrival.saturating_sub(now)),
            retry_after: retry,
        }
    }
}

fn check_bounds(bounds: Bounds, faults: &mut Diagnostics) {
    if bounds.keys < Bounds::LEAST_KEYS || bounds.bytes < Bounds::LEAST_BYTES {
        let message = format!(
            "a limit store of {} keys and {} is too small to tell callers apart",
            bounds.keys, bounds.bytes
        );
        let help = format!(
            "write at least {} keys and {}",
            Bounds::LEAST_KEYS,
            Bounds::LEAST_BYTES
        );
        faults.push(Diagnostic::error("limit.small_bounds", message).help(help));
    }
}

/// Without outer blanks and in lower case.
fn fold(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(text) => text.trim().to_lowercase().into_bytes(),
        Err(_) => value.trim_ascii().to_ascii_lowercase(),
    }
}
