//! `@ipMatch`: sets of addresses and networks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A set of IPv4 and IPv6 addresses as sorted, disjoint ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Networks {
    v4: Vec<(u32, u32)>,
    v6: Vec<(u128, u128)>,
}

impl Networks {
    /// Reads addresses and CIDR networks separated by commas.
    ///
    /// # Errors
    /// Every entry that is neither, in words.
    pub fn parse(list: &str) -> Result<Self, Vec<String>> {
        Self::collect(
            list.split(',')
                .map(str::trim)
                .filter(|entry| !entry.is_empty()),
        )
    }

    /// Reads the content of an `@ipMatchFromFile` file: entries on lines of their own or separated
    /// by commas, comments after `#`.
    ///
    /// # Errors
    /// Every entry that is neither an address nor a network, in words.
    pub fn parse_file(content: &str) -> Result<Self, Vec<String>> {
        let lines = content
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default());
        Self::collect(
            lines
                .flat_map(|line| line.split(','))
                .map(str::trim)
                .filter(|entry| !entry.is_empty()),
        )
    }

    fn collect<'a>(entries: impl Iterator<Item = &'a str>) -> Result<Self, Vec<String>> {
        let mut set = Self::default();
        let mut faults = Vec::new();
        for entry in entries {
            if let Err(fault) = set.insert(entry) {
                faults.push(fault);
            }
        }
        if !faults.is_empty() {
            return Err(faults);
        }
        merge(&mut set.v4, |end, start| {
            end.checked_add(1).is_none_or(|next| start <= next)
        });
        merge(&mut set.v6, |end, start| {
            end.checked_add(1).is_none_or(|next| start <= next)
        });
        Ok(set)
    }

    fn insert(&mut self, entry: &str) -> Result<(), String> {
        let (address, prefix) = match entry.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (entry, None),
        };
        let address: IpAddr = address
            .parse()
            .map_err(|_| format!("`{entry}` is no IP address or network"))?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => width,
            Some(text) => text
                .parse::<u32>()
                .ok()
                .filter(|bits| *bits <= width)
                .ok_or_else(|| format!("`{entry}`: a prefix is a number from 0 to {width}"))?,
        };
        match address {
            IpAddr::V4(address) => {
                let host = u32::MAX.checked_shr(prefix).unwrap_or(0);
                let bits = address.to_bits();
                self.v4.push((bits & !host, bits | host));
            }
            IpAddr::V6(address) => {
                let host = u128::MAX.checked_shr(prefix).unwrap_or(0);
                let bits = address.to_bits();
                self.v6.push((bits & !host, bits | host));
            }
        }
        Ok(())
    }

    /// Whether the address is in the set. An IPv4 address in IPv6 clothes counts as IPv4 as well.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => within(&self.v4, address.to_bits()),
            IpAddr::V6(address) => {
                within(&self.v6, address.to_bits())
                    || address
                        .to_ipv4_mapped()
                        .is_some_and(|inner| within(&self.v4, inner.to_bits()))
            }
        }
    }

    /// The same for an address as text; what is no address is in no set.
    #[must_use]
    pub fn contains_text(&self, value: &[u8]) -> bool {
        let text = std::str::from_utf8(value).ok();
        text.and_then(|text| text.trim().parse().ok())
            .is_some_and(|address| self.contains(address))
    }

    /// The first and the last address of each range, IPv4 first.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> {
        let v4 = |&(first, last): &(u32, u32)| {
            let address = |bits| IpAddr::V4(Ipv4Addr::from_bits(bits));
            (address(first), address(last))
        };
        let v6 = |&(first, last): &(u128, u128)| {
            let address = |bits| IpAddr::V6(Ipv6Addr::from_bits(bits));
            (address(first), address(last))
        };
        self.v4.iter().map(v4).chain(self.v6.iter().map(v6))
    }

    /// Whether the set is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.v4.is_empty() && self.v6.is_empty()
    }
}

fn merge<T: Ord + Copy>(ranges: &mut Vec<(T, T)>, touches: impl Fn(T, T) -> bool) {
    ranges.sort_unstable();
    ranges.dedup_by(|next, held| {
        let join = touches(held.1, next.0);
        if join {
            held.1 = held.1.max(next.1);
        }
        join
    });
}

fn within<T: Ord + Copy>(ranges: &[(T, T)], address: T) -> bool {
    let after = ranges.partition_point(|(start, _)| *start <= address);
    after
        .checked_sub(1)
        .and_then(|at| ranges.get(at))
        .is_some_and(|(_, end)| address <= *end)
}

#[cfg(test)]
mod tests {
    use super::Networks;

    #[test]
    fn networks_hold_their_addresses_and_no_others() {
        let set = Networks::parse("10.0.0.0/8, 192.168.1.7,2001:db8::/32, 0.0.0.1/32").unwrap();
        for inside in [
            "10.255.255.255",
            "192.168.1.7",
            "2001:db8:ffff::1",
            "::ffff:10.1.2.3",
        ] {
            assert!(set.contains_text(inside.as_bytes()), "{inside}");
        }
        for outside in [
            "11.0.0.0",
            "9.255.255.255",
            "192.168.1.8",
            "2001:db9::",
            "",
            "10",
            "x",
        ] {
            assert!(!set.contains_text(outside.as_bytes()), "{outside}");
        }
    }

    #[test]
    fn overlapping_networks_merge() {
        let set = Networks::parse("10.0.0.0/9,10.128.0.0/9,10.1.0.0/16,0.0.0.0/0,::/0").unwrap();
        assert_eq!((set.v4.len(), set.v6.len()), (1, 1));
        assert!(set.contains_text(b"255.255.255.255") && set.contains_text(b"ffff::"));
    }

    #[test]
    fn every_fault_is_told() {
        let faults = Networks::parse("10.0.0.0/33,nonsense,::1/129,1.2.3.4").unwrap_err();
        assert_eq!(faults.len(), 3, "{faults:?}");
    }

    #[test]
    fn files_have_comments_and_blank_lines() {
        let set = Networks::parse_file("# head\n\n10.0.0.1 # one\r\n10.0.0.2,10.0.0.3\n").unwrap();
        assert!(set.contains_text(b"10.0.0.1") && set.contains_text(b"10.0.0.3"));
    }
}
