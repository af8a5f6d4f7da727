//! URLs that make the server ask itself, its neighbours, or a tester's host.
//!
//! Where the host lies is read by [`crate::authority`]. What that proves depends on how it is written and
//! who wrote it: nobody writes `http://2130706433/`, while browsers of developers report
//! `http://localhost:3000/` all day.

mod inside;
mod markup;

pub(crate) use markup::drawn;

use inside::{WORKSHOP, is_inner, serves, telling};
use markup::is_loaded;

use crate::authority::{self, Authority, Reach};
use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;

/// How many URLs of a text are looked at.
const MOST: usize = 64;

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Ssrf,
    bytes: b"",
    words: &[
        "//",
        ":\\\\",
        "http:",
        "https:",
        "169.254",
        "metadata",
        "gopher:",
        "dict:",
        "ldap:",
        "ldaps:",
        "rmi:",
        "tftp:",
        "localhost",
        "127.0",
        "100.100.100.200",
        "interact",
        "oast",
        "burpcollaborator",
        "dnslog",
        "ceye.io",
        "bxss.",
        "r87.me",
        "canarytokens",
        "requestrepo",
        "0x7f",
        "nip.io",
        "localtest.me",
        "eyes.sh",
        "xss.ht",
        "unix:",
        "npipe:",
        "docker.sock",
        "kubernetes.default",
        "#extm3u",
    ],
    glance: None,
    detect,
};

fn found(start: usize, end: usize, reading: &'static str, confidence: Confidence) -> Evidence {
    Evidence {
        span: start..end,
        reading,
        confidence,
    }
}

/// A list of parts of a film, some of which the server would read itself or ask its neighbours for.
pub(crate) fn playlist(text: &[u8]) -> Option<Evidence> {
    const ASKS: [&[u8]; 6] = [
        b"file:",
        b"concat:",
        b"subfile,",
        b"gopher:",
        b"169.254.",
        b"/etc/",
    ];
    let list = text.trim_ascii_start().strip_prefix(b"#EXTM3U")?;
    let head = list.get(..list.len().min(4096))?;
    let asks = ASKS
        .iter()
        .any(|own| memchr::memmem::find(head, own).is_some());
    asks.then(|| {
        found(
            0,
            7,
            "a list of parts that the server reads itself",
            Confidence::Certain,
        )
    })
}

/// `/proxy/https:169.254.169.254:80/`: the host of a cloud's keys in the path of a proxy.
fn named_in_path(input: &Input<'_>) -> Option<Evidence> {
    const HOST: &[u8] = b"169.254.169.254";
    if input.context.place != Place::Path {
        return None;
    }
    let at = memchr::memmem::find(input.text, HOST)?;
    let end = at + HOST.len();
    let ends = !input.text.get(end).is_some_and(u8::is_ascii_digit);
    ends.then(|| {
        found(
            at,
            end,
            "the address where a cloud tells a machine its keys",
            Confidence::Certain,
        )
    })
}

/// `unix:///var/run/docker.sock:/containers/json`: the socket of what runs containers, as an address.
fn socket(input: &Input<'_>) -> Option<Evidence> {
    const SCHEMES: [&[u8]; 4] = [b"unix:", b"http+unix:", b"npipe:", b"unix+http:"];
    const SOCKETS: [&[u8]; 6] = [
        b"docker.sock",
        b"containerd.sock",
        b"crio.sock",
        b"podman.sock",
        b"docker_engine",
        b"docker%2esock",
    ];
    let text = input.text.trim_ascii_start();
    let head = text.get(..text.len().min(160))?;
    let begins = |own: &&[u8]| head.get(..own.len()).is_some_and(|head| is(head, own));
    let scheme = SCHEMES.iter().find(|own| begins(own))?;
    let asks = SOCKETS
        .iter()
        .any(|own| memchr::memmem::find(head, own).is_some());
    // Settings name the socket alone; what is asked of it follows it.
    let fetched = input.context.field == Field::Url;
    let degree = match asks {
        true if fetched => Confidence::Certain,
        true => Confidence::Likely,
        false if fetched => Confidence::Possible,
        false => return None,
    };
    let reading = "the socket of a service on the server";
    Some(found(0, scheme.len(), reading, degree))
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    if let Some(found) = playlist(text)
        .or_else(|| named_in_path(input))
        .or_else(|| socket(input))
    {
        return Some(found);
    }
    let at = text
        .iter()
        .take_while(|own| own.is_ascii_whitespace() || matches!(own, b'"' | b'\''))
        .count();
    let mut best = match authority::read(text.get(at..)?) {
        Some(own) if own.slashes == 0 => bare(input).or_else(|| judge(input, &own, at, true)),
        Some(own) => judge(input, &own, at, true),
        None => bare(input),
    };
    // What is read already begins with its scheme; a path may begin with a short word.
    let path = input.context.place == Place::Path;
    let mut from = at + if path { 1 } else { 8 };
    // Servers make one slash of two in a path.
    let slash = if path { &b"/"[..] } else { b"//" };
    for _ in 0..MOST {
        let strong = best
            .as_ref()
            .is_some_and(|best| best.confidence == Confidence::Certain);
        let Some(start) = (!strong).then(|| next(text, from, slash)).flatten() else {
            break;
        };
        if let Some(own) = authority::read(text.get(start..)?)
            && let Some(found) = judge(input, &own, start, false)
            && best
                .as_ref()
                .is_none_or(|best| best.confidence < found.confidence)
        {
            best = Some(found);
        }
        from = start + 12;
    }
    best
}

/// Where the next URL begins: at the scheme before `://`, or at the slashes.
fn next(text: &[u8], from: usize, slash: &[u8]) -> Option<usize> {
    let rest = text.get(from..)?;
    let slashes = |at: &usize| {
        rest.get(at + 1..)
            .is_some_and(|rest| rest.starts_with(slash))
    };
    let at = from + seek::memchr_iter(b':', rest).find(slashes)?;
    let scheme = text.get(at.saturating_sub(12)..at)?;
    let len = scheme
        .iter()
        .rev()
        .take_while(|own| own.is_ascii_alphabetic())
        .count();
    Some(at - len)
}

fn judge(input: &Input<'_>, own: &Authority<'_>, at: usize, first: bool) -> Option<Evidence> {
    let (reading, degree) = reading(input, own, first)?;
    let inside =
        own.reach == Reach::Metadata || is_inner(own) && (serves(own) || telling(own.rest));
    if inside && is_loaded(input.text.get(..at).unwrap_or_default()) {
        let end = (at + own.scheme.len()).min(input.text.len());
        let reading = "markup that loads what only the inside is shown";
        return Some(found(at, end, reading, Confidence::Certain));
    }
    let end = (at + own.scheme.len() + 1 + own.slashes + own.host.len()).min(input.text.len());
    // What a path hides and only the inside shows is no page that somebody links to.
    let hidden = input.depth > 0 && input.context.place == Place::Path && telling(own.rest);
    let degree = match hidden && first {
        true => degree,
        false if is_listed(input, at) => degree.min(Confidence::Likely),
        false => settle(input, own.reach, degree, first),
    };
    Some(found(at, end, reading, degree))
}

/// Whether an address is an argument in a line of a text of many lines that is the whole body: what a log, a
/// plan or a script tells of, and nothing that the server is to fetch. `url: http://…` is.
fn is_listed(input: &Input<'_>, at: usize) -> bool {
    /// Before so many lines, a text may be a list of settings.
    const LINES: usize = 6;
    /// Nothing longer is looked at before it.
    const NEAR: usize = 64;
    if input.context.place != Place::Body || input.depth > 0 {
        return false;
    }
    let near = input
        .text
        .get(at.saturating_sub(NEAR)..at)
        .unwrap_or_default();
    let line = near.rsplit(|own| *own == b'\n').next().unwrap_or_default();
    let word = line
        .strip_suffix(b" ")
        .and_then(|own| own.rsplit(|own| *own == b' ').next());
    let plain = |own: &u8| own.is_ascii_alphanumeric() || matches!(own, b'-' | b'_');
    let told =
        word.is_some_and(|own| own.iter().all(plain) && own.iter().any(u8::is_ascii_alphabetic));
    told && seek::memchr_iter(b'\n', input.text).nth(LINES).is_some()
}

/// What the URL is, and how much that alone proves.
fn reading(
    input: &Input<'_>,
    own: &Authority<'_>,
    first: bool,
) -> Option<(&'static str, Confidence)> {
    if let Some(found) = scheme(input, own, first) {
        return Some(found);
    }
    let web = own.scheme.is_empty()
        || is(own.scheme, b"http")
        || is(own.scheme, b"https")
        || is(own.scheme, b"ftp")
        || is(own.scheme, b"ws")
        || is(own.scheme, b"wss");
    if !web {
        return None;
    }
    let ambiguous = matches!(own.rest, [b'\\' | b'#' | b'?', b'@', ..]);
    let hidden = own.odd || own.user.is_some() || ambiguous;
    let whole = first && own.scheme.len() > 2 && !own.host.is_empty();
    if whole
        && own.reach != Reach::Metadata
        && let Some(degree) = included(input, own)
    {
        return Some(("a URL that is to be included as a program", degree));
    }
    Some(match own.reach {
        Reach::Metadata => (
            "the address where a cloud tells a machine its keys",
            Confidence::Certain,
        ),
        Reach::Callback => (
            "a host that tells testers who asked for it",
            Confidence::Certain,
        ),
        Reach::Loopback | Reach::Private | Reach::Link | Reach::Rebinding
            if hidden && (first || is_proxied(input, own)) =>
        {
            ("an inner address, hidden", Confidence::Certain)
        }
        Reach::Loopback | Reach::Private | Reach::Link if hidden => {
            ("an inner address, hidden", Confidence::Likely)
        }
        Reach::Loopback | Reach::Private | Reach::Link => {
            ("an inner address", inner(input, own, first))
        }
        Reach::Rebinding => (
            "a name that stands for an inner address",
            inner(input, own, first),
        ),
        Reach::Public if behind(own) => ("an inner address behind another", Confidence::Certain),
        Reach::Public if own.odd && first && own.scheme.len() > 2 => {
            ("an address, hidden", Confidence::Likely)
        }
        Reach::Public => return None,
    })
}

/// `http://evil.example/x.txt?`: what the application appends becomes a query nobody reads.
fn included(input: &Input<'_>, own: &Authority<'_>) -> Option<Confidence> {
    const PROGRAMS: [&[u8]; 10] = [
        b".txt", b".php", b".inc", b".dat", b".gif", b".jpg", b".asp", b".jsp", b".pl", b".phtml",
    ];
    let rest = own.rest;
    let head = rest
        .split(|byte| matches!(byte, b'?' | 0 | b'#'))
        .next()
        .unwrap_or_default();
    let tail = rest.get(head.len()..).unwrap_or_default();
    let program = || {
        PROGRAMS.iter().any(|end| {
            head.len() > end.len()
                && head
                    .get(head.len() - end.len()..)
                    .is_some_and(|own| is(own, end))
        })
    };
    let numeric = own
        .host
        .iter()
        .all(|byte| byte.is_ascii_digit() || *byte == b'.');
    let file = input.context.field == Field::File;
    match tail {
        b"??" | b"???" | b"?\0" | b"\0" | b"?%00" | b"%00" | br"?\x00" | br"?\0"
            if head.len() > 1 =>
        {
            Some(Confidence::Certain)
        }
        b"?" | b"?'" | b"?\"" | b"?#" if (program() || numeric) && !is_reported(input) => {
            Some(Confidence::Certain)
        }
        b"?" if numeric && is_paged(input) => Some(Confidence::Certain),
        b"?" if input.context.field != Field::Url => Some(Confidence::Likely),
        // Browsers report the page or script in which something failed.
        _ if file && program() && input.context.place == Place::Json => Some(Confidence::Likely),
        // `?page=ftp://198.51.100.7/s.txt`: pages report where they are, but not by such an address.
        _ if numeric && program() && own.scheme.len() > 2 && is_paged(input) => {
            Some(Confidence::Certain)
        }
        _ if file && program() && own.scheme.len() > 2 => Some(Confidence::Certain),
        _ if file && own.scheme.len() > 2 => Some(Confidence::Possible),
        _ => None,
    }
}

/// Whether the parameter names the page an old site is to show.
fn is_paged(input: &Input<'_>) -> bool {
    let named = [
        &b"page"[..],
        b"p",
        b"pag",
        b"pg",
        b"inc",
        b"seite",
        b"section",
    ];
    input.context.place == Place::Query && named.iter().any(|own| is(input.context.name, own))
}

fn is(own: &[u8], lower: &[u8]) -> bool {
    own.eq_ignore_ascii_case(lower)
}

/// Schemes that speak to other services.
fn scheme(
    input: &Input<'_>,
    own: &Authority<'_>,
    first: bool,
) -> Option<(&'static str, Confidence)> {
    const ALWAYS: [&[u8]; 5] = [b"gopher", b"dict", b"tftp", b"ldapi", b"gophers"];
    const OTHERS: [&[u8]; 8] = [
        b"ldap", b"ldaps", b"rmi", b"sftp", b"smb", b"ftps", b"telnet", b"iiop",
    ];
    let reading = "a URL for another service";
    let web = is(own.scheme, b"https") || is(own.scheme, b"http");
    if web || own.host.is_empty() || own.slashes == 0 {
        return None;
    }
    if ALWAYS.iter().any(|scheme| is(own.scheme, scheme)) {
        let degree = if first {
            Confidence::Certain
        } else {
            Confidence::Likely
        };
        return Some((reading, degree));
    }
    if !OTHERS.iter().any(|scheme| is(own.scheme, scheme)) {
        return None;
    }
    let inner = own.reach != Reach::Public;
    let fetched = first && input.context.field == Field::Url && own.rest.len() > 1;
    let degree = if (inner && first) || fetched {
        Confidence::Certain
    } else {
        Confidence::Possible
    };
    Some((reading, degree))
}

/// `http://good.example#@127.0.0.1/`, `http://127.0.0.1\@good.example/`: readers disagree about the host.
fn behind(own: &Authority<'_>) -> bool {
    let mark = matches!(own.rest.first(), Some(b'#' | b'\\' | b'?' | b' '));
    let head = own.rest.get(..own.rest.len().min(48)).unwrap_or_default();
    let at = head
        .iter()
        .position(|byte| *byte == b'@')
        .filter(|at| *at < 3);
    let (true, Some(at)) = (mark, at) else {
        return false;
    };
    let server = own.rest.get(at + 1..).unwrap_or_default();
    let server = host(server, 64);
    let other = authority::of(own.scheme, 2, server, &[]);
    other.reach != Reach::Public
}

/// `/proxy/http://127.0.0.1:9200/`: what a path asks for in the name of whoever asks.
fn is_proxied(input: &Input<'_>, own: &Authority<'_>) -> bool {
    let whole = input.context.place == Place::Path && own.scheme.len() > 2;
    whole && (own.odd || serves(own) || telling(own.rest))
}

/// A plain inner address: a developer's own, or one that the server is to ask.
fn inner(input: &Input<'_>, own: &Authority<'_>, first: bool) -> Confidence {
    let told = telling(own.rest);
    // Nobody reports to be on a page for the inside, on a host whose name hides where it lies.
    let reported = is_reported(input) && !(first && told && is_lent(input, own.reach));
    if reported {
        return Confidence::Hint;
    }
    let service = serves(own);
    if !first {
        let proxied = is_proxied(input, own);
        return if proxied {
            Confidence::Certain
        } else {
            Confidence::Possible
        };
    }
    let fetched = input.context.field == Field::Url;
    let workshop = own.port.is_some_and(|port| WORKSHOP.contains(&port));
    // Dashboards and monitors are told of machines in their own network.
    let neighbour = own.reach == Reach::Private && input.context.place == Place::Json;
    // The interface of the cluster a server runs in.
    let cluster = own
        .host
        .get(..18)
        .is_some_and(|own| is(own, b"kubernetes.default"));
    // Settings name the cluster; what is kept in it is asked for by those who are inside.
    let kept = own.rest.get(..4).is_some_and(|own| is(own, b"/api"));
    match () {
        () if service || told || cluster && (fetched || kept) => Confidence::Certain,
        () if administers(input, own) => Confidence::Certain,
        () if fetched && neighbour => Confidence::Likely,
        () if fetched && !workshop => Confidence::Certain,
        () if fetched => Confidence::Likely,
        () => Confidence::Possible,
    }
}

/// `stockApi=http://localhost/admin/…`: the pages of those who run a site, asked of the server itself.
fn administers(input: &Input<'_>, own: &Authority<'_>) -> bool {
    let served = own.port.is_none_or(|port| port == 80 || port == 443);
    let plain = input.context.field == Field::Plain;
    let sent = matches!(input.context.place, Place::Query | Place::Form | Place::Xml);
    let page = own.rest.get(..6).is_some_and(|own| is(own, b"/admin"));
    own.reach == Reach::Loopback && served && plain && sent && page
}

/// A name that stands for an inner address, in a parameter.
fn is_lent(input: &Input<'_>, reach: Reach) -> bool {
    reach == Reach::Rebinding
        && matches!(
            input.context.place,
            Place::Query | Place::Form | Place::Json
        )
}

/// Whether the browser or an identity provider says where it is or returns to, and nobody fetches it.
fn is_reported(input: &Input<'_>) -> bool {
    const NAMES: [&[u8]; 14] = [
        b"ref",
        b"page",
        b"location",
        b"origin",
        b"current",
        b"landing",
        b"document",
        b"redirect",
        b"return",
        b"continue",
        b"next",
        b"logout",
        b"sourceurl",
        b"canonical",
    ];
    const WHOLE: [&[u8]; 5] = [b"dl", b"dr", b"u", b"host", b"back"];
    let name = input.context.name;
    let holds = |part: &&[u8]| name.windows(part.len()).any(|own| is(own, part));
    input.context.place == Place::Header
        || input.context.place == Place::Cookie
        || NAMES.iter().any(holds)
        || WHOLE.iter().any(|own| is(name, own))
}

fn settle(input: &Input<'_>, reach: Reach, degree: Confidence, first: bool) -> Confidence {
    let degree = match input.context.field {
        // A source that is nothing but an address is where something comes from.
        Field::Code if first && !input.text.contains(&b' ') => degree,
        Field::Code | Field::Telemetry => degree.min(Confidence::Likely).less(),
        Field::Text if !first => degree.min(Confidence::Likely),
        Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => degree,
    };
    let path = input.context.place == Place::Path && first && reach != Reach::Metadata;
    if input.context.place == Place::File || path {
        return degree.min(Confidence::Likely);
    }
    degree
}

/// Whether a header says which host was asked: `X-Forwarded-Host`.
fn names_host(input: &Input<'_>) -> bool {
    let name = input.context.name;
    let host = name.len().checked_sub(4).and_then(|at| name.get(at..));
    input.context.place == Place::Header && host.is_some_and(|own| is(own, b"host"))
}

/// What a text begins with that may be a host and its port, at most so long.
fn host(text: &[u8], most: usize) -> &[u8] {
    let letter =
        |own: &&u8| own.is_ascii_alphanumeric() || matches!(own, b'.' | b'-' | b':' | b'[' | b']');
    let len = text.iter().take(most).take_while(letter).count();
    text.get(..len).unwrap_or_default()
}

/// A host without a scheme, in a field for addresses.
fn bare(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text.trim_ascii();
    let (own, rest) = text.split_at_checked(host(text, 80).len())?;
    let own = authority::of(&[], 0, own, rest);
    let ends = matches!(own.rest.first(), None | Some(b'/' | b'?' | b'#'));
    let field = input.context.field == Field::Url;
    let name = own.host.contains(&b'.');
    let degree = match own.reach {
        Reach::Callback if ends => Confidence::Certain,
        Reach::Metadata if ends && name && (field || own.rest.len() > 1 || names_host(input)) => {
            Confidence::Certain
        }
        Reach::Metadata if ends && name => Confidence::Likely,
        Reach::Loopback | Reach::Private
            if ends && field && serves(&own) && !is_reported(input) =>
        {
            Confidence::Certain
        }
        Reach::Rebinding if ends && field => Confidence::Likely,
        Reach::Loopback
        | Reach::Private
        | Reach::Link
        | Reach::Metadata
        | Reach::Rebinding
        | Reach::Callback
        | Reach::Public => {
            return None;
        }
    };
    Some(found(
        0,
        input.text.len(),
        "an inner or watched host",
        settle(input, own.reach, degree, true),
    ))
}
