mod bench;
mod explain;
mod fmt;
mod test;

use std::path::PathBuf;
use std::sync::Arc;

use babyshield_waf::source::Disk;
use babyshield_waf::{Compiled, Description, Plan, Spec};
use clap::{Args, Subcommand};
use serde_json::json;

use super::exclude::Exclude;
use crate::diagnostics;
use crate::output::{self, Exit, Failure, Format, Outcome};
use crate::policy::Named;
use bench::Bench;
use explain::Explain;
use fmt::Fmt;
use test::Test;

/// Show the rules of the rule engine, check rule files, or propose exclusions
#[derive(Debug, Subcommand)]
pub(crate) enum Rules {
    Check(Check),
    Fmt(Fmt),
    Lint(Lint),
    List(List),
    Show(Show),
    Explain(Explain),
    Test(Test),
    Bench(Bench),
    Exclude(Exclude),
}

/// Check SecLang files, or a folder of the OWASP Core Rule Set
///
/// Every fault is told at once, with its place.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 the rules are good (warnings do not count); 2 they are not.")]
pub(crate) struct Check {
    /// Files, folders, or `builtin`; without any, the rules of the policy.
    rules: Vec<PathBuf>,
    #[command(flatten)]
    named: Named,
    /// How to print the outcome.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Look SecLang files over for what is allowed and probably not meant
///
/// Rules that do nothing, can never match or look for what another looks for; patterns that have to
/// backtrack; `TX` variables that are written or read in vain.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing to say; 1 something; 2 the rules do not load.")]
pub(crate) struct Lint {
    /// Files, folders, or `builtin`.
    #[arg(required = true)]
    rules: Vec<PathBuf>,
    /// How to print the outcome.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// List the rules in force
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Only rules with this tag.
    #[arg(long)]
    tag: Option<String>,
    /// Only rules up to this paranoia level.
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=4))]
    level: Option<u8>,
    #[command(flatten)]
    chosen: Chosen,
}

/// Show one rule
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 shown; 1 there is no such rule.")]
pub(crate) struct Show {
    /// Its id.
    id: u64,
    #[command(flatten)]
    chosen: Chosen,
}

/// Which rules.
#[derive(Debug, Args)]
pub(crate) struct Loaded {
    /// Files, folders, or `builtin`, in place of the policy's rules.
    #[arg(long = "rules", value_name = "PATH")]
    rules: Vec<PathBuf>,
    /// The paranoia level, in place of what the files say.
    #[arg(long, value_name = "LEVEL", requires = "rules",
          value_parser = clap::value_parser!(u8).range(1..=4))]
    paranoia: Option<u8>,
    #[command(flatten)]
    named: Named,
}

/// Which rules, and how to print them.
#[derive(Debug, Args)]
pub(crate) struct Chosen {
    #[command(flatten)]
    loaded: Loaded,
    /// How to print them.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Rules {
    pub(crate) fn format(&self) -> Format {
        match self {
            Self::Check(command) => command.format,
            Self::Fmt(command) => command.format,
            Self::Lint(command) => command.format,
            Self::List(command) => command.chosen.format,
            Self::Show(command) => command.chosen.format,
            Self::Explain(command) => command.chosen.format,
            Self::Test(command) => command.format(),
            Self::Bench(command) => command.format,
            Self::Exclude(command) => command.format,
        }
    }

    pub(crate) fn execute(self) -> Outcome {
        match self {
            Self::Check(command) => command.execute(),
            Self::Fmt(command) => command.execute(),
            Self::Lint(command) => command.execute(),
            Self::List(command) => command.execute(),
            Self::Show(command) => command.execute(),
            Self::Explain(command) => command.execute(),
            Self::Test(command) => command.execute(),
            Self::Bench(command) => command.execute(),
            Self::Exclude(command) => command.execute(),
        }
    }
}

fn compile(rules: Vec<PathBuf>) -> Result<Compiled, Failure> {
    let spec = Spec {
        rules,
        ..Spec::default()
    };
    Plan::compile(&spec, &Disk).map_err(Failure::Faulty)
}

impl Check {
    fn execute(self) -> Outcome {
        let (plan, warnings) = if self.rules.is_empty() {
            let policy = self.named.load_or_default()?;
            (policy.rules, policy.document.diagnostics)
        } else {
            let compiled = compile(self.rules)?;
            (Arc::new(compiled.plan), compiled.warnings)
        };
        let size = plan.size();
        match self.format {
            Format::Json => output::print_json(&json!({
                "rules": size.rules,
                "patterns": size.patterns,
                "bytes": size.bytes,
                "diagnostics": diagnostics::to_json(&warnings),
            }))?,
            Format::Text => {
                diagnostics::print(&warnings, Format::Text);
                output::print(format_args!(
                    "{} rules are good: {} patterns, {} chains of transformations, {} KiB\n",
                    size.rules,
                    size.patterns,
                    size.chains,
                    size.bytes >> 10,
                ))?;
            }
        }
        Ok(Exit::Ok)
    }
}

impl Lint {
    fn execute(self) -> Outcome {
        let spec = Spec {
            rules: self.rules,
            ..Spec::default()
        };
        let (set, mut said) = Plan::read(&spec, &Disk).map_err(Failure::Faulty)?;
        said.extend(babyshield_waf::hir::lint(&set));
        match self.format {
            Format::Json => output::print_json(&json!({
                "diagnostics": diagnostics::to_json(&said),
            }))?,
            Format::Text => diagnostics::print(&said, Format::Text),
        }
        Ok(if said.is_empty() {
            Exit::Ok
        } else {
            Exit::Finding
        })
    }
}

impl Loaded {
    /// The rules, compiled.
    fn plan(&self) -> Result<Arc<Plan>, Failure> {
        if self.rules.is_empty() {
            return Ok(self.named.load_or_default()?.rules);
        }
        let compiled = Plan::compile(&self.spec()?, &Disk).map_err(Failure::Faulty)?;
        Ok(Arc::new(compiled.plan))
    }

    /// What the rules are compiled from.
    fn spec(&self) -> Result<Spec, Failure> {
        if self.rules.is_empty() {
            return Ok(self.named.load_or_default()?.waf);
        }
        Ok(Spec {
            rules: self.rules.clone(),
            level: self.paranoia,
            ..Spec::default()
        })
    }
}

impl Chosen {
    fn load(&self) -> Result<Vec<Description>, Failure> {
        Ok(self.loaded.plan()?.rules().collect())
    }
}

impl List {
    fn execute(self) -> Outcome {
        let mut rules = self.chosen.load()?;
        if let Some(tag) = &self.tag {
            rules.retain(|rule| rule.tags.contains(tag));
        }
        if let Some(level) = self.level {
            rules.retain(|rule| rule.level.unwrap_or(1) <= level);
        }
        match self.chosen.format {
            Format::Json => {
                let rules: Vec<_> = rules.iter().map(to_json).collect();
                output::print_json(&rules)?;
            }
            Format::Text => {
                let row = |rule: &Description| {
                    let level = rule.level.map(|level| level.to_string());
                    [
                        rule.id.to_string(),
                        rule.phase.to_string(),
                        level.unwrap_or_default(),
                        rule.severity.to_owned(),
                        rule.message.clone(),
                    ]
                };
                let rows: Vec<_> = rules.iter().map(row).collect();
                let head = ["ID", "PHASE", "LEVEL", "SEVERITY", "MESSAGE"];
                output::print(output::table(head, &rows))?;
            }
        }
        Ok(Exit::Ok)
    }
}

impl Show {
    fn execute(self) -> Outcome {
        let rules = self.chosen.load()?;
        let Some(rule) = rules.iter().find(|rule| rule.id == self.id) else {
            output::complain(&format!("there is no rule {} in force", self.id));
            return Ok(Exit::Finding);
        };
        match self.chosen.format {
            Format::Json => output::print_json(&to_json(rule))?,
            Format::Text => output::print(describe(rule))?,
        }
        Ok(Exit::Ok)
    }
}

fn describe(rule: &Description) -> String {
    let level = rule.level.map(|level| level.to_string());
    let lines = [
        ("message", rule.message.clone()),
        ("severity", rule.severity.to_owned()),
        ("phase", rule.phase.to_string()),
        ("level", level.unwrap_or_default()),
        ("action", rule.action.to_owned()),
        ("logs", if rule.log { "yes" } else { "no" }.to_owned()),
        ("conditions", rule.links.to_string()),
        ("tags", rule.tags.join(", ")),
        ("source", rule.source.clone()),
    ];
    let mut text = format!("rule {}\n\n", rule.id);
    for (name, value) in lines {
        if !value.is_empty() {
            text.push_str(&format!("  {name:11} {value}\n"));
        }
    }
    text
}

fn to_json(rule: &Description) -> serde_json::Value {
    json!({
        "id": rule.id,
        "phase": rule.phase,
        "level": rule.level,
        "severity": rule.severity,
        "message": rule.message,
        "action": rule.action,
        "logs": rule.log,
        "conditions": rule.links,
        "tags": rule.tags,
        "source": rule.source,
    })
}
