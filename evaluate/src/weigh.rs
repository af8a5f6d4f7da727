//! What the text model costs: the time of one weighing for the bytes it reads.

use babyshield_detect::text::{Model, Question};
use babyshield_detect::{Class, Confidence, Context, Evidence, Input, Place};
use rustix::time::{ClockId, clock_gettime};

use crate::attack::Attack;

/// Bytes of the findings that are weighed, all told.
const BYTES: usize = 1 << 18;

/// How often all of them are.
const ROUNDS: u32 = 8;

/// Bytes the model reads of a span at most.
const READ: usize = 256;

/// CPU time of the model in microseconds for 1,024 bytes, over spans of full length made of the lines of
/// attacks; the least of several rounds, since whatever else runs can only add.
#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(crate) fn micros_per_kilobyte(attacks: &[Attack]) -> f64 {
    let model = Model::shared();
    let lines = attacks.iter().filter(|own| !own.held);
    let mut bytes: Vec<u8> = lines.flat_map(|own| own.value.iter().copied()).collect();
    bytes.truncate(BYTES);
    let texts: Vec<&[u8]> = bytes.chunks(READ).collect();
    let rounds = (0..ROUNDS).map(|_| round(model, &texts));
    let least = rounds.fold(f64::INFINITY, f64::min);
    least * 1024.0 / bytes.len().max(1) as f64
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
        sum += model.whole(&question.sample());
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
