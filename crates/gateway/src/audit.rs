//! Writes audit records to the files that rules name (`SecAuditLog` and its like).
//!
//! A request hands its record to a bounded queue and goes on; a thread writes. A record that finds
//! no room, or that the disk refuses, is lost, counted and told. Files are opened again at every
//! reload, so that they can be rotated.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use babyshield_waf::audit::{Kind, Log, Record, Sink};
use parking_lot::Mutex;

/// Audit records lost: queue full, or refused by the disk.
pub const LOST: &str = "babyshield_audit_records_lost_total";
/// Records that may wait.
const QUEUE: usize = 1024;
/// Bytes that may wait; one record alone always may.
const BYTES: usize = 64 << 20;
/// What files and folders may be read by where the rules do not say.
const FILE_MODE: u32 = 0o640;
const FOLDER_MODE: u32 = 0o750;

/// The writers of a process: one for each log, kept over reloads.
#[derive(Debug, Default)]
pub struct Writers(Mutex<Option<Arc<Writer>>>);

impl Writers {
    /// Has the records of these rules written, if they want any.
    ///
    /// # Errors
    /// A file or folder that cannot be opened, with its path.
    pub fn serve(&self, rules: &babyshield_waf::Plan) -> io::Result<()> {
        let mut own = self.0.lock();
        let Some(log) = rules.audit_log() else {
            *own = None;
            return Ok(());
        };
        let files = Files::open(log)?;
        let writer = match own.take().filter(|writer| writer.log == *log) {
            Some(writer) => {
                writer.send(Message::Reopen(files));
                writer
            }
            None => Arc::new(Writer::start(log.clone(), files)?),
        };
        rules.audit_to(Arc::clone(&writer) as Arc<dyn Sink>);
        *own = Some(writer);
        Ok(())
    }

    /// Waits until everything handed over is written, at most so long; whether it is.
    pub fn flush(&self, limit: Duration) -> bool {
        let writer = self.0.lock().clone();
        writer.is_none_or(|writer| writer.flush(limit))
    }

    /// Records lost so far.
    #[must_use]
    pub fn lost(&self) -> u64 {
        let writer = self.0.lock().clone();
        writer.map_or(0, |writer| writer.counts.lost.load(Ordering::Relaxed))
    }
}

/// One log and the thread that writes it. The thread ends once all rules of this log are gone.
#[derive(Debug)]
struct Writer {
    log: Log,
    queue: SyncSender<Message>,
    counts: Arc<Counts>,
}

#[derive(Debug)]
struct Counts {
    /// Bytes that wait.
    bytes: AtomicUsize,
    lost: AtomicU64,
    /// [`LOST`], of the recorder of this process.
    metric: metrics::Counter,
}

impl Default for Counts {
    fn default() -> Self {
        metrics::describe_counter!(
            LOST,
            "Audit records lost: queue full, or refused by the disk."
        );
        Self {
            bytes: AtomicUsize::new(0),
            lost: AtomicU64::new(0),
            metric: metrics::counter!(LOST),
        }
    }
}

impl Counts {
    fn lose(&self) {
        self.lost.fetch_add(1, Ordering::Relaxed);
        self.metric.increment(1);
    }
}

enum Message {
    Record(Record),
    Reopen(Files),
    Flush(SyncSender<()>),
}

impl Writer {
    fn start(log: Log, files: Files) -> io::Result<Self> {
        let (queue, messages) = sync_channel(QUEUE);
        let counts = Arc::new(Counts::default());
        let shared = Arc::clone(&counts);
        std::thread::Builder::new()
            .name("audit-log".to_owned())
            .spawn(move || write_all(&messages, files, &shared))?;
        Ok(Self { log, queue, counts })
    }

    /// Hands something over that must not be lost; it is not a request that waits.
    fn send(&self, message: Message) {
        // Only a thread that has panicked does not listen.
        drop(self.queue.send(message));
    }

    fn flush(&self, limit: Duration) -> bool {
        let (done, told) = sync_channel(1);
        self.queue.try_send(Message::Flush(done)).is_ok() && told.recv_timeout(limit).is_ok()
    }
}

impl Sink for Writer {
    fn write(&self, record: Record) {
        let length = record.bytes.len();
        let before = self.counts.bytes.fetch_add(length, Ordering::Relaxed);
        let fits = before == 0 || before.saturating_add(length) <= BYTES;
        if !fits || self.queue.try_send(Message::Record(record)).is_err() {
            self.counts.bytes.fetch_sub(length, Ordering::Relaxed);
            self.counts.lose();
        }
    }
}

/// The thread: until nobody can hand over anything any more.
fn write_all(messages: &Receiver<Message>, mut files: Files, counts: &Counts) {
    let mut told = 0;
    while let Ok(message) = messages.recv() {
        match message {
            Message::Record(record) => {
                counts
                    .bytes
                    .fetch_sub(record.bytes.len(), Ordering::Relaxed);
                if let Err(fault) = files.write(&record) {
                    counts.lose();
                    tracing::error!(target: "babyshield", "an audit record is lost: {fault}");
                }
            }
            Message::Reopen(new) => files = new,
            // Who asked may have stopped waiting.
            Message::Flush(done) => drop(done.try_send(())),
        }
        let lost = counts.lost.load(Ordering::Relaxed);
        if lost > told {
            tracing::warn!(target: "babyshield", "{} audit records were lost", lost - told);
            told = lost;
        }
    }
}

/// The open files of a log.
#[derive(Debug)]
struct Files {
    /// The log itself, or the indexes of a concurrent one.
    logs: Vec<File>,
    storage: Option<PathBuf>,
    file_mode: u32,
    folder_mode: u32,
}

impl Files {
    fn open(log: &Log) -> io::Result<Self> {
        let file_mode = log.file_mode.unwrap_or(FILE_MODE);
        let folder_mode = log.folder_mode.unwrap_or(FOLDER_MODE);
        let (paths, storage) = match log.kind {
            Kind::Serial => (vec![log.path.as_ref()], None),
            Kind::Concurrent => (
                vec![log.path.as_ref(), log.second.as_ref()],
                log.storage.clone(),
            ),
        };
        if let Some(folder) = &storage {
            make(folder, folder_mode)?;
        }
        let logs = paths.into_iter().flatten();
        let logs = logs.map(|path| append(path, file_mode));
        Ok(Self {
            logs: logs.collect::<io::Result<_>>()?,
            storage,
            file_mode,
            folder_mode,
        })
    }

    /// Each record, and each line of an index, is one write at the end of its file.
    fn write(&mut self, record: &Record) -> io::Result<()> {
        let Some((path, line)) = &record.file else {
            return self
                .logs
                .iter_mut()
                .try_for_each(|log| log.write_all(&record.bytes));
        };
        let path = self.storage.clone().unwrap_or_default().join(path);
        if let Some(folder) = path.parent() {
            make(folder, self.folder_mode)?;
        }
        append(&path, self.file_mode)?.write_all(&record.bytes)?;
        self.logs.iter_mut().try_for_each(|log| log.write_all(line))
    }
}

fn append(path: &Path, mode: u32) -> io::Result<File> {
    let opened = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(mode)
        .open(path);
    opened.map_err(|fault| named(path, &fault))
}

fn make(folder: &Path, mode: u32) -> io::Result<()> {
    let made = DirBuilder::new().recursive(true).mode(mode).create(folder);
    made.map_err(|fault| named(folder, &fault))
}

fn named(path: &Path, fault: &io::Error) -> io::Error {
    let message = format!(
        "the audit log `{}` cannot be written: {fault}",
        path.display()
    );
    io::Error::new(fault.kind(), message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use babyshield_waf::source::Memory;
    use babyshield_waf::{Connection, Plan, Spec};

    use super::*;

    fn plan(rules: &str) -> Arc<Plan> {
        let spec = Spec {
            rules: Vec::new(),
            inline: vec![("a.conf".to_owned(), rules.to_owned())],
            ..Spec::default()
        };
        Arc::new(Plan::compile(&spec, &Memory::default()).unwrap().plan)
    }

    fn request(rules: &Arc<Plan>, target: &str) {
        let mut own = rules.begin(Connection {
            client: "203.0.113.7:4000".parse().unwrap(),
            server: "192.0.2.1:80".parse().unwrap(),
        });
        own.unique_id(b"one-1");
        own.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
        own.request_header(b"Host", b"a.example");
        own.request_head_end();
        assert!(own.finish().record.is_none(), "the writer has it");
    }

    const RULE: &str = "SecRule ARGS \"@contains bad\" \"id:1,phase:1,deny,log,msg:'found'\"\n";

    #[test]
    fn relevant_transactions_are_written_and_others_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let rules = plan(&format!(
            "SecAuditEngine RelevantOnly\nSecAuditLog {}\nSecAuditLogFileMode 0600\n{RULE}",
            path.display()
        ));
        let writers = Writers::default();
        writers.serve(&rules).unwrap();
        request(&rules, "/?q=good");
        request(&rules, "/?q=bad");
        assert!(writers.flush(Duration::from_secs(10)));
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.matches("---A--\n").count(), 1, "{text}");
        assert!(
            text.contains("[id \"1\"]") && text.contains("GET /?q=bad HTTP/1.1"),
            "{text}"
        );
        let mode = std::os::unix::fs::PermissionsExt::mode(&path.metadata().unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_concurrent_log_has_a_file_each_and_an_index() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let rules = plan(&format!(
            "SecAuditEngine On\nSecAuditLogType Concurrent\nSecAuditLogFormat JSON\n\
             SecAuditLog {at}/index\nSecAuditLog2 {at}/second\nSecAuditLogStorageDir {at}/data\n"
        ));
        let writers = Writers::default();
        writers.serve(&rules).unwrap();
        request(&rules, "/a");
        assert!(writers.flush(Duration::from_secs(10)));
        let index = std::fs::read_to_string(folder.path().join("index")).unwrap();
        let second = std::fs::read_to_string(folder.path().join("second")).unwrap();
        assert_eq!(index, second);
        let file = index
            .split_whitespace()
            .find(|word| word.contains("/data/"));
        let record = std::fs::read(file.unwrap()).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        assert_eq!(record["transaction"]["request"]["uri"], "/a");
    }

    #[test]
    fn a_reload_opens_a_moved_log_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.log");
        let text = format!("SecAuditEngine On\nSecAuditLog {}\n", path.display());
        let writers = Writers::default();
        let first = plan(&text);
        writers.serve(&first).unwrap();
        request(&first, "/first");
        assert!(writers.flush(Duration::from_secs(10)));
        std::fs::rename(&path, folder.path().join("audit.log.1")).unwrap();
        let second = plan(&text);
        writers.serve(&second).unwrap();
        request(&second, "/second");
        assert!(writers.flush(Duration::from_secs(10)));
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.contains("/second") && !text.contains("/first"),
            "{text}"
        );
        assert_eq!(writers.lost(), 0);
    }

    #[test]
    fn a_log_that_cannot_be_opened_is_an_error_with_its_path() {
        let rules = plan("SecAuditEngine On\nSecAuditLog /nowhere/audit.log\n");
        let fault = Writers::default().serve(&rules).unwrap_err().to_string();
        assert!(fault.contains("/nowhere/audit.log"), "{fault}");
    }

    #[test]
    fn a_full_queue_loses_records_counts_them_and_blocks_nobody() {
        let (queue, messages) = sync_channel(2);
        let counts = Arc::new(Counts::default());
        let writer = Writer {
            log: Log::default(),
            queue,
            counts: Arc::clone(&counts),
        };
        let record = |length| Record {
            bytes: vec![0; length],
            file: None,
        };
        for _ in 0..5 {
            writer.write(record(1));
        }
        assert_eq!(counts.lost.load(Ordering::Relaxed), 3);
        assert_eq!(counts.bytes.load(Ordering::Relaxed), 2);
        drop(messages);
        writer.write(record(BYTES));
        assert_eq!(counts.lost.load(Ordering::Relaxed), 4);
        assert_eq!(counts.bytes.load(Ordering::Relaxed), 2);
    }
}
