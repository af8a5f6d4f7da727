//! What is looked at inside of archives and compressed messages.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test says so by panicking"
)]

use babyshield_detect::{Class, Confidence, Place, Scanner, Scratch, set};
use miniz_oxide::deflate::{compress_to_vec, compress_to_vec_zlib};

const ENTITY: &[u8] =
    b"<?xml version=\"1.0\"?><!DOCTYPE w [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><w>&e;</w>";
const PLAIN: &[u8] =
    b"<?xml version=\"1.0\"?><w:document xmlns:w=\"urn:w\"><w:t>Recall 7</w:t></w:document>";

/// An archive as a program writes it that streams: lengths behind the content, where `told` is false.
fn archive(parts: &[(&str, &[u8])], deflated: bool, told: bool) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, content) in parts {
        let packed = if deflated {
            compress_to_vec(content, 6)
        } else {
            content.to_vec()
        };
        let len = if told {
            u32::try_from(packed.len()).unwrap()
        } else {
            0
        };
        out.extend_from_slice(b"PK\x03\x04\x14\x00\x00\x00");
        out.extend_from_slice(if deflated { b"\x08\x00" } else { b"\x00\x00" });
        out.extend_from_slice(b"\x00\x00\x21\x58\x01\x02\x03\x04");
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&u16::try_from(name.len()).unwrap().to_le_bytes());
        out.extend_from_slice(b"\x00\x00");
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&packed);
    }
    out
}

/// One block of a tape archive.
fn block(name: &str, kind: u8, target: &str) -> Vec<u8> {
    let mut own = vec![0; 512];
    own[..name.len()].copy_from_slice(name.as_bytes());
    own[124..135].copy_from_slice(b"00000000000");
    own[156] = kind;
    own[157..157 + target.len()].copy_from_slice(target.as_bytes());
    own[257..262].copy_from_slice(b"ustar");
    own
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".to_vec();
    out.extend(compress_to_vec(bytes, 6));
    out
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let four = |own: &[u8]| {
        let bits = (0..3).fold(0, |all, at| {
            all << 8 | u32::from(*own.get(at).unwrap_or(&0))
        });
        let letter = |at: usize| match at > own.len() {
            true => '=',
            false => char::from(LETTERS[(bits >> (18 - 6 * at)) as usize & 63]),
        };
        (0..4).map(letter).collect::<String>()
    };
    bytes.chunks(3).map(four).collect()
}

fn certain(value: &[u8], place: Place, name: &str) -> Vec<Class> {
    let mut work = Scratch::default();
    Scanner::shared().scan(value, &set::of(value), place, name.as_bytes(), &mut work);
    let found = work.found().iter();
    let found = found.filter(|own| own.confidence == Confidence::Certain);
    found.map(|own| own.class).collect()
}

#[test]
fn entities_are_found_in_the_parts_of_a_document() {
    let parts = [
        ("[Content_Types].xml", PLAIN),
        ("word/document.xml", ENTITY),
    ];
    for (deflated, told) in [(true, true), (true, false), (false, true)] {
        let bytes = archive(&parts, deflated, told);
        assert_eq!(certain(&bytes, Place::File, "f"), [Class::Xml]);
        assert_eq!(certain(&bytes, Place::Body, ""), [Class::Xml]);
        assert_eq!(
            certain(base64(&bytes).as_bytes(), Place::Json, "data"),
            [Class::Xml]
        );
    }
}

#[test]
fn documents_are_left_alone() {
    let doctype: &[u8] = b"<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.1//EN\" \
        \"http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd\"><html/>";
    let code: &[u8] = b"<w:t>Recall 8 &amp; 9</w:t>";
    let parts = [
        ("[Content_Types].xml", PLAIN),
        ("word/document.xml", code),
        ("OEBPS/page.xml", doctype),
        ("word/media/..png", b"\x89PNG"),
        ("a..b/x.xml", PLAIN),
    ];
    assert_eq!(certain(&archive(&parts, true, true), Place::File, "f"), []);
    // What a parser does not read is not looked at.
    let other = archive(
        &[("notes.txt", &[ENTITY, &b"recall ".repeat(99)].concat())],
        true,
        true,
    );
    assert_eq!(certain(&other, Place::File, "f"), []);
}

#[test]
fn objects_in_a_model_are_found() {
    let calls: &[u8] = b"cos\nsystem\n(S'id'\ntR.";
    let bytes = archive(&[("archive/data.pkl", calls)], true, true);
    assert_eq!(certain(&bytes, Place::File, "f"), [Class::Deserialize]);
}

#[test]
fn names_that_leave_the_directory_are_found() {
    for name in ["../../x", "a/../../x", "..\\x", "/etc/cron.d/x", "a/.."] {
        let bytes = archive(&[("readme.txt", b"r"), (name, b"x")], true, false);
        assert_eq!(certain(&bytes, Place::File, "f"), [Class::Upload], "{name}");
        let tape = gzip(&block(name, b'0', ""));
        assert_eq!(certain(&tape, Place::File, "f"), [Class::Upload], "{name}");
    }
    for target in ["/etc/passwd", "../../../../srv"] {
        let tape = [block("a", b'0', ""), block("b", b'2', target)].concat();
        assert_eq!(
            certain(&tape, Place::File, "f"),
            [Class::Upload],
            "{target}"
        );
    }
    for target in ["../lib/x.so", "libx.so.1"] {
        let tape = [block("a", b'0', ""), block("b", b'2', target)].concat();
        assert_eq!(certain(&tape, Place::File, "f"), [], "{target}");
    }
}

#[test]
fn messages_of_saml_are_unpacked() {
    let message = base64(&compress_to_vec(ENTITY, 6));
    assert_eq!(
        certain(message.as_bytes(), Place::Query, "SAMLRequest"),
        [Class::Xml]
    );
    let plain = base64(&compress_to_vec(PLAIN, 6));
    assert_eq!(certain(plain.as_bytes(), Place::Query, "SAMLRequest"), []);
    let zlib = base64(&compress_to_vec_zlib(ENTITY, 6));
    assert_eq!(certain(zlib.as_bytes(), Place::Query, "x"), [Class::Xml]);
}

#[test]
fn broken_archives_end_well() {
    let whole = archive(&[("a.xml", ENTITY), ("b.xml", ENTITY)], true, true);
    for end in 0..whole.len() {
        certain(&whole[..end], Place::File, "f");
    }
    certain(
        &b"PK\x03\x04\x00\x00\x00\x00\x08\x00".repeat(2000),
        Place::File,
        "f",
    );
    let mut tape = block("a", b'0', "");
    tape[124..136].copy_from_slice(b"777777777777");
    certain(&tape, Place::File, "f");
}
