use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use parking_lot::Mutex;

/// How many connections there are, in total and from each address.
#[derive(Clone, Debug, Default)]
pub(crate) struct Admission(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    /// Only addresses that have connections now: bounded by `total`.
    addresses: HashMap<IpAddr, usize>,
}

/// One connection, counted until dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Admission,
    address: Option<IpAddr>,
}

impl Admission {
    /// Lets a connection in, unless there are `most` already, or `most_each` from its address.
    /// Addresses of trusted proxies (`each` is false) count in total only.
    pub(crate) fn admit(
        &self,
        peer: IpAddr,
        each: bool,
        most: usize,
        most_each: usize,
    ) -> Option<Permit> {
        let address = each.then(|| network(peer));
        let mut counts = self.0.lock();
        if counts.total >= most {
            return None;
        }
        if let Some(address) = address {
            let count = counts.addresses.entry(address).or_default();
            if *count >= most_each {
                return None;
            }
            *count += 1;
        }
        counts.total += 1;
        drop(counts);
        let admission = self.clone();
        Some(Permit { admission, address })
    }

    /// Connections now.
    pub(crate) fn total(&self) -> usize {
        self.0.lock().total
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.admission.0.lock();
        counts.total -= 1;
        if let Some(address) = self.address
            && let Some(count) = counts.addresses.get_mut(&address)
        {
            *count -= 1;
            if *count == 0 {
                counts.addresses.remove(&address);
            }
        }
    }
}

/// What counts as one address: a home or a phone owns a whole IPv6 network of 64 bits.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = u128::from(address) >> 64 << 64;
            IpAddr::V6(Ipv6Addr::from(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_by_network_and_forgotten_when_closed() {
        let admission = Admission::default();
        let admit = |address: &str| admission.admit(address.parse().unwrap(), true, 4, 2);
        let first = admit("2001:db8::1").unwrap();
        let _second = admit("2001:db8::2").unwrap();
        assert!(admit("2001:db8::3").is_none());
        let _third = admit("2001:db8:0:1::3").unwrap();
        drop(first);
        let _fourth = admit("2001:db8::3").unwrap();
        let _fifth = admit("192.0.2.1").unwrap();
        assert!(admit("192.0.2.2").is_none());
        assert_eq!(admission.total(), 4);
    }
}
