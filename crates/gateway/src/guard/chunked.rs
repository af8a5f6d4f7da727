//! Chunked transfer coding, RFC 9112 section 7.1, without the parts that servers disagree about.

/// Bytes of a trailer section.
const MAX_TRAILERS: usize = 8 << 10;

/// Hexadecimal digits of a chunk size: chunks below 4 GiB.
const MAX_DIGITS: u8 = 8;

/// Follows a chunked body to its end.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    trailers: usize,
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Size { value: u64, digits: u8 },
    SizeLf(u64),
    Data(u64),
    DataCr,
    DataLf,
    Trailer,
    TrailerLf,
    Done,
}

impl Default for Chunked {
    fn default() -> Self {
        let state = State::Size {
            value: 0,
            digits: 0,
        };
        Self {
            state,
            trailers: 0,
            line: Vec::new(),
        }
    }
}

impl Chunked {
    /// Follows `bytes`; says how many of them belong to the body.
    pub(super) fn advance(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        let mut at = 0;
        while let (Some(&byte), false) = (bytes.get(at), self.is_done()) {
            if let State::Data(left) = self.state {
                let have = (bytes.len() - at) as u64;
                let taken = have.min(left);
                at += usize::try_from(taken).unwrap_or(usize::MAX);
                self.state = match left - taken {
                    0 => State::DataCr,
                    left => State::Data(left),
                };
            } else {
                self.state = self.step(byte)?;
                at += 1;
            }
        }
        Ok(at)
    }

    /// Whether the last byte of the body was followed.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    fn step(&mut self, byte: u8) -> Result<State, &'static str> {
        match (self.state, byte) {
            (State::Size { digits: 0, .. }, b'\r') => Err("A chunk has no size."),
            (State::Size { value, .. }, b'\r') => Ok(State::SizeLf(value)),
            (State::Size { .. }, b';') => Err("Chunk extensions are not accepted."),
            (State::Size { value, digits }, _) => {
                let digit = char::from(byte).to_digit(16);
                let digit = digit.ok_or("A chunk size is not a hexadecimal number.")?;
                if digits == MAX_DIGITS {
                    return Err("A chunk size has too many digits.");
                }
                Ok(State::Size {
                    value: value * 16 + u64::from(digit),
                    digits: digits + 1,
                })
            }
            (State::SizeLf(0), b'\n') => Ok(State::Trailer),
            (State::SizeLf(size), b'\n') => Ok(State::Data(size)),
            (State::SizeLf(_), _) => Err("A chunk size line ends in a bare CR."),
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size {
                value: 0,
                digits: 0,
            }),
            (State::DataCr | State::DataLf, _) => Err("A chunk is longer than its size says."),
            (State::Trailer, b'\r') => Ok(State::TrailerLf),
            (State::Trailer, b'\n') => Err("A trailer line ends in a bare LF."),
            (State::Trailer, _) => self.trailer(byte),
            (State::TrailerLf, b'\n') if self.line.is_empty() => Ok(State::Done),
            (State::TrailerLf, b'\n') => self.trailer_line(),
            (State::TrailerLf, _) => Err("A trailer line ends in a bare CR."),
            (State::Data(_) | State::Done, _) => Ok(self.state),
        }
    }

    fn trailer(&mut self, byte: u8) -> Result<State, &'static str> {
        self.trailers += 1;
        if self.trailers > MAX_TRAILERS {
            return Err("The trailer section is too long.");
        }
        self.line.push(byte);
        Ok(State::Trailer)
    }

    fn trailer_line(&mut self) -> Result<State, &'static str> {
        let (name, _) = super::head::field_line(&self.line)?;
        let name = self.line.get(name).unwrap_or_default();
        let framing = [
            &b"content-length"[..],
            b"transfer-encoding",
            b"host",
            b"connection",
            b"trailer",
            b"te",
            b"upgrade",
        ];
        if framing.iter().any(|own| name.eq_ignore_ascii_case(own)) {
            return Err("A trailer field changes the framing.");
        }
        self.line.clear();
        Ok(State::Trailer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn follow(body: &[u8], step: usize) -> Result<(usize, bool), &'static str> {
        let mut chunked = Chunked::default();
        let mut used = 0;
        for piece in body.chunks(step) {
            used += chunked.advance(piece)?;
        }
        Ok((used, chunked.is_done()))
    }

    #[test]
    fn good_bodies_end_where_they_end_however_they_are_cut() {
        let bodies: [&[u8]; 4] = [
            b"0\r\n\r\n",
            b"5\r\nhello\r\n0\r\n\r\n",
            b"1a\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nx-sum: 1\r\n\r\n",
            b"A\r\n0123456789\r\n00\r\n\r\n",
        ];
        for body in bodies {
            for step in 1..=body.len() {
                assert_eq!(follow(body, step), Ok((body.len(), true)), "{body:?}");
            }
            let longer = [body, b"GET / HTTP/1.1"].concat();
            assert_eq!(follow(&longer, longer.len()), Ok((body.len(), true)));
        }
    }

    #[test]
    fn whatever_can_be_read_in_two_ways_is_refused() {
        let bodies: [&[u8]; 16] = [
            b"5;a=b\r\nhello\r\n",
            b"5 \r\nhello\r\n",
            b" 5\r\nhello\r\n",
            b"0x5\r\nhello\r\n",
            b"+5\r\nhello\r\n",
            b"-1\r\n",
            b"\r\n",
            b"5\nhello\r\n",
            b"5\rhello",
            b"5\r\nhelloX\r\n",
            b"5\r\nhello\n0\r\n\r\n",
            b"000000005\r\nhello\r\n",
            b"fffffffff\r\n",
            b"0\r\ncontent-length: 3\r\n\r\n",
            b"0\r\n folded\r\n\r\n",
            b"0\r\nx: 1\n\r\n",
        ];
        for body in bodies {
            assert!(
                follow(body, 1).is_err(),
                "{:?}",
                String::from_utf8_lossy(body)
            );
        }
    }
}
