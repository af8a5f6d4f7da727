//! Addresses in markup that loads what it names.

use super::inside::WORKSHOP;
use super::{found, is, next};
use crate::authority::{self, Authority, Reach};
use crate::detector::{Confidence, Evidence};

/// How many addresses of a drawing are looked at.
const MOST: usize = 64;

/// Whether an attribute of markup that loads what it names is before an address: `<iframe src="`.
pub(super) fn is_loaded(before: &[u8]) -> bool {
    tag(before, &[b" src=", b" data=", b"xlink:href="]).is_some()
}

/// The tag in which one of these attributes is before an address.
fn tag<'a>(before: &'a [u8], attributes: &[&[u8]]) -> Option<&'a [u8]> {
    const FAR: usize = 160;
    let before = before
        .get(before.len().saturating_sub(FAR)..)
        .unwrap_or_default();
    let open = before
        .strip_suffix(b"\"")
        .or_else(|| before.strip_suffix(b"'"))
        .unwrap_or(before);
    let ends = |own: &&[u8]| {
        open.len()
            .checked_sub(own.len())
            .and_then(|at| open.get(at..))
            .is_some_and(|end| is(end, own))
    };
    let tag = open.get(memchr::memrchr(b'<', open)? + 1..)?;
    let named = tag.first().is_some_and(u8::is_ascii_alphabetic);
    (named && attributes.iter().any(ends)).then_some(tag)
}

/// A drawing with a picture at an inner address: the server asks for it when it turns the drawing into
/// another kind of picture.
pub(crate) fn drawn(head: &[u8]) -> Option<Evidence> {
    const TAGS: [&[u8]; 6] = [b"image", b"feimage", b"use", b"img", b"iframe", b"script"];
    let mut from = 0;
    for _ in 0..MOST {
        let start = next(head, from, b"//")?;
        from = start + 12;
        let before = head.get(..start).unwrap_or_default();
        let loads = tag(before, &[b"href=", b" src="]).is_some_and(|tag| {
            let name = tag.split(|byte| byte.is_ascii_whitespace()).next();
            let name = name.unwrap_or_default();
            let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
            TAGS.iter().any(|own| is(local, own))
        });
        let inner = authority::read(head.get(start..)?).filter(|own| loads && is_distant(own));
        if let Some(own) = inner {
            let end = (start + own.scheme.len() + 3 + own.host.len()).min(head.len());
            let reading = "a drawing that loads a picture from an inner address";
            return Some(found(start, end, reading, Confidence::Certain));
        }
    }
    None
}

/// Whether only the server can ask there; a developer's own machine is often named in a drawing.
fn is_distant(own: &Authority<'_>) -> bool {
    let workshop = own.port.is_none_or(|port| WORKSHOP.contains(&port));
    match own.reach {
        Reach::Metadata | Reach::Link | Reach::Private | Reach::Rebinding => true,
        Reach::Loopback => !(workshop && is(own.host, b"localhost")),
        Reach::Callback | Reach::Public => false,
    }
}
