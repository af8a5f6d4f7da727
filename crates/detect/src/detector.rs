//! What a detector is given and what it says.

use std::fmt;
use std::ops::Range;

use crate::context::Context;
use crate::set::Set;

/// A class of attack. One bit each in a set of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Class {
    /// SQL in any dialect (CWE-89).
    Sql,
    /// HTML, JavaScript and CSS that would run in a browser (CWE-79).
    Html,
    /// Commands for a Unix or Windows shell (CWE-78).
    Shell,
    /// Path traversal and inclusion of local files (CWE-22, CWE-98).
    Path,
    /// Expressions of server-side templates and expression languages, Log4j lookups (CWE-1336, CWE-917).
    Template,
    /// Requests the server would make on the caller's behalf (CWE-918).
    Ssrf,
    /// Program code in a server's language: PHP, Node, Python, Ruby, Java (CWE-94).
    Code,
    /// Serialised objects (CWE-502).
    Deserialize,
    /// Operators of document databases (CWE-943).
    Nosql,
    /// Filters of a directory (CWE-90).
    Ldap,
    /// XPath expressions (CWE-643).
    Xpath,
    /// External and exploding XML entities (CWE-611, CWE-776).
    Xml,
    /// Server-side and edge-side includes (CWE-97).
    Include,
    /// Line ends that would begin a header or a second response (CWE-113).
    Header,
    /// Redirects to another site (CWE-601).
    Redirect,
    /// GraphQL that is too deep, too wide or looks at the schema (CWE-770).
    Graphql,
    /// Instructions to a language model (CWE-1427).
    Prompt,
    /// Headers and commands of mail (CWE-93).
    Mail,
    /// Keys that change an object's prototype (CWE-1321).
    Prototype,
    /// Files that would run on the server (CWE-434).
    Upload,
}

impl Class {
    /// All classes, in the order of their bits.
    pub const ALL: [Self; 20] = [
        Self::Sql,
        Self::Html,
        Self::Shell,
        Self::Path,
        Self::Template,
        Self::Ssrf,
        Self::Code,
        Self::Deserialize,
        Self::Nosql,
        Self::Ldap,
        Self::Xpath,
        Self::Xml,
        Self::Include,
        Self::Header,
        Self::Redirect,
        Self::Graphql,
        Self::Prompt,
        Self::Mail,
        Self::Prototype,
        Self::Upload,
    ];

    /// The name rules use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sql => "sql",
            Self::Html => "html",
            Self::Shell => "shell",
            Self::Path => "path",
            Self::Template => "template",
            Self::Ssrf => "ssrf",
            Self::Code => "code",
            Self::Deserialize => "deserialize",
            Self::Nosql => "nosql",
            Self::Ldap => "ldap",
            Self::Xpath => "xpath",
            Self::Xml => "xml",
            Self::Include => "include",
            Self::Header => "header",
            Self::Redirect => "redirect",
            Self::Graphql => "graphql",
            Self::Prompt => "prompt",
            Self::Mail => "mail",
            Self::Prototype => "prototype",
            Self::Upload => "upload",
        }
    }

    /// The class of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How sure a detector is. The built-in rules act on `Certain` from paranoia level 1 on, on `Likely`
/// from 2, on `Possible` from 3 and on `Hint` from 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Confidence {
    /// Odd, and common in harmless text too.
    Hint,
    /// Reads as an attack in one language, and as plain text as well.
    Possible,
    /// Reads as an attack; harmless traffic of special applications (code, queries) may hold it.
    Likely,
    /// No ordinary value of such a field looks like this. Less than one benign request in ten
    /// thousand may be called certain, over all detectors together.
    Certain,
}

impl Confidence {
    /// All degrees, weakest first.
    pub const ALL: [Self; 4] = [Self::Hint, Self::Possible, Self::Likely, Self::Certain];

    /// The name rules use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }

    /// The degree of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|own| own.name() == name)
    }

    /// One degree less, down to [`Confidence::Hint`].
    #[must_use]
    pub fn less(self) -> Self {
        match self {
            Self::Hint | Self::Possible => Self::Hint,
            Self::Likely => Self::Possible,
            Self::Certain => Self::Likely,
        }
    }
}

/// One text to look at.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// The text after the decodings that were undone.
    pub text: &'a [u8],
    /// Where it stands.
    pub context: Context<'a>,
    /// How many decodings were undone: 0 for the value as the application would see it.
    pub depth: u8,
}

/// What a detector found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The bytes of the text that make the attack.
    pub span: Range<usize>,
    /// What they were read as, in a few words: `"a condition that is always true after a closed string"`.
    pub reading: &'static str,
    /// How sure the detector is.
    pub confidence: Confidence,
}

/// Evidence between two bytes; always some, so that a reader can end with it.
pub(crate) fn evidence(
    from: usize,
    to: usize,
    reading: &'static str,
    confidence: Confidence,
) -> Option<Evidence> {
    Some(Evidence {
        span: from..to.max(from),
        reading,
        confidence,
    })
}

/// A detector: when it has anything to look at, and how it looks.
///
/// It is asked only about texts that hold one of `bytes` or one of `words`; a text with neither never
/// reaches it, so these must be necessary for everything it can find. Keep both rare in ordinary
/// traffic: they decide what a clean request costs.
pub struct Detector {
    /// What it finds.
    pub class: Class,
    /// It is asked when the text holds one of these bytes …
    pub bytes: &'static [u8],
    /// … or one of these words (ASCII, lower case; looked for in any case, anywhere in the text).
    pub words: &'static [&'static str],
    /// Where a byte alone woke it, and no word: whether the text is worth a look. Cheaper than looking,
    /// and never wrong about a text in which something would be found.
    pub glance: Option<fn(&[u8], &Set) -> bool>,
    /// Looks. Linear in the text, no allocation, no panic; the strongest evidence is given.
    pub detect: fn(&Input<'_>) -> Option<Evidence>,
}
