use libinjectionrs::{SqliFlags, SqliState};

use super::injection;

fn theirs(value: &[u8]) -> Option<[u8; 8]> {
    let mut state = SqliState::new(value, SqliFlags::FLAG_NONE);
    state.detect().then_some(state.fingerprint)
}

fn agree(value: &[u8]) {
    assert_eq!(injection(value), theirs(value), "{}", value.escape_ascii());
}

/// What tokens begin with, and what makes words of them.
#[rustfmt::skip]
const PIECES: &[&[u8]] = &[
    b"'", b"\"", b"`", b"(", b")", b"{", b"}", b"[", b"]", b",", b";", b".", b":", b"::", b"?", b"\\", b"\\N", b"\\%",
    b"+", b"-", b"--", b"-- ", b"--x", b"#", b"/*", b"*/", b"/*!", b"*", b"/", b"%", b"!", b"!!", b"!=", b"<=>", b"<",
    b">", b"=", b"||", b"&&", b"&", b"|", b"^", b"~", b"@", b"@@", b"@a", b"@`a`", b"@'a'", b"$", b"$1", b"$$", b"$a$",
    b"$.", b"1", b"0x", b"0x1f", b"0b", b"0b1", b"1e", b"1e5", b"1.5", b"1d", b"2fu", b"a", b"_", b"\xe9", b"\xc3\xa9",
    b"\xff", b"\0", b"\t", b"\n", b" ", b" ", b" ", b"\xa0", b"\x7f", b"b'", b"b'01'", b"x'", b"x'ff'", b"e'", b"n'",
    b"nq'(", b"q'", b"q'(", b")'", b"q'!", b"u&'", b"or", b" or ", b" and ", b"not", b" not ", b"in", b" in ", b"not in",
    b"like", b"not like", b"is", b" is not ", b"union", b"union all", b" select ", b"select", b"from", b"group by",
    b"order by", b"user", b"user(", b"user_id", b"database", b"password(", b"current_user", b"if", b"; if(", b"null",
    b"int", b"varchar", b"collate", b"collate a_b", b"binary", b"sleep(", b"char(", b"sp_password", b"into", b" into ",
    b"outfile", b"having", b"between", b"case", b"when", b"a.b", b"select.a", b"union`a", b"{ `", b"{`", b"{a ", b"waitfor",
    b"exec", b"declare", b"drop table", b"insert", b"delete", b"1,1", b",-1", b",-a(", b"select -", b"limit +(",
];

struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) as usize % limit
    }
}

#[test]
fn known_injections_are_known_as_they_were() {
    let values = [
        "1' or '1'='1",
        "-1 union all select 1,2,3--",
        "1; drop table users",
        "admin'-- ",
        "1 and sleep(5)#",
        "' or 1=1 into outfile '/tmp/x'",
        "\" or \"\"=\"",
        "1/*!50000union*/select 1",
        "{ ``.``.id }",
        "1--sp_password",
        "O'Brien",
        "a and b",
        "",
        "'",
        "/*",
    ];
    let found = values.iter().filter(|value| {
        agree(value.as_bytes());
        theirs(value.as_bytes()).is_some()
    });
    assert!(found.count() >= 8);
}

/// Random values of the pieces that matter, then of any bytes.
#[test]
fn every_verdict_is_that_of_libinjection() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let rounds = 60_000;
    let mut found = 0;
    for _ in 0..rounds {
        let mut value = Vec::new();
        for _ in 0..=random.below(14) {
            match random.below(24) {
                0 => value.push(random.below(256) as u8),
                _ => value.extend_from_slice(PIECES[random.below(PIECES.len())]),
            }
            if random.below(3) == 0 {
                value.push(b' ');
            }
        }
        agree(&value);
        found += u32::from(theirs(&value).is_some());
    }
    assert!(found > rounds / 20, "{found}");
}

/// So that folding goes on and on.
#[test]
fn long_values_are_folded_alike() {
    let mut random = Random(0x51ed_270b_3f1c_88a5);
    for _ in 0..3_000 {
        let pieces: Vec<&[u8]> = (0..=random.below(3))
            .map(|_| PIECES[random.below(PIECES.len())])
            .collect();
        let mut value = PIECES[random.below(PIECES.len())].to_vec();
        for _ in 0..random.below(60) {
            value.extend_from_slice(pieces[random.below(pieces.len())]);
        }
        value.extend_from_slice(PIECES[random.below(PIECES.len())]);
        agree(&value);
    }
}

/// Long words, of which only the beginning can be known.
#[test]
fn long_words_are_read_alike() {
    let fills = [
        "a", "a.", "`a", "a`", ".", "1", "0x1", "$a", "$", "$$", "_", "\u{e9}", "1.", "e1",
    ];
    let around = [
        ("", ""),
        ("1' or ", "='1"),
        ("'", "' or 1=1"),
        ("1 union select ", " from a"),
        ("/*", "*/ or 1=1"),
        ("$a", "$ or 1"),
        ("select.", ".union"),
        ("user(", ")"),
        ("x'", "' or 1=1 -- "),
        ("`", "` or 1=1 -- "),
        ("1 or ", ""),
    ];
    for fill in fills {
        for (before, behind) in around {
            for length in [20, 31, 32, 33, 700] {
                agree((before.to_owned() + &fill.repeat(length) + behind).as_bytes());
            }
        }
    }
}

/// As libinjection reads them, this took hours.
#[test]
fn a_word_without_end_takes_no_time() {
    for fill in ["a.", "a`", "`a"] {
        let told = |count: usize| {
            let text = "1' or ".to_owned() + &fill.repeat(count) + "='1";
            injection(text.as_bytes())
        };
        assert_eq!(told(1 << 20), told(8), "{fill}");
    }
}
