//! Asking the operators: what each says of a value, and what it captured.

use super::Transaction;
use super::text::{StrId, Strings};
use crate::hir::Text;
use crate::operator::regex::{Captures, GROUPS, Options, Pattern};
use crate::operator::{bytes, inject, number, text};
use crate::plan::{Judge, Link, Macro, Parameter, Phrases, Plan};
use crate::variable::Variable;

/// What an operator says of a value.
pub(super) enum Said {
    No,
    /// Yes, because of these bytes of it.
    Yes(usize, usize),
}

impl Said {
    fn whole(yes: bool, len: usize) -> Self {
        if yes { Self::Yes(0, len) } else { Self::No }
    }

    pub(super) fn is_match(&self) -> bool {
        matches!(self, Self::Yes(..))
    }
}

impl Transaction {
    /// Asks the operator.
    pub(super) fn judge(&mut self, plan: &Plan, link: &Link, value: StrId) -> Said {
        let strings = &self.scratch.strings;
        let len = strings.text(value).len();
        match &link.judge {
            Judge::Always => Said::Yes(0, len),
            Judge::Never => Said::No,
            // What matches a negated condition is nothing that anybody is told of.
            Judge::Rx(pattern) if link.negated && !link.capture => {
                self.contains(plan, *pattern, value)
            }
            Judge::Rx(pattern) if link.waits && self.lets_wait(plan) => {
                let said = self.contains(plan, *pattern, value);
                if said.is_match() {
                    self.let_wait(*pattern, value, link.capture);
                }
                said
            }
            Judge::Rx(pattern) => self.search(plan, *pattern, value, link.capture),
            Judge::RxMacro(text) => self.search_macro(plan, text, value, link.capture),
            Judge::RxGlobal(pattern) => self.search_all(plan, *pattern, value, link.capture),
            Judge::Phrases(phrases) => self.find_phrase(plan, phrases, value, link.capture),
            Judge::Text(kind, parameter) => {
                let yes = self.text_matches(plan, *kind, parameter, value);
                Said::whole(yes, len)
            }
            Judge::Number(kind, parameter) => {
                let own = number::parse(strings.text(value));
                let parameter = self.parameter(plan, parameter);
                Said::whole(kind.holds(own, parameter), len)
            }
            Judge::IpMatch(networks) => {
                Said::whole(networks.contains_text(strings.text(value)), len)
            }
            Judge::ByteRange(allowed) => {
                Said::whole(bytes::outside(strings.text(value), allowed), len)
            }
            Judge::UrlEncoding => {
                Said::whole(bytes::url_encoding_is_broken(strings.text(value)), len)
            }
            Judge::Utf8Encoding => Said::whole(bytes::utf8_is_broken(strings.text(value)), len),
            Judge::Checksum(kind, pattern) => {
                self.search_checked(plan, (*pattern, *kind), value, link.capture)
            }
            // Asked with the field, in `detect`.
            Judge::Detect(..) => Said::No,
            Judge::DetectSqli => Said::whole(self.is_sqli(plan, value, link.capture), len),
            Judge::DetectXss => Said::whole(self.is_xss(plan, value, link.capture), len),
            Judge::GeoLookup => Said::whole(self.finds_place(plan, value), len),
            Judge::Rbl(zone) => {
                let message = format!("@rbl cannot ask {zone}: rules make no network requests");
                self.fault(&message);
                Said::No
            }
        }
    }

    fn find_phrase(&mut self, plan: &Plan, own: &Phrases, value: StrId, capture: bool) -> Said {
        let Some(found) = own.find(self.scratch.strings.text(value)) else {
            return Said::No;
        };
        if capture {
            let slice = self.scratch.strings.slice_of(value);
            let whole = Strings::part(slice, found.start, found.len());
            self.capture(plan, 0, Some(whole));
        }
        Said::Yes(found.start, found.end)
    }

    fn text_matches(&mut self, plan: &Plan, kind: Text, parameter: &Macro, value: StrId) -> bool {
        if let Some(plain) = parameter.as_plain() {
            return compare_text(kind, self.scratch.strings.text(value), plain);
        }
        let parameter = self.expand(plan, parameter);
        let strings = &self.scratch.strings;
        compare_text(kind, strings.text(value), strings.bytes(parameter))
    }

    fn is_sqli(&mut self, plan: &Plan, value: StrId, capture: bool) -> bool {
        let Some(fingerprint) = inject::sqli(self.scratch.strings.text(value)) else {
            return false;
        };
        if capture {
            let text = self.scratch.strings.keep(fingerprint.as_bytes());
            self.capture(plan, 0, Some(text));
        }
        true
    }

    fn is_xss(&mut self, plan: &Plan, value: StrId, capture: bool) -> bool {
        let found = inject::xss(self.scratch.strings.text(value));
        if found && capture {
            let text = self.scratch.strings.slice_of(value);
            self.capture(plan, 0, Some(text));
        }
        found
    }

    /// Fills `GEO` with what is known of an address; whether anything is.
    fn finds_place(&mut self, plan: &Plan, value: StrId) -> bool {
        let Some(places) = &plan.settings.places else {
            self.fault("@geoLookup has no database to ask; SecGeoLookupDb names one");
            return false;
        };
        let Some(place) = places.find(self.scratch.strings.text(value)) else {
            return false;
        };
        self.clear(Variable::Geo);
        for (name, value) in place {
            let name = self.scratch.strings.keep(name.as_bytes());
            let value = self.scratch.strings.add(value.as_bytes());
            self.put(Variable::Geo, name, value);
        }
        true
    }

    /// Whether a pattern that runs in linear time matches.
    pub(super) fn is_matched(&mut self, plan: &Plan, pattern: u16, value: StrId) -> bool {
        self.contains(plan, pattern, value).is_match()
    }

    /// Whether a pattern matches; not where.
    fn contains(&mut self, plan: &Plan, pattern: u16, value: StrId) -> Said {
        let at = usize::from(pattern);
        let Some(regex) = plan.patterns.get(at) else {
            return Said::No;
        };
        let len = self.scratch.strings.len(value);
        if let Some(matched) = self.told_together(plan, pattern, value) {
            return Said::whole(matched, len);
        }
        let mut cache = self.cache(regex, at);
        let said = regex.is_match(&mut cache, self.scratch.strings.text(value));
        self.keep_cache(at, cache);
        match said {
            Ok(matched) => Said::whole(matched, len),
            Err(_) => self.gave_up(value),
        }
    }

    fn search(&mut self, plan: &Plan, pattern: u16, value: StrId, capture: bool) -> Said {
        let at = usize::from(pattern);
        let Some(regex) = plan.patterns.get(at) else {
            return Said::No;
        };
        let said = match self.told_together(plan, pattern, value) {
            Some(matched) => Ok(matched),
            None => {
                let mut cache = self.cache(regex, at);
                let said = regex.is_match(&mut cache, self.scratch.strings.text(value));
                self.keep_cache(at, cache);
                said
            }
        };
        let found = match said {
            Ok(false) => return Said::No,
            Ok(true) => self.locate(plan, pattern, value, capture),
            Err(limit) => Err(limit),
        };
        match found {
            Ok(found) => found.map_or(Said::No, |own| Said::Yes(own.start, own.end)),
            Err(_) => self.gave_up(value),
        }
    }

    /// A pattern whose text depends on the transaction. The last few are kept compiled.
    fn search_macro(&mut self, plan: &Plan, text: &Macro, value: StrId, capture: bool) -> Said {
        const KEPT: usize = 8;
        let text = self.expand(plan, text);
        let text = self.scratch.strings.bytes(text);
        let compiled = &mut self.scratch.work.get().compiled;
        let known = compiled.iter().position(|(own, _)| own == text);
        let at = match known {
            Some(at) => at,
            None => match Pattern::compile(
                text,
                &Options {
                    size: 1 << 20,
                    ..Options::default()
                },
            ) {
                Ok(pattern) => {
                    let own = (text.to_vec(), pattern);
                    if compiled.len() >= KEPT {
                        compiled.remove(0);
                    }
                    compiled.push(own);
                    compiled.len() - 1
                }
                Err(message) => {
                    self.fault(&format!(
                        "a pattern with macros cannot be compiled: {message}"
                    ));
                    return Said::Yes(0, self.scratch.strings.text(value).len());
                }
            },
        };
        let work = self.scratch.work.peek();
        let Some((_, pattern)) = work.and_then(|work| work.compiled.get(at)) else {
            return Said::No;
        };
        let mut found = Captures::default();
        let mut cache = pattern.create_cache();
        match pattern.captures(&mut cache, self.scratch.strings.text(value), &mut found) {
            Ok(false) => Said::No,
            Ok(true) => {
                if capture {
                    self.capture_groups(plan, value, &found);
                }
                let whole = found.get(0).unwrap_or_default();
                Said::Yes(whole.start, whole.end)
            }
            Err(_) => self.gave_up(value),
        }
    }

    fn search_all(&mut self, plan: &Plan, pattern: u16, value: StrId, capture: bool) -> Said {
        let at = usize::from(pattern);
        let Some(regex) = plan.patterns.get(at) else {
            return Said::No;
        };
        let mut cache = self.cache(regex, at);
        let text = self.scratch.strings.text(value);
        let mut spans = Vec::new();
        let said = regex.each_match(&mut cache, text, |found| {
            spans.extend((0..GROUPS).filter_map(|group| found.get(group)));
            spans.len() < GROUPS
        });
        self.keep_cache(at, cache);
        if said.is_err() {
            return self.gave_up(value);
        }
        let slice = self.scratch.strings.slice_of(value);
        if capture {
            for (group, span) in spans.iter().take(GROUPS).enumerate() {
                let part = Strings::part(slice, span.start, span.len());
                self.capture(plan, group, Some(part));
            }
        }
        spans
            .first()
            .map_or(Said::No, |first| Said::Yes(first.start, first.end))
    }

    fn search_checked(
        &mut self,
        plan: &Plan,
        (pattern, kind): (u16, crate::hir::Checksum),
        value: StrId,
        capture: bool,
    ) -> Said {
        let at = usize::from(pattern);
        let Some(regex) = plan.patterns.get(at) else {
            return Said::No;
        };
        let mut cache = self.cache(regex, at);
        let text = self.scratch.strings.text(value);
        let said = regex.find_verified(&mut cache, text, kind.verify());
        self.keep_cache(at, cache);
        match said {
            Ok(Some(span)) => {
                if capture {
                    let slice = self.scratch.strings.slice_of(value);
                    let part = Strings::part(slice, span.start, span.len());
                    self.capture(plan, 0, Some(part));
                }
                Said::Yes(span.start, span.end)
            }
            Ok(None) => Said::No,
            Err(_) => self.gave_up(value),
        }
    }

    /// A pattern that ran out of steps counts as matched: nothing passes unjudged.
    fn gave_up(&mut self, value: StrId) -> Said {
        self.state.pattern_limit = true;
        self.fault("a pattern took too many steps; the value counts as matched");
        Said::Yes(0, self.scratch.strings.text(value).len())
    }

    /// The number an operator compares with.
    pub(super) fn parameter(&mut self, plan: &Plan, parameter: &Parameter) -> i64 {
        match parameter {
            Parameter::Number(number) => *number,
            Parameter::Macro(text) => {
                let text = self.expand(plan, text);
                number::parse(self.scratch.strings.bytes(text))
            }
        }
    }
}

fn compare_text(kind: Text, own: &[u8], parameter: &[u8]) -> bool {
    match kind {
        Text::Streq => text::equals(own, parameter),
        Text::Contains | Text::Strmatch => text::contains(own, parameter),
        Text::ContainsWord => text::contains_word(own, parameter),
        Text::BeginsWith => text::begins_with(own, parameter),
        Text::EndsWith => text::ends_with(own, parameter),
        Text::Within => text::within(own, parameter),
    }
}
