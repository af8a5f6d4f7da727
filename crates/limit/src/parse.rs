//! The language of limits: `5/min burst 2 per ip + body.email`.
//!
//! ```text
//! limit = quota [ "burst" count ] "per" part { "+" part }
//! quota = count "/" [ count ] unit
//! unit  = "s" | "min" | "h" | "day" and their longer names
//! part  = "ip" | "path" | "route" | "global" | "header." name | "cookie." name
//!       | "body." field | "jwt." claim
//! ```

use std::ops::Range;
use std::time::Duration;

use babyshield_model::{Diagnostic, Diagnostics, Span, nearest};

use crate::{Limit, Part, Quota};

const UNITS: [(&str, u64); 16] = [
    ("s", 1),
    ("sec", 1),
    ("secs", 1),
    ("second", 1),
    ("seconds", 1),
    ("min", 60),
    ("mins", 60),
    ("minute", 60),
    ("minutes", 60),
    ("h", 3600),
    ("hour", 3600),
    ("hours", 3600),
    ("d", 86_400),
    ("day", 86_400),
    ("days", 86_400),
    ("week", 604_800),
];

const PARTS: [&str; 8] = [
    "ip", "path", "route", "global", "header.", "cookie.", "body.", "jwt.",
];

const EXAMPLE: &str = "write it like `100/min per ip` or `5/min burst 2 per ip + body.email`";

/// A word of the text and where it stands.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    text: &'a str,
    at: usize,
}

struct Parser<'a> {
    text: &'a str,
    place: Option<&'a Span>,
    faults: Diagnostics,
}

impl Limit {
    /// Reads a limit from its text. `place` is where the text stands in the policy file; faults
    /// are narrowed to the word at fault where the text stands there literally.
    ///
    /// # Errors
    /// Every fault found.
    pub fn parse(name: &str, text: &str, place: Option<&Span>) -> Result<Self, Diagnostics> {
        let mut parser = Parser {
            text,
            place,
            faults: Diagnostics::new(),
        };
        match parser.limit(name) {
            Some(limit) if parser.faults.is_empty() => Ok(limit),
            Some(_) | None => Err(parser.faults),
        }
    }
}

impl<'a> Parser<'a> {
    fn limit(&mut self, name: &str) -> Option<Limit> {
        let words = words(self.text);
        let mut words = words.iter().copied().peekable();
        let Some(first) = words.next() else {
            self.fault(0..0, "limit.empty", "an empty limit", EXAMPLE);
            return None;
        };
        let quota = self.quota(first);
        let mut burst = None;
        if words.peek().is_some_and(|word| word.text == "burst") {
            words.next();
            burst = words.next().and_then(|word| self.count(word, "burst"));
            if burst.is_none() && self.faults.is_empty() {
                let end = self.text.len();
                let help = "write how many may come at once: `burst 20`";
                self.fault(end..end, "limit.no_count", "`burst` without a number", help);
            }
        }
        match words.next() {
            Some(word) if word.text == "per" => {}
            Some(word) => {
                let message = format!("expected `per`, found `{}`", word.text);
                self.fault(word.range(), "limit.expected_per", message, EXAMPLE);
                return None;
            }
            None => {
                let end = self.text.len();
                let message = "the limit does not say whom it counts";
                self.fault(end..end, "limit.no_key", message, "add `per ip`");
                return None;
            }
        }
        let key = self.key(&words.collect::<Vec<_>>());
        Some(Limit {
            name: name.to_owned(),
            quota: quota?,
            burst,
            key,
        })
    }

    fn quota(&mut self, word: Word<'a>) -> Option<Quota> {
        let Some((count, period)) = word.text.split_once('/') else {
            let message = format!("`{}` is not a quota", word.text);
            self.fault(word.range(), "limit.bad_quota", message, EXAMPLE);
            return None;
        };
        let after = word.at + count.len() + 1;
        let count = self.count(
            Word {
                text: count,
                at: word.at,
            },
            "quota",
        );
        let digits = period.bytes().take_while(u8::is_ascii_digit).count();
        let (number, unit) = period.split_at_checked(digits)?;
        let number = match number {
            "" => Some(1),
            text => self.count(Word { text, at: after }, "period"),
        };
        let unit = self.unit(Word {
            text: unit,
            at: after + digits,
        });
        let seconds = unit?.checked_mul(u64::from(number?))?;
        Some(Quota {
            count: count?,
            period: Duration::from_secs(seconds),
        })
    }

    fn count(&mut self, word: Word<'a>, of: &str) -> Option<u32> {
        match word.text.parse() {
            Ok(0) => {
                let message = format!("a {of} of 0");
                let help = "a limit allows at least one request; to forbid a path use `[block]`";
                self.fault(word.range(), "limit.zero", message, help);
                None
            }
            Ok(count) => Some(count),
            Err(_) => {
                let message = format!("`{}` is not a {of}", word.text);
                let help = "write a whole number up to 4294967295, without separators";
                self.fault(word.range(), "limit.bad_count", message, help);
                None
            }
        }
    }

    fn unit(&mut self, word: Word<'a>) -> Option<u64> {
        if let Some((_, seconds)) = UNITS.iter().find(|(name, _)| *name == word.text) {
            return Some(*seconds);
        }
        let help = match nearest(word.text, UNITS.iter().map(|(name, _)| *name)) {
            Some(name) => format!("did you mean `{name}`?"),
            None => "units are `s`, `min`, `h` and `day`, with a number before them if it is not \
                     one: `2000/5min`"
                .to_owned(),
        };
        let message = format!("unknown unit `{}`", word.text);
        self.fault(word.range(), "limit.unknown_unit", message, help);
        None
    }

    /// Parts stand between `+` words.
    fn key(&mut self, words: &[Word<'a>]) -> Vec<Part> {
        let mut key: Vec<Part> = Vec::new();
        let mut pieces = words.split(|word| word.text == "+");
        for piece in &mut pieces {
            match piece {
                [] => {
                    let end = self.text.len();
                    let help = "parts are joined by `+`: `ip + body.email`";
                    self.fault(
                        end..end,
                        "limit.no_part",
                        "a part of the key is missing",
                        help,
                    );
                }
                [word] => match self.part(*word) {
                    Some(part) if key.contains(&part) => {
                        let message = format!("`{part}` stands twice in the key");
                        let code = "limit.duplicate_part";
                        self.fault(word.range(), code, message, "name it once");
                    }
                    Some(part) => key.push(part),
                    None => {}
                },
                [_, extra, ..] => {
                    let message = format!("`{}` follows a part of the key", extra.text);
                    let help = "parts are joined by `+`: `ip + body.email`";
                    self.fault(extra.range(), "limit.expected_plus", message, help);
                }
            }
        }
        key
    }

    fn part(&mut self, word: Word<'a>) -> Option<Part> {
        match word.text {
            "ip" => return Some(Part::Ip),
            "path" => return Some(Part::Path),
            "route" => return Some(Part::Route),
            "global" => return Some(Part::Global),
            _ => {}
        }
        let (kind, name) = word.text.split_once('.').unwrap_or((word.text, ""));
        let part = match kind {
            "header" => Part::Header(name.to_ascii_lowercase()),
            "cookie" => Part::Cookie(name.to_owned()),
            "body" => Part::Body(name.to_owned()),
            "jwt" => Part::Jwt(name.to_owned()),
            _ => {
                let message = format!("unknown part `{}` of a key", word.text);
                self.fault(
                    word.range(),
                    "limit.unknown_part",
                    message,
                    part_help(kind, name),
                );
                return None;
            }
        };
        let token = matches!(part, Part::Header(_) | Part::Cookie(_));
        if name.is_empty() || (token && !name.bytes().all(is_token)) {
            let message = format!("`{}` does not name a {kind}", word.text);
            let help = format!("write `{kind}.NAME`");
            self.fault(word.range(), "limit.bad_name", message, help);
            return None;
        }
        Some(part)
    }

    fn fault(
        &mut self,
        range: Range<usize>,
        code: &'static str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let mut fault = Diagnostic::error(code, message).help(help);
        fault.span = self.place.map(|place| narrow(place, self.text, range));
        self.faults.push(fault);
    }
}

impl Word<'_> {
    fn range(&self) -> Range<usize> {
        self.at..self.at + self.text.len()
    }
}

/// Splits at blanks; a `+` is a word of its own.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        let at = text.len() - rest.len();
        let end = match rest.find(|c: char| c == '+' || c.is_whitespace()) {
            Some(0) => 1,
            Some(end) => end,
            None => rest.len(),
        };
        let Some((word, tail)) = rest
            .split_at_checked(end)
            .filter(|(word, _)| !word.is_empty())
        else {
            return words;
        };
        words.push(Word { text: word, at });
        rest = tail;
    }
}

/// `range` of `text` within `place`, if the text stands there as it is; else the whole place.
fn narrow(place: &Span, text: &str, range: Range<usize>) -> Span {
    let literal = place.source.text.get(place.range.clone());
    match literal.and_then(|literal| literal.find(text)) {
        Some(at) => {
            let start = place.range.start + at;
            Span::new(&place.source, start + range.start..start + range.end)
        }
        None => place.clone(),
    }
}

fn part_help(kind: &str, name: &str) -> String {
    let known = PARTS.iter().map(|part| part.trim_end_matches('.'));
    match nearest(kind, known) {
        Some(word) if name.is_empty() => format!("did you mean `{word}`?"),
        Some(word) => format!("did you mean `{word}.{name}`?"),
        None => "a key is made of `ip`, `path`, `route`, `global`, `header.NAME`, `cookie.NAME`, \
                 `body.FIELD` and `jwt.CLAIM`"
            .to_owned(),
    }
}

/// The characters of a header or cookie name (RFC 9110 §5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}
