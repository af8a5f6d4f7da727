use std::path::PathBuf;

use babyshield_events::{Reader, fixes, why};
use babyshield_model::RequestId;
use clap::Args;
use serde_json::json;

use crate::output::{self, Exit, Failure, Format, Outcome};
use crate::policy::Named;

/// Explain what became of one request
///
/// Told are who decided, the rule, the decoded value, the field, and the narrowest change that
/// would let it pass. Works beside a running gateway.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 explained; 1 no such request is kept.")]
pub(crate) struct Why {
    /// The request id, as the caller was shown it.
    id: RequestId,
    /// The event store [default: that of the policy].
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    #[command(flatten)]
    named: Named,
    /// How to print the explanation.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

impl Why {
    pub(crate) fn execute(self) -> Outcome {
        let path = match self.store {
            Some(path) => path,
            None => self.named.load_or_default()?.events.path,
        };
        let reader = Reader::open(&path).map_err(Failure::broken)?;
        let Some(event) = reader.request(self.id).map_err(Failure::broken)? else {
            output::complain(&format!(
                "no request {} is kept in {}",
                self.id,
                path.display()
            ));
            return Ok(Exit::Finding);
        };
        match self.format {
            Format::Json => {
                output::print_json(&json!({ "event": event, "fixes": fixes(&event) }))?;
            }
            Format::Text => output::print(why(&event))?,
        }
        Ok(Exit::Ok)
    }
}
