//! Searches for bytes, quick in short texts, too.
//!
//! [`memchr`] is at its best in long texts: dozens of instructions pass before it looks at the first byte. Many
//! values have fewer bytes than that, and a dozen detectors look for some byte in each.

/// A longer text is worth the way.
const SHORT: usize = 16;

/// The first place of a byte.
#[inline]
pub(crate) fn memchr(byte: u8, text: &[u8]) -> Option<usize> {
    if text.len() <= SHORT {
        text.iter().position(|own| *own == byte)
    } else {
        memchr::memchr(byte, text)
    }
}

/// The first place of one of two bytes.
#[inline]
pub(crate) fn memchr2(one: u8, other: u8, text: &[u8]) -> Option<usize> {
    if text.len() <= SHORT {
        text.iter().position(|own| *own == one || *own == other)
    } else {
        memchr::memchr2(one, other, text)
    }
}

/// The first place of one of three bytes.
#[inline]
pub(crate) fn memchr3(one: u8, other: u8, third: u8, text: &[u8]) -> Option<usize> {
    if text.len() <= SHORT {
        let mut places = text.iter();
        places.position(|own| *own == one || *own == other || *own == third)
    } else {
        memchr::memchr3(one, other, third, text)
    }
}

/// All places of a byte.
#[inline]
pub(crate) fn memchr_iter(byte: u8, text: &[u8]) -> impl Iterator<Item = usize> {
    each(text, move |rest| memchr(byte, rest))
}

/// All places of two bytes.
#[inline]
pub(crate) fn memchr2_iter(one: u8, other: u8, text: &[u8]) -> impl Iterator<Item = usize> {
    each(text, move |rest| memchr2(one, other, rest))
}

/// All places of three bytes.
#[inline]
pub(crate) fn memchr3_iter(
    one: u8,
    other: u8,
    third: u8,
    text: &[u8],
) -> impl Iterator<Item = usize> {
    each(text, move |rest| memchr3(one, other, third, rest))
}

#[inline]
fn each(text: &[u8], find: impl Fn(&[u8]) -> Option<usize>) -> impl Iterator<Item = usize> {
    let mut from = 0;
    std::iter::from_fn(move || {
        let at = from + find(text.get(from..)?)?;
        from = at + 1;
        Some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_texts_are_searched_alike() {
        for len in 0..40 {
            for at in 0..=len {
                let mut text = vec![b'a'; len];
                text.iter_mut()
                    .skip(at)
                    .step_by(3)
                    .for_each(|own| *own = b'x');
                let all: Vec<usize> = (at..len).step_by(3).collect();
                let first = all.first().copied();
                assert_eq!(memchr(b'x', &text), first);
                assert_eq!(memchr2(b'y', b'x', &text), first);
                assert_eq!(memchr3(b'z', b'y', b'x', &text), first);
                assert!(memchr_iter(b'x', &text).eq(all.iter().copied()));
                assert!(memchr2_iter(b'x', b'y', &text).eq(all.iter().copied()));
                assert!(memchr3_iter(b'x', b'y', b'z', &text).eq(all));
            }
        }
    }
}
