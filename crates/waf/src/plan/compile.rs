//! HIR to plan.

use std::collections::BTreeMap;
use std::sync::Arc;

use babyshield_model::{Diagnostics, ManualClock};

use super::asked::Asked;
use super::field::{choose_parts, detect, each_field, groups, is_settled, join, route, watch};
use super::gate::in_both_cases;
use super::link::{Linker, Slots};
use super::order::Order;
use super::pool::Pool;
use super::quick::note_told;
use super::{
    Bits, Chain, Disruption, Gates, Judge, Link, Op, Parameter, PhasePlan, Plan, Quick, Refuted,
    Rule, Scores, Select, Slot, Target,
};
use super::{exclude, fold, input};
use crate::audit::{self, About};
use crate::builtin;
use crate::byteset::ByteSet;
use crate::collection;
use crate::hir::{self, Input, Phase, RuleSet, Step};
use crate::operator::regex::Pattern;
use crate::source::Files;
use crate::spec::{Compiled, Spec};
use crate::transaction::SHOWN;
use crate::transform::Transform;
use crate::variable::{Shape, Variable};

/// Scratch values kept between requests, for each thread; more concurrent requests allocate their own.
const POOL: usize = 64;
/// Working memory kept between transactions: a thread works at one at a time.
const WORKS: usize = 1;

/// Names under which rule sets keep the sum that is compared with the threshold: CRS 4, CRS 3,
/// older.
const INBOUND: [&str; 3] = [
    "blocking_inbound_anomaly_score",
    "inbound_anomaly_score",
    "anomaly_score",
];
const THRESHOLD: [&str; 2] = [
    "inbound_anomaly_score_threshold",
    "inbound_anomaly_score_level",
];

/// How much is done so that rules run fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effort {
    None,
    All,
}

impl Plan {
    /// Reads and checks the rules without compiling them: for tools that look them over.
    ///
    /// # Errors
    /// Every fault found in any file, with its place.
    pub fn read(spec: &Spec, files: &dyn Files) -> Result<(RuleSet, Diagnostics), Diagnostics> {
        let files = builtin::Overlay(files);
        hir::lower(
            &input::inputs(spec, &files)?,
            &files,
            spec.limits.regex_steps,
        )
    }

    /// Reads, checks and compiles the rules.
    ///
    /// # Errors
    /// Every fault found in any file, with its place.
    pub fn compile(spec: &Spec, files: &dyn Files) -> Result<Compiled, Diagnostics> {
        let (set, warnings) = Self::lowered(spec, files)?;
        let plan = Self::of(&set, spec, Effort::All)?;
        Ok(Compiled { plan, warnings })
    }

    /// As [`Plan::compile`], for a look at every step of the rules: nothing that is there for speed
    /// alone, every rule asked about every value, every variable filled.
    ///
    /// # Errors
    /// As [`Plan::compile`].
    pub fn as_written(spec: &Spec, files: &dyn Files) -> Result<Compiled, Diagnostics> {
        let (set, warnings) = Self::lowered(spec, files)?;
        let plan = Self::of(&set, spec, Effort::None)?.without_shortcuts();
        Ok(Compiled { plan, warnings })
    }

    /// As [`Plan::compile`], with the rule set it was compiled from.
    pub(crate) fn compile_with_set(
        spec: &Spec,
        files: &dyn Files,
    ) -> Result<(RuleSet, Self), Diagnostics> {
        let (set, _) = Self::lowered(spec, files)?;
        let plan = Self::of(&set, spec, Effort::All)?;
        Ok((set, plan))
    }

    /// The rules as compiled: with the operator's level, threshold and exclusions among them.
    fn lowered(spec: &Spec, files: &dyn Files) -> Result<(RuleSet, Diagnostics), Diagnostics> {
        let files = builtin::Overlay(files);
        let inputs = input::inputs(spec, &files)?;
        let (mut set, warnings) = hir::lower(&inputs, &files, spec.limits.regex_steps)?;
        insert_overrides(&mut set, spec, &files)?;
        exclude::insert(&mut set, &spec.exclusions, &files)?;
        Ok((set, warnings))
    }

    /// Compiles a rule set that was read already.
    ///
    /// # Errors
    /// The literals of the rules are too many for one automaton, or a pattern is too large.
    fn of(set: &RuleSet, spec: &Spec, effort: Effort) -> Result<Self, Diagnostics> {
        let by_rule: Vec<&hir::Rule> = rules_of(set).collect();
        let orders = Phase::ALL.map(|phase| Order::new(set, &by_rule, phase));
        let live = alive(&by_rule, &orders, effort);
        let audited = effort == Effort::None || set.settings.audit_log.is_placed();
        let mut linker = linker(effort, audited);
        let each = by_rule.iter().zip(&live);
        let each = each.map(|(rule, live)| compile_rule(&mut linker, rule, *live, audited));
        let mut rules: Vec<Rule> = each.collect();
        let masks = linker.masks(&by_rule);
        let Linker {
            chains,
            compiled: patterns,
            selectors,
            paths,
            slots,
            uses,
            gates,
            faults,
            ..
        } = linker;
        if !faults.is_empty() {
            return Err(faults);
        }
        note_told(&mut rules, &chains);
        let mut gates = gates.build();
        let mut phases = orders.map(|order| coded(&order.only(&live), &mut rules));
        for phase in &mut phases {
            arrange(phase, &mut rules, &chains, &gates);
        }
        look_once(&mut phases, &chains, &mut gates);
        gates.seal();
        let scores = scores(&slots);
        let captures = std::array::from_fn(|group| slots.find(&group.to_string()));
        let tx_names = slots.into_names();
        let slots_of = slots_of(&selectors, &tx_names);
        let mut own = Self {
            asked: Asked::of(&rules),
            rules,
            phases,
            chains,
            patterns,
            selectors,
            gates,
            tx_names,
            slots_of,
            masks,
            paths,
            uses,
            settings: set.settings.clone(),
            limits: spec.limits.clone(),
            scores,
            captures,
            clock: Arc::new(ManualClock::default()),
            collections: Arc::new(collection::Memory::default()),
            audit: audit::Plan::new(&set.settings.audit_log, &set.settings.components),
            pool: Pool::new(POOL),
            works: Pool::new(WORKS),
        };
        own.note_captures();
        Ok(own)
    }

    /// Takes the time from here; without it, time stands still at the epoch.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn babyshield_model::Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Takes away everything that is there for speed alone: every rule is asked about every value
    /// it looks at. For tests, which hold the plan to judging the same without.
    #[doc(hidden)]
    #[must_use]
    pub fn without_shortcuts(mut self) -> Self {
        for phase in &mut self.phases {
            let mut all = Bits::new(phase.code.len());
            for (at, op) in phase.code.iter_mut().enumerate() {
                op.quick = None;
                all.insert(at);
            }
            phase.always = all;
            phase.fields.clear();
            phase.groups.clear();
        }
        for rule in &mut self.rules {
            rule.reads_groups = true;
            rule.reads_match = true;
        }
        for link in self.rules.iter_mut().flat_map(|rule| &mut rule.links) {
            link.waits = false;
            link.gate = None;
            link.refuted = None;
            link.scanned = false;
            link.told = false;
        }
        self
    }

    /// What the rules say of an audit log, if they name a place for one.
    #[must_use]
    pub fn audit_log(&self) -> Option<&audit::Log> {
        self.audit.as_ref().map(|own| &own.log)
    }

    /// Gives audit records to somebody who writes them; the first one given keeps the job. Without
    /// anybody they are in [`Outcome::record`](crate::Outcome::record).
    pub fn audit_to(&self, sink: Arc<dyn audit::Sink>) {
        if let Some(own) = &self.audit {
            own.sink.get_or_init(|| sink);
        }
    }

    /// As [`Plan::with_collections`], for a plan that is kept somewhere.
    pub fn share(&mut self, collections: Arc<dyn collection::Collections>) {
        self.collections = collections;
    }

    /// Where persistent collections are kept.
    #[must_use]
    pub fn collections(&self) -> Arc<dyn collection::Collections> {
        Arc::clone(&self.collections)
    }

    /// Keeps persistent collections here, so that they outlive a reload of the rules.
    #[must_use]
    pub fn with_collections(mut self, collections: Arc<dyn collection::Collections>) -> Self {
        self.collections = collections;
        self
    }
}

/// For each rule, whether it is to run; what the others need to be compiled is freed.
fn alive(rules: &[&hir::Rule], orders: &[Order; 5], effort: Effort) -> Vec<bool> {
    if effort == Effort::None {
        return vec![true; rules.len()];
    }
    let live = fold::live(rules, orders);
    let dead = rules.iter().zip(&live).filter(|(_, live)| !**live);
    dead.for_each(|(rule, _)| rule.forget());
    live
}

fn linker(effort: Effort, audited: bool) -> Linker {
    let mut own = Linker::default();
    // The engine reads the coding of a body itself.
    own.use_variable(Variable::RequestHeaders);
    if audited {
        SHOWN.iter().for_each(|each| own.use_variable(*each));
    }
    if effort == Effort::None {
        Variable::ALL
            .iter()
            .for_each(|each| own.use_variable(*each));
    }
    own
}

/// The slots in which the rules keep their sums.
fn scores(slots: &Slots) -> Scores {
    Scores {
        inbound: INBOUND.iter().filter_map(|name| slots.find(name)).collect(),
        threshold: THRESHOLD
            .iter()
            .filter_map(|name| slots.find(name))
            .collect(),
    }
}

/// For each selector, the slots whose names it fits.
fn slots_of(selectors: &[Pattern], names: &[String]) -> Vec<Vec<Slot>> {
    selectors.iter().map(|own| fitting(own, names)).collect()
}

fn fitting(selector: &Pattern, names: &[String]) -> Vec<Slot> {
    let fits = |(_, name): &(u16, &String)| selector.is_match_alone(name.as_bytes());
    let slots = (0_u16..).zip(names).filter(fits);
    slots.map(|(slot, _)| Slot(slot)).collect()
}

fn rules_of(set: &RuleSet) -> impl Iterator<Item = &hir::Rule> {
    set.steps.iter().filter_map(|step| match step {
        Step::Rule(rule) => Some(rule.as_ref()),
        Step::Marker(_) => None,
    })
}

/// Puts the operator's level and threshold after the set-up file and before the rules.
fn insert_overrides(set: &mut RuleSet, spec: &Spec, files: &dyn Files) -> Result<(), Diagnostics> {
    let mut variables: BTreeMap<&str, u32> = BTreeMap::new();
    if let Some(level) = spec.level {
        for name in [
            "paranoia_level",
            "blocking_paranoia_level",
            "detection_paranoia_level",
        ] {
            variables.insert(name, u32::from(level));
        }
    }
    if let Some(threshold) = spec.threshold {
        variables.insert("inbound_anomaly_score_threshold", threshold);
    }
    if variables.is_empty() {
        return Ok(());
    }
    let set_vars: String = variables
        .iter()
        .map(|(name, value)| format!(",setvar:'tx.{name}={value}'"))
        .collect();
    let text = format!("SecAction \"id:18446744073709551615,phase:1,pass,nolog{set_vars}\"\n");
    let (own, _) = hir::lower(&[Input::Text("<policy>".to_owned(), text)], files, 1)?;
    let at = set.steps.iter().position(|step| match step {
        Step::Rule(rule) => {
            let name = &rule.span.source.name;
            !input::comes_from_setup(name) && name != input::ENGINE_NAME
        }
        Step::Marker(_) => false,
    });
    let at = at.unwrap_or(set.steps.len());
    set.steps.splice(at..at, own.steps);
    Ok(())
}

/// A rule that never runs keeps what it says of itself, for those who list the rules.
fn compile_rule(linker: &mut Linker, rule: &hir::Rule, live: bool, audited: bool) -> Rule {
    let disruption = match &rule.disruption {
        hir::Disruption::Pass => Disruption::Pass,
        hir::Disruption::Deny => Disruption::Deny,
        hir::Disruption::Drop => Disruption::Drop,
        hir::Disruption::Redirect(to) => Disruption::Redirect(linker.template(to)),
        hir::Disruption::Allow(reach) => Disruption::Allow(*reach),
    };
    let template = |linker: &mut Linker, text: &Option<hir::Template>| {
        text.as_ref()
            .map(|text| linker.template(text))
            .unwrap_or_default()
    };
    Rule {
        id: rule.id,
        phase: rule.phase,
        disruption,
        status: rule.status,
        log: rule.log,
        audit: rule.audit,
        next: 0,
        conditions: rule.links.len(),
        links: rule
            .links
            .iter()
            .enumerate()
            .filter(|_| live)
            .map(|(at, link)| linker.link(rule, at, link))
            .collect(),
        message: template(linker, &rule.meta.message),
        log_data: template(linker, &rule.meta.log_data),
        reads_groups: false,
        reads_match: false,
        severity: rule.meta.severity,
        about: about(rule),
        parameter: parameter(linker, rule, audited),
        tags: rule
            .meta
            .tags
            .iter()
            .map(|tag| linker.template(tag))
            .collect(),
        place: hir::place(&rule.span),
    }
}

/// What a rule says of itself in an audit record.
fn about(rule: &hir::Rule) -> About {
    let meta = &rule.meta;
    let operator = rule.links.last().map(|link| link.asked.name.as_str());
    About {
        revision: meta.revision.as_deref().map(Box::from),
        version: meta.version.as_deref().unwrap_or_default().into(),
        maturity: meta.maturity.unwrap_or_default(),
        accuracy: meta.accuracy.unwrap_or_default(),
        operator: operator.unwrap_or_default().into(),
    }
}

/// The parameter of the last condition, where anybody will read it.
fn parameter(linker: &mut Linker, rule: &hir::Rule, audited: bool) -> super::Macro {
    let Some(link) = rule.links.last().filter(|_| audited) else {
        return super::Macro::default();
    };
    match &link.operator {
        hir::Operator::Text(_, text)
        | hir::Operator::Number(_, text)
        | hir::Operator::RxMacro(text) => linker.template(text),
        _ => super::Macro(vec![super::Piece::Plain(
            link.asked.parameter.as_bytes().into(),
        )]),
    }
}

/// The code of a phase.
fn coded(order: &Order, rules: &mut [Rule]) -> PhasePlan {
    for (own, next) in order.code.iter().zip(&order.next) {
        if let Some(rule) = rules.get_mut(*own) {
            rule.next = u32::try_from(*next).unwrap_or(u32::MAX);
        }
    }
    let op = |own: &usize| Op {
        rule: u32::try_from(*own).unwrap_or(u32::MAX),
        quick: rules.get(*own).and_then(Quick::of),
    };
    PhasePlan {
        code: order.code.iter().map(op).collect(),
        ..PhasePlan::default()
    }
}

/// Sorts the rules of a phase by what sets them off, and lists the values to scan.
fn arrange(phase: &mut PhasePlan, rules: &mut [Rule], chains: &[Chain], gates: &Gates) {
    let len = phase.code.len();
    phase.always = Bits::new(len);
    phase.by_gate = vec![Bits::default(); gates.len()];
    for (at, index) in phase.code.iter().enumerate() {
        let Some(link) = rules
            .get_mut(index.rule as usize)
            .and_then(|rule| rule.links.first_mut())
        else {
            continue;
        };
        if !link.unconditional && asks_for_any(link, chains) {
            each_field(&mut phase.fields, link, |field, _| field.present.push(at));
            continue;
        }
        if link.unconditional || !is_scannable(link) {
            phase.always.insert(at);
            continue;
        }
        wait_for_slots(&mut phase.by_slot, link, at, len);
        let Some(gate) = link.gate.or(link.refuted) else {
            each_field(&mut phase.fields, link, |field, _| field.present.push(at));
            continue;
        };
        link.scanned = true;
        if matches!(link.judge, Judge::Detect(..)) {
            each_field(&mut phase.fields, link, detect);
        } else if let (Judge::Rx(pattern), Some(gate)) = (&link.judge, link.refuted) {
            let own = Refuted {
                chain: link.chain,
                pattern: *pattern,
                gate,
            };
            each_field(&mut phase.fields, link, |field, _| field.refuted.push(own));
        } else {
            each_field(&mut phase.fields, link, |field, _| {
                for chain in &link.stages {
                    watch(field, *chain, chains, gate, gates);
                }
            });
        }
        if let Some(bits) = phase.by_gate.get_mut(gate.index()) {
            let mut own = Bits::new(len);
            own.insert(at);
            bits.union(&own);
        }
    }
}

/// Has the look before the first phase see all that the second wants of the head, so that it need not
/// look again; then sorts what each looks at.
fn look_once(phases: &mut [PhasePlan; 5], chains: &[Chain], gates: &mut Gates) {
    let [head, body, ..] = phases;
    if !head.code.is_empty() {
        for own in body.fields.iter().filter(|own| is_settled(own.variable)) {
            join(&mut head.fields, own);
        }
    }
    for phase in phases {
        for field in &mut phase.fields {
            route(field, chains);
        }
        choose_parts(&mut phase.fields, gates);
        phase.groups = groups(&mut phase.fields, gates);
    }
}

/// Whether a link only counts values that are known before its phase, and none of them is too few. What a
/// transformation makes of the digits of 0 may be anything.
fn asks_for_any(link: &Link, chains: &[Chain]) -> bool {
    let Judge::Number(kind, Parameter::Number(number)) = &link.judge else {
        return false;
    };
    let counts = |target: &Target| target.count && is_fixed(target.variable);
    link.targets.iter().all(counts)
        && kind.holds(0, *number) == link.negated
        && link.is_bare(chains)
}

/// Whether all values a link looks at are known before its phase begins, or are slots, whose
/// setting is noticed.
fn is_scannable(link: &Link) -> bool {
    let is_known = |target: &Target| {
        let is_slot = matches!(target.select, Select::Slot(_));
        !target.count && (is_fixed(target.variable) || is_slot)
    };
    link.targets.iter().all(is_known)
}

/// A slot has a value only once a rule has set it: the rules that look at it are due from then on.
fn wait_for_slots(by_slot: &mut Vec<Bits>, link: &Link, at: usize, len: usize) {
    for target in &link.targets {
        if let Select::Slot(slot) = target.select {
            let slot = usize::from(slot);
            if by_slot.len() <= slot {
                by_slot.resize(slot + 1, Bits::default());
            }
            let mut own = Bits::new(len);
            own.insert(at);
            if let Some(bits) = by_slot.get_mut(slot) {
                bits.union(&own);
            }
        }
    }
}

/// Whether a variable's values stay as they are while the rules of a phase run.
#[inline]
pub(crate) fn is_fixed(variable: Variable) -> bool {
    variable.shape() != Shape::Mutable
        && !matches!(
            variable,
            Variable::MatchedVar
                | Variable::MatchedVarName
                | Variable::MatchedVars
                | Variable::MatchedVarsNames
                | Variable::Env
                | Variable::Geo
                | Variable::Rule
                | Variable::ReqbodyProcessor
                | Variable::HighestSeverity
                | Variable::MscPcreError
                | Variable::MscPcreLimitsExceeded
                | Variable::Duration
                | Variable::SessionId
                | Variable::UserId
        )
}

impl Chain {
    pub(super) fn new(steps: &[Transform]) -> Self {
        let triggers = steps
            .iter()
            .fold(ByteSet::EMPTY, |all, step| all.union(step.triggers()));
        let always = steps.iter().any(|step| step.always_changes());
        let beyond_case = steps
            .iter()
            .filter(|step| !step.only_changes_case())
            .fold(ByteSet::EMPTY, |all, step| all.union(step.triggers()));
        Self {
            beyond_case: in_both_cases(&beyond_case),
            steps: steps.to_vec(),
            triggers,
            always,
        }
    }
}
