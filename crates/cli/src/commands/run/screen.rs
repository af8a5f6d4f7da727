//! The first screen: what runs, where, and what to try next.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use babyshield_model::Mode;
use babyshield_policy::Policy;

use crate::policy::Origin;

/// What a newcomer reads first.
pub(super) fn first(
    policy: &Policy,
    origin: &Origin,
    addresses: &[SocketAddr],
    link: Option<&str>,
) -> String {
    let mut text = format!("\nBabyShield {}\n\n", env!("CARGO_PKG_VERSION"));
    for (name, value) in lines(policy, origin, addresses, link) {
        text.push_str(&format!("  {name:11}{value}\n"));
    }
    if let Some(url) = urls(policy, addresses).first() {
        text.push_str(&format!(
            "\nTry an attack, then look at the dashboard:\n\n  curl -i \"{url}/?q=%27%20OR%201%3D1%20--%20\"\n"
        ));
    }
    text.push_str("\nCtrl-C stops it. `babyshield --help` has the rest.\n\n");
    text
}

fn lines(
    policy: &Policy,
    origin: &Origin,
    addresses: &[SocketAddr],
    link: Option<&str>,
) -> Vec<(&'static str, String)> {
    let spec = &policy.spec;
    let mode = match spec.mode.value {
        Mode::Off => "off: nothing is inspected",
        Mode::Watch => "watch: attacks are reported, not blocked (`babyshield enforce` blocks)",
        Mode::Enforce => "enforce: attacks are blocked",
    };
    let upstream: Vec<String> = spec
        .upstream
        .iter()
        .map(|server| server.0.to_string().trim_end_matches('/').to_owned())
        .collect();
    let files: Vec<String> = spec
        .waf
        .rules
        .iter()
        .map(|file| file.0.display().to_string())
        .collect();
    let level = spec.waf.level.as_ref();
    let level = level.map_or(String::new(), |level| format!(", level {}", level.0));
    let limits = [&spec.limits.default, &spec.limits.burst];
    let limits: Vec<String> = limits
        .into_iter()
        .flatten()
        .map(ToString::to_string)
        .collect();
    let limits = if limits.is_empty() {
        "none".to_owned()
    } else {
        limits.join(", ")
    };
    vec![
        ("mode", mode.to_owned()),
        ("listening", urls(policy, addresses).join(", ")),
        ("upstream", upstream.join(", ")),
        (
            "rules",
            format!(
                "{} from {}{level}",
                policy.rules.size().rules,
                files.join(", ")
            ),
        ),
        ("limits", limits),
        ("policy", origin.name()),
        ("events", policy.events.path.display().to_string()),
        ("dashboard", said(link).to_owned()),
        (
            "",
            format!(
                "(opens once, within ten minutes; `kill -USR1 {}` prints another)",
                std::process::id()
            ),
        ),
    ]
}

/// Another login link.
pub(super) fn link(link: Option<&str>) -> String {
    format!("\n  {:11}{}\n\n", "dashboard", said(link))
}

fn said(link: Option<&str>) -> &str {
    link.unwrap_or("no login link: the system has no randomness")
}

/// Where to point a browser: all addresses are reached by the loopback one.
fn urls(policy: &Policy, addresses: &[SocketAddr]) -> Vec<String> {
    let tls = policy.spec.listen.iter().map(|listen| listen.tls);
    let urls = addresses.iter().zip(tls).map(|(address, tls)| {
        let mut address = *address;
        if address.ip().is_unspecified() {
            address.set_ip(IpAddr::V4(Ipv4Addr::LOCALHOST));
        }
        format!("{}://{address}", if tls { "https" } else { "http" })
    });
    urls.collect()
}
