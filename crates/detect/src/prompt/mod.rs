//! Orders to a language model in text that it is to work on.
//!
//! Words prove nothing here: people write about prompts, and to shops ("please ignore my previous
//! instructions"). Certain is only what has the shape of an order to a model: what it was told is to be
//! left aside *and* something else said or shown instead, a role without limits, a forged turn of the
//! conversation, or letters nobody can see. What stands in quotation marks is told, not said.

mod disguise;
mod marks;
mod orders;
mod words;

use crate::context::{Field, Place};
use crate::decode;
use crate::detector::{Class, Confidence, Detector, Evidence, Input};
use crate::finder::pair;
use crate::set::{self, Set};
use crate::starts;

use words::{Meaning, meaning};

pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Prompt,
    bytes: b"\xf3\xf0\xce\xcf\xd0\xd1",
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
        // The same words in disguise.
        "\u{200b}",
        "\u{2060}",
        "\u{ad}",
        "gn0r",
        "1gnor",
        "!gnor",
        "1sreg",
        "sr3g",
        "f0rg",
        "forg3",
        "ov3rr",
        "0verr",
        "byp4",
        "byp@",
        "pr0mpt",
        "i g n o",
        "i.g.n.o",
        "i-g-n-o",
        "i_g_n_o",
        "f o r g",
        "d i s r",
        "everything above",
        "words above",
        "text above",
        "you were told",
        "<tool_",
        // Orders that say whom they are for, who is not to know, and where something is to go.
        "rubric",
        "criteri",
        "kriteri",
        "guidelines",
        "language model",
        "ai:",
        "secretly",
        "silently",
        "the user",
        "](http",
        "](//",
        "<important>",
        "assistant,",
        "to the ai",
        "dear ai",
        "an ai ",
        "ai agent",
        " llm",
    ],
    glance: Some(glance),
    detect,
};

/// Letters that nobody can see begin with two bytes, and so do those of mathematics; by itself, the first is one
/// of a byte's worth of letters in other character sets. Greek and Cyrillic letters hide among Latin ones alone.
fn glance(text: &[u8], bytes: &Set) -> bool {
    const UNSEEN: Set = set::of(b"\xf3");
    const STYLED: Set = set::of(b"\xf0");
    const SCRIPTS: Set = set::of(b"\xce\xcf\xd0\xd1");
    set::intersects(UNSEEN, *bytes) && pair(text, [0xf3, 0xa0]).is_some()
        || set::intersects(STYLED, *bytes) && pair(text, [0xf0, 0x9d]).is_some()
        || set::intersects(SCRIPTS, *bytes) && disguise::mixes(text) && decode::is_text(text)
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
    /// New instructions are announced …
    announced: bool,
    /// … behind this place.
    announced_at: usize,
    /// A model is spoken of.
    model: bool,
    /// What follows is said to a model: `Note to the AI`.
    addressed: bool,
    /// All that was said before is to be said again …
    above: bool,
    /// … from the words on that such texts begin with, or word by word.
    begins: Option<Confidence>,
    /// All the model was told is to be forgotten.
    told: bool,
    /// What its user says is to be left aside.
    user: bool,
    span: (usize, usize),
}

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let text = input.text.get(..input.text.len().min(FARTHEST))?;
    if let Some((span, degree)) = marks::hidden(text) {
        return Some(evidence(input, span, "letters nobody can see", degree));
    }
    let turns = marks::turns(text);
    let said = read(text);
    let open = match judge(&said, &turns, marks::without_spaces(text)) {
        // Programs say who they are in a header, and order nobody anything.
        Some(_) if said.aside && is_stated(input) => Some((ASIDE, Confidence::Certain)),
        open => open,
    };
    let is_certain = |(_, degree): &(_, Confidence)| *degree == Confidence::Certain;
    if !open.as_ref().is_some_and(is_certain)
        && let Some((plain, feigned)) = disguise::said(text)
        && let Some((_, degree)) = judge(&plain, &turns, None)
    {
        let degree = match degree {
            // An order that hides itself from filters is no request of somebody.
            Confidence::Likely if feigned => Confidence::Certain,
            degree => degree,
        };
        if open.is_none_or(|(_, open)| open < degree) {
            return Some(evidence(input, (0, text.len()), DISGUISED, degree));
        }
    }
    let orders = orders::read(text);
    let told = match orders.judge(text, turns.remark || turns.claimed) {
        _ if said.announced && said.addressed && orders.calls() => {
            Some((CALLS, Confidence::Certain))
        }
        told => told,
    };
    if let Some((reading, degree)) = told
        && open.as_ref().is_none_or(|(_, open)| *open < degree)
    {
        return Some(evidence(input, orders.span(text), reading, degree));
    }
    let (reading, degree) = open?;
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
const CALLS: &str = "new instructions to a model to call a tool";
const DISGUISED: &str = "an order to a model in disguise";
const ROLE: &str = "a role without limits for a model";

/// What all of it together is.
fn judge(
    said: &Said,
    turns: &marks::Turns,
    other: Option<bool>,
) -> Option<(&'static str, Confidence)> {
    let orders = said.aside && said.ordered;
    let more = said.shown || said.free > 0 || said.announced;
    let marked = turns.marks > 0 || turns.lines > 0;
    Some(match () {
        () if turns.forged => (FORGED, Confidence::Certain),
        () if turns.remark && (said.aside || said.user) => (FORGED, Confidence::Certain),
        () if turns.claimed && (said.aside || said.shown) => (FORGED, Confidence::Certain),
        () if said.told && said.shown => (SHOWN, Confidence::Certain),
        () if marked && (said.aside || more || other.is_some()) => (FORGED, Confidence::Certain),
        () if orders && (said.instead || more || (said.role && said.model)) => {
            (ASIDE, Confidence::Certain)
        }
        () if orders && said.addressed => (ASIDE, Confidence::Certain),
        () if said.model && said.announced && turns.is_ended(said.announced_at) => {
            (FORGED, Confidence::Certain)
        }
        () if said.aside && turns.system.contains(&said.span.0) => (FORGED, Confidence::Certain),
        () if said.role && said.free > 1 => (ROLE, Confidence::Certain),
        () if other == Some(true) => (ASIDE, Confidence::Certain),
        () if said.shown && said.ordered && (said.role || said.announced) => {
            (SHOWN, Confidence::Certain)
        }
        () if let Some(degree) = said.begins => (SHOWN, degree),
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

/// Whether a header says something of who sends it, and not where somebody was or what was looked for.
fn is_stated(input: &Input<'_>) -> bool {
    let own = matches!(
        input.context.field,
        Field::Plain | Field::Key | Field::Token
    );
    input.context.place == Place::Header && own
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
    /// Words since `now`.
    now: Option<usize>,
    quoted: bool,
    /// A quotation mark stands before the word.
    opened: bool,
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
        if own == Some(Meaning::You) {
            let before = at.checked_sub(1).and_then(|at| text.get(at));
            lately.opened = matches!(before, Some(b'"' | b'\'' | b'`'));
        }
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
    let word = word.get(..word.len().min(starts::LONGEST))?;
    if !words::may_begin(word.first()?.to_ascii_lowercase()) {
        return None;
    }
    meaning(starts::lower(word, &mut [0; starts::LONGEST])?)
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
    lately.now = lately.now.map(|words| words + 1).filter(|words| *words < 4);
    let order = opens && !lately.quoted;
    match own {
        Some(Meaning::Now) => lately.now = Some(0),
        Some(Meaning::Override) => {
            lately.verb = Some((0, order, start));
            lately.before = false;
        }
        Some(Meaning::Qualifier) => {
            // `the rules above`, `everything above`
            match lately.last[0] {
                Some(Meaning::Target) => aside(said, lately, end),
                Some(Meaning::All | Meaning::Word) => said.above |= is_told_to_say(lately),
                _ => {}
            }
            lately.before = true;
        }
        Some(Meaning::All | Meaning::New) => lately.before = true,
        Some(Meaning::User) => said.user |= lately.verb.is_some_and(|own| own.1 && own.0 < 4),
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
    spoken(said, lately, own);
    if !matches!(own, Some(Meaning::Hidden | Meaning::System)) {
        lately.hidden = false;
    }
    lately.last = [own, lately.last[0]];
}

/// `… all previous instructions`, `… your system prompt`.
fn target(said: &mut Said, lately: &mut Lately, own: Option<Meaning>, end: usize) {
    let system = lately.hidden || lately.last[0] == Some(Meaning::System);
    if lately.before || system {
        aside(said, lately, end);
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
    if lately.last[0] == Some(Meaning::New) && own == Some(Meaning::Target) {
        said.announced = true;
        said.announced_at = end;
    }
}

/// What was told is to be left aside, if a word before says so.
fn aside(said: &mut Said, lately: &mut Lately, end: usize) {
    let Some((_, order, start)) = lately.verb.take() else {
        return;
    };
    said.aside = true;
    if order || !said.ordered {
        said.span = (start, end);
    }
    said.ordered |= order;
    lately.since = Some(0);
}

/// Whether something is to be said, as an order.
fn is_told_to_say(lately: &Lately) -> bool {
    lately
        .say
        .is_some_and(|(words, order, _)| order && words < 5)
}

/// `… your system message`, `everything you were told`, `starting with "You are"`.
fn spoken(said: &mut Said, lately: &Lately, own: Option<Meaning>) {
    let [last, before] = lately.last;
    match own {
        Some(Meaning::Message) if last == Some(Meaning::System) => {
            said.shown |= before == Some(Meaning::All) && lately.say.is_some();
        }
        Some(Meaning::Told) if before == Some(Meaning::You) => {
            said.told |= lately.before && lately.verb.is_some_and(|own| own.1);
        }
        Some(Meaning::Are) if said.above && last == Some(Meaning::You) && lately.opened => {
            said.begins = Some(Confidence::Certain);
        }
        Some(Meaning::Words) if said.above => {
            said.begins = said.begins.max(Some(Confidence::Likely));
        }
        _ => {}
    }
}

/// Words that mean something in pairs.
fn pairs(said: &mut Said, lately: &Lately, own: Option<Meaning>, end: usize) {
    let [last, before] = lately.last;
    if lately.quoted {
        return;
    }
    match (before, last, own) {
        (Some(Meaning::You), Some(Meaning::Are), Some(Meaning::Now)) => said.role = true,
        // `From now on you are`
        (_, Some(Meaning::You), Some(Meaning::Are)) if lately.now.is_some() => said.role = true,
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
        (_, _, Some(Meaning::Assistant)) => said.model = true,
        (_, Some(Meaning::Toward), Some(Meaning::Model))
        | (Some(Meaning::Toward), _, Some(Meaning::Model)) => {
            said.model = true;
            said.addressed |= !said.aside;
        }
        (_, _, Some(Meaning::Model)) => said.model = true,
        _ => return,
    }
    if said.span.1 == 0 && said.free > 0 {
        said.span = (end.saturating_sub(1), end);
    }
}
