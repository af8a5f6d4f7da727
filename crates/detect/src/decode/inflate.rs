//! Gzip (RFC 1952) and zlib (RFC 1950), bounded.

use flate2::{Decompress, FlushDecompress, Status};

/// Bytes made room for at once.
const STEP: usize = 8 << 10;

/// Whether the bytes begin as a gzip member or a zlib stream does.
pub(crate) fn is_packed(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x1f, 0x8b, 8, ..] | [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..]
    )
}

/// Undoes it. Its tables take 40 KiB, so that making them anew would cost more than most streams do.
#[derive(Debug, Default)]
pub(crate) struct Unpacker(Option<Decompress>);

impl Unpacker {
    /// At most so many bytes. What comes out first is kept where it is too much, and where the stream breaks
    /// off.
    pub(crate) fn undo(&mut self, bytes: &[u8], out: &mut Vec<u8>, most: usize) {
        let is_zlib = bytes.first() != Some(&0x1f);
        let stream = if is_zlib { Some(bytes) } else { member(bytes) };
        let Some(stream) = stream.filter(|_| most > 0) else {
            return;
        };
        let state = match &mut self.0 {
            Some(own) => {
                own.reset(is_zlib);
                own
            }
            none => none.insert(Decompress::new(is_zlib)),
        };
        let end = out.len().saturating_add(most);
        while out.len() < end {
            let before = (state.total_in(), state.total_out());
            out.reserve(STEP.min(end - out.len()));
            let at = usize::try_from(before.0).unwrap_or(usize::MAX);
            let rest = stream.get(at..).unwrap_or_default();
            let told = state.decompress_vec(rest, out, FlushDecompress::None);
            let stands = before == (state.total_in(), state.total_out());
            if stands || !matches!(told, Ok(Status::Ok)) {
                break;
            }
        }
        out.truncate(end);
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
            let end = memchr::memchr(0, rest)?;
            rest = rest.get(end + 1..)?;
        }
    }
    // A checksum of all this.
    rest.get(if flags & 2 != 0 { 2 } else { 0 }..)
}
