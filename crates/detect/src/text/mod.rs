//! The text model: what the bytes of a finding, and those around it, say beside the parse.
//!
//! A detector knows what a text would mean in the attacked language; it does not know how people
//! write. `find . -name "*.log" -exec rm {} \;` in a chat and `; cat /etc/passwd` are commands both. A
//! linear model over hashed byte n-grams and tokens ([`feature`]), trained by `cargo xtask train`, tells
//! them apart where the parse leaves it open. It never decides alone:
//!
//! - It is asked only where a detector found something, and only in the band where it may decide.
//! - What is likely becomes certain when the model is sure of an attack, unless the reading is one of
//!   [`WEAK`]: a command, a statement.
//! - What is certain becomes likely when the model is sure of harmless text, the reading is one of those,
//!   and the field is one for text that people write, code or logs.
//!
//! An attacker can read the model. So what lowers must lie in the span of the evidence itself; the
//! bytes around it can only object. A span too long to be read in full is never lowered, and neither
//! is one with another behind it that is not ([`detect`]).

pub mod feature;
pub mod model;

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use feature::Sample;

pub use model::Model;

/// Findings in one text that the model may lower, one after the other.
const MOST_LOWERED: usize = 8;

/// What is asked of a text model.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The class of the finding.
    pub class: Class,
    /// The text it was found in, and where that stands.
    pub input: &'a Input<'a>,
    /// What was found; the span lies in the text of the input.
    pub evidence: &'a Evidence,
}

impl<'a> Question<'a> {
    /// The bytes to judge.
    #[must_use]
    pub fn sample(&self) -> Sample<'a> {
        Sample::new(
            self.class,
            self.evidence.reading,
            self.input.text,
            &self.evidence.span,
        )
    }

    /// Whether the reading is one that harmless text has, too.
    #[must_use]
    pub fn is_weak(&self) -> bool {
        WEAK.contains(&(self.class, self.evidence.reading))
    }

    /// Whether a certain finding of this kind, in such a place, may turn out to be harmless at all.
    #[must_use]
    pub fn may_be_harmless(&self) -> bool {
        let body = matches!(
            self.input.context.place,
            Place::Json | Place::Form | Place::Body | Place::Xml
        );
        let written = match self.input.context.field {
            Field::Text | Field::Code | Field::Telemetry | Field::Plain => true,
            Field::Url | Field::File | Field::Key | Field::Token => false,
        };
        let short = self.evidence.span.len() <= feature::LONGEST;
        let place = body || self.is_searched();
        self.is_weak() && place && written && short && !self.is_appended()
    }

    /// Whether what reads as a script calls and sets nothing: `JavaScript: The Good Parts`.
    fn is_title(&self) -> bool {
        const CODE: &[u8] = b"(`=%&<\\[{+";
        let own = self.input.text.get(self.evidence.span.start..);
        self.class == Class::Html && !own.unwrap_or_default().iter().any(|own| CODE.contains(own))
    }

    /// Whether somebody searches for it among other words: `?q=wget vs curl -o a | tar xz`.
    fn is_searched(&self) -> bool {
        let context = &self.input.context;
        let start = self.evidence.span.start;
        let before = self.input.text.get(..start).unwrap_or_default();
        let word = |own: &&[u8]| own.len() > 1 && own.iter().all(u8::is_ascii_alphabetic);
        let words = before.split(|own| *own == b' ').filter(word).count();
        context.place == Place::Query && context.field == Field::Text && words > 1
    }

    /// Whether a separator begins it and no word stands before: `; rm -rf /`, `127.0.0.1|id`. Nobody
    /// writes so.
    fn is_appended(&self) -> bool {
        let start = self.evidence.span.start;
        let before = self.input.text.get(..start).unwrap_or_default();
        let own = self.input.text.get(start..).unwrap_or_default();
        let parted = matches!(own.trim_ascii_start(), [b';' | b'|' | b'&', ..]);
        parted
            && !before
                .iter()
                .any(|byte| byte.is_ascii_alphabetic() || *byte >= 0x80)
    }
}

/// Who says how sure a finding is, all told: the model, or whoever trains it.
pub trait Weigh: Sync {
    /// How sure the finding is.
    fn weigh(&self, question: &Question<'_>) -> Confidence;
}

/// Readings that harmless text has, too: what people write who talk about commands and queries.
/// Everything else (a string closed, a file of passwords, a tag that runs a script) no words around it
/// make harmless.
const WEAK: [(Class, &str); 3] = [
    (Class::Shell, "a command with the arguments it takes"),
    (Class::Shell, "a command behind the end of another"),
    (Class::Sql, "a statement of its own"),
];

impl Weigh for Model {
    fn weigh(&self, question: &Question<'_>) -> Confidence {
        let own = question.evidence.confidence;
        match own {
            Confidence::Certain
                if question.may_be_harmless() && self.is_harmless(&question.sample()) =>
            {
                own.less()
            }
            Confidence::Likely
                if !question.is_weak()
                    && !question.is_title()
                    && self.is_attack(&question.sample()) =>
            {
                Confidence::Certain
            }
            Confidence::Hint | Confidence::Possible | Confidence::Likely | Confidence::Certain => {
                own
            }
        }
    }
}

/// What a detector finds in a text, weighed.
///
/// Where a finding is lowered, the text behind it is read again, so that a harmless command does not
/// stand for the attack after it. With more than [`MOST_LOWERED`] the first counts as it was read.
pub(crate) fn detect(
    detector: &Detector,
    input: &Input<'_>,
    weigh: &dyn Weigh,
) -> Option<Evidence> {
    let first = (detector.detect)(input)?;
    let lowered = weighed(detector.class, input, &first, weigh);
    if lowered.confidence >= first.confidence {
        return Some(lowered);
    }
    let mut from = end(input.text, first.span.end);
    for _ in 0..MOST_LOWERED {
        let next = behind(detector, input, from);
        let Some(next) = next.filter(|next| next.confidence >= first.confidence) else {
            return Some(lowered);
        };
        let filters = detector.class == Class::Shell
            && is_filter(input.text.get(next.span.clone()).unwrap_or_default());
        if !filters {
            let own = weighed(detector.class, input, &next, weigh);
            if own.confidence >= next.confidence {
                return Some(own);
            }
        }
        from = end(input.text, next.span.end.max(from + 1));
    }
    Some(first)
}

fn weighed(class: Class, input: &Input<'_>, own: &Evidence, weigh: &dyn Weigh) -> Evidence {
    let confidence = weigh.weigh(&Question {
        class,
        input,
        evidence: own,
    });
    Evidence {
        confidence,
        ..own.clone()
    }
}

/// Whether a stage of a pipeline only orders or cuts what it is given: behind a harmless command it is
/// harmless, however it reads by itself.
fn is_filter(stage: &[u8]) -> bool {
    const FILTERS: [&[u8]; 10] = [
        b"sort", b"uniq", b"wc", b"head", b"tail", b"grep", b"cut", b"less", b"column", b"nl",
    ];
    // No file, no second command, nothing that is put in by the shell.
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'-' | b',' | b'"' | b'\'' | b'_')
    };
    let Some(rest) = stage.strip_prefix(b"|").map(<[u8]>::trim_ascii) else {
        return false;
    };
    let name = rest.split(|byte| *byte == b' ').next().unwrap_or_default();
    FILTERS.contains(&name) && rest.iter().all(plain)
}

/// Behind a span and the mark that closes it, which must not open anything when the rest is read.
fn end(text: &[u8], at: usize) -> usize {
    at + usize::from(matches!(text.get(at), Some(b'`' | b'"' | b'\'' | b')')))
}

/// What is found in the text from a byte on.
fn behind(detector: &Detector, input: &Input<'_>, from: usize) -> Option<Evidence> {
    let text = input.text.get(from..)?;
    let own = (detector.detect)(&Input { text, ..*input })?;
    Some(Evidence {
        span: own.span.start + from..own.span.end + from,
        ..own
    })
}

#[cfg(test)]
mod tests;
