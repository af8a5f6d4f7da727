//! Keeps what rules remember between requests (`IP`, `SESSION` and the like) over a restart.
//!
//! Requests work in memory, as without a file. A thread writes all of it every ten seconds when something
//! has changed, and once more at the end: to a new file beside the old one, which takes its place once it
//! is on the disk. A crash loses the last seconds and never the file. Its size is bounded by that of the
//! memory; it may hold keys of sessions and is for its owner's eyes alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use babyshield_model::Clock;
use babyshield_waf::collection::{Collections, Key, Memory};
use babyshield_waf::variable::Variable;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

const INTERVAL: Duration = Duration::from_secs(10);
/// The first line, with the version of the format.
const HEAD: &str = "babyshield collections 1";
/// The first word of the last line; the number of values follows.
const END: &str = "end ";
/// A longer file was not written here.
const LONGEST: u64 = 1 << 30;
const MODE: u32 = 0o600;

/// A file and the thread that writes it.
#[derive(Debug)]
pub struct Keeper {
    kept: Arc<Kept>,
    flushes: SyncSender<SyncSender<bool>>,
}

impl Keeper {
    /// Reads the file, if there is one, and keeps it from now on. One that cannot be made sense of is put
    /// aside as `….broken`, and told.
    ///
    /// # Errors
    /// The file, or its folder, cannot be read or written.
    pub fn open(path: &Path, clock: Arc<dyn Clock>) -> io::Result<Self> {
        let kept = Arc::new(Kept::default());
        let named = |fault| named(path, &fault);
        match read(path, &kept.memory, &*clock) {
            Ok(()) => {}
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => {}
            Err(fault) if fault.kind() == io::ErrorKind::InvalidData => {
                let aside = beside(path, ".broken");
                fs::rename(path, &aside).map_err(named)?;
                let aside = aside.display();
                tracing::warn!(target: "babyshield", "what rules remembered is lost: {fault}; see `{aside}`");
            }
            Err(fault) => return Err(named(fault)),
        }
        // Whether it can be written shows now, not in ten seconds.
        write(path, &kept.memory, &*clock).map_err(named)?;
        let (flushes, asked) = sync_channel(1);
        let (shared, path) = (Arc::clone(&kept), path.to_owned());
        std::thread::Builder::new()
            .name("collections".to_owned())
            .spawn(move || keep(&path, &shared, &*clock, &asked))?;
        Ok(Self { kept, flushes })
    }

    /// What rules are to use.
    #[must_use]
    pub fn collections(&self) -> Arc<dyn Collections> {
        Arc::clone(&self.kept) as Arc<dyn Collections>
    }

    /// Writes what has changed, and waits for it, at most so long; whether it is on the disk.
    #[must_use]
    pub fn flush(&self, limit: Duration) -> bool {
        let (done, told) = sync_channel(1);
        self.flushes.try_send(done).is_ok() && told.recv_timeout(limit).unwrap_or(false)
    }
}

/// The memory, and whether it has changed since it was written.
#[derive(Debug, Default)]
struct Kept {
    memory: Memory,
    changed: AtomicBool,
}

impl Kept {
    fn change(&self) {
        // A line of cache that nobody writes stays with every core.
        if !self.changed.load(Ordering::Relaxed) {
            self.changed.store(true, Ordering::Relaxed);
        }
    }
}

impl Collections for Kept {
    fn get(&self, key: &Key<'_>, name: &[u8], now: Duration) -> Option<Vec<u8>> {
        self.memory.get(key, name, now)
    }

    fn all(&self, key: &Key<'_>, now: Duration) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.memory.all(key, now)
    }

    fn set(&self, key: &Key<'_>, name: &[u8], value: Option<&[u8]>, expires: Duration) {
        self.memory.set(key, name, value, expires);
        self.change();
    }

    fn expire(&self, key: &Key<'_>, name: &[u8], expires: Duration) {
        self.memory.expire(key, name, expires);
        self.change();
    }
}

/// The thread: until the keeper is gone.
fn keep(path: &Path, kept: &Kept, clock: &dyn Clock, asked: &Receiver<SyncSender<bool>>) {
    let mut failed = false;
    let mut save = || {
        if !kept.changed.swap(false, Ordering::Relaxed) {
            return true;
        }
        let written = write(path, &kept.memory, clock);
        if let Err(fault) = &written {
            kept.change();
            // Once, not every ten seconds.
            if !failed {
                let fault = named(path, fault);
                tracing::error!(target: "babyshield", "what rules remember is not kept: {fault}");
            }
        }
        failed = written.is_err();
        written.is_ok()
    };
    loop {
        match asked.recv_timeout(INTERVAL) {
            // Who asked may have stopped waiting.
            Ok(done) => drop(done.try_send(save())),
            Err(RecvTimeoutError::Timeout) => {
                save();
            }
            Err(RecvTimeoutError::Disconnected) => {
                save();
                return;
            }
        }
    }
}

fn write(path: &Path, memory: &Memory, clock: &dyn Clock) -> io::Result<()> {
    let new = beside(path, ".new");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(MODE)
        .open(&new)?;
    let mut out = BufWriter::new(file);
    writeln!(out, "{HEAD}")?;
    let (wall, now) = (clock.now().0, clock.monotonic());
    let mut count = 0_u64;
    let mut outcome = Ok(());
    memory.each(now, |key, name, value, expires| {
        let left = expires.saturating_sub(now).as_millis();
        let until = wall.saturating_add(u64::try_from(left).unwrap_or(u64::MAX));
        let [key_text, name, value] = [key.key, name, value].map(coded);
        let kind = key.kind.name();
        if outcome.is_ok() {
            outcome = writeln!(out, "{kind}\t{key_text}\t{name}\t{value}\t{until}");
        }
        count += 1;
    });
    outcome?;
    writeln!(out, "{END}{count}")?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    File::open(folder(path))?.sync_all()
}

fn coded(bytes: &[u8]) -> impl std::fmt::Display + '_ {
    percent_encode(bytes, NON_ALPHANUMERIC)
}

fn read(path: &Path, memory: &Memory, clock: &dyn Clock) -> io::Result<()> {
    let file = File::open(path)?;
    let invalid = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why);
    if file.metadata()?.len() > LONGEST {
        return Err(invalid("the file is longer than any that is written"));
    }
    let mut lines = BufReader::new(file).lines();
    if lines.next().transpose()?.as_deref() != Some(HEAD) {
        return Err(invalid("the file is not of this format"));
    }
    let mut found = Vec::new();
    let mut told = None;
    for line in lines {
        let line = line?;
        if let Some(count) = line.strip_prefix(END) {
            told = count.parse::<usize>().ok();
            break;
        }
        found.push(Line::parse(&line).ok_or_else(|| invalid("a line cannot be read"))?);
    }
    if told != Some(found.len()) {
        return Err(invalid("the end of the file is missing"));
    }
    let (wall, now) = (clock.now().0, clock.monotonic());
    for own in &found {
        let Some(left @ 1..) = own.until.checked_sub(wall) else {
            continue;
        };
        let key = Key {
            kind: own.kind,
            key: &own.key,
        };
        let expires = now.saturating_add(Duration::from_millis(left));
        memory.set(&key, &own.name, Some(&own.value), expires);
    }
    Ok(())
}

/// A value as it is written.
struct Line {
    kind: Variable,
    key: Vec<u8>,
    name: Vec<u8>,
    value: Vec<u8>,
    /// Milliseconds since the Unix epoch.
    until: u64,
}

impl Line {
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split('\t');
        let kind = Variable::parse(fields.next()?)?;
        let mut bytes = || Some(percent_decode_str(fields.next()?).collect());
        let own = Self {
            kind,
            key: bytes()?,
            name: bytes()?,
            value: bytes()?,
            until: fields.next()?.parse().ok()?,
        };
        let is_kept = matches!(
            kind,
            Variable::Ip
                | Variable::Global
                | Variable::Session
                | Variable::User
                | Variable::Resource
        );
        (is_kept && fields.next().is_none()).then_some(own)
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    name.into()
}

fn folder(path: &Path) -> &Path {
    let own = path.parent().unwrap_or(Path::new("."));
    if own.as_os_str().is_empty() {
        Path::new(".")
    } else {
        own
    }
}

fn named(path: &Path, fault: &io::Error) -> io::Error {
    io::Error::new(fault.kind(), format!("`{}`: {fault}", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use babyshield_model::ManualClock;

    use super::*;

    const IP: Key<'_> = Key {
        kind: Variable::Ip,
        key: b"203.0.113.7",
    };
    const ODD: Key<'_> = Key {
        kind: Variable::Session,
        key: b"a\tb\n\0\xff %",
    };
    const WAIT: Duration = Duration::from_secs(10);

    fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn clock(at: u64) -> Arc<dyn Clock> {
        Arc::new(ManualClock::new(seconds(at)))
    }

    #[test]
    fn what_was_remembered_is_there_after_a_restart_as_long_as_it_lasts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collections");
        let keeper = Keeper::open(&path, clock(1000)).unwrap();
        let own = keeper.collections();
        own.set(&IP, b"count", Some(b"7"), seconds(1100));
        own.set(&IP, b"short", Some(b"1"), seconds(1010));
        own.set(&ODD, b"x\ty", Some(b"\r\n\t\0\xfe"), seconds(1100));
        assert!(keeper.flush(WAIT));
        drop((own, keeper));
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);

        let keeper = Keeper::open(&path, clock(1050)).unwrap();
        let own = keeper.collections();
        assert_eq!(own.get(&IP, b"count", seconds(1050)), Some(b"7".to_vec()));
        assert_eq!(own.get(&IP, b"count", seconds(1099)), Some(b"7".to_vec()));
        assert_eq!(own.get(&IP, b"count", seconds(1100)), None);
        assert_eq!(own.get(&IP, b"short", seconds(1050)), None);
        let odd = own.get(&ODD, b"x\ty", seconds(1050));
        assert_eq!(odd, Some(b"\r\n\t\0\xfe".to_vec()));
    }

    #[test]
    fn what_changed_last_is_written_when_the_keeper_goes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collections");
        let keeper = Keeper::open(&path, clock(1)).unwrap();
        let own = keeper.collections();
        own.set(&IP, b"a", Some(b"1"), seconds(100));
        assert!(keeper.flush(WAIT));
        own.set(&IP, b"a", None, seconds(100));
        assert!(keeper.flush(WAIT));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{HEAD}\n{END}0\n"));
        own.set(&IP, b"b", Some(b"2"), seconds(100));
        drop(keeper);
        for _ in 0..1000 {
            if fs::read_to_string(&path).unwrap().contains("\tb\t2\t") {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("it was never written");
    }

    #[test]
    fn a_crash_while_writing_leaves_the_last_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("collections");
        let keeper = Keeper::open(&path, clock(1)).unwrap();
        keeper
            .collections()
            .set(&IP, b"a", Some(b"1"), seconds(100));
        assert!(keeper.flush(WAIT));
        // As a process that died half-way would leave it.
        fs::write(beside(&path, ".new"), format!("{HEAD}\nIP\tx")).unwrap();
        let again = Keeper::open(&path, clock(2)).unwrap().collections();
        assert_eq!(again.get(&IP, b"a", seconds(2)), Some(b"1".to_vec()));
    }

    #[test]
    fn a_broken_file_is_put_aside_and_the_gateway_starts() {
        for text in [
            "",
            "something else",
            "babyshield collections 1\nIP\ta\tb\tc\t9999999",
            "babyshield collections 1\nIP\ta\tb\tc\t9999999\nend 2\n",
            "babyshield collections 1\nARGS\ta\tb\tc\t9999999\nend 1\n",
            "babyshield collections 1\nIP\ta\tb\tc\t9999999\td\nend 1\n",
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("collections");
            fs::write(&path, text).unwrap();
            let keeper = Keeper::open(&path, clock(1)).unwrap();
            let key = Key {
                kind: Variable::Ip,
                key: b"a",
            };
            assert_eq!(keeper.collections().all(&key, seconds(1)), [], "{text}");
            assert_eq!(fs::read_to_string(beside(&path, ".broken")).unwrap(), text);
        }
    }

    #[test]
    fn a_file_that_cannot_be_written_is_an_error_with_its_name() {
        let fault = Keeper::open(Path::new("/nowhere/at/all"), clock(1)).unwrap_err();
        assert!(fault.to_string().contains("/nowhere/at/all"), "{fault}");
    }
}
