//! Holds the crates to the architecture: edges point down, engines know no runtime.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::Value;

use crate::shell;

/// The picture of ARCHITECTURE.md: each crate and those right below it. What lies further down
/// along these lines may be used too; anything else is an edge the architecture does not have.
const HOUSE: [(&str, &[&str]); 15] = [
    ("cli", &["scan", "dashboard", "policy"]),
    ("dashboard", &["policy"]),
    ("scan", &["policy"]),
    ("policy", &["gateway", "events"]),
    ("gateway", &["layers"]),
    ("layers", &["waf", "limit", "reputation", "auth"]),
    ("events", &["pg"]),
    ("pg", &["secrets"]),
    ("auth", &["secrets"]),
    ("waf", &["detect"]),
    ("detect", &["model"]),
    ("limit", &["model"]),
    ("reputation", &["model"]),
    ("secrets", &["model"]),
    ("model", &[]),
];

/// Programs that judge the product from outside: they may use any crate and each other, and no
/// crate uses them.
const JUDGES: [&str; 5] = [
    "babyshield-conformance",
    "babyshield-bench",
    "babyshield-corpus",
    "babyshield-evaluate",
    "babyshield-train",
];

/// Packages that must stand alone.
const ALONE: [&str; 2] = ["xtask", "recall-api"];

/// Crates that decide and do no I/O.
const ENGINES: [&str; 5] = ["model", "detect", "waf", "limit", "reputation"];

/// What no engine may depend on, however indirectly.
const RUNTIMES: [&str; 4] = ["tokio", "hyper", "mio", "socket2"];

const PREFIX: &str = "babyshield-";

pub(crate) fn run() -> Result<(), String> {
    let output = shell::cargo([
        "metadata",
        "--format-version=1",
        "--locked",
        // Other platforms' packages would only be downloaded to be ignored.
        "--filter-platform=x86_64-unknown-linux-gnu",
    ])
    .stderr(std::process::Stdio::inherit())
    .output()
    .map_err(|fault| format!("cargo does not start: {fault}"))?;
    shell::success("cargo metadata", output.status)?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|fault| format!("cargo metadata is not JSON: {fault}"))?;
    let graph = Graph::read(&metadata);
    let faults = graph.faults();
    if faults.is_empty() {
        println!(
            "graph: {} crates, {} edges between them, all declared; no runtime in an engine",
            graph.members.len(),
            graph.edges.len()
        );
        return Ok(());
    }
    Err(format!(
        "the architecture is broken:\n  {}",
        faults.join("\n  ")
    ))
}

/// What of cargo's metadata matters here.
#[derive(Debug, Default)]
struct Graph {
    /// Names of the workspace's packages.
    members: BTreeSet<String>,
    /// Edges between members, of every kind.
    edges: BTreeSet<(String, String)>,
    /// Normal dependencies of every package, by package id; members and others.
    normal: BTreeMap<String, Vec<String>>,
    /// Package ids and their names.
    names: BTreeMap<String, String>,
}

impl Graph {
    fn read(metadata: &Value) -> Self {
        let mut graph = Self::default();
        for package in list(metadata, "packages") {
            graph
                .names
                .insert(text(package, "id"), text(package, "name"));
        }
        for id in list(metadata, "workspace_members") {
            let id = id.as_str().unwrap_or_default();
            if let Some(name) = graph.names.get(id) {
                graph.members.insert(name.clone());
            }
        }
        let empty = Value::Null;
        for node in list(metadata.get("resolve").unwrap_or(&empty), "nodes") {
            graph.add(node);
        }
        graph
    }

    fn add(&mut self, node: &Value) {
        let id = text(node, "id");
        let from = self.names.get(&id).cloned().unwrap_or_default();
        for dependency in list(node, "deps") {
            let target = text(dependency, "pkg");
            let to = self.names.get(&target).cloned().unwrap_or_default();
            if self.members.contains(&from) && self.members.contains(&to) {
                self.edges.insert((from.clone(), to));
            }
            let kinds = list(dependency, "dep_kinds");
            if kinds
                .iter()
                .any(|kind| kind.get("kind") == Some(&Value::Null))
            {
                self.normal.entry(id.clone()).or_default().push(target);
            }
        }
    }

    /// Everything that is not as the picture says.
    fn faults(&self) -> Vec<String> {
        let unknown = self
            .members
            .iter()
            .filter(|name| !is_known(name))
            .map(|name| format!("{name} has no place in xtask/src/graph.rs; declare it there"));
        let edges = self
            .edges
            .iter()
            .filter(|(from, to)| !is_allowed(from, to))
            .map(|(from, to)| format!("{from} → {to} is not an edge of the architecture"));
        let runtimes = ENGINES.iter().filter_map(|engine| self.runtime(engine));
        unknown.chain(edges).chain(runtimes).collect()
    }

    /// The shortest way from an engine to a runtime, as a fault.
    fn runtime(&self, engine: &str) -> Option<String> {
        let wanted = format!("{PREFIX}{engine}");
        let (start, _) = self.names.iter().find(|(_, name)| **name == wanted)?;
        let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = VecDeque::from([start.as_str()]);
        while let Some(id) = queue.pop_front() {
            if RUNTIMES.contains(&self.name(id)) {
                let way = std::iter::successors(Some(id), |id| came_from.get(id).copied());
                let mut way: Vec<&str> = way.map(|id| self.name(id)).collect();
                way.reverse();
                return Some(format!(
                    "an engine must know no runtime: {}",
                    way.join(" → ")
                ));
            }
            for next in self.normal.get(id).into_iter().flatten() {
                if next != start && !came_from.contains_key(next.as_str()) {
                    came_from.insert(next, id);
                    queue.push_back(next);
                }
            }
        }
        None
    }

    fn name<'a>(&'a self, id: &str) -> &'a str {
        self.names.get(id).map_or("", String::as_str)
    }
}

fn is_known(package: &str) -> bool {
    JUDGES.contains(&package)
        || ALONE.contains(&package)
        || package
            .strip_prefix(PREFIX)
            .is_some_and(|name| HOUSE.iter().any(|(own, _)| *own == name))
}

/// Whether the picture has a way down from one package to the other.
fn is_allowed(from: &str, to: &str) -> bool {
    if JUDGES.contains(&from) && JUDGES.contains(&to) {
        return true;
    }
    let Some(to) = to.strip_prefix(PREFIX) else {
        return false;
    };
    if JUDGES.contains(&from) {
        return HOUSE.iter().any(|(own, _)| *own == to);
    }
    let Some(from) = from.strip_prefix(PREFIX) else {
        return false;
    };
    let below = |name: &str| {
        HOUSE
            .iter()
            .find(|(own, _)| *own == name)
            .map_or(&[][..], |(_, below)| below)
    };
    let mut open: Vec<&str> = below(from).to_vec();
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        open.extend(below(name));
    }
    false
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Metadata with these members and edges (from, to, kind).
    fn metadata(members: &[&str], edges: &[(&str, &str, Option<&str>)]) -> Value {
        let mut names: BTreeSet<&str> = members.iter().copied().collect();
        names.extend(edges.iter().flat_map(|(from, to, _)| [*from, *to]));
        let nodes: Vec<Value> = names
            .iter()
            .map(|name| {
                let deps: Vec<Value> = edges
                    .iter()
                    .filter(|(from, _, _)| from == name)
                    .map(|(_, to, kind)| json!({ "pkg": to, "dep_kinds": [{ "kind": kind }] }))
                    .collect();
                json!({ "id": name, "deps": deps })
            })
            .collect();
        let packages: Vec<Value> = names
            .iter()
            .map(|name| json!({ "id": name, "name": name }))
            .collect();
        json!({
            "packages": packages,
            "workspace_members": members,
            "resolve": { "nodes": nodes },
        })
    }

    fn faults(members: &[&str], edges: &[(&str, &str, Option<&str>)]) -> Vec<String> {
        Graph::read(&metadata(members, edges)).faults()
    }

    #[test]
    fn edges_down_the_picture_pass() {
        let members = ["babyshield-cli", "babyshield-waf", "babyshield-bench"];
        let edges = [
            ("babyshield-cli", "babyshield-waf", None),
            ("babyshield-bench", "babyshield-waf", Some("dev")),
            ("babyshield-cli", "tokio", None),
        ];
        assert_eq!(faults(&members, &edges), Vec::<String>::new());
    }

    #[test]
    fn an_upward_edge_fails_whatever_its_kind() {
        for kind in [None, Some("dev"), Some("build")] {
            let members = ["babyshield-waf", "babyshield-gateway"];
            let found = faults(&members, &[("babyshield-waf", "babyshield-gateway", kind)]);
            assert_eq!(found.len(), 1, "{found:?}");
        }
    }

    #[test]
    fn layers_know_neither_policy_nor_events() {
        for above in ["babyshield-policy", "babyshield-events"] {
            assert!(!is_allowed("babyshield-layers", above));
            assert!(!is_allowed("babyshield-gateway", above));
        }
    }

    #[test]
    fn nobody_depends_on_a_judge_and_the_sample_stands_alone() {
        assert!(!is_allowed("babyshield-cli", "babyshield-bench"));
        assert!(!is_allowed("babyshield-cli", "recall-api"));
        assert!(!is_allowed("recall-api", "babyshield-model"));
    }

    #[test]
    fn tokio_deep_below_an_engine_fails_with_the_way_there() {
        let members = ["babyshield-waf"];
        let edges = [
            ("babyshield-waf", "a", None),
            ("a", "b", None),
            ("b", "tokio", None),
        ];
        let found = faults(&members, &edges);
        assert_eq!(
            found,
            ["an engine must know no runtime: babyshield-waf → a → b → tokio"]
        );
    }

    #[test]
    fn tokio_in_an_engines_tests_is_no_fault() {
        let edges = [("babyshield-waf", "tokio", Some("dev"))];
        assert!(faults(&["babyshield-waf"], &edges).is_empty());
    }

    #[test]
    fn a_crate_without_a_place_fails() {
        assert_eq!(faults(&["babyshield-utils"], &[]).len(), 1);
    }
}
