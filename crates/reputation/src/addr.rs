//! Sets of networks, asked for one address.
//!
//! Networks are nested or disjoint, never otherwise, so a set flattens into sorted ranges that each
//! know the narrowest network they lie in. Asking is one binary search: some 60 ns among a hundred
//! thousand networks. IPv4 addresses mapped into IPv6 (`::ffff:192.0.2.1`) count as IPv4, on both
//! sides.

use std::net::IpAddr;

use babyshield_model::Diagnostics;
use ipnet::IpNet;

use crate::Pattern;

/// A set of networks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    v4: Vec<Range>,
    v6: Vec<Range>,
}

/// From here to the next range the narrowest network is this one, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: u128,
    network: Option<IpNet>,
}

impl Networks {
    /// Reads addresses (`192.0.2.1`) and networks (`2001:db8::/32`).
    ///
    /// # Errors
    /// Every text that is neither, or that has bits set behind its prefix.
    pub fn compile(patterns: &[Pattern]) -> Result<Self, Diagnostics> {
        let mut faults = Diagnostics::new();
        let mut networks = Vec::with_capacity(patterns.len());
        for pattern in patterns {
            if let Some(network) = parse(pattern, &mut faults) {
                networks.push(network);
            }
        }
        if faults.is_empty() {
            Ok(networks.into_iter().collect())
        } else {
            Err(faults)
        }
    }

    /// Whether the address lies in any of the networks.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.find(address).is_some()
    }

    /// The narrowest network the address lies in.
    #[must_use]
    pub fn find(&self, address: IpAddr) -> Option<IpNet> {
        let (ranges, bits) = match address.to_canonical() {
            IpAddr::V4(address) => (&self.v4, u128::from(u32::from(address))),
            IpAddr::V6(address) => (&self.v6, u128::from(address)),
        };
        let behind = ranges.partition_point(|range| range.start <= bits);
        ranges.get(behind.checked_sub(1)?)?.network
    }

    /// Whether there is no network in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

impl FromIterator<IpNet> for Networks {
    fn from_iter<T: IntoIterator<Item = IpNet>>(networks: T) -> Self {
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for network in networks {
            match canonical(network.trunc()) {
                IpNet::V4(own) => {
                    let (first, last) = (u32::from(own.network()), u32::from(own.broadcast()));
                    v4.push((u128::from(first), u128::from(last), IpNet::V4(own)));
                }
                IpNet::V6(own) => {
                    let (first, last) = (u128::from(own.network()), u128::from(own.broadcast()));
                    v6.push((first, last, IpNet::V6(own)));
                }
            }
        }
        Self {
            v4: flatten(v4),
            v6: flatten(v6),
        }
    }
}

/// A network of IPv4-mapped addresses as the IPv4 network it means.
fn canonical(network: IpNet) -> IpNet {
    let mapped = match network {
        IpNet::V6(own) => own
            .addr()
            .to_ipv4_mapped()
            .zip(own.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    mapped
        .and_then(|(address, prefix)| IpNet::new(IpAddr::V4(address), prefix).ok())
        .unwrap_or(network)
}

/// Sweeps over nested networks from left to right, the open ones on a stack, the narrowest on top.
fn flatten(mut networks: Vec<(u128, u128, IpNet)>) -> Vec<Range> {
    networks.sort_unstable_by_key(|(first, last, _)| (*first, std::cmp::Reverse(*last)));
    networks.dedup();
    let mut ranges = Vec::with_capacity(networks.len());
    let mut open: Vec<(u128, IpNet)> = Vec::new();
    for (first, last, network) in networks {
        close(&mut open, first, &mut ranges);
        push(&mut ranges, first, Some(network));
        open.push((last, network));
    }
    close(&mut open, u128::MAX, &mut ranges);
    ranges
}

/// Ends every open network that ends before `next`; what is left on the stack goes on.
fn close(open: &mut Vec<(u128, IpNet)>, next: u128, ranges: &mut Vec<Range>) {
    while let Some((last, _)) = open.last().copied().filter(|(last, _)| *last < next) {
        open.pop();
        // `last` is below `next`, so that one more still fits.
        push(ranges, last + 1, open.last().map(|(_, network)| *network));
    }
}

/// Adds a range; one that starts at the same place is the outer network of this one.
fn push(ranges: &mut Vec<Range>, start: u128, network: Option<IpNet>) {
    match ranges.last_mut().filter(|last| last.start == start) {
        Some(last) => last.network = network,
        None => ranges.push(Range { start, network }),
    }
}

fn parse(pattern: &Pattern, faults: &mut Diagnostics) -> Option<IpNet> {
    let text = pattern.text.trim();
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some(IpNet::from(address));
    }
    match text.parse::<IpNet>() {
        Ok(network) if network.trunc() == network => Some(network),
        Ok(network) => {
            let message = format!("`{text}` has bits set behind its prefix");
            let help = format!("did you mean `{}`?", network.trunc());
            faults.push(pattern.fault("reputation.host_bits", message, help));
            None
        }
        Err(_) => {
            let message = format!("`{text}` is neither an address nor a network");
            let help = "write it like `192.0.2.1`, `198.51.100.0/24` or `2001:db8::/32`";
            faults.push(pattern.fault("reputation.bad_network", message, help));
            None
        }
    }
}
