use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::Timestamp;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Names one request, on the wire and in the store: a ULID (48 bits of milliseconds, 80 random
/// bits), written as 26 characters of Crockford base32, so that text order is time order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u128);

/// The text is not 26 characters of Crockford base32 below 2¹²⁸.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request id has 26 characters of 0-9 and A-Z without I, L, O and U")]
pub struct ParseRequestIdError;

impl RequestId {
    /// Puts a time and randomness together; only the low 80 bits of `random` count.
    #[must_use]
    pub fn new(at: Timestamp, random: u128) -> Self {
        Self((u128::from(at.0) << 80) | (random & ((1 << 80) - 1)))
    }

    /// The time it was made.
    #[must_use]
    pub fn timestamp(self) -> Timestamp {
        Timestamp(u64::try_from(self.0 >> 80).unwrap_or(u64::MAX))
    }

    /// Its 26 characters, without an allocation.
    #[must_use]
    pub fn text(self) -> [u8; 26] {
        let mut text = [0_u8; 26];
        let mut rest = self.0;
        for slot in text.iter_mut().rev() {
            // The index is below 32 by the mask.
            *slot = ALPHABET.get((rest & 31) as usize).copied().unwrap_or(b'0');
            rest >>= 5;
        }
        text
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for RequestId {
    type Err = ParseRequestIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 26 {
            return Err(ParseRequestIdError);
        }
        let mut value: u128 = 0;
        for byte in text.bytes() {
            let digit = ALPHABET
                .iter()
                .position(|&c| c == byte.to_ascii_uppercase())
                .ok_or(ParseRequestIdError)?;
            if value >> 123 != 0 {
                return Err(ParseRequestIdError);
            }
            value = (value << 5) | digit as u128;
        }
        Ok(Self(value))
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_sorts_by_time() {
        let early = RequestId::new(Timestamp(1_700_000_000_000), u128::MAX);
        let late = RequestId::new(Timestamp(1_700_000_000_001), 0);
        assert_eq!(early.to_string().parse(), Ok(early));
        assert!(early.to_string() < late.to_string());
        assert_eq!(late.timestamp(), Timestamp(1_700_000_000_001));
    }

    #[test]
    fn foreign_text_is_refused() {
        assert!("".parse::<RequestId>().is_err());
        assert!("ILOU5678901234567890123456".parse::<RequestId>().is_err());
        assert!("ZZZZZZZZZZZZZZZZZZZZZZZZZZ".parse::<RequestId>().is_err());
    }
}
