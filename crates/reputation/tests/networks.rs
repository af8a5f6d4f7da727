//! Networks: the narrowest one wins, spellings of one address are one address.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::net::IpAddr;

use babyshield_reputation::Pattern;
use babyshield_reputation::addr::Networks;
use proptest::prelude::*;

fn networks(texts: &[&str]) -> Networks {
    let patterns: Vec<Pattern> = texts.iter().copied().map(Pattern::from).collect();
    Networks::compile(&patterns).unwrap()
}

fn found(networks: &Networks, address: &str) -> Option<String> {
    let address: IpAddr = address.parse().unwrap();
    networks.find(address).map(|network| network.to_string())
}

#[test]
fn the_narrowest_network_is_found() {
    let networks = networks(&[
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.3",
        "2001:db8::/32",
        "2001:db8:1::/48",
    ]);
    for (address, network) in [
        ("10.0.0.0", Some("10.0.0.0/8")),
        ("10.1.0.0", Some("10.1.0.0/16")),
        ("10.1.2.3", Some("10.1.2.3/32")),
        ("10.1.2.4", Some("10.1.0.0/16")),
        ("10.2.0.0", Some("10.0.0.0/8")),
        ("10.255.255.255", Some("10.0.0.0/8")),
        ("11.0.0.0", None),
        ("9.255.255.255", None),
        ("::ffff:10.1.2.3", Some("10.1.2.3/32")),
        ("2001:db8::1", Some("2001:db8::/32")),
        ("2001:db8:1:2::3", Some("2001:db8:1::/48")),
        ("2001:db9::", None),
        // The IPv4-compatible form has been dead for long and means nothing.
        ("::10.1.2.3", None),
    ] {
        assert_eq!(found(&networks, address).as_deref(), network, "{address}");
    }
}

#[test]
fn the_ends_of_the_number_space_are_no_trap() {
    let everything = networks(&[
        "0.0.0.0/0",
        "::/0",
        "255.255.255.255",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ]);
    for address in [
        "0.0.0.0",
        "255.255.255.255",
        "255.255.255.254",
        "::",
        "ffff::1",
        "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    ] {
        assert!(everything.contains(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn a_mapped_network_means_the_ipv4_network() {
    let networks = networks(&["::ffff:192.0.2.0/120"]);
    assert_eq!(
        found(&networks, "192.0.2.9").as_deref(),
        Some("192.0.2.0/24")
    );
}

#[test]
fn faults_tell_what_to_write() {
    let patterns = ["10.0.0.1/8", "10.0.0", "example.org"].map(Pattern::from);
    let faults = Networks::compile(&patterns).unwrap_err();
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(faults.len(), 3);
    assert!(
        faults[0].contains("did you mean `10.0.0.0/8`?"),
        "{}",
        faults[0]
    );
    assert!(
        faults[1].contains("neither an address nor a network"),
        "{}",
        faults[1]
    );
}

proptest! {
    /// Against the plain reading: try every network, keep the narrowest.
    #[test]
    fn the_flat_ranges_agree_with_trying_every_network(
        nets in prop::collection::vec((any::<u32>(), 0_u8..=32), 0..40),
        asked in prop::collection::vec(any::<u32>(), 40),
    ) {
        let nets: Vec<ipnet::IpNet> = nets
            .into_iter()
            .map(|(bits, prefix)| ipnet::IpNet::new(IpAddr::V4(bits.into()), prefix).unwrap().trunc())
            .collect();
        let set: Networks = nets.iter().copied().collect();
        let edges = nets.iter().flat_map(|net| [net.network(), net.broadcast()]);
        for address in asked.into_iter().map(|bits| IpAddr::V4(bits.into())).chain(edges) {
            let plain = nets.iter().filter(|net| net.contains(&address)).max_by_key(|net| net.prefix_len());
            prop_assert_eq!(set.find(address), plain.copied(), "{}", address);
        }
    }
}
