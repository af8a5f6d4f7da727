//! Cases against rules, without a socket.

use std::net::{Ipv4Addr, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use babyshield_model::Finding;
use babyshield_waf::{Connection, Plan};

use super::wire::Request;
use super::{Case, Client, Judged, Stage, Upstream};

/// Rules with a stand-in for an upstream behind them. Every phase runs to its end, whatever the
/// rules would have done to the request.
#[derive(Clone, Debug)]
pub struct Bench {
    rules: Arc<Plan>,
    /// The statuses that a match of one of them is answered with.
    statuses: Vec<u16>,
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq)]
pub struct Tested {
    /// How it ended.
    pub judged: Judged,
    /// The stage that decided, counted from 1.
    pub stage: usize,
    /// What came of that stage; `None` when the rules panicked over it.
    pub ran: Option<Ran>,
}

/// What came of a stage.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// What the rules found.
    pub findings: Vec<Finding>,
    /// What the caller would have got: from the rules that interrupt, else from the upstream.
    pub status: u16,
    /// The rule that would have interrupted, if one would; 0 for a limit.
    pub interrupted: Option<u64>,
    /// What could not be judged as the rules asked.
    pub faults: Vec<String>,
}

impl Bench {
    /// Runs cases against these rules.
    #[must_use]
    pub fn new(rules: Arc<Plan>) -> Self {
        let statuses = rules.rules().filter_map(|own| own.status);
        let mut statuses: Vec<u16> = statuses.collect();
        statuses.sort_unstable();
        statuses.dedup();
        Self { rules, statuses }
    }

    /// One case: its stages in order, up to the first that is not as expected.
    #[must_use]
    pub fn test(&self, case: &Case) -> Tested {
        let mut skipped = None;
        let mut last = None;
        for (number, stage) in (1..).zip(&case.stages) {
            let ran = self.run(stage);
            match stage.expect.judge(ran.as_ref(), &self.statuses) {
                Judged::Passed => last = Some((number, ran)),
                Judged::Skipped(why) => skipped = skipped.or(Some((why, number, ran))),
                failed @ Judged::Failed(_) => {
                    return Tested {
                        judged: failed,
                        stage: number,
                        ran,
                    };
                }
            }
        }
        let (judged, stage, ran) = match (skipped, last) {
            (Some((why, number, ran)), _) => (Judged::Skipped(why), number, ran),
            (None, Some((number, ran))) => (Judged::Passed, number, ran),
            (None, None) => (Judged::Failed(vec!["it has no stages".to_owned()]), 0, None),
        };
        Tested { judged, stage, ran }
    }

    /// One stage; `None` when the rules panicked over it.
    #[must_use]
    pub fn run(&self, stage: &Stage) -> Option<Ran> {
        let upstream = match stage.client {
            Client::V3 => Upstream::Httpbin,
            Client::V4 => Upstream::Albedo,
        };
        // The plan is immutable, so nothing half-done can be seen afterwards.
        catch_unwind(AssertUnwindSafe(|| self.judge(&stage.request, upstream))).ok()
    }

    fn judge(&self, wire: &[u8], upstream: Upstream) -> Ran {
        let request = Request::read(wire);
        let mut transaction = self.rules.begin(Connection {
            client: SocketAddr::from((Ipv4Addr::LOCALHOST, 50_000)),
            server: SocketAddr::from((Ipv4Addr::LOCALHOST, 80)),
        });
        transaction.watch();
        // Nothing interrupts, so there is nothing to be told.
        let _continues = request.pass(&mut transaction);
        let answer = request.asked().answer(upstream);
        answer.pass(&mut transaction);
        let outcome = transaction.finish();
        let interruption = outcome.interruption;
        Ran {
            findings: outcome.findings,
            status: interruption
                .as_ref()
                .map_or(answer.status, |own| own.status),
            interrupted: interruption.map(|own| own.rule),
            faults: outcome.faults,
        }
    }
}
