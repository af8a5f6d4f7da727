//! Real scanners against the vulnerable sample: what each finds directly, and what through the
//! gateway.

mod tool;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use babyshield_conformance::gateway::{Gateway, Policy};
use babyshield_conformance::process::{Process, free_address};
use babyshield_model::Mode;
use tempfile::TempDir;

use crate::{Options, report};
use tool::{Found, TOOLS, Tool};

/// The way to the sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Direct,
    /// Rules and lists alone: a patient attacker who keeps below every limit.
    WithoutLimits,
    /// The gateway as it comes.
    AsItComes,
}

const WAYS: [Way; 3] = [Way::Direct, Way::WithoutLimits, Way::AsItComes];

impl Way {
    fn name(self) -> &'static str {
        match self {
            Self::Direct => "directly",
            Self::WithoutLimits => "gateway, rate limits off",
            Self::AsItComes => "gateway as it comes",
        }
    }
}

/// What a tool is given.
#[derive(Debug)]
pub(crate) struct Target {
    address: SocketAddr,
    /// For what the tool writes.
    folder: TempDir,
    /// Lists of payloads, if they are there.
    payloads: PathBuf,
}

/// Runs every scanner every way, and fails when one finds something through the gateway, or
/// nothing without it.
pub(crate) fn run(options: &Options) -> Result<(), String> {
    let mut rows = Vec::new();
    for tool in TOOLS {
        if let Some(why) = tool.is_absent(&options.payloads()) {
            println!(
                "conformance scanners: {} skipped, not passed: {why}",
                tool.name()
            );
            rows.push((tool, Err(why)));
            continue;
        }
        let mut found = Vec::new();
        for way in WAYS {
            let result = scan(tool, way, options)?;
            println!(
                "conformance scanners: {}, {}: {}",
                tool.name(),
                way.name(),
                result.text
            );
            found.push(result);
        }
        rows.push((tool, Ok(found)));
    }
    if options.writes() {
        report::write(&options.results, &section(&rows)).map_err(|fault| fault.to_string())?;
    }
    judge(&rows)
}

type Row = (Tool, Result<Vec<Found>, String>);

fn judge(rows: &[Row]) -> Result<(), String> {
    let mut faults = Vec::new();
    for (tool, found) in rows {
        for (way, found) in WAYS.iter().zip(found.iter().flatten()) {
            let name = tool.name();
            match (way, found.holes) {
                (Way::Direct, 0) => {
                    faults.push(format!(
                        "{name} finds nothing directly, so it proves nothing"
                    ));
                }
                (Way::WithoutLimits | Way::AsItComes, holes) if holes > 0 => {
                    faults.push(format!("{name}, {}: {}", way.name(), found.text));
                }
                (Way::Direct | Way::WithoutLimits | Way::AsItComes, _) => {}
            }
        }
    }
    if faults.is_empty() {
        Ok(())
    } else {
        Err(faults.join("\n"))
    }
}

fn section(rows: &[Row]) -> String {
    let mut text =
        "## Scanners against the sample\n\n`cargo xtask conformance scanners`. Each with \
                    a browser's user agent, so that its name alone does not give it away; a fresh \
                    sample and a fresh gateway with the built-in rules for each run.\n\n"
            .to_owned();
    let ways = WAYS.map(Way::name).join(" | ");
    text.push_str(&format!("| scanner | {ways} |\n|---|---|---|---|\n"));
    for (tool, found) in rows {
        let cells = match found {
            Ok(found) => found.iter().map(|found| found.text.as_str()).collect(),
            Err(why) => vec![why.as_str(), "skipped", "skipped"],
        };
        text.push_str(&format!("| {} | {} |\n", tool.name(), cells.join(" | ")));
    }
    text
}

fn scan(tool: Tool, way: Way, options: &Options) -> Result<Found, String> {
    let folder = tempfile::tempdir().map_err(|fault| fault.to_string())?;
    let (_sample, upstream) = sample(&options.binary, folder.path())?;
    let policy = |limits| Policy {
        mode: Mode::Enforce,
        rules: "builtin".to_owned(),
        limits,
        lists: true,
        keep_all: false,
    };
    let gateway = match way {
        Way::Direct => None,
        Way::WithoutLimits => Some(Gateway::start(&options.binary, &policy(false), upstream)?),
        Way::AsItComes => Some(Gateway::start(&options.binary, &policy(true), upstream)?),
    };
    let target = Target {
        address: gateway.as_ref().map_or(upstream, |gateway| gateway.address),
        folder,
        payloads: options.payloads(),
    };
    tool.run(&target)
}

/// Starts the sample that lies beside the gateway's binary.
fn sample(binary: &Path, folder: &Path) -> Result<(Process, SocketAddr), String> {
    let address = free_address()?;
    let mut command = Command::new(binary.with_file_name("recall-api"));
    command.arg(address.port().to_string());
    let process = Process::start(&mut command, &folder.join("sample.log"), address)?;
    Ok((process, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(holes: [usize; 3]) -> Row {
        let found = holes.map(|holes| Found {
            holes,
            text: holes.to_string(),
        });
        (Tool::Sqlmap, Ok(found.into()))
    }

    #[test]
    fn a_hole_through_the_gateway_fails_and_so_does_a_scan_that_proves_nothing() {
        assert!(judge(&[row([2, 0, 0])]).is_ok());
        assert!(judge(&[row([2, 1, 0])]).is_err());
        assert!(judge(&[row([2, 0, 1])]).is_err());
        assert!(judge(&[row([0, 0, 0])]).is_err());
    }
}
