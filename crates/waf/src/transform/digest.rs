//! Digests and the length: values that say something about the input instead of holding it.

use std::io::Write as _;

use md5::Digest as _;

pub(super) fn md5(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&md5::Md5::digest(input));
}

pub(super) fn sha1(input: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&sha1::Sha1::digest(input));
}

pub(super) fn length(input: &[u8], out: &mut Vec<u8>) {
    // Writing to a `Vec` cannot fail.
    write!(out, "{}", input.len()).ok();
}
