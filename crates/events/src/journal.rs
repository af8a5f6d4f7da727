//! Events as structured log lines: one a block and one a failure of an upstream, a limited number a
//! second.

use std::time::Duration;

use babyshield_model::{Event, Finding, RequestEvent, SystemEvent, Verdict};

/// Lines a second; a flood of attacks must not become a flood of log.
const RATE: u32 = 100;

/// Which event of which second was last written.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    second: u64,
    lines: u32,
    left_out: u64,
}

impl Journal {
    pub(crate) fn write(&mut self, event: &Event, now: Duration) {
        match event {
            Event::Request(request) if request.verdict == Verdict::Allow => {
                if let Some(failure) = failure(request)
                    && self.admit(now)
                {
                    failed(request, failure);
                }
            }
            Event::Request(request) if self.admit(now) => line(request),
            Event::Request(_) => {}
            Event::System(event) => system(event),
        }
    }

    fn admit(&mut self, now: Duration) -> bool {
        if self.second != now.as_secs() {
            if self.left_out > 0 {
                tracing::warn!(target: "babyshield", left_out = self.left_out,
                    "more decisions than log lines; the event store has them");
            }
            *self = Self {
                second: now.as_secs(),
                ..Self::default()
            };
        }
        self.lines += 1;
        let fits = self.lines <= RATE;
        self.left_out += u64::from(!fits);
        fits
    }
}

/// What became of the gateway itself: a warning where something was lost or did not work.
fn system(event: &SystemEvent) {
    let (name, message) = (event.name.as_str(), event.message.as_str());
    let what = name.rsplit('.').next().unwrap_or_default();
    if matches!(what, "failed" | "rejected" | "refused" | "dropped") {
        tracing::warn!(target: "babyshield", event = name, "{message}");
    } else {
        tracing::info!(target: "babyshield", event = name, "{message}");
    }
}

/// Why the upstream did not answer, if it did not.
fn failure(event: &RequestEvent) -> Option<&Finding> {
    let upstream = babyshield_model::Layer::Upstream.as_str();
    event.findings.iter().find(|own| own.rule == upstream)
}

fn failed(event: &RequestEvent, failure: &Finding) {
    tracing::warn!(
        target: "babyshield",
        event = "request.failed",
        request = %event.id,
        status = event.status,
        upstream = event.upstream.as_deref().unwrap_or_default(),
        method = ?event.method,
        target = ?event.target,
        error = failure.value,
        "{}",
        failure.message,
    );
}

fn line(event: &RequestEvent) {
    let finding = event.findings.iter().find(|f| !crate::is_summary(f));
    tracing::info!(
        target: "babyshield",
        event = event.name(),
        request = %event.id,
        enforced = event.enforced,
        layer = event.layer.map_or("", babyshield_model::Layer::as_str),
        status = event.status,
        client = %event.client,
        method = ?event.method,
        host = ?event.host,
        target = ?event.target,
        route = ?event.route.as_deref().unwrap_or_default(),
        score = event.score,
        rule = finding.map_or("", |f| f.rule.as_str()),
        field = ?finding.map_or("", |f| f.field.as_str()),
        matched = ?finding.map_or("", |f| f.matched.as_str()),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_writes_a_bounded_number_of_lines_a_second() {
        let mut journal = Journal::default();
        let admitted = |journal: &mut Journal, at| {
            (0..1000)
                .filter(|_| journal.admit(Duration::from_secs(at)))
                .count()
        };
        assert_eq!(admitted(&mut journal, 1), RATE as usize);
        assert_eq!(admitted(&mut journal, 2), RATE as usize);
        assert_eq!(journal.left_out, 900);
    }
}
