//! Orders to a model whose words are written so that people still read them and filters do not: digits and
//! look-alikes for letters, letters parted by blanks, letters nobody can see between the others.
//!
//! A word is put in plain writing only where that gives it a meaning it did not have as it stands, so that
//! ordinary text stays what it is.

use crate::decode;
use crate::finder::pair;

use super::words::Meaning;
use super::{Said, lowered, read};

/// So much of a text is put in plain writing.
const LONGEST: usize = 4096;
/// Words are no longer, in bytes as they are written.
const WORD: usize = 96;

/// A text in plain writing.
struct Plain {
    bytes: [u8; LONGEST],
    len: usize,
    /// Words that say something in plain writing alone.
    disguised: usize,
    /// Those of them that nobody writes by chance, as copying a page leaves soft hyphens in it.
    feigned: usize,
    /// A run of letters without ends of words was looked through.
    parted: bool,
}

/// What an order says that is in disguise, and whether that can be no accident.
pub(super) fn said(text: &[u8]) -> Option<(Said, bool)> {
    let text = text.get(..text.len().min(LONGEST))?;
    // Data mixes everything.
    if !shows(text) || !decode::is_text(text) {
        return None;
    }
    let plain = Plain::of(text);
    let said = (plain.disguised > 0).then(|| read(plain.text()))?;
    Some((said, plain.feigned > 1))
}

/// Whether a text mixes what no word mixes. Cheap, and often wrong.
fn shows(text: &[u8]) -> bool {
    let spaced = |own: &[u8; 5]| match own {
        [a, b, c, d, e] => {
            a.is_ascii_alphabetic()
                && c.is_ascii_alphabetic()
                && e.is_ascii_alphabetic()
                && b == d
                && parts(*b)
        }
    };
    let digit = |own: &[u8; 2]| match own {
        [a, b] => digit(*a).is_some() && b.is_ascii_alphabetic(),
    };
    let styled = pair(text, [0xf0, 0x9d]).is_some();
    styled || mixes(text) || text.array_windows().any(digit) || text.array_windows().any(spaced)
}

/// Whether a letter of ASCII stands beside one of another script, or beside what is no letter.
pub(super) fn mixes(text: &[u8]) -> bool {
    text.array_windows().fold(false, |any, [one, next]| {
        any | (one.is_ascii_alphabetic() & matches!(next, 0xcc..=0xd4 | 0xe2 | 0xef | 0xf0))
            | (matches!(one, 0x80..=0xbf) & next.is_ascii_alphabetic())
    })
}

/// What may stand between letters that are parted.
fn parts(byte: u8) -> bool {
    matches!(byte, b' ' | b'.' | b'-' | b'_' | b'*' | b'|' | b'/')
}

/// The letter that a digit or a sign is written for.
fn digit(byte: u8) -> Option<u8> {
    Some(match byte {
        b'0' => b'o',
        b'1' | b'!' | b'|' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' | b'+' => b't',
        b'8' => b'b',
        b'9' => b'g',
        _ => return None,
    })
}

impl Plain {
    fn of(text: &[u8]) -> Self {
        let mut own = Self {
            bytes: [0; LONGEST],
            len: 0,
            disguised: 0,
            feigned: 0,
            parted: false,
        };
        let mut at = 0;
        while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
            let behind = at.checked_sub(1).and_then(|at| text.get(at));
            let opens = behind.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte < 0x80);
            let run = (opens && !own.parted).then(|| own.push_parted(rest));
            if let Some(len) = run.flatten() {
                at += len;
                continue;
            }
            let word = if opens { disguised(rest) } else { None };
            at += match word {
                Some((word, len)) => {
                    own.disguised += 1;
                    own.feigned += usize::from(word.feigned);
                    own.push(word.text());
                    len
                }
                None => {
                    let len = rest.iter().take_while(|byte| is_written(**byte)).count();
                    own.push(rest.get(..len.max(1)).unwrap_or_default());
                    len.max(1)
                }
            };
        }
        own
    }

    /// `i g n o r e a l l p r e v i o u s`: letters so parted that nothing tells where words end. Of the first
    /// such run the words that say something are put down.
    fn push_parted(&mut self, text: &[u8]) -> Option<usize> {
        const LEAST: usize = 16;
        const MOST: usize = 160;
        let sign = *text.get(1).filter(|byte| parts(**byte))?;
        let single =
            |own: &&[u8]| matches!(own, [one, next] if *next == sign && one.is_ascii_alphabetic());
        let count = text.chunks(2).take(MOST).take_while(single).count();
        if count < LEAST {
            return None;
        }
        self.parted = true;
        let mut letters = [0; MOST];
        for (place, own) in letters.iter_mut().zip(text.chunks(2).take(count)) {
            *place = own.first().copied().unwrap_or_default();
        }
        let letters = letters.get(..count)?;
        let mut at = 0;
        while at < count {
            let word = (3..18).find(|len| letters.get(at..at + len).and_then(lowered).is_some());
            if let Some(word) = word {
                self.push(letters.get(at..at + word)?);
                self.push(b" ");
                self.disguised += 1;
                self.feigned += 1;
            }
            at += word.unwrap_or(1);
        }
        Some(count * 2)
    }

    fn push(&mut self, bytes: &[u8]) {
        if let Some(place) = self.bytes.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
            self.len += bytes.len();
        }
    }

    fn text(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// Letters, digits and bytes of letters beyond ASCII.
fn is_written(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// One word in plain writing.
#[derive(Clone, Copy, Default)]
struct Word {
    letters: [u8; 24],
    len: usize,
    /// Places of letters that may be an `l` as well as an `i`.
    either: u32,
    /// Something else stands for a letter, or between two.
    feigned: bool,
}

impl Word {
    fn push(&mut self, letter: u8, either: bool) -> bool {
        let Some(place) = self.letters.get_mut(self.len) else {
            return false;
        };
        *place = letter;
        self.either |= u32::from(either) << self.len;
        self.len += 1;
        true
    }

    fn text(&self) -> &[u8] {
        self.letters.get(..self.len).unwrap_or_default()
    }

    /// What it says; where a sign may be two letters, as the other one too.
    fn meaning(&mut self) -> Option<Meaning> {
        if self.len < 2 {
            return None;
        }
        lowered(self.text()).or_else(|| {
            if self.either == 0 {
                return None;
            }
            for (at, letter) in self.letters.iter_mut().enumerate() {
                if self.either >> at & 1 == 1 {
                    *letter = b'l';
                }
            }
            lowered(self.text())
        })
    }
}

/// The word a text begins with, where it says something in plain writing alone; and its length as written.
fn disguised(text: &[u8]) -> Option<(Word, usize)> {
    let (mut word, len) = parted(text).or_else(|| written(text))?;
    let raw = text.get(..len)?;
    word.meaning().filter(|_| lowered_whole(raw).is_none())?;
    Some((word, len))
}

/// What a word says as it is written, if nothing but letters of ASCII is in it.
fn lowered_whole(raw: &[u8]) -> Option<Meaning> {
    lowered(raw).filter(|_| raw.iter().all(u8::is_ascii_alphabetic))
}

/// `i g n o r e`: three letters or more, each parted from the next by the same sign.
fn parted(text: &[u8]) -> Option<(Word, usize)> {
    let sign = *text.get(1).filter(|byte| parts(**byte))?;
    let mut word = Word::default();
    let mut at = 0;
    loop {
        let byte = *text.get(at)?;
        let letter = if byte.is_ascii_alphabetic() {
            byte
        } else {
            digit(byte)?
        };
        if !word.push(letter, byte == b'1') {
            return None;
        }
        at += 1;
        let goes_on = text.get(at) == Some(&sign)
            && text
                .get(at + 1)
                .is_some_and(|next| next.is_ascii_alphabetic() || digit(*next).is_some())
            && text.get(at + 2).is_none_or(|next| !is_written(*next));
        if !goes_on {
            break;
        }
        at += 1;
    }
    word.feigned = true;
    (word.len > 2).then_some((word, at))
}

/// `1gn0r3`, `іgnоre`: a word in which digits, look-alikes or what nobody sees stand among letters.
fn written(text: &[u8]) -> Option<(Word, usize)> {
    let mut word = Word::default();
    let (mut letters, mut styled, mut unseen) = (0_usize, 0_usize, 0_usize);
    // Digits with letters behind them; `rule 1`, written as one word, ends in what it means.
    let (mut digits, mut before) = (false, false);
    let mut at = 0;
    while let Some(byte) = text.get(at).filter(|_| at < WORD) {
        let mut len = 1;
        let letter = if byte.is_ascii_alphabetic() {
            letters += 1;
            before |= digits;
            Some(*byte)
        } else if let Some(letter) = sign(text, at) {
            digits = true;
            Some(letter)
        } else if *byte >= 0x80 {
            let own = character(text.get(at..)?)?;
            let letter = alike(own)?;
            len = own.len_utf8();
            unseen += usize::from(letter.is_none());
            styled += usize::from(letter.is_some() && is_styled(own));
            word.feigned |= letter.is_some();
            letter
        } else {
            break;
        };
        if let Some(letter) = letter
            && !word.push(letter, matches!(byte, b'1' | b'!' | b'|'))
        {
            return None;
        }
        at += len;
    }
    word.feigned |= before;
    let mixed = letters > 0 && (word.feigned || unseen > 0);
    (mixed || styled > 1).then_some((word, at))
}

/// A digit or a sign in place of a letter; signs end words, too.
fn sign(text: &[u8], at: usize) -> Option<u8> {
    let byte = *text.get(at)?;
    let inside = text.get(at + 1).is_some_and(u8::is_ascii_alphanumeric);
    digit(byte).filter(|_| byte.is_ascii_digit() || inside)
}

/// The character a text begins with.
fn character(text: &[u8]) -> Option<char> {
    let head = text.get(..text.len().min(4))?;
    head.utf8_chunks().next()?.valid().chars().next()
}

/// Look-alikes of letters, in the order of their numbers, with the small letter.
const ALIKE: [(char, u8); 71] = [
    ('ı', b'i'),
    ('ɑ', b'a'),
    ('ɡ', b'g'),
    ('ɾ', b'r'),
    ('Α', b'a'),
    ('Β', b'b'),
    ('Ε', b'e'),
    ('Η', b'h'),
    ('Ι', b'i'),
    ('Κ', b'k'),
    ('Μ', b'm'),
    ('Ν', b'n'),
    ('Ο', b'o'),
    ('Ρ', b'p'),
    ('Τ', b't'),
    ('Υ', b'y'),
    ('Χ', b'x'),
    ('α', b'a'),
    ('β', b'b'),
    ('γ', b'y'),
    ('ε', b'e'),
    ('η', b'n'),
    ('ι', b'i'),
    ('κ', b'k'),
    ('ν', b'v'),
    ('ο', b'o'),
    ('ρ', b'p'),
    ('σ', b'o'),
    ('τ', b't'),
    ('υ', b'u'),
    ('χ', b'x'),
    ('ϲ', b'c'),
    ('Ѕ', b's'),
    ('І', b'i'),
    ('Ј', b'j'),
    ('А', b'a'),
    ('В', b'b'),
    ('Е', b'e'),
    ('К', b'k'),
    ('М', b'm'),
    ('Н', b'h'),
    ('О', b'o'),
    ('Р', b'p'),
    ('С', b'c'),
    ('Т', b't'),
    ('У', b'y'),
    ('Х', b'x'),
    ('Ь', b'b'),
    ('а', b'a'),
    ('г', b'r'),
    ('е', b'e'),
    ('к', b'k'),
    ('м', b'm'),
    ('о', b'o'),
    ('п', b'n'),
    ('р', b'p'),
    ('с', b'c'),
    ('т', b't'),
    ('у', b'y'),
    ('х', b'x'),
    ('є', b'e'),
    ('ѕ', b's'),
    ('і', b'i'),
    ('ї', b'i'),
    ('ј', b'j'),
    ('ѵ', b'v'),
    ('һ', b'h'),
    ('ӏ', b'l'),
    ('ԁ', b'd'),
    ('ս', b'u'),
    ('ℓ', b'l'),
];

/// Letters of mathematics and letters in circles and squares, which no language is written in.
fn is_styled(own: char) -> bool {
    matches!(u32::from(own), 0x24b6..=0x24e9 | 0x1d400..=0x1f1ff)
}

/// The letter that a character is taken for: `Some(None)` where nobody sees it.
fn alike(own: char) -> Option<Option<u8>> {
    let code = u32::from(own);
    let letter = |from: u32, first: u8, many: u32| {
        let step = u8::try_from((code - from) % many).unwrap_or(0);
        Some(Some(first + step))
    };
    match code {
        // Joiners, soft hyphens, marks of direction, marks that strike through.
        0xad | 0x200b..=0x200f | 0x2060..=0x2064 | 0xfeff | 0x300..=0x36f => Some(None),
        0x24d0..=0x24e9 => letter(0x24d0, b'a', 26),
        0x24b6..=0x24cf => letter(0x24b6, b'a', 26),
        // Letters of mathematics: capitals and small ones by turns.
        0x1d400..=0x1d6a3 => letter(0x1d400, b'a', 26),
        0x1f130..=0x1f149 => letter(0x1f130, b'a', 26),
        0x1f150..=0x1f169 => letter(0x1f150, b'a', 26),
        0x1f170..=0x1f189 => letter(0x1f170, b'a', 26),
        0x1f1e6..=0x1f1ff => letter(0x1f1e6, b'a', 26),
        _ => {
            let at = ALIKE.binary_search_by_key(&own, |(known, _)| *known).ok()?;
            ALIKE.get(at).map(|(_, letter)| Some(*letter))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_lie_in_order() {
        assert!(ALIKE.is_sorted_by(|one, next| one.0 < next.0));
        assert_eq!(alike('о'), Some(Some(b'o')));
        assert_eq!(alike('ж'), None);
    }
}
