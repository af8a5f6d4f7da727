//! Audit records: what a transaction was and which rules spoke, in ModSecurity's two formats.
//!
//! The engine makes records and knows no file. [`Log`] says what the rules want of them; whoever
//! runs the engine gives [`Plan::audit_to`](crate::Plan::audit_to) a [`Sink`] that writes.
//!
//! Left out on purpose: the byte offsets of values in the request (`v` in `ref`), which are not
//! kept, and parts D and G, which ModSecurity reserves.

mod alert;
mod json;
mod native;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use babyshield_model::Timestamp;

use crate::operator::regex::Pattern;
use crate::transform::Transform;

pub(crate) use alert::{About, Alert};

/// What the `SecAuditLog…` directives say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// `SecAuditLog`: the log, or the index of a concurrent one.
    pub path: Option<PathBuf>,
    /// `SecAuditLog2`: a second index.
    pub second: Option<PathBuf>,
    /// `SecAuditLogStorageDir`: where a concurrent log keeps its files.
    pub storage: Option<PathBuf>,
    /// `SecAuditLogType`.
    pub kind: Kind,
    /// `SecAuditLogFormat`.
    pub format: Format,
    /// `SecAuditLogParts`.
    pub parts: Parts,
    /// `SecAuditLogRelevantStatus`: statuses that make a transaction worth a record.
    pub relevant: Option<String>,
    /// `SecAuditLogDirMode`.
    pub folder_mode: Option<u32>,
    /// `SecAuditLogFileMode`.
    pub file_mode: Option<u32>,
}

impl Log {
    /// Whether there is a place for records.
    #[must_use]
    pub fn is_placed(&self) -> bool {
        match self.kind {
            Kind::Serial => self.path.is_some(),
            Kind::Concurrent => self.storage.is_some(),
        }
    }
}

/// `SecAuditLogType`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// All records in one file.
    #[default]
    Serial,
    /// A file each, with an index.
    Concurrent,
}

/// `SecAuditLogFormat`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Sections between boundaries.
    #[default]
    Native,
    /// One object a line.
    Json,
}

/// Which parts a record has, by their letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parts(u16);

/// Every letter there is.
const LETTERS: &[u8] = b"ABCDEFGHIJKZ";

impl Default for Parts {
    /// As ModSecurity: `ABCFHZ`.
    fn default() -> Self {
        Self::parse("ABCFHZ").unwrap_or(Self(0))
    }
}

impl Parts {
    /// From letters, as `ABCFHZ`; `None` when one of them names no part.
    #[must_use]
    pub fn parse(letters: &str) -> Option<Self> {
        let bit = |letter: u8| {
            LETTERS
                .iter()
                .position(|own| *own == letter.to_ascii_uppercase())
        };
        let bits = letters.bytes().map(|letter| bit(letter).map(|at| 1 << at));
        let all = bits.collect::<Option<Vec<u16>>>()?;
        Some(Self(all.into_iter().fold(0, |all, own| all | own)))
    }

    /// Whether a part is in; `A` and `Z` always are.
    #[must_use]
    pub fn has(self, letter: u8) -> bool {
        let at = LETTERS.iter().position(|own| *own == letter);
        matches!(letter, b'A' | b'Z') || at.is_some_and(|at| self.0 & (1 << at) != 0)
    }
}

/// `ctl:auditLogParts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// `=ABC`
    Set(Parts),
    /// `=+E`
    Add(Parts),
    /// `=-E`
    Remove(Parts),
}

impl std::fmt::Display for Parts {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let letters = (0..).zip(LETTERS);
        let own = letters.filter(|(at, _)| self.0 & (1 << at) != 0);
        own.map(|(_, letter)| char::from(*letter))
            .try_for_each(|letter| write!(out, "{letter}"))
    }
}

impl std::fmt::Display for Change {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Set(parts) => write!(out, "{parts}"),
            Self::Add(parts) => write!(out, "+{parts}"),
            Self::Remove(parts) => write!(out, "-{parts}"),
        }
    }
}

impl Change {
    /// From the value of the action.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text.as_bytes() {
            [b'+', ..] => Parts::parse(text.get(1..)?).map(Self::Add),
            [b'-', ..] => Parts::parse(text.get(1..)?).map(Self::Remove),
            _ => Parts::parse(text).map(Self::Set),
        }
    }

    pub(crate) fn apply(self, own: Parts) -> Parts {
        match self {
            Self::Set(parts) => parts,
            Self::Add(parts) => Parts(own.0 | parts.0),
            Self::Remove(parts) => Parts(own.0 & !parts.0),
        }
    }
}

/// One record, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The record itself.
    pub bytes: Vec<u8>,
    /// Of a concurrent log: the file's path below the storage folder, and the line of the index.
    pub file: Option<(PathBuf, Vec<u8>)>,
}

/// Where records go. Must not block: it is called while a request is answered.
pub trait Sink: Send + Sync {
    /// Takes a record.
    fn write(&self, record: Record);
}

/// What a rule set says of its log, ready to run.
pub(crate) struct Plan {
    pub(crate) log: Log,
    pub(crate) relevant: Option<Pattern>,
    pub(crate) components: Vec<String>,
    pub(crate) sink: OnceLock<Arc<dyn Sink>>,
}

impl Plan {
    /// `None` where the rules name no place to write to.
    pub(crate) fn new(log: &Log, components: &[String]) -> Option<Self> {
        if !log.is_placed() {
            return None;
        }
        let pattern = log.relevant.as_deref();
        Some(Self {
            log: log.clone(),
            // Compiled once when it was read.
            relevant: pattern.and_then(|text| Pattern::compile(text, &crate::hir::STATUS).ok()),
            components: components.to_vec(),
            sink: OnceLock::new(),
        })
    }

    pub(crate) fn is_relevant(&self, status: u16) -> bool {
        let text = status.to_string();
        let own = self.relevant.as_ref();
        own.is_some_and(|own| own.is_match_alone(text.as_bytes()))
    }

    /// Puts a transaction into words.
    pub(crate) fn record(&self, view: &View<'_>) -> Record {
        let bytes = match self.log.format {
            Format::Native => native::record(view),
            Format::Json => json::record(view, &self.components),
        };
        let file = match self.log.kind {
            Kind::Serial => None,
            Kind::Concurrent => {
                let path = file_of(view);
                let folder = self.log.storage.clone().unwrap_or_default();
                let line = native::index(view, &folder.join(&path), &bytes);
                Some((path, line))
            }
        };
        Record { bytes, file }
    }
}

/// `20261122/20261122-0315/20261122-031536-ID`
fn file_of(view: &View<'_>) -> PathBuf {
    let [year, month, day, hour, minute, second, _] = view.time.parts();
    let date = format!("{year:04}{month:02}{day:02}");
    let to_minute = format!("{date}-{hour:02}{minute:02}");
    // The id is ours; nothing else may ever lead out of the folder.
    let id: String = lossy(view.id)
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        })
        .collect();
    PathBuf::from(&date)
        .join(&to_minute)
        .join(format!("{to_minute}{second:02}-{id}"))
}

/// A transaction as its record sees it.
pub(crate) struct View<'a> {
    pub(crate) parts: Parts,
    pub(crate) time: Time,
    pub(crate) id: &'a [u8],
    pub(crate) client: std::net::SocketAddr,
    pub(crate) server: std::net::SocketAddr,
    pub(crate) method: &'a [u8],
    pub(crate) target: &'a [u8],
    /// The path, decoded.
    pub(crate) path: &'a [u8],
    /// Such as `1.1`.
    pub(crate) version: &'a [u8],
    pub(crate) request: Vec<(&'a [u8], &'a [u8])>,
    pub(crate) body: &'a [u8],
    /// Of a multipart body, its fields.
    pub(crate) fields: Option<Vec<(&'a [u8], &'a [u8])>>,
    /// Field, file name and length of each file.
    pub(crate) files: Vec<[&'a [u8]; 3]>,
    pub(crate) interrupted: bool,
    pub(crate) status: u16,
    pub(crate) response: Vec<(&'a [u8], &'a [u8])>,
    pub(crate) response_body: &'a [u8],
    pub(crate) engine: &'static str,
    pub(crate) alerts: &'a [Alert],
}

impl View<'_> {
    /// The host without its port.
    fn host(&self) -> &[u8] {
        let own = self.header("host");
        let end = memchr::memrchr(b':', own)
            .filter(|at| !own.get(*at..).unwrap_or_default().contains(&b']'));
        own.get(..end.unwrap_or(own.len())).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &[u8] {
        let found = self.request.iter();
        let mut found = found.filter(|(own, _)| own.eq_ignore_ascii_case(name.as_bytes()));
        found.next().map_or(&b""[..], |(_, value)| *value)
    }
}

/// A moment in UTC.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Time(pub(crate) Timestamp);

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

impl Time {
    /// Year, month, day, hour, minute, second, day of the week from Sunday.
    fn parts(self) -> [u64; 7] {
        let seconds = self.0.0 / 1000;
        let (days, rest) = (seconds / 86_400, seconds % 86_400);
        let (year, month, day) = crate::transaction::civil(days);
        let week = (days + 4) % 7;
        [
            year,
            month,
            day,
            rest / 3600,
            rest / 60 % 60,
            rest % 60,
            week,
        ]
    }

    fn words(self) -> ([u64; 7], &'static str, &'static str) {
        let parts = self.parts();
        let word = |table: &[&'static str], at: u64| {
            let at = usize::try_from(at).unwrap_or_default();
            table.get(at).copied().unwrap_or_default()
        };
        let [_, month, .., week] = parts;
        (
            parts,
            word(&MONTHS, month.saturating_sub(1)),
            word(&DAYS, week),
        )
    }

    /// `[22/Nov/2026:03:15:36 +0000]`
    fn bracketed(self) -> String {
        let ([year, _, day, hour, minute, second, _], month, _) = self.words();
        format!("[{day:02}/{month}/{year}:{hour:02}:{minute:02}:{second:02} +0000]")
    }

    /// `Sun Nov 22 03:15:36 2026`
    fn plain(self) -> String {
        let ([year, _, day, hour, minute, second, _], month, week) = self.words();
        format!("{week} {month} {day:2} {hour:02}:{minute:02}:{second:02} {year}")
    }
}

fn lossy(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn md5(bytes: &[u8]) -> String {
    let mut digest = Vec::new();
    let mut hex = Vec::new();
    Transform::Md5.apply(bytes, &mut digest);
    Transform::HexEncode.apply(&digest, &mut hex);
    lossy(&hex).into_owned()
}
