//! What a transaction did, step by step: for tools and for suites that judge by a debug log.
//!
//! Nothing is kept unless [`Transaction::trace`] was called. Run it over a plan of
//! [`Plan::as_written`], since a plan made for speed never looks at what cannot matter.

use super::{Transaction, Value};
use crate::body::Fault;
use crate::body::multipart::Flags;
use crate::hir::{Engine, Phase, Processor};
use crate::plan::{Link, PhasePlan, Plan, Rule};
use crate::transform::Transform;
use crate::variable::Variable;

use super::text::{Slice, StrId};

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The rules of a phase are about to run.
    Phase(Phase),
    /// They do not, since the engine is off.
    Off(Phase),
    /// A rule was passed over.
    Skipped {
        /// Its id.
        rule: u64,
        /// Why.
        why: Skip,
    },
    /// A condition of a rule is about to be asked.
    Asked {
        /// The rule's id.
        rule: u64,
        /// Which of its conditions, from 0.
        link: usize,
    },
    /// A transformation was carried out on the value being looked at.
    Transformed {
        /// Which.
        transform: Transform,
        /// What it made.
        value: Vec<u8>,
    },
    /// The operator was asked about a value.
    Seen {
        /// `ARGS:q`.
        field: String,
        /// As the operator sees it.
        value: Vec<u8>,
        /// What the operator says, `!` included.
        matched: bool,
    },
    /// A group of a match was kept.
    Captured {
        /// Which, from 0.
        group: usize,
        /// What it holds.
        value: Vec<u8>,
    },
    /// A variable was written, or taken away.
    Saved {
        /// `TX:score`.
        name: String,
        /// Its new value; `None` when it has none any more.
        value: Option<Vec<u8>>,
    },
    /// A variable of the environment was written.
    Environment {
        /// Its name.
        name: Vec<u8>,
        /// Its new value.
        value: Vec<u8>,
    },
    /// `ctl:ruleEngine`.
    Engine(Engine),
    /// A collection was given its key.
    Bound {
        /// Which.
        collection: Variable,
        /// Its key.
        key: Vec<u8>,
    },
    /// `ctl:requestBodyAccess`.
    RequestBody(bool),
    /// The condition asked last holds, or does not.
    Answered {
        /// Whether it holds.
        matched: bool,
    },
    /// All conditions of a rule hold.
    Matched {
        /// Its id.
        rule: u64,
        /// Its message, macros filled in.
        message: String,
        /// Its log data, macros filled in.
        data: String,
        /// Its tags, macros filled in.
        tags: Vec<String>,
    },
    /// The line that tells of a matched rule, as ModSecurity would write it to an error log.
    Told {
        /// The rule's id.
        rule: u64,
        /// The line.
        line: String,
    },
    /// The request body was taken apart.
    Body {
        /// How.
        processor: Processor,
        /// Why not to its end.
        fault: Option<Fault>,
        /// What is odd about a multipart body.
        flags: Option<Flags>,
    },
    /// The body is longer than `SecRequestBodyNoFilesLimit` allows.
    TooMuchBesideFiles,
    /// A file of the body.
    File {
        /// The field's name.
        name: Vec<u8>,
        /// The name the client gives it.
        filename: Vec<u8>,
        /// Its length in bytes.
        length: Vec<u8>,
    },
    /// An argument of the query or of a body.
    Argument {
        /// [`Variable::ArgsGet`] or [`Variable::ArgsPost`].
        from: Variable,
        /// Its name.
        name: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
    },
}

/// Why a rule was passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Skip {
    /// A `ctl:ruleRemove…`.
    Removed,
    /// An `allow`.
    Allowed,
    /// A `skip` or `skipAfter`.
    Jump,
}

/// A variable's name: one known to the plan, or one that came up on the way.
pub(super) enum Name<'a> {
    Known(&'a str),
    Kept(Slice),
}

impl Transaction {
    /// Keeps what happens from now on for [`super::Outcome::steps`].
    pub fn trace(&mut self) {
        self.state.steps = Some(Vec::new());
    }

    #[inline]
    pub(super) fn is_traced(&self) -> bool {
        self.state.steps.is_some()
    }

    /// Notes a step, if somebody wants to know.
    #[inline]
    pub(super) fn note(&mut self, step: impl FnOnce(&mut Self) -> Step) {
        if self.is_traced() {
            self.note_now(step);
        }
    }

    #[cold]
    fn note_now(&mut self, step: impl FnOnce(&mut Self) -> Step) {
        let step = step(self);
        if let Some(steps) = &mut self.state.steps {
            steps.push(step);
        }
    }

    fn bytes_of(&self, slice: Slice) -> Vec<u8> {
        self.scratch.strings.bytes(slice).to_vec()
    }

    /// The operator was asked about a value.
    pub(super) fn note_seen(
        &mut self,
        (variable, name): (Variable, Slice),
        value: StrId,
        matched: bool,
    ) {
        self.note(|own| {
            let field = own.full_name(variable, name);
            Step::Seen {
                field: String::from_utf8_lossy(own.scratch.strings.bytes(field)).into_owned(),
                value: own.scratch.strings.text(value).to_vec(),
                matched,
            }
        });
    }

    /// Every transformation a value goes through.
    pub(super) fn note_stages(&mut self, plan: &Plan, link: &Link, value: StrId) {
        if !self.is_traced() {
            return;
        }
        let chain = plan.chains.get(usize::from(link.chain));
        let mut stage = value;
        for transform in chain
            .map(|chain| chain.steps.as_slice())
            .unwrap_or_default()
        {
            let strings = &mut self.scratch.strings;
            stage = strings.step(&plan.settings.unicode, stage, *transform);
            self.note(|own| Step::Transformed {
                transform: *transform,
                value: own.scratch.strings.text(stage).to_vec(),
            });
        }
    }

    pub(super) fn note_captured(&mut self, group: usize, part: Option<Slice>) {
        if let Some(part) = part {
            self.note(|own| Step::Captured {
                group,
                value: own.bytes_of(part),
            });
        }
    }

    pub(super) fn note_environment(&mut self, name: Slice, value: Slice) {
        self.note(|own| Step::Environment {
            name: own.bytes_of(name),
            value: own.bytes_of(value),
        });
    }

    pub(super) fn note_bound(&mut self, collection: Variable, key: Slice) {
        self.note(|own| Step::Bound {
            collection,
            key: own.bytes_of(key),
        });
    }

    /// A variable of a collection was written.
    pub(super) fn note_saved(&mut self, kind: Variable, name: &Name<'_>, value: Value) {
        if !self.is_traced() {
            return;
        }
        let name = match name {
            Name::Known(text) => text.as_bytes().to_vec(),
            Name::Kept(slice) => self.bytes_of(*slice),
        };
        let name = format!("{}:{}", kind.name(), String::from_utf8_lossy(&name));
        self.note(|own| Step::Saved {
            name,
            value: own.value_text(value).map(|text| own.bytes_of(text)),
        });
    }

    /// Rules that a jump, or an `allow`, passes over.
    pub(super) fn note_passed(
        &mut self,
        plan: &Plan,
        code: &PhasePlan,
        (from, to): (usize, usize),
        why: Skip,
    ) {
        if !self.is_traced() {
            return;
        }
        let passed = code.code.get(from..to.min(code.code.len()));
        for op in passed.unwrap_or_default() {
            if let Some(rule) = plan.rules.get(op.rule as usize) {
                self.note(|_| Step::Skipped { rule: rule.id, why });
            }
        }
    }

    /// A phase that does not run at all.
    pub(super) fn note_phase_off(&mut self, phase: Phase) {
        if !self.is_traced() {
            return;
        }
        if self.state.engine == Engine::Off {
            return self.note(|_| Step::Off(phase));
        }
        let plan = std::sync::Arc::clone(&self.plan);
        if let Some(code) = plan.phases.get(phase.index()) {
            self.note_passed(&plan, code, (0, usize::MAX), Skip::Allowed);
        }
    }

    pub(super) fn note_matched(&mut self, plan: &Plan, rule: &Rule) {
        self.note(|own| Step::Matched {
            rule: rule.id,
            message: own.described(plan, &rule.message, usize::MAX),
            data: own.described(plan, &rule.log_data, usize::MAX),
            tags: rule
                .tags
                .iter()
                .map(|tag| own.described(plan, tag, usize::MAX))
                .collect(),
        });
    }

    /// The files that a body came to.
    pub(super) fn note_files(&mut self) {
        if !self.is_traced() {
            return;
        }
        for at in 0..self.entry_count(Variable::Files) {
            let (file, size) = (
                self.entry(Variable::Files, at),
                self.entry(Variable::FilesSizes, at),
            );
            if let (Some(file), Some(size)) = (file, size) {
                self.note(|own| Step::File {
                    name: own.bytes_of(file.name),
                    filename: own.scratch.strings.text(file.value).to_vec(),
                    length: own.scratch.strings.text(size.value).to_vec(),
                });
            }
        }
    }

    /// The arguments that a query or a body came to.
    pub(super) fn note_arguments(&mut self, from: Variable) {
        if !self.is_traced() {
            return;
        }
        for at in 0..self.entry_count(from) {
            if let Some(entry) = self.entry(from, at) {
                self.note(|own| Step::Argument {
                    from,
                    name: own.bytes_of(entry.name),
                    value: own.scratch.strings.text(entry.value).to_vec(),
                });
            }
        }
    }
}
