//! The `Content-Disposition` header of a part.

use super::{Cause, Flags};
use crate::byteset::ByteSet;
use crate::transform::hex_pair;

/// Bytes of an unquoted value (RFC 2045 tokens).
const TOKEN: ByteSet = ByteSet::range(33, 126).without(b"()<>@,;:\\\"/[]?=");

/// What a header said. Holds its capacity from part to part.
#[derive(Debug, Default)]
pub(super) struct Disposition {
    pub(super) name: Vec<u8>,
    pub(super) filename: Vec<u8>,
    extended: bool,
    value: Vec<u8>,
}

const BROKEN: Cause = Cause::Syntax("invalid Content-Disposition header");

impl Disposition {
    pub(super) fn clear(&mut self) {
        self.name.clear();
        self.filename.clear();
        self.extended = false;
    }

    /// Reads `form-data; name="a"; filename="b"`.
    pub(super) fn read(&mut self, header: &[u8], flags: &mut Flags) -> Result<(), Cause> {
        self.clear();
        let mut rest = skip_blanks(header.strip_prefix(b"form-data").ok_or(BROKEN)?);
        while let [separator, after @ ..] = rest {
            if *separator != b';' {
                return Err(BROKEN);
            }
            if after.is_empty() {
                break;
            }
            let after = skip_blanks(after);
            let end = after
                .iter()
                .position(|byte| matches!(byte, b'=' | b' ' | b'\t'))
                .ok_or(BROKEN)?;
            let (key, after) = after.split_at(end);
            let value = skip_blanks(skip_blanks(after).strip_prefix(b"=").ok_or(BROKEN)?);
            let (quote, after) = self.value(key, value, flags)?;
            self.store(key, quote, flags)?;
            rest = skip_blanks(after);
            if !matches!(rest, [] | [b';', ..]) {
                let consumed = header.len() - rest.len();
                let before = consumed.checked_sub(1).and_then(|at| header.get(at));
                flags.invalid_quoting |= matches!(before, Some(b'"' | b'\''));
                return Err(BROKEN);
            }
        }
        if self.extended && self.filename.is_empty() {
            return Err(BROKEN);
        }
        Ok(())
    }

    /// Reads one value into the buffer; returns its quote and what follows.
    fn value<'a>(
        &mut self,
        key: &[u8],
        text: &'a [u8],
        flags: &mut Flags,
    ) -> Result<(Option<u8>, &'a [u8]), Cause> {
        self.value.clear();
        match text {
            [] => Err(BROKEN),
            _ if key == b"filename*" => Ok((None, extended(text)?)),
            [quote @ (b'"' | b'\''), inner @ ..] => {
                // Only double quotes are quotes, but some applications take both.
                flags.invalid_quoting |= *quote == b'\'';
                Ok((Some(*quote), self.quoted(*quote, inner)?))
            }
            _ => {
                let length = text
                    .iter()
                    .position(|byte| !TOKEN.contains(*byte))
                    .unwrap_or(text.len());
                let (value, after) = text.split_at(length);
                self.value.extend_from_slice(value);
                Ok((None, after))
            }
        }
    }

    fn quoted<'a>(&mut self, quote: u8, mut rest: &'a [u8]) -> Result<&'a [u8], Cause> {
        loop {
            rest = match rest {
                [] | [b'\\'] => return Err(BROKEN),
                [byte, after @ ..] if *byte == quote => return Ok(after),
                // Nothing else is an escape: old browsers send plain Windows paths.
                [b'\\', escaped, after @ ..] if *escaped == quote || *escaped == b'\\' => {
                    self.value.push(*escaped);
                    after
                }
                [byte, after @ ..] => {
                    self.value.push(*byte);
                    after
                }
            };
        }
    }

    fn store(&mut self, key: &[u8], quote: Option<u8>, flags: &mut Flags) -> Result<(), Cause> {
        let target = match key {
            b"name" => &mut self.name,
            b"filename" => &mut self.filename,
            b"filename*" if !self.extended => {
                self.extended = true;
                return Ok(());
            }
            _ => return Err(BROKEN),
        };
        flags.invalid_quoting |= quote != Some(b'"') && self.value.contains(&b'\'');
        if !target.is_empty() {
            return Err(Cause::Syntax("duplicate Content-Disposition name"));
        }
        target.extend_from_slice(&self.value);
        Ok(())
    }
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|byte| !matches!(byte, b' ' | b'\t'))
        .unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// Checks `charset'language'percent-encoded` (RFC 5987) and returns what follows.
fn extended(text: &[u8]) -> Result<&[u8], Cause> {
    let mut pieces = text.splitn(3, |byte| *byte == b'\'');
    let (Some(charset), Some(_), Some(mut rest)) = (pieces.next(), pieces.next(), pieces.next())
    else {
        return Err(BROKEN);
    };
    let in_charset = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&+-^_`{}~".contains(byte);
    if charset.is_empty() || !charset.iter().all(in_charset) {
        return Err(BROKEN);
    }
    loop {
        rest = match rest {
            [] | [b';', ..] => return Ok(rest),
            [b'%', high, low, after @ ..] if hex_pair(*high, *low).is_some() => after,
            [byte, after @ ..] if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`~".contains(byte) => {
                after
            }
            _ => return Err(BROKEN),
        };
    }
}
