//! URLs as clients read them, not as the standard writes them: which host a text would be fetched from.

use crate::seek;
use crate::set::{self, Table};
use crate::starts::{self, Starts};

/// Where a host lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// The server itself.
    Loopback,
    /// A network that is not routed.
    Private,
    /// The network of the cable.
    Link,
    /// Where clouds tell a machine its keys.
    Metadata,
    /// A name that stands for an address given in it, or that changes its mind.
    Rebinding,
    /// A host that tells testers who asked for it.
    Callback,
    /// Any other.
    Public,
}

/// What a text would be fetched from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Authority<'a> {
    /// The scheme as written; empty for `//host`.
    pub(crate) scheme: &'a [u8],
    /// Slashes and backslashes between the scheme and the host.
    pub(crate) slashes: usize,
    /// What stands before `@`.
    pub(crate) user: Option<&'a [u8]>,
    /// The host as written.
    pub(crate) host: &'a [u8],
    /// The port, if it is a number.
    pub(crate) port: Option<u16>,
    /// What follows.
    pub(crate) rest: &'a [u8],
    /// Where the host lies.
    pub(crate) reach: Reach,
    /// The address is written as only someone who hides it writes.
    pub(crate) odd: bool,
}

const LONGEST: usize = 255;

/// What ends an authority.
static ENDS: Table = set::table(set::union(set::range(0, b' '), set::of(b"/\\?#\"'<>")));
/// What most hosts are written in.
static ORDINARY: Table = set::table(set::union(
    set::range(b'a', b'z'),
    set::union(set::range(b'0', b'9'), set::of(b".-_")),
));

/// Reads a URL with a scheme, or `//host`.
pub(crate) fn read(text: &[u8]) -> Option<Authority<'_>> {
    let scheme = scheme(text);
    let behind = if scheme.is_empty() {
        text
    } else {
        text.get(scheme.len() + 1..)?
    };
    let slashes = behind
        .iter()
        .take(16)
        .take_while(|own| matches!(own, b'/' | b'\\'))
        .count();
    if slashes < 2 && scheme.is_empty() {
        return None;
    }
    let behind = behind.get(slashes..)?;
    let most = behind.get(..LONGEST).unwrap_or(behind);
    let end = ENDS.find(most).unwrap_or(most.len());
    let authority = behind.get(..end)?;
    let rest = behind.get(end..)?;
    Some(of(scheme, slashes, authority, rest))
}

/// Reads `user@host:port`.
pub(crate) fn of<'a>(
    scheme: &'a [u8],
    slashes: usize,
    authority: &'a [u8],
    rest: &'a [u8],
) -> Authority<'a> {
    let (user, server) = match authority.iter().rposition(|own| *own == b'@') {
        Some(at) => (
            authority.get(..at),
            authority.get(at + 1..).unwrap_or_default(),
        ),
        None => (None, authority),
    };
    let (host, port) = split_port(server);
    let (reach, odd) = place(host);
    Authority {
        scheme,
        slashes,
        user,
        host,
        port,
        rest,
        reach,
        odd,
    }
}

fn scheme(text: &[u8]) -> &[u8] {
    let len = text
        .iter()
        .take(16)
        .take_while(|own| own.is_ascii_alphanumeric() || matches!(own, b'+' | b'.' | b'-'))
        .count();
    let first = text.first().is_some_and(u8::is_ascii_alphabetic);
    if first && text.get(len) == Some(&b':') {
        text.get(..len).unwrap_or_default()
    } else {
        &[]
    }
}

fn split_port(server: &[u8]) -> (&[u8], Option<u16>) {
    let from = server.iter().rposition(|own| *own == b']').unwrap_or(0);
    let colon = server
        .iter()
        .skip(from)
        .position(|own| *own == b':')
        .map(|at| at + from);
    let Some(colon) = colon else {
        return (server, None);
    };
    let digits = server.get(colon + 1..).unwrap_or_default();
    let port = std::str::from_utf8(digits)
        .ok()
        .and_then(|own| own.parse().ok());
    (server.get(..colon).unwrap_or_default(), port)
}

/// A host in plain letters: circled, full-width and percent-encoded ones undone.
struct Plain {
    kept: [u8; 128],
    len: usize,
    odd: bool,
}

impl Plain {
    fn of(host: &[u8]) -> Self {
        let mut own = Self {
            kept: [0; 128],
            len: 0,
            odd: false,
        };
        let mut rest = host;
        // Most hosts have nothing to undo.
        if let Some(kept) = own.kept.get_mut(..host.len())
            && host.iter().all(|byte| byte.is_ascii() && *byte != b'%')
        {
            for (place, byte) in kept.iter_mut().zip(host) {
                *place = byte.to_ascii_lowercase();
            }
            own.len = host.len();
            rest = &[];
        }
        while let [first, tail @ ..] = rest {
            let (byte, len) = letter(rest).unwrap_or((*first, 1));
            own.odd |= len > 1;
            if let Some(slot) = own.kept.get_mut(own.len) {
                *slot = byte.to_ascii_lowercase();
                own.len += 1;
            }
            rest = rest.get(len..).unwrap_or(tail);
        }
        own
    }

    fn bytes(&self) -> &[u8] {
        let own = self.kept.get(..self.len).unwrap_or_default();
        own.strip_suffix(b".").unwrap_or(own)
    }
}

/// A letter, digit or dot in disguise, and its length.
fn letter(text: &[u8]) -> Option<(u8, usize)> {
    Some(match text {
        // Full-width forms.
        [0xef, 0xbc, low @ 0x81..=0xbf, ..] => (low - 0x60, 3),
        [0xef, 0xbd, low @ 0x81..=0x9a, ..] => (low - 0x20, 3),
        // Full stops of other scripts.
        [0xe3, 0x80, 0x82, ..] | [0xef, 0xbd, 0xa1, ..] => (b'.', 3),
        // Circled digits 1 to 9 and letters.
        [0xe2, 0x91, low @ 0xa0..=0xa8, ..] => (low - 0xa0 + b'1', 3),
        [0xe2, 0x93, 0xaa, ..] => (b'0', 3),
        [0xe2, 0x92, low @ 0xb6..=0xbf, ..] => (low - 0xb6 + b'a', 3),
        [0xe2, 0x93, low @ 0x80..=0x8f, ..] => (low - 0x80 + b'k', 3),
        [0xe2, 0x93, low @ 0x90..=0xa9, ..] => (low - 0x90 + b'a', 3),
        // Superscript digits.
        [0xc2, 0xb9, ..] => (b'1', 2),
        [0xc2, 0xb2, ..] => (b'2', 2),
        [0xc2, 0xb3, ..] => (b'3', 2),
        [b'%', high, low, ..] => {
            let digit = |own: u8| char::from(own).to_digit(16);
            let value = digit(*high)? * 16 + digit(*low)?;
            (u8::try_from(value).ok()?, 3)
        }
        _ => return None,
    })
}

/// Where a host lies, and whether it is written oddly.
fn place(host: &[u8]) -> (Reach, bool) {
    if host.first().is_some_and(u8::is_ascii_lowercase)
        && host.iter().all(|byte| ORDINARY.has(*byte))
    {
        let name = host.strip_suffix(b".").unwrap_or(host);
        return reach_of_any(name);
    }
    let plain = Plain::of(host);
    let name = plain.bytes();
    if let Some(inner) = name.strip_prefix(b"[") {
        let inner = inner.strip_suffix(b"]").unwrap_or(inner);
        let reach = six(inner).map_or(Reach::Public, reach_of_six);
        let mapped = inner.starts_with(b"::") && inner.contains(&b'.');
        return (reach, plain.odd || mapped || reach != Reach::Public);
    }
    if let Some((address, odd)) = four(name) {
        return (reach_of_four(address), odd || plain.odd);
    }
    let (reach, odd) = reach_of_any(name);
    (reach, odd || plain.odd)
}

/// Where a name leads, and whether it is one that hides it.
fn reach_of_any(name: &[u8]) -> (Reach, bool) {
    match (reach_of_name(name), rebinds(name)) {
        (Reach::Public | Reach::Rebinding, true) => (Reach::Rebinding, true),
        (reach, _) => (reach, false),
    }
}

/// An IPv4 address as `inet_aton` reads it: one to four parts, decimal, octal or hexadecimal; and
/// whether it is written otherwise than in four decimal parts.
fn four(name: &[u8]) -> Option<(u32, bool)> {
    if !name.first()?.is_ascii_digit() {
        return None;
    }
    let mut parts = [0_u64; 4];
    let mut count = 0;
    let mut odd = false;
    for part in name.split(|own| *own == b'.') {
        let (digits, radix) = match part {
            [b'0', b'x', rest @ ..] => (rest, 16),
            [b'0', rest @ ..] if !rest.is_empty() => (rest, 8),
            rest => (rest, 10),
        };
        odd |= radix != 10;
        let digits = std::str::from_utf8(digits).ok()?;
        let value = if digits.is_empty() && radix == 16 {
            0
        } else {
            u64::from_str_radix(digits, radix).ok()?
        };
        *parts.get_mut(count)? = value;
        count += 1;
    }
    let [a, b, c, d] = parts;
    let wide = [a, b, c, d].iter().take(count).any(|part| *part > 255);
    let value = match count {
        1 => a,
        2 => (a << 24) | (b & 0x00ff_ffff),
        3 => (a << 24) | ((b & 255) << 16) | (c & 0xffff),
        _ => ((a & 255) << 24) | ((b & 255) << 16) | ((c & 255) << 8) | (d & 255),
    };
    let low = u32::try_from(value & 0xffff_ffff).ok()?;
    Some((low, odd || wide || count < 4))
}

fn six(text: &[u8]) -> Option<u128> {
    let end = text
        .iter()
        .position(|own| *own == b'%')
        .unwrap_or(text.len());
    let text = std::str::from_utf8(text.get(..end)?).ok()?;
    let address: std::net::Ipv6Addr = text.parse().ok()?;
    Some(address.to_bits())
}

fn reach_of_four(address: u32) -> Reach {
    match address.to_be_bytes() {
        [169, 254, 169 | 170, _] | [100, 100, 100, 200] | [192, 0, 0, 192] | [168, 63, 129, 16] => {
            Reach::Metadata
        }
        [127 | 0, ..] => Reach::Loopback,
        [169, 254, ..] => Reach::Link,
        [10, ..] | [192, 168, ..] | [172, 16..=31, ..] | [100, 64..=127, ..] => Reach::Private,
        _ => Reach::Public,
    }
}

fn reach_of_six(address: u128) -> Reach {
    let low = u32::try_from(address & 0xffff_ffff).unwrap_or(0);
    let high = address >> 32;
    match high {
        0 if low < 2 => Reach::Loopback,
        // Mapped, translated and compatible addresses hold one of four bytes.
        0 | 0xffff | 0xffff_0000 => reach_of_four(low),
        _ if high == 0x0064_ff9b_0000_0000_0000_0000 => reach_of_four(low),
        _ if address == 0xfd00_0ec2_0000_0000_0000_0000_0000_0254 => Reach::Metadata,
        _ if address >> 121 == 0x7e => Reach::Private,
        _ if address >> 118 == 0x3fa => Reach::Link,
        _ => Reach::Public,
    }
}

/// What a domain tells of the hosts in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// Of the host of exactly this name: a cloud's.
    Metadata,
    Loopback,
    Private,
    Rebinding,
    /// Hosts whose names hold an address.
    Dashed,
    /// Of hosts below it, not of the page of the service.
    Callback,
}

/// Domains that are known, in alphabetical order.
const DOMAINS: [(&str, Known); 68] = [
    ("127-0-0-1.org.uk", Known::Rebinding),
    ("1u.ms", Known::Rebinding),
    ("bugbounty.dod.network", Known::Rebinding),
    ("burpcollaborator.net", Known::Callback),
    ("bxss.in", Known::Callback),
    ("bxss.me", Known::Callback),
    ("callback.red", Known::Callback),
    ("canarytokens.com", Known::Callback),
    ("canarytokens.org", Known::Callback),
    ("ceye.io", Known::Callback),
    ("cluster.local", Known::Private),
    ("collab.pentest-tools.com", Known::Callback),
    ("consul", Known::Private),
    ("dns.outbound.watchtowr.com", Known::Callback),
    ("dnsbin.zhack.ca", Known::Callback),
    ("dnslog.cn", Known::Callback),
    ("dnslog.link", Known::Callback),
    ("dnslog.pw", Known::Callback),
    ("docker.internal", Known::Private),
    ("ec2.internal", Known::Private),
    ("eyes.sh", Known::Callback),
    ("hackerone.watch", Known::Callback),
    ("instance-data", Known::Metadata),
    ("instance-data.ec2.internal", Known::Metadata),
    ("interact.sh", Known::Callback),
    ("interactsh.com", Known::Callback),
    ("ip6-localhost", Known::Loopback),
    ("ip6-loopback", Known::Loopback),
    ("lacolhost.com", Known::Rebinding),
    ("localdomain", Known::Loopback),
    ("localdomain.pw", Known::Rebinding),
    ("localho.st", Known::Rebinding),
    ("localhost", Known::Loopback),
    ("localhost6", Known::Loopback),
    ("localtest.me", Known::Rebinding),
    ("lvh.me", Known::Rebinding),
    ("metadata", Known::Metadata),
    ("metadata.azure.internal", Known::Metadata),
    ("metadata.goog", Known::Metadata),
    ("metadata.google.internal", Known::Metadata),
    ("metadata.nicetry.internal", Known::Metadata),
    ("metadata.oraclecloud.com", Known::Metadata),
    ("metadata.packet.net", Known::Metadata),
    ("metadata.tencentyun.com", Known::Metadata),
    ("nip.io", Known::Dashed),
    ("oast.fun", Known::Callback),
    ("oast.live", Known::Callback),
    ("oast.me", Known::Callback),
    ("oast.online", Known::Callback),
    ("oast.pro", Known::Callback),
    ("oast.site", Known::Callback),
    ("oast.us", Known::Callback),
    ("oastify.com", Known::Callback),
    ("r87.me", Known::Callback),
    ("rbndr.us", Known::Rebinding),
    ("rebind.it", Known::Rebinding),
    ("rebinder.net", Known::Rebinding),
    ("requestrepo.com", Known::Callback),
    ("sslip.io", Known::Dashed),
    ("ssrf.cve", Known::Callback),
    ("svc", Known::Private),
    ("traefik.me", Known::Dashed),
    ("tssrf.com", Known::Callback),
    ("vcap.me", Known::Rebinding),
    ("xip.io", Known::Dashed),
    ("xip.name", Known::Dashed),
    ("xss.ht", Known::Callback),
    ("yoogle.com", Known::Rebinding),
];

static NAMES: [&str; DOMAINS.len()] = starts::words(&DOMAINS);
static STARTS: Starts = starts::of(&NAMES);

fn reach_of_name(name: &[u8]) -> Reach {
    let dots = seek::memchr_iter(b'.', name);
    for at in std::iter::once(0).chain(dots.map(|at| at + 1)) {
        let domain = name.get(at..).unwrap_or_default();
        let known = starts::find(&NAMES, &STARTS, domain).and_then(|own| DOMAINS.get(own));
        return match known {
            Some((_, Known::Metadata)) if at == 0 => Reach::Metadata,
            Some((_, Known::Callback)) if at > 0 => Reach::Callback,
            Some((_, Known::Loopback)) => Reach::Loopback,
            Some((_, Known::Private)) => Reach::Private,
            Some((_, Known::Rebinding)) => Reach::Rebinding,
            Some((_, Known::Dashed)) if holds_inner(name) => Reach::Rebinding,
            Some(_) | None => continue,
        };
    }
    Reach::Public
}

/// Whether a name stands for one address first and for an inner one then: `7f000001.c0a80001.r.example.net`,
/// `8-8-8-8.127-0-0-1.r.example.net`; or holds an inner one and says that it does.
fn rebinds(name: &[u8]) -> bool {
    const SAYS: [&[u8]; 2] = [b"rebind", b"rbndr"];
    if !name.iter().any(u8::is_ascii_digit) {
        return false;
    }
    let mut labels = name.split(|own| *own == b'.');
    let mut next = || labels.next().and_then(label);
    if let (Some(one), Some(other)) = (next(), next()) {
        // Digits of a hash seldom read as an address of the machine, or of so small a network.
        let inner = |own: u32| match own.to_be_bytes() {
            [0, ..] => own == 0,
            [10, second, ..] => second == 0 || name.contains(&b'-'),
            _ => reach_of_four(own) != Reach::Public,
        };
        return one != other && (inner(one) || inner(other));
    }
    let says = |own: &&[u8]| crate::phrases::find(name, own).is_some();
    SAYS.iter().any(says) && holds_inner(name)
}

/// The address that a label is, in eight hexadecimal digits or four numbers with dashes.
fn label(text: &[u8]) -> Option<u32> {
    let text = std::str::from_utf8(text).ok()?;
    if text.len() == 8 && !text.contains(['+', '-']) {
        return u32::from_str_radix(text, 16).ok();
    }
    let mut numbers = [0_u8; 4];
    let mut parts = text.split('-');
    for number in &mut numbers {
        *number = parts.next()?.parse().ok()?;
    }
    parts.next().is_none().then(|| u32::from_be_bytes(numbers))
}

/// Whether a name holds an inner address: `app.10.0.0.1.nip.io`, `192-168-1-1.sslip.io`, `7f000001.nip.io`.
fn holds_inner(name: &[u8]) -> bool {
    let mut numbers = [None::<u8>; 4];
    for part in name.split(|own| matches!(own, b'.' | b'-')) {
        let text = std::str::from_utf8(part).unwrap_or_default();
        if part.len() == 8
            && let Ok(address) = u32::from_str_radix(text, 16)
            && reach_of_four(address) != Reach::Public
        {
            return true;
        }
        numbers.rotate_left(1);
        let [.., last] = &mut numbers;
        *last = text.parse().ok();
        if let [Some(a), Some(b), Some(c), Some(d)] = numbers
            && reach_of_four(u32::from_be_bytes([a, b, c, d])) != Reach::Public
        {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_placed_in_every_notation() {
        let cases: [(&str, Reach, bool); 36] = [
            ("http://127.0.0.1/", Reach::Loopback, false),
            ("http://127.1/", Reach::Loopback, true),
            ("http://2130706433/", Reach::Loopback, true),
            ("http://0x7f000001/", Reach::Loopback, true),
            ("http://0x7f.0.0.1/", Reach::Loopback, true),
            ("http://0177.0.0.1/", Reach::Loopback, true),
            ("http://017700000001/", Reach::Loopback, true),
            ("http://0/", Reach::Loopback, true),
            ("http://[::1]/", Reach::Loopback, true),
            ("http://[::]:80/", Reach::Loopback, true),
            ("http://[::ffff:127.0.0.1]/", Reach::Loopback, true),
            ("http://[::ffff:7f00:1]/", Reach::Loopback, true),
            ("http://[fd00:ec2::254]/", Reach::Metadata, true),
            ("http://[64:ff9b::a9fe:a9fe]/", Reach::Metadata, true),
            ("http://169.254.169.254/latest", Reach::Metadata, false),
            ("http://2852039166/", Reach::Metadata, true),
            ("http://0xa9fea9fe/", Reach::Metadata, true),
            ("http://425.510.425.510/", Reach::Metadata, true),
            ("http://100.100.100.200/", Reach::Metadata, false),
            ("http://metadata.google.internal/", Reach::Metadata, false),
            ("http://10.0.0.1/", Reach::Private, false),
            ("http://192.168.1.1:8080/", Reach::Private, false),
            ("http://localhost:22", Reach::Loopback, false),
            (
                "http://\u{2460}\u{2461}\u{2466}.\u{24ea}.\u{24ea}.\u{2460}/",
                Reach::Loopback,
                true,
            ),
            (
                "http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
                Reach::Loopback,
                true,
            ),
            (
                "http://127\u{3002}0\u{3002}0\u{3002}1/",
                Reach::Loopback,
                true,
            ),
            ("http://127.0.0.1.nip.io/", Reach::Rebinding, false),
            ("http://app.10-0-0-1.sslip.io/", Reach::Rebinding, false),
            ("http://8.8.8.8.nip.io/", Reach::Public, false),
            ("http://abc.oast.fun/", Reach::Callback, false),
            ("http://good.example@127.0.0.1/", Reach::Loopback, false),
            ("http://example.com/", Reach::Public, false),
            ("//8.8.8.8/", Reach::Public, false),
            ("http://[::ffff:8.8.8.8]/", Reach::Public, true),
            ("http://[2001:db8::1]/", Reach::Public, false),
            ("http://123.example.com/", Reach::Public, false),
        ];
        for (text, reach, odd) in cases {
            let own = read(text.as_bytes()).unwrap();
            assert_eq!((own.reach, own.odd), (reach, odd), "{text}");
        }
    }

    #[test]
    fn names_of_two_addresses_hide_the_inner_one() {
        let cases: [(&str, Reach, bool); 7] = [
            (
                "http://7f000001.c0a80001.r.example.net/",
                Reach::Rebinding,
                true,
            ),
            (
                "http://8-8-8-8.127-0-0-1.r.example.net/",
                Reach::Rebinding,
                true,
            ),
            (
                "http://127-0-0-1.rebind.example.net/",
                Reach::Rebinding,
                true,
            ),
            (
                "http://deadbeef.cafebabe.example.net/",
                Reach::Public,
                false,
            ),
            ("http://10-0-0-1.example.net/", Reach::Public, false),
            ("http://7f000001.example.net/", Reach::Public, false),
            ("http://8-8-8-8.9-9-9-9.example.net/", Reach::Public, false),
        ];
        for (text, reach, odd) in cases {
            let own = read(text.as_bytes()).unwrap();
            assert_eq!((own.reach, own.odd), (reach, odd), "{text}");
        }
    }
}
