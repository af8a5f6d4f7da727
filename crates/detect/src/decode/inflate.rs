//! Gzip (RFC 1952) and zlib (RFC 1950), bounded.

use std::io::Read;

use flate2::read::{GzDecoder, ZlibDecoder};

/// Whether the bytes begin as a gzip member or a zlib stream does.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
    )
}

/// Undoes it, at most so many bytes. What comes out first is kept where it is too much, and where the stream
/// breaks off.
pub(crate) fn undo(bytes: &[u8], out: &mut Vec<u8>, most: usize) {
    let most = most as u64;
    let read = if bytes.first() == Some(&0x1f) {
        GzDecoder::new(bytes).take(most).read_to_end(out)
    } else {
        ZlibDecoder::new(bytes).take(most).read_to_end(out)
    };
    drop(read);
}
