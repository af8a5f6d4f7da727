//! Addresses that look like a place on the own site and lead to another.
//!
//! A whole `https://…` in a field for redirects is ordinary (OAuth, logins, share buttons). What is
//! looked for is what is written to pass a check: slashes too many or too few, backslashes, a trusted
//! name before `@`, control characters.

use crate::authority::{self, Authority, Reach};
use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::seek;

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Redirect,
    bytes: b"",
    words: &[
        "//", "/\\", "\\/", "\\\\", "http:", "https:", "/%09", "/%5c", "/\t", "%2f", "%2e%2e",
        "\u{3002}", "\u{3031}", "\u{3033}", "\u{3035}", "\u{309d}", "\u{30fc}", "\u{ff70}", "@[",
        ";@",
    ],
    glance: None,
    detect,
};

fn found(end: usize, reading: &'static str, confidence: Confidence) -> Option<Evidence> {
    Some(Evidence {
        span: 0..end,
        reading,
        confidence,
    })
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text;
    let head = text.get(..text.len().min(256))?;
    if head.contains(&b' ') && !head.starts_with(b"/") || text.len() > 2048 {
        return None;
    }
    match input.context.field {
        Field::Code | Field::Telemetry => return None,
        Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token => {}
    }
    if input.context.place == Place::Path {
        return request(text);
    }
    if is_ordinary(text) {
        return None;
    }
    let (degree, disguised) = look(input, text)?;
    let degree = match input.context.place {
        _ if disguised => degree,
        Place::Json | Place::Body | Place::Xml | Place::File
            if input.context.field != Field::Url =>
        {
            degree.min(Confidence::Likely)
        }
        Place::Header if !is_redirect(input.context.name) => degree.min(Confidence::Likely),
        Place::Path
        | Place::Query
        | Place::Name
        | Place::Header
        | Place::Cookie
        | Place::Form
        | Place::Json
        | Place::Xml
        | Place::FileName
        | Place::File
        | Place::Body => degree,
    };
    found(
        head.len(),
        "an address written to look like another",
        degree,
    )
}

/// Whether an address is written as all are: the scheme, two slashes, a name, and its end or a path. Nothing
/// below has anything to say of those, and nearly all are.
fn is_ordinary(text: &[u8]) -> bool {
    let behind = |scheme: &[u8]| {
        let (own, rest) = text.split_at_checked(scheme.len())?;
        own.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let Some([first, rest @ ..]) = behind(b"https://").or_else(|| behind(b"http://")) else {
        return false;
    };
    let plain = |own: &&u8| own.is_ascii_alphanumeric() || matches!(own, b'.' | b'-');
    let len = rest.iter().take_while(plain).count();
    first.is_ascii_alphabetic() && matches!(rest.get(len), None | Some(b'/'))
}

/// `//evil.example/%2f..` as the path of a request, which some servers redirect to.
fn request(text: &[u8]) -> Option<Evidence> {
    let slashes = text
        .iter()
        .take_while(|own| matches!(own, b'/' | b'\\'))
        .count();
    if slashes > 0 && hidden(text) || slashes > 1 && is_script(text, slashes) {
        return found(
            text.len(),
            "another site in place of a path",
            Confidence::Certain,
        );
    }
    let own = authority::read(text).filter(|own| is_site(own))?;
    let climbs = own.rest.ends_with(b"/..")
        || own
            .rest
            .windows(3)
            .any(|at| at == b"/.." || at == b"%2f" || at == b"%2e");
    let odd = own.user.is_some() || text.iter().take(slashes).any(|own| *own == b'\\');
    let bare = own.rest.len() < 2;
    let degree = match () {
        () if slashes > 1 && (climbs || odd) => Confidence::Certain,
        () if slashes > 1 && bare => Confidence::Possible,
        () => return None,
    };
    found(text.len(), "another site in place of a path", degree)
}

/// `//javascript:alert(1)`: a script where a server that redirects expects a host.
fn is_script(text: &[u8], slashes: usize) -> bool {
    let rest = text.get(slashes..).unwrap_or_default();
    let begins = |own: &[u8]| {
        rest.get(..own.len())
            .is_some_and(|rest| rest.eq_ignore_ascii_case(own))
    };
    begins(b"javascript:") && seek::memchr2(b'(', b'`', rest).is_some()
}

/// Whether what was read as a host is one.
fn is_site(own: &Authority<'_>) -> bool {
    let name = own.host;
    let graphic = name.iter().all(|byte| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b'.' | b'-' | b'_' | b'[' | b']' | b':')
            || *byte >= 0x80
    });
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let top = name.contains(&b'.')
        && last.len() > 1
        && last.iter().all(u8::is_ascii_alphabetic)
        && !is_file(last);
    let wide = name.windows(3).any(|own| own == "\u{3002}".as_bytes());
    graphic
        && name.len() > 2
        && (top
            || wide
            || own.reach != Reach::Public
            || own.odd
            || name.iter().filter(|byte| **byte == b'.').count() == 3)
}

fn is_file(last: &[u8]) -> bool {
    const ENDS: [&[u8]; 16] = [
        b"js", b"css", b"png", b"jpg", b"jpeg", b"gif", b"svg", b"html", b"php", b"json", b"txt",
        b"ico", b"woff", b"mp", b"webp", b"xml",
    ];
    ENDS.iter().any(|end| last.eq_ignore_ascii_case(end))
}

fn is_redirect(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 14] = [
        b"redir",
        b"return",
        b"next",
        b"goto",
        b"continue",
        b"dest",
        b"target",
        b"forward",
        b"url",
        b"uri",
        b"rurl",
        b"out",
        b"checkout",
        b"go",
    ];
    const LOADED: [&[u8]; 8] = [
        b"image", b"img", b"src", b"icon", b"avatar", b"cdn", b"base", b"script",
    ];
    let holds = |part: &[u8]| {
        name.windows(part.len())
            .any(|own| own.eq_ignore_ascii_case(part))
    };
    const WHOLE: [&[u8]; 5] = [b"to", b"link", b"jump", b"rd", b"u"];
    let whole = || WHOLE.iter().any(|own| name.eq_ignore_ascii_case(own));
    (whole() || NAMES.iter().any(|own| holds(own))) && !LOADED.iter().any(|own| holds(own))
}

/// Fields that hold a place to go to, and no picture or script.
fn is_return(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 8] = [
        b"redir",
        b"return",
        b"next",
        b"goto",
        b"dest",
        b"continue",
        b"forward",
        b"checkout",
    ];
    let holds = |part: &&[u8]| {
        name.windows(part.len())
            .any(|own| own.eq_ignore_ascii_case(part))
    };
    NAMES.iter().any(holds)
}

/// How a value reads, and whether it is written so that nobody sees where it leads: wherever that
/// stands, it is no ordinary address.
fn look(input: &Input<'_>, text: &[u8]) -> Option<(Confidence, bool)> {
    if disguised(text) || hidden(text) {
        return Some((Confidence::Certain, true));
    }
    plain(input, text).map(|degree| (degree, false))
}

/// An address that is read as a whole, and leads elsewhere than it seems to.
fn disguised(text: &[u8]) -> bool {
    let Some(own) = authority::read(text) else {
        return false;
    };
    let web = is_web(own.scheme) || own.scheme.is_empty() && own.slashes > 1;
    let named = own.user.is_some_and(is_name);
    let numbered = own.odd && own.reach == Reach::Public && !own.scheme.is_empty();
    let odd = named || numbered || doubtful(&own) || climbs(&own) || is_slashed(text, &own);
    web && is_site(&own) && odd
}

/// `/\evil.example`, `https://\evil.example`, `////evil.example`: slashes of both kinds, or more than any
/// address has. Two backslashes alone begin the name of a share.
fn is_slashed(text: &[u8], own: &Authority<'_>) -> bool {
    let from = own.scheme.len() + usize::from(!own.scheme.is_empty());
    let slashes = text.get(from..from + own.slashes).unwrap_or_default();
    let both = slashes.contains(&b'\\') && (slashes.contains(&b'/') || is_web(own.scheme));
    both || own.slashes > 3
}

fn is_web(scheme: &[u8]) -> bool {
    [&b"http"[..], b"https"]
        .iter()
        .any(|web| scheme.eq_ignore_ascii_case(web))
}

/// `///evil.example/..`: more slashes than an address has, and steps up that take the rest away.
fn climbs(own: &Authority<'_>) -> bool {
    let up = own.rest.windows(3).take(64).any(|at| at == b"/..");
    own.slashes > 2 && up
}

/// `a.example\@b.example`: what readers disagree about.
fn doubtful(own: &Authority<'_>) -> bool {
    own.user.is_none() && confusing(own).is_some()
}

/// What is put before an address so that nobody takes it for one: `//https:///evil.example`,
/// `/\t/evil.example`, `https://\t/evil.example`, `<>//evil.example`, `http:x>y\z@0xd8.0x3a.0xd6.0xce`.
fn hidden(text: &[u8]) -> bool {
    let slashes = leading(text);
    let inner = text.get(slashes..).unwrap_or_default();
    if starts_with_scheme(inner) {
        let own = authority::read(inner).filter(is_site);
        let twice = own.is_some_and(|own| slashes > 1 && own.slashes != 2);
        return twice || slashes > 0 && disguised(inner) || behind_scheme(inner);
    }
    let signs = text.strip_prefix(b"<>").unwrap_or_default();
    let behind = authority::read(signs).is_some_and(|own| own.scheme.is_empty() && is_site(&own));
    behind || gap(text).is_some_and(|gap| gap == Gap::Parted || gap == Gap::Mark)
}

/// How many slashes and backslashes begin a text.
fn leading(text: &[u8]) -> usize {
    let own = text.iter().take(8);
    own.take_while(|own| matches!(own, b'/' | b'\\')).count()
}

/// `https://\t/evil.example`, and a number behind an `@` that not all readers see.
fn behind_scheme(text: &[u8]) -> bool {
    let Some(colon) = text.iter().take(6).position(|own| *own == b':') else {
        return false;
    };
    let rest = text.get(colon + 1..).unwrap_or_default();
    if leading(rest) > 0 && gap(rest) == Some(Gap::Parted) {
        return true;
    }
    let rest = rest.get(leading(rest)..).unwrap_or_default();
    let head = rest.get(..rest.len().min(64)).unwrap_or_default();
    let odd = |own: &u8| matches!(own, b'\\' | b'>' | b'<');
    let Some(at) = seek::memchr(b'@', head) else {
        return false;
    };
    let (user, _) = head.split_at_checked(at).unwrap_or_default();
    let host = authority_of(rest.get(at + 1..).unwrap_or_default());
    let number = |own: &u8| own.is_ascii_hexdigit() || b".xX[]:".contains(own);
    let numeric = host.len() > 6 && host.iter().all(number) && host.iter().any(u8::is_ascii_digit);
    numeric && user.iter().any(odd) && !user.contains(&b'/')
}

/// Whether what stands before an `@` is the name of a site, and none of a person: it ends as those do.
fn is_name(user: &[u8]) -> bool {
    const ENDS: [&[u8]; 14] = [
        b"com", b"org", b"net", b"tld", b"example", b"io", b"gov", b"edu", b"de", b"uk", b"fr",
        b"ru", b"cn", b"jp",
    ];
    let mut labels = user.split(|byte| *byte == b'.');
    let last = labels.next_back().unwrap_or_default();
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    labels.next().is_some()
        && user.iter().all(plain)
        && ENDS.iter().any(|end| last.eq_ignore_ascii_case(end))
}

/// How any other value in a parameter reads.
fn plain(input: &Input<'_>, text: &[u8]) -> Option<Confidence> {
    let redirect = || is_redirect(input.context.name);
    let surely = |sure: bool| {
        if sure {
            Confidence::Certain
        } else {
            Confidence::Likely
        }
    };
    if gap(text).is_some() || behind_semicolon(text) {
        return Some(surely(redirect()));
    }
    let inner = text
        .strip_prefix(b"/")
        .filter(|inner| starts_with_scheme(inner));
    let own = authority::read(inner.unwrap_or(text))?;
    let web = own.scheme.is_empty()
        || own.scheme.eq_ignore_ascii_case(b"http")
        || own.scheme.eq_ignore_ascii_case(b"https");
    if !web {
        return None;
    }
    if let Some(behind) = confusing(&own) {
        return Some(surely(behind));
    }
    if breaks_off(&own) {
        return Some(surely(redirect()));
    }
    if !is_site(&own) {
        return None;
    }
    if allowed_behind(&own) {
        let dotted = matches!(own.rest, [_, b'.', ..]) && redirect();
        return Some(surely(dotted || is_return(input.context.name)));
    }
    let backslash = text
        .iter()
        .take(own.scheme.len() + 1 + own.slashes)
        .any(|byte| *byte == b'\\');
    match (own.scheme.is_empty(), own.slashes) {
        _ if inner.is_some() => Some(surely(redirect())),
        _ if own.odd && own.reach == Reach::Public => {
            Some(surely(redirect() || own.user.is_some() || own.slashes != 2))
        }
        (true, 2) if backslash => Some(surely(redirect() || text.starts_with(b"/\\"))),
        (true, 2) if is_return(input.context.name) => Some(Confidence::Certain),
        (true, 2) => Some(Confidence::Hint),
        (true, 3..) => Some(surely(redirect() || own.slashes > 3)),
        (false, 0 | 1) => Some(surely(redirect())),
        (false, 2) if backslash => Some(surely(redirect())),
        (false, 3..) => Some(surely(redirect())),
        _ => None,
    }
}

fn starts_with_scheme(text: &[u8]) -> bool {
    text.get(..5)
        .is_some_and(|own| own.eq_ignore_ascii_case(b"http:"))
        || text
            .get(..6)
            .is_some_and(|own| own.eq_ignore_ascii_case(b"https:"))
}

/// What stands where a slash or nothing is expected.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gap {
    /// Between slashes, or a control character behind them: no browser shows it.
    Parted,
    /// A letter that looks like a slash, before a name of ASCII alone.
    Mark,
    /// Anything else.
    Other,
}

/// `/\t/evil.example`, `/%09/evil.example`, `〱evil.example`: what browsers leave out, or take for a slash.
fn gap(text: &[u8]) -> Option<Gap> {
    let slashes = leading(text).min(6);
    let rest = text.get(slashes..)?;
    let (gap, kind) = match rest {
        [b'\t' | b'\r' | b'\n', ..] => (1, Gap::Parted),
        [b'%', b'0', b'9' | b'd' | b'a' | b'D' | b'A', ..] | [b'%', b'5', b'c' | b'C', ..] => {
            (3, Gap::Other)
        }
        [0xe3, 0x80, 0xb1..=0xb5, ..]
        | [0xe3, 0x82, 0x9d, ..]
        | [0xe3, 0x83, 0xbc, ..]
        | [0xef, 0xbd, 0xb0, ..] => (3, Gap::Mark),
        _ => return None,
    };
    let behind = rest.get(gap..)?;
    let more = leading(behind).min(4);
    let own = authority::of(&[], 2, authority_of(behind.get(more..)?), &[]);
    if slashes + more + usize::from(gap == 3) == 0 || !is_site(&own) {
        return None;
    }
    Some(match kind {
        // `\t//evil.example`: a control character before the slashes.
        Gap::Parted if more < 2 && (slashes == 0 || more == 0) => Gap::Other,
        Gap::Other if slashes > 0 && more > 0 => Gap::Parted,
        Gap::Mark if !own.host.is_ascii() => Gap::Other,
        Gap::Parted | Gap::Mark | Gap::Other => kind,
    })
}

fn authority_of(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .take(128)
        .position(|own| matches!(own, b'/' | b'\\' | b'?' | b'#'));
    text.get(..end.unwrap_or(text.len().min(128)))
        .unwrap_or_default()
}

/// `;@evil.example`, `;/;//evil.example`: what is put behind a site's own name and ends it.
fn behind_semicolon(text: &[u8]) -> bool {
    let sign = |own: &u8| matches!(own, b';' | b'/' | b'\\' | b'@');
    let len = text.iter().take(8).take_while(|own| sign(own)).count();
    let (signs, rest) = text.split_at_checked(len).unwrap_or_default();
    let leads = signs.ends_with(b"@") || signs.ends_with(b"//");
    let own = authority::of(&[], 2, authority_of(rest), &[]);
    leads && signs.contains(&b';') && is_site(&own)
}

/// `https://www.a.example`.evil.example`: a sign no name has, between two that are names.
fn breaks_off(own: &Authority<'_>) -> bool {
    let odd = |byte: &u8| matches!(byte, b'`' | b'^' | b'|' | b'!' | b'"' | b'\'' | b',' | b'~');
    let Some(at) = own.host.iter().position(odd) else {
        return false;
    };
    let (before, behind) = own.host.split_at_checked(at).unwrap_or_default();
    let other = behind.get(1..).unwrap_or_default();
    let name = other.strip_prefix(b".").unwrap_or(other);
    let behind = authority::of(&[], 2, name, &[]);
    own.slashes == 2 && is_name(before) && is_site(&behind)
}

/// `https://evil.example?a.example`, `//evil.example?.a.example/`, `https://evil.example#a.example`: the
/// name of a site that is allowed, in place of a query.
fn allowed_behind(own: &Authority<'_>) -> bool {
    let [b'?' | b'#', rest @ ..] = own.rest else {
        return false;
    };
    let dotted = rest.strip_prefix(b".");
    let name = authority_of(dotted.unwrap_or(rest));
    let behind = rest.get(name.len() + usize::from(dotted.is_some())..);
    let alone = behind.is_none_or(|own| own.is_empty() || own == b"/");
    alone && own.slashes == 2 && is_name(name)
}

/// A host before `@`, or one that readers disagree about.
fn confusing(own: &Authority<'_>) -> Option<bool> {
    if let Some(user) = own.user {
        let name = user.split(|byte| *byte == b':').next().unwrap_or_default();
        let trusted = name.contains(&b'.')
            && name
                .iter()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
        let empty = user.is_empty() || user == b":";
        // `a@b@c`, `[::1]@c`, `a.example\xff@c`: no user is called so.
        let odd = |byte: &u8| *byte >= 0x80 || matches!(byte, b'@' | b'[' | b'%');
        let trusted = trusted || user.iter().any(odd);
        return (is_site(own) && (trusted || empty || own.odd || own.slashes != 2)).then_some(true);
    }
    let skip = match own.rest {
        [b'\\' | b'?' | b'#', b'@', ..] => 2,
        [b'\\', b'\\', b'@', ..] => 3,
        [b'\\', b'a'..=b'z' | b'A'..=b'Z', ..] if is_web(own.scheme) => 1,
        _ => return None,
    };
    let other = authority::of(&[], 2, authority_of(own.rest.get(skip..)?), &[]);
    (is_site(own) && is_site(&other)).then_some(true)
}
