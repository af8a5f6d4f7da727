use super::*;

type Undo = fn(&[u8], &mut Vec<u8>) -> bool;

fn becomes(undo: Undo, cases: &[(&[u8], Option<&[u8]>)]) {
    for (text, wanted) in cases {
        let mut out = b"before".to_vec();
        let changed = undo(text, &mut out);
        let got = out.strip_prefix(b"before").unwrap();
        assert_eq!(changed.then_some(got), *wanted, "{}", text.escape_ascii());
        assert!(changed || got.is_empty(), "{}", text.escape_ascii());
    }
}

#[test]
fn percent_escapes() {
    becomes(
        percent,
        &[
            (b"%3cscript%3E", Some(b"<script>")),
            (b"1'+or+%271", Some(b"1' or '1")),
            (b"a+b c%20d", Some(b"a+b c d")),
            (b"%u003Cx%U2026", Some("<x\u{2026}".as_bytes())),
            (b"100%", None),
            (b"50% of 30%", None),
            (b"a+b", None),
            (b"%c0%af", Some(b"\xc0\xaf")),
        ],
    );
}

#[test]
fn character_references() {
    becomes(
        entities,
        &[
            (b"&lt;b&gt;", Some(b"<b>")),
            (b"&#60;&#x3E&#0000106;", Some(b"<>j")),
            (b"a=1&lt=2&copy=3", None),
            (b"AT&T; & more", None),
            (b"java&Tab;script&colon;x", Some(b"java\tscript:x")),
            (b"&#;&#x;", None),
        ],
    );
}

#[test]
fn escapes_of_strings() {
    becomes(
        escapes,
        &[
            (br"\x3cb\x3E", Some(b"<b>")),
            (br"\u003c\u{62}\n", Some(b"<b\n")),
            (br"\74b\076", Some(b"<b>")),
            (br"\ud83d\ude00\x21", Some("\u{1f600}!".as_bytes())),
            (br"C:\new\table", None),
            (br"\", None),
            (br"\u12", None),
        ],
    );
}

#[test]
fn letters_in_disguise() {
    becomes(
        fold,
        &[
            ("\u{ff1c}script\u{ff1e}".as_bytes(), Some(b"<script>")),
            (b"..\xc0\xaf..", Some(b"../..")),
            (b"\xe0\x80\xaf", Some(b"/")),
            (
                "\u{4f60}\u{597d}\u{ff0c}\u{4e16}\u{754c}\u{ff01}".as_bytes(),
                None,
            ),
            ("x\u{2bc} or 1".as_bytes(), Some(b"x' or 1")),
            ("caf\u{e9}".as_bytes(), None),
        ],
    );
}

#[test]
fn base64_of_both_alphabets() {
    becomes(
        base64,
        &[
            (b"d2hvYW1p", Some(b"whoami")),
            (b"PHN2Zz4_PDw-", Some(b"<svg>?<<>")),
            (b"PHN2Zz4/PDw+", Some(b"<svg>?<<>")),
            (b"PHN2Zz4/PDw ", Some(b"<svg>?<<")),
            (b"Y2F0IC9ldGMvcGFzc3dk\n", Some(b"cat /etc/passwd")),
            (b"abc", None),
            (b"not base64!!", None),
        ],
    );
    let text =
        b"x=PHN2Zy9vbmxvYWQ9YWxlcnQoMSk+; short=abcdef; eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0";
    let found: Vec<_> = runs(text, 9, false).map(|run| &text[run]).collect();
    assert_eq!(
        found,
        [
            &b"PHN2Zy9vbmxvYWQ9YWxlcnQoMSk+"[..],
            b"eyJhbGciOiJIUzI1NiJ9",
            b"eyJzdWIiOiIxMjM0In0",
        ]
    );
}

#[test]
fn hexadecimal_and_utf() {
    becomes(
        hex,
        &[
            (b"3c7363726970743e", Some(b"<script>")),
            (b"0x3c7363726970743e", Some(b"<script>")),
            (b"3c7363726970743", None),
            (b"ff00ff", None),
        ],
    );
    becomes(
        utf16,
        &[
            (b"<\0b\0>\0", Some(b"<b>")),
            (b"\xfe\xff\0<\0b", Some(b"<b")),
            (b"a\0bc", None),
            (b"\0\0\0\0", None),
        ],
    );
    becomes(
        utf7,
        &[
            (b"+ADw-script+AD4-", Some(b"<script>")),
            (b"a+b+c", None),
            (b"1 + 2", None),
        ],
    );
    becomes(
        without_nul,
        &[(b"un\0ion", Some(b"union")), (b"union", None)],
    );
}

#[test]
fn packed_bytes_come_out_and_bombs_are_cut() {
    use std::io::Write;
    let pack = |text: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    };
    let script = b"<script>alert(1)</script>";
    let mut out = Vec::new();
    let mut unpacker = Unpacker::default();
    unpacker.undo(&pack(script), &mut out, 1000);
    assert_eq!(out, script);
    // A name, a comment and a checksum of the header; and zlib, with the same memory.
    let mut named = pack(script);
    named[3] = 4 | 8 | 16 | 2;
    named.splice(10..10, *b"\x03\0abcname\0comment\0\x01\x02");
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    zlib.write_all(script).unwrap();
    for packed in [named, zlib.finish().unwrap()] {
        out.clear();
        unpacker.undo(&packed, &mut out, 1000);
        assert_eq!(out, script);
        for end in 0..packed.len() {
            out.clear();
            unpacker.undo(&packed[..end], &mut out, 1000);
            assert!(script.starts_with(&out));
        }
    }
    let bomb = pack(&vec![b'a'; 10 << 20]);
    out.clear();
    assert!(is_packed(&bomb));
    unpacker.undo(&bomb, &mut out, 100_000);
    assert_eq!(out.len(), 100_000);
}

#[test]
fn text_is_told_from_noise() {
    assert!(is_text("<script> \u{4f60}\n".as_bytes()));
    assert!(!is_text(b"\x01\x02abc\xff\xfe"));
}
