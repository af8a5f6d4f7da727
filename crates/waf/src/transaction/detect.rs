//! The semantic detectors: which values they look at, and what they said of each.

use babyshield_detect::{Allowance, Class, Confidence, Known, Place, Scanner};

use super::text::{Slice, StrId, Strings};
use super::{Entry, Matched, Transaction};
use crate::hir::Processor;
use crate::plan::{Link, Plan};
use crate::variable::Variable;

const NONE: u32 = u32::MAX;

/// What the detectors said in one transaction. Cleared, it keeps its capacity and nothing else.
#[derive(Debug, Default)]
pub(super) struct Detected {
    /// For each string, the first of its visits.
    first: Vec<u32>,
    visits: Vec<Visit>,
    found: Vec<Found>,
    /// What decodings may still make of the request's values.
    allowance: Allowance,
    /// A value was not looked at in full, because of what the request sent before it.
    pub(super) is_partial: bool,
}

/// Where a value stood when it was looked at, and by which detectors.
type Seen = (Place, u32);

/// A value that was looked at, in one context.
#[derive(Clone, Copy, Debug)]
struct Visit {
    context: Seen,
    /// The next visit of the same string.
    next: u32,
    /// Where its findings lie.
    from: u32,
    to: u32,
}

#[derive(Clone, Copy, Debug)]
struct Found {
    class: Class,
    confidence: Confidence,
    reading: &'static str,
    chain: babyshield_detect::Chain,
    /// The text that was read: the value itself, or what the decodings made of it.
    text: StrId,
    span: (u32, u32),
}

impl Detected {
    pub(super) fn clear(&mut self) {
        let Self {
            first,
            visits,
            found,
            allowance,
            is_partial,
        } = self;
        first.clear();
        visits.clear();
        found.clear();
        *allowance = Allowance::default();
        *is_partial = false;
    }

    fn visit(&self, value: StrId, context: Seen) -> Option<Visit> {
        let mut at = self.first.get(value.index()).copied().unwrap_or(NONE);
        while let Some(visit) = self.visits.get(at as usize) {
            if visit.context == context {
                return Some(*visit);
            }
            at = visit.next;
        }
        None
    }

    fn note(&mut self, value: StrId, context: Seen, from: usize) -> Visit {
        if self.first.len() <= value.index() {
            self.first.resize(value.index() + 1, NONE);
        }
        let own = cut(self.visits.len());
        let first = self.first.get_mut(value.index());
        let next = first.map_or(NONE, |first| std::mem::replace(first, own));
        let visit = Visit {
            context,
            next,
            from: cut(from),
            to: cut(self.found.len()),
        };
        self.visits.push(visit);
        visit
    }
}

fn cut(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(NONE)
}

impl Transaction {
    /// Looks at a value before its phase and marks in `open` the gates that open to what was found.
    pub(super) fn detect(
        &mut self,
        plan: &Plan,
        variable: Variable,
        entry: Entry,
        open: &mut [u64],
    ) {
        let visit = self.visit(plan, variable, entry.name, entry.value);
        let found = &self.scratch.detected.found;
        let found = found.get(visit.from as usize..visit.to as usize);
        for own in found.unwrap_or_default() {
            plan.gates.open_detected(own.class, own.confidence, open);
        }
    }

    /// What the detectors say of a value; asked once.
    fn visit(&mut self, plan: &Plan, variable: Variable, name: Slice, value: StrId) -> Visit {
        let place = self.place(variable);
        let super::Scratch {
            strings,
            detected,
            work,
            ..
        } = &mut *self.scratch;
        let detector = &mut work.get().detector;
        let set = strings.set(value);
        let asked = plan
            .asked
            .about(variable, strings.bytes(name), &plan.tx_names);
        let key = (place, asked);
        if let Some(visit) = detected.visit(value, key) {
            return visit;
        }
        let woken = strings.woken(&plan.gates, value);
        // Values of XML are found under the number of a path, names under themselves.
        let name = if variable == Variable::Xml || place == Place::Name {
            b""
        } else {
            strings.bytes(name)
        };
        let scanner = Scanner::shared();
        let known = Known {
            set: &set.0,
            wanted: woken,
            asked,
        };
        let allowance = &mut detected.allowance;
        scanner.scan_knowing(
            strings.text(value),
            known,
            (place, name),
            allowance,
            detector,
        );
        let is_cut = detector.is_cut();
        detected.is_partial |= !detector.is_whole();
        let from = detected.found.len();
        for own in detector.found() {
            let text = match own.decoded(detector) {
                None => value,
                Some(decoded) => strings.add(decoded),
            };
            detected.found.push(Found {
                class: own.class,
                confidence: own.confidence,
                reading: own.reading,
                chain: own.chain,
                text,
                span: (cut(own.span.start), cut(own.span.end)),
            });
        }
        detector.clear();
        let visit = detected.note(value, key, from);
        if is_cut {
            self.run_over("a value holds more encoded text than is looked at");
        }
        visit
    }

    /// Where in the request a variable's values stand.
    pub(super) fn place(&self, variable: Variable) -> Place {
        match variable {
            Variable::ArgsGet => Place::Query,
            Variable::ArgsPost if self.state.processor.is_some_and(Processor::is_json) => {
                Place::Json
            }
            Variable::ArgsPost | Variable::Args => Place::Form,
            Variable::ArgsNames
            | Variable::ArgsGetNames
            | Variable::ArgsPostNames
            | Variable::RequestCookiesNames
            | Variable::RequestHeadersNames
            | Variable::FilesNames
            | Variable::MultipartName => Place::Name,
            Variable::RequestCookies => Place::Cookie,
            Variable::RequestHeaders | Variable::MultipartPartHeaders => Place::Header,
            Variable::RequestFilename
            | Variable::RequestBasename
            | Variable::RequestUri
            | Variable::RequestUriRaw
            | Variable::RequestLine
            | Variable::PathInfo => Place::Path,
            Variable::Files | Variable::MultipartFilename => Place::FileName,
            Variable::FilesTmpContent => Place::File,
            Variable::Xml => Place::Xml,
            _ => Place::Body,
        }
    }

    /// Whether a detector is at least so sure of a value. Captures the matched text, what it was
    /// read as, and the decodings that led to it, as `TX:0`, `TX:1` and `TX:2`. `member` is the
    /// collection the value is in, which says where in the request it stood.
    pub(super) fn detected_matches(
        &mut self,
        plan: &Plan,
        link: &Link,
        (class, least): (Class, Confidence),
        member: Variable,
        (variable, name, value): (Variable, Slice, StrId),
        at: usize,
    ) -> bool {
        let origin = self.state.origin.unwrap_or((variable, name));
        let place = self.state.origin.map_or(member, |own| own.0);
        let visit = self.visit(plan, place, origin.1, value);
        let all = self
            .scratch
            .detected
            .found
            .get(visit.from as usize..visit.to as usize);
        let fits = |own: &&Found| own.class == class && own.confidence >= least;
        let Some(found) = all.unwrap_or_default().iter().find(fits).copied() else {
            return false;
        };
        if link.capture {
            let (start, end) = (found.span.0 as usize, found.span.1 as usize);
            let slice = self.scratch.strings.slice_of(found.text);
            let part = Strings::part(slice, start, end.saturating_sub(start));
            let reading = self.scratch.strings.keep(found.reading.as_bytes());
            let chain = self.scratch.strings.write(|out| found.chain.write(out));
            for (group, part) in [part, reading, chain].into_iter().enumerate() {
                self.capture(plan, group, Some(part));
            }
        }
        let own = Matched {
            variable,
            name,
            value: found.text,
            raw: value,
            span: found.span,
            origin,
        };
        self.matched(plan, link, own, at);
        true
    }
}
