//! Gzip (RFC 1952) and zlib (RFC 1950), bounded.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// The most bytes that come out for one that goes in.
const RATIO: usize = 128;
/// What may come out of the shortest: an archive of one small file is 10 KiB, most of it zeros.
const LEAST: usize = 16 << 10;

/// Whether the bytes begin as a gzip member or a zlib stream does.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
    )
}

/// Undoes it, at most so many bytes; whether that is all of it. What comes out first is kept where it is too
/// much, and where the stream breaks off.
pub(crate) fn undo(bytes: &[u8], out: &mut Vec<u8>, most: usize) -> bool {
    let from = out.len();
    let most = bytes.len().saturating_mul(RATIO).max(LEAST).min(most);
    // One byte more would be too much.
    let limit = most as u64 + 1;
    let read = if bytes.first() == Some(&0x1f) {
        GzDecoder::new(bytes).take(limit).read_to_end(out)
    } else {
        ZlibDecoder::new(bytes).take(limit).read_to_end(out)
    };
    drop(read);
    let whole = out.len() - from <= most;
    out.truncate(from + most);
    whole
}
