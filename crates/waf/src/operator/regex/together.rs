//! Several patterns over one long text at the same time.
//!
//! An automaton waits at every byte for its next state, which it can look up only once it has the last
//! one. A processor can wait for four of them in the time of one. So patterns that are asked about the
//! same long text are run over it side by side: each as it would run alone, with its own states, made
//! when they are first needed; nothing is put together that could grow.

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Anchored, Input, MatchKind};
use regex_syntax::hir::Hir;

use super::Options;
use super::fresh::never_returns;
use super::starts::Starts;

/// So many patterns run side by side; more of them get into each other's way.
pub(crate) const LANES: usize = 4;

/// Bytes that the states of one pattern may take.
const STATES: usize = 1 << 20;
/// How often they may be forgotten before it gives up, and how few bytes a state may have been good for.
const FORGOTTEN: usize = 3;
const WORTH: usize = 10;
/// What it takes to begin a run at a place, in bytes of one.
const BEGIN: usize = 8;

/// A pattern that can run beside others.
#[derive(Debug)]
pub(crate) struct Automaton {
    dfa: DFA,
    starts: Option<Starts>,
    /// See [`super::dialect::Translated::caret`].
    caret: bool,
    /// Whether what has read something of a match may be where one begins.
    returns: bool,
}

/// The states of one, as far as they are known: working memory for one thread at a time.
#[derive(Debug)]
pub(crate) struct States {
    known: Box<dfa::Cache>,
    /// For so many texts more, where matches can begin is not worth looking for.
    tired: u8,
}

impl Automaton {
    /// `None` where it would be too large.
    pub(super) fn new(hir: &Hir, options: &Options, caret: bool) -> Option<Self> {
        let compiled = thompson::Config::new()
            .utf8(false)
            .which_captures(WhichCaptures::None)
            .nfa_size_limit(Some(options.size));
        let compiled = thompson::Compiler::new()
            .configure(compiled)
            .build_from_hir(hir);
        let config = dfa::Config::new()
            .match_kind(MatchKind::All)
            .cache_capacity(STATES)
            .minimum_cache_clear_count(Some(FORGOTTEN))
            .minimum_bytes_per_state(Some(WORTH));
        let mut made = dfa::Builder::new();
        made.configure(config);
        let compiled = compiled.ok()?;
        let returns = !never_returns(&compiled);
        Some(Self {
            returns,
            dfa: made.build_from_nfa(compiled).ok()?,
            starts: Starts::new(hir),
            caret,
        })
    }

    /// Where the first match in a text begins, asked where matches can begin; `None` where that is not known,
    /// or is so often the case that a run through all of the text takes less.
    #[allow(
        clippy::option_option,
        reason = "the outer one is whether there is an answer"
    )]
    pub(crate) fn first_match(&self, states: &mut States, text: &[u8]) -> Option<Option<usize>> {
        /// Bytes run through at least before that is judged, and of so many of the text one at most.
        const LEAST: usize = 256;
        const PART: usize = 4;
        /// Texts until it is tried again.
        const TEXTS: u8 = 16;
        let starts = self.starts.as_ref()?;
        if states.tired > 0 {
            states.tired -= 1;
            return None;
        }
        let (mut from, mut run) = (0, 0);
        while let Some(start) = starts.next(text, from) {
            let most = (LEAST + start / PART).checked_sub(run + BEGIN);
            match most.and_then(|most| self.begins_at(states, text, start, most)) {
                Some(Begun::Match) => return Some(Some(start)),
                Some(Begun::Ended(bytes)) => run += bytes + BEGIN,
                None => {
                    states.tired = TEXTS;
                    return None;
                }
            }
            from = start + 1;
        }
        Some(None)
    }

    /// Where the first match in a text begins, where it is known that there is one, that none begins before
    /// `from`, and that one ends at `until` or a little before; `None` where it takes long to tell.
    pub(crate) fn first_behind(
        &self,
        states: &mut States,
        text: &[u8],
        (from, until): (usize, usize),
    ) -> Option<usize> {
        /// Bytes run through at most, and so many times those that the match is known to lie in.
        const MOST: usize = 8 << 10;
        const TIMES: usize = 2;
        let mut left = MOST + TIMES * until.saturating_sub(from);
        let mut place = from;
        loop {
            let start = match &self.starts {
                Some(starts) => starts.next(text, place)?,
                None => place,
            };
            left = left.checked_sub(BEGIN)?;
            match self.begins_at(states, text, start, left)? {
                Begun::Match => return Some(start),
                Begun::Ended(bytes) => left = left.checked_sub(bytes)?,
            }
            if start >= until {
                return None;
            }
            place = start + 1;
        }
    }

    /// Whether a match begins at a place of a text; `None` where it takes more than `most` bytes to tell.
    fn begins_at(
        &self,
        states: &mut States,
        text: &[u8],
        start: usize,
        most: usize,
    ) -> Option<Begun> {
        let input = Input::new(text).range(start..).anchored(Anchored::Yes);
        let mut at = self
            .dfa
            .start_state_forward(&mut states.known, &input)
            .ok()?;
        let rest = text.get(start..).unwrap_or_default();
        for (done, byte) in rest.iter().enumerate() {
            at = self.dfa.next_state(&mut states.known, at, *byte).ok()?;
            if at.is_tagged() {
                match () {
                    () if at.is_match() => return Some(Begun::Match),
                    () if at.is_dead() => return Some(Begun::Ended(done)),
                    () if at.is_quit() => return None,
                    () => {}
                }
            }
            if done >= most {
                return None;
            }
        }
        let last = self.dfa.next_eoi_state(&mut states.known, at).ok()?;
        Some(if last.is_match() {
            Begun::Match
        } else {
            Begun::Ended(rest.len())
        })
    }

    /// No states yet.
    pub(crate) fn create_states(&self) -> States {
        States {
            known: Box::new(self.dfa.create_cache()),
            tired: 0,
        }
    }
}

/// What became of a match that may begin at a place.
enum Begun {
    Match,
    /// None begins there, as so many bytes tell.
    Ended(usize),
}

/// A pattern on its way through a text.
#[derive(Debug)]
pub(crate) struct Lane<'a> {
    /// What the caller calls the pattern.
    name: u16,
    automaton: &'a Automaton,
    states: States,
    at: LazyStateID,
    said: Option<bool>,
    /// No match begins before this place.
    from: usize,
    /// Where it ended, or has matched.
    until: usize,
}

impl<'a> Lane<'a> {
    pub(crate) fn new(name: u16, automaton: &'a Automaton, states: States) -> Self {
        Self {
            name,
            automaton,
            states,
            at: LazyStateID::default(),
            said: None,
            from: 0,
            until: 0,
        }
    }

    /// Whether the pattern matches anywhere in the text that was searched; `None` where that took more
    /// states than it may have, or the match may be one that is taken back.
    pub(crate) fn said(&self) -> Option<bool> {
        self.said
    }

    /// A place before which no match begins, and one at which the first that ends has ended.
    pub(crate) fn within(&self) -> (usize, usize) {
        (self.from, self.until)
    }

    /// The name of the pattern, and the states that are known now.
    pub(crate) fn into_states(self) -> (u16, States) {
        (self.name, self.states)
    }

    /// The text begins; whether there is anything left to find out.
    fn begins(&mut self, text: &[u8]) -> bool {
        let start = self
            .automaton
            .dfa
            .start_state_forward(&mut self.states.known, &Input::new(text));
        self.goes_on(start.ok())
    }

    /// One byte, with states that are not known yet.
    fn steps(&mut self, byte: u8) -> bool {
        let next = self
            .automaton
            .dfa
            .next_state(&mut self.states.known, self.at, byte);
        self.goes_on(next.ok())
    }

    /// The text ends.
    fn ends(&mut self, text: &[u8]) {
        let last = self
            .automaton
            .dfa
            .next_eoi_state(&mut self.states.known, self.at);
        self.until = text.len();
        if self.goes_on(last.ok()) {
            self.said = Some(false);
        }
        if self.said == Some(true) && self.automaton.caret && text.ends_with(b"\n") {
            // It may be of nothing, behind the last line feed, where PCRE sees none.
            self.said = None;
        }
    }

    /// Notes it where nothing of a match has been read so far: the state is the one in which a search would
    /// begin here. Whether the lane goes on.
    fn rests(&mut self, text: &[u8], place: usize) -> bool {
        if self.automaton.returns {
            return true;
        }
        let (automaton, states) = (&self.automaton.dfa, &mut *self.states.known);
        let before = states.clear_count();
        let start = automaton.start_state_forward(states, &Input::new(text).range(place..));
        if start.ok() == Some(self.at) {
            self.from = place;
        }
        // States that were forgotten have other names from now on.
        states.clear_count() == before
    }

    fn goes_on(&mut self, next: Option<LazyStateID>) -> bool {
        let Some(next) = next.filter(|next| !next.is_quit()) else {
            return false;
        };
        if next.is_match() || next.is_dead() {
            self.said = Some(next.is_match());
            return false;
        }
        self.at = next;
        true
    }
}

/// Runs all over the text, [`LANES`] at most. Where they stand in the slice changes.
pub(crate) fn search(lanes: &mut [Option<Lane<'_>>], text: &[u8]) {
    /// Bytes between two places at which it is noted who rests.
    const STRETCH: usize = 256;
    let mut open = settle(lanes, |lane| lane.begins(text));
    let mut place = 0;
    while open > 0 {
        let going = lanes.get_mut(..open).unwrap_or_default();
        let end = text.len().min(place + STRETCH);
        let rest = text.get(place..end).unwrap_or_default();
        let done = match open {
            1 => side_by_side::<1>(going, rest),
            2 => side_by_side::<2>(going, rest),
            3 => side_by_side::<3>(going, rest),
            _ => side_by_side::<LANES>(going, rest),
        };
        place += done;
        if done == STRETCH {
            open = settle(going, |lane| lane.rests(text, place));
        } else if let Some(byte) = text.get(place) {
            open = settle(going, |lane| {
                lane.until = place;
                lane.steps(*byte)
            });
            place += 1;
        } else {
            going.iter_mut().flatten().for_each(|lane| lane.ends(text));
            return;
        }
    }
}

/// Moves those that go on to the front; how many there are.
fn settle(lanes: &mut [Option<Lane<'_>>], mut goes_on: impl FnMut(&mut Lane<'_>) -> bool) -> usize {
    let mut open = 0;
    for at in 0..lanes.len() {
        if let Some(Some(lane)) = lanes.get_mut(at)
            && goes_on(lane)
        {
            lanes.swap(open, at);
            open += 1;
        }
    }
    open
}

/// As far as all states are known; how many bytes that is.
fn side_by_side<const COUNT: usize>(lanes: &mut [Option<Lane<'_>>], text: &[u8]) -> usize {
    let Some(Some(first)) = lanes.first() else {
        return 0;
    };
    // As many as there are lanes, in one piece.
    let all: [&Lane<'_>; COUNT] = std::array::from_fn(|at| {
        let lane = lanes.get(at).and_then(Option::as_ref);
        lane.unwrap_or(first)
    });
    let own = all.map(|lane| (&lane.automaton.dfa, &*lane.states.known));
    let mut at = all.map(|lane| lane.at);
    let mut done = 0;
    for byte in text {
        let mut next = at;
        let mut special = false;
        for (next, (automaton, states)) in next.iter_mut().zip(own) {
            *next = automaton.next_state_untagged(states, *next, *byte);
            special |= next.is_tagged();
        }
        if special {
            break;
        }
        at = next;
        done += 1;
    }
    for (lane, at) in lanes.iter_mut().flatten().zip(at) {
        lane.at = at;
    }
    done
}
