//! Paths without dot segments.

/// Resolves `.` and `..` segments and repeated slashes the way ModSecurity does, which is not
/// always RFC 3986: a leading `..` of a relative path stays, and a segment that merely ends in two
/// dots counts as a step up.
pub(super) fn normalise(input: &[u8], windows: bool, out: &mut Vec<u8>) {
    let slash = |byte: u8| byte == b'/' || windows && byte == b'\\';
    let ([first, ..], [.., last]) = (input, input) else {
        return;
    };
    let relative = !slash(*first);
    let mut walk = Walk {
        out,
        relative,
        at_root: false,
    };
    let mut at = 0;
    let next_slash = |from: &[u8]| match windows {
        true => memchr::memchr2(b'/', b'\\', from),
        false => memchr::memchr(b'/', from),
    };
    while let Some(&first) = input.get(at) {
        if !slash(first) {
            // Of a segment only the last byte tells whether it stays.
            let rest = input.get(at..).unwrap_or_default();
            let last = next_slash(rest).unwrap_or(rest.len()) - 1;
            walk.out
                .extend_from_slice(rest.get(..last).unwrap_or_default());
            at += last;
        }
        let raw = input.get(at).copied().unwrap_or_default();
        let ends = input.get(at + 1).is_none_or(|next| slash(*next));
        let done = at + 1 == input.len();
        let byte = if slash(raw) { b'/' } else { raw };
        let skip = ends && walk.close(byte, done);
        if skip && done {
            break;
        }
        at += usize::from(skip);
        let byte = if skip { b'/' } else { byte };
        if byte == b'/' {
            // Of several slashes the last one counts.
            while input.get(at + 1).is_some_and(|next| slash(*next)) {
                at += 1;
            }
        }
        if byte != b'/' || !relative || !walk.out.is_empty() {
            walk.out.push(byte);
        }
        at += 1;
    }
    if !slash(*last) && out.last() == Some(&b'/') {
        out.pop();
    }
}

/// The path written so far.
struct Walk<'a> {
    out: &'a mut Vec<u8>,
    relative: bool,
    /// Steps up can no longer be resolved.
    at_root: bool,
}

impl Walk<'_> {
    /// At the last byte of a segment: whether that byte is dropped because the segment was
    /// resolved (and the output put back to where the next slash goes).
    fn close(&mut self, byte: u8, done: bool) -> bool {
        match (byte, self.out.as_slice()) {
            (b'/', _) if !done => false,
            (b'.', [.., b'.']) => self.step_up(done),
            (b'.', []) => true,
            (b'.', [.., b'/']) => {
                if !done {
                    self.out.pop();
                }
                true
            }
            (b'.', _) | (_, []) => false,
            _ => {
                self.at_root = false;
                false
            }
        }
    }

    /// At the second dot of `..`.
    fn step_up(&mut self, done: bool) -> bool {
        let length = self.out.len();
        if self.relative && (self.at_root || length <= 2) {
            self.at_root = true;
            return false;
        }
        // Before the dot and the slash in front of it: the segment that is left.
        let from = self.out.get(..length.saturating_sub(2)).unwrap_or_default();
        let start = memchr::memrchr(b'/', from).unwrap_or(0);
        if start == 0 {
            self.at_root = true;
        }
        self.out.truncate(start);
        if start == 0 && !self.relative && done {
            self.out.push(b'/');
        }
        true
    }
}
