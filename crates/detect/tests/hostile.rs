//! Texts made to hurt: nothing panics, spans lie inside the text, and the work grows with the text.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test says so by panicking"
)]

use std::path::PathBuf;

use rustix::time::{ClockId, clock_gettime};

use babyshield_detect::{Class, Confidence, Context, DETECTORS, Detector, Input, Place, set};

/// Pieces that open something and never close it, or close what was never opened.
const PIECES: &[&str] = &[
    "<",
    "<a ",
    "<a b=",
    "<a b=\"",
    "<a b='<",
    "<a b=`",
    "<a b=\"<a c='",
    "<svg/onload=",
    "<!--",
    "<![CDATA[",
    "</",
    "<x style=\"<",
    "<script>",
    "<style>",
    "<script",
    "<a href=\"javascript:",
    "<a b=&lt;",
    "\"",
    "'",
    "`",
    "\" onx=",
    "' a='<",
    "(",
    "[",
    "{",
    ")",
    "]",
    "}",
    "a(",
    "a[",
    "f('",
    "[](",
    "[]",
    "![]+",
    "+",
    "-",
    "a.b",
    "a`",
    "`${",
    "/",
    "/*",
    "*/",
    "//",
    "\\u0061",
    "\\",
    "alert(",
    "eval('",
    "-alert(",
    "if(",
    "a=",
    "a,",
    "{{",
    "}}",
    "${",
    "${${",
    "${a:-",
    "${jndi:",
    "#{",
    "{{7*",
    "{%",
    "<%",
    "<%=",
    "@(",
    "#set(",
    "{system(",
    "T(java.lang.",
    "__class__",
    "&",
    "&#",
    "&#x",
    "&lt",
    "%",
    "%3c",
    "<?php",
    "<? ",
    "$_GET[",
    "system(",
    "system('",
    "os.system(",
    ";system(\"a",
    "require('child_process",
    "O:1:\"",
    "O:99999999:\"a\":1:{",
    "a:\"",
    ":\"",
    "c\n",
    "cos\n",
    "\u{80}\u{2}c",
    "!!",
    "!ruby/object:",
    "com.sun.rowset.",
    "T(java.lang.Runtime).",
    "java.lang.",
    "<!ENTITY ",
    "<!ENTITY a \"&b;&c;",
    "<!DOCTYPE ",
    "<!DOCTYPE a [",
    "&a;",
    "<xi:include ",
    "xlink:href=\"",
    "<!--#",
    "<!--#exec ",
    "<esi:",
    "javascript:",
    "data:text/html,",
    "java\tscript:",
    "..",
    "../",
    "%2e",
    "\0",
    " ",
    "a ",
    "1 or ",
    "' or '",
    "/**/",
    "--",
    ";",
    "|",
    "a;b",
    "$(",
    "$((",
    ",",
    "=",
    "1=1 and ",
    "select ",
    "union ",
    "\n",
    "\r\n",
    ":",
    "http://",
    "a@",
    "#",
    "!",
    "^",
    "~",
    "\u{ff1c}",
    "x",
    ";w",
    "<(id",
    "$(who",
    "\\nC",
    ";cat '",
    ";cat \"",
    ";cat `",
    ";id ",
    ";{a,",
    ";$(",
    ";a=",
    "$(cat ",
    "${",
    "$'\\x",
    "`cat ",
    "|/???/c?t ",
    ";*",
    ";a^",
    "%a:~",
    "../..;",
    "..%25",
    "%2e%2e/%2e%2e/etc",
    "/..//..//etc",
    "%25",
    "..2f",
    "./",
    ".../",
    "/etc/",
    "/.",
    "php:",
    "a:",
    "://",
    "http://a",
    "http://1.",
    "http://[",
    "http://a@",
    "//",
    "/\\",
    "\r\nset-cookie:",
    "\na:b",
    "%0d%0a",
    "\u{560d}",
    "\nto:a@",
    "\nA1 ",
    "__proto__",
    "constructor",
    "{a ",
    "{a(",
    "fragment a on b{...a}",
    "{\"query\"",
    "@a",
    "\"\"\"",
    "ignore all previous ",
    "print your ",
    "instructions ",
    "<|",
    "\u{e0041}",
    "\u{f0000}",
    "### system\n",
    "\u{5ffd}\u{7565}",
    ".php",
    "::$",
    "<%",
    "PK\u{3}\u{4}",
];

fn look(detector: &Detector, text: &[u8], place: Place, name: &[u8]) {
    let input = Input {
        text,
        context: Context::new(place, name),
        depth: 0,
    };
    if let Some(found) = (detector.detect)(&input) {
        let fits = found.span.start <= found.span.end && found.span.end <= text.len();
        assert!(
            fits,
            "{}: {:?} of {}",
            detector.class,
            found.span,
            text.len()
        );
    }
}

/// Nanoseconds of the processor that this thread has taken.
fn cpu() -> u64 {
    let own = clock_gettime(ClockId::ThreadCPUTime);
    u64::try_from(own.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(own.tv_nsec).unwrap()
}

/// Nanoseconds a byte, of the quickest of a few looks: the machine may be busy.
fn time(detector: &Detector, text: &str, most: u64) -> u64 {
    let mut best = u64::MAX;
    for _ in 0..5 {
        let before = cpu();
        look(detector, text.as_bytes(), Place::Form, b"a");
        best = best.min((cpu() - before) / text.len() as u64);
        if best <= most {
            break;
        }
    }
    best
}

#[test]
fn work_grows_with_the_text_and_not_with_its_square() {
    const SMALL: usize = 8 << 10;
    const LARGE: usize = 128 << 10;
    /// Nanoseconds that a byte may take in any case, so that small times are not compared.
    const SHORTEST: u64 = 80;
    /// Twice as much for each byte is the machine's doing; with the square it would be sixteen times.
    const TIMES: u64 = 4;
    for detector in DETECTORS {
        for piece in PIECES {
            let text = |length: usize| piece.repeat(length / piece.len());
            let small = time(detector, &text(SMALL), 0).max(SHORTEST);
            let large = time(detector, &text(LARGE), small * TIMES);
            assert!(
                large <= small * TIMES,
                "{} on repeated {piece:?}: {large} ns a byte after {small}",
                detector.class
            );
        }
    }
}

/// What uses up what may be read of a text is found for that: nothing behind it goes unseen.
#[test]
fn commands_within_commands_hide_none() {
    for decoy in ["$(who", "$(cat ", "<(id ", "`ls `", "|echo a$(("] {
        let text = decoy.repeat(4000) + "; cat /etc/passwd";
        let input = Input {
            text: text.as_bytes(),
            context: Context::new(Place::Query, b"a"),
            depth: 0,
        };
        let shell = DETECTORS.iter().find(|own| own.class == Class::Shell);
        let found = (shell.unwrap().detect)(&input).map(|found| found.confidence);
        assert_eq!(found, Some(Confidence::Certain), "{decoy}");
    }
}

struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % below.max(1) as u64).unwrap()
    }
}

fn seeds() -> Vec<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut lines: Vec<Vec<u8>> = PIECES
        .iter()
        .map(|piece| piece.as_bytes().to_vec())
        .collect();
    for detector in DETECTORS {
        let file = root.join(detector.class.name()).join("attacks.txt");
        let text = std::fs::read_to_string(file).unwrap();
        let texts = text.lines().filter_map(|line| line.split_once(" | "));
        lines.extend(texts.map(|(_, text)| text.as_bytes().to_vec()));
    }
    lines
}

#[test]
fn mutated_and_random_texts_never_panic() {
    const PLACES: [(Place, &[u8]); 4] = [
        (Place::Query, b"q"),
        (Place::Json, b"code"),
        (Place::Header, b"User-Agent"),
        (Place::File, b""),
    ];
    let seeds = seeds();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..15_000 {
        let mut text = seeds[random.next(seeds.len())].clone();
        for _ in 0..random.next(4) {
            let at = random.next(text.len() + 1);
            match random.next(5) {
                0 => text.truncate(at),
                1 => text.insert(at, u8::try_from(random.next(256)).unwrap()),
                2 => text
                    .splice(at..at, seeds[random.next(seeds.len())].iter().copied())
                    .for_each(drop),
                3 if at < text.len() => text[at] = u8::try_from(random.next(256)).unwrap(),
                _ => text.drain(..at).for_each(drop),
            }
        }
        let (place, name) = PLACES[round % PLACES.len()];
        for detector in DETECTORS {
            look(detector, &text, place, name);
        }
    }
}

/// A glance decides whether a text is looked at: it must not turn away what a look is certain of.
/// Also among what headers are full of, which is what it was made for.
#[test]
fn a_glance_turns_nothing_away_that_is_certain() {
    // Found by the fuzz target: a call behind a `;` that begins no command, a command that is redirected to
    // what is no word.
    let found = [
        b"frx.php?v-ml\"?hn/';evnco.ial(eval('w'whnoami".to_vec(),
        b"del>_G+\xf0\0\0\0\0\0;".to_vec(),
    ];
    for detector in DETECTORS {
        let Some(glance) = detector.glance else {
            continue;
        };
        for seed in seeds().into_iter().chain(found.clone()) {
            for (before, behind) in [("", ""), ("text/html;q=0.9, ", ""), ("", ";q=0.9")] {
                let text = [before.as_bytes(), &seed, behind.as_bytes()].concat();
                let input = Input {
                    text: &text,
                    context: Context::new(Place::Header, b"Accept"),
                    depth: 0,
                };
                let certain = (detector.detect)(&input)
                    .is_some_and(|found| found.confidence == Confidence::Certain);
                let lower = text.to_ascii_lowercase();
                let named = detector
                    .words
                    .iter()
                    .any(|word| lower.windows(word.len()).any(|own| own == word.as_bytes()));
                let awake = text.iter().any(|byte| detector.bytes.contains(byte));
                if certain && awake && !named {
                    let shown = String::from_utf8_lossy(&text);
                    assert!(
                        glance(&text, &set::of(&text)),
                        "{}: {shown}",
                        detector.class
                    );
                }
            }
        }
    }
}
