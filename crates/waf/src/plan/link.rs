//! Conditions and actions: names to slots, texts to templates, patterns to gates.

use std::sync::Arc;

use babyshield_model::{Diagnostic, Diagnostics};

use super::field::is_settled;
use super::gate::{Builder, Reach};
use super::literal::{Clause, Literal, clauses};
use super::{
    Action, Assignment, Bits, Chain, Ctl, Gate, Judge, Link, Macro, Parameter, Phrases, Piece,
    Select, Slot, Target,
};
use crate::body::xml::Path;
use crate::byteset::ByteSet;
use crate::hir::{self, Operator, Phase, Regex, RuleSelector, Selector, Template};
use crate::operator::{inject, regex::Pattern};
use crate::transform::Transform;
use crate::variable::Variable;

/// Interns what rules share while they are compiled.
#[derive(Default)]
pub(super) struct Linker {
    pub(super) chains: Vec<Chain>,
    patterns: Vec<Arc<Regex>>,
    /// The same, compiled.
    pub(super) compiled: Vec<Pattern>,
    /// The gates of the same.
    gates_of: Vec<Option<Gate>>,
    /// Patterns that cannot be compiled.
    pub(super) faults: Diagnostics,
    pub(super) selectors: Vec<Pattern>,
    selector_texts: Vec<String>,
    pub(super) paths: Vec<(String, Path)>,
    path_texts: Vec<String>,
    pub(super) slots: Slots,
    pub(super) uses: Bits,
    pub(super) gates: Builder,
    /// The strings that the condition at hand looks at.
    reach: Reach,
    removals: Vec<RuleSelector>,
    namespaces: Vec<(String, String)>,
}

/// `TX` names given a slot.
#[derive(Default)]
pub(super) struct Slots(Vec<String>);

impl Slots {
    fn intern(&mut self, name: &str) -> Slot {
        let known = self.0.iter().position(|own| own == name);
        let at = known.unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        Slot(index(at))
    }

    pub(super) fn find(&self, name: &str) -> Option<Slot> {
        self.0
            .iter()
            .position(|own| own == name)
            .map(|at| Slot(index(at)))
    }

    pub(super) fn into_names(self) -> Vec<String> {
        self.0
    }
}

/// Tables of a plan stay far below 65,536 entries; more would be refused by memory first.
fn index(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

impl Linker {
    /// A condition of a rule, its first or a later one.
    pub(super) fn link(&mut self, rule: &hir::Rule, at: usize, link: &hir::Link) -> Link {
        self.reach = reach(rule.phase, at, link);
        self.namespaces.clone_from(&link.namespaces);
        let chain = self.chain(&link.transforms);
        let (judge, gate) = self.judge(&link.operator);
        let stages = if link.multi_match {
            self.stages(&link.transforms)
        } else {
            vec![chain]
        };
        let targets = link.targets.clone().unwrap_or_default();
        let refuted = match &link.operator {
            Operator::Rx(pattern)
                if link.negated && at == 0 && !link.multi_match && !link.capture =>
            {
                // One that may give up is asked in its turn.
                let linear = pattern.pattern.is_linear();
                linear.then(|| self.gates.add_marked()).flatten()
            }
            _ => None,
        };
        Link {
            unconditional: link.targets.is_none(),
            targets: targets
                .included
                .iter()
                .map(|target| self.target(target))
                .collect(),
            excluded: self.exclusions(&targets.excluded),
            told: false,
            judge,
            negated: link.negated,
            chain,
            gate: gate.filter(|_| !link.negated),
            refuted,
            stages,
            scanned: false,
            multi_match: link.multi_match,
            capture: link.capture,
            waits: false,
            actions: link
                .actions
                .iter()
                .map(|action| self.action(action))
                .collect(),
        }
    }

    fn exclusions(&mut self, targets: &[hir::Target]) -> Vec<(Variable, Select)> {
        let own: Vec<_> = targets.iter().map(|target| self.target(target)).collect();
        own.into_iter()
            .map(|target| (target.variable, target.select))
            .collect()
    }

    fn chain(&mut self, steps: &[Transform]) -> u16 {
        let steps: Vec<_> = steps
            .iter()
            .copied()
            .filter(|s| *s != Transform::None)
            .collect();
        let known = self.chains.iter().position(|chain| chain.steps == steps);
        index(known.unwrap_or_else(|| {
            self.chains.push(Chain::new(&steps));
            self.chains.len() - 1
        }))
    }

    /// The chains through which `multiMatch` sees a value: nothing, then one step more each time.
    fn stages(&mut self, steps: &[Transform]) -> Vec<u16> {
        (0..=steps.len())
            .map(|count| self.chain(steps.get(..count).unwrap_or_default()))
            .collect()
    }

    fn target(&mut self, target: &hir::Target) -> Target {
        for member in target.variable.members() {
            self.use_variable(*member);
        }
        if matches!(
            target.variable,
            Variable::FullRequest | Variable::FullRequestLength
        ) {
            // It is put together from them.
            self.use_variable(Variable::RequestLine);
            self.use_variable(Variable::RequestHeaders);
        }
        if target.variable == Variable::Tx {
            self.use_captures(&target.selector);
        }
        let select = match &target.selector {
            Selector::All => Select::All,
            Selector::Name(name) if target.variable == Variable::Tx => {
                Select::Slot(self.slots.intern(name).0)
            }
            Selector::Name(name) => Select::Name(name.clone()),
            Selector::Pattern(pattern) => self.selector(pattern),
            Selector::Path(path) => self.path(path),
        };
        Target {
            variable: target.variable,
            select,
            count: target.count,
        }
    }

    /// Who looks at many of the `TX` variables may look at what matches capture.
    fn use_captures(&mut self, selector: &Selector) {
        let fits: Box<dyn Fn(&str) -> bool> = match selector {
            Selector::All => Box::new(|_| true),
            Selector::Pattern(text) => match Pattern::compile(text, &hir::SELECTOR) {
                Ok(own) => Box::new(move |name| own.is_match_alone(name.as_bytes())),
                Err(_) => return,
            },
            Selector::Name(_) | Selector::Path(_) => return,
        };
        for name in ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] {
            if fits(name) {
                self.slots.intern(name);
            }
        }
    }

    pub(super) fn use_variable(&mut self, variable: Variable) {
        let mut own = Bits::new(Variable::COUNT);
        own.insert(variable.index());
        self.uses.union(&own);
    }

    /// The pattern compiled before, when the rule was read; a pattern that fails then is reported
    /// there.
    fn selector(&mut self, pattern: &str) -> Select {
        if let Some(at) = self.selector_texts.iter().position(|own| own == pattern) {
            return Select::Pattern(index(at));
        }
        match Pattern::compile(pattern, &hir::SELECTOR) {
            Ok(compiled) => {
                self.selector_texts.push(pattern.to_owned());
                self.selectors.push(compiled);
                Select::Pattern(index(self.selectors.len() - 1))
            }
            Err(_) => Select::Name(pattern.to_owned()),
        }
    }

    fn path(&mut self, path: &str) -> Select {
        let text = format!("{path} {:?}", self.namespaces);
        if let Some(at) = self.path_texts.iter().position(|own| *own == text) {
            return Select::Path(index(at));
        }
        match Path::compile(path, &self.namespaces) {
            Ok(compiled) => {
                self.path_texts.push(text);
                self.paths.push((path.to_owned(), compiled));
                Select::Path(index(self.paths.len() - 1))
            }
            Err(_) => Select::Name(path.to_owned()),
        }
    }

    pub(super) fn template(&mut self, template: &Template) -> Macro {
        let piece = |piece: &hir::Piece| match piece {
            hir::Piece::Plain(text) => Piece::Plain(text.as_bytes().into()),
            hir::Piece::Macro(target) => match self.target(target) {
                Target {
                    variable: Variable::Tx,
                    select: Select::Slot(slot),
                    ..
                } => Piece::Slot(Slot(slot)),
                target => Piece::Value(target),
            },
        };
        Macro(template.0.iter().map(piece).collect())
    }

    fn judge(&mut self, operator: &Operator) -> (Judge, Option<Gate>) {
        let open = None;
        match operator {
            Operator::Always => (Judge::Always, open),
            Operator::Never => (Judge::Never, open),
            Operator::Rx(pattern) => {
                let (at, gate) = self.pattern(pattern);
                (Judge::Rx(at), gate)
            }
            Operator::RxMacro(text) => (Judge::RxMacro(self.template(text)), open),
            Operator::RxGlobal(pattern) => {
                let (at, gate) = self.pattern(pattern);
                (Judge::RxGlobal(at), gate)
            }
            Operator::Phrases(phrases) => self.phrases(phrases),
            Operator::Text(kind, parameter) => (Judge::Text(*kind, self.template(parameter)), open),
            Operator::Number(kind, parameter) => {
                (Judge::Number(*kind, self.parameter(parameter)), open)
            }
            Operator::IpMatch(networks) => (Judge::IpMatch(networks.clone()), open),
            Operator::ByteRange(allowed) => (
                Judge::ByteRange(*allowed),
                self.gate_of_bytes(allowed.complement()),
            ),
            Operator::UrlEncoding => (
                Judge::UrlEncoding,
                self.gate_of_bytes(ByteSet::from_bytes(b"%")),
            ),
            Operator::Utf8Encoding => (
                Judge::Utf8Encoding,
                self.gate_of_bytes(ByteSet::range(0x80, 0xff)),
            ),
            Operator::Checksum(kind, pattern) => {
                let (at, gate) = self.pattern(pattern);
                (Judge::Checksum(*kind, at), gate)
            }
            Operator::Detect(class, confidence) => {
                // Made here rather than by the first request.
                babyshield_detect::Scanner::warm();
                (
                    Judge::Detect(*class, *confidence),
                    self.gates.add_detected(*class, *confidence),
                )
            }
            Operator::DetectSqli => {
                // As above.
                inject::warm();
                (Judge::DetectSqli, open)
            }
            // Every token that makes libinjection speak begins with `<` or follows a `=`.
            Operator::DetectXss => (
                Judge::DetectXss,
                self.gate_of_bytes(ByteSet::from_bytes(b"<=")),
            ),
            Operator::GeoLookup => (Judge::GeoLookup, open),
            Operator::Rbl(zone) => (Judge::Rbl(zone.clone()), open),
        }
    }

    /// The number of a pattern, and its gate.
    fn pattern(&mut self, pattern: &Arc<Regex>) -> (u16, Option<Gate>) {
        let same = |own: &Arc<Regex>| own.text == pattern.text && own.groups == pattern.groups;
        let known = self.patterns.iter().position(same);
        let at = known.unwrap_or_else(|| {
            match pattern.pattern.without_hir() {
                Ok(compiled) => {
                    let hir = pattern.pattern.hir();
                    let gate = hir.and_then(|hir| self.gates.add(clauses(&hir), self.reach));
                    self.patterns.push(Arc::clone(pattern));
                    self.compiled.push(compiled);
                    self.gates_of.push(gate);
                }
                Err(message) => {
                    let fault = Diagnostic::error("seclang.bad_pattern", message);
                    self.faults.push(fault.at(pattern.span.clone()));
                }
            }
            self.patterns.len().saturating_sub(1)
        });
        pattern.pattern.forget();
        let gate = self.gates_of.get(at).copied().flatten();
        if let Some(gate) = gate {
            self.gates.widen(gate, self.reach);
        }
        (index(at), gate)
    }

    /// Only strings with one of these bytes can match.
    fn gate_of_bytes(&mut self, bytes: ByteSet) -> Option<Gate> {
        let clause = Clause {
            sets: vec![bytes],
            ..Clause::default()
        };
        self.gates.add(vec![clause], self.reach)
    }

    fn phrases(&mut self, phrases: &[Vec<u8>]) -> (Judge, Option<Gate>) {
        let lower: Vec<Vec<u8>> = phrases.iter().map(|own| own.to_ascii_lowercase()).collect();
        let clause = Clause {
            literals: vec![lower.iter().map(|own| Literal::of(own)).collect()],
            ..Clause::default()
        };
        let gate = self.gates.add(vec![clause], self.reach);
        (Judge::Phrases(Phrases::new(lower)), gate)
    }

    fn parameter(&mut self, template: &Template) -> Parameter {
        match template.as_plain() {
            Some(text) => Parameter::Number(crate::operator::number::parse(text.as_bytes())),
            None => Parameter::Macro(self.template(template)),
        }
    }

    fn action(&mut self, action: &hir::Action) -> Action {
        match action {
            hir::Action::SetVar(store, assignment) => self.set_var(store, assignment),
            hir::Action::ExpireVar(store, seconds) => {
                let name = self.template(&store.name);
                Action::ExpireVar(store.collection, name, self.template(seconds))
            }
            hir::Action::Bind(collection, key) => Action::Bind(*collection, self.template(key)),
            hir::Action::SetEnv(name, value) => {
                Action::SetEnv(self.template(name), self.template(value))
            }
            hir::Action::Ctl(ctl) => Action::Ctl(self.ctl(ctl)),
        }
    }

    fn set_var(&mut self, store: &hir::Store, assignment: &hir::Assignment) -> Action {
        let assignment = match assignment {
            hir::Assignment::Set(value) => match value.as_plain().map(plain_number) {
                Some(Some(number)) => Assignment::Number(number),
                Some(None) | None => Assignment::Set(self.template(value)),
            },
            hir::Assignment::Add(value) => Assignment::Add {
                amount: self.parameter(value),
                negative: false,
            },
            hir::Assignment::Subtract(value) => Assignment::Add {
                amount: self.parameter(value),
                negative: true,
            },
            hir::Assignment::Remove => Assignment::Remove,
        };
        match (store.collection, store.name.as_plain()) {
            (Variable::Tx, Some(name)) => {
                Action::SetSlot(self.slots.intern(&name.to_ascii_lowercase()), assignment)
            }
            (collection, _) => Action::SetVar(collection, self.template(&store.name), assignment),
        }
    }

    fn ctl(&mut self, ctl: &hir::Ctl) -> Ctl {
        match ctl {
            hir::Ctl::Engine(engine) => Ctl::Engine(*engine),
            hir::Ctl::RequestBody(on) => Ctl::RequestBody(*on),
            hir::Ctl::ResponseBody(on) => Ctl::ResponseBody(*on),
            hir::Ctl::Processor(processor) => Ctl::Processor(*processor),
            hir::Ctl::ForceRequestBody(on) => Ctl::ForceRequestBody(*on),
            hir::Ctl::Audit(audit) => Ctl::Audit(*audit),
            hir::Ctl::AuditParts(change) => Ctl::AuditParts(*change),
            hir::Ctl::Remove(rules) => Ctl::Remove(self.removal(rules)),
            hir::Ctl::RemoveTarget(rules, targets) => {
                let mask = self.removal(rules);
                Ctl::RemoveTarget(mask, self.exclusions(&targets.included))
            }
        }
    }

    fn removal(&mut self, rules: &RuleSelector) -> u16 {
        let known = self.removals.iter().position(|own| own == rules);
        index(known.unwrap_or_else(|| {
            self.removals.push(rules.clone());
            self.removals.len() - 1
        }))
    }

    /// Which rules each removal takes away.
    pub(super) fn masks(&self, rules: &[&hir::Rule]) -> Vec<Bits> {
        let mask = |selector: &RuleSelector| {
            let matches = selector.matcher();
            let mut bits = Bits::new(rules.len());
            for (at, rule) in rules.iter().enumerate() {
                if matches(rule) {
                    bits.insert(at);
                }
            }
            bits
        };
        self.removals.iter().map(mask).collect()
    }
}

/// Which strings a condition looks at.
fn reach(phase: Phase, at: usize, link: &hir::Link) -> Reach {
    if at > 0 {
        return Reach::Later;
    }
    if !matches!(phase, Phase::RequestHead | Phase::RequestBody) {
        return Reach::Response;
    }
    let targets = link.targets.iter().flat_map(|own| &own.included);
    let mut members = targets.flat_map(|own| own.variable.members());
    if members.all(|own| is_of_head(*own)) {
        Reach::Head
    } else {
        Reach::All
    }
}

/// Whether a variable's values are the request line, parts of it other than arguments, or header fields.
fn is_of_head(variable: Variable) -> bool {
    let is_query = matches!(
        variable,
        Variable::ArgsGet | Variable::ArgsGetNames | Variable::QueryString
    );
    is_settled(variable) && !is_query
}

/// A text that is exactly a decimal number, so that it can be held as one and printed back.
pub(super) fn plain_number(text: &str) -> Option<i64> {
    text.parse::<i64>()
        .ok()
        .filter(|number| number.to_string() == text)
}
