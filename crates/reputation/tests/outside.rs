//! The built-in lists against data that nobody here wrote: ordinary agents and paths must pass,
//! probed paths are counted. The data lies beside the project; without it a test says so and
//! judges nothing.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::fmt::Write as _;
use std::path::PathBuf;

use babyshield_reputation::{agent, path};

/// The lines of one outside file, or `None` when it is not there.
fn lines(name: &str) -> Option<Vec<String>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "tells the test where the outside data lies"
    )]
    let root = std::env::var("BABYSHIELD_DATA").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    match std::fs::read(root.join(name)) {
        Ok(bytes) => Some(
            String::from_utf8_lossy(&bytes)
                .lines()
                .map(str::to_owned)
                .collect(),
        ),
        Err(error) => {
            eprintln!(
                "skipped: {}: {error}; set BABYSHIELD_DATA",
                root.join(name).display()
            );
            None
        }
    }
}

/// Scanners that the collection of ordinary agents contains.
const SCANNERS_AMONG_THE_AGENTS: [&str; 4] = ["DataCha0s", "libwhisker", "Paros", "WebVulnCrawl"];

#[test]
fn ordinary_agents_are_not_on_the_list() {
    let Some(agents) = lines("benign/user-agents.txt") else {
        return;
    };
    let plan = agent::Plan::compile(&agent::Spec::from(["builtin"].as_slice())).unwrap();
    let mut wrong = String::new();
    for agent in &agents {
        if let Some(entry) = plan.find(agent.as_bytes())
            && !SCANNERS_AMONG_THE_AGENTS.contains(&entry.name.as_str())
        {
            writeln!(wrong, "{} took {agent:?}", entry.name).unwrap();
        }
    }
    assert!(agents.len() > 2000, "only {} agents", agents.len());
    assert!(wrong.is_empty(), "{wrong}");
}

/// The collection of ordinary paths was recorded in front of a site that was being scanned. Its
/// lines with a query are attacks on the query; among the others these are probes as well.
fn is_probe(path: &str) -> bool {
    let probes = [
        "/cgi-bin/",
        "c99",
        "phpmyadmin/",
        "_vti_bin",
        "/examples/jsp",
        "/examples/servlets",
        "fckeditor",
        ".php~",
        ".php.bak",
        "shell",
        "/webdav/",
        "/administrator/components/",
        "timthumb.php",
        "/xampp",
        "/cgi/",
        "/.git",
        "/wp-",
        ".swp",
        "/cacti/",
        ".nsf",
        "/cfdocs/",
    ];
    let path = path.to_ascii_lowercase();
    path.contains(['?', '%', '~', '<']) || probes.iter().any(|probe| path.contains(probe))
}

#[test]
fn ordinary_paths_are_not_on_the_list() {
    let Some(paths) = lines("benign/paths.txt") else {
        return;
    };
    let plan = path::Plan::compile(&path::Spec::from(["builtin"].as_slice())).unwrap();
    let (mut wrong, mut judged) = (String::new(), 0);
    for path in paths.iter().filter(|path| !is_probe(path)) {
        judged += 1;
        if let Some(hit) = plan.find(path.as_bytes()) {
            writeln!(wrong, "{} ({}) took {path:?}", hit.pattern, hit.category).unwrap();
        }
    }
    assert!(judged > 1000, "only {judged} paths");
    assert!(wrong.is_empty(), "{wrong}");
}

/// A list of probes from the year 2004 and before, most of them for programs that are gone. The
/// figure is a measurement, not a goal; the floor only notices when a form stops working.
#[test]
fn probed_paths_are_counted() {
    let Some(paths) = lines("payloads/probe-paths.txt") else {
        return;
    };
    let plan = path::Plan::compile(&path::Spec::from(["builtin"].as_slice())).unwrap();
    let found = paths
        .iter()
        .filter(|path| plan.find(path.as_bytes()).is_some());
    let found = found.count();
    let share = found * 100 / paths.len();
    println!(
        "probe-paths.txt: {found} of {} on the list, {share} %",
        paths.len()
    );
    assert!(share >= 40, "only {share} %");
}
