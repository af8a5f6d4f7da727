//! The attacks: lines of public lists, read in place, each with its class and its half of the split.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What a list of attacks is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// SQL.
    Sqli,
    /// Script and markup.
    Xss,
    /// Commands and code.
    Rce,
    /// Paths.
    Traversal,
    /// Operators of document databases.
    Nosql,
    /// Filters of a directory.
    Ldap,
    /// XML entities.
    Xxe,
    /// Server-side includes.
    Ssi,
    /// Line ends in headers.
    Crlf,
    /// Addresses of other sites.
    Redirect,
    /// One query each, of every class, mostly without saying which.
    Mixed,
    /// Paths that scanners ask for; nothing in them is an attack by itself.
    Probe,
}

impl Class {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Sqli,
        Self::Xss,
        Self::Rce,
        Self::Traversal,
        Self::Nosql,
        Self::Ldap,
        Self::Xxe,
        Self::Ssi,
        Self::Crlf,
        Self::Redirect,
        Self::Mixed,
        Self::Probe,
    ];

    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqli => "sqli",
            Self::Xss => "xss",
            Self::Rce => "rce",
            Self::Traversal => "traversal",
            Self::Nosql => "nosql",
            Self::Ldap => "ldap",
            Self::Xxe => "xxe",
            Self::Ssi => "ssi",
            Self::Crlf => "crlf",
            Self::Redirect => "redirect",
            Self::Mixed => "mixed",
            Self::Probe => "probe",
        }
    }

    /// The class of a name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

/// Where a list comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The lists in `payloads`.
    Payloads,
    /// Those of libinjection.
    Libinjection,
}

impl Source {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Payloads => "payloads",
            Self::Libinjection => "libinjection",
        }
    }
}

/// One line that is an attack.
#[derive(Clone, Debug)]
pub struct Attack {
    /// The list's origin.
    pub source: Source,
    /// The list's class.
    pub class: Class,
    /// What the application would read.
    pub value: Vec<u8>,
    /// The line as it stands in the list.
    pub line: Vec<u8>,
    /// Whether it belongs to the held-back part.
    pub held: bool,
}

/// All attacks found, and what was left out and why.
#[derive(Debug, Default)]
pub struct Attacks {
    /// The lines.
    pub list: Vec<Attack>,
    /// Lists that are not there.
    pub absent: Vec<String>,
    /// Lines that are no attack by themselves: a bare word, one or two characters.
    pub inert: usize,
    /// Lines that another list of the class has, too.
    pub repeated: usize,
}

const LISTS: [(&str, Class); 12] = [
    ("sqli.txt", Class::Sqli),
    ("xss.txt", Class::Xss),
    ("command-injection.txt", Class::Rce),
    ("path-traversal.txt", Class::Traversal),
    ("nosql.txt", Class::Nosql),
    ("ldap.txt", Class::Ldap),
    ("xxe.txt", Class::Xxe),
    ("ssi.txt", Class::Ssi),
    ("crlf.txt", Class::Crlf),
    ("open-redirect.txt", Class::Redirect),
    ("attack-queries.txt", Class::Mixed),
    ("probe-paths.txt", Class::Probe),
];

/// Share of lines that no developer looks at, in percent.
pub const HELD_BACK: u64 = 30;

/// Reads every list below the data folder.
#[must_use]
pub fn read(data: &Path) -> Attacks {
    let mut attacks = Attacks::default();
    let mut seen = BTreeSet::new();
    for (file, class) in LISTS {
        let path = data.join("payloads").join(file);
        add(&path, (Source::Payloads, class), &mut attacks, &mut seen);
    }
    let folder = data.join("libinjection/data");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    if paths.is_empty() {
        attacks.absent.push("libinjection/data".to_owned());
    }
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let class = if name.starts_with("sqli-") {
            Class::Sqli
        } else if name.contains("xss-") {
            Class::Xss
        } else {
            continue;
        };
        add(
            &path,
            (Source::Libinjection, class),
            &mut attacks,
            &mut seen,
        );
    }
    attacks
}

type Seen = BTreeSet<(Class, Vec<u8>)>;

fn add(path: &Path, (source, class): (Source, Class), to: &mut Attacks, seen: &mut Seen) {
    let Ok(text) = fs::read(path) else {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        to.absent.push(name.into_owned());
        return;
    };
    for line in text.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let listed = class;
        let comment = match source {
            Source::Libinjection => line.starts_with(b"#"),
            Source::Payloads => line.starts_with(b"# ") && listed != Class::Mixed,
        };
        if line.is_empty() || comment {
            continue;
        }
        let value = meaning(line, source);
        let class = sorted(listed, &value);
        if is_inert(&value, class) {
            to.inert += 1;
        } else if !seen.insert((class, value.clone())) {
            to.repeated += 1;
        } else {
            to.list.push(Attack {
                source,
                class,
                held: hash(line) % 100 < HELD_BACK,
                value,
                line: line.to_vec(),
            });
        }
    }
}

/// FNV-1a with a final mix: the same on every machine and for ever.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for &byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash ^= hash >> 32;
    hash = hash.wrapping_mul(0xd6e8_feb8_6659_fd93);
    hash ^ (hash >> 32)
}

/// What the application would read: lists write placeholders, and many lines are already encoded
/// once as a URL has them.
fn meaning(line: &[u8], source: Source) -> Vec<u8> {
    let mut value = line.to_vec();
    for (placeholder, text) in [
        (&b"{FILE}"[..], &b"etc/passwd"[..]),
        (b"__TIME__", b"5"),
        (b"[TIME]", b"5"),
    ] {
        value = replace(&value, placeholder, text);
    }
    let encoded = value
        .windows(3)
        .any(|part| matches!(part, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()));
    if value.contains(&b' ')
        || !(encoded || source == Source::Libinjection && value.contains(&b'+'))
    {
        return value;
    }
    unescape(&value, source == Source::Libinjection)
}

fn replace(text: &[u8], what: &[u8], by: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(what) {
            out.extend_from_slice(by);
            rest = after;
        } else {
            out.push(first);
            rest = after;
        }
    }
    out
}

/// Undoes percent escapes; in forms, `+` for a blank as well.
#[must_use]
pub fn unescape(text: &[u8], form: bool) -> Vec<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|d| u8::try_from(d).ok())
    };
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'%', [a, b, tail @ ..]) => match (digit(*a), digit(*b)) {
                (Some(a), Some(b)) => {
                    out.push(a * 16 + b);
                    rest = tail;
                }
                _ => out.push(first),
            },
            (b'+', _) if form => out.push(b' '),
            _ => out.push(first),
        }
    }
    out
}

/// The class of a line of the two lists that hold both: paths that are asked for, and attacks.
fn sorted(listed: Class, value: &[u8]) -> Class {
    match listed {
        Class::Mixed | Class::Probe if is_asked_for(value) => Class::Probe,
        Class::Mixed | Class::Probe => Class::Mixed,
        other => other,
    }
}

/// Whether a line is the path of a file, perhaps with plain parameters: a scanner looks whether it is
/// there. `XXpathXX` stands for an address that the list left out.
fn is_asked_for(value: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-~+,:@!$ =&?".contains(byte);
    let path = value.starts_with(b"/") || value.contains(&b'/') || value.contains(&b'.');
    let has = |part: &[u8]| value.windows(part.len()).any(|own| own == part);
    has(b"XXpathXX") || path && value.iter().all(plain) && !has(b"..") && !has(b"://")
}

/// Whether a line says nothing of an attack: up to two characters, or nothing but a word, which
/// every ordinary field may hold.
fn is_inert(value: &[u8], class: Class) -> bool {
    let value = value.trim_ascii();
    match class {
        // The name of a file in its own folder is where no path leads.
        Class::Traversal => {
            let leads = |byte: &u8| b"/\\:%".contains(byte);
            let climbs = value.windows(2).any(|part| part == b"..");
            value.len() < 2 || !climbs && !value.iter().any(leads)
        }
        Class::Probe | Class::Redirect | Class::Crlf => value.len() < 2,
        Class::Xxe => is_plain_document(value) || is_word(value, b""),
        // Words alone: a command that stands for itself runs nowhere unless it is handed to a shell.
        Class::Rce => is_word(value, b" "),
        Class::Ldap => is_word(value, b"*/"),
        Class::Sqli => is_word(value, b"%()*/@#?;") || is_word(value, b"% "),
        Class::Xss => is_word(value, b"") || is_plain_tag(value),
        Class::Nosql | Class::Ssi | Class::Mixed => is_word(value, b""),
    }
}

/// Whether a value is one word, or nothing, with these signs in or around it.
fn is_word(value: &[u8], signs: &[u8]) -> bool {
    let plain =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte) || signs.contains(byte);
    value.len() < 3 || value.iter().all(plain)
}

/// Whether a line is one tag without attributes that formats, or one that ends: `<br>`, `</div>`. Lists
/// hold them as lines of a longer example.
fn is_plain_tag(value: &[u8]) -> bool {
    let inner = value
        .strip_prefix(b"<")
        .and_then(|own| own.strip_suffix(b">"));
    let name = inner.map(|own| own.strip_prefix(b"/").unwrap_or(own));
    let telling: [&[u8]; 4] = [b"script", b"style", b"base", b"iframe"];
    name.is_some_and(|name| {
        name.iter().all(u8::is_ascii_alphanumeric)
            && !telling.iter().any(|own| own.eq_ignore_ascii_case(name))
    })
}

/// Whether a document declares nothing, includes nothing and holds no script: there is no entity in
/// it, or one that nobody has declared.
fn is_plain_document(value: &[u8]) -> bool {
    const TELLING: [&[u8]; 11] = [
        b"<!doctype",
        b"<!entity",
        b"include",
        b"script",
        b"src",
        b"import",
        b"'",
        b"()",
        b"xsl",
        b"file:",
        b"&#",
    ];
    let lower = value.to_ascii_lowercase();
    let holds = |part: &&[u8]| lower.windows(part.len()).any(|own| own == *part);
    !TELLING.iter().any(holds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_taken_for_what_the_application_would_read() {
        let read =
            |line: &str, source| String::from_utf8(meaning(line.as_bytes(), source)).unwrap();
        assert_eq!(read("..%2f{FILE}", Source::Payloads), "../etc/passwd");
        assert_eq!(read("%252e", Source::Payloads), "%2e");
        assert_eq!(read("1+or+1", Source::Libinjection), "1 or 1");
        assert_eq!(read("1+or+1", Source::Payloads), "1+or+1");
        assert_eq!(read("LIKE '%ab%' x", Source::Payloads), "LIKE '%ab%' x");
    }

    #[test]
    fn bare_words_are_no_attack() {
        assert!(is_inert(b"whoami", Class::Rce));
        assert!(is_inert(b"*", Class::Ldap));
        assert!(is_inert(b"*/*", Class::Ldap) && !is_inert(b"*)(&", Class::Ldap));
        assert!(is_inert(b"<a>x</a>", Class::Xxe));
        assert!(!is_inert(b"<!DOCTYPE a [<!ENTITY b \"c\">]>", Class::Xxe));
        assert!(is_inert(b"29 %", Class::Sqli) && !is_inert(b"' or 1", Class::Sqli));
        assert!(is_inert(b"db.php", Class::Traversal));
        assert!(!is_inert(b";id", Class::Rce));
        assert!(!is_inert(b"/etc/passwd", Class::Traversal));
    }

    #[test]
    fn paths_are_told_from_attacks() {
        let sort = |value: &str| sorted(Class::Mixed, value.as_bytes());
        assert_eq!(sort("/scripts/login.asp?a=b"), Class::Probe);
        assert_eq!(sort("/a.php?b=../../etc/passwd"), Class::Mixed);
        assert_eq!(sort("/a.php?b=http://x/"), Class::Mixed);
        assert_eq!(sort("' or 1=1"), Class::Mixed);
    }

    #[test]
    fn the_split_never_moves() {
        assert_eq!(hash(b"' or 1=1--") % 100, 24);
        assert_eq!(hash(b"<script>alert(1)</script>") % 100, 65);
    }
}
