//! What no word list can hold: numbers, identifiers, times, bytes.

use crate::dice::{Alphabet, Dice};
use crate::file;

/// A random value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Builtin {
    /// `int LOW HIGH`: a whole number.
    Int(u64, u64),
    /// `decimal LOW HIGH PLACES`: a number with that many places.
    Decimal(u64, u64, u32),
    /// `digits N`, `hex N`, `alnum N`, `token N`, `upper N`, `letters N`, `keyboard N`: random
    /// characters; N may be `A-B`.
    Run(Alphabet, u64, u64),
    /// `bytes A-B`: random bytes.
    Bytes(u64, u64),
    /// A random UUID.
    Uuid,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMillis,
    /// `2025-03-31`.
    Date,
    /// `13:05:59`.
    Time,
    /// A public address.
    Ipv4,
    /// An address of six or so groups.
    Ipv6,
    /// A file of this sort; see [`file`].
    File(file::Sort),
}

impl Builtin {
    pub(super) fn find(name: &str, arguments: &str) -> Option<Self> {
        let sort = file::Sort::find(name);
        if let Some(sort) = sort.filter(|_| arguments.is_empty()) {
            return Some(Self::File(sort));
        }
        let mut words = arguments.split(' ').filter(|word| !word.is_empty());
        let mut number = || words.next().map(str::parse::<u64>).and_then(Result::ok);
        let found = match name {
            "int" => Self::Int(number()?, number()?),
            "decimal" => Self::Decimal(number()?, number()?, u32::try_from(number()?).ok()?),
            "uuid" => Self::Uuid,
            "epoch" => Self::Epoch,
            "epoch-ms" => Self::EpochMillis,
            "date" => Self::Date,
            "time" => Self::Time,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            _ => {
                let (low, high) = range(words.next()?)?;
                match alphabet(name) {
                    Some(alphabet) => Self::Run(alphabet, low, high),
                    None if name == "bytes" => Self::Bytes(low, high),
                    None => return None,
                }
            }
        };
        words.next().is_none().then_some(found)
    }

    pub(super) fn write(self, dice: &mut Dice) -> Vec<u8> {
        match self {
            Self::Int(low, high) => dice.between(low, high).to_string().into_bytes(),
            Self::Decimal(low, high, places) => {
                let scale = 10_u64.pow(places);
                let number = dice.between(low * scale, high * scale);
                let (whole, part) = (number / scale, number % scale);
                let width = usize::try_from(places).unwrap_or_default();
                format!("{whole}.{part:0width$}").into_bytes()
            }
            Self::Run(alphabet, low, high) => {
                let length = dice.between(low, high);
                let mut run = dice.run(alphabet, length);
                // So that it is a number wherever it stands.
                if let (Alphabet::Digits, Some(first @ b'0')) = (alphabet, run.first_mut()) {
                    *first = b'1';
                }
                run
            }
            Self::Bytes(low, high) => {
                let length = dice.between(low, high);
                dice.bytes(length)
            }
            Self::Uuid => uuid(dice),
            Self::Epoch => epoch(dice).to_string().into_bytes(),
            Self::EpochMillis => {
                let millis = dice.below(1000);
                format!("{}{millis:03}", epoch(dice)).into_bytes()
            }
            Self::Date => {
                let (year, month) = (dice.between(2023, 2026), dice.between(1, 12));
                format!("{year}-{month:02}-{:02}", dice.between(1, 28)).into_bytes()
            }
            Self::Time => {
                let (hour, minute) = (dice.below(24), dice.below(60));
                format!("{hour:02}:{minute:02}:{:02}", dice.below(60)).into_bytes()
            }
            Self::Ipv4 => {
                let parts: [u64; 3] = std::array::from_fn(|_| dice.below(256));
                let [b, c, d] = parts;
                format!("{}.{b}.{c}.{d}", dice.between(11, 99)).into_bytes()
            }
            Self::Ipv6 => {
                let groups: [u64; 4] = std::array::from_fn(|_| dice.below(65_536));
                let [a, b, c, d] = groups;
                format!("2001:db8:{a:x}:{b:x}::{c:x}:{d:x}").into_bytes()
            }
            Self::File(sort) => sort.write(dice),
        }
    }
}

fn alphabet(name: &str) -> Option<Alphabet> {
    Some(match name {
        "digits" => Alphabet::Digits,
        "hex" => Alphabet::Hex,
        "alnum" => Alphabet::Alphanumeric,
        "token" => Alphabet::Base64Url,
        "upper" => Alphabet::Upper,
        "letters" => Alphabet::Letters,
        "keyboard" => Alphabet::Keyboard,
        _ => return None,
    })
}

/// `5` or `3-9`.
fn range(text: &str) -> Option<(u64, u64)> {
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let (low, high) = (low.parse().ok()?, high.parse().ok()?);
    (low <= high).then_some((low, high))
}

fn uuid(dice: &mut Dice) -> Vec<u8> {
    let hex = |dice: &mut Dice, length| {
        String::from_utf8_lossy(&dice.run(Alphabet::Hex, length)).into_owned()
    };
    let variant = dice.text(&["8", "9", "a", "b"]);
    let parts = [8, 4, 3, 3, 12].map(|length| hex(dice, length));
    let [a, b, c, d, e] = parts;
    format!("{a}-{b}-4{c}-{variant}{d}-{e}").into_bytes()
}

/// From the beginning of 2023 to the end of 2026.
fn epoch(dice: &mut Dice) -> u64 {
    dice.between(1_672_531_200, 1_798_761_599)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(name: &str, arguments: &str) -> String {
        let builtin = Builtin::find(name, arguments).unwrap();
        String::from_utf8(builtin.write(&mut Dice::new(3, 3))).unwrap()
    }

    #[test]
    fn values_have_their_shapes() {
        assert_eq!(write("hex", "12").len(), 12);
        assert!((3..=9).contains(&write("alnum", "3-9").len()));
        assert_eq!(write("uuid", "").len(), 36);
        assert_eq!(write("epoch-ms", "").len(), 13);
        assert_eq!(write("date", "").split('-').count(), 3);
        let price = write("decimal", "1 9 2");
        assert_eq!(price.split_once('.').unwrap().1.len(), 2, "{price}");
    }

    #[test]
    fn wrong_arguments_are_none() {
        for (name, arguments) in [
            ("int", "1"),
            ("hex", "x"),
            ("hex", "9-3"),
            ("uuid", "1"),
            ("no", ""),
        ] {
            assert_eq!(Builtin::find(name, arguments), None, "{name} {arguments}");
        }
    }
}
