//! Bodies with a content coding (RFC 9110, 8.4.1): gzip, deflate, Brotli (RFC 7932) and Zstandard
//! (RFC 8878).

use std::io::{self, Read};

use brotli_decompressor::Decompressor;
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::errors::{FrameDecoderError, ReadFrameHeaderError};
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::{Cause, Fault};

/// Bytes that may come out for one that goes in, beyond [`FREE`].
const RATIO: usize = 100;
/// Bytes that may come out of however little.
const FREE: usize = 64 * 1024;

/// Bytes of a Brotli stream that are read at once.
const CHUNK: usize = 4 * 1024;
/// The largest window of Zstandard, as RFC 9659 has it for this coding.
const WINDOW: u64 = 8 * 1024 * 1024;
/// Frames of Zstandard one after the other.
const FRAMES: usize = 64;

/// A coding that can be undone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

impl Coding {
    /// The coding of a `Content-Encoding`; `None` where there is none, or another, or several.
    pub(crate) fn named(value: &[u8]) -> Option<Self> {
        match value.trim_ascii().to_ascii_lowercase().as_slice() {
            b"gzip" | b"x-gzip" => Some(Self::Gzip),
            b"deflate" => Some(Self::Deflate),
            b"br" => Some(Self::Brotli),
            b"zstd" => Some(Self::Zstd),
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
            // A window beyond RFC 7932, of up to a gigabyte.
            Self::Brotli if body.first().is_some_and(|byte| byte & 0x7f == 0x11) => {
                Err(io::Error::other("a large window"))
            }
            Self::Brotli => Decompressor::new(body, CHUNK).take(limit).read_to_end(out),
            Self::Zstd => zstd(body, limit, out),
        };
        match read {
            Err(_) => Err(Cause::Packed.at(body.len())),
            Ok(_) if out.len() > most => Err(Cause::UnpacksTooFar.at(body.len())),
            Ok(_) => Ok(()),
        }
    }
}

/// All frames, up to `limit` bytes; those that hold nothing are skipped.
fn zstd(mut body: &[u8], limit: u64, out: &mut Vec<u8>) -> io::Result<usize> {
    let from = out.len();
    let mut decoder = FrameDecoder::new();
    decoder.set_max_window_size(WINDOW);
    for _ in 0..FRAMES {
        let read = out.len() - from;
        let left = limit.saturating_sub(read as u64);
        if body.is_empty() || left == 0 {
            return Ok(read);
        }
        match StreamingDecoder::new_with_decoder(&mut body, &mut decoder) {
            Ok(frame) => frame.take(left).read_to_end(out).map(drop)?,
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                body = body.get(length..).ok_or(io::ErrorKind::UnexpectedEof)?;
            }
            Err(fault) => return Err(io::Error::other(fault)),
        }
    }
    Err(io::Error::other("more frames than a body has"))
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

    fn zstd(text: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// `a=1&b=2`.
    const BROTLI: &[u8] = b"\x0b\x03\x80a=1&b=2\x03";
    /// 32 MiB of zeros.
    const BROTLI_BOMB: &[u8] = b"\xcf\xff\xff\x7f\xf8\x27\x00\xe2\xb1\x40\x20\xf7\xfe\x3f\
        \xff\xff\xff\xf1\x4f\x00\xc4\x61\x01\x80\xee\xfd\x3f";
    /// A frame of Zstandard that is skipped.
    const SKIPPED: &[u8] = b"\x50\x2a\x4d\x18\x02\x00\x00\x00ab";

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
            (Coding::Brotli, BROTLI.to_vec()),
            (Coding::Zstd, zstd(b"a=1&b=2")),
            (
                Coding::Zstd,
                [SKIPPED, &zstd(b"a=1"), SKIPPED, &zstd(b"&b=2")].concat(),
            ),
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
        for (coding, bomb) in [
            (Coding::Brotli, BROTLI_BOMB.to_vec()),
            (Coding::Zstd, zstd(&vec![0; 32 << 20])),
        ] {
            let mut out = Vec::new();
            let whole = coding.unpack(&bomb, usize::MAX, &mut out);
            assert!(whole.is_err(), "{coding:?}");
            assert!(out.len() < 2 << 20, "{coding:?}: {}", out.len());
            let cut = bomb.get(..bomb.len() / 2).unwrap();
            let cut = coding.unpack(cut, usize::MAX, &mut Vec::new());
            assert!(cut.is_err(), "{coding:?}");
        }
        assert_eq!(Coding::named(b"gzip, br"), None);
    }

    #[test]
    fn windows_and_frames_have_a_limit() {
        // A window of 2^31 bytes, then nothing.
        let wide = b"\x28\xb5\x2f\xfd\x00\xa8\x01\x00\x00";
        let mut out = Vec::new();
        assert!(Coding::Zstd.unpack(wide, 1 << 20, &mut out).is_err());
        let large = b"\x11\x1e\x03";
        assert!(Coding::Brotli.unpack(large, 1 << 20, &mut out).is_err());
        let frames = SKIPPED.repeat(FRAMES + 1);
        assert!(Coding::Zstd.unpack(&frames, 1 << 20, &mut out).is_err());
        assert!(Coding::Zstd.unpack(b"no frame", 1 << 20, &mut out).is_err());
        assert!(out.is_empty());
    }
}
