//! A second, naive reading of the rules: it walks the HIR rule by rule and value by value, with no
//! plan, no gates, no slots, no interning. Slow and plain on purpose; the plan must always agree.
//!
//! Only pure parts are shared with the engine: parsers of bodies, transformations, and the tests
//! that operators make of one value. Start with [`Reference::judge`].

mod act;
mod detect;
mod fill;
mod operator;
mod patterns;
mod tell;
mod values;

use std::collections::BTreeMap;
use std::sync::Mutex;

use babyshield_model::{Clock, Finding, ManualClock};
use babyshield_waf::hir::{
    Allow, AuditEngine, Disruption, Engine, Input, Jump, Link, Operator, Phase, Processor, Rule,
    RuleSet, Step,
};
use babyshield_waf::source::Files;
use babyshield_waf::variable::Variable;
use babyshield_waf::{Action, Decision, Interruption, Limits, Outcome, Plan, hir};

/// A request and what the upstream would answer.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: Vec<u8>,
    pub target: Vec<u8>,
    pub version: Vec<u8>,
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub body: Vec<u8>,
    pub answer_headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub answer: Vec<u8>,
    /// Whether interruptions are only noted.
    pub watch: bool,
}

pub const CLIENT: &str = "203.0.113.7:4000";
pub const SERVER: &str = "192.0.2.1:80";

/// What the plan says of a request.
pub fn planned(plan: &std::sync::Arc<Plan>, request: &Request) -> Outcome {
    let mut own = plan.begin(babyshield_waf::Connection {
        client: CLIENT.parse().unwrap(),
        server: SERVER.parse().unwrap(),
    });
    if request.watch {
        own.watch();
    }
    own.request_line(&request.method, &request.target, &request.version);
    for (name, value) in &request.headers {
        own.request_header(name, value);
    }
    let mut go = own.request_head_end();
    if go == Decision::Continue {
        go = own.request_body(&request.body);
    }
    if go == Decision::Continue {
        go = own.request_end();
    }
    if go == Decision::Continue {
        own.response_line(200, b"HTTP/1.1");
        for (name, value) in &request.answer_headers {
            own.response_header(name, value);
        }
        go = own.response_head_end();
    }
    if go == Decision::Continue {
        if own.wants_response_body() {
            own.response_body(&request.answer);
        }
        own.response_end();
    }
    own.finish()
}

/// A rule set read once, to be asked about many requests.
pub struct Reference {
    set: RuleSet,
    limits: Limits,
    /// What one request leaves for the next.
    kept: Mutex<Collections>,
}

/// Persistent collections by their keys.
type Collections = BTreeMap<(Variable, Vec<u8>), Named>;

/// A value with the field it came from, where that is another.
#[derive(Clone, Debug)]
pub struct Value {
    pub variable: Variable,
    /// The collection it is in, where the variable is a union.
    pub member: Variable,
    pub name: Vec<u8>,
    pub bytes: Vec<u8>,
    pub origin: Option<(Variable, Vec<u8>)>,
}

/// A value that matched.
#[derive(Clone, Debug)]
struct Matched {
    value: Value,
    span: (usize, usize),
}

type Named = Vec<(Vec<u8>, Vec<u8>)>;

/// One request on its way.
struct Run<'a> {
    set: &'a RuleSet,
    limits: &'a Limits,
    clock: ManualClock,
    /// What was filled in: fixed variables.
    entries: BTreeMap<Variable, Named>,
    document: babyshield_waf::body::xml::Document,
    tx: Named,
    env: Named,
    persistent: Collections,
    bound: Vec<(Variable, Vec<u8>)>,
    matched: Vec<Matched>,
    removed: Vec<hir::RuleSelector>,
    unseen: Vec<(hir::RuleSelector, Vec<hir::Target>)>,
    engine: Engine,
    request_body: bool,
    response_body: bool,
    force_body: bool,
    processor: Option<Processor>,
    audit: AuditEngine,
    allowed: [bool; 5],
    watch: bool,
    interruption: Option<Interruption>,
    severity: Option<u8>,
    pattern_limit: bool,
    faults: Vec<String>,
    records: Vec<(Option<Finding>, bool)>,
    /// The rule being judged.
    current: Option<&'a Rule>,
    body: Vec<u8>,
    content_type: Vec<u8>,
    coding: Vec<u8>,
    body_fault: Option<String>,
    body_cut: bool,
    url_errors: bool,
    argument_bytes: usize,
    file_bytes: usize,
    beside_files: usize,
    response_known: bool,
    answer: Vec<u8>,
}

impl Reference {
    pub fn new(inputs: &[Input], files: &dyn Files, limits: Limits) -> Self {
        let (set, _) = hir::lower(inputs, files, limits.regex_steps).unwrap_or_else(|faults| {
            let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
            panic!("{}", lines.join("\n"))
        });
        Self {
            set,
            limits,
            kept: Mutex::default(),
        }
    }

    /// What the rules say of a request.
    pub fn judge(&self, request: &Request) -> Outcome {
        let settings = &self.set.settings;
        let mut run = Run {
            set: &self.set,
            limits: &self.limits,
            clock: ManualClock::default(),
            entries: BTreeMap::new(),
            document: Default::default(),
            tx: Vec::new(),
            env: Vec::new(),
            persistent: self.kept.lock().unwrap().clone(),
            bound: vec![(Variable::Global, Vec::new())],
            matched: Vec::new(),
            removed: Vec::new(),
            unseen: Vec::new(),
            engine: settings.engine,
            request_body: settings.request_body,
            response_body: settings.response_body.unwrap_or(true),
            force_body: false,
            processor: None,
            audit: settings.audit,
            allowed: [false; 5],
            watch: request.watch,
            interruption: None,
            severity: None,
            pattern_limit: false,
            faults: Vec::new(),
            records: Vec::new(),
            current: None,
            body: Vec::new(),
            content_type: Vec::new(),
            coding: Vec::new(),
            body_fault: None,
            body_cut: false,
            url_errors: false,
            argument_bytes: 0,
            file_bytes: 0,
            beside_files: 0,
            response_known: false,
            answer: Vec::new(),
        };
        run.request(request);
        run.phase(Phase::Logging);
        self.kept.lock().unwrap().clone_from(&run.persistent);
        run.outcome()
    }
}

impl<'a> Run<'a> {
    fn request(&mut self, request: &Request) {
        self.fill_head(request);
        if !self.phase(Phase::RequestHead) || !self.take_body(&request.body) {
            return;
        }
        self.fill_body();
        if !self.phase(Phase::RequestBody) {
            return;
        }
        self.fill_answer_head(request);
        if !self.phase(Phase::ResponseHead) {
            return;
        }
        self.fill_answer_body(&request.answer);
        self.phase(Phase::ResponseBody);
    }

    fn is_off(&self, phase: Phase) -> bool {
        self.engine == Engine::Off || self.allowed[phase.index()]
    }

    /// Runs one phase; whether the request goes on.
    fn phase(&mut self, phase: Phase) -> bool {
        if self.is_off(phase) {
            return true;
        }
        if self.interruption.is_some() && !self.watch && phase != Phase::Logging {
            return true;
        }
        let set: &'a RuleSet = self.set;
        let mut at = 0;
        while at < set.steps.len() {
            let here = at;
            at += 1;
            let Step::Rule(rule) = &set.steps[here] else {
                continue;
            };
            if rule.phase != phase || self.removed.iter().any(|own| operator::selects(own, rule)) {
                continue;
            }
            self.current = Some(rule);
            self.matched.clear();
            if !rule.links.iter().all(|link| self.link(rule, link)) {
                continue;
            }
            self.record(rule);
            if let Some(interruption) = self.disrupt(rule, phase) {
                self.interruption.get_or_insert(interruption);
                if !self.watch {
                    return false;
                }
            }
            if self.is_off(phase) {
                break;
            }
            at = landing(set, here, rule);
        }
        true
    }

    fn link(&mut self, rule: &Rule, link: &Link) -> bool {
        let Some(targets) = &link.targets else {
            self.perform(link);
            return true;
        };
        let mut any = false;
        for target in &targets.included {
            let values = self.values(target, &link.namespaces);
            let mut seen = 0_usize;
            for value in values {
                // What is left out may change from value to value, by `ctl`.
                if self.is_excluded(rule, target, &targets.excluded, &value) {
                    continue;
                }
                seen += 1;
                if !target.count {
                    any |= self.value(link, value);
                }
            }
            if target.count {
                any |= self.count(link, target, seen);
            }
        }
        any
    }

    /// The number of values, in place of them.
    fn count(&mut self, link: &Link, target: &hir::Target, seen: usize) -> bool {
        let name = match &target.selector {
            hir::Selector::Name(name) => name.clone().into_bytes(),
            _ => Vec::new(),
        };
        let value = Value {
            variable: target.variable,
            member: target.variable,
            name,
            bytes: seen.to_string().into_bytes(),
            origin: None,
        };
        self.value(link, value)
    }

    fn value(&mut self, link: &Link, value: Value) -> bool {
        if let Operator::Detect(class, least) = &link.operator {
            return self.detect(link, *class, *least, value);
        }
        let mut any = false;
        let mut stage = value;
        if link.multi_match {
            any |= self.judged(link, stage.clone());
        }
        for transform in &link.transforms {
            let mut out = Vec::new();
            transform.apply_with(&stage.bytes, &mut out, &self.set.settings.unicode);
            let changed = out != stage.bytes;
            stage.bytes = out;
            if link.multi_match && changed {
                any |= self.judged(link, stage.clone());
            }
        }
        if !link.multi_match {
            any = self.judged(link, stage);
        }
        any
    }

    fn judged(&mut self, link: &Link, value: Value) -> bool {
        let said = self.ask(link, &value.bytes);
        if said.is_some() == link.negated {
            return false;
        }
        let span = said.unwrap_or((0, value.bytes.len()));
        self.matched.push(Matched { value, span });
        self.perform(link);
        true
    }

    fn disrupt(&mut self, rule: &Rule, phase: Phase) -> Option<Interruption> {
        let action = match &rule.disruption {
            Disruption::Pass => return None,
            Disruption::Allow(reach) => {
                if self.engine == Engine::On {
                    self.allow(*reach, phase);
                }
                return None;
            }
            Disruption::Deny => Action::Deny,
            Disruption::Drop => Action::Drop,
            Disruption::Redirect(to) => {
                Action::Redirect(String::from_utf8_lossy(&self.expand(to)).into_owned())
            }
        };
        let status = match action {
            Action::Redirect(_) => rule
                .status
                .filter(|s| (300..400).contains(s))
                .unwrap_or(302),
            Action::Deny | Action::Drop => rule.status.unwrap_or(403),
        };
        let carried_out = self.engine == Engine::On && phase != Phase::Logging;
        carried_out.then_some(Interruption {
            rule: rule.id,
            action,
            status,
        })
    }

    fn allow(&mut self, reach: Allow, phase: Phase) {
        for other in Phase::ALL {
            let reached = match reach {
                Allow::Phase => other == phase,
                Allow::Request => other <= Phase::RequestBody || other == phase,
                Allow::All => other < Phase::Logging || other == phase,
            };
            self.allowed[other.index()] |= reached && other >= phase;
        }
    }

    fn now(&self) -> u64 {
        self.clock.now().0
    }
}

/// The step to go on with after a match.
fn landing(set: &RuleSet, here: usize, rule: &Rule) -> usize {
    match &rule.jump {
        Jump::Next => here + 1,
        Jump::Skip(count) => {
            let mut left = *count;
            let mut at = here + 1;
            while left > 0 && at < set.steps.len() {
                if matches!(&set.steps[at], Step::Rule(own) if own.phase == rule.phase) {
                    left -= 1;
                }
                at += 1;
            }
            at
        }
        Jump::After(name) => {
            let found = (here + 1..set.steps.len()).find(|at| match &set.steps[*at] {
                Step::Marker(own) => own == name,
                Step::Rule(own) => own.id.to_string() == *name,
            });
            found.map_or(set.steps.len(), |at| at + 1)
        }
    }
}
