//! What an audit record is made of, taken from the transaction.

use super::{Interruption, Transaction};
use crate::audit::{Alert, Plan as Log, Record, Time, View};
use crate::hir::{AuditEngine, Engine, Processor};
use crate::plan::{Disruption, Plan, Rule};
use crate::variable::Variable;

/// Bytes of a value, and of a text with macros, that a record keeps.
const MAX_VALUE: usize = 512;
const MAX_TEXT: usize = 1024;
/// Matches that a reference of [`MAX_TEXT`] can tell of: `o0,1v?,1` is the shortest.
pub(super) const REFERENCES: usize = MAX_TEXT / 8 + 1;

impl Transaction {
    /// Whether matches have to be remembered in full.
    pub(super) fn keeps_alerts(&self, plan: &Plan) -> bool {
        plan.audit.is_some() || self.is_traced()
    }

    /// A match of the rule, as a record tells it.
    pub(super) fn alert(&mut self, plan: &Plan, rule: &Rule) -> Alert {
        let about = &rule.about;
        let (field, value) = match self.scratch.matched.last().copied() {
            Some(own) if !about.operator.is_empty() => {
                let field = self.full_name(own.variable, own.name);
                let field = self.scratch.strings.bytes(field);
                let field = String::from_utf8_lossy(field).into_owned();
                let value = self.scratch.strings.text(own.raw);
                let value = value.get(..MAX_VALUE.min(value.len()));
                (field, value.unwrap_or_default().to_vec())
            }
            Some(_) | None => Default::default(),
        };
        let stops = match rule.disruption {
            Disruption::Deny | Disruption::Drop | Disruption::Redirect(_) => true,
            Disruption::Pass | Disruption::Allow(_) => false,
        };
        Alert {
            rule: rule.id,
            place: rule.place.clone(),
            phase: rule.phase.number(),
            denied: stops && self.state.engine == Engine::On && !self.state.watch,
            operator: about.operator.to_string(),
            parameter: self.described(plan, &rule.parameter, MAX_TEXT),
            field,
            value,
            message: self.described(plan, &rule.message, MAX_TEXT),
            data: self.described(plan, &rule.log_data, MAX_TEXT),
            severity: rule.severity.map_or(0, |own| own as u8),
            tags: rule
                .tags
                .iter()
                .map(|tag| self.described(plan, tag, MAX_TEXT))
                .collect(),
            revision: about.revision.as_deref().unwrap_or_default().to_owned(),
            version: about.version.to_string(),
            maturity: about.maturity,
            accuracy: about.accuracy,
            reference: self.reference(plan, rule),
        }
    }

    /// What matched where: for each match `oSTART,LENGTH` in the value as the operator saw it, then
    /// the value's length, and the transformations before. Where the value stands in the request is
    /// not kept, and says `v?`.
    fn reference(&self, plan: &Plan, rule: &Rule) -> String {
        let chain = rule
            .links
            .last()
            .and_then(|link| plan.chains.get(usize::from(link.chain)));
        let steps = chain
            .map(|chain| chain.steps.as_slice())
            .unwrap_or_default();
        let steps: Vec<String> = steps
            .iter()
            .map(|step| format!("t:{}", step.name()))
            .collect();
        let steps = steps.join(",");
        let mut out = String::new();
        for own in &self.scratch.matched {
            if out.len() > MAX_TEXT {
                break;
            }
            let (start, end) = own.span;
            let length = self.scratch.strings.len(own.value);
            out.push_str(&format!(
                "o{start},{}v?,{length}{steps}",
                end.saturating_sub(start)
            ));
        }
        out
    }

    /// The line that tells of a match, for logs outside of a record.
    pub(super) fn alert_line(
        &mut self,
        alert: &Alert,
        interruption: Option<&Interruption>,
    ) -> String {
        let status = interruption.map_or(200, |own| own.status);
        let text = |own: &Self, variable| {
            let entry = own.entry(variable, 0);
            let bytes = entry.map(|entry| own.scratch.strings.text(entry.value));
            String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned()
        };
        let host = text(self, Variable::ServerName);
        let path = text(self, Variable::RequestFilename);
        let id = text(self, Variable::UniqueId);
        alert.tell(status, &host, &path, &id)
    }

    /// Whether the transaction gets a record, as `SecAuditEngine` and its statuses say.
    pub(super) fn is_audited(&self, log: Option<&Log>, marked: bool) -> bool {
        match self.state.audit {
            AuditEngine::On => true,
            AuditEngine::RelevantOnly => {
                marked || log.is_some_and(|log| log.is_relevant(self.answered()))
            }
            AuditEngine::Off => false,
        }
    }

    /// The status that the client gets.
    fn answered(&self) -> u16 {
        let own = self.state.interruption.as_ref();
        match own.filter(|_| !self.state.watch) {
            Some(own) => own.status,
            None if self.state.status == 0 => 200,
            None => self.state.status,
        }
    }

    /// The record of a finished transaction.
    pub(super) fn audit_record(&self, log: &Log, alerts: &[Alert]) -> Record {
        let strings = &self.scratch.strings;
        let first = |variable: Variable| {
            let entry = self.entry(variable, 0);
            entry.map_or(&b""[..], |entry| strings.text(entry.value))
        };
        let list = |variable: Variable| {
            let entries = self.scratch.entries.get(variable.index());
            let entries = entries.into_iter().flatten();
            entries.map(|own| (strings.bytes(own.name), strings.text(own.value)))
        };
        let is_multipart = self.state.processor == Some(Processor::Multipart);
        let sizes = list(Variable::FilesSizes).map(|(_, size)| size);
        let files = list(Variable::Files).zip(sizes);
        let protocol = first(Variable::RequestProtocol);
        log.record(&View {
            parts: self.state.audit_parts,
            time: Time(self.now()),
            id: first(Variable::UniqueId),
            client: self.connection.client,
            server: self.connection.server,
            method: first(Variable::RequestMethod),
            target: first(Variable::RequestUriRaw),
            path: first(Variable::RequestFilename),
            version: protocol.strip_prefix(b"HTTP/").unwrap_or(protocol),
            request: list(Variable::RequestHeaders).collect(),
            body: &strings.request,
            fields: is_multipart.then(|| list(Variable::ArgsPost).collect()),
            files: files
                .map(|((field, name), size)| [field, name, size])
                .collect(),
            interrupted: self.state.interruption.is_some() && !self.state.watch,
            status: self.answered(),
            response: list(Variable::ResponseHeaders).collect(),
            response_body: &strings.response,
            engine: match self.state.engine {
                Engine::On => "Enabled",
                Engine::DetectionOnly => "DetectionOnly",
                Engine::Off => "Disabled",
            },
            alerts,
        })
    }
}

/// What a record shows, whichever rules look at it.
pub(crate) const SHOWN: [Variable; 12] = [
    Variable::UniqueId,
    Variable::RequestMethod,
    Variable::RequestUriRaw,
    Variable::RequestFilename,
    Variable::RequestProtocol,
    Variable::RequestHeaders,
    Variable::ResponseHeaders,
    Variable::ServerName,
    Variable::ArgsPost,
    Variable::Files,
    Variable::FilesSizes,
    Variable::MultipartFilename,
];
