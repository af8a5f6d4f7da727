//! Filling variables from bodies.

use super::head::Collector;
use super::text::Slice;
use super::{Entry, Step, Transaction};
use crate::body::{self as bodies, Fault, json, multipart, urlencoded};
use crate::hir::Processor;
use crate::plan::Plan;
use crate::variable::Variable;

impl Plan {
    /// What a body may hold.
    pub(super) fn body_limits(&self) -> bodies::Limits {
        let own = &self.limits;
        let default = bodies::Limits::default();
        bodies::Limits {
            arguments: self
                .settings
                .arguments
                .map_or(own.arguments, |n| n.min(own.arguments)),
            depth: self
                .settings
                .json_depth
                .map_or(own.depth, |n| n.min(own.depth)),
            parts: own.parts,
            files: self
                .settings
                .files
                .unwrap_or(default.files)
                .min(default.files),
            ..default
        }
    }
}

/// Whatever follows the type: an application may be as generous, and a parameter in the wrong place
/// is told by the parser.
fn is_multipart(essence: &[u8]) -> bool {
    const TYPE: &[u8] = b"multipart/form-data";
    let (own, rest) = essence.split_at(TYPE.len().min(essence.len()));
    own.eq_ignore_ascii_case(TYPE)
        && !rest
            .first()
            .is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.'))
}

const TOO_MUCH_BESIDE_FILES: &str =
    "the request body without its files is longer than SecRequestBodyNoFilesLimit";

impl Transaction {
    /// Takes the request body apart and fills what depends on it.
    pub(super) fn fill_request_body(&mut self) {
        let plan = std::sync::Arc::clone(&self.plan);
        let processor = self.state.processor;
        self.unpack_request_body(&plan);
        let length = self.scratch.strings.request.len();
        if let Some(processor) = processor.filter(|_| length > 0) {
            self.parse_within(&plan, processor);
            self.note_arguments(Variable::ArgsPost);
            self.note_files();
        }
        // A JSON key as the application sees it is in the whole only; of multipart and XML the parts
        // are looked at, and the whole would be files and comments too.
        let whole = self.state.force_request_body
            || match processor {
                None | Some(Processor::Urlencoded | Processor::Json | Processor::JsonLines) => true,
                Some(Processor::Multipart | Processor::Xml) => false,
            };
        if length > 0 && whole && plan.uses.contains(Variable::RequestBody.index()) {
            let body = self.scratch.strings.request_slice();
            let value = self.scratch.strings.string_at(body);
            self.put(Variable::RequestBody, Slice::default(), value);
        }
        self.put_number(Variable::RequestBodyLength, length);
        self.put_number(Variable::InboundDataError, usize::from(self.state.body_cut));
        self.put_number(Variable::FilesCombinedSize, self.state.file_bytes);
        self.put_body_faults();
        self.put_full_request(&plan);
    }

    /// A body that came packed is judged as what it unpacks to. Codings that cannot be undone leave it
    /// as it is; the rules see them in the header.
    fn unpack_request_body(&mut self, plan: &Plan) {
        if self.scratch.strings.request.is_empty() {
            return;
        }
        let mut coding = None;
        for at in 0..self.entry_count(Variable::RequestHeaders) {
            if let Some(own) = self.entry(Variable::RequestHeaders, at)
                && let strings = &self.scratch.strings
                && strings
                    .bytes(own.name)
                    .eq_ignore_ascii_case(b"content-encoding")
            {
                coding = bodies::packed::Coding::named(strings.text(own.value));
            }
        }
        let Some(coding) = coding else {
            return;
        };
        let packed = std::mem::take(&mut self.scratch.strings.request);
        let unpacked = &mut self.scratch.strings.request;
        if let Err(fault) = coding.unpack(&packed, plan.request_limit(), unpacked) {
            self.state.body_fault = Some(fault.to_string());
            self.scratch.strings.request = packed;
        }
    }

    /// The processor that the content type asks for.
    pub(super) fn processor_by_type(&self) -> Option<Processor> {
        let value = self.scratch.strings.bytes(self.state.content_type);
        let essence = value
            .split(|byte| *byte == b';')
            .next()
            .unwrap_or_default()
            .trim_ascii();
        let is = |name: &str| essence.eq_ignore_ascii_case(name.as_bytes());
        let ends = |suffix: &str| {
            let from = essence.len().checked_sub(suffix.len());
            let end = from.and_then(|from| essence.get(from..));
            end.is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
        };
        if is("application/x-www-form-urlencoded") {
            Some(Processor::Urlencoded)
        } else if is_multipart(essence) {
            Some(Processor::Multipart)
        } else if is("application/json") || ends("+json") {
            Some(Processor::Json)
        } else if is("text/xml") || is("application/xml") || ends("+xml") {
            Some(Processor::Xml)
        } else {
            None
        }
    }

    /// Takes a body apart whose bytes apart from files are within `SecRequestBodyNoFilesLimit`.
    fn parse_within(&mut self, plan: &Plan, processor: Processor) {
        let limit = plan.settings.no_files_limit.unwrap_or(u64::MAX);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let length = self.scratch.strings.request.len();
        // What may be files is known only afterwards.
        if processor == Processor::Multipart || length <= limit {
            self.parse_body(plan, processor);
        }
        let beside_files = match processor {
            Processor::Multipart => self.state.beside_files,
            Processor::Urlencoded | Processor::Json | Processor::JsonLines | Processor::Xml => {
                length
            }
        };
        if beside_files > limit {
            self.note(|_| Step::TooMuchBesideFiles);
            self.state.body_cut = true;
            self.state
                .body_fault
                .get_or_insert_with(|| TOO_MUCH_BESIDE_FILES.to_owned());
        }
    }

    fn parse_body(&mut self, plan: &Plan, processor: Processor) {
        let body = std::mem::take(&mut self.scratch.strings.request);
        let mut limits = plan.body_limits();
        // Those of the query count too.
        limits.arguments = limits.arguments.saturating_sub(self.state.arguments);
        let fault = match processor {
            Processor::Urlencoded => self.parse_urlencoded(plan, &body, &limits),
            Processor::Json => self.with_fields(plan, |parser, fields| {
                json::parse(&body, &limits, parser, fields).err()
            }),
            Processor::JsonLines => self.with_fields(plan, |parser, fields| {
                json::parse_lines(&body, &limits, parser, fields).err()
            }),
            Processor::Multipart => self.parse_multipart(plan, &body, &limits),
            Processor::Xml => self.parse_xml(plan, &body, &limits),
        };
        self.scratch.strings.request = body;
        if processor != Processor::Multipart {
            self.note(|_| Step::Body {
                processor,
                fault,
                flags: None,
            });
        }
        if let Some(fault) = fault {
            self.state.body_fault = Some(format!("{}: {fault}", processor.name()));
        }
    }

    /// What the rules' paths lead to is kept under the number of the path.
    fn parse_xml(&mut self, plan: &Plan, body: &[u8], limits: &bodies::Limits) -> Option<Fault> {
        let mut work = self.scratch.work.take().unwrap_or_default();
        let (document, walk) = (&mut work.document, &mut work.walk);
        let fault = document.parse(body, limits).err();
        for (at, (_, path)) in (0_u16..).zip(&plan.paths) {
            let scratch = &mut *self.scratch;
            let name = scratch.strings.keep(&at.to_be_bytes());
            let Some(list) = scratch.entries.get_mut(Variable::Xml.index()) else {
                break;
            };
            path.select(document, walk, |text| {
                let value = scratch.strings.add_again(text);
                list.push(Entry { name, value });
            });
        }
        document.clear();
        self.scratch.work.put(work);
        fault
    }

    fn parse_urlencoded(
        &mut self,
        plan: &Plan,
        body: &[u8],
        limits: &bodies::Limits,
    ) -> Option<Fault> {
        let separator = plan.settings.separator;
        let outcome = self.with_fields(plan, |parser, fields| {
            urlencoded::parse(body, separator, limits, parser, fields)
        });
        if outcome.invalid > 0 && !self.state.url_errors {
            self.state.url_errors = true;
            self.replace_number(Variable::UrlencodedError, 1);
        }
        outcome.fault
    }

    /// Lets a parser tell its fields to the `POST` variables.
    fn with_fields<T>(
        &mut self,
        plan: &Plan,
        parse: impl FnOnce(&mut bodies::Scratch, &mut Collector<'_>) -> T,
    ) -> T {
        let scratch = &mut *self.scratch;
        let mut fields = Collector {
            strings: &mut scratch.strings,
            entries: &mut scratch.entries,
            uses: &plan.uses,
            values: Variable::ArgsPost,
            names: Variable::ArgsPostNames,
            count: 0,
            total: 0,
            files: 0,
            beside_files: 0,
        };
        let work = scratch.work.get();
        let result = parse(&mut work.parser, &mut fields);
        let (total, files) = (fields.total, fields.files);
        let beside_files = fields.beside_files;
        self.state.argument_bytes += total;
        self.state.file_bytes += files;
        self.state.beside_files = beside_files;
        self.replace_number(Variable::ArgsCombinedSize, self.state.argument_bytes);
        result
    }

    fn replace_number(&mut self, variable: Variable, number: usize) {
        self.clear(variable);
        self.put_number(variable, number);
    }

    fn put_body_faults(&mut self) {
        let message = self.state.body_fault.clone().unwrap_or_default();
        let flag = usize::from(self.state.body_fault.is_some());
        for variable in [Variable::ReqbodyError, Variable::ReqbodyProcessorError] {
            self.put_number(variable, flag);
        }
        for variable in [
            Variable::ReqbodyErrorMsg,
            Variable::ReqbodyProcessorErrorMsg,
        ] {
            self.put_scalar(variable, message.as_bytes());
        }
    }

    /// Head and body as one text, where a rule asks for it.
    fn put_full_request(&mut self, plan: &Plan) {
        let wanted = [Variable::FullRequest, Variable::FullRequestLength]
            .iter()
            .any(|variable| plan.uses.contains(variable.index()));
        if !wanted {
            return;
        }
        let strings = &self.scratch.strings;
        let mut text = Vec::new();
        if let Some(line) = self.entry(Variable::RequestLine, 0) {
            text.extend_from_slice(strings.text(line.value));
            text.extend_from_slice(b"\n");
        }
        let headers = self.scratch.entries.get(Variable::RequestHeaders.index());
        for header in headers.into_iter().flatten() {
            text.extend_from_slice(strings.bytes(header.name));
            text.extend_from_slice(b": ");
            text.extend_from_slice(strings.text(header.value));
            text.extend_from_slice(b"\n");
        }
        text.extend_from_slice(b"\n");
        text.extend_from_slice(&strings.request);
        self.put_scalar(Variable::FullRequest, &text);
        self.put_number(Variable::FullRequestLength, text.len());
    }

    pub(super) fn fill_response_body(&mut self) {
        let plan = std::sync::Arc::clone(&self.plan);
        let inspected = self.wants_response_body();
        if inspected && plan.uses.contains(Variable::ResponseBody.index()) {
            let body = self.scratch.strings.response_slice();
            let value = self.scratch.strings.string(body);
            self.put(Variable::ResponseBody, Slice::default(), value);
        }
        let length = self.scratch.strings.response.len();
        if inspected && self.entry_count(Variable::ResponseContentLength) == 0 {
            self.put_number(Variable::ResponseContentLength, length);
        }
        let cut = length >= plan.response_limit();
        self.put_number(Variable::OutboundDataError, usize::from(cut));
    }
}

impl Transaction {
    fn parse_multipart(
        &mut self,
        plan: &Plan,
        body: &[u8],
        limits: &bodies::Limits,
    ) -> Option<Fault> {
        let content_type = self.scratch.strings.bytes(self.state.content_type).to_vec();
        let outcome = self.with_fields(plan, |parser, fields| {
            multipart::parse(&content_type, body, limits, parser, fields)
        });
        let flags = outcome.flags;
        let numbers = [
            (Variable::MultipartBoundaryQuoted, flags.boundary_quoted),
            (
                Variable::MultipartBoundaryWhitespace,
                flags.boundary_whitespace,
            ),
            (Variable::MultipartDataBefore, flags.data_before),
            (Variable::MultipartDataAfter, flags.data_after),
            (Variable::MultipartHeaderFolding, flags.header_folding),
            (Variable::MultipartLfLine, flags.lf_line),
            (Variable::MultipartCrlfLfLines, flags.crlf_lf_lines()),
            (Variable::MultipartMissingSemicolon, flags.missing_semicolon),
            (Variable::MultipartInvalidQuoting, flags.invalid_quoting),
            (Variable::MultipartInvalidPart, flags.invalid_part),
            (
                Variable::MultipartInvalidHeaderFolding,
                flags.invalid_header_folding,
            ),
            (
                Variable::MultipartFileLimitExceeded,
                flags.file_limit_exceeded,
            ),
            (Variable::MultipartStrictError, flags.strict_error()),
        ];
        for (variable, flag) in numbers {
            self.put_number(variable, usize::from(flag));
        }
        self.put_number(
            Variable::MultipartUnmatchedBoundary,
            usize::from(flags.unmatched_boundary),
        );
        self.note(|_| Step::Body {
            processor: Processor::Multipart,
            fault: outcome.fault,
            flags: Some(flags),
        });
        outcome.fault
    }
}
