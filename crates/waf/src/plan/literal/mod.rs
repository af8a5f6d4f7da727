//! What a pattern's match must contain: the literals and bytes that decide whether its exact test
//! is worth running.
//!
//! A pattern is taken apart into its alternatives. Each gives a [`Clause`]: literals, bytes and a
//! length that all of its matches have. Everything here may say less than is true (a missed
//! optimisation) but never more (a missed attack). Literals are held in ASCII lower case and looked
//! for in any case, and sets of bytes hold both cases of a letter or none.

mod facts;
mod set;

#[cfg(test)]
mod tests;

use regex_syntax::hir::{Hir, HirKind};

use crate::byteset::ByteSet;
use facts::Known;
pub(crate) use set::{Literal, minimise};

/// No more alternatives than this are told apart in one pattern…
const MAX_BRANCHES: usize = 64;
/// …nor taken apart more often, one in another.
const MAX_DEPTH: usize = 5;
/// Sets of bytes that one alternative is held to.
const MAX_BYTE_SETS: usize = 4;

/// What every match of one alternative has: all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Clause {
    /// Of each of these sets one string, in any case. No set and no string in one is empty.
    pub(crate) literals: Vec<Vec<Literal>>,
    /// Of each of these sets one byte.
    pub(crate) sets: Vec<ByteSet>,
    /// At least so many bytes.
    pub(crate) length: usize,
}

/// What the matches of `hir` have: those of at least one of these.
pub(crate) fn clauses(hir: &Hir) -> Vec<Clause> {
    let mut known = Known::default();
    let mut branches = Vec::new();
    known.branch(&[Part::Node(hir)], MAX_BRANCHES, MAX_DEPTH, &mut branches);
    let mut all: Vec<Clause> = Vec::new();
    for own in branches {
        add(&mut all, own);
    }
    all
}

/// A stretch of a pattern while it is taken apart.
#[derive(Clone, Copy, Debug)]
enum Part<'a> {
    Node(&'a Hir),
    /// Any text, or none.
    Anything,
}

impl Part<'_> {
    fn minimum(self) -> usize {
        match self {
            Self::Node(hir) => hir.properties().minimum_len().unwrap_or(0),
            Self::Anything => 0,
        }
    }
}

/// Adds an alternative, to another one if they differ in their literals at most.
fn add(all: &mut Vec<Clause>, own: Clause) {
    let alike = |known: &&mut Clause| {
        known.sets == own.sets
            && (known.literals == own.literals
                || (known.literals.len() == 1 && own.literals.len() == 1))
    };
    let Some(known) = all.iter_mut().find(alike) else {
        return all.push(own);
    };
    known.length = known.length.min(own.length);
    if known.literals != own.literals {
        for (mine, more) in known.literals.iter_mut().zip(own.literals) {
            mine.extend(more);
            mine.sort();
            mine.dedup();
        }
    }
}

/// The alternatives of a stretch: those of the part of it that has the most, each with what stands
/// around it. `None` where there is one, or more than `limit`.
fn alternatives<'a>(parts: &[Part<'a>], limit: usize) -> Option<Vec<Vec<Part<'a>>>> {
    let of_parts = parts.iter().map(|part| match part {
        Part::Node(hir) => split(hir, limit),
        Part::Anything => None,
    });
    let (at, inner) = of_parts
        .enumerate()
        .filter_map(|(at, inner)| Some((at, inner?)))
        .max_by_key(|(_, inner)| inner.len())?;
    let (before, behind) = parts.split_at(at);
    let behind = behind.get(1..).unwrap_or_default();
    let around = |own: Vec<Part<'a>>| [before, own.as_slice(), behind].concat();
    Some(inner.into_iter().map(around).collect())
}

fn split(hir: &Hir, limit: usize) -> Option<Vec<Vec<Part<'_>>>> {
    match hir.kind() {
        HirKind::Capture(capture) => split(&capture.sub, limit),
        HirKind::Alternation(parts) => {
            (parts.len() <= limit).then(|| parts.iter().map(flat).collect())
        }
        HirKind::Concat(_) => alternatives(&flat(hir), limit),
        // The first round is one of its alternatives, and the others are any or none.
        HirKind::Repetition(own) if own.min >= 1 => {
            let mut parts = split(&own.sub, limit)?;
            for part in &mut parts {
                part.push(Part::Anything);
            }
            Some(parts)
        }
        HirKind::Repetition(_)
        | HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Literal(_)
        | HirKind::Class(_) => None,
    }
}

/// The parts that stand one after the other.
fn flat(hir: &Hir) -> Vec<Part<'_>> {
    match hir.kind() {
        HirKind::Concat(parts) => parts.iter().map(Part::Node).collect(),
        HirKind::Empty
        | HirKind::Look(_)
        | HirKind::Literal(_)
        | HirKind::Class(_)
        | HirKind::Repetition(_)
        | HirKind::Capture(_)
        | HirKind::Alternation(_) => vec![Part::Node(hir)],
    }
}

impl Clause {
    /// Without sets of bytes that the literals imply, and without more of them than are looked at.
    fn trimmed(mut self) -> Self {
        let Self { literals, sets, .. } = &mut self;
        let is_implied = |set: &ByteSet| {
            let has = |literal: &Literal| literal.iter().any(|byte| set.contains(*byte));
            literals.iter().any(|strings| strings.iter().all(has))
        };
        sets.retain(|set| !is_implied(set));
        sets.truncate(MAX_BYTE_SETS);
        self
    }
}
