//! Puts a changed policy to work, or keeps the one in force and says why.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use babyshield_gateway::Handle;
use babyshield_gateway::audit::Writers;
use babyshield_limit::Store as Spent;
use babyshield_model::{
    Clock, Diagnostic, Diagnostics, Event, Severity, Sink, SystemEvent, Timestamp,
};
use babyshield_policy::Policy;
use tokio::signal::unix::Signal;
use tokio_util::sync::CancellationToken;

use super::loader::Loader;
use super::overview::Overview;
use super::watch::Snapshot;
use crate::output::Failure;
use crate::policy::Origin;

/// How often files are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps the gateway in step with the policy.
pub(super) struct Reloader {
    pub(super) origin: Origin,
    pub(super) loader: Loader,
    pub(super) handle: Handle,
    pub(super) spent: Arc<dyn Spent>,
    pub(super) audits: Arc<Writers>,
    pub(super) sink: Arc<dyn Sink>,
    pub(super) overview: Arc<Overview>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) hangup: Signal,
}

impl Reloader {
    /// Runs until `end`. `policy` is the one in force, read from `loading` on.
    pub(super) async fn run(mut self, policy: Policy, loading: Timestamp, end: CancellationToken) {
        let mut policy = policy;
        let mut known = look(self.files(&policy)).await.forget_since(loading);
        let mut seen = known.clone();
        loop {
            let told = tokio::select! {
                told = self.hangup.recv() => told.is_some(),
                () = tokio::time::sleep(EVERY) => false,
                () = end.cancelled() => return,
            };
            let now = look(self.files(&policy)).await;
            // A file that is still being written is waited for.
            let settled = now == seen;
            seen.clone_from(&now);
            if told || (now != known && settled) {
                let loading = self.clock.now();
                if let Some(new) = self.reload(&policy).await {
                    policy = new;
                }
                // It may name other files now.
                seen = look(self.files(&policy)).await;
                known = seen.clone().forget_since(loading);
            }
        }
    }

    fn files(&self, policy: &Policy) -> Vec<PathBuf> {
        let mut files = policy.files();
        files.extend(self.origin.path.clone());
        files
    }

    /// The new policy, if it is in force now.
    async fn reload(&self, old: &Policy) -> Option<Policy> {
        let (origin, spent) = (self.origin.clone(), Arc::clone(&self.spent));
        let remembered = old.rules.collections();
        // Compiling takes a while and reads files.
        let compiled = self.loader.give(move || {
            let mut policy = origin.load()?;
            policy.remember(remembered);
            let plan = policy.plan(spent).map_err(Failure::Faulty)?;
            Ok((policy, plan))
        });
        let compiled = compiled.come().await;
        let (policy, plan) = match compiled {
            Ok(compiled) => compiled,
            Err(failure) => {
                self.reject(faults(failure));
                return None;
            }
        };
        // Before the first request, so that none goes unrecorded.
        if let Err(error) = self.audits.serve(&policy.rules) {
            let fault = Diagnostic::error("policy.audit_log", error.to_string());
            self.reject(vec![fault]);
            return None;
        }
        if let Err(error) = self.handle.reload(plan).await {
            let fault = Diagnostic::error("policy.not_started", error.to_string());
            self.reject(vec![fault]);
            return None;
        }
        policy.warnings().iter().for_each(tell);
        for key in stale(old, &policy) {
            tracing::warn!(target: "babyshield", "`{key}` takes effect at the next start");
        }
        let addresses = self.handle.addresses().await;
        self.overview
            .take(&policy, &self.origin, &addresses, self.clock.now());
        let rules = policy.rules.size().rules;
        let mode = policy.spec.mode.as_str();
        self.record("policy.reloaded", format!("mode {mode}, {rules} rules"));
        Some(policy)
    }

    fn reject(&self, found: Diagnostics) {
        found.iter().for_each(tell);
        let errors = found
            .iter()
            .filter(|fault| fault.severity == Severity::Error);
        let lines: Vec<String> = errors.take(20).map(ToString::to_string).collect();
        self.overview.reject(lines.join("\n"));
        let reason = lines.join("; ");
        self.record(
            "policy.rejected",
            format!("the policy in force stays: {reason}"),
        );
    }

    fn record(&self, name: &str, message: String) {
        self.sink.record(Event::System(SystemEvent {
            at: self.clock.now(),
            name: name.to_owned(),
            message,
        }));
    }
}

/// Looks at files without holding up the runtime. Should that fail, nothing seems changed.
async fn look(paths: Vec<PathBuf>) -> Snapshot {
    let looked = tokio::task::spawn_blocking(move || Snapshot::take(&paths));
    looked.await.unwrap_or_default()
}

fn faults(failure: Failure) -> Diagnostics {
    match failure {
        Failure::Faulty(found) => found,
        Failure::Usage(message) | Failure::Broken(message) => {
            vec![Diagnostic::error("policy.unreadable", message)]
        }
        Failure::Closed => Vec::new(),
    }
}

fn tell(found: &Diagnostic) {
    match found.severity {
        Severity::Error => tracing::error!(target: "babyshield", "{found}"),
        Severity::Warning => tracing::warn!(target: "babyshield", "{found}"),
    }
}

/// Keys whose change a running process cannot take up.
fn stale(old: &Policy, new: &Policy) -> Vec<&'static str> {
    let (one, two) = (&old.spec, &new.spec);
    let mut keys = Vec::new();
    if one.admin.listen.value != two.admin.listen.value {
        keys.push("admin.listen");
    }
    if old.events != new.events {
        keys.push("events");
    }
    if (one.log.format.value, one.log.level.value) != (two.log.format.value, two.log.level.value) {
        keys.push("log");
    }
    if old.collections() != new.collections() {
        keys.push("waf.collections");
    }
    if old.limits.bounds() != new.limits.bounds() {
        keys.push("limits.max_keys or limits.max_memory");
    }
    keys
}
