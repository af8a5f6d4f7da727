//! Requests of the benign corpus, all different, of many sites and clients: what `cargo xtask evaluate`
//! measures the built-in rules on.

use babyshield_corpus::{Corpus, Message, REPORTED};

use super::Request;

/// The first so many.
pub(super) fn read(count: usize) -> Result<Vec<Request>, String> {
    let corpus = Corpus::new(REPORTED).map_err(|fault| fault.to_string())?;
    let samples = corpus.distinct(count as u64);
    Ok(samples.map(|own| request(own.message)).collect())
}

fn request(own: Message) -> Request {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Request {
        method: text(&own.method),
        target: text(&own.target),
        headers: own
            .headers
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
        body: own.body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_differ() {
        let all = read(50).unwrap();
        assert_eq!(all.len(), 50);
        assert!(
            all.iter()
                .enumerate()
                .all(|(at, own)| !all[..at].contains(own))
        );
    }
}
