//! Exclusions: rules of our own that stand before all others and take a field out of a rule's
//! sight.

use babyshield_model::{Diagnostic, Diagnostics};

use crate::hir::{self, Input, Phase, RuleSet, Step};
use crate::source::Files;
use crate::spec::Exclusion;

/// The first of their ids, between the built-in rules' own.
const FIRST_ID: u64 = 10_950_000;

/// Puts the exclusions before the rules. Each runs in the phase of its rule, so that it sees every
/// value that the rule will see.
pub(super) fn insert(
    set: &mut RuleSet,
    exclusions: &[Exclusion],
    files: &dyn Files,
) -> Result<(), Diagnostics> {
    let mut steps = Vec::new();
    let mut faults = Diagnostics::new();
    for (own, id) in exclusions.iter().zip((FIRST_ID..).step_by(2)) {
        let Some(phase) = phase_of(set, own.rule) else {
            faults.push(unknown(own));
            continue;
        };
        let text = Input::Text("<exclusion>".to_owned(), directives(own, id, phase));
        match hir::lower(&[text], files, 1) {
            Ok((own, _)) => steps.extend(own.steps),
            // The text is ours: what is wrong in it is wrong in what it was made of.
            Err(wrong) => faults.extend(wrong.into_iter().map(|fault| at(fault, own))),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    set.steps.splice(0..0, steps);
    Ok(())
}

fn phase_of(set: &RuleSet, id: u64) -> Option<Phase> {
    set.steps.iter().find_map(|step| match step {
        Step::Rule(rule) if rule.id == id => Some(rule.phase),
        Step::Rule(_) | Step::Marker(_) => None,
    })
}

fn unknown(own: &Exclusion) -> Diagnostic {
    let fault = Diagnostic::error("waf.unknown_rule", format!("there is no rule {}", own.rule))
        .help("`babyshield rules list` tells the rules in force");
    at(fault, own)
}

fn at(fault: Diagnostic, own: &Exclusion) -> Diagnostic {
    Diagnostic {
        span: own.place.clone(),
        ..fault
    }
}

/// One exclusion. A value that does not match jumps over it; the chain takes the field away where
/// method, host and path fit.
fn directives(own: &Exclusion, id: u64, phase: Phase) -> String {
    let phase = phase.number();
    let field = &own.field;
    let mut text = String::new();
    if let Some(value) = &own.value {
        text = format!(
            "SecRule \"{field}\" \"!@rx {value}\" \
             \"id:{id},phase:{phase},pass,nolog,t:none,skipAfter:EXCLUSION-{id}\"\n"
        );
    }
    let conditions = [
        own.method
            .as_ref()
            .map(|own| ("REQUEST_METHOD", own, "t:none")),
        own.host
            .as_ref()
            .map(|own| ("REQUEST_HEADERS:Host", own, "t:none")),
        Some(("REQUEST_FILENAME", &own.path, "t:none,t:urlDecodeUni")),
    ];
    let mut actions = format!("id:{},phase:{phase},pass,nolog,", id + 1);
    for (target, pattern, transforms) in conditions.into_iter().flatten() {
        let then = if target == "REQUEST_FILENAME" {
            format!("ctl:ruleRemoveTargetById={};{field}", own.rule)
        } else {
            "chain".to_owned()
        };
        text.push_str(&format!(
            "SecRule {target} \"@rx {pattern}\" \"{actions}{transforms},{then}\"\n"
        ));
        actions.clear();
    }
    text + &format!("SecMarker EXCLUSION-{id}\n")
}
