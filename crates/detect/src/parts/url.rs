//! URLs (RFC 3986) with an authority, and absolute paths with a query.

use crate::seek;
use std::ops::Range;

use super::pairs;
use super::{Kind, Part};

/// Schemes whose URLs are taken apart. Others mean something else, and are left to the detectors.
const SCHEMES: [&[u8]; 6] = [b"http", b"https", b"ws", b"wss", b"ftp", b"android-app"];

/// Lists path, fields and fragment. Says whether it is a URL at all.
pub(crate) fn parts(text: &[u8], out: &mut Vec<Part>) -> bool {
    let Some(path) = path_start(text) else {
        return false;
    };
    let find = |from: usize, bytes: &[u8]| {
        let rest = text.get(from..).unwrap_or_default();
        let at = rest.iter().position(|byte| bytes.contains(byte));
        at.map_or(text.len(), |at| from + at)
    };
    let path_end = find(path, b"?#");
    let query = (path_end + 1).min(text.len());
    let has_query = text.get(path_end) == Some(&b'?');
    // A path alone is told from other text by a query with a field.
    let looks_so = has_query
        && path_end > 1
        && text.get(query..).is_some_and(|rest| rest.contains(&b'='))
        && !text.contains(&b' ');
    if path == 0 && !looks_so {
        return false;
    }
    let query_end = if has_query {
        find(query, b"#")
    } else {
        path_end
    };
    let part = |range: Range<usize>, kind| Part {
        name: 0..0,
        text: range,
        kind,
    };
    out.push(part(path..path_end, Kind::Path));
    if has_query {
        pairs::split(text, query..query_end, out);
    }
    if query_end < text.len() {
        out.push(part(query_end + 1..text.len(), Kind::Field));
    }
    true
}

/// Where the path begins, behind a plausible authority.
fn path_start(text: &[u8]) -> Option<usize> {
    if text.first() == Some(&b'/') && text.get(1) != Some(&b'/') {
        return Some(0);
    }
    let scheme = seek::memchr(b':', text.get(..16.min(text.len()))?).unwrap_or(0);
    let (name, rest) = text.split_at(scheme);
    let after = rest
        .strip_prefix(b":")
        .unwrap_or(rest)
        .strip_prefix(b"//")?;
    if scheme > 0 && !SCHEMES.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return None;
    }
    let is_host =
        |byte: &u8| byte.is_ascii_alphanumeric() || b".-_:[]@%".contains(byte) || *byte >= 0x80;
    let len = after.iter().take_while(|byte| is_host(byte)).count();
    let ends = matches!(after.get(len), None | Some(b'/' | b'?' | b'#'));
    (len > 0 && ends).then_some(text.len() - after.len() + len)
}
