//! What a text may stand for: the decodings worth a try, each order of them once, as many as the request may
//! have.

use std::hash::BuildHasher;

use super::{
    Allowance, Bytes, Form, MOST_FORMS, Scratch, Shape, Source, is_unpacked, keep, push_part,
};
use crate::chain::Step;
use crate::context::Place;
use crate::decode;
use crate::finder::pair;
use crate::graphql;
use crate::parts::{Kind, Part};
use crate::seek;
use crate::set::{self, Set};

/// Decodings undone one after the other.
const DEEPEST: u8 = 5;
/// Parts of an archive that are unpacked.
const MOST_PARTS: usize = 32;
/// Bytes of a part that are looked at: declarations stand at the beginning.
const PART: usize = 1024;
/// Base64 runs followed in one text.
const MOST_RUNS: usize = 16;
/// Bytes that compressed data is undone for at least.
const LEAST_UNPACKED: usize = 1024;
/// A longer text with control characters all over is data.
const DATA: usize = 1024;

/// What an encoded text has one of, base64 and digits excepted.
pub(super) const MARKS: Set = set::union(set::of(b"%&\\+\0"), HIGH);
/// Bytes beyond ASCII.
const HIGH: Set = set::range(0x80, 0xff);
/// Control characters that no text has.
const CONTROLS: Set = set::union(
    set::union(set::range(0, 8), set::range(0x0b, 0x0c)),
    set::union(set::range(0x0e, 0x1f), set::of(b"\x7f")),
);
const HEX: Set = set::union(
    set::union(set::range(b'0', b'9'), set::of(b"xX")),
    set::union(set::range(b'a', b'f'), set::range(b'A', b'F')),
);
const BASE64: Set = set::union(set::WORD, set::of(b"+/-_=\r\n"));

/// Notes what the text may stand for, for later.
pub(super) fn decodings(source: Source<'_>, form: Form, set: &Set, work: &mut Scratch) {
    if form.depth >= DEEPEST {
        return;
    }
    let len = form.text.end - form.text.start;
    if is_data(source, form, set, work) {
        unpacked(source, form, work);
        return;
    }
    if set::intersects(MARKS, *set) {
        marked(source, form, set, work);
    }
    if len >= 24 {
        picture(source, form, work);
    }
    let whole = form.place != Place::Path || !set::has(*set, b'/');
    if len >= 8 && whole && set::within(*set, BASE64) {
        decoded(source, form, Step::Base64, form.text, decode::base64, work);
        if len >= 12 && set::within(*set, HEX) {
            decoded(source, form, Step::Hex, form.text, decode::hex, work);
        }
    } else if len >= 24 {
        runs(source, form, work);
    }
    unpacked(source, form, work);
    deflated(source, form, work);
    if set::has(*set, b'"') && set::has(*set, b'{') && set::has(*set, b'(') {
        literals(source, form, work);
    }
}

/// Whether [`decodings`] may note anything of a text of dull bytes.
pub(super) fn may_stand_for_another(text: &[u8], set: &Set, name: &[u8]) -> bool {
    let encoded = if text.len() >= 8 && set::within(*set, BASE64) {
        decode::may_be_base64(text) || decode::may_be_hex(text)
    } else {
        text.len() >= 24 && decode::runs(text, 1, false).next().is_some()
    };
    let is_packed = decode::is_packed(text) || decode::is_archive(text);
    encoded || is_saml(name) || is_packed || pictured(text).is_some()
}

/// The base64 of a picture, in a URI (RFC 2397) or by itself.
fn pictured(text: &[u8]) -> Option<&[u8]> {
    const KINDS: [&[u8]; 4] = [b"iVBOR", b"/9j/", b"R0lGOD", b"UklGR"];
    const HEAD: usize = 64;
    const SCHEME: &[u8] = b"data:";
    const ENCODED: &[u8] = b";base64,";
    if !matches!(text.first(), Some(b'd' | b'i' | b'/' | b'R' | b'U')) {
        return None;
    }
    let data = match text.strip_prefix(SCHEME) {
        Some(uri) => {
            let head = uri.get(..uri.len().min(HEAD)).unwrap_or_default();
            let at = memchr::memmem::find(head, ENCODED)?;
            uri.get(at + ENCODED.len()..)?
        }
        None => text,
    };
    KINDS
        .iter()
        .any(|own| data.starts_with(own))
        .then_some(data)
}

/// Where a picture in base64 holds a program, it is a file like one that was uploaded.
fn picture(source: Source<'_>, form: Form, work: &mut Scratch) {
    let text = source.text(&work.arena, form.text);
    let Some(data) = pictured(text) else {
        return;
    };
    if *work.left.of(form.chain) < data.len() {
        work.is_whole = false;
        return;
    }
    work.made.clear();
    let decoded = decode::any_base64(data, &mut work.made);
    if decoded
        && [*b"<?", *b"<%"]
            .iter()
            .any(|own| pair(&work.made, *own).is_some())
    {
        let chain = form.chain.then(Step::Base64);
        let place = Place::File;
        keep_decoded(
            Form {
                chain,
                place,
                ..form
            },
            work,
        );
    }
}

/// Strings of a document followed to what is made of them.
const MOST_LITERALS: usize = 64;
/// No document that holds values is longer.
const DOCUMENT: usize = 16 << 10;

/// The strings among the arguments of GraphQL are values like those of a form.
fn literals(source: Source<'_>, form: Form, work: &mut Scratch) {
    let text = source.text(&work.arena, form.text);
    if text.len() > DOCUMENT || !graphql::is_document(text) {
        return;
    }
    let mut at = 0;
    for _ in 0..MOST_LITERALS {
        let text = source.text(&work.arena, form.text);
        let Some(part) = text.get(at..).and_then(|rest| literal(rest, at)) else {
            return;
        };
        at = part.text.end + 1;
        push_part(source, form, Shape::Json, &part, work);
    }
}

/// The next string behind a name and a colon, in a text that begins at `from` of its document.
fn literal(text: &[u8], from: usize) -> Option<Part> {
    let mut at = 0;
    loop {
        let open = at + seek::memchr(b'"', text.get(at..)?)?;
        let mut end = open + 1;
        end += loop {
            let next = seek::memchr2(b'"', b'\\', text.get(end..)?)?;
            match text.get(end + next) {
                Some(b'"') => break next,
                _ => end += next + 2,
            }
        };
        at = end + 1;
        let before = text.get(..open)?.trim_ascii_end();
        let Some(named) = before.strip_suffix(b":") else {
            continue;
        };
        let named = named.trim_ascii_end();
        let letter = |own: &&u8| own.is_ascii_alphanumeric() || **own == b'_';
        let len = named.iter().rev().take_while(letter).count();
        return Some(Part {
            name: from + named.len() - len..from + named.len(),
            text: from + open + 1..from + end,
            kind: Kind::Value,
        });
    }
}

/// Notes what a file holds that is compressed or an archive.
pub(super) fn files(source: Source<'_>, form: Form, work: &mut Scratch) {
    if form.depth < DEEPEST {
        unpacked(source, form, work);
    }
}

/// Whether the text is data, of which a decoding would make noise.
fn is_data(source: Source<'_>, form: Form, set: &Set, work: &Scratch) -> bool {
    let text = source.text(&work.arena, form.text);
    let long = text.len() > DATA && set::intersects(CONTROLS, *set);
    form.packed || long && decode::is_data(text)
}

/// What compressed data holds. Where little of it may be looked at, none is: to begin costs as much as
/// a kilobyte.
fn unpacked(source: Source<'_>, form: Form, work: &mut Scratch) {
    let text = source.text(&work.arena, form.text);
    if decode::is_archive(text) {
        return archive(source, form, work);
    }
    if !decode::is_packed(text) {
        return;
    }
    if work.left.unpacked < LEAST_UNPACKED {
        work.is_whole = false;
        return;
    }
    work.made.clear();
    work.unpacker.undo(text, &mut work.made, work.left.unpacked);
    work.is_whole &= work.made.len() < work.left.unpacked;
    keep_unpacked(form, work);
}

/// Notes what was unpacked: it is packed no more.
fn keep_unpacked(form: Form, work: &mut Scratch) {
    let chain = form.chain.then(Step::Inflate);
    let packed = false;
    keep_decoded(
        Form {
            chain,
            packed,
            ..form
        },
        work,
    );
}

/// How the beginnings of an archive's parts read that are XML, or objects of Python.
fn archive(source: Source<'_>, form: Form, work: &mut Scratch) {
    let text = source.text(&work.arena, form.text);
    let mut list = [const { None }; MOST_PARTS];
    let named = |part: &decode::Part| text.get(part.name.clone()).is_some_and(is_read);
    for (place, part) in list.iter_mut().zip(decode::parts(text).filter(named)) {
        *place = Some(part);
    }
    for part in list.into_iter().flatten() {
        let text = source.text(&work.arena, form.text);
        let Some(content) = text.get(part.content..) else {
            continue;
        };
        work.made.clear();
        let most = PART.min(work.left.unpacked);
        if most < PART {
            work.is_whole = false;
            return;
        }
        if part.deflated {
            work.unpacker.bare(content, &mut work.made, most);
        } else {
            let len = part.len.min(most).min(content.len());
            work.made
                .extend_from_slice(content.get(..len).unwrap_or_default());
        }
        keep_unpacked(form, work);
    }
}

/// Whether an archive's part of this name is read by a parser of XML, or makes objects.
fn is_read(name: &[u8]) -> bool {
    const ENDS: [&[u8]; 12] = [
        b"xml", b"rels", b"svg", b"vml", b"xsl", b"xslt", b"xsd", b"dtd", b"kml", b"opf", b"pkl",
        b"pickle",
    ];
    let end = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    ENDS.iter().any(|own| end.eq_ignore_ascii_case(own))
}

/// Messages of SAML in an address are compressed without a header (SAML bindings, 3.4.4.1).
fn deflated(source: Source<'_>, form: Form, work: &mut Scratch) {
    let name = form
        .name
        .map_or(source.name, |name| source.text(&work.arena, name));
    let most = work.left.unpacked;
    if !is_saml(name) || most < LEAST_UNPACKED {
        return;
    }
    let mut before = std::mem::take(&mut work.before);
    before.clear();
    if decode::any_base64(source.text(&work.arena, form.text), &mut before) {
        work.made.clear();
        work.unpacker.bare(&before, &mut work.made, most);
        if decode::is_text(&work.made) {
            let chain = form.chain.then(Step::Base64).then(Step::Inflate);
            keep_decoded(Form { chain, ..form }, work);
        }
    }
    work.before = before;
}

fn is_saml(name: &[u8]) -> bool {
    name.get(..4)
        .is_some_and(|own| own.eq_ignore_ascii_case(b"saml"))
}

type Undo = fn(&[u8], &mut Vec<u8>) -> bool;

/// A decoding whose texts have a mark.
struct Mark {
    step: Step,
    /// Whether a set of bytes has it.
    has: fn(&Set) -> bool,
    undo: Undo,
}

const fn mark(step: Step, has: fn(&Set) -> bool, undo: Undo) -> Mark {
    Mark { step, has, undo }
}

const MARKED: [Mark; 7] = [
    mark(Step::Percent, |set| set::has(*set, b'%'), decode::percent),
    mark(
        Step::Entity,
        |set| set::has(*set, b'&') && (set::has(*set, b';') || set::has(*set, b'#')),
        decode::entities,
    ),
    mark(Step::Escape, |set| set::has(*set, b'\\'), decode::escapes),
    mark(Step::Fold, |set| set::intersects(*set, HIGH), decode::fold),
    mark(Step::Utf16, |set| set::has(*set, 0), decode::utf16),
    mark(Step::Nul, |set| set::has(*set, 0), decode::without_nul),
    mark(
        Step::Utf7,
        |set| set::has(*set, b'+') && set::has(*set, b'A'),
        decode::utf7,
    ),
];

/// The decodings whose texts have a mark: each by itself, so that every order of them is tried; where the
/// text is too long for that, all at once.
fn marked(source: Source<'_>, form: Form, set: &Set, work: &mut Scratch) {
    let len = form.text.end - form.text.start;
    if *work.left.of(form.chain) < Allowance::EACH * len {
        work.is_whole = false;
        return together(source, form, set, work);
    }
    for own in MARKED.iter().filter(|own| (own.has)(set)) {
        decoded(source, form, own.step, form.text, own.undo, work);
    }
}

/// Undoes one layer of every decoding that the text has a mark of, one after the other.
fn together(source: Source<'_>, form: Form, set: &Set, work: &mut Scratch) {
    let mut form = form;
    let mut before = std::mem::take(&mut work.before);
    let mut changed = false;
    for own in MARKED.iter().filter(|own| (own.has)(set)) {
        work.made.clear();
        let text = if changed {
            &before
        } else {
            source.text(&work.arena, form.text)
        };
        if (own.undo)(text, &mut work.made) && !work.made.is_empty() {
            form.weak |= own.step == Step::Entity && is_named(text);
            form.chain = form.chain.then(own.step);
            std::mem::swap(&mut before, &mut work.made);
            changed = true;
        }
    }
    if changed {
        std::mem::swap(&mut before, &mut work.made);
        keep_decoded(form, work);
    }
    work.before = before;
}

/// Whether the character references of a text are names, as people write them who mean the character.
fn is_named(text: &[u8]) -> bool {
    pair(text, *b"&#").is_none()
}

/// Follows the base64 inside a longer text.
fn runs(source: Source<'_>, form: Form, work: &mut Scratch) {
    let mut list = [const { 0..0 }; MOST_RUNS];
    let text = source.text(&work.arena, form.text);
    let mut count = 0;
    for (place, run) in
        list.iter_mut()
            .zip(decode::runs(text, MOST_RUNS, form.place == Place::Path))
    {
        *place = run;
        count += 1;
    }
    for run in list.iter().take(count) {
        let text = form.text.part(run);
        decoded(source, form, Step::Base64, text, decode::base64, work);
    }
    credentials(source, form, work);
}

/// `Basic …`: the name and the password in front of and behind the first colon (RFC 7617) are two values.
fn credentials(source: Source<'_>, form: Form, work: &mut Scratch) {
    let text = source.text(&work.arena, form.text);
    let basic = text
        .get(..6)
        .is_some_and(|own| own.eq_ignore_ascii_case(b"basic "));
    let Some(last) = work.forms.last().copied() else {
        return;
    };
    if form.place != Place::Header || !basic || !last.chain.ends_with(Step::Base64) {
        return;
    }
    let text = source.text(&work.arena, last.text);
    let Some(colon) = seek::memchr(b':', text) else {
        return;
    };
    for range in [0..colon, colon + 1..text.len()] {
        if !range.is_empty() {
            work.forms.push(Form {
                text: last.text.part(&range),
                chain: last.chain.then(Step::Pair),
                ..last
            });
        }
    }
}

/// Notes what a decoding makes of a text, if it makes anything of it that is worth a look.
fn decoded(
    source: Source<'_>,
    form: Form,
    step: Step,
    from: Bytes,
    undo: Undo,
    work: &mut Scratch,
) {
    let Scratch { arena, made, .. } = work;
    made.clear();
    let text = source.text(arena, from);
    if !undo(text, made) || made.is_empty() {
        return;
    }
    let opaque = matches!(step, Step::Base64 | Step::Hex);
    let packed = opaque && (decode::is_packed(made) || decode::is_archive(made));
    let readable = opaque && (packed || !decode::is_object(made)) && decode::is_text(made);
    if opaque && !readable && !decode::is_object(made) {
        return;
    }
    let weak = form.weak || step == Step::Entity && is_named(text);
    let chain = form.chain.then(step);
    keep_decoded(
        Form {
            chain,
            weak,
            packed: packed && !readable,
            ..form
        },
        work,
    );
}

/// Notes what the last steps of its chain have made of a text, unless others made it before.
fn keep_decoded(form: Form, work: &mut Scratch) {
    let Scratch {
        arena,
        made,
        forms,
        seen,
        keys,
        left,
        ..
    } = work;
    let name = form.name.map(|name| (name.made, name.start));
    let text = (form.place as u8, form.weak, name, &*made);
    if made.is_empty() || !seen.insert(keys.hash_one(text)) {
        return;
    }
    let left = left.of(form.chain);
    if forms.len() >= MOST_FORMS || made.len() > *left {
        work.is_whole = false;
        work.is_cut |= !is_unpacked(form.chain);
        return;
    }
    *left -= made.len();
    let text = keep(arena, made);
    let depth = form.depth + 1;
    forms.push(Form {
        text,
        depth,
        ..form
    });
}
