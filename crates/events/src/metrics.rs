//! Metrics: the `metrics` facade for everybody, Prometheus text for whoever asks.
//!
//! There is no listener here; [`Metrics::render`] gives the text for a `/metrics` route.

use std::sync::Arc;

use babyshield_model::RequestEvent;
use metrics::{Counter, Gauge, Histogram, Unit};
use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};

use crate::Error;
use crate::counters::Minutes;

/// Requests, by `verdict`, `enforced`, `layer`, `status` class and `route`.
pub const REQUESTS: &str = "babyshield_requests_total";
/// CPU time of our decision on a request, in seconds.
pub const DECISION: &str = "babyshield_decision_seconds";
/// Time from a request's head to the response's last byte, in seconds.
pub const DURATION: &str = "babyshield_request_seconds";
/// Body bytes, by `direction`: `in` from callers, `out` to callers.
pub const BYTES: &str = "babyshield_body_bytes_total";
/// Findings, by `class`.
pub const FINDINGS: &str = "babyshield_findings_total";
/// Events waiting for the disk.
pub const QUEUE: &str = "babyshield_events_queue_depth";
/// Events lost because the queue was full or the disk stayed away.
pub const DROPPED: &str = "babyshield_events_dropped_total";
/// Unremarkable requests that were only counted.
pub const THINNED: &str = "babyshield_events_thinned_total";
/// Events written to the store.
pub const STORED: &str = "babyshield_events_stored_total";
/// Failed attempts to write to the store.
pub const STORE_ERRORS: &str = "babyshield_store_errors_total";
/// 1 while the store cannot be written, else 0.
pub const STORE_FAILING: &str = "babyshield_store_failing";
/// Bytes in use in the store's file.
pub const STORE_BYTES: &str = "babyshield_store_bytes";

/// Upper bounds of the histograms' buckets, in seconds: from ten microseconds to ten seconds.
const BUCKETS: [f64; 16] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.0025, 0.005, 0.01, 0.025,
    0.1, 0.5, 1.0, 5.0, 10.0,
];

/// The recorder of this process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    recorder: Arc<PrometheusRecorder>,
    handle: PrometheusHandle,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// A recorder that only the stores opened with it write to.
    #[must_use]
    pub fn new() -> Self {
        let builder =
            [DECISION, DURATION]
                .iter()
                .fold(PrometheusBuilder::new(), |builder, name| {
                    let matcher = Matcher::Full((*name).to_owned());
                    // The only error is an empty list of buckets.
                    builder
                        .set_buckets_for_metric(matcher, &BUCKETS)
                        .unwrap_or_else(|_| PrometheusBuilder::new())
                });
        let recorder = Arc::new(builder.build_recorder());
        let handle = recorder.handle();
        let metrics = Self { recorder, handle };
        metrics.describe();
        metrics
    }

    /// Makes it the recorder of the whole process, for the macros of the `metrics` crate.
    ///
    /// # Errors
    /// [`Error::MetricsTaken`] when there is one already.
    pub fn install(&self) -> Result<(), Error> {
        metrics::set_global_recorder(Arc::clone(&self.recorder)).map_err(|_| Error::MetricsTaken)
    }

    /// Everything recorded so far, as Prometheus text (exposition format 0.0.4).
    #[must_use]
    pub fn render(&self) -> String {
        self.handle.render()
    }

    /// Sums up what histograms have gathered; without it they grow until the next
    /// [`Metrics::render`].
    pub(crate) fn settle(&self) {
        self.handle.run_upkeep();
    }

    /// Runs `f` with the macros of the `metrics` crate writing here.
    pub(crate) fn with<T>(&self, f: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&*self.recorder, f)
    }

    fn describe(&self) {
        use metrics::{describe_counter as counter, describe_gauge as gauge};
        self.with(|| {
            counter!(
                REQUESTS,
                "Requests by verdict, layer, status class and route."
            );
            metrics::describe_histogram!(DECISION, Unit::Seconds, "CPU time of the decision.");
            metrics::describe_histogram!(DURATION, Unit::Seconds, "Head to last response byte.");
            counter!(BYTES, "Body bytes by direction.");
            counter!(FINDINGS, "Findings by class.");
            gauge!(QUEUE, "Events waiting for the disk.");
            counter!(
                DROPPED,
                "Events lost: queue full, or disk away for too long."
            );
            counter!(THINNED, "Unremarkable requests that were only counted.");
            counter!(STORED, "Events written to the store.");
            counter!(STORE_ERRORS, "Failed attempts to write to the store.");
            gauge!(STORE_FAILING, "1 while the store cannot be written.");
            gauge!(STORE_BYTES, "Bytes in use in the store's file.");
        });
    }
}

/// The metrics of one store, looked up once.
pub(crate) struct Handles {
    pub(crate) decision: Histogram,
    pub(crate) duration: Histogram,
    pub(crate) thinned: Counter,
    pub(crate) dropped: Counter,
    pub(crate) stored: Counter,
    pub(crate) errors: Counter,
    pub(crate) queue: Gauge,
    pub(crate) failing: Gauge,
    pub(crate) bytes: Gauge,
}

impl Handles {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        metrics.with(|| Self {
            decision: metrics::histogram!(DECISION),
            duration: metrics::histogram!(DURATION),
            thinned: metrics::counter!(THINNED),
            dropped: metrics::counter!(DROPPED),
            stored: metrics::counter!(STORED),
            errors: metrics::counter!(STORE_ERRORS),
            queue: metrics::gauge!(QUEUE),
            failing: metrics::gauge!(STORE_FAILING),
            bytes: metrics::gauge!(STORE_BYTES),
        })
    }
}

/// Adds a batch of exact counts to [`REQUESTS`] and [`BYTES`].
pub(crate) fn count(metrics: &Metrics, minutes: &Minutes) {
    metrics.with(|| {
        for (_, route, key, cell) in minutes.iter() {
            metrics::counter!(
                REQUESTS,
                "verdict" => key.verdict.as_str(),
                "enforced" => if key.enforced { "true" } else { "false" },
                "layer" => key.layer.map_or("none", babyshield_model::Layer::as_str),
                "status" => format!("{}xx", key.class),
                "route" => route.to_owned(),
            )
            .increment(cell.count);
            metrics::counter!(BYTES, "direction" => "in").increment(cell.bytes_in);
            metrics::counter!(BYTES, "direction" => "out").increment(cell.bytes_out);
        }
    });
}

/// Adds the findings of one event to [`FINDINGS`].
pub(crate) fn count_findings(metrics: &Metrics, event: &RequestEvent) {
    metrics.with(|| {
        for finding in event.findings.iter().filter(|f| !crate::is_summary(f)) {
            metrics::counter!(FINDINGS, "class" => finding.class.clone()).increment(1);
        }
    });
}

#[cfg(test)]
mod tests {
    use babyshield_model::{Figures, Verdict};

    use super::*;
    use crate::counters::Counters;
    use crate::sample;

    #[test]
    fn counts_appear_with_their_labels() {
        let metrics = Metrics::new();
        let counters = Counters::default();
        counters.add(&Figures::from(&sample::request(1, Verdict::Block)));
        counters.add(&Figures::from(&sample::request(2, Verdict::Block)));
        count(&metrics, &counters.take());
        let text = metrics.render();
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{REQUESTS}{{")))
            .unwrap();
        for part in [
            "verdict=\"block\"",
            "layer=\"waf\"",
            "status=\"4xx\"",
            "route=\"GET /v1/products\"",
        ] {
            assert!(line.contains(part), "{line}");
        }
        assert!(line.ends_with(" 2"), "{line}");
    }

    #[test]
    fn decision_times_fall_into_their_buckets() {
        let metrics = Metrics::new();
        let handles = Handles::new(&metrics);
        handles.decision.record(0.000_04);
        handles.decision.record(0.3);
        let text = metrics.render();
        assert!(
            text.contains("babyshield_decision_seconds_bucket{le=\"0.00005\"} 1"),
            "{text}"
        );
        assert!(
            text.contains("babyshield_decision_seconds_count 2"),
            "{text}"
        );
    }
}
