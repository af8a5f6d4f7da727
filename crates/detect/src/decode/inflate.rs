//! Gzip (RFC 1952) and zlib (RFC 1950), bounded.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// The most bytes that come out.
const MOST: u64 = 256 * 1024;
/// The most bytes that come out for one that goes in.
const RATIO: u64 = 64;

/// Whether the bytes begin as a gzip member or a zlib stream does.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
    )
}

/// Undoes it; what comes out first is kept where it is too much.
pub(crate) fn undo(bytes: &[u8], out: &mut Vec<u8>) -> bool {
    let from = out.len();
    let most = (bytes.len() as u64).saturating_mul(RATIO).min(MOST);
    let read = if bytes.first() == Some(&0x1f) {
        GzDecoder::new(bytes).take(most).read_to_end(out)
    } else {
        ZlibDecoder::new(bytes).take(most).read_to_end(out)
    };
    // A stream that breaks off has still yielded what came before.
    drop(read);
    out.len() > from
}
