//! Orders to a language model in text that it is to work on.
//!
//! Words prove nothing here: people write about prompts, and to shops ("please ignore my previous
//! instructions"). Certain is only what has the shape of an order to a model: what it was told is to be
//! left aside *and* something else said or shown instead, a role without limits, a forged turn of the
//! conversation, or letters nobody can see. What stands in quotation marks is told, not said.

mod marks;
mod words;

use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::finder::pair;
use crate::set::Set;

use words::{Meaning, meaning};

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Prompt,
    bytes: b"\xf3",
    words: &[
        "ignor",
        "disregard",
        "forget ",
        "overrid",
        "system prompt",
        "systemprompt",
        "<|",
        "[inst]",
        "<<sys",
        "you are now",
        "anything now",
        "developer mode",
        "debug mode",
        "god mode",
        "jailbr",
        "unrestricted",
        "unfiltered",
        "uncensored",
        "instructions",
        "prompt",
        "### ",
        "\"role\"",
        "system:",
        "[system",
        "<system",
        "human:",
        "assistant:",
        "vergiss",
        "missacht",
        "oubli",
        "olvida",
        "esque",
        "desconsider",
        "dimentica",
        "negeer",
        "vergeet",
        "zignoruj",
        "zapomnij",
        "гнорир",
        "абудь",
        "önceki",
        "忽略",
        "无视",
        "無視",
        "忘记",
        "忘れ",
        "무시",
        "تجاهل",
        "<start_of_turn",
        "bypass",
    ],
    glance: Some(glance),
    detect,
};

/// Letters that nobody can see begin with two bytes; by itself, the first is one of a byte's worth of letters
/// in other character sets.
fn glance(text: &[u8], _: &Set) -> bool {
    pair(text, [0xf3, 0xa0]).is_some()
}

/// Texts are read this far.
const FARTHEST: usize = 64 * 1024;

/// What a text says.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    /// What was told is to be left aside.
    aside: bool,
    /// As an order, not as what others say.
    ordered: bool,
    /// Something else is to be said instead.
    instead: bool,
    /// What the model was told is to be shown.
    shown: bool,
    /// A role is given.
    role: bool,
    /// It has no limits.
    free: u8,
    /// New instructions are announced.
    announced: bool,
    /// The model is spoken to.
    model: bool,
    span: (usize, usize),
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text.get(..input.text.len().min(FARTHEST))?;
    if let Some((span, degree)) = marks::hidden(text) {
        return Some(evidence(input, span, "letters nobody can see", degree));
    }
    let turns = marks::turns(text);
    let said = read(text);
    let (reading, degree) = judge(&said, turns, marks::without_spaces(text))?;
    let at = turns.at.min(text.len());
    let span = if said.span.1 > 0 {
        said.span
    } else {
        (at, (at + 8).min(text.len()))
    };
    Some(evidence(input, span, reading, degree))
}

const ASIDE: &str = "an order to a model to leave aside what it was told";
const SHOWN: &str = "an order to a model to show what it was told";
const FORGED: &str = "a forged turn of a conversation with a model";
const ROLE: &str = "a role without limits for a model";

/// What all of it together is.
fn judge(
    said: &Said,
    turns: marks::Turns,
    other: Option<bool>,
) -> Option<(&'static str, Confidence)> {
    let orders = said.aside && said.ordered;
    let more = said.shown || said.free > 0 || said.announced;
    let marked = turns.marks > 0 || turns.lines > 0;
    Some(match () {
        () if turns.forged => (FORGED, Confidence::Certain),
        () if marked && (said.aside || more || other.is_some()) => (FORGED, Confidence::Certain),
        () if orders && (said.instead || more || (said.role && said.model)) => {
            (ASIDE, Confidence::Certain)
        }
        () if said.role && said.free > 1 => (ROLE, Confidence::Certain),
        () if other == Some(true) => (ASIDE, Confidence::Certain),
        () if said.shown && said.ordered && (said.role || said.announced) => {
            (SHOWN, Confidence::Certain)
        }
        () if said.shown && said.ordered => (SHOWN, Confidence::Likely),
        () if orders || other.is_some() => (ASIDE, Confidence::Likely),
        () if turns.marks > 0 => (FORGED, Confidence::Likely),
        () if said.role && said.free > 0 => (ROLE, Confidence::Likely),
        () if said.aside => (ASIDE, Confidence::Possible),
        () if said.shown => (SHOWN, Confidence::Possible),
        () if said.free > 1 => (ROLE, Confidence::Hint),
        () => return None,
    })
}

fn evidence(
    input: &Input<'_>,
    span: (usize, usize),
    reading: &'static str,
    degree: Confidence,
) -> Evidence {
    let confidence = match (input.context.field, input.context.place) {
        (Field::Code | Field::Telemetry, _) | (_, Place::File) => degree.min(Confidence::Possible),
        (Field::Text | Field::Plain | Field::Url | Field::File | Field::Key | Field::Token, _) => {
            degree
        }
    };
    Evidence {
        span: span.0..span.1.max(span.0),
        reading,
        confidence,
    }
}

/// What was read lately, word by word.
#[derive(Default)]
struct Lately {
    /// Words since one to leave something aside, and whether it was an order.
    verb: Option<(usize, bool, usize)>,
    before: bool,
    /// Words since one to say something.
    say: Option<(usize, bool, usize)>,
    hidden: bool,
    /// The two meanings before.
    last: [Option<Meaning>; 2],
    /// Words since instructions were to be left aside.
    since: Option<usize>,
    quoted: bool,
}

/// Reads the words of a text.
fn read(text: &[u8]) -> Said {
    let mut said = Said::default();
    let mut lately = Lately::default();
    let mut at = 0;
    let mut opens = true;
    while at < text.len() {
        let len = word_len(text, at);
        if len == 0 {
            opens |= matches!(
                text.get(at),
                Some(
                    b'.' | b'!'
                        | b'?'
                        | b'\n'
                        | b':'
                        | b';'
                        | b'-'
                        | b'*'
                        | b'#'
                        | b'>'
                        | b']'
                        | b'/'
                )
            );
            mark(text, at, &mut lately);
            at += 1;
            continue;
        }
        let spelled = text.get(at..at + len).unwrap_or_default();
        // `ignore my previous mail`: what was said by the one who writes is no order to a model.
        if spelled.eq_ignore_ascii_case(b"my") {
            lately.verb = None;
        }
        let own = lowered(spelled);
        word(&mut said, &mut lately, own, (at, at + len), opens);
        // A greeting leaves the sentence open for an order.
        opens = matches!(own, Some(Meaning::Polite | Meaning::Now))
            && (opens || own == Some(Meaning::Polite));
        at += len;
    }
    said
}

/// What a word does, in any case.
fn lowered(word: &[u8]) -> Option<Meaning> {
    let mut lower = [0_u8; 24];
    let word = word.get(..word.len().min(lower.len()))?;
    if !words::may_begin(word.first()?.to_ascii_lowercase()) {
        return None;
    }
    let slot = lower.get_mut(..word.len())?;
    slot.copy_from_slice(word);
    slot.make_ascii_lowercase();
    meaning(slot)
}

fn word_len(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    rest.iter()
        .take_while(|own| own.is_ascii_alphabetic() || **own >= 0x80)
        .count()
}

/// Quotation marks: what stands in them is told.
fn mark(text: &[u8], at: usize, lately: &mut Lately) {
    let own = text.get(at).copied().unwrap_or(0);
    if matches!(own, b'"' | b'`') && at > 0 {
        lately.quoted = !lately.quoted;
    }
    if matches!(own, b'.' | b'!' | b'?' | b'\n') {
        lately.verb = None;
        lately.say = None;
        lately.before = false;
    }
}

/// Takes a word in.
fn word(
    said: &mut Said,
    lately: &mut Lately,
    own: Option<Meaning>,
    (start, end): (usize, usize),
    opens: bool,
) {
    for words in [&mut lately.verb, &mut lately.say].into_iter().flatten() {
        words.0 += 1;
    }
    lately.verb = lately.verb.filter(|words| words.0 < 9);
    lately.say = lately.say.filter(|words| words.0 < 8);
    lately.since = lately
        .since
        .map(|words| words + 1)
        .filter(|words| *words < 9);
    let order = opens && !lately.quoted;
    match own {
        Some(Meaning::Override) => {
            lately.verb = Some((0, order, start));
            lately.before = false;
        }
        Some(Meaning::Qualifier | Meaning::All | Meaning::New) => lately.before = true,
        Some(Meaning::Target | Meaning::Prompt) => target(said, lately, own, end),
        Some(Meaning::Say) => {
            let follows = !lately.quoted && lately.since.is_some_and(|words| words < 6);
            said.instead |= follows;
            lately.say = Some((0, order || follows, start));
            lately.before = false;
        }
        Some(Meaning::Hidden | Meaning::System) => lately.hidden = true,
        _ => {}
    }
    pairs(said, lately, own, end);
    if !matches!(own, Some(Meaning::Hidden | Meaning::System)) {
        lately.hidden = false;
    }
    lately.last = [own, lately.last[0]];
}

/// `… all previous instructions`, `… your system prompt`.
fn target(said: &mut Said, lately: &mut Lately, own: Option<Meaning>, end: usize) {
    let system = lately.hidden || lately.last[0] == Some(Meaning::System);
    if let Some((_, order, start)) = lately.verb
        && (lately.before || system)
    {
        said.aside = true;
        if order || !said.ordered {
            said.span = (start, end);
        }
        said.ordered |= order;
        lately.since = Some(0);
        lately.verb = None;
    }
    if let Some((_, order, start)) = lately.say
        && (system
            || (own == Some(Meaning::Prompt) && lately.before)
            || (lately.before && lately.last[0] == Some(Meaning::Qualifier)))
    {
        said.shown = true;
        said.ordered |= order;
        if said.span.1 == 0 {
            said.span = (start, end);
        }
    }
    said.announced |= lately.last[0] == Some(Meaning::New) && own == Some(Meaning::Target);
}

/// Words that mean something in pairs.
fn pairs(said: &mut Said, lately: &Lately, own: Option<Meaning>, end: usize) {
    let [last, before] = lately.last;
    if lately.quoted {
        return;
    }
    match (before, last, own) {
        (Some(Meaning::You), Some(Meaning::Are), Some(Meaning::Now)) => said.role = true,
        (Some(Meaning::Do), Some(Meaning::Anything), Some(Meaning::Now)) => said.free += 2,
        (_, Some(Meaning::Developer), Some(Meaning::Mode)) => {
            said.free = said.free.saturating_add(1)
        }
        (_, Some(Meaning::Free), Some(Meaning::Limits | Meaning::Target)) => {
            said.free = said.free.saturating_add(1)
        }
        (Some(Meaning::Free), _, Some(Meaning::Limits | Meaning::Target)) => {
            said.free = said.free.saturating_add(1)
        }
        (_, _, Some(Meaning::Dan)) => said.free = said.free.saturating_add(1),
        (_, _, Some(Meaning::Model)) => said.model = true,
        _ => return,
    }
    if said.span.1 == 0 && said.free > 0 {
        said.span = (end.saturating_sub(1), end);
    }
}
