//! Laying rule files out loses nothing, and doing it twice changes nothing more.
#![allow(clippy::panic, clippy::print_stdout, reason = "a test")]

use std::sync::Arc;

use babyshield_model::Source;
use babyshield_waf::hir::{self, Input};
use babyshield_waf::source::Disk;
use babyshield_waf::{builtin, seclang};

/// Debian's `modsecurity-crs`.
const CRS: &str = "/usr/share/modsecurity-crs/rules";

fn laid_out(name: &str, text: &str) -> String {
    let format = |text: &str| {
        let source = Source::new(name, text);
        seclang::format(&source).unwrap_or_else(|faults| panic!("{name}: {faults:?}"))
    };
    let once = format(text);
    assert_eq!(once, format(&once), "{name}: twice");
    let read = |text: &str| seclang::parse(&Source::new(name, text)).0;
    assert_eq!(seclang::difference(&read(text), &read(&once)), None);
    once
}

/// What rules mean, places apart.
fn meaning(inputs: &[Input]) -> String {
    let (set, _) = hir::lower(inputs, &Disk, 1000).unwrap_or_else(|faults| panic!("{faults:?}"));
    let told = set.steps.iter().map(|step| match step {
        hir::Step::Marker(name) => format!("marker {name}"),
        hir::Step::Rule(rule) => {
            let links = rule.links.iter().map(|link| {
                let operator = match &link.operator {
                    hir::Operator::Rx(own) | hir::Operator::RxGlobal(own) => own.text.clone(),
                    other => format!("{other:?}"),
                };
                let (targets, actions) = (&link.targets, &link.actions);
                let flags = (link.negated, link.multi_match, link.capture);
                let (steps, names) = (&link.transforms, &link.namespaces);
                format!("{targets:?} {operator} {flags:?} {steps:?} {names:?} {actions:?}")
            });
            let links: Vec<String> = links.collect();
            let (id, phase, jump, meta) = (rule.id, rule.phase, &rule.jump, &rule.meta);
            let does = (&rule.disruption, rule.status, rule.log, rule.audit);
            format!("{id} {phase:?} {does:?} {jump:?} {meta:?} {links:?}")
        }
    });
    told.collect::<Vec<_>>().join("\n")
}

#[test]
fn built_in_rules_mean_the_same_laid_out() {
    let texts = |lay: bool| -> Vec<Input> {
        let input = |(name, text): &(&str, &str)| {
            let text = if lay {
                laid_out(name, text)
            } else {
                (*text).to_owned()
            };
            Input::Text((*name).to_owned(), text)
        };
        // Data files lie in the binary.
        let plain = |(_, text): &&(&str, &str)| !text.contains("FromFile");
        builtin::FILES.iter().filter(plain).map(input).collect()
    };
    assert_eq!(meaning(&texts(false)), meaning(&texts(true)));
}

#[test]
fn built_in_rules_are_laid_out() {
    for (name, text) in builtin::FILES {
        let laid = laid_out(name, text);
        let lines = text.lines().zip(laid.lines());
        let first = lines.enumerate().find(|(_, (own, laid))| own != laid);
        assert_eq!(first, None, "{name}: `babyshield rules fmt` does more");
        assert_eq!(*text, laid, "{name}");
    }
}

#[test]
fn the_crs_of_debian_means_the_same_laid_out() {
    let Ok(folder) = std::fs::read_dir(CRS) else {
        println!("skipped: {CRS} is not there");
        return;
    };
    let mut paths: Vec<_> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "conf"));
    paths.sort();
    assert!(paths.len() > 10, "{paths:?}");
    let inputs = |lay: bool| -> Vec<Input> {
        let input = |path: &std::path::PathBuf| {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{error}"));
            let text = if lay { laid_out(&name, &text) } else { text };
            Input::Text(name, text)
        };
        paths.iter().map(input).collect()
    };
    assert_eq!(meaning(&inputs(false)), meaning(&inputs(true)));
}

/// White space between words, actions and rules put in and taken out at random.
#[test]
fn any_layout_leads_to_the_same() {
    let mut state: u64 = 7;
    let mut random = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for (name, text) in builtin::FILES {
        let text: String = text
            .lines()
            .take(200)
            .map(|line| format!("{line}\n"))
            .collect();
        let source: Arc<Source> = Source::new(*name, text.clone());
        let (file, faults) = seclang::parse(&source);
        if !faults.is_empty() {
            continue;
        }
        let wanted = laid_out(name, &text);
        for _ in 0..20 {
            let mut messy = String::new();
            for item in &file.items {
                match item {
                    seclang::ast::Item::Trivia(range) => {
                        let trivia = text.get(range.clone()).unwrap_or_default();
                        messy.push_str(
                            &trivia.replace('\n', ["\n", " \n", "\t\r\n"][random(3) as usize]),
                        );
                    }
                    seclang::ast::Item::Directive(own) => {
                        messy.push_str(&" ".repeat(random(5) as usize));
                        let whole = text.get(own.range.clone()).unwrap_or_default();
                        let ends = ["\\\n", "\\\r\n", "\\  \n \t"][random(3) as usize];
                        messy.push_str(
                            &whole
                                .replace(" \\\n", &format!("  {ends}"))
                                .replace(",\\\n", &format!(",{ends}")),
                        );
                    }
                }
            }
            assert_eq!(laid_out(name, &messy), wanted, "{name}");
        }
    }
}
