//! The kinds of values a policy holds, each with its own parser and printer.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use babyshield_model::{ByteSize, Mode};
use ipnet::IpNet;

use crate::read::{Fault, Shape, Show, Text, Value, integer, words};
use crate::tree::Node;

words!(Mode {
    "off" => { Mode::Off },
    "watch" => { Mode::Watch },
    "enforce" => { Mode::Enforce },
});

/// A whole number from `MIN` to `MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Number<const MIN: u32, const MAX: u32>(pub u32);

/// How many of something; at least one.
pub type Count = Number<1, { u32::MAX }>;

/// A paranoia level.
pub type Level = Number<1, 4>;

impl<const MIN: u32, const MAX: u32> Number<MIN, MAX> {
    /// As a count of things in memory.
    #[must_use]
    pub fn size(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<const MIN: u32, const MAX: u32> Value for Number<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Integer {
            min: u64::from(MIN),
            max: u64::from(MAX),
        }
    }

    fn read(node: &Node) -> Result<Self, Fault> {
        let number = integer(node, u64::from(MIN), u64::from(MAX))?;
        // Within `MAX`, which is a `u32`.
        Ok(Self(u32::try_from(number).unwrap_or(MAX)))
    }
}

impl<const MIN: u32, const MAX: u32> Show for Number<MIN, MAX> {
    fn show(&self) -> String {
        self.0.to_string()
    }
}

impl Text for ByteSize {
    const WHAT: &'static str = "a size, such as \"1MiB\"";
    const PATTERN: Option<&'static str> = Some("^[0-9]+ *([KkMmGg][Ii]?)?[Bb]$");

    fn parse(text: &str) -> Result<Self, Fault> {
        let size: Self = text
            .parse()
            .map_err(|error: babyshield_model::ParseByteSizeError| bad(error))?;
        match size {
            Self(0) => Err(Fault::new("a size must be more than nothing")),
            Self(_) => Ok(size),
        }
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

/// The units of a duration, longest first.
const UNITS: [(&str, u64); 6] = [
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("min", 60_000),
    ("s", 1000),
    ("ms", 1),
    ("m", 60_000),
];

impl Text for Duration {
    const WHAT: &'static str = "a duration, such as \"5s\"";
    const PATTERN: Option<&'static str> = Some("^[0-9]+ *(ms|s|m|min|h|d)$");

    fn parse(text: &str) -> Result<Self, Fault> {
        let fault = || {
            Fault::new(format!("`{text}` is not a duration"))
                .help("write a whole number and ms, s, min, h or d, as in \"250ms\" or \"5s\"")
        };
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = text.split_at_checked(digits).ok_or_else(fault)?;
        let number: u64 = number.parse().map_err(|_| fault())?;
        let (_, factor) = UNITS
            .iter()
            .find(|(name, _)| *name == unit.trim())
            .ok_or_else(fault)?;
        match number.checked_mul(*factor) {
            Some(0) => Err(Fault::new("a duration must be more than nothing")),
            Some(millis) => Ok(Self::from_millis(millis)),
            None => Err(fault()),
        }
    }

    fn text(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        let best = UNITS.iter().find(|(_, factor)| millis % factor == 0);
        let (unit, factor) = best.copied().unwrap_or(("ms", 1));
        format!("{}{unit}", millis / factor)
    }
}

impl Text for SocketAddr {
    const WHAT: &'static str = "an address and port, such as \"0.0.0.0:8080\"";

    fn parse(text: &str) -> Result<Self, Fault> {
        text.parse().map_err(|_| {
            let fault = Fault::new(format!("`{text}` is not an address and port"));
            fault.help(match text.rsplit_once(':') {
                Some(("", port)) => format!("write \"0.0.0.0:{port}\" for all addresses"),
                Some(("localhost", port)) => format!("write \"127.0.0.1:{port}\""),
                _ if text.parse::<std::net::Ipv6Addr>().is_ok() => {
                    format!("write \"[{text}]:8080\"")
                }
                _ if text.parse::<std::net::Ipv4Addr>().is_ok() => {
                    format!("write \"{text}:8080\"")
                }
                _ => "write it as \"0.0.0.0:8080\" or \"[::]:8080\"".to_owned(),
            })
        })
    }

    fn text(&self) -> String {
        self.to_string()
    }
}

impl Text for IpNet {
    const WHAT: &'static str = "a network or address, such as \"10.0.0.0/8\"";

    fn parse(text: &str) -> Result<Self, Fault> {
        if let Ok(address) = text.parse::<std::net::IpAddr>() {
            return Ok(Self::from(address));
        }
        let network: Self = text.parse().map_err(|_| {
            Fault::new(format!("`{text}` is not a network or address"))
                .help("write \"203.0.113.7\", \"10.0.0.0/8\" or \"2001:db8::/32\"")
        })?;
        if network.trunc() == network {
            Ok(network)
        } else {
            Err(
                Fault::new(format!("`{text}` has bits set beyond its prefix")).help(format!(
                    "write \"{}\" for the whole network or \"{}\" for the one address",
                    network.trunc(),
                    network.addr()
                )),
            )
        }
    }

    fn text(&self) -> String {
        if self.prefix_len() == self.max_prefix_len() {
            self.addr().to_string()
        } else {
            self.to_string()
        }
    }
}

/// A file or folder as the policy names it; relative paths start at the policy's own folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File(pub PathBuf);

impl Text for File {
    const WHAT: &'static str = "a path";

    fn parse(text: &str) -> Result<Self, Fault> {
        if text.is_empty() {
            return Err(Fault::new("the path is empty"));
        }
        if text.starts_with("-----BEGIN") {
            return Err(Fault::new("this is the content of a file, not its path")
                .help("store it in a file of its own and name that here"));
        }
        Ok(Self(PathBuf::from(text)))
    }

    fn text(&self) -> String {
        self.0.to_string_lossy().into_owned()
    }
}

/// Where one upstream is: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream(pub http::Uri);

impl Text for Upstream {
    const WHAT: &'static str = "an address of an API, such as \"http://127.0.0.1:3000\"";
    const PATTERN: Option<&'static str> = Some("^(https?|h2c)://[^/@?#]+/?$");

    fn parse(text: &str) -> Result<Self, Fault> {
        let uri: http::Uri = text
            .parse()
            .map_err(|error: http::uri::InvalidUri| bad(error))?;
        match uri.scheme_str() {
            Some("http" | "https" | "h2c") => {}
            Some(other) => {
                return Err(Fault::new(format!("the scheme `{other}` is not known"))
                    .help("begin with http://, https:// or, for HTTP/2 without TLS, h2c://"));
            }
            None => {
                return Err(Fault::new(format!("`{text}` has no scheme"))
                    .help(format!("write \"http://{text}\"")));
            }
        }
        let authority = uri.authority().map_or("", http::uri::Authority::as_str);
        if authority.contains('@') {
            return Err(
                Fault::new("a user name or password has no place in an address")
                    .help("remove what stands before the `@`"),
            );
        }
        if uri.path() != "/" || uri.query().is_some() {
            return Err(
                Fault::new("an upstream has no path: requests keep their own").help(format!(
                    "write \"{}://{authority}\"",
                    uri.scheme_str().unwrap_or("http")
                )),
            );
        }
        Ok(Self(uri))
    }

    fn text(&self) -> String {
        self.0.to_string().trim_end_matches('/').to_owned()
    }
}

fn bad(error: impl fmt::Display) -> Fault {
    let message = error.to_string();
    match message.split_once("; ") {
        Some((message, help)) => Fault::new(message).help(help),
        None => Fault::new(message),
    }
}
