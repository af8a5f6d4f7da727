use babyshield_model::Timestamp;
use rusqlite::params;

use super::insert::{Tier, signed};
use super::{Database, PAGE, WAL_PAGES};
use crate::Spec;

/// Rows deleted in one transaction, so that a batch of new events never waits long.
const STEP: usize = 2000;

/// Steps one call may take; what is left over waits for the next.
const STEPS: usize = 50;

/// Pages given back to the file system at once.
const VACUUM: u64 = 20_000;

impl Database {
    /// Deletes what is too old, too much or too large, and cuts the file. Returns how many
    /// events went.
    pub(crate) fn retain(&mut self, spec: &Spec, now: Timestamp) -> rusqlite::Result<usize> {
        let age = u64::try_from(spec.max_age.as_millis()).unwrap_or(u64::MAX);
        let mut gone = self.expire(Timestamp(now.0.saturating_sub(age)))?;
        gone += self.thin_plain(spec.plain_kept)?;
        gone += self.shrink(self.soft_limit())?;
        if gone > 0 {
            self.vacuum()?;
        }
        Ok(gone)
    }

    fn expire(&mut self, before: Timestamp) -> rusqlite::Result<usize> {
        self.connection
            .prepare_cached("DELETE FROM minute WHERE minute < ?1")?
            .execute([signed(before.0 / 60_000)])?;
        let mut gone = 0;
        for _ in 0..STEPS {
            let step = self.delete(
                "SELECT seq FROM event WHERE at < ?1 ORDER BY at LIMIT ?2",
                signed(before.0),
                STEP,
            )?;
            gone += step;
            if step < STEP {
                break;
            }
        }
        Ok(gone)
    }

    fn thin_plain(&mut self, keep: u32) -> rusqlite::Result<usize> {
        let plain = Tier::Plain.number();
        let have: i64 = self
            .connection
            .prepare_cached("SELECT count(*) FROM event WHERE tier = ?1")?
            .query_row([plain], |row| row.get(0))?;
        let excess = usize::try_from(have.saturating_sub(i64::from(keep))).unwrap_or(0);
        self.delete(OLDEST, plain, excess.min(STEP * STEPS))
    }

    /// Deletes the least telling and oldest until no more than `target` bytes are used.
    fn shrink(&mut self, target: u64) -> rusqlite::Result<usize> {
        let mut gone = 0;
        for _ in 0..STEPS {
            if self.used()? <= target {
                break;
            }
            let step = self.evict()?;
            gone += step;
            if step == 0 && !self.forget_minutes()? {
                break;
            }
        }
        Ok(gone)
    }

    /// Whether the file is so near its limit that a transaction may not fit.
    pub(crate) fn is_at_limit(&self) -> bool {
        self.used().is_ok_and(|used| used >= self.max_size / 4 * 3)
    }

    /// Bytes of events one transaction may bring. With indexes and rows it takes about three
    /// times as much in the file, so it fits into the quarter that [`Self::make_room`] makes.
    pub(crate) fn transaction_size(&self) -> usize {
        usize::try_from(self.max_size / 16).unwrap_or(usize::MAX)
    }

    /// Makes room for one transaction now, without looking at age.
    pub(crate) fn make_room(&mut self) -> rusqlite::Result<()> {
        self.shrink(self.max_size / 4 * 3)?;
        Ok(())
    }

    /// Deletes a step of the least telling, oldest events there are.
    fn evict(&mut self) -> rusqlite::Result<usize> {
        for tier in Tier::BY_WORTH {
            let step = self.delete(OLDEST, tier.number(), STEP)?;
            if step > 0 {
                return Ok(step);
            }
        }
        Ok(0)
    }

    fn forget_minutes(&mut self) -> rusqlite::Result<bool> {
        self.connection
            .execute(
                "DELETE FROM minute WHERE minute < (SELECT min(minute) + 60 FROM minute)",
                [],
            )
            .map(|rows| rows > 0)
    }

    fn delete(&mut self, which: &str, value: i64, limit: usize) -> rusqlite::Result<usize> {
        if limit == 0 {
            return Ok(0);
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let transaction = self.connection.transaction()?;
        transaction
            .prepare_cached(&format!("DELETE FROM finding WHERE event IN ({which})"))?
            .execute(params![value, limit])?;
        let rows = transaction
            .prepare_cached(&format!("DELETE FROM event WHERE seq IN ({which})"))?
            .execute(params![value, limit])?;
        transaction.commit()?;
        Ok(rows)
    }

    /// Gives free pages back to the file system.
    pub(crate) fn vacuum(&mut self) -> rusqlite::Result<()> {
        let mut statement = self
            .connection
            .prepare(&format!("PRAGMA incremental_vacuum({VACUUM})"))?;
        let mut rows = statement.query([])?;
        // Each step frees one page.
        while rows.next()?.is_some() {}
        drop(rows);
        drop(statement);
        self.connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        // SQLite raises the ceiling to the size the file had; a smaller file allows it again.
        self.connection.pragma_update_and_check(
            None,
            "max_page_count",
            signed(self.max_size / PAGE),
            |_| Ok(()),
        )
    }

    /// What events may fill between two looks: nine tenths, less the log beside the file.
    fn soft_limit(&self) -> u64 {
        let share = self.max_size / 10 * 9;
        share
            .min(self.max_size.saturating_sub(WAL_PAGES * PAGE))
            .max(self.max_size / 2)
    }
}

const OLDEST: &str = "SELECT seq FROM event WHERE tier = ?1 ORDER BY seq LIMIT ?2";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use babyshield_model::{ByteSize, Event, Figures, Verdict};

    use super::*;
    use crate::counters::{Counters, Minutes};
    use crate::sample;

    struct Case {
        spec: Spec,
        database: Database,
        _dir: tempfile::TempDir,
    }

    fn case(change: impl FnOnce(&mut Spec)) -> Case {
        let dir = tempfile::tempdir().unwrap();
        let mut spec = Spec::at(dir.path().join("e.db"));
        change(&mut spec);
        let database = Database::open(&spec).unwrap();
        Case {
            spec,
            database,
            _dir: dir,
        }
    }

    impl Case {
        fn write(&mut self, verdict: Verdict, count: u128, at: u64) {
            let counters = Counters::default();
            let events: Vec<Event> = (0..count)
                .map(|n| sample::numbered(at, verdict, n))
                .inspect(|event| counters.add(&Figures::from(event)))
                .map(|event| Event::Request(Box::new(event)))
                .collect();
            self.database.write(&events, &counters.take()).unwrap();
        }

        fn count(&self, table: &str) -> u32 {
            self.database
                .connection
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                    row.get(0)
                })
                .unwrap()
        }

        fn file(&self) -> u64 {
            std::fs::metadata(&self.spec.path).unwrap().len()
        }
    }

    #[test]
    fn events_findings_and_counters_beyond_the_age_go() {
        let mut case = case(|spec| spec.max_age = Duration::from_secs(3600));
        case.write(Verdict::Block, 10, 0);
        case.write(Verdict::Block, 5, 7_200_000);
        let gone = case
            .database
            .retain(&case.spec, Timestamp(9_000_000))
            .unwrap();
        assert_eq!(gone, 10);
        assert_eq!(case.count("event"), 5);
        assert_eq!(case.count("finding"), 5);
        assert_eq!(case.count("minute"), 1);
    }

    #[test]
    fn only_the_newest_plain_requests_stay() {
        let mut case = case(|spec| spec.plain_kept = 20);
        case.write(Verdict::Allow, 100, 1000);
        case.write(Verdict::Block, 30, 1000);
        case.database.retain(&case.spec, Timestamp(1000)).unwrap();
        assert_eq!(case.count("event WHERE tier = 0"), 20);
        assert_eq!(case.count("event WHERE tier = 0 AND seq <= 80"), 0);
        assert_eq!(case.count("event WHERE tier = 2"), 30);
    }

    #[test]
    fn over_its_size_the_file_shrinks_and_blocks_outlive_limits() {
        let mut case = case(|spec| spec.max_size = ByteSize(64 << 20));
        case.write(Verdict::Block, 3000, 1000);
        case.write(Verdict::Limit, 20_000, 1000);
        case.database.vacuum().unwrap();
        let before = case.file();
        // The operator lowers the size: the next start has to make room.
        case.spec.max_size = ByteSize(16 << 20);
        case.database = Database::open(&case.spec).unwrap();
        case.database.retain(&case.spec, Timestamp(1000)).unwrap();
        assert!(before > 16 << 20, "the case must start too large: {before}");
        assert!(case.file() <= 16 << 20, "{}", case.file());
        assert_eq!(case.count("event WHERE verdict = 'block'"), 3000);
        assert!(case.count("event WHERE verdict = 'limit'") > 0);
        assert_eq!(case.count("finding"), case.count("event"));
    }

    #[test]
    fn nothing_to_do_changes_nothing() {
        let mut case = case(|_| ());
        case.write(Verdict::Allow, 3, 1000);
        assert_eq!(
            case.database.retain(&case.spec, Timestamp(1000)).unwrap(),
            0
        );
        case.database.write(&[], &Minutes::default()).unwrap();
        assert_eq!(case.count("event"), 3);
    }
}
