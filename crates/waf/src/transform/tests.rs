use super::{Transform, UnicodeMap};
use crate::byteset::ByteSet;

fn apply(transform: Transform, input: &[u8]) -> Vec<u8> {
    let mut out = b"left over".to_vec();
    transform.apply(input, &mut out);
    out
}

/// xorshift: the same cases in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[(self.next() % from.len() as u64) as usize]
    }

    /// Bytes that transformations care about, and any others.
    fn input(&mut self, alphabet: &[u8]) -> Vec<u8> {
        let length = self.next() % 24;
        (0..length).map(|_| self.pick(alphabet)).collect()
    }
}

const PIECES: &[u8] = b"\\%+&#xXuU0123456789abcdefABCDEFgGzZ;/.*-<>!'\"^ ,(\t\n\r\x0b\x0c\0[]_=\x7f\x80\xa0\xbf\xc0\xc2\xe0\xed\xf0\xf5\xff";

#[test]
fn input_without_triggers_comes_back_unchanged() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let everything: Vec<u8> = (0..=u8::MAX).collect();
    for transform in Transform::ALL {
        let triggers = transform.triggers();
        let quiet = |from: &[u8]| -> Vec<u8> {
            from.iter()
                .copied()
                .filter(|byte| !triggers.contains(*byte))
                .collect()
        };
        for alphabet in [quiet(&everything), quiet(PIECES)] {
            if alphabet.is_empty() {
                assert_eq!(triggers, ByteSet::ALL);
                continue;
            }
            for _ in 0..2000 {
                let input = random.input(&alphabet);
                if input.is_empty() && transform.always_changes() {
                    continue;
                }
                let output = apply(*transform, &input);
                assert_eq!(output, input, "{transform:?} on {}", input.escape_ascii());
            }
        }
    }
}

#[test]
fn the_empty_input_changes_only_where_said() {
    for transform in Transform::ALL {
        assert_eq!(
            !apply(*transform, b"").is_empty(),
            transform.always_changes(),
            "{transform:?}"
        );
    }
}

#[test]
fn nothing_panics_and_output_stays_in_proportion() {
    let mut random = Random(42);
    for transform in Transform::ALL {
        for _ in 0..3000 {
            let input = random.input(PIECES);
            let output = apply(*transform, &input);
            assert!(output.len() <= input.len() * 8 + 20, "{transform:?}");
        }
    }
}

#[test]
fn work_grows_linearly() {
    // The costliest inputs: openings that never close.
    for piece in ["/*", "<!--", "&#", "%u", "\\", "../", "[", "0x", "&a"] {
        let input = piece.repeat(200_000);
        for transform in Transform::ALL {
            assert!(apply(*transform, input.as_bytes()).len() <= input.len() * 4 + 20);
        }
    }
}

#[test]
fn names_are_found_in_any_case_and_spelling() {
    for transform in Transform::ALL {
        assert_eq!(Transform::parse(transform.name()), Some(*transform));
        assert_eq!(
            Transform::parse(&transform.name().to_uppercase()),
            Some(*transform)
        );
    }
    assert_eq!(
        Transform::parse("normalizePath"),
        Some(Transform::NormalisePath)
    );
    assert_eq!(
        Transform::parse("normalizePathWin"),
        Some(Transform::NormalisePathWin)
    );
    assert_eq!(Transform::parse("nonsense"), None);
}

/// What no outside case covers: name, input, output.
const CASES: &[(Transform, &[u8], &[u8])] = &[
    (Transform::Base64Decode, b"VGVzdA", b"Test"),
    (Transform::Base64Decode, b"VGVz\r\ndA==", b"Test"),
    (Transform::Base64Decode, b"VGVz!dA==", b"Tes"),
    (Transform::Base64DecodeExt, b"V=GVz!dA", b"Test"),
    (Transform::CssDecode, b"\\ff1c\\00ff1c\\0ff1c x", b"<<<x"),
    (Transform::CssDecode, b"\\12ff1c", b"\x1c"),
    (
        Transform::HtmlEntityDecode,
        b"&#x0000003c;&#0000060;&LT;&ampersand;&",
        b"<<<&&",
    ),
    (
        Transform::HtmlEntityDecode,
        b"&#99999999999999999999;",
        b"\xff",
    ),
    (
        Transform::JsDecode,
        b"\\u003c\\uff1c\\777\\x3c\\074",
        b"<<\x3f7<<",
    ),
    (Transform::EscapeSeqDecode, b"\\x3C\\074\\q", b"<<q"),
    (Transform::HexDecode, b"4", b""),
    (Transform::NormalisePath, b"/a/../../b", b"/b"),
    (Transform::NormalisePath, b"a..", b"a.."),
    (Transform::NormalisePath, b"/..", b""),
    (Transform::NormalisePath, b"/../", b"/"),
    (Transform::NormalisePath, b"//", b"/"),
    (Transform::NormalisePath, b"/./", b"/"),
    (Transform::RemoveComments, b"a--b", b"a"),
    (Transform::RemoveComments, b"a<!--b-->c#d", b"ac"),
    (Transform::ReplaceComments, b"a/*b*/c/*d", b"a c "),
    (
        Transform::SqlHexDecode,
        b"0x4142 0X4a 0x4 0xg",
        b"AB J 0x4 0xg",
    ),
    (
        Transform::Utf8ToUnicode,
        "é€😀".as_bytes(),
        b"%u00e9%u20ac%u1f600",
    ),
    (
        Transform::Utf8ToUnicode,
        b"\xc0\xaf(\xe2(\x80",
        b"%u002f\xc0((\x80",
    ),
    (Transform::Utf8ToUnicode, b"a\0b\0", b"ab\0"),
    (Transform::Trim, b" \t\x0ba b\r\n", b"a b"),
    (Transform::UrlEncode, b"a b*\xff", b"a+b*%ff"),
    (Transform::PhpArgsNames, b" a.b[c.d][e", b"a_b[c.d]"),
];

#[test]
fn cases_beyond_the_outside_ones_hold() {
    for (transform, input, expected) in CASES {
        let output = apply(*transform, input);
        let shown = format!(
            "{transform:?} on {}: {}",
            input.escape_ascii(),
            output.escape_ascii()
        );
        assert_eq!(output, *expected, "{shown}");
    }
}

#[test]
fn unicode_maps_are_pluggable() {
    let text = "1250 (ANSI)\n00a1:21 00e9:45\n\n20127 (US-ASCII)\n00e9:65\n";
    let page = UnicodeMap::parse(text, 20127).unwrap();
    let mut out = Vec::new();
    Transform::UrlDecodeUni.apply_with(b"%u00e9%uff1c%u0141", &mut out, &page);
    assert_eq!(out, b"e<A");
    Transform::UrlDecodeUni.apply_with(b"%u00e9%uff1c%u0141", &mut out, &UnicodeMap::US_ASCII);
    assert_eq!(out, b"e<L");
    assert!(UnicodeMap::parse(text, 437).is_err());
    assert!(UnicodeMap::parse("1 (x)\nnonsense", 1).is_err());
}

/// Long stretches of plain text are copied together: they must come out as short ones do.
#[test]
fn plain_text_may_be_as_long_as_it_likes() {
    let mut random = Random(0x51_7e7c_4ed0);
    for transform in [
        Transform::CmdLine,
        Transform::CompressWhitespace,
        Transform::NormalisePath,
        Transform::NormalisePathWin,
        Transform::RemoveComments,
        Transform::RemoveCommentsChar,
        Transform::RemoveNulls,
        Transform::RemoveWhitespace,
        Transform::ReplaceComments,
        Transform::Utf8ToUnicode,
    ] {
        for _ in 0..20_000 {
            let input = random.input(b"zzzzz./\\*-#<>! ,;\"'^(\0\n\xc2\xa0\xe2\x82\xac\xff");
            // Three at least: what is shorter than that, a path may be taken for a root.
            let long = |times: usize| -> Vec<u8> {
                let each = input.split(|byte| *byte == b'z');
                each.collect::<Vec<_>>().join("z".repeat(times).as_bytes())
            };
            let short = apply(transform, &long(3));
            let text = short.escape_ascii().to_string();
            let wanted = text.replace("zzz", &"z".repeat(70));
            let got = apply(transform, &long(70)).escape_ascii().to_string();
            assert_eq!(got, wanted, "{transform:?} on {}", input.escape_ascii());
        }
    }
}
