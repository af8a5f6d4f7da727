//! Gzip (RFC 1952), zlib (RFC 1950) and what both are made of (RFC 1951), bounded.

use crate::seek;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::inflate_flags::{
    TINFL_FLAG_IGNORE_ADLER32, TINFL_FLAG_PARSE_ZLIB_HEADER,
    TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF,
};
use miniz_oxide::inflate::core::{DecompressorOxide, decompress};

/// Bytes made room for at once.
const STEP: usize = 4 << 10;

/// Whether the bytes begin as a gzip member or a zlib stream does.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
    )
}

/// Undoes it, with tables of 10 KiB that are made once.
///
/// A reader of streams unpacks 32 KiB ahead of what it gives out; of most values far less is looked at, so
/// bytes are unpacked right to where they are kept.
#[derive(Default)]
pub(crate) struct Unpacker(Option<Box<DecompressorOxide>>);

impl std::fmt::Debug for Unpacker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Unpacker").finish_non_exhaustive()
    }
}

impl Unpacker {
    /// At most so many bytes. What comes out first is kept where it is too much, and where the stream breaks
    /// off.
    pub(crate) fn undo(&mut self, bytes: &[u8], out: &mut Vec<u8>, most: usize) {
        if bytes.first() != Some(&0x1f) {
            let header = TINFL_FLAG_PARSE_ZLIB_HEADER | TINFL_FLAG_IGNORE_ADLER32;
            self.stream(bytes, header, out, most);
        } else if let Some(stream) = member(bytes) {
            self.stream(stream, 0, out, most);
        }
    }

    /// The same for a stream without a header, as archives and SAML have it.
    pub(crate) fn bare(&mut self, bytes: &[u8], out: &mut Vec<u8>, most: usize) {
        self.stream(bytes, 0, out, most);
    }

    fn stream(&mut self, mut rest: &[u8], header: u32, out: &mut Vec<u8>, most: usize) {
        if most == 0 {
            return;
        }
        let state = self.0.get_or_insert_default();
        state.init();
        let start = out.len();
        let mut made = 0;
        loop {
            out.resize(start + made + STEP.min(most - made), 0);
            // References reach back to the beginning of the stream and not before it.
            let own = out.get_mut(start..).unwrap_or_default();
            let flags = header | TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
            let (status, taken, written) = decompress(state, rest, own, made, flags);
            made += written;
            rest = rest.get(taken..).unwrap_or_default();
            if status != TINFLStatus::HasMoreOutput || made >= most {
                break;
            }
        }
        out.truncate(start + made);
    }
}

/// What a gzip member holds behind its header.
fn member(bytes: &[u8]) -> Option<&[u8]> {
    let (head, mut rest) = bytes.split_first_chunk::<10>()?;
    let [.., flags, _, _, _, _, _, _] = *head;
    if flags & 4 != 0 {
        let (length, behind) = rest.split_first_chunk::<2>()?;
        rest = behind.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    // A name and a comment, each up to a zero.
    for flag in [8, 16] {
        if flags & flag != 0 {
            let end = seek::memchr(0, rest)?;
            rest = rest.get(end + 1..)?;
        }
    }
    // A checksum of all this.
    rest.get(if flags & 2 != 0 { 2 } else { 0 }..)
}
