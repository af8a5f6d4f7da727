//! The store as the gateway uses it: record, kill, fill the disk, ask again.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::too_many_lines,
    reason = "these are tests, with the real clock"
)]

mod sample;

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use babyshield_events::query::Kind;
use babyshield_events::{Error, Filter, Health, Metrics, Reader, Spec, Store};
use babyshield_model::{Clock, Event, Figures, Sink, SystemEvent, Timestamp, Verdict};
use sample::{System, request};

const PATIENCE: Duration = Duration::from_secs(40);

/// Set for the process that a test starts to be killed: the database it writes.
const CHILD: &str = "BABYSHIELD_TEST_STORE";

/// What that process says at the end of a line while writing fails.
const FAILING: &str = " failing";

fn open(spec: &Spec) -> Store {
    Store::open(spec, Arc::new(System), Metrics::new()).unwrap()
}

fn record(store: &Store, number: u64, verdict: Verdict) {
    let event = request(System.now().0, verdict, number.into());
    store.record(Event::Request(Box::new(event)));
}

fn wait(what: &str, mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < PATIENCE, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn what_is_recorded_is_found_again_by_id_list_and_counts() {
    let dir = tempfile::tempdir().unwrap();
    let spec = Spec::at(dir.path().join("e.db"));
    let store = open(&spec);
    for number in 0..30 {
        record(&store, number, Verdict::Block);
        record(&store, 100 + number, Verdict::Allow);
    }
    let wanted = request(System.now().0, Verdict::Block, 999);
    store.record(Event::Request(Box::new(wanted.clone())));
    store.record(Event::System(SystemEvent {
        at: System.now(),
        name: "policy.reloaded".into(),
        message: "by hand".into(),
    }));
    assert!(store.flush(PATIENCE));

    // Another connection, as `babyshield why` beside a running gateway has.
    let reader = Reader::open(&spec.path).unwrap();
    assert_eq!(reader.request(wanted.id).unwrap(), Some(wanted));

    let blocks = Filter {
        verdicts: vec![Verdict::Block],
        ..Filter::default()
    };
    let first = reader.events(&blocks, None, 20).unwrap();
    let second = reader.events(&blocks, first.next, 20).unwrap();
    assert_eq!((first.entries.len(), second.entries.len()), (20, 11));
    assert_eq!(second.next, None);
    assert!(
        first
            .entries
            .iter()
            .all(|e| second.entries.iter().all(|f| e.cursor > f.cursor))
    );

    let system = Filter {
        kind: Kind::System,
        ..Filter::default()
    };
    assert_eq!(reader.events(&system, None, 10).unwrap().entries.len(), 1);

    let rules = reader.top_rules(&Filter::default(), 10).unwrap();
    assert_eq!(rules.len(), 1, "{rules:?}");
    assert_eq!((rules[0].rule.as_str(), rules[0].requests), ("942100", 31));
    let clients = reader.top_clients(&blocks, 10).unwrap();
    assert_eq!((clients.len(), clients[0].blocked), (1, 31));
    let now = System.now();
    let series = reader
        .series(Timestamp(now.0 - 600_000), now, Duration::from_secs(60))
        .unwrap();
    assert_eq!(series.iter().map(|b| b.block).sum::<u64>(), 31);
    assert_eq!(series.iter().map(|b| b.allow).sum::<u64>(), 30);
}

#[test]
fn every_filter_narrows_in_the_store_as_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&Spec::at(dir.path().join("e.db")));
    record(&store, 1, Verdict::Block);
    let mut other = request(System.now().0, Verdict::Limit, 2);
    other.client = "198.51.100.1".parse().unwrap();
    other.route = Some("POST /v1/login".into());
    other.layer = Some(babyshield_model::Layer::Limit);
    other.target = "/v1/LOGIN".into();
    other.agent = "say \"hi\" \\ übermut".into();
    other.enforced = false;
    other.findings[0].rule = "limit:login".into();
    other.findings[0].class = "rate".into();
    store.record(Event::Request(Box::new(other.clone())));
    assert!(store.flush(PATIENCE));

    let all = Filter::default();
    let filters = [
        Filter {
            verdicts: vec![Verdict::Limit],
            ..all.clone()
        },
        Filter {
            enforced: Some(false),
            ..all.clone()
        },
        Filter {
            layer: other.layer,
            ..all.clone()
        },
        Filter {
            client: Some(other.client),
            ..all.clone()
        },
        Filter {
            route: other.route.clone(),
            ..all.clone()
        },
        Filter {
            rule: Some("limit:login".into()),
            ..all.clone()
        },
        Filter {
            class: Some("rate".into()),
            ..all.clone()
        },
        Filter {
            text: Some("v1/login".into()),
            ..all.clone()
        },
        Filter {
            text: Some("SAY \"hi\" \\".into()),
            ..all.clone()
        },
        Filter {
            text: Some("übermut".into()),
            ..all.clone()
        },
    ];
    for filter in filters {
        let page = store.reader().events(&filter, None, 10).unwrap();
        let stored: Vec<_> = page
            .entries
            .iter()
            .map(|entry| entry.event.clone())
            .collect();
        let recent: Vec<_> = store
            .recent()
            .iter()
            .filter(|event| filter.matches(event))
            .map(|event| event.as_ref().clone())
            .collect();
        assert_eq!(
            stored,
            [Event::Request(Box::new(other.clone()))],
            "{filter:?}"
        );
        assert_eq!(stored, recent, "{filter:?}");
    }
    let until = Filter {
        until: Some(Timestamp(1)),
        ..all.clone()
    };
    assert!(
        store
            .reader()
            .events(&until, None, 10)
            .unwrap()
            .entries
            .is_empty()
    );
    // A name is looked for, never a pattern or a piece of SQL.
    let odd = Filter {
        text: Some("%' OR 1=1 --".into()),
        ..all
    };
    assert!(
        store
            .reader()
            .events(&odd, None, 10)
            .unwrap()
            .entries
            .is_empty()
    );
}

#[test]
fn plain_requests_beyond_the_rate_are_counted_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let spec = Spec {
        plain_rate: 5,
        ..Spec::at(dir.path().join("e.db"))
    };
    let store = open(&spec);
    let at = System.now().0;
    for number in 0..200 {
        let event = request(at, Verdict::Allow, number);
        store.record(Event::Request(Box::new(event)));
    }
    assert!(store.flush(PATIENCE));
    let page = store
        .reader()
        .events(&Filter::default(), None, 1000)
        .unwrap();
    assert_eq!(page.entries.len(), 5);
    let sums = store
        .reader()
        .sums(Timestamp(at), Timestamp(at + 1))
        .unwrap();
    assert_eq!(sums.iter().map(|sum| sum.count).sum::<u64>(), 200);
    assert_eq!(store.status().thinned, 195);
}

#[test]
fn figures_alone_count_as_much_as_events() {
    let dir = tempfile::tempdir().unwrap();
    let spec = Spec {
        plain_rate: 5,
        ..Spec::at(dir.path().join("e.db"))
    };
    let store = open(&spec);
    let at = System.now().0;
    for number in 0..200 {
        let event = request(at, Verdict::Allow, number);
        if !store.count(&Figures::from(&event)) {
            store.record(Event::Request(Box::new(event)));
        }
    }
    assert!(store.flush(PATIENCE));
    let reader = store.reader();
    let page = reader.events(&Filter::default(), None, 1000).unwrap();
    assert_eq!(page.entries.len(), 5);
    let sums = reader.sums(Timestamp(at), Timestamp(at + 1)).unwrap();
    assert_eq!(sums.iter().map(|sum| sum.count).sum::<u64>(), 200);
    assert_eq!(store.status().thinned, 195);
}

#[test]
fn an_overfull_queue_is_told_in_the_store_and_in_the_metrics() {
    let dir = tempfile::tempdir().unwrap();
    let spec = Spec {
        queue: 10,
        ..Spec::at(dir.path().join("e.db"))
    };
    let store = open(&spec);
    for number in 0..50_000 {
        record(&store, number, Verdict::Block);
    }
    wait("the loss is told", || {
        let system = Filter {
            kind: Kind::System,
            ..Filter::default()
        };
        let page = store.reader().events(&system, None, 10).unwrap();
        page.entries.iter().any(
            |entry| matches!(&entry.event, Event::System(event) if event.name == "events.dropped"),
        )
    });
    assert!(store.flush(PATIENCE));
    let dropped = store.status().dropped;
    assert!(dropped > 0);
    let text = store.metrics().render();
    assert!(
        text.contains(&format!("babyshield_events_dropped_total {dropped}")),
        "{text}"
    );
    let sums = store.reader().sums(Timestamp(0), System.now()).unwrap();
    assert_eq!(
        sums.iter().map(|sum| sum.count).sum::<u64>(),
        50_000,
        "the counters know every request, dropped or not"
    );
}

#[tokio::test]
async fn a_slow_subscriber_loses_the_oldest_and_is_told() {
    use tokio::sync::broadcast::error::RecvError;
    let dir = tempfile::tempdir().unwrap();
    let spec = Spec {
        live: 8,
        ..Spec::at(dir.path().join("e.db"))
    };
    let store = open(&spec);
    let mut slow = store.subscribe();
    for number in 0..100 {
        record(&store, number, Verdict::Block);
    }
    assert!(store.flush(PATIENCE));
    assert!(matches!(slow.recv().await, Err(RecvError::Lagged(n)) if n >= 92));
    assert!(slow.recv().await.is_ok());
}

/// Not a test by itself: the process that the next test kills. It records one block every
/// millisecond and says so, and whether writing fails.
#[test]
#[ignore = "run by killed_by_sigkill_only_the_last_batch_is_missing"]
fn child_that_records() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let store = open(&Spec::at(path));
    for number in 0.. {
        record(&store, number, Verdict::Block);
        let fails = matches!(store.status().health, Health::Failing { .. });
        let health = if fails { FAILING } else { "" };
        println!("recorded {number} {}{health}", System.now().0);
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn start_child(path: &std::path::Path, wrapper: &[&str]) -> Child {
    let own = std::env::current_exe().unwrap();
    let mut command = match wrapper {
        [] => Command::new(own),
        [program, arguments @ ..] => {
            let mut command = Command::new(program);
            command.args(arguments).arg(own);
            command
        }
    };
    command
        .args(["--exact", "child_that_records", "--ignored", "--nocapture"])
        .env(CHILD, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Writes a row each 100 ms, as the store should, until told to stop; the most milliseconds that a
/// round took: what a batch takes on this machine while it is as busy as it is.
fn batches_beside(path: std::path::PathBuf, stop: Arc<AtomicBool>) -> JoinHandle<u64> {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; CREATE TABLE row (number INTEGER)",
        )
        .unwrap();
    std::thread::spawn(move || {
        let mut longest = 0;
        while !stop.load(Ordering::Relaxed) {
            let begun = System.now().0;
            std::thread::sleep(Duration::from_millis(100));
            connection
                .execute("INSERT INTO row VALUES (1)", [])
                .unwrap();
            longest = longest.max(System.now().0 - begun);
        }
        longest
    })
}

#[test]
fn killed_by_sigkill_only_the_last_batch_is_missing() {
    use std::io::{BufRead, BufReader, Read};
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.db");
    for round in 0..3 {
        let stop = Arc::new(AtomicBool::new(false));
        let beside = dir.path().join(format!("beside-{round}.db"));
        let beside = batches_beside(beside, Arc::clone(&stop));
        std::thread::sleep(Duration::from_millis(2));
        let begun = System.now().0;
        let mut child = start_child(&path, &[]);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        for _ in 0..500 + 77 * round {
            assert_ne!(
                output.read_line(&mut text).unwrap(),
                0,
                "it stopped: {text}"
            );
        }
        // On Unix this is SIGKILL: no handler, no destructor, no last words.
        child.kill().unwrap();
        child.wait().unwrap();
        stop.store(true, Ordering::Relaxed);
        let batch = beside.join().unwrap();
        output.read_to_string(&mut text).unwrap();
        let at: u64 = text
            .lines()
            .filter_map(|line| line.strip_prefix("recorded ")?.split_once(' '))
            .filter_map(|(_, at)| at.parse().ok())
            .next_back()
            .unwrap();

        let reader = Reader::open(&path).unwrap();
        let newest = &reader.events(&Filter::default(), None, 1).unwrap().entries[0];
        let Event::Request(newest) = &newest.event else {
            panic!("{newest:?}");
        };
        let missing = at.saturating_sub(newest.at.0);
        // The batch being gathered and the one on its way to the disk.
        assert!(
            missing <= 2 * batch,
            "{missing} ms are missing, where a batch takes at most {batch} ms"
        );
        let connection = rusqlite::Connection::open(&path).unwrap();
        let check: String = connection
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(check, "ok");
        // No hole: what is stored is an unbroken row from the child's first event on.
        let rows: i64 = connection
            .query_row(
                "SELECT count(DISTINCT request) FROM event WHERE at >= ?1",
                [i64::try_from(begun).unwrap()],
                |row| row.get(0),
            )
            .unwrap();
        let number = newest.id.0 & ((1 << 80) - 1);
        assert_eq!(u128::try_from(rows).unwrap(), number + 1);
        drop(connection);
        let store = open(&Spec::at(&path));
        record(&store, 1_000_000 + round, Verdict::Block);
        assert!(store.flush(PATIENCE));
        assert_eq!(store.status().health, Health::Writing);
    }
}

/// A process that records under a file size limit of so many KiB, which stands for a full disk.
/// Ignoring SIGXFSZ turns the limit into an error, which SQLite meets as it meets ENOSPC.
#[cfg(target_os = "linux")]
fn start_confined(path: &std::path::Path, limit: &str) -> Child {
    let script = format!("trap '' XFSZ; ulimit -S -f {limit}; exec \"$@\"");
    start_child(path, &["bash", "-c", &script, "bash"])
}

#[cfg(target_os = "linux")]
fn lift(child: &Child) {
    let pid = child.id().to_string();
    let lifted = Command::new("prlimit")
        .args(["--pid", &pid, "--fsize=unlimited"])
        .status()
        .unwrap();
    assert!(lifted.success());
}

/// Whether the store has a system event of that name.
fn has_told(path: &std::path::Path, name: &str) -> bool {
    let filter = Filter {
        kind: Kind::System,
        ..Filter::default()
    };
    let page = Reader::open(path).and_then(|reader| reader.events(&filter, None, 100));
    page.is_ok_and(|page| {
        page.entries
            .iter()
            .any(|entry| matches!(&entry.event, Event::System(event) if event.name == name))
    })
}

/// Counts the lines a child writes, for as long as it lives, and notes when one says that writing fails.
fn count_lines(child: &mut Child) -> (JoinHandle<usize>, Arc<AtomicBool>) {
    use std::io::BufRead;
    let output = child.stdout.take().unwrap();
    let failing = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&failing);
    let lines = std::thread::spawn(move || {
        let lines = std::io::BufReader::new(output).lines();
        let lines = lines.map_while(Result::ok);
        lines
            .inspect(|line| {
                told.fetch_or(line.ends_with(FAILING), Ordering::Relaxed);
            })
            .count()
    });
    (lines, failing)
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_nothing_and_writing_resumes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.db");
    let mut child = start_confined(&path, "600");
    let (lines, failing) = count_lines(&mut child);
    wait("the disk is full", || failing.load(Ordering::Relaxed));
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        !has_told(&path, "store.recovered"),
        "the limit must have had an effect"
    );
    lift(&child);
    // Both reach the disk only now.
    wait("writing resumes", || {
        has_told(&path, "store.recovered") && has_told(&path, "store.failed")
    });
    assert!(
        child.try_wait().unwrap().is_none(),
        "the process must have gone on"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(
        lines.join().unwrap() > 1000,
        "recording must never have stopped"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_full_at_the_start_does_not_stop_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.db");
    let mut child = start_confined(&path, "0");
    let (lines, failing) = count_lines(&mut child);
    wait("it has started", || failing.load(Ordering::Relaxed));
    assert!(child.try_wait().unwrap().is_none(), "it must go on");
    lift(&child);
    wait("writing begins", || has_told(&path, "store.recovered"));
    let first = Reader::open(&path)
        .and_then(|reader| reader.top_clients(&Filter::default(), 1))
        .unwrap();
    assert!(first[0].requests > 0);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(lines.join().unwrap() > 100);
}

#[test]
fn at_its_size_the_store_makes_room_and_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.db");
    let size = babyshield_model::ByteSize(6 << 20);
    let store = open(&Spec {
        max_size: size,
        ..Spec::at(&path)
    });
    // Faster than the regular look at the size, so that the limit itself is met.
    for round in 0..20 {
        for number in 0..1000 {
            record(&store, round * 1000 + number, Verdict::Block);
        }
        assert!(store.flush(PATIENCE));
        assert_eq!(store.status().health, Health::Writing, "round {round}");
        let file = std::fs::metadata(&path).unwrap().len();
        assert!(file <= size.0, "{file} bytes in round {round}");
    }
    let newest = &store
        .reader()
        .events(&Filter::default(), None, 1)
        .unwrap()
        .entries[0]
        .event;
    let Event::Request(newest) = newest else {
        panic!("{newest:?}");
    };
    assert_eq!(newest.id.0 & 0xffff_ffff, 19_999);
    let stored = store.reader().top_clients(&Filter::default(), 1).unwrap()[0].requests;
    assert!(stored < 20_000, "the case must not fit: {stored}");
}

#[test]
fn memory_holds_only_the_latest() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(&Spec {
        recent: 3,
        ..Spec::at(dir.path().join("e.db"))
    });
    for number in 0..10 {
        record(&store, number, Verdict::Block);
    }
    assert!(store.flush(PATIENCE));
    let numbers: Vec<u128> = store
        .recent()
        .iter()
        .filter_map(|event| match event.as_ref() {
            Event::Request(request) => Some(request.id.0 & 0xff),
            Event::System(_) => None,
        })
        .collect();
    assert_eq!(numbers, [9, 8, 7]);
}

#[test]
fn an_unusable_path_stops_the_start_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("e.db");
    std::fs::create_dir(&path).unwrap();
    let error = Store::open(&Spec::at(&path), Arc::new(System), Metrics::new()).unwrap_err();
    assert!(matches!(error, Error::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("e.db"), "{error}");
}

#[test]
fn a_file_taken_away_while_running_is_noticed_and_mended() {
    let dir = tempfile::tempdir().unwrap();
    let spec = Spec::at(dir.path().join("e.db"));
    let store = open(&spec);
    record(&store, 1, Verdict::Block);
    assert!(store.flush(PATIENCE));
    for name in ["e.db", "e.db-wal", "e.db-shm"] {
        std::fs::remove_file(dir.path().join(name)).unwrap_or_default();
    }
    record(&store, 2, Verdict::Block);
    assert!(store.flush(PATIENCE));
    wait("there is a store again", || {
        record(&store, 3, Verdict::Block);
        assert!(store.flush(PATIENCE));
        Reader::open(&spec.path)
            .and_then(|reader| reader.events(&Filter::default(), None, 10))
            .is_ok_and(|page| !page.entries.is_empty())
    });
}

/// The stored form is a promise: what version 1 wrote, every later version reads.
#[test]
fn an_event_of_version_1_reads_back() {
    let text = include_str!("v1.json");
    let event: Event = serde_json::from_str(text).unwrap();
    let Event::Request(request) = &event else {
        panic!("{event:?}");
    };
    assert_eq!(request.findings[0].rule, "942100");
    let again: serde_json::Value = serde_json::to_value(&event).unwrap();
    let before: serde_json::Value = serde_json::from_str(text).unwrap();
    assert_eq!(again, before, "a changed form needs a migration");
}
