//! Words without an end, made shorter.
//!
//! libinjection looks a word's beginning up at each dot and backtick in it. No keyword has more than 31
//! bytes, so of a longer word nothing depends on what lies in the middle, but the work grows with the
//! square of its length: of a megabyte of `a.a.a.`, hours. A run of bytes of which none ends a word is
//! therefore cut down to its two ends. Backticks and dollars, which may quote, are taken away in fours,
//! so that what was inside of a quotation stays there.

use crate::byteset::ByteSet;

/// Bytes kept of each end of a run.
const END: usize = 256;

/// What ends a word for libinjection.
const ENDS: ByteSet = ByteSet::from_bytes(b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\0");

/// The value with its long runs cut, if it has any.
pub(super) fn shorten(value: &[u8]) -> Option<Vec<u8>> {
    if value.len() <= 2 * END {
        return None;
    }
    let mut own: Option<Vec<u8>> = None;
    let mut kept = 0;
    for run in value.split(|byte| ENDS.contains(*byte)) {
        if run.len() <= 2 * END {
            continue;
        }
        let start = run.as_ptr().addr() - value.as_ptr().addr();
        let shorter = own.get_or_insert_default();
        shorter.extend_from_slice(value.get(kept..start + END).unwrap_or_default());
        kept = start + tail(run);
    }
    let mut own = own?;
    own.extend_from_slice(value.get(kept..).unwrap_or_default());
    Some(own)
}

/// Where the part of a run begins that is kept of its end. `$$a$$` has four dollars.
fn tail(run: &[u8]) -> usize {
    const TOGETHER: usize = 4;
    let last = run.len() - END;
    let middle = run.get(END..last).unwrap_or_default();
    let count = |mark: u8| middle.iter().filter(|byte| **byte == mark).count();
    let (mut ticks, mut dollars) = (count(b'`'), count(b'$'));
    for (at, byte) in middle.iter().enumerate().skip(middle.len() / 2).rev() {
        if ticks.is_multiple_of(TOGETHER) && dollars.is_multiple_of(TOGETHER) {
            return END + at + 1;
        }
        ticks -= usize::from(*byte == b'`');
        dollars -= usize::from(*byte == b'$');
    }
    last
}

#[cfg(test)]
mod tests {
    use libinjectionrs::{SqliFlags, SqliState};

    use super::*;

    #[test]
    fn only_the_middle_of_long_runs_is_cut() {
        assert_eq!(shorten(&b"a ".repeat(4000)), None);
        assert_eq!(shorten(&[b'a'; 2 * END]), None);
        let long = |letter: &str| letter.repeat(3 * END);
        let text = format!("1 {} 2 '{}' 3", long("a"), long("b"));
        let own = shorten(text.as_bytes()).unwrap();
        let short = |letter: &str| letter.repeat(2 * END);
        let wanted = format!("1 {} 2 '{}' 3", short("a"), short("b"));
        assert_eq!(own, wanted.as_bytes());
    }

    #[test]
    fn the_verdict_is_that_of_the_whole() {
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
                for length in [1400, 1401, 1402] {
                    let mut text = before.to_owned() + &fill.repeat(length);
                    text.push_str(behind);
                    let told = |value: &[u8]| {
                        let mut state = SqliState::new(value, SqliFlags::FLAG_NONE);
                        (state.detect(), state.fingerprint)
                    };
                    let own = shorten(text.as_bytes()).unwrap();
                    assert_eq!(told(&own), told(text.as_bytes()), "{before}{fill}{behind}");
                }
            }
        }
    }

    /// As it was, this took hours.
    #[test]
    fn a_word_without_end_takes_no_time() {
        for fill in ["a.", "a`", "`a"] {
            let told = |count: usize| {
                let text = "1' or ".to_owned() + &fill.repeat(count) + "='1";
                super::super::sqli(text.as_bytes())
            };
            assert_eq!(told(1 << 20), told(8), "{fill}");
        }
    }
}
