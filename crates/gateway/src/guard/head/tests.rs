use std::time::Duration;

use super::*;

const LIMITS: Limits = Limits {
    head: 8192,
    fields: 64,
    head_time: Duration::ZERO,
    idle: Duration::ZERO,
    body_idle: Duration::ZERO,
    body_rate: 0,
    grace: Duration::ZERO,
    write: Duration::ZERO,
    linger: Duration::ZERO,
};

const HEADS: [&str; 4] = [
    "GET /a/b?c=d HTTP/1.1\r\nHost: test\r\nAccept: */*\r\nX: \t y \r\n\r\n",
    "POST / HTTP/1.1\r\nhost: [::1]:80\r\ncontent-length: 12\r\nempty:\r\n\r\nbody and more",
    "PUT http://h/x HTTP/1.0\r\nHost: h\r\nContent-Type: text/plain\r\n\r\n",
    "POST /c HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\nconnection: upgrade\r\n\r\n",
];

fn whole(bytes: &[u8]) -> Parsed {
    parse(&mut BytesMut::from(bytes), &mut 0, &LIMITS)
}

/// A small generator with a fixed seed: the same mutations in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

fn mutate(head: &str, random: &mut Random) -> Vec<u8> {
    const BYTES: &[u8] = b"\r\n \t:\0/,;#%@\x7f\xffaZ0\x0b\"\\";
    let mut bytes = head.as_bytes().to_vec();
    for _ in 0..=random.below(3) {
        let at = random.below(bytes.len());
        let byte = BYTES[random.below(BYTES.len())];
        match random.below(4) {
            0 => bytes[at] = byte,
            1 => bytes.insert(at, byte),
            2 => drop(bytes.remove(at)),
            _ => {
                let other = random.below(bytes.len());
                bytes.swap(at, other);
            }
        }
    }
    bytes
}

/// What passes here is read the same by another parser: the two cannot be played off
/// against each other.
#[test]
fn what_is_accepted_has_one_meaning_for_another_parser_too() {
    let mut random = Random(0x5eed_cafe_f00d);
    let mut accepted = 0;
    for round in 0..200_000 {
        let bytes = mutate(HEADS[round % HEADS.len()], &mut random);
        let Parsed::Complete(message) = whole(&bytes) else {
            continue;
        };
        accepted += 1;
        let plain = bytes.strip_prefix(b"\r\n").unwrap_or(&bytes);
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut other = httparse::Request::new(&mut fields);
        let status = other.parse(plain).expect("the other parser accepts it");
        assert_eq!(status, httparse::Status::Complete(message.length));
        assert_eq!(other.method.map(str::as_bytes), Some(message.head.method()));
        assert_eq!(other.path.map(str::as_bytes), Some(message.head.target()));
        let own: Vec<_> = message.head.fields().collect();
        let others: Vec<_> = other
            .headers
            .iter()
            .map(|field| (field.name.as_bytes(), field.value))
            .collect();
        assert_eq!(own, others, "{:?}", String::from_utf8_lossy(&bytes));
    }
    assert!(accepted > 20_000, "only {accepted} mutations were accepted");
}

#[test]
fn a_head_that_comes_in_pieces_is_read_as_if_it_came_at_once() {
    for head in HEADS {
        let Parsed::Complete(once) = whole(head.as_bytes()) else {
            panic!("{head}");
        };
        let mut buffer = BytesMut::new();
        let mut searched = 0;
        for byte in head.bytes() {
            buffer.extend_from_slice(&[byte]);
            match parse(&mut buffer, &mut searched, &LIMITS) {
                Parsed::Partial => {}
                Parsed::Complete(message) => {
                    assert_eq!(message.length, once.length);
                    assert_eq!(message.framing, once.framing);
                    break;
                }
                Parsed::Refused(refusal) => panic!("{refusal}: {head}"),
            }
        }
        assert_eq!(buffer.len(), once.length);
    }
}

#[test]
fn a_refused_message_is_split_without_ever_failing() {
    let mut random = Random(42);
    for round in 0..50_000 {
        let bytes = mutate(HEADS[round % HEADS.len()], &mut random);
        let head = split(Bytes::from(bytes.clone()));
        let total: usize = head
            .fields()
            .map(|(name, value)| name.len() + value.len())
            .sum();
        assert!(total + head.target().len() <= bytes.len());
    }
    let head = split(Bytes::from_static(
        b"GET /a b HTTP/1.1\nHost : x\nbroken\n\nrest",
    ));
    assert_eq!((head.method(), head.target()), (&b"GET"[..], &b"/a b"[..]));
    let fields: Vec<_> = head.fields().collect();
    assert_eq!(
        fields,
        [(&b"Host "[..], &b"x"[..]), (&b"broken"[..], &b""[..])]
    );
}

/// The short way through targets and hosts may only be shorter.
#[test]
fn what_is_accepted_at_a_glance_is_accepted_by_the_parser_of_uris() {
    let mut random = Random(7);
    let mut glanced = (0, 0);
    for _ in 0..200_000 {
        let length = 1 + random.below(8);
        let bytes: Vec<u8> = (0..length).map(|_| random.below(256) as u8).collect();
        let bytes: Vec<u8> = bytes
            .iter()
            .map(|byte| {
                if byte & 0x80 == 0 {
                    *byte
                } else {
                    b"a.-:0/%"[usize::from(*byte % 7)]
                }
            })
            .collect();
        let target = [b"/", &bytes[..]].concat();
        if target.iter().all(|&byte| is(byte, PLAIN)) {
            glanced.0 += 1;
            assert!(http::Uri::try_from(&target[..]).is_ok(), "{target:?}");
        }
        if is_authority(&bytes) {
            glanced.1 += 1;
            let authority = http::uri::Authority::try_from(&bytes[..]).expect("an authority");
            assert!(!authority.host().is_empty(), "{authority}");
        }
    }
    assert!(glanced.0 > 1000 && glanced.1 > 1000, "{glanced:?}");
}
