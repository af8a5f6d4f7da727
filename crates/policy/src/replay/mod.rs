//! Recorded requests, decided offline by a policy.
//!
//! Records are found in files and folders (see [`Replay::run`]), read and decided on all cores,
//! and reported in the order they were found. What is decided is what the gateway in `enforce`
//! mode would decide, by the parts of its path that need no connection: blocked networks, user
//! agents and paths, the size of the body, the rules, and, where asked for, rate limits. Memory stays bounded however large the
//! files are.

mod cost;
mod decide;
mod input;
mod label;
mod object;
mod pace;
mod request;
mod summary;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde::Serialize;

pub use cost::{Costs, Part, RuleCost, measure};
pub(crate) use decide::ask;
pub use decide::{Decision, Replay};
pub use label::Label;
pub use request::{Request, Unreadable};
pub use summary::{Labelled, Quantiles, Summary};

use input::{Content, Record};

/// Records handed to a core at a time, and the bytes after which it is enough.
const BATCH_RECORDS: usize = 64;
const BATCH_BYTES: usize = 1 << 20;

/// Batches under way for each core.
const BATCHES_PER_CORE: usize = 4;

/// One record and what became of it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its file.
    pub file: Arc<Path>,
    /// Its number within the file, counted from 1 (for JSONL, the line), where a file has several.
    pub number: Option<u64>,
    /// What it is known to be.
    pub label: Option<Label>,
    /// What was decided, or why the record could not be read.
    pub outcome: Result<Decision, Unreadable>,
}

impl Serialize for Entry {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            file: std::borrow::Cow<'a, str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            record: Option<u64>,
            #[serde(skip_serializing_if = "Option::is_none")]
            label: Option<&'static str>,
            #[serde(flatten)]
            decision: Option<&'a Decision>,
            #[serde(skip_serializing_if = "Option::is_none")]
            error: Option<String>,
        }
        let line = Line {
            file: self.file.to_string_lossy(),
            record: self.number,
            label: self.label.map(Label::as_str),
            decision: self.outcome.as_ref().ok(),
            error: self.outcome.as_ref().err().map(ToString::to_string),
        };
        line.serialize(to)
    }
}

/// A batch and its place in the order.
type Numbered<T> = (u64, Vec<T>);

impl Replay {
    /// Decides every record below `paths`: raw HTTP files, one request each; HAR (`.har`); one
    /// JSON object a line (`.jsonl`, `.ndjson`); folders of these. `each` is told every outcome, in
    /// order; false from it stops the run.
    pub fn run(
        &self,
        paths: &[PathBuf],
        cores: usize,
        each: &mut dyn FnMut(&Entry) -> bool,
    ) -> Summary {
        let cores = if self.is_ordered() { 1 } else { cores.max(1) };
        let (tickets, taken) = sync_channel(cores * BATCHES_PER_CORE);
        let (jobs, todo) = channel();
        let (results, done) = channel();
        let todo = Mutex::new(todo);
        thread::scope(|scope| {
            scope.spawn(move || produce(paths, &tickets, &jobs));
            for _ in 0..cores {
                let (results, todo) = (results.clone(), &todo);
                scope.spawn(move || self.work(todo, &results));
            }
            drop(results);
            collect(done, taken, each)
        })
    }

    fn work(&self, todo: &Mutex<Receiver<Numbered<Record>>>, results: &Sender<Numbered<Entry>>) {
        loop {
            let job = todo.lock().unwrap_or_else(PoisonError::into_inner).recv();
            let Ok((number, records)) = job else { return };
            let entries = records.into_iter().map(|record| self.decide_record(record));
            if results.send((number, entries.collect())).is_err() {
                return;
            }
        }
    }

    fn decide_record(&self, record: Record) -> Entry {
        let read = record.read();
        let label = read.as_ref().ok().and_then(|(_, label)| *label);
        Entry {
            label,
            outcome: read.map(|(request, _)| self.decide(&request)),
            number: record.number,
            file: record.file,
        }
    }
}

/// Finds records and hands them out in batches; each batch needs a ticket, which the collector
/// gives back when it has reported the batch, so that no more than so many are under way.
fn produce(paths: &[PathBuf], tickets: &SyncSender<()>, jobs: &Sender<Numbered<Record>>) {
    let mut batch = Vec::new();
    let mut bytes = 0;
    let mut number = 0;
    let mut send = |batch: Vec<Record>| {
        let sent = tickets.send(()).is_ok() && jobs.send((number, batch)).is_ok();
        number += 1;
        sent
    };
    input::find(paths, &mut |record| {
        bytes += match &record.content {
            Content::Line(line) => line.len(),
            Content::Entry(_) => BATCH_BYTES / 16,
            Content::Raw | Content::Broken(_) => 0,
        };
        batch.push(record);
        let full = batch.len() >= BATCH_RECORDS || bytes >= BATCH_BYTES;
        if full {
            bytes = 0;
        }
        !full || send(std::mem::take(&mut batch))
    });
    if !batch.is_empty() {
        // Whether anybody still listens no longer matters.
        let _stopped = !send(batch);
    }
}

/// Reports batches in their order.
fn collect(
    done: Receiver<Numbered<Entry>>,
    tickets: Receiver<()>,
    each: &mut dyn FnMut(&Entry) -> bool,
) -> Summary {
    let mut summary = Summary::default();
    let mut early = BTreeMap::new();
    let mut next = 0;
    'all: for (number, entries) in done {
        early.insert(number, entries);
        while let Some(entries) = early.remove(&next) {
            next += 1;
            for entry in &entries {
                match &entry.outcome {
                    Ok(decision) => summary.add(decision, entry.label),
                    Err(_) => summary.unreadable += 1,
                }
                if !each(entry) {
                    break 'all;
                }
            }
            // The batch's own ticket, which was sent before the batch.
            let _given_back = tickets.recv();
        }
    }
    // Without a receiver the producer and then the workers stop.
    drop(tickets);
    summary.close();
    summary
}
