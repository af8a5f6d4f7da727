//! The detectors of attacks, asked about one value in its place.

use babyshield_detect::{Class, Confidence, Place, Scanner, Scratch, set};
use babyshield_waf::hir::{Link, Processor};
use babyshield_waf::variable::Variable;

use super::{Matched, Run, Value};

impl Run<'_> {
    pub(super) fn detect(
        &mut self,
        link: &Link,
        class: Class,
        least: Confidence,
        value: Value,
    ) -> bool {
        let (variable, name) = value
            .origin
            .clone()
            .unwrap_or((value.member, value.name.clone()));
        let place = self.place(variable);
        let name = if variable == Variable::Xml || place == Place::Name {
            Vec::new()
        } else {
            name
        };
        let mut work = Scratch::default();
        let bytes = set::of(&value.bytes);
        Scanner::shared().scan(&value.bytes, &bytes, place, &name, &mut work);
        let mut all = work.found().iter();
        let Some(found) = all.find(|own| own.class == class && own.confidence >= least) else {
            return false;
        };
        let text = found.decoded(&work).unwrap_or(&value.bytes).to_vec();
        let (span, mut chain) = (found.span.clone(), Vec::new());
        found.chain.write(&mut chain);
        self.capture(link.capture, 0, Some(&text[span.clone()]));
        self.capture(link.capture, 1, Some(found.reading.as_bytes()));
        self.capture(link.capture, 2, Some(&chain));
        let origin = value.origin.clone();
        let value = Value {
            bytes: text,
            origin,
            ..value
        };
        self.matched.push(Matched {
            value,
            span: (span.start, span.end),
        });
        self.perform(link);
        true
    }

    fn place(&self, variable: Variable) -> Place {
        let name = variable.name();
        match variable {
            Variable::ArgsGet => Place::Query,
            Variable::ArgsPost if self.processor.is_some_and(Processor::is_json) => Place::Json,
            Variable::ArgsPost | Variable::Args => Place::Form,
            Variable::RequestCookies => Place::Cookie,
            Variable::RequestHeaders | Variable::MultipartPartHeaders => Place::Header,
            Variable::Files | Variable::MultipartFilename => Place::FileName,
            Variable::FilesTmpContent => Place::File,
            Variable::Xml => Place::Xml,
            Variable::MultipartName => Place::Name,
            Variable::MatchedVarsNames => Place::Body,
            _ if name.ends_with("_NAMES") && !name.starts_with("RESPONSE") => Place::Name,
            Variable::RequestFilename
            | Variable::RequestBasename
            | Variable::RequestUri
            | Variable::RequestUriRaw
            | Variable::RequestLine
            | Variable::PathInfo => Place::Path,
            _ => Place::Body,
        }
    }
}
