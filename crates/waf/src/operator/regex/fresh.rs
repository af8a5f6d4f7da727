//! Whether a state of an automaton tells that no match is under way.
//!
//! An automaton that looks for a pattern everywhere is, where nothing of a match has been read yet, in the state
//! it begins with. Of most patterns the reverse holds, too: whoever is in that state has read nothing. Of `a*b`
//! it does not, for behind an `a` all is as it was before.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

/// Whether nothing that has read a byte is where a match can begin.
pub(super) fn never_returns(nfa: &NFA) -> bool {
    let first = nfa.start_anchored();
    let mut fresh = vec![false; nfa.states().len()];
    let mut behind = reach(nfa, [first], &mut fresh);
    let mut seen = vec![false; nfa.states().len()];
    while !behind.is_empty() {
        behind = reach(nfa, behind, &mut seen);
    }
    !fresh.iter().zip(&seen).any(|(fresh, seen)| *fresh && *seen)
}

/// Marks what is reached from these states without reading anything, and returns what reading one byte leads to
/// from there.
fn reach(nfa: &NFA, from: impl IntoIterator<Item = StateID>, seen: &mut [bool]) -> Vec<StateID> {
    let mut open: Vec<StateID> = from.into_iter().collect();
    let mut behind = Vec::new();
    while let Some(at) = open.pop() {
        match seen.get_mut(at.as_usize()) {
            Some(seen) if !*seen => *seen = true,
            _ => continue,
        }
        match nfa.state(at) {
            State::ByteRange { trans } => behind.push(trans.next),
            State::Sparse(own) => behind.extend(own.transitions.iter().map(|own| own.next)),
            State::Dense(own) => behind.extend(own.transitions.iter().copied()),
            State::Look { next, .. } | State::Capture { next, .. } => open.push(*next),
            State::Union { alternates } => open.extend(alternates.iter().copied()),
            State::BinaryUnion { alt1, alt2 } => open.extend([*alt1, *alt2]),
            State::Fail | State::Match { .. } => {}
        }
    }
    behind
}

#[cfg(test)]
mod tests {
    use regex_automata::nfa::thompson::NFA;

    use super::never_returns;

    #[test]
    fn what_has_read_something_is_elsewhere() {
        let never = |pattern: &str| never_returns(&NFA::new(pattern).unwrap());
        for pattern in ["abc", "a+b", "ab*", "[ab]c*", r"\bab|c.*", "^a", "a$"] {
            assert_eq!(never(pattern), pattern != "a+b", "{pattern}");
        }
        for pattern in ["a*b", "a?b", "(?:ab)+", "(?:ab)*c", "x{0,3}y", "^a?b"] {
            assert!(!never(pattern), "{pattern}");
        }
    }
}
