//! ZIP archives (APPNOTE 4.3), and what is built on them: office documents, drawings, models.
//!
//! Readers disagree about which of an archive's two lists of its parts counts, and neither has to tell
//! lengths: each part is found by the mark it begins with.

use std::ops::Range;

const MARK: &[u8] = b"PK\x03\x04";
/// Bytes before a part's name.
const HEAD: usize = 30;
/// Parts looked at.
const MOST: usize = 256;

/// Whether the bytes begin as an archive does.
pub(crate) fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(MARK)
}

/// A part of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    /// Where its name stands.
    pub(crate) name: Range<usize>,
    /// Where its content begins.
    pub(crate) content: usize,
    /// How long its content is said to be; zero where that is said behind it.
    pub(crate) len: usize,
    /// Whether it is compressed, or kept as it is.
    pub(crate) deflated: bool,
}

/// The parts of an archive.
pub(crate) fn parts(bytes: &[u8]) -> impl Iterator<Item = Part> {
    let found = memchr::memmem::find_iter(bytes, MARK);
    found.filter_map(|at| part(bytes, at)).take(MOST)
}

fn part(bytes: &[u8], at: usize) -> Option<Part> {
    let head = bytes.get(at..at + HEAD)?;
    let number = |from: usize| {
        let two = head.get(from..from + 2).and_then(<[u8]>::as_array);
        two.map_or(0, |own: &[u8; 2]| usize::from(u16::from_le_bytes(*own)))
    };
    let name = at + HEAD..at + HEAD + number(26);
    bytes.get(name.clone())?;
    let deflated = match number(8) {
        0 => false,
        8 => true,
        _ => return None,
    };
    Some(Part {
        content: name.end + number(28),
        name,
        len: number(18) | number(20) << 16,
        deflated,
    })
}
