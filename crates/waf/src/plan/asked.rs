//! Which detectors rules ask, and about what: what nobody asks for is not looked for.

use babyshield_detect::Scanner;

use super::{Judge, Rule, Select, is_fixed};
use crate::variable::Variable;

/// Detectors, one bit each ([`Scanner::of_class`]).
#[derive(Debug, Default)]
pub(crate) struct Asked {
    /// About the parts of a request.
    parts: u32,
    /// About any variable of `TX`.
    any: u32,
    /// About one of them, by its slot.
    slots: Vec<(u16, u32)>,
}

impl Asked {
    pub(super) fn of(rules: &[Rule]) -> Self {
        let mut own = Self::default();
        for link in rules.iter().flat_map(|rule| &rule.links) {
            let Judge::Detect(class, _) = link.judge else {
                continue;
            };
            let detectors = Scanner::shared().of_class(class);
            for target in &link.targets {
                own.note(detectors, target.variable, &target.select);
            }
        }
        own
    }

    fn note(&mut self, detectors: u32, variable: Variable, select: &Select) {
        match (variable, select) {
            (Variable::Tx, Select::Slot(slot)) => {
                match self.slots.iter_mut().find(|(own, _)| own == slot) {
                    Some((_, known)) => *known |= detectors,
                    None => self.slots.push((*slot, detectors)),
                }
            }
            (Variable::Tx, _) => self.any |= detectors,
            // What matched before may be either.
            _ if !is_fixed(variable) => {
                self.parts |= detectors;
                self.any |= detectors;
            }
            _ => self.parts |= detectors,
        }
    }

    /// What is asked about a variable; of `TX` about the one of that name.
    pub(crate) fn about(&self, variable: Variable, name: &[u8], tx_names: &[String]) -> u32 {
        if variable != Variable::Tx {
            return self.parts;
        }
        let is_named = |slot: u16| {
            let own = tx_names.get(usize::from(slot));
            own.is_some_and(|own| own.as_bytes().eq_ignore_ascii_case(name))
        };
        let own = self.slots.iter().filter(|(slot, _)| is_named(*slot));
        own.fold(self.any, |all, (_, detectors)| all | detectors)
    }
}
