use std::path::PathBuf;

use babyshield_events::Reader;
use babyshield_model::RequestId;
use babyshield_policy::Policy;
use babyshield_policy::exclude::{Known, Recorded, propose};
use babyshield_policy::replay::Request;
use babyshield_waf::source::Disk;
use clap::Args;

use crate::output::{self, Exit, Failure, Format, Outcome};
use crate::policy::Named;

/// Propose the narrowest exclusion that lets a blocked request pass, and price it
///
/// The request is put to the policy's rules again, as far as it was kept. Known attacks are then
/// put into the fields to exclude, with and without the exclusion: the price is how many pass that
/// were blocked before. Nothing is changed; add what is printed to the policy.
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 proposed; 1 there is nothing to propose.")]
pub(crate) struct Exclude {
    /// The request id, as the caller was shown it.
    #[arg(required_unless_present = "request")]
    id: Option<RequestId>,
    /// The request as it was recorded (raw HTTP text), in place of what the store kept of it.
    #[arg(long, value_name = "FILE", conflicts_with = "id")]
    request: Option<PathBuf>,
    /// Further attacks to price by: a file with one a line, or a folder of such files.
    #[arg(long, value_name = "PATH")]
    attacks: Vec<PathBuf>,
    /// The event store [default: that of the policy].
    #[arg(long, value_name = "FILE")]
    store: Option<PathBuf>,
    #[command(flatten)]
    named: Named,
    /// How to print the proposal.
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

impl Exclude {
    pub(super) fn execute(self) -> Outcome {
        let policy = self.named.load_or_default()?;
        let recorded = match self.recorded(&policy)? {
            Ok(recorded) => recorded,
            Err(nothing) => return Ok(refuse(&nothing)),
        };
        let mut known = Known::bundled();
        for path in &self.attacks {
            known.add(path).map_err(|fault| Failure::Usage(fault.0))?;
        }
        let proposal = match propose(&policy, &recorded, &known, &Disk) {
            Ok(proposal) => proposal,
            Err(nothing) => return Ok(refuse(&nothing.0)),
        };
        match self.format {
            Format::Json => output::print_json(&proposal)?,
            Format::Text => output::print(&proposal)?,
        }
        Ok(Exit::Ok)
    }

    /// The request, or why there is none to speak of.
    fn recorded(&self, policy: &Policy) -> Result<Result<Recorded, String>, Failure> {
        if let Some(path) = &self.request {
            let fault = |fault: &dyn std::fmt::Display| {
                Failure::Usage(format!("{}: {fault}", path.display()))
            };
            let text = std::fs::read(path).map_err(|error| fault(&error))?;
            let request = Request::parse(&text).map_err(|error| fault(&error))?;
            return Ok(Ok(Recorded::whole(request)));
        }
        let path = self.store.as_ref().unwrap_or(&policy.events.path);
        let reader = Reader::open(path).map_err(Failure::broken)?;
        let Some(id) = self.id else {
            return Ok(Err("no request is named".to_owned()));
        };
        let Some(event) = reader.request(id).map_err(Failure::broken)? else {
            let path = path.display();
            return Ok(Err(format!("no request {id} is kept in {path}")));
        };
        Ok(Recorded::of(&event).map_err(|nothing| nothing.0))
    }
}

fn refuse(why: &str) -> Exit {
    output::complain(why);
    Exit::Finding
}
