//! What matches do.

use babyshield_waf::hir::{Action, Assignment, Ctl, Link, Store};
use babyshield_waf::operator::number;
use babyshield_waf::variable::Variable;

use super::{Named, Run};

impl Run<'_> {
    /// Carries out the actions of a link, once for each value that matched.
    pub(super) fn perform(&mut self, link: &Link) {
        for action in &link.actions {
            match action {
                Action::SetVar(store, assignment) => self.set_var(store, assignment),
                Action::ExpireVar(store, seconds) => {
                    let seconds = number::parse(&self.expand(seconds));
                    if seconds <= 0 && store.collection != Variable::Tx {
                        self.write(store.collection, &self.name_of(store), None);
                    }
                }
                Action::Bind(collection, key) => {
                    let key = self.expand(key);
                    self.bound.retain(|(own, _)| own != collection);
                    self.bound.push((*collection, key));
                }
                Action::SetEnv(name, value) => {
                    let (name, value) = (self.expand(name), self.expand(value));
                    set(&mut self.env, &name, Some(value));
                }
                Action::Ctl(ctl) => self.control(ctl),
            }
        }
    }

    fn name_of(&self, store: &Store) -> Vec<u8> {
        self.expand(&store.name).to_ascii_lowercase()
    }

    fn set_var(&mut self, store: &Store, assignment: &Assignment) {
        let name = self.name_of(store);
        let old = self.list(store.collection).and_then(|own| get(own, &name));
        let old = number::parse(&old.unwrap_or_default());
        let value = match assignment {
            Assignment::Set(text) => Some(self.expand(text)),
            Assignment::Add(text) => Some(
                old.saturating_add(number::parse(&self.expand(text)))
                    .to_string()
                    .into(),
            ),
            Assignment::Subtract(text) => Some(
                old.saturating_sub(number::parse(&self.expand(text)))
                    .to_string()
                    .into(),
            ),
            Assignment::Remove => None,
        };
        self.write(store.collection, &name, value);
    }

    fn list(&self, collection: Variable) -> Option<&Named> {
        if collection == Variable::Tx {
            return Some(&self.tx);
        }
        let key = self.bound.iter().find(|(own, _)| *own == collection)?;
        self.persistent.get(key)
    }

    pub(super) fn write(&mut self, collection: Variable, name: &[u8], value: Option<Vec<u8>>) {
        if collection == Variable::Tx {
            return set(&mut self.tx, name, value);
        }
        if let Some(key) = self.bound.iter().find(|(own, _)| *own == collection) {
            set(self.persistent.entry(key.clone()).or_default(), name, value);
        }
    }

    fn control(&mut self, ctl: &Ctl) {
        match ctl {
            Ctl::Engine(engine) => self.engine = *engine,
            Ctl::RequestBody(on) => self.request_body = *on,
            Ctl::ResponseBody(on) => self.response_body = *on,
            Ctl::Processor(processor) => self.processor = Some(*processor),
            Ctl::ForceRequestBody(on) => self.force_body = *on,
            Ctl::Audit(audit) => self.audit = *audit,
            Ctl::AuditParts(_) => {}
            Ctl::Remove(rules) => self.removed.push(rules.clone()),
            Ctl::RemoveTarget(rules, targets) => {
                self.unseen.push((rules.clone(), targets.included.clone()));
            }
        }
    }
}

fn get(list: &Named, name: &[u8]) -> Option<Vec<u8>> {
    list.iter()
        .find(|(own, _)| own == name)
        .map(|(_, value)| value.clone())
}

fn set(list: &mut Named, name: &[u8], value: Option<Vec<u8>>) {
    let at = list
        .iter()
        .position(|(own, _)| own.eq_ignore_ascii_case(name));
    match (at, value) {
        (Some(at), Some(value)) => list[at].1 = value,
        (Some(at), None) => {
            list.remove(at);
        }
        (None, Some(value)) => list.push((name.to_vec(), value)),
        (None, None) => {}
    }
}
