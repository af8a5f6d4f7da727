//! Asking the operators: what each says of one value, and what it captures.

use std::rc::Rc;

use babyshield_waf::hir::{Link, Number, Operator, Rule, RuleSelector, Template, Text};
use babyshield_waf::operator::regex::{Captures, GROUPS, Options, Pattern, StepLimit};
use babyshield_waf::operator::{bytes, inject, number, text};
use babyshield_waf::variable::Variable;

use super::{Run, patterns};

/// Where a match lies.
type Span = (usize, usize);

impl Run<'_> {
    /// The span that matched, or nothing.
    pub(super) fn ask(&mut self, link: &Link, value: &[u8]) -> Option<Span> {
        let whole = (0, value.len());
        let yes = |yes: bool| yes.then_some(whole);
        match &link.operator {
            Operator::Always => Some(whole),
            Operator::Never => None,
            Operator::Rx(regex) => self.search(&regex.text, link.capture, value),
            Operator::RxMacro(text) => {
                let text = self.expand(text);
                self.search_text(
                    &text,
                    1 << 20,
                    Options::default().steps,
                    link.capture,
                    value,
                )
            }
            Operator::RxGlobal(regex) => self.search_all(&regex.text, link.capture, value),
            Operator::Phrases(phrases) => {
                let (start, end) = first_phrase(phrases, value)?;
                self.capture(link.capture, 0, Some(&value[start..end]));
                Some((start, end))
            }
            Operator::Text(kind, parameter) => {
                let parameter = self.expand(parameter);
                yes(compare_text(*kind, value, &parameter))
            }
            Operator::Number(kind, parameter) => {
                let parameter = self.parameter(parameter);
                yes(compare(*kind, number::parse(value), parameter))
            }
            Operator::IpMatch(networks) => yes(networks.contains_text(value)),
            Operator::ByteRange(allowed) => yes(bytes::outside(value, allowed)),
            Operator::UrlEncoding => yes(bytes::url_encoding_is_broken(value)),
            Operator::Utf8Encoding => yes(bytes::utf8_is_broken(value)),
            Operator::Checksum(kind, regex) => {
                let pattern = self.compiled(regex.text.as_bytes());
                let found =
                    pattern.find_verified(&mut pattern.create_cache(), value, kind.verify());
                match found {
                    Ok(found) => {
                        let span = found?;
                        self.capture(link.capture, 0, Some(&value[span.clone()]));
                        Some((span.start, span.end))
                    }
                    Err(StepLimit) => self.gave_up(whole),
                }
            }
            Operator::DetectSqli => {
                let fingerprint = inject::sqli(value)?;
                self.capture(link.capture, 0, Some(fingerprint.as_bytes()));
                Some(whole)
            }
            Operator::Detect(..) => unreachable!("asked with the field"),
            Operator::DetectXss => {
                let found = inject::xss(value);
                self.capture(link.capture && found, 0, Some(value));
                yes(found)
            }
            Operator::GeoLookup => {
                let Some(places) = &self.set.settings.places else {
                    self.fault(
                        "@geoLookup has no database to ask; SecGeoLookupDb names one".to_owned(),
                    );
                    return None;
                };
                let place = places.find(value)?;
                self.entries.remove(&Variable::Geo);
                for (name, value) in place {
                    self.put(Variable::Geo, name.as_bytes(), value.as_bytes());
                }
                Some(whole)
            }
            Operator::Rbl(zone) => {
                self.fault(format!(
                    "@rbl cannot ask {zone}: rules make no network requests"
                ));
                None
            }
        }
    }

    fn parameter(&self, text: &Template) -> i64 {
        number::parse(&self.expand(text))
    }

    fn compiled(&self, text: &[u8]) -> Rc<Pattern> {
        let steps = self
            .set
            .settings
            .regex_steps
            .unwrap_or(self.limits.regex_steps);
        let options = Options {
            steps: steps.min(self.limits.regex_steps),
            prefilter: false,
            ..Options::default()
        };
        patterns::compiled(text, &options).unwrap()
    }

    fn search(&mut self, text: &str, capture: bool, value: &[u8]) -> Option<Span> {
        let pattern = self.compiled(text.as_bytes());
        self.search_with(&pattern, capture, value)
    }

    fn search_text(
        &mut self,
        text: &[u8],
        size: usize,
        steps: usize,
        capture: bool,
        value: &[u8],
    ) -> Option<Span> {
        let options = Options {
            size,
            steps,
            ..Options::default()
        };
        match Pattern::compile(text, &options) {
            Ok(pattern) => self.search_with(&pattern, capture, value),
            Err(message) => {
                self.fault(format!(
                    "a pattern with macros cannot be compiled: {message}"
                ));
                Some((0, value.len()))
            }
        }
    }

    fn search_with(&mut self, pattern: &Pattern, capture: bool, value: &[u8]) -> Option<Span> {
        let mut found = Captures::default();
        match pattern.captures(&mut pattern.create_cache(), value, &mut found) {
            Ok(false) => None,
            Ok(true) => {
                for group in 0..GROUPS {
                    let part = found.get(group).map(|span| &value[span]);
                    self.capture(capture, group, part);
                }
                let span = found.get(0)?;
                Some((span.start, span.end))
            }
            Err(StepLimit) => self.gave_up((0, value.len())),
        }
    }

    fn search_all(&mut self, text: &str, capture: bool, value: &[u8]) -> Option<Span> {
        let pattern = self.compiled(text.as_bytes());
        let mut spans = Vec::new();
        let said = pattern.each_match(&mut pattern.create_cache(), value, |found| {
            spans.extend((0..GROUPS).filter_map(|group| found.get(group)));
            spans.len() < GROUPS
        });
        if said.is_err() {
            return self.gave_up((0, value.len()));
        }
        for (group, span) in spans.iter().take(GROUPS).enumerate() {
            self.capture(capture, group, Some(&value[span.clone()]));
        }
        spans.first().map(|span| (span.start, span.end))
    }

    /// Nothing passes unjudged.
    fn gave_up(&mut self, whole: Span) -> Option<Span> {
        self.pattern_limit = true;
        self.fault("a pattern took too many steps; the value counts as matched".to_owned());
        Some(whole)
    }

    pub(super) fn capture(&mut self, wanted: bool, group: usize, part: Option<&[u8]>) {
        if wanted {
            self.write(
                Variable::Tx,
                group.to_string().as_bytes(),
                part.map(<[u8]>::to_vec),
            );
        }
    }

    pub(super) fn fault(&mut self, message: String) {
        if !self.faults.contains(&message) {
            self.faults.push(message);
        }
    }
}

/// The phrase whose occurrence ends first; of several that end there, the longest.
fn first_phrase(phrases: &[Vec<u8>], value: &[u8]) -> Option<Span> {
    let mut best: Option<Span> = None;
    for phrase in phrases {
        let Some(last) = value.len().checked_sub(phrase.len()) else {
            continue;
        };
        let found = (0..=last)
            .map(|start| (start, start + phrase.len()))
            .find(|span| value[span.0..span.1].eq_ignore_ascii_case(phrase));
        let better = |own: Span, than: Span| (own.1, own.0) < (than.1, than.0);
        if let Some(found) = found
            && best.is_none_or(|best| better(found, best))
        {
            best = Some(found);
        }
    }
    best
}

fn compare(kind: Number, own: i64, parameter: i64) -> bool {
    match kind {
        Number::Eq => own == parameter,
        Number::Ge => own >= parameter,
        Number::Gt => own > parameter,
        Number::Le => own <= parameter,
        Number::Lt => own < parameter,
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

/// Whether a selector of rules means this one.
pub(super) fn selects(selector: &RuleSelector, rule: &Rule) -> bool {
    let found = |pattern: &str, text: &str| {
        patterns::compiled(pattern.as_bytes(), &Options::default())
            .is_some_and(|pattern| pattern.is_match_alone(text.as_bytes()))
    };
    match selector {
        RuleSelector::Ids(ranges) => ranges.iter().any(|range| range.contains(&rule.id)),
        RuleSelector::Tag(pattern) => rule.plain_tags().any(|tag| found(pattern, tag)),
        RuleSelector::Message(pattern) => {
            let message = rule.meta.message.as_ref().and_then(Template::as_plain);
            message.is_some_and(|message| found(pattern, message))
        }
    }
}
