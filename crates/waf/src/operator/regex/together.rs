//! Several patterns over one long text at the same time.
//!
//! An automaton waits at every byte for its next state, which it can look up only once it has the last
//! one. A processor can wait for four of them in the time of one. So patterns that are asked about the
//! same long text are run over it side by side: each as it would run alone, with its own states, made
//! when they are first needed; nothing is put together that could grow.

use regex_automata::hybrid::LazyStateID;
use regex_automata::hybrid::dfa::{self, DFA};
use regex_automata::nfa::thompson::{self, WhichCaptures};
use regex_automata::{Input, MatchKind};
use regex_syntax::hir::Hir;

use super::Options;

/// So many patterns run side by side; more of them get into each other's way.
pub(crate) const LANES: usize = 4;

/// Bytes that the states of one pattern may take.
const STATES: usize = 1 << 20;
/// How often they may be forgotten before it gives up, and how few bytes a state may have been good for.
const FORGOTTEN: usize = 3;
const WORTH: usize = 10;

/// A pattern that can run beside others.
#[derive(Debug)]
pub(crate) struct Automaton(DFA);

/// The states of one, as far as they are known: working memory for one thread at a time.
pub(crate) type States = Box<dfa::Cache>;

impl Automaton {
    /// `None` where it would be too large.
    pub(super) fn new(hir: &Hir, options: &Options) -> Option<Self> {
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
        made.build_from_nfa(compiled.ok()?).ok().map(Self)
    }

    /// No states yet.
    pub(crate) fn create_states(&self) -> States {
        Box::new(self.0.create_cache())
    }
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
}

impl<'a> Lane<'a> {
    pub(crate) fn new(name: u16, automaton: &'a Automaton, states: States) -> Self {
        Self {
            name,
            automaton,
            states,
            at: LazyStateID::default(),
            said: None,
        }
    }

    /// Whether the pattern matches anywhere in the text that was searched; `None` where that took more
    /// states than it may have.
    pub(crate) fn said(&self) -> Option<bool> {
        self.said
    }

    /// The name of the pattern, and the states that are known now.
    pub(crate) fn into_states(self) -> (u16, States) {
        (self.name, self.states)
    }

    /// The text begins; whether there is anything left to find out.
    fn begins(&mut self, text: &[u8]) -> bool {
        let start = self
            .automaton
            .0
            .start_state_forward(&mut self.states, &Input::new(text));
        self.goes_on(start.ok())
    }

    /// One byte, with states that are not known yet.
    fn steps(&mut self, byte: u8) -> bool {
        let next = self.automaton.0.next_state(&mut self.states, self.at, byte);
        self.goes_on(next.ok())
    }

    /// The text ends.
    fn ends(&mut self) {
        let last = self.automaton.0.next_eoi_state(&mut self.states, self.at);
        if self.goes_on(last.ok()) {
            self.said = Some(false);
        }
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
    let mut open = settle(lanes, |lane| lane.begins(text));
    let mut rest = text;
    while open > 0 {
        let going = lanes.get_mut(..open).unwrap_or_default();
        rest = match open {
            1 => side_by_side::<1>(going, rest),
            2 => side_by_side::<2>(going, rest),
            3 => side_by_side::<3>(going, rest),
            _ => side_by_side::<LANES>(going, rest),
        };
        let Some((byte, behind)) = rest.split_first() else {
            going.iter_mut().flatten().for_each(Lane::ends);
            return;
        };
        open = settle(going, |lane| lane.steps(*byte));
        rest = behind;
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

/// As far as all states are known: what is left of the text.
fn side_by_side<'a, const COUNT: usize>(
    lanes: &mut [Option<Lane<'_>>],
    text: &'a [u8],
) -> &'a [u8] {
    let Some(Some(first)) = lanes.first() else {
        return text;
    };
    // As many as there are lanes, in one piece.
    let all: [&Lane<'_>; COUNT] = std::array::from_fn(|at| {
        let lane = lanes.get(at).and_then(Option::as_ref);
        lane.unwrap_or(first)
    });
    let mut at = all.map(|lane| lane.at);
    let mut done = 0;
    for byte in text {
        let mut next = at;
        let mut special = false;
        for (next, lane) in next.iter_mut().zip(all) {
            let (automaton, states) = (&lane.automaton.0, &lane.states);
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
    text.get(done..).unwrap_or_default()
}
