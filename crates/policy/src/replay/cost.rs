//! What rules cost on recorded requests, each by itself.
//!
//! Every request is judged twice: as ever, for the time of the whole, and watched, for the times of
//! the parts. What is done for all rules together (values transformed and searched for literals once,
//! whoever wants it; the detectors) is told apart from what is done for one: its exact test and what
//! a match of it does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use babyshield_waf::{Connection, Decision, Description, Plan, Watcher};
use rustix::time::{ClockId, Timespec, clock_gettime};
use serde::Serialize;

use super::input;
use super::summary::{Histogram, Quantiles, round};
use super::{Request, Unreadable, ask};

/// Requests that are judged once more beforehand, so that buffers have their size and caches are
/// filled.
const WARM_UP: u64 = 64;

/// How often a watched request is tried that something else interrupted.
const TRIES: u32 = 3;

/// Intervals by which the cost of reading the clock is found.
const CALIBRATION: u32 = 1001;

/// What the rules cost.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Costs {
    /// Requests that were measured.
    pub requests: u64,
    /// Records that could not be read.
    pub unreadable: u64,
    /// Requests that something else kept interrupting, whose parts are not counted.
    pub disturbed: u64,
    /// CPU time of judging one request, unwatched, in microseconds.
    pub micros: Quantiles,
    /// Reading requests: heads, and bodies taken apart.
    pub reading: Part,
    /// Looking at values for all rules together.
    pub scanning: Part,
    /// Rules that were asked at least once, the dearest first.
    pub rules: Vec<RuleCost>,
    /// Rules that no request made worth asking.
    pub never_asked: usize,
}

/// A part of the time.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Part {
    /// Microseconds a request, on average.
    pub micros: f64,
    /// Of all the time measured.
    pub share: f64,
}

/// What one rule cost.
#[derive(Clone, Debug, Serialize)]
pub struct RuleCost {
    /// Its id.
    pub id: u64,
    /// Its phase, 1 to 5.
    pub phase: u8,
    /// Its message, macros as written.
    pub message: String,
    /// `file:line`.
    pub source: String,
    /// How often its exact test was made.
    pub asked: u64,
    /// How often it matched.
    pub matched: u64,
    /// Its time.
    #[serde(flatten)]
    pub part: Part,
}

/// Measures `rules` on every record below `paths`, each `rounds` times. `each` is told every record
/// that could not be read, or nothing; false from it stops the run.
pub fn measure(
    rules: &Arc<Plan>,
    client: IpAddr,
    (paths, rounds): (&[PathBuf], u32),
    each: &mut dyn FnMut(Option<(String, Unreadable)>) -> bool,
) -> Costs {
    let mut bench = Bench::new(rules, client);
    input::find(paths, &mut |record| match record.read() {
        Ok((request, _)) => {
            bench.request(&request, rounds);
            each(None)
        }
        Err(fault) => {
            bench.costs.unreadable += 1;
            let name = record.file.display();
            let name = record
                .number
                .map_or_else(|| name.to_string(), |number| format!("{name}:{number}"));
            each(Some((name, fault)))
        }
    });
    bench.close()
}

struct Bench<'a> {
    rules: &'a Arc<Plan>,
    client: IpAddr,
    costs: Costs,
    times: Histogram,
    meter: Meter,
    sums: Sums,
}

/// Nanoseconds and counts of all accepted runs.
#[derive(Default)]
struct Sums {
    runs: u64,
    reading: u64,
    scanning: u64,
    /// By the rule's number: time, asked, matched.
    rules: Vec<[u64; 3]>,
}

impl<'a> Bench<'a> {
    fn new(rules: &'a Arc<Plan>, client: IpAddr) -> Self {
        Self {
            rules,
            client,
            costs: Costs::default(),
            times: Histogram::default(),
            meter: Meter::calibrated(),
            sums: Sums {
                rules: vec![[0; 3]; rules.rules().count()],
                ..Sums::default()
            },
        }
    }

    fn request(&mut self, request: &Request, rounds: u32) {
        if self.costs.requests < WARM_UP {
            drop(ask(self.rules, self.client, request, true));
        }
        self.costs.requests += 1;
        for _ in 0..rounds {
            let before = nanos(ClockId::ThreadCPUTime);
            drop(ask(self.rules, self.client, request, true));
            let spent = nanos(ClockId::ThreadCPUTime).saturating_sub(before);
            self.times.add(micros(spent));
            if (0..TRIES).any(|_| self.watched(request)) {
                self.sums.add(&self.meter.marks);
            } else {
                self.costs.disturbed += 1;
            }
        }
    }

    /// Judges a request watched; false when something else took the processor meanwhile.
    fn watched(&mut self, request: &Request) -> bool {
        let before = nanos(ClockId::ThreadCPUTime);
        self.meter.begin();
        let began = self.meter.last;
        let mut own = self.rules.begin(Connection {
            client: SocketAddr::new(self.client, 0),
            server: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 80),
        });
        own.request_line(&request.method, &request.target, &request.version);
        for (name, value) in &request.headers {
            own.request_header(name, value);
        }
        let mut step = own.watched_head_end(&mut self.meter);
        if step == Decision::Continue && own.wants_request_body() {
            step = own.request_body(&request.body);
        }
        if step == Decision::Continue {
            own.watched_end(&mut self.meter);
        }
        drop(own.watched_finish(&mut self.meter));
        let real = nanos(ClockId::Monotonic).saturating_sub(began);
        let spent = nanos(ClockId::ThreadCPUTime).saturating_sub(before);
        real <= spent + spent / 4 + 5_000
    }

    fn close(self) -> Costs {
        let Self {
            mut costs, sums, ..
        } = self;
        costs.micros = self.times.quantiles();
        let rules: u64 = sums.rules.iter().map(|[time, ..]| time).sum();
        let whole = Whole {
            runs: sums.runs,
            time: sums.reading + sums.scanning + rules,
        };
        costs.reading = whole.part(sums.reading);
        costs.scanning = whole.part(sums.scanning);
        let known = self.rules.rules().zip(&sums.rules);
        let told = known.filter(|(_, [_, asked, _])| *asked > 0);
        let mut told: Vec<(u64, RuleCost)> = told
            .map(|(rule, own)| (own[0], rule_cost(rule, *own, &whole)))
            .collect();
        told.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.id.cmp(&b.1.id)));
        costs.never_asked = sums.rules.len() - told.len();
        costs.rules = told.into_iter().map(|(_, own)| own).collect();
        costs
    }
}

fn rule_cost(rule: Description, [time, asked, matched]: [u64; 3], whole: &Whole) -> RuleCost {
    RuleCost {
        id: rule.id,
        phase: rule.phase,
        message: rule.message,
        source: rule.source,
        asked,
        matched,
        part: whole.part(time),
    }
}

impl Sums {
    fn add(&mut self, marks: &[Mark]) {
        self.runs += 1;
        for mark in marks {
            match mark.what {
                What::Reading => self.reading += mark.nanos,
                What::Scanning => self.scanning += mark.nanos,
                What::Rule(rule, matched) => {
                    if let Some([time, asked, all]) = self.rules.get_mut(rule) {
                        *time += mark.nanos;
                        *asked += 1;
                        *all += u64::from(matched);
                    }
                }
            }
        }
    }
}

/// What parts are parts of.
struct Whole {
    runs: u64,
    time: u64,
}

impl Whole {
    #[expect(
        clippy::cast_precision_loss,
        reason = "times and counts stay far below 2^52"
    )]
    fn part(&self, nanos: u64) -> Part {
        Part {
            micros: (nanos as f64 / self.runs.max(1) as f64).round() / 1e3,
            share: (nanos as f64 / self.time.max(1) as f64 * 1e5).round() / 1e5,
        }
    }
}

/// Notes when each piece of work ends: the next begins then.
struct Meter {
    marks: Vec<Mark>,
    last: u64,
    /// What reading the clock costs.
    clock: u64,
}

struct Mark {
    what: What,
    nanos: u64,
}

enum What {
    Reading,
    Scanning,
    /// Which, and whether it matched.
    Rule(usize, bool),
}

impl Meter {
    fn calibrated() -> Self {
        let mut own = Self {
            marks: Vec::new(),
            last: 0,
            clock: 0,
        };
        own.begin();
        for _ in 0..CALIBRATION {
            own.mark(What::Reading);
        }
        own.marks.sort_by_key(|mark| mark.nanos);
        let middle = own.marks.get(own.marks.len() / 2);
        own.clock = middle.map_or(0, |mark| mark.nanos);
        own
    }

    fn begin(&mut self) {
        self.marks.clear();
        self.last = nanos(ClockId::Monotonic);
    }

    #[inline]
    fn mark(&mut self, what: What) {
        let now = nanos(ClockId::Monotonic);
        let nanos = now.saturating_sub(self.last).saturating_sub(self.clock);
        self.marks.push(Mark { what, nanos });
        self.last = now;
    }
}

impl Watcher for Meter {
    fn read(&mut self) {
        self.mark(What::Reading);
    }

    fn scanned(&mut self) {
        self.mark(What::Scanning);
    }

    fn judged(&mut self, rule: usize, matched: bool) {
        self.mark(What::Rule(rule, matched));
    }
}

fn nanos(clock: ClockId) -> u64 {
    let Timespec { tv_sec, tv_nsec } = clock_gettime(clock);
    let whole = u64::try_from(tv_sec).unwrap_or(0);
    whole * 1_000_000_000 + u64::try_from(tv_nsec).unwrap_or(0)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a request takes far less than 2^52 ns"
)]
fn micros(nanos: u64) -> f64 {
    round(nanos as f64 / 1e3)
}

#[cfg(test)]
mod tests {
    use babyshield_waf::Spec;
    use babyshield_waf::source::Memory;

    use super::*;

    const RULES: &str = "SecRule ARGS:q \"@rx ^attack$\" \"id:1,phase:1,pass,log\"\n\
        SecRule REQUEST_BODY \"@rx (?:a|b|ab)*c$\" \"id:2,phase:2,pass,log\"\n\
        SecRule ARGS \"@contains never\" \"id:3,phase:2,deny\"\n\
        SecRule ARGS:q \"@streq no\" \"id:4,phase:2,deny\"\n\
        SecRule RESPONSE_BODY \"@contains x\" \"id:5,phase:4,deny\"";

    fn costs(records: &[&str], rounds: u32) -> Costs {
        let spec = Spec {
            rules: Vec::new(),
            inline: vec![("test.conf".to_owned(), RULES.to_owned())],
            ..Spec::default()
        };
        let plan = Plan::compile(&spec, &Memory::default()).unwrap().plan;
        let folder = tempfile::tempdir().unwrap();
        for (number, text) in records.iter().enumerate() {
            std::fs::write(folder.path().join(format!("{number}.txt")), text).unwrap();
        }
        let paths = [folder.path().to_owned()];
        let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
        measure(&Arc::new(plan), client, (&paths, rounds), &mut |_| true)
    }

    #[test]
    fn rules_are_counted_as_they_are_asked_and_match() {
        let costs = costs(
            &[
                "GET /?q=attack HTTP/1.1\n\n",
                "GET /?q=attacks HTTP/1.1\n\n",
                "GET /?x=1 HTTP/1.1\n\n",
                "{\"no\": 1} request",
            ],
            2,
        );
        assert_eq!((costs.requests, costs.unreadable), (3, 1));
        let counts = |id: u64| {
            let own = costs.rules.iter().find(|own| own.id == id);
            own.map(|own| (own.asked, own.matched))
        };
        // What is asked needlessly is up to the plan; what matches is not.
        let runs = 6 - costs.disturbed;
        assert!(costs.disturbed > 0 || counts(1).unwrap().1 == 2);
        assert!(counts(4).is_none_or(|(asked, matched)| asked <= runs && matched == 0));
        assert_eq!(counts(5), None);
        assert_eq!(costs.never_asked + costs.rules.len(), 5);
    }

    #[test]
    fn parts_make_the_whole_and_the_dearest_comes_first() {
        let body = "ab".repeat(20_000);
        let record = format!("POST /?q=attack HTTP/1.1\nContent-Type: text/plain\n\n{body}c");
        let costs = costs(&[&record], 20);
        let rules: f64 = costs.rules.iter().map(|own| own.part.share).sum();
        let all = costs.reading.share + costs.scanning.share + rules;
        assert!((all - 1.0).abs() < 0.01, "{costs:?}");
        assert!(
            costs
                .rules
                .is_sorted_by(|a, b| a.part.micros >= b.part.micros)
        );
        assert!(costs.micros.median > 0.0 && costs.micros.p99 >= costs.micros.median);
    }
}
