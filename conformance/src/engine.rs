//! Cases against the engine itself, without a gateway in front.

use std::path::Path;
use std::sync::Arc;

use babyshield_model::Finding;
use babyshield_policy::ftw::{Bench, Stage};
use babyshield_waf::source::Disk;
use babyshield_waf::{Plan, Spec};

/// The engine over one rule set.
#[derive(Debug)]
pub(crate) struct Engine(Bench);

impl Engine {
    pub(crate) fn new(rules: &Path) -> Result<Self, String> {
        let spec = Spec {
            rules: vec![rules.to_owned()],
            ..Spec::default()
        };
        match Plan::compile(&spec, &Disk) {
            Ok(compiled) => Ok(Self(Bench::new(Arc::new(compiled.plan)))),
            Err(faults) => {
                let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
                Err(format!("the rules do not load:\n{}", lines.join("\n")))
            }
        }
    }

    /// What the rules find in one request; `None` when the engine panicked over it.
    pub(crate) fn findings(&self, stage: &Stage) -> Option<Vec<Finding>> {
        self.0.run(stage).map(|ran| ran.findings)
    }
}
