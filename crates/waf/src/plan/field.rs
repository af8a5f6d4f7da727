//! What is scanned before a phase: each field once, through the chains of all rules that look at it.

use std::collections::HashMap;

use super::{
    Chain, Field, Gate, Gates, Group, Link, Parts, Plain, Reach, Seen, Select, Stop, Target,
    is_fixed,
};
use crate::byteset::ByteSet;
use crate::variable::Variable;

/// The fields that a link looks at, made where there are none yet, with the names that it leaves out.
pub(super) fn each_field(
    fields: &mut Vec<Field>,
    link: &Link,
    mut each: impl FnMut(&mut Field, &[String]),
) {
    for Target {
        variable, select, ..
    } in link
        .targets
        .iter()
        .filter(|target| is_fixed(target.variable))
    {
        for member in variable.members() {
            let skip = skipped_names(link, *variable, *member);
            let known = fields
                .iter_mut()
                .find(|own| own.variable == *member && own.select == *select);
            if let Some(field) = known {
                field.skip.retain(|name| skip.contains(name));
                each(field, &skip);
                continue;
            }
            let mut field = Field {
                variable: *member,
                select: select.clone(),
                skip: skip.clone(),
                present: Vec::new(),
                later: Vec::new(),
                triggers: ByteSet::EMPTY,
                always: false,
                detect: None,
                gates: Vec::new(),
                parts: Parts::NONE,
                seen: Vec::new(),
                refuted: Vec::new(),
                route: Vec::new(),
            };
            each(&mut field, &skip);
            fields.push(field);
        }
    }
}

/// Has the detectors look at a field, but for these names.
pub(super) fn detect(field: &mut Field, skip: &[String]) {
    match &mut field.detect {
        Some(known) => known.retain(|name| skip.contains(name)),
        None => field.detect = Some(skip.to_vec()),
    }
}

/// Has a field looked at through a chain for a gate.
pub(super) fn watch(field: &mut Field, chain: u16, chains: &[Chain], gate: Gate, all: &Gates) {
    let Some(through) = chains.get(usize::from(chain)) else {
        return;
    };
    let mark = |gates: &mut Vec<u64>| {
        gates.resize(all.words(), 0);
        if let Some(word) = gates.get_mut(gate.index() / 64) {
            *word |= 1 << (gate.index() % 64);
        }
    };
    mark(&mut field.gates);
    field.triggers = field.triggers.union(through.beyond_case);
    field.always |= through.always;
    let shortest = all.shortest(gate);
    if let Some(seen) = field.seen.iter_mut().find(|own| own.chain == chain) {
        seen.shortest = seen.shortest.min(shortest);
        return mark(&mut seen.gates);
    }
    let mut seen = Seen {
        chain,
        triggers: through.beyond_case,
        always: through.always,
        gates: Vec::new(),
        parts: Parts::NONE,
        shortest,
    };
    mark(&mut seen.gates);
    field.seen.push(seen);
}

/// Whether a variable has all its values once the request's head is complete.
pub(crate) fn is_settled(variable: Variable) -> bool {
    matches!(
        variable,
        Variable::RequestHeaders
            | Variable::RequestHeadersNames
            | Variable::RequestCookies
            | Variable::RequestCookiesNames
            | Variable::ArgsGet
            | Variable::ArgsGetNames
            | Variable::RequestLine
            | Variable::RequestMethod
            | Variable::RequestProtocol
            | Variable::RequestUri
            | Variable::RequestUriRaw
            | Variable::RequestFilename
            | Variable::RequestBasename
            | Variable::QueryString
            | Variable::PathInfo
    )
}

/// Has a field of the first phase looked at for all that the second wants of it, too.
pub(super) fn join(fields: &mut Vec<Field>, own: &Field) {
    let known = fields
        .iter_mut()
        .find(|known| known.variable == own.variable && known.select == own.select);
    let Some(known) = known else {
        fields.push(Field {
            present: Vec::new(),
            later: own.present.clone(),
            ..own.clone()
        });
        return;
    };
    known.skip.retain(|name| own.skip.contains(name));
    known.later.clone_from(&own.present);
    known.triggers = known.triggers.union(own.triggers);
    known.always |= own.always;
    match (&mut known.detect, &own.detect) {
        (Some(known), Some(own)) => known.retain(|name| own.contains(name)),
        (known @ None, own) => known.clone_from(own),
        (Some(_), None) => {}
    }
    known.refuted.extend_from_slice(&own.refuted);
    unite(&mut known.gates, &own.gates);
    for seen in &own.seen {
        match known
            .seen
            .iter_mut()
            .find(|known| known.chain == seen.chain)
        {
            Some(known) => {
                known.shortest = known.shortest.min(seen.shortest);
                unite(&mut known.gates, &seen.gates);
            }
            None => known.seen.push(seen.clone()),
        }
    }
}

fn unite(gates: &mut Vec<u64>, others: &[u64]) {
    if gates.len() < others.len() {
        gates.resize(others.len(), 0);
    }
    for (own, other) in gates.iter_mut().zip(others) {
        *own |= other;
    }
}

/// Names that a link leaves out of a variable.
fn skipped_names(link: &Link, variable: Variable, member: Variable) -> Vec<String> {
    link.excluded
        .iter()
        .filter(|(excluded, _)| *excluded == variable || *excluded == member)
        .filter_map(|(_, select)| match select {
            Select::Name(name) => Some(name.clone()),
            Select::All | Select::Pattern(_) | Select::Slot(_) | Select::Path(_) => None,
        })
        .collect()
}

/// Chooses what tells of the gates of fields and of each of their chains.
pub(super) fn choose_parts(fields: &mut [Field], all: &mut Gates) {
    // What every value of a variable is asked for, its values of one name need not be asked for again.
    fields.sort_by_key(|field| field.select != Select::All);
    let mut asked: HashMap<Variable, Parts> = HashMap::new();
    for field in fields {
        for seen in &mut field.seen {
            seen.parts = all.narrow(&seen.gates);
        }
        let homes = all.homes(&field.gates);
        let asked = asked.entry(field.variable).or_insert(Parts::NONE);
        field.parts = match field.detect {
            // Detectors want the words that wake them looked for, too.
            Some(_) => homes.with(Reach::All.part()),
            None if asked.has(homes) => homes,
            None => all.narrow(&field.gates),
        };
        if field.select == Select::All {
            *asked = asked.with(field.parts);
        }
    }
}

/// Puts the steps of all chains of a field into one tree, so that each is taken once.
pub(super) fn route(field: &mut Field, chains: &[Chain]) {
    let mut route: Vec<Stop> = Vec::new();
    for (at, seen) in field.seen.iter().enumerate() {
        let mut after = 0;
        let steps = chains.get(usize::from(seen.chain));
        for step in steps.into_iter().flat_map(|chain| &chain.steps) {
            let known = route
                .iter()
                .position(|own| own.after == after && own.step == *step);
            let stop = known.unwrap_or_else(|| {
                route.push(Stop {
                    after,
                    step: *step,
                    triggers: ByteSet::EMPTY,
                    always: false,
                    ends: None,
                });
                route.len() - 1
            });
            if let Some(stop) = route.get_mut(stop) {
                stop.triggers = stop.triggers.union(seen.triggers);
                stop.always |= seen.always;
            }
            after = stop + 1;
        }
        if let Some(stop) = after.checked_sub(1).and_then(|last| route.get_mut(last)) {
            stop.ends = Some(at);
        }
    }
    field.route = route;
}

/// Sorts fields by their variables, and says which stand together.
pub(super) fn groups(fields: &mut [Field], gates: &Gates) -> Vec<Group> {
    /// Which fields a value belongs to is one word.
    const MOST: usize = 64;
    fields.sort_by_key(|field| field.variable.index());
    let mut all: Vec<Group> = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        let fits = |last: &&mut Group| last.variable == field.variable && last.fields.len() < MOST;
        if all.last_mut().filter(fits).is_none() {
            all.push(Group {
                variable: field.variable,
                settled: is_settled(field.variable),
                fields: at..at,
                all: 0,
                named: HashMap::default(),
                plain: None,
                others: 0,
            });
        }
        let Some(group) = all.last_mut() else {
            continue;
        };
        let own = 1 << group.fields.len();
        group.fields.end = at + 1;
        match &field.select {
            Select::All if field.skip.is_empty() => group.all |= own,
            Select::Name(name) if field.skip.is_empty() => {
                *group.named.entry(name.as_bytes().into()).or_default() |= own;
            }
            _ => group.others |= own,
        }
    }
    for group in &mut all {
        let own = fields.get(group.fields.clone()).unwrap_or_default();
        group.plain = Plain::of(own, group.all, gates);
    }
    all
}
