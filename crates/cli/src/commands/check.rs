use clap::Args;

use crate::diagnostics;
use crate::output::{self, Exit, Format, Outcome, count};
use crate::policy::Named;

/// Check a policy and everything it names
///
/// Rule files, certificates, networks and patterns are read and compiled; nothing is started. Every
/// fault is told at once, with its place and what to do.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 the policy is good (warnings do not count); 2 it is not.")]
pub(crate) struct Check {
    /// The policy file [default: --policy, or babyshield.toml].
    file: Option<std::path::PathBuf>,
    #[command(flatten)]
    named: Named,
    /// How to print the outcome.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl Check {
    pub(crate) fn execute(self) -> Outcome {
        let named = Named {
            policy: self.file.or(self.named.policy),
        };
        let policy = named.load()?;
        match self.format {
            Format::Json => output::print_json(&serde_json::json!({
                "policy": policy.document.source.name,
                "rules": policy.rules.size().rules,
                "routes": policy.spec.routes.len(),
                "mode": policy.spec.mode.as_str(),
                "diagnostics": diagnostics::to_json(policy.warnings()),
            }))?,
            Format::Text => {
                diagnostics::print(policy.warnings(), Format::Text);
                output::print(format_args!(
                    "{} is good: mode {}, {}, {}, {}\n",
                    policy.document.source.name,
                    policy.spec.mode.as_str(),
                    count(policy.rules.size().rules, "rule"),
                    count(policy.spec.routes.len(), "route"),
                    count(policy.warnings().len(), "warning"),
                ))?;
            }
        }
        Ok(Exit::Ok)
    }
}
