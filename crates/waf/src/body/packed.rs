//! Bodies with a content coding (RFC 9110, 8.4.1): gzip and deflate.

use std::io::Read;

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

use super::{Cause, Fault};

/// Bytes that may come out for one that goes in, beyond [`FREE`].
const RATIO: usize = 100;
/// Bytes that may come out of however little.
const FREE: usize = 64 * 1024;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
}

impl Coding {
    /// The coding of a `Content-Encoding`; `None` where there is none, or another, or several.
    pub(crate) fn named(value: &[u8]) -> Option<Self> {
        match value.trim_ascii().to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"deflate" => Some(Self::Deflate),
            _ => None,
        }
    }

    /// Appends the body as it was before, up to `most` bytes.
    ///
    /// # Errors
    /// The body is broken, or unpacks to more than it may.
    pub(crate) fn unpack(self, body: &[u8], most: usize, out: &mut Vec<u8>) -> Result<(), Fault> {
        let most = body.len().saturating_mul(RATIO).max(FREE).min(most);
        let limit = most as u64 + 1;
        let read = match self {
            Self::Gzip => MultiGzDecoder::new(body).take(limit).read_to_end(out),
            // Some clients send the stream of RFC 1951 without the frame of RFC 1950.
            Self::Deflate if body.first().is_some_and(|byte| byte & 0x0f == 8) => {
                ZlibDecoder::new(body).take(limit).read_to_end(out)
            }
            Self::Deflate => DeflateDecoder::new(body).take(limit).read_to_end(out),
        };
        match read {
            Err(_) => Err(Cause::Packed.at(body.len())),
            Ok(_) if out.len() > most => Err(Cause::UnpacksTooFar.at(body.len())),
            Ok(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(text).unwrap();
        packer.finish().unwrap()
    }

    #[test]
    fn each_coding_comes_out_as_it_went_in() {
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
        zlib.write_all(b"a=1&b=2").unwrap();
        let mut raw = DeflateEncoder::new(Vec::new(), Compression::fast());
        raw.write_all(b"a=1&b=2").unwrap();
        let bodies = [
            (Coding::Gzip, gzip(b"a=1&b=2")),
            (Coding::Deflate, zlib.finish().unwrap()),
            (Coding::Deflate, raw.finish().unwrap()),
        ];
        for (coding, body) in bodies {
            let mut out = Vec::new();
            coding.unpack(&body, 1 << 20, &mut out).unwrap();
            assert_eq!(out, b"a=1&b=2", "{coding:?}");
        }
    }

    #[test]
    fn bombs_and_broken_streams_are_faults() {
        let bomb = gzip(&vec![0; 32 << 20]);
        assert!(
            Coding::Gzip
                .unpack(&bomb, usize::MAX, &mut Vec::new())
                .is_err()
        );
        let body = gzip(&[b'x'; 200]);
        assert!(Coding::Gzip.unpack(&body, 100, &mut Vec::new()).is_err());
        let cut = body.get(..body.len() - 9).unwrap();
        assert!(Coding::Gzip.unpack(cut, 1 << 20, &mut Vec::new()).is_err());
        assert_eq!(Coding::named(b"gzip, br"), None);
    }
}
