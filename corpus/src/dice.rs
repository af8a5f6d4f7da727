//! Chance that can be repeated: the same seed throws the same numbers on every machine.

/// A stream of numbers made from a seed (SplitMix64, Steele and others, 2014).
#[derive(Clone, Debug)]
pub struct Dice(u64);

const DIGITS: &[u8] = b"0123456789";
const HEX: &[u8] = b"0123456789abcdef";
const ALPHANUMERIC: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const BASE64URL: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz";
const KEYBOARD: &[u8] = b"!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~";

/// Which characters a random run is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alphabet {
    /// `0`–`9`.
    Digits,
    /// `0`–`9`, `a`–`f`.
    Hex,
    /// Letters of both cases and digits.
    Alphanumeric,
    /// The alphabet of base64url.
    Base64Url,
    /// Capitals and digits.
    Upper,
    /// Small letters.
    Letters,
    /// Every sign a keyboard of ASCII has, but the blank: what password managers make.
    Keyboard,
}

impl Alphabet {
    fn characters(self) -> &'static [u8] {
        match self {
            Self::Digits => DIGITS,
            Self::Hex => HEX,
            Self::Alphanumeric => ALPHANUMERIC,
            Self::Base64Url => BASE64URL,
            Self::Upper => UPPER,
            Self::Letters => LETTERS,
            Self::Keyboard => KEYBOARD,
        }
    }
}

impl Dice {
    /// Dice for one of many independent streams of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mut dice = Self(seed ^ stream.wrapping_mul(0xd134_2543_de82_ef95));
        // Neighbouring seeds are told apart by the first throws.
        dice.throw();
        dice.throw();
        dice
    }

    /// The next number.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`; 0 when that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        let high = (u128::from(self.throw()) * u128::from(end)) >> 64;
        u64::try_from(high).unwrap_or_default()
    }

    /// A number from `low` to `high`, both included.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True in `percent` of 100 throws.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// One of a list; nothing of an empty one.
    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        let at = self.below(list.len() as u64);
        list.get(usize::try_from(at).unwrap_or_default())
    }

    /// One of some texts.
    pub fn text(&mut self, list: &[&'static str]) -> &'static str {
        self.pick(list).copied().unwrap_or_default()
    }

    /// The place of one of some weights.
    pub fn weighted(&mut self, weights: impl Iterator<Item = u64> + Clone) -> usize {
        let mut left = self.below(weights.clone().sum());
        for (at, weight) in weights.enumerate() {
            if left < weight {
                return at;
            }
            left -= weight;
        }
        0
    }

    /// A run of random characters.
    pub fn run(&mut self, alphabet: Alphabet, length: u64) -> Vec<u8> {
        let characters = alphabet.characters();
        let one = |_| self.pick(characters).copied().unwrap_or(b'0');
        (0..length).map(one).collect()
    }

    /// Random bytes.
    pub fn bytes(&mut self, length: u64) -> Vec<u8> {
        (0..length).map(|_| self.throw().to_le_bytes()[0]).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_throws_the_same_numbers() {
        let throws = |seed, stream| -> Vec<u64> {
            let mut dice = Dice::new(seed, stream);
            (0..8).map(|_| dice.throw()).collect()
        };
        assert_eq!(throws(1, 2), throws(1, 2));
        assert_ne!(throws(1, 2), throws(1, 3));
        assert_ne!(throws(1, 2), throws(2, 2));
    }

    #[test]
    fn numbers_stay_in_their_range_and_fill_it() {
        let mut dice = Dice::new(7, 0);
        let mut seen = [false; 5];
        for _ in 0..200 {
            let number = dice.between(3, 7);
            seen[usize::try_from(number - 3).unwrap()] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(dice.below(0), 0);
    }

    #[test]
    fn weights_are_kept() {
        let mut dice = Dice::new(1, 1);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[dice.weighted([0_u64, 90, 10].into_iter())] += 1;
        }
        assert_eq!(counts[0], 0);
        assert!((8_800..9_200).contains(&counts[1]), "{counts:?}");
    }
}
