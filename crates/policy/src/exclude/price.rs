//! What an exclusion opens, measured.

use std::collections::BTreeMap;
use std::sync::Arc;

use babyshield_waf::Plan;
use babyshield_waf::operator::regex::{Options, Pattern};
use serde::Serialize;

use super::Trial;
use super::known::{Attack, Known};
use super::place::Place;
use crate::replay::Request;
use crate::spec::Form;

/// Attacks shown as examples.
const EXAMPLES: usize = 3;

/// What becomes of known attacks in one field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Price {
    /// So many could be put there.
    pub tried: usize,
    /// So many are blocked there without the exclusion.
    pub caught: usize,
    /// So many of these pass with it.
    pub opened: usize,
    /// The same by what they attack; classes of which none pass are left out.
    pub classes: BTreeMap<String, usize>,
    /// Some that pass.
    pub examples: Vec<String>,
}

/// What is blocked in a place, and what of that passes once its field is excluded.
#[derive(Debug, Default)]
pub(super) struct Measure<'a> {
    tried: usize,
    caught: usize,
    /// The attacks that pass with the field excluded whatever its shape: no shape opens more.
    pub(super) opened: Vec<&'a Attack>,
}

/// Puts every known attack there, with and without the exclusions.
pub(super) fn measure<'a>(
    trial: &Trial<'_>,
    place: &Place,
    bare: &Request,
    known: &'a Known,
    open: &Arc<Plan>,
) -> Measure<'a> {
    let mut own = Measure::default();
    for attack in &known.0 {
        let Some(request) = place.put(bare, &attack.value) else {
            continue;
        };
        own.tried += 1;
        if trial.is_blocked(&trial.policy.rules, &request) {
            own.caught += 1;
            if !trial.is_blocked(open, &request) {
                own.opened.push(attack);
            }
        }
    }
    own
}

impl Measure<'_> {
    /// The price of the exclusions as they are proposed.
    pub(super) fn price(
        &self,
        trial: &Trial<'_>,
        place: &Place,
        bare: &Request,
        closed: &Arc<Plan>,
    ) -> Option<Price> {
        let mut price = Price {
            tried: self.tried,
            caught: self.caught,
            ..Price::default()
        };
        for attack in &self.opened {
            let request = place.put(bare, &attack.value)?;
            if trial.is_blocked(closed, &request) {
                continue;
            }
            price.opened += 1;
            *price.classes.entry(attack.class.clone()).or_default() += 1;
            if price.examples.len() < EXAMPLES {
                let text = String::from_utf8_lossy(&attack.value);
                price.examples.push(text.escape_debug().to_string());
            }
        }
        (price.tried > 0).then_some(price)
    }
}

impl Form {
    /// Whether a value looks like this.
    #[must_use]
    pub fn fits(self, value: &[u8]) -> bool {
        let Some(pattern) = self.pattern() else {
            return true;
        };
        // The patterns are ours and linear; one that could not be compiled would fit nothing.
        let Ok(pattern) = Pattern::compile(pattern.as_bytes(), &Options::default()) else {
            return false;
        };
        let mut cache = pattern.create_cache();
        pattern.is_match(&mut cache, value).unwrap_or(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_say_what_they_mean() {
        let cases: [(Form, &[&str], &[&str]); 8] = [
            (
                Form::Number,
                &["1", "-12.50"],
                &["", "1e5", "1 or 1", "1\n"],
            ),
            (
                Form::Uuid,
                &["123e4567-e89b-12d3-a456-426614174000"],
                &["123e4567e89b12d3a456426614174000"],
            ),
            (Form::Word, &["a_b-c", "v1.2"], &["a b", "..", "a'"]),
            (
                Form::Base64,
                &["aGVsbG8gd29ybGQ=", "abcd_-12"],
                &["abc", "a=bcdefgh"],
            ),
            (
                Form::Name,
                &["O'Brien", "Zoë de la Cruz"],
                &["a' or 'b", "'", "x<y", "x='"],
            ),
            (
                Form::Url,
                &["https://a.example/b?c=d%20e"],
                &["javascript:x", "http://a/'", "http://a/<"],
            ),
            (Form::Text, &["5 o'clock; \"x\"", ""], &["a <b"]),
            (Form::Any, &["<", ""], &[]),
        ];
        for (form, yes, no) in cases {
            for value in yes {
                assert!(form.fits(value.as_bytes()), "{form:?} {value:?}");
            }
            for value in no {
                assert!(!form.fits(value.as_bytes()), "{form:?} {value:?}");
            }
        }
    }
}
