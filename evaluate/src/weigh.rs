//! What the text model costs: the time of one weighing for the bytes it reads.

use babyshield_detect::text::{Model, Question};
use babyshield_detect::{Class, Confidence, Context, Evidence, Input, Place};
use rustix::time::{ClockId, clock_gettime};

use crate::attack::Attack;

/// Lines whose bytes are weighed.
const LINES: usize = 4000;

/// How often all of them are.
const ROUNDS: u32 = 8;

/// Bytes the model reads of a finding at most: the span, and what stands on either side.
const READ: usize = 256;

/// CPU time of the model in microseconds for 1,024 bytes, over spans made of the lines of attacks; the
/// least of several rounds, since whatever else runs can only add.
pub(crate) fn micros_per_kilobyte(attacks: &[Attack]) -> f64 {
    let model = Model::shared();
    let texts: Vec<&[u8]> = attacks
        .iter()
        .filter(|own| !own.held)
        .map(|own| own.value.get(..READ).unwrap_or(&own.value))
        .take(LINES)
        .collect();
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    let rounds = (0..ROUNDS).map(|_| round(model, &texts));
    let least = rounds.fold(f64::INFINITY, f64::min);
    #[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
    let kilobytes = bytes.max(1) as f64 / 1024.0;
    least / kilobytes
}

fn round(model: &Model, texts: &[&[u8]]) -> f64 {
    let before = clock_gettime(ClockId::ThreadCPUTime);
    let mut sum = 0.0;
    for text in texts {
        let input = Input {
            text,
            context: Context::new(Place::Json, b"comment"),
            depth: 0,
        };
        let evidence = Evidence {
            span: 0..text.len(),
            reading: "a statement of its own",
            confidence: Confidence::Likely,
        };
        let question = Question {
            class: Class::Sql,
            input: &input,
            evidence: &evidence,
        };
        sum += model.score(&question.sample()).whole;
    }
    std::hint::black_box(sum);
    let after = clock_gettime(ClockId::ThreadCPUTime);
    let (seconds, nanos) = (after.tv_sec - before.tv_sec, after.tv_nsec - before.tv_nsec);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a round takes far less than 2^52 ns"
    )]
    let micros = seconds as f64 * 1e6 + nanos as f64 / 1e3;
    micros
}
