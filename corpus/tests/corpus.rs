//! The generator itself: repeatable, varied, and right in form.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests"
)]

use std::collections::{BTreeMap, HashSet};

use babyshield_corpus::{Corpus, Ease, Message};

fn corpus() -> Corpus {
    Corpus::new(1).unwrap()
}

#[test]
fn the_same_seed_writes_the_same_requests() {
    let (one, two) = (corpus(), corpus());
    for number in 0..500 {
        assert_eq!(one.sample(number).message, two.sample(number).message);
    }
    let other = Corpus::new(2).unwrap();
    let same = (0..500).filter(|n| one.sample(*n).message == other.sample(*n).message);
    assert_eq!(same.count(), 0);
}

#[test]
fn no_two_requests_are_alike() {
    let corpus = corpus();
    let seen: HashSet<Vec<u8>> = corpus
        .distinct(50_000)
        .map(|own| own.message.to_bytes())
        .collect();
    assert_eq!(seen.len(), 50_000);
}

#[test]
fn every_kind_comes_up_and_most_requests_are_ordinary() {
    let corpus = corpus();
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut hard = 0;
    for sample in corpus.distinct(20_000) {
        *counts.entry(sample.kind.name.as_str()).or_default() += 1;
        hard += u64::from(sample.kind.ease == Ease::Hard);
    }
    assert_eq!(counts.len(), corpus.kinds().len());
    assert!((600..2_000).contains(&hard), "{hard} of 20000 are hard");
}

#[test]
fn sizes_are_those_of_real_traffic() {
    let corpus = corpus();
    let mut sizes: Vec<usize> = corpus
        .distinct(5_000)
        .map(|own| own.message.to_bytes().len())
        .collect();
    sizes.sort_unstable();
    let (middle, largest) = (sizes[2_500], sizes[4_999]);
    assert!(
        (700..2_500).contains(&middle),
        "{middle} bytes in the median"
    );
    assert!(largest < 300_000, "{largest} bytes at most");
    assert!(sizes[0] > 60, "{} bytes at least", sizes[0]);
}

fn kind_of(message: &Message) -> String {
    let kind = message.header("content-type").unwrap_or_default();
    String::from_utf8_lossy(kind).to_lowercase()
}

/// The beginning of a request, for messages.
fn start(wire: &[u8]) -> String {
    String::from_utf8_lossy(wire).chars().take(1500).collect()
}

#[test]
fn requests_are_right_in_form() {
    let corpus = corpus();
    for sample in corpus.distinct(8_000) {
        let wire = sample.message.to_bytes();
        let (name, text) = (&sample.kind.name, start(&wire));
        let mut headers = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut headers);
        let parsed = request.parse(&wire);
        let complete = matches!(parsed, Ok(httparse::Status::Complete(_)));
        assert!(complete, "{name}: {parsed:?}\n{text}");
        let headers = request.headers.iter();
        let hosts = headers.filter(|own| own.name.eq_ignore_ascii_case("host"));
        assert_eq!(hosts.count(), 1, "{name}: host\n{text}");
        let sent = |byte: &u8| matches!(byte, b'!'..=b'~') && *byte != b'#';
        let target = &sample.message.target;
        assert!(
            target.iter().all(sent),
            "{name}: no client sends this\n{text}"
        );
        let length = sample.message.header("content-length");
        let length = length.map(|value| String::from_utf8_lossy(value).parse::<usize>().unwrap());
        let body = sample.message.body.len();
        assert_eq!(length.unwrap_or_default(), body, "{name}\n{text}");
        let head = String::from_utf8_lossy(&wire[..wire.len() - body]).into_owned();
        assert!(!head.contains(['«', '»']), "{name}\n{text}");
    }
}

/// Whether every element is closed by its own name.
fn is_xml(body: &[u8]) -> bool {
    let mut reader = quick_xml::Reader::from_reader(body);
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) => return true,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

#[test]
fn bodies_are_what_their_type_says() {
    let corpus = corpus();
    for sample in corpus.distinct(8_000) {
        let (message, name) = (&sample.message, &sample.kind.name);
        let kind = kind_of(message);
        let plain = message.header("content-encoding").is_none() && !message.body.is_empty();
        if kind.contains("json") && !kind.contains("ndjson") && plain {
            let read = serde_json::from_slice::<serde_json::Value>(&message.body);
            assert!(read.is_ok(), "{name}: {read:?}\n{}", start(&message.body));
        }
        if kind.contains("xml") && !kind.contains("svg") && plain {
            assert!(is_xml(&message.body), "{name}\n{}", start(&message.body));
        }
        let kind = message.header("content-type").unwrap_or_default();
        let kind = String::from_utf8_lossy(kind);
        if let Some((_, boundary)) = kind.split_once("boundary=") {
            let end = format!("--{boundary}--\r\n");
            let ends = message.body.ends_with(end.as_bytes());
            assert!(ends, "{name}\n{}", start(&message.body));
        }
    }
}
