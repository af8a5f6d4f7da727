//! Undoing encodings: bytes to bytes, appended to a buffer.
//!
//! Each function appends what the text decodes to and says whether that differs from the text; where
//! it does not, nothing is appended. None allocates but through the buffer, and none yields more bytes
//! than it reads, `inflate` excepted, which has a cap.

use crate::seek;

mod base64;
mod entity;
mod escape;
mod fold;
mod hex;
mod inflate;
mod percent;
mod utf;
mod zip;

pub(crate) use base64::{any as any_base64, may_be as may_be_base64, runs, undo as base64};
pub(crate) use entity::undo as entities;
pub(crate) use escape::{json, undo as escapes};
pub(crate) use fold::undo as fold;
pub(crate) use hex::{may_be as may_be_hex, undo as hex};
pub(crate) use inflate::{Unpacker, is_packed};
pub(crate) use percent::undo as percent;
pub(crate) use utf::{utf7, utf16, without_nul};
pub(crate) use zip::{Part, is_archive, parts};

/// Where a byte stands first. Marks of encodings stand close together: those ahead are seen without a search.
#[inline]
pub(crate) fn find(byte: u8, text: &[u8]) -> Option<usize> {
    const AHEAD: usize = 4;
    let near = text.iter().take(AHEAD).position(|own| *own == byte);
    near.or_else(|| seek::memchr(byte, text))
}

/// The value of a hexadecimal digit.
pub(crate) fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|own| u8::try_from(own).ok())
}

/// The number that up to `most` hexadecimal digits at the beginning spell, and how many they are.
pub(crate) fn number(text: &[u8], most: usize) -> (u32, usize) {
    let digits = text.iter().take(most).map_while(|byte| digit(*byte));
    digits.fold((0, 0), |(sum, count), own| {
        (sum << 4 | u32::from(own), count + 1)
    })
}

/// Appends a code point as UTF-8; a byte below 256 that is no ASCII as it is in Latin-1 and in paths.
pub(crate) fn push(out: &mut Vec<u8>, code: u32) {
    match char::from_u32(code) {
        Some(own) => out.extend_from_slice(own.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.push(b'?'),
    }
}

/// Whether bytes may be the beginning of a text: no control characters, no broken UTF-8.
pub(crate) fn begins_as_text(bytes: &[u8]) -> bool {
    let odd = |byte: &u8| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\r' | b'\t' | 0);
    if bytes.iter().any(odd) {
        return false;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        // It may go on behind the last byte.
        Err(fault) => fault.error_len().is_none(),
    }
}

/// How much of a decoded text reads as text: whether hardly any byte is a control character or
/// broken UTF-8.
pub(crate) fn is_text(bytes: &[u8]) -> bool {
    if bytes.is_ascii() {
        let odd = |own: &&u8| own.is_ascii_control() && !matches!(own, b'\n' | b'\r' | b'\t' | 0);
        return bytes.iter().filter(odd).count() * 20 <= bytes.len();
    }
    let mut bad = 0_usize;
    for chunk in bytes.utf8_chunks() {
        let odd = |own: char| own.is_control() && !matches!(own, '\n' | '\r' | '\t' | '\0');
        bad += chunk.valid().chars().filter(|own| odd(*own)).count() + chunk.invalid().len();
    }
    bad * 20 <= bytes.len()
}

/// Whether bytes are data and no text in any character set: more than one in sixteen of the first few
/// thousand is a control character that texts do not have. NUL counts for nothing: UTF-16 is full of it.
pub(crate) fn is_data(bytes: &[u8]) -> bool {
    const LOOKED_AT: usize = 4096;
    let first = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let odd = |byte: &&u8| matches!(byte, 1..=8 | 0x0b | 0x0c | 0x0e..=0x1f | 0x7f);
    first.iter().filter(odd).count() * 16 > first.len()
}

/// Whether bytes that are no text begin as something that is read further: packed data, serialised
/// objects of Java, Python, .NET and Ruby.
pub(crate) fn is_object(bytes: &[u8]) -> bool {
    const MAGIC: [&[u8]; 6] = [
        b"\xac\xed\x00\x05",
        b"\x00\x01\x00\x00\x00\xff\xff\xff\xff",
        b"\x80\x02",
        b"\x80\x03",
        b"\x80\x04",
        b"\x04\x08",
    ];
    is_packed(bytes) || is_archive(bytes) || MAGIC.iter().any(|own| bytes.starts_with(own))
}

#[cfg(test)]
mod tests;
