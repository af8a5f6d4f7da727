//! What runs: a rule set with everything resolved, interned and ordered by phase.
//!
//! A [`Plan`] is immutable. Values are looked at through *chains* of transformations that are
//! interned, so that a value is transformed once however many rules want it; patterns carry a
//! gate (literals or bytes their match must contain) that is answered by one pass over each
//! string. See DESIGN §5 and `docs/engine.md`.

mod asked;
mod bits;
mod capture;
mod compile;
mod describe;
mod exclude;
mod explain;
mod few;
mod field;
mod fold;
mod gate;
mod input;
mod link;
mod literal;
mod order;
mod plain;
mod pool;
mod prefilter;
mod quick;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use babyshield_detect::{Class, Confidence};
use babyshield_model::Clock;

use asked::Asked;
pub(crate) use bits::{Bits, ones};
pub(crate) use compile::is_fixed;
pub use describe::{Description, Size};
pub use explain::{Explained, Wakes};
pub(crate) use gate::{Gate, Gates, Parts, Reach};
pub(crate) use input::ENGINE_NAME;
pub(crate) use plain::Plain;
pub(crate) use pool::Pool;
pub(crate) use quick::Quick;

use crate::audit::{self, About, Change};
use crate::body::xml::Path;
use crate::byteset::ByteSet;
use crate::collection::Collections;
use crate::hir::{
    Allow, AuditEngine, Checksum, Engine, Jump, Number, Phase, Processor, RuleSeverity, Settings,
    Text,
};
use crate::operator::{address, regex::Pattern};
use crate::spec::Limits;
use crate::transaction::{Scratch, Work};
use crate::transform::Transform;
use crate::variable::Variable;

/// A compiled rule set: immutable, shared by `Arc`.
pub struct Plan {
    pub(crate) rules: Vec<Rule>,
    pub(crate) phases: [PhasePlan; 5],
    pub(crate) chains: Vec<Chain>,
    pub(crate) patterns: Vec<Pattern>,
    pub(crate) selectors: Vec<Pattern>,
    pub(crate) gates: Gates,
    /// Names of the `TX` slots, in lower case.
    pub(crate) tx_names: Vec<String>,
    /// Rules that each `ctl:ruleRemove…` takes away, by its number.
    pub(crate) masks: Vec<Bits>,
    /// XPath expressions, compiled.
    pub(crate) paths: Vec<(String, Path)>,
    /// Which variables any rule or macro looks at.
    pub(crate) uses: Bits,
    pub(crate) settings: Settings,
    pub(crate) limits: Limits,
    pub(crate) scores: Scores,
    /// For each of the selectors, the slots whose names it fits.
    pub(crate) slots_of: Vec<Vec<Slot>>,
    /// The slots of `TX:0` to `TX:9`, where rules read them.
    pub(crate) captures: [Option<Slot>; 10],
    /// What the detectors are asked for.
    pub(crate) asked: Asked,
    /// `None` where the rules name no audit log.
    pub(crate) audit: Option<audit::Plan>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) collections: Arc<dyn Collections>,
    pub(crate) pool: Pool<Box<Scratch>>,
    /// One for each thread that looks at values at the same time.
    pub(crate) works: Pool<Box<Work>>,
}

/// The slots in which a rule set keeps its sums.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    /// The first that is set counts.
    pub(crate) inbound: Vec<Slot>,
    pub(crate) threshold: Vec<Slot>,
}

/// A `TX` variable whose name is known when rules are compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(pub(crate) u16);

/// An interned list of transformations.
#[derive(Clone, Debug)]
pub(crate) struct Chain {
    pub(crate) steps: Vec<Transform>,
    /// A string without any of these bytes comes out as it went in…
    pub(crate) triggers: ByteSet,
    /// …unless one of the steps changes even such strings.
    pub(crate) always: bool,
    /// A string without any of these comes out as it went in but for the case of its letters, so that
    /// the same gates are open to it.
    pub(crate) beyond_case: ByteSet,
}

/// The rules of one phase, in order.
#[derive(Debug, Default)]
pub(crate) struct PhasePlan {
    pub(crate) code: Vec<Op>,
    /// Positions of `code` that run whatever the strings contain.
    pub(crate) always: Bits,
    /// Positions of `code` that run when a gate is open to what they look at, by gate.
    pub(crate) by_gate: Vec<Bits>,
    /// Positions of `code` that run once a slot is set, by slot.
    pub(crate) by_slot: Vec<Bits>,
    /// The values to scan before the phase, those of one variable together.
    pub(crate) fields: Vec<Field>,
    pub(crate) groups: Vec<Group>,
}

/// Fields of one variable: each of its values is looked at for all of them at once.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) variable: Variable,
    /// Whether the look before the first phase has seen it all.
    pub(crate) settled: bool,
    /// Which of [`PhasePlan::fields`]; at most 64, one bit each below.
    pub(crate) fields: std::ops::Range<usize>,
    /// Those that every value belongs to.
    pub(crate) all: u64,
    /// Those of one name, in lower case.
    pub(crate) named: HashMap<Box<[u8]>, u64, foldhash::fast::FixedState>,
    /// Those to be asked.
    pub(crate) others: u64,
    /// What they have nothing to learn from.
    pub(crate) plain: Option<Plain>,
}

/// One rule in the order of its phase.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// An index into [`Plan::rules`].
    pub(crate) rule: u32,
    /// What the rule comes to, if it is one of the simple ones every rule set is full of.
    pub(crate) quick: Option<Quick>,
}

/// Values of a variable that gated rules of a phase look at, and the chains they look through.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) variable: Variable,
    pub(crate) select: Select,
    /// Names left out by every rule that looks at this field, in lower case.
    pub(crate) skip: Vec<String>,
    /// Positions of the phase's code that run when there is any value.
    pub(crate) present: Vec<usize>,
    /// The same for the phase that does not look again at what this one has seen.
    pub(crate) later: Vec<usize>,
    /// What may change a value, beyond its case, on the way through one of the chains.
    pub(crate) triggers: ByteSet,
    pub(crate) always: bool,
    /// The names that every rule which asks the detectors leaves out, if any asks them.
    pub(crate) detect: Option<Vec<String>>,
    /// The gates behind all of the chains, and what tells of them.
    pub(crate) gates: Vec<u64>,
    pub(crate) parts: Parts,
    pub(crate) seen: Vec<Seen>,
    pub(crate) refuted: Vec<Refuted>,
    /// The steps of all chains as a tree, each step behind the one it follows.
    pub(crate) route: Vec<Stop>,
}

/// A pattern that a field is to match, seen through a chain; its gate is open where it does not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refuted {
    pub(crate) chain: u16,
    pub(crate) pattern: u16,
    pub(crate) gate: Gate,
}

/// A transformation on the way through the chains of a field.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    /// Which stop it follows, counted from 1; 0 is the value itself.
    pub(crate) after: usize,
    pub(crate) step: Transform,
    /// What changes a value, beyond its case, on the way through one of the chains that pass here.
    pub(crate) triggers: ByteSet,
    pub(crate) always: bool,
    /// The chain that ends here: an index into [`Field::seen`].
    pub(crate) ends: Option<usize>,
}

/// A field seen through one chain.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) chain: u16,
    /// As [`Chain::beyond_case`].
    pub(crate) triggers: ByteSet,
    pub(crate) always: bool,
    /// The gates that stand behind it, and what tells of them.
    pub(crate) gates: Vec<u64>,
    pub(crate) parts: Parts,
    /// They are all closed to shorter strings.
    pub(crate) shortest: usize,
}

/// One rule, ready to run.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) id: u64,
    pub(crate) phase: Phase,
    pub(crate) disruption: Disruption,
    pub(crate) status: Option<u16>,
    pub(crate) log: bool,
    pub(crate) audit: bool,
    /// The position in the phase's code at which to go on after a match.
    pub(crate) next: u32,
    /// How many links it was written with.
    pub(crate) conditions: usize,
    /// None of a rule that never runs.
    pub(crate) links: Vec<Link>,
    pub(crate) message: Macro,
    pub(crate) log_data: Macro,
    pub(crate) severity: Option<RuleSeverity>,
    /// For those who read of its matches.
    pub(crate) about: About,
    /// Whether it reads or writes groups of a match: `TX:1` to `TX:9`.
    pub(crate) reads_groups: bool,
    /// Whether it matters where a match of one of its conditions ends, beyond what a finding tells of it.
    pub(crate) reads_match: bool,
    /// The parameter of its last condition.
    pub(crate) parameter: Macro,
    pub(crate) tags: Vec<Macro>,
    /// `file:line`.
    pub(crate) place: Arc<str>,
}

/// What a full match does to the request.
#[derive(Debug)]
pub(crate) enum Disruption {
    Pass,
    Deny,
    Drop,
    Redirect(Macro),
    Allow(Allow),
}

/// One condition.
#[derive(Debug)]
pub(crate) struct Link {
    /// Empty for `SecAction`.
    pub(crate) targets: Vec<Target>,
    pub(crate) excluded: Vec<(Variable, Select)>,
    /// Whether it compares one number that is at hand (`quick`).
    pub(crate) told: bool,
    pub(crate) judge: Judge,
    pub(crate) negated: bool,
    pub(crate) unconditional: bool,
    pub(crate) chain: u16,
    /// Every chain through which the operator sees a value: its own, or more with `multiMatch`.
    pub(crate) stages: Vec<u16>,
    /// Values to which it is closed cannot match.
    pub(crate) gate: Option<Gate>,
    /// Of a pattern that must not match: opened by the look before the phase where it does not.
    pub(crate) refuted: Option<Gate>,
    /// Whether everything it looks at is scanned before its phase, through its chains.
    pub(crate) scanned: bool,
    pub(crate) multi_match: bool,
    pub(crate) capture: bool,
    /// Whether only the last match need tell where in its value it is: nothing that is done at the others,
    /// and nothing the link looks at, has to do with what was captured.
    pub(crate) waits: bool,
    pub(crate) actions: Vec<Action>,
}

impl Link {
    /// Whether the operator sees values just as they are.
    pub(crate) fn is_bare(&self, chains: &[Chain]) -> bool {
        let chain = chains.get(usize::from(self.chain));
        !self.multi_match && chain.is_none_or(|chain| chain.steps.is_empty())
    }
}

/// One thing a link looks at.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) variable: Variable,
    pub(crate) select: Select,
    pub(crate) count: bool,
}

/// Picks among a variable's values.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Select {
    All,
    /// By name, in lower case.
    Name(String),
    /// By pattern: an index into [`Plan::selectors`].
    Pattern(u16),
    /// A slot of `TX`.
    Slot(u16),
    /// An index into [`Plan::paths`].
    Path(u16),
}

/// Text with macros, ready to expand.
#[derive(Clone, Debug, Default)]
pub(crate) struct Macro(pub(crate) Vec<Piece>);

/// A stretch of a [`Macro`].
#[derive(Clone, Debug)]
pub(crate) enum Piece {
    Plain(Box<[u8]>),
    Slot(Slot),
    Value(Target),
}

impl Macro {
    /// The text with its macros as they are written.
    pub(crate) fn to_text(&self) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Plain(text) => String::from_utf8_lossy(text).into_owned(),
            Piece::Slot(_) => "%{tx…}".to_owned(),
            Piece::Value(target) => format!("%{{{}}}", target.variable.name()),
        };
        self.0.iter().map(piece).collect()
    }

    pub(crate) fn as_plain(&self) -> Option<&[u8]> {
        match self.0.as_slice() {
            [] => Some(b""),
            [Piece::Plain(text)] => Some(text),
            _ => None,
        }
    }
}

/// How a value is judged.
#[derive(Debug)]
pub(crate) enum Judge {
    Always,
    Never,
    /// An index into [`Plan::patterns`].
    Rx(u16),
    RxMacro(Macro),
    RxGlobal(u16),
    Phrases(Phrases),
    Text(Text, Macro),
    Number(Number, Parameter),
    IpMatch(address::Networks),
    ByteRange(ByteSet),
    UrlEncoding,
    Utf8Encoding,
    Checksum(Checksum, u16),
    /// At least so sure. The gate is open once a value of the request was found to be so.
    Detect(Class, Confidence),
    DetectSqli,
    DetectXss,
    GeoLookup,
    Rbl(String),
}

/// A number to compare with.
#[derive(Debug)]
pub(crate) enum Parameter {
    Number(i64),
    Macro(Macro),
}

/// Phrases of `@pm`. Whether one may occur is answered by the prefilter; which one and where, by an
/// automaton that is made when a value is first asked for: most lists wait for ever.
#[derive(Debug)]
pub(crate) struct Phrases {
    lower: Box<[Vec<u8>]>,
    automaton: OnceLock<Option<AhoCorasick>>,
}

impl Phrases {
    pub(crate) fn new(lower: Vec<Vec<u8>>) -> Self {
        Self {
            lower: lower.into(),
            automaton: OnceLock::new(),
        }
    }

    /// Where the first of them stands; the whole text where that cannot be said.
    pub(crate) fn find(&self, text: &[u8]) -> Option<std::ops::Range<usize>> {
        // A table would be faster, and take megabytes for what is asked where one of them was seen.
        let automaton = self.automaton.get_or_init(|| {
            AhoCorasick::builder()
                .ascii_case_insensitive(true)
                .kind(Some(AhoCorasickKind::ContiguousNFA))
                .build(&self.lower)
                .ok()
        });
        match automaton {
            Some(own) => own.find(text).map(|found| found.range()),
            None => Some(0..text.len()),
        }
    }
}

/// Something carried out for every matching value.
#[derive(Debug)]
pub(crate) enum Action {
    SetSlot(Slot, Assignment),
    SetVar(Variable, Macro, Assignment),
    ExpireVar(Variable, Macro, Macro),
    Bind(Variable, Macro),
    SetEnv(Macro, Macro),
    Ctl(Ctl),
}

/// What `setvar` writes.
#[derive(Debug)]
pub(crate) enum Assignment {
    Number(i64),
    Set(Macro),
    /// Plus, or minus when `negative`.
    Add {
        amount: Parameter,
        negative: bool,
    },
    Remove,
}

/// Changes to the rest of a transaction.
#[derive(Debug)]
pub(crate) enum Ctl {
    Engine(Engine),
    RequestBody(bool),
    ResponseBody(bool),
    Processor(Processor),
    ForceRequestBody(bool),
    Audit(AuditEngine),
    AuditParts(Change),
    /// An index into [`Plan::masks`].
    Remove(u16),
    /// An index into [`Plan::masks`], and what those rules no longer look at.
    RemoveTarget(u16, Vec<(Variable, Select)>),
}

impl std::fmt::Debug for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("rules", &self.rules.len())
            .field("patterns", &self.patterns.len())
            .field("chains", &self.chains.len())
            .field("gates", &self.gates.len())
            .finish_non_exhaustive()
    }
}

/// Where a jump leads, given the positions of a phase's markers and rules.
pub(crate) fn landing(jump: &Jump, at: usize, find: impl Fn(&str) -> Option<usize>) -> usize {
    match jump {
        Jump::Next => at + 1,
        Jump::Skip(count) => at + 1 + usize::try_from(*count).unwrap_or(usize::MAX - at - 1),
        Jump::After(name) => find(name).unwrap_or(usize::MAX),
    }
}
