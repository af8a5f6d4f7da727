//! XML that reads files, reaches other hosts or grows without end: external entities, XInclude,
//! style sheets that call out, and entity bombs.

use crate::authority::{self, Reach};
use crate::context::{Field, Place};
use crate::detector::{Class, Confidence, Detector, Evidence, Input, evidence};
use crate::finder::pair;
use crate::phrases::{self, Phrases, searchers};
use crate::seek;

/// External and exploding entities, inclusions and transformations.
pub(crate) static DETECTOR: Detector = Detector {
    class: Class::Xml,
    bytes: b"",
    words: &[
        "<!entity",
        "<!doctype",
        ":include",
        "<include",
        "xsl:",
        "php:function",
        "unparsed-text(",
        "msxsl:script",
        "/xslt/java",
        "xlink:href",
        "xalan",
        "schemalocation",
        "<!element",
        "<!attlist",
        "<![cdata[<]]>",
        "<?xml-stylesheet",
    ],
    glance: None,
    detect,
};

const EXTERNAL: &str = "an entity from outside of the document";
const BOMB: &str = "entities made of entities";
const ENTITY: &str = "an entity";
const DOCTYPE: &str = "a document type from another host";
const INCLUSION: &str = "an inclusion of another document";
const TRANSFORM: &str = "a transformation that calls out";

fn detect(input: &Input<'_>) -> Option<Evidence> {
    let found = declarations(input.text).or_else(|| elsewhere(input.text))?;
    let found = Evidence {
        confidence: found.confidence.max(parameter(input, &found)),
        ..found
    };
    let expected = matches!(input.context.field, Field::Telemetry);
    // What a mark is followed by may be cut off.
    let end = found.span.end.min(input.text.len());
    Some(Evidence {
        span: found.span.start.min(end)..end,
        confidence: if expected {
            found.confidence.less()
        } else {
            found.confidence
        },
        ..found
    })
}

/// `<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>` as the value of a parameter: nobody but who asks
/// whether entities are resolved sends a document with its own there.
fn parameter(input: &Input<'_>, found: &Evidence) -> Confidence {
    let text = input.text.trim_ascii_start();
    let begins = |head: &[u8]| {
        text.get(..head.len())
            .is_some_and(|own| own.eq_ignore_ascii_case(head))
    };
    let place = match input.context.place {
        Place::Query | Place::Name | Place::Header | Place::Cookie | Place::Form | Place::Json => {
            true
        }
        // A body or a file of a few lines: drawings declare names, and letters of other kinds are longer.
        Place::Body | Place::File => text.len() < 256 && phrases::find(text, b"<svg").is_none(),
        Place::Path | Place::Xml | Place::FileName => false,
    };
    let document = text.len() < 1024 && (begins(b"<?xml") || begins(b"<!DOCTYPE"));
    let own = found.reading == ENTITY && place && input.context.field != Field::Code;
    let named = || {
        seek::memchr_iter(b'&', text).any(|at| {
            let rest = text
                .get(at + 1..text.len().min(at + 24))
                .unwrap_or_default();
            let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric());
            end.is_some_and(|end| end > 0 && rest.get(end) == Some(&b';'))
        })
    };
    if own && document && named() {
        Confidence::Certain
    } else {
        Confidence::Hint
    }
}

/// What the declarations of a document would make the parser do.
fn declarations(text: &[u8]) -> Option<Evidence> {
    let mut best: Option<Evidence> = None;
    let mut nested = 0_usize;
    let mut from = 0;
    while let Some(found) = pair(text.get(from..)?, *b"<!") {
        let at = from + found;
        let mut words = Words::new(text, at + 2);
        let said = declaration(&mut words, &mut nested);
        from = words.at;
        let Some((reading, confidence)) = said else {
            continue;
        };
        if best
            .as_ref()
            .is_none_or(|best| best.confidence < confidence)
        {
            best = evidence(at, words.at, reading, confidence);
        }
        if confidence == Confidence::Certain {
            return best;
        }
    }
    best.and_then(|best| repeated(text).or(Some(best)))
}

/// Reads one declaration; `nested` counts entities made of entities.
fn declaration(words: &mut Words<'_>, nested: &mut usize) -> Option<(&'static str, Confidence)> {
    let keyword = words.next()?;
    if keyword.eq_ignore_ascii_case(b"DOCTYPE") {
        return Some((DOCTYPE, doctype(words)?));
    }
    if !keyword.eq_ignore_ascii_case(b"ENTITY") {
        return None;
    }
    Some(match entity(words) {
        Entity::External => (EXTERNAL, Confidence::Certain),
        Entity::Declares => ("a declaration hidden in an entity", Confidence::Certain),
        Entity::Nested => {
            *nested += 1;
            let bomb = *nested >= 2;
            (
                BOMB,
                if bomb {
                    Confidence::Certain
                } else {
                    Confidence::Likely
                },
            )
        }
        Entity::Plain => (ENTITY, Confidence::Possible),
    })
}

/// One entity that is named very often: a bomb without nesting.
fn repeated(text: &[u8]) -> Option<Evidence> {
    const MOST: usize = 1000;
    /// How often an entity of this length is named in no document that people write.
    const OFTEN: usize = 32;
    const LONG: usize = 64;
    let long = longest_value(text) >= LONG && text.len() < 4096;
    let most = if long { OFTEN } else { MOST };
    let mut count = 0;
    let mut from = 0;
    while let Some(found) = seek::memchr(b'&', text.get(from..)?) {
        from += found + 1;
        count += usize::from(text.get(from).is_some_and(u8::is_ascii_alphabetic));
        if count > most {
            return evidence(0, text.len(), BOMB, Confidence::Certain);
        }
    }
    None
}

/// How long the value of the first entity is.
fn longest_value(text: &[u8]) -> usize {
    let value = phrases::find(text, b"<!ENTITY").and_then(|at| {
        let rest = text.get(at..)?;
        let open = seek::memchr2(b'"', b'\'', rest)?;
        let rest = rest.get(open..)?;
        let quote = rest.first().copied()?;
        seek::memchr(quote, rest.get(1..)?)
    });
    value.unwrap_or_default()
}

enum Entity {
    /// Its value comes from an address.
    External,
    /// Its value names other entities more than once.
    Nested,
    /// Its value declares another.
    Declares,
    /// Its value is text.
    Plain,
}

/// Reads an entity's declaration after its keyword.
fn entity(words: &mut Words<'_>) -> Entity {
    // `% name` or `name`, then `SYSTEM "…"`, `PUBLIC "…" "…"` or `"value"`.
    for _ in 0..4 {
        let Some(word) = words.next() else {
            return Entity::Plain;
        };
        if word.eq_ignore_ascii_case(b"SYSTEM") || word.eq_ignore_ascii_case(b"PUBLIC") {
            return if words.next().is_some() {
                Entity::External
            } else {
                Entity::Plain
            };
        }
        if words.quoted {
            return value(word);
        }
    }
    Entity::Plain
}

fn value(value: &[u8]) -> Entity {
    let declares = [
        &b"<!ENTITY"[..],
        b"!ENTITY",
        b"&#x25;",
        b"&#37;",
        b"&#x26;#x25",
        b"&#60;!",
    ]
    .iter()
    .any(|own| phrases::find(value, own).is_some());
    if declares {
        return Entity::Declares;
    }
    let mut names = 0;
    for at in seek::memchr2_iter(b'&', b'%', value) {
        names += usize::from(value.get(at + 1).is_some_and(u8::is_ascii_alphabetic));
    }
    if names >= 2 {
        Entity::Nested
    } else {
        Entity::Plain
    }
}

/// Hosts of the document types everybody names.
const KNOWN: [&[u8]; 26] = [
    b"w3.org",
    b"sun.com",
    b"apple.com",
    b"hibernate.org",
    b"sourceforge.net",
    b"apache.org",
    b"oasis-open.org",
    b"mybatis.org",
    b"puppycrawl.com",
    b"checkstyle.org",
    b"springframework.org",
    b"jboss.org",
    b"jcp.org",
    b"wapforum.org",
    b"openmobilealliance.org",
    b"netscape.com",
    b"freedesktop.org",
    b"gnome.org",
    b"docbook.org",
    b"kde.org",
    b"android.com",
    b"cxml.org",
    b"netbeans.org",
    b"nih.gov",
    b"opengis.net",
    b"tei-c.org",
];

/// Reads a document type after its keyword: how sure it is that it reaches where it should not.
fn doctype(words: &mut Words<'_>) -> Option<Confidence> {
    words.next()?;
    let keyword = words.next()?;
    let public = keyword.eq_ignore_ascii_case(b"PUBLIC");
    if !public && !keyword.eq_ignore_ascii_case(b"SYSTEM") {
        return None;
    }
    let mut address = words.next()?;
    // A registered name, as documents of some application carry.
    let registered = public && phrases::find(address, b"//DTD ").is_some();
    if public {
        address = words.next().filter(|_| words.quoted)?;
    }
    let scheme_end = phrases::find(address, b":")?;
    let (scheme, rest) = address.split_at_checked(scheme_end)?;
    if scheme.eq_ignore_ascii_case(b"about")
        || scheme.eq_ignore_ascii_case(b"urn")
        || scheme.len() < 2
    {
        return None;
    }
    if ![&b"http"[..], b"https"]
        .iter()
        .any(|own| scheme.eq_ignore_ascii_case(own))
    {
        return Some(Confidence::Certain);
    }
    let host = rest.strip_prefix(b"://").unwrap_or(rest);
    let end = host
        .iter()
        .position(|byte| b"/:?#".contains(byte))
        .unwrap_or(host.len());
    let host = host.get(..end)?;
    let known = KNOWN.iter().any(|own| {
        host.strip_suffix(*own)
            .is_some_and(|left| left.is_empty() || left.ends_with(b"."))
    });
    match (known, registered) {
        (true, _) => None,
        (false, true) => Some(Confidence::Likely),
        (false, false) => Some(Confidence::Certain),
    }
}

/// Words and quoted values of a declaration.
struct Words<'a> {
    text: &'a [u8],
    at: usize,
    quoted: bool,
}

impl<'a> Words<'a> {
    fn new(text: &'a [u8], at: usize) -> Self {
        Self {
            text,
            at,
            quoted: false,
        }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.text.get(self.at..)?;
        let begin = self.at + rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let first = *self.text.get(begin)?;
        self.quoted = matches!(first, b'"' | b'\'');
        let rest = self.text.get(begin + usize::from(self.quoted)..)?;
        if self.quoted {
            let len = seek::memchr(first, rest).unwrap_or(rest.len());
            self.at = (begin + len + 2).min(self.text.len());
            return rest.get(..len);
        }
        if matches!(first, b'>' | b'[' | b']' | b'<') {
            return None;
        }
        let end = |byte: &u8| byte.is_ascii_whitespace() || b"<>[]\"'".contains(byte);
        let len = rest.iter().position(end).unwrap_or(rest.len());
        self.at = begin + len;
        rest.get(..len)
    }
}

/// Calls from a style sheet into the program that reads it.
static CALLS: Phrases = Phrases::new(|| {
    searchers(&[
        b"php:function",
        b"php:registerFunctions",
        b"unparsed-text(",
        b"msxsl:script",
        b"xalan/java",
        b"xslt/java",
        b"exslt.org/common",
        b"rt:exec",
        b"xalan://",
    ])
});

/// How many addresses of images are looked at.
const IMAGES: usize = 16;

/// Inclusions and transformations.
fn elsewhere(text: &[u8]) -> Option<Evidence> {
    let find = |word: &[u8]| phrases::find(text, word);
    // What a reader of the parsed text would see as markup.
    if let Some(at) = find(b"<![CDATA[<]]>") {
        return evidence(
            at,
            at + 13,
            "a sign hidden from the parser",
            Confidence::Certain,
        );
    }
    let include = find(b":include").or_else(|| find(b"<include"));
    if let Some(at) = include
        && let Some(found) = inclusion(text, at)
    {
        return Some(found);
    }
    let images = memchr::memmem::find_iter(text, b"xlink:href=").take(IMAGES);
    if let Some(found) = images.into_iter().find_map(|at| image(text, at)) {
        return Some(found);
    }
    if let Some(found) = find(b"<?xml-stylesheet").and_then(|at| styled(text, at)) {
        return Some(found);
    }
    let transforms = find(b"<xsl:").is_some() || find(b"/XSL/Transform").is_some();
    let call = CALLS.find(text).map(|own| own.start).or_else(|| {
        let at = find(b"document(")?;
        let first = text.get(at + 9..)?.first()?;
        matches!(first, b'\'' | b'"' | b'&').then_some(at)
    });
    match (call, transforms) {
        (Some(at), true) => evidence(at, at + 9, TRANSFORM, Confidence::Certain),
        (Some(at), false) => evidence(at, at + 9, TRANSFORM, Confidence::Hint),
        (None, true) => find(b"system-property(").and_then(|at| {
            // A style sheet that is used is longer than one that asks for the processor.
            let asked = text.len() < 400 && find(b"xsl:v").is_some();
            let sure = if asked {
                Confidence::Certain
            } else {
                Confidence::Likely
            };
            evidence(at, at + 16, TRANSFORM, sure)
        }),
        (None, false) => None,
    }
}

/// How an attribute's value begins, from behind its `=` on.
fn attribute(text: &[u8], from: usize) -> Option<&[u8]> {
    const LONGEST: usize = 128;
    let value = text.get(from..)?;
    let quotes = usize::from(matches!(value.first(), Some(b'"' | b'\'')));
    value.get(quotes..value.len().min(quotes + LONGEST))
}

/// `<?xml-stylesheet type="text/xsl" href="http://198.51.100.7/x.xsl"?>`: feeds name their own site, and no
/// number.
fn styled(text: &[u8], at: usize) -> Option<Evidence> {
    let head = text.get(at..text.len().min(at + 256))?;
    let end = phrases::find(head, b"?>").unwrap_or(head.len());
    let head = head.get(..end)?;
    let from = phrases::find(head, b"href=")? + 5;
    let own = authority::read(attribute(head, from)?)?;
    let sheet = phrases::find(head, b"xsl").is_some() && own.slashes > 1;
    let digit = |own: &u8| own.is_ascii_digit() || b".:[]".contains(own);
    let confidence = match own.host.iter().all(digit) || own.reach != Reach::Public {
        true => Confidence::Certain,
        false => Confidence::Possible,
    };
    (sheet && !own.host.is_empty())
        .then(|| evidence(at, at + end, INCLUSION, confidence))
        .flatten()
}

fn inclusion(text: &[u8], at: usize) -> Option<Evidence> {
    let namespace = phrases::find(text, b"/XInclude").is_some();
    let head = text.get(at..(at + 300).min(text.len()))?;
    let href = phrases::find(head, b"href=")?;
    let ours = namespace || text.get(..at)?.ends_with(b"<xi");
    let confidence = if ours {
        Confidence::Certain
    } else {
        return None;
    };
    evidence(at, at + href, INCLUSION, confidence)
}

/// Images of SVG that a converter on the server would read itself.
fn image(text: &[u8], at: usize) -> Option<Evidence> {
    let value = attribute(text, at + 11)?;
    let schemes: [&[u8]; 8] = [
        b"file:",
        b"expect:",
        b"php:",
        b"text:",
        b"msl:",
        b"ephemeral:",
        b"gopher:",
        b"label:@",
    ];
    let asked = schemes.iter().any(|own| {
        value
            .get(..own.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(own))
    });
    let keys = || authority::read(value).is_some_and(|own| own.reach == Reach::Metadata);
    (asked || keys())
        .then(|| evidence(at, at + 20, INCLUSION, Confidence::Certain))
        .flatten()
}
