//! Where one text differs from another that it was made of.
//!
//! Most of what transformations make of a long text is that text but for a few places. A word is in what was
//! made if it was in the text before, or stands where something was changed.

use std::ops::Range;

/// More than one difference in so many bytes: looking at all of them takes less.
const DENSE: usize = 96;
/// Differences that are looked for at least.
const FEW: usize = 32;
/// Bytes that have to be alike for the texts to go on alike.
const KEY: usize = 4;

/// The parts of `after` outside which each run of up to `reach + 1` bytes, in any case of their letters,
/// also stands in `before`. Put into `parts`, in order; `false` where they differ too much.
pub(super) fn edited(
    before: &[u8],
    after: &[u8],
    reach: usize,
    parts: &mut Vec<Range<usize>>,
) -> bool {
    parts.clear();
    let (mut old, mut new) = (0, 0);
    let mut count = 0;
    loop {
        let (own, made) = (before.get(old..), after.get(new..));
        let (Some(own), Some(made)) = (own, made) else {
            return false;
        };
        let same = alike(own, made);
        old += same;
        new += same;
        if new >= after.len() {
            return true;
        }
        count += 1;
        if count > FEW + new / DENSE {
            return false;
        }
        let (own, made) = (before.get(old..), after.get(new..));
        let (gone, come) = meet(own.unwrap_or_default(), made.unwrap_or_default());
        let start = new.saturating_sub(reach);
        let end = (new + come).saturating_add(reach).min(after.len());
        match parts.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => parts.push(start..end),
        }
        old += gone;
        new += come;
    }
}

/// How many bytes two texts have alike from their beginnings on, but for the case of letters.
fn alike(one: &[u8], other: &[u8]) -> usize {
    let (ones, others) = (one.as_chunks::<8>().0, other.as_chunks::<8>().0);
    for (done, (one, other)) in ones.iter().zip(others).enumerate() {
        if one != other {
            let differ = lower(*one) ^ lower(*other);
            if differ != 0 {
                return done * 8 + differ.trailing_zeros() as usize / 8;
            }
        }
    }
    let done = ones.len().min(others.len()) * 8;
    let mut rests = one.iter().skip(done).zip(other.iter().skip(done));
    let differ = rests.position(|(one, other)| !one.eq_ignore_ascii_case(other));
    differ.map_or(one.len().min(other.len()), |differ| done + differ)
}

/// How many bytes to leave out of each text for both to go on alike. Whatever it says is true, as far as it
/// goes: bytes left out of the second are looked at.
fn meet(before: &[u8], after: &[u8]) -> (usize, usize) {
    /// What stands for another byte is shorter than this, and what it stands for than that.
    const OLD: usize = 12;
    const NEW: usize = 3;
    /// What is taken out is shorter than this.
    const GONE: usize = 64;
    let mut old = [None; OLD];
    for (at, own) in old.iter_mut().enumerate() {
        *own = key(before, at);
    }
    for come in 0..NEW {
        let Some(key) = key(after, come) else {
            return (before.len(), after.len());
        };
        if let Some(gone) = old.iter().position(|own| *own == Some(key)) {
            return (gone, come);
        }
    }
    let first = key(after, 0);
    let found = (OLD..GONE).find(|gone| key(before, *gone) == first);
    found.map_or((1, 1), |gone| (gone, 0))
}

/// Bytes from a place on, letters roughly in one case; `None` where there are not so many.
fn key(text: &[u8], at: usize) -> Option<u32> {
    let own = text.get(at..)?.first_chunk::<KEY>()?;
    Some(u32::from_le_bytes(*own) | 0x2020_2020)
}

/// Eight bytes as a number, the first as the lowest, letters in lower case.
fn lower(bytes: [u8; 8]) -> u64 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let own = u64::from_le_bytes(bytes);
    let low = own & (0x7f * EACH);
    // The highest bit of each byte: whether it is `A` or more, and whether it is more than `Z`.
    let from = low + 0x3f * EACH;
    let past = low + 0x25 * EACH;
    let upper = (from ^ past) & !own & (0x80 * EACH);
    own | upper >> 2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every run of bytes that is in `after`, and not in one of the parts, has to be in `before`.
    fn holds(before: &[u8], after: &[u8], reach: usize) -> Option<usize> {
        let mut parts = Vec::new();
        if !edited(before, after, reach, &mut parts) {
            return None;
        }
        let (before, after) = (before.to_ascii_lowercase(), after.to_ascii_lowercase());
        for len in 1..=reach + 1 {
            for (at, run) in after.windows(len).enumerate() {
                let is_looked_at = parts
                    .iter()
                    .any(|part| part.start <= at && at + len <= part.end);
                assert!(
                    is_looked_at || before.windows(len).any(|own| own == run),
                    "{:?} in {:?} of {:?}",
                    String::from_utf8_lossy(run),
                    String::from_utf8_lossy(&after),
                    String::from_utf8_lossy(&before)
                );
            }
        }
        Some(parts.iter().map(ExactSizeIterator::len).sum())
    }

    #[test]
    fn what_is_not_looked_at_was_there_before() {
        let text =
            "Small parts may come loose &amp; be swallowed%20by a child.\\n Stop using \"it\", ";
        let text = text.repeat(3);
        let cases = [
            text.clone(),
            text.replace("&amp;", "&"),
            text.replace("%20", " "),
            text.replace("\\n", "\n"),
            text.replace('"', ""),
            text.to_lowercase(),
            text.replace("loose", "lo/**/ose"),
            text.replace("come loose &amp; be swallowed", ""),
            text.replace(' ', ""),
            text.chars().rev().collect(),
            text.get(9..).unwrap().to_owned(),
            text.get(..40).unwrap().to_owned(),
            format!("{text}javascript:"),
            format!("javascript:{text}"),
            String::new(),
        ];
        for after in &cases {
            for before in &cases {
                for reach in [0, 1, 15, 31] {
                    holds(before.as_bytes(), after.as_bytes(), reach);
                }
            }
        }
        for (at, most) in [
            (0, 0),
            (1, 120),
            (2, 120),
            (3, 120),
            (4, 240),
            (5, 0),
            (11, 0),
        ] {
            let looked = holds(text.as_bytes(), cases[at].as_bytes(), 15);
            assert!(looked.is_some_and(|own| own <= most), "{at}: {looked:?}");
        }
    }

    #[test]
    fn texts_of_few_bytes_that_come_again_and_again() {
        let mut seed = 7_u32;
        let mut next = |below: usize| {
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed as usize % below
        };
        let mut seen = 0;
        for _ in 0..2000 {
            let kinds = 1 + next(4);
            let mut text: Vec<u8> = (0..next(120)).map(|_| b"aBb%"[next(kinds)]).collect();
            let before = text.clone();
            for _ in 0..next(4) {
                let at = next(text.len() + 1);
                let end = (at + next(9)).min(text.len());
                let new: Vec<u8> = (0..next(4)).map(|_| b"aBb%"[next(4)]).collect();
                text.splice(at..end, new);
            }
            seen += usize::from(holds(&before, &text, 1 + next(6)).is_some());
        }
        assert!(seen > 500, "{seen}");
    }
}
