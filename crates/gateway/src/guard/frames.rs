//! What we send on an HTTP/2 connection, followed frame by frame, RFC 9113 section 4.1.
//!
//! The HTTP/2 implementation answers what is malformed by resetting the stream or ending the
//! connection, and a head far beyond its bound with 431, and tells nobody. Its frames say so.

use http::StatusCode;

/// Bytes of a frame's own head.
const HEAD: usize = 9;

/// Bytes of a payload that are looked at: of `GOAWAY` the last stream and the code.
const SEEN: usize = 8;

const HEADERS: u8 = 0x1;
const RST_STREAM: u8 = 0x3;
const GOAWAY: u8 = 0x7;

/// A head that is `:status: 431` and nothing else, RFC 7541: of ours, all have other fields as well. Later
/// ones of a connection are written as a number that depends on what was written before; one event for
/// each connection says enough.
const TOO_LARGE: &[u8] = &[0x48, 0x83, 0x69, 0x90, 0xff];

/// Follows frames to those that refuse what the caller sent.
#[derive(Debug, Default)]
pub(super) struct Frames {
    head: [u8; HEAD],
    /// Bytes of the head that were followed.
    have: usize,
    payload: [u8; SEEN],
    /// Bytes of the payload that were followed.
    followed: usize,
}

impl Frames {
    /// Follows `bytes` and tells each refusal.
    pub(super) fn follow(
        &mut self,
        mut bytes: &[u8],
        mut tell: impl FnMut(StatusCode, &'static str),
    ) {
        loop {
            bytes = self.follow_head(bytes);
            if self.have < HEAD {
                return;
            }
            bytes = self.follow_payload(bytes);
            if self.followed < self.length() {
                return;
            }
            if let Some((status, detail)) = self.refusal() {
                tell(status, detail);
            }
            (self.have, self.followed) = (0, 0);
        }
    }

    fn follow_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let rest = self.head.get_mut(self.have..).unwrap_or_default();
        let count = rest.len().min(bytes.len());
        let (own, others) = bytes.split_at_checked(count).unwrap_or_default();
        if let Some(place) = rest.get_mut(..count) {
            place.copy_from_slice(own);
        }
        self.have += count;
        others
    }

    fn follow_payload<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let count = (self.length() - self.followed).min(bytes.len());
        let (own, others) = bytes.split_at_checked(count).unwrap_or_default();
        let place = self.payload.get_mut(self.followed..).unwrap_or_default();
        for (place, byte) in place.iter_mut().zip(own) {
            *place = *byte;
        }
        self.followed += count;
        others
    }

    /// Bytes of the frame's payload.
    fn length(&self) -> usize {
        let [one, two, three, ..] = self.head;
        usize::from(one) << 16 | usize::from(two) << 8 | usize::from(three)
    }

    /// What the frame says was wrong, if it is about that. Other codes end streams and connections
    /// that are in order.
    fn refusal(&self) -> Option<(StatusCode, &'static str)> {
        let [.., kind, _, _, _, _, _] = self.head;
        let [one, two, three, four, rest @ ..] = self.payload;
        let code = match kind {
            RST_STREAM => u32::from_be_bytes([one, two, three, four]),
            GOAWAY => u32::from_be_bytes(rest),
            HEADERS if self.payload.get(..self.length()) == Some(TOO_LARGE) => {
                let status = StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
                return Some((status, "The request head is too long."));
            }
            _ => return None,
        };
        let detail = match code {
            0x1 => "The HTTP/2 message is malformed.",
            0x3 => "HTTP/2 flow control was not kept.",
            0x6 => "An HTTP/2 frame has a wrong size.",
            0x9 => "HTTP/2 header fields cannot be decompressed.",
            0xb => "Too many HTTP/2 streams were reset, or too much of no use was sent.",
            _ => return None,
        };
        Some((StatusCode::BAD_REQUEST, detail))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0, 0, 0, 0, 1], payload].concat()
    }

    fn told(bytes: &[u8], step: usize) -> Vec<&'static str> {
        let mut frames = Frames::default();
        let mut told = Vec::new();
        for piece in bytes.chunks(step) {
            frames.follow(piece, |_, detail| told.push(detail));
        }
        told
    }

    #[test]
    fn refusals_are_found_among_other_frames_however_they_are_cut() {
        let bytes = [
            frame(0x4, &[0; 18]),
            frame(RST_STREAM, &[0, 0, 0, 1]),
            frame(0x0, &[7; 300]),
            frame(0x4, &[]),
            frame(GOAWAY, &[0, 0, 0, 9, 0, 0, 0, 11, b'h', b'i']),
            frame(HEADERS, TOO_LARGE),
        ]
        .concat();
        for step in 1..=bytes.len() {
            let told = told(&bytes, step);
            assert_eq!(told.len(), 3, "{step}");
            assert!(told[0].contains("malformed") && told[1].contains("Too many"));
            assert!(told[2].contains("too long"));
        }
    }

    #[test]
    fn ends_in_good_order_are_no_refusals() {
        let bytes = [
            frame(RST_STREAM, &[0, 0, 0, 0]),
            frame(RST_STREAM, &[0, 0, 0, 8]),
            frame(GOAWAY, &[0; 8]),
            // An answer with 431 that has more to say.
            frame(HEADERS, &[TOO_LARGE, &[0x88]].concat()),
            // Data that looks like a reset.
            frame(0x0, &frame(RST_STREAM, &[0, 0, 0, 1])),
        ]
        .concat();
        assert!(told(&bytes, 5).is_empty());
    }
}
