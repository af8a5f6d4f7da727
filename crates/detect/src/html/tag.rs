//! What the tags and attributes of a text would do.

use super::css::{self, Style};
use super::entity;
use super::js::{self, Before, Strength};
use super::kind::{self, Kind, embed, framework, handler, holds, loads, refresh, remote};
use super::names;
use super::token::{Attribute, Event, Tokens};
use super::uri::{self, Uri};
use super::words;
use crate::context::{Context, Field, Place};
use crate::detector::{Confidence, Evidence};
use crate::seek;

/// How deep values inside values are looked into.
const DEPTH: u8 = 3;

/// How the text comes to stand in a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It brings its own.
    Own,
    /// It closes the quote of an attribute's value.
    Quoted,
    /// It stands in a value without quotes.
    Bare,
}

/// Everything known of the tag that is being read.
struct Tag {
    at: usize,
    kind: Kind,
    address: bool,
    json: bool,
    animates: bool,
}

/// How many scripts and styles are read in one text; more is more than any value has.
const SCRIPTS: u8 = 16;

/// Looks through the tags of a text.
pub(super) struct Markup<'a> {
    scripts: u8,
    /// The text is a whole page.
    document: bool,
    /// It begins with a tag that goes on and does not end.
    cut: bool,
    context: Context<'a>,
    entry: Entry,
    best: Option<Evidence>,
}

/// The strongest evidence in the tags of a text, which begin as `tokens` says.
pub(super) fn look(
    text: &[u8],
    tokens: Tokens<'_>,
    entry: Entry,
    context: Context<'_>,
) -> Option<Evidence> {
    let mut markup = Markup {
        scripts: 0,
        document: false,
        cut: text.starts_with(b"<")
            && seek::memchr(b'>', text).is_none()
            && seek::memchr(b' ', text).is_some(),
        context,
        entry,
        best: None,
    };
    markup.walk(text, tokens, 0, 0);
    markup.best
}

impl Markup<'_> {
    /// Markup may stand here for good reasons.
    fn expected(&self) -> bool {
        matches!(self.context.field, Field::Code | Field::Telemetry)
            || matches!(
                self.context.place,
                Place::Form | Place::Json | Place::Xml | Place::Body | Place::File
            )
    }

    fn unexpected(&self, otherwise: Confidence) -> Confidence {
        if self.expected() {
            otherwise
        } else {
            Confidence::Certain
        }
    }

    /// Nobody has written these since their browsers are gone.
    fn island(&self) -> Confidence {
        match self.context.field {
            Field::Code | Field::Telemetry => Confidence::Likely,
            Field::Plain | Field::Text | Field::Url | Field::File | Field::Key | Field::Token => {
                Confidence::Certain
            }
        }
    }

    fn note(&mut self, at: usize, end: usize, reading: &'static str, confidence: Confidence) {
        let quoting = self.context.field == Field::Telemetry;
        let confidence = if quoting {
            confidence.less()
        } else {
            confidence
        };
        if self
            .best
            .as_ref()
            .is_none_or(|best| best.confidence < confidence)
        {
            self.best = Some(Evidence {
                span: at..end.max(at),
                reading,
                confidence,
            });
        }
    }

    fn done(&self) -> bool {
        self.best
            .as_ref()
            .is_some_and(|best| best.confidence == Confidence::Certain)
    }

    /// Reads the tags of `text`, which stands at `offset` of the whole.
    fn walk(&mut self, text: &[u8], tokens: Tokens<'_>, offset: usize, depth: u8) {
        let mut tag = Tag::new(0, Kind::Unknown);
        for event in tokens {
            match event {
                Event::Open { at, name } => {
                    self.leave(&tag, text, offset, depth);
                    self.document |= depth == 0
                        && (name.eq_ignore_ascii_case(b"html")
                            || name.eq_ignore_ascii_case(b"!doctype"));
                    tag = Tag::new(at, kind::kind(name));
                }
                Event::Attribute(found) => {
                    self.attribute(&mut tag, &found, offset, depth);
                }
                Event::Close { after } => {
                    let rest = text.get(after..).unwrap_or_default();
                    self.content(&tag, rest, offset + tag.at, offset + after);
                    if self.entry != Entry::Own && depth == 0 {
                        // What follows is read as text of its own.
                        return;
                    }
                }
            }
            if self.done() {
                return;
            }
        }
        self.leave(&tag, text, offset, depth);
    }

    /// A tag ended, perhaps without `>`.
    fn leave(&mut self, tag: &Tag, text: &[u8], offset: usize, depth: u8) {
        // `?<meta http-equiv=…`: a query without a parameter, cut where its first `=` stands.
        let cut = self.context.place == Place::Name && self.cut;
        let confidence = match tag.kind {
            Kind::Unknown => return,
            _ if cut => Confidence::Certain,
            // People ask about it.
            Kind::Script if self.context.field == Field::Text => Confidence::Likely,
            Kind::Script if !tag.json => self.unexpected(Confidence::Likely),
            _ if self.expected() => Confidence::Hint,
            _ => Confidence::Possible,
        };
        let at = offset + tag.at;
        self.note(at, at + len(tag, text, depth), "a tag", confidence);
    }

    /// What stands between a tag and the next.
    fn content(&mut self, tag: &Tag, rest: &[u8], at: usize, after: usize) {
        if !matches!(tag.kind, Kind::Script | Kind::Style) {
            return;
        }
        self.scripts = self.scripts.saturating_add(1);
        if self.scripts > SCRIPTS {
            return self.note(
                at,
                after,
                "more scripts than a value has",
                Confidence::Certain,
            );
        }
        match tag.kind {
            Kind::Script => {
                let end = crate::phrases::find(rest, b"</");
                let code = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
                let decoded = entity::decode(code.get(..512).unwrap_or(code));
                let read = js::read(decoded.bytes(), 0, Before::Statement);
                let runs = match read.strength {
                    Strength::Sink => true,
                    Strength::Code => {
                        !tag.json && end.is_some() && (read.known || !self.expected())
                    }
                    Strength::Nothing => false,
                };
                let closed = end.is_some() && !code.trim_ascii().is_empty() && !tag.json;
                let runs = runs || (closed && (proves(code) || !self.expected()));
                if runs {
                    self.note(at, after + code.len(), "a script", Confidence::Certain);
                }
            }
            Kind::Style => {
                let end = crate::phrases::find(rest, b"</").unwrap_or(rest.len());
                let style = rest.get(..end).unwrap_or_default();
                self.style(style, at, after + end);
                if js::read(style, 0, Before::Statement).proof {
                    self.note(at, after + end, "a script", Confidence::Certain);
                }
            }
            _ => {}
        }
    }

    fn style(&mut self, style: &[u8], at: usize, end: usize) {
        match css::read(style) {
            Some(Style::Runs) => {
                self.note(at, end, "a style that runs a script", Confidence::Certain)
            }
            Some(Style::Sends) => {
                let reading = "a style that sends what a field holds";
                self.note(at, end, reading, self.island());
            }
            Some(Style::Loads) => {
                let confidence = self.unexpected(Confidence::Possible);
                self.note(at, end, "a style that loads another", confidence);
            }
            None => {}
        }
    }

    fn attribute(&mut self, tag: &mut Tag, found: &Attribute<'_>, offset: usize, depth: u8) {
        let name = names::plain(found.name);
        let name = name.bytes();
        let at = offset + found.at;
        let end = offset + found.value_at + found.value.len();
        if handler(name) {
            self.handler(tag, name, found.value, at, end);
        }
        if found.value.is_empty() && framework(name) {
            // `@[expression]`
            let code = found.name.get(2..).unwrap_or_default();
            self.framework(code, at, end);
        }
        if found.value.is_empty() || self.done() {
            return;
        }
        let value = entity::decode(found.value);
        let value = value.bytes();
        match name {
            b"style" => self.style(value, at, end),
            b"srcdoc" => self.note(
                at,
                end,
                "a frame with a page of its own",
                self.unexpected(Confidence::Likely),
            ),
            b"http-equiv" => {
                tag.address |= value.trim_ascii().eq_ignore_ascii_case(b"refresh");
                let cookie = value.trim_ascii().eq_ignore_ascii_case(b"set-cookie");
                let confidence = if cookie {
                    self.island()
                } else {
                    self.unexpected(Confidence::Hint)
                };
                self.note(at, end, "a header set by a page", confidence);
            }
            // Islands of data and behaviours, which old browsers fetch and write into the page.
            b"datasrc" | b"dataformatas" | b"implementation" => {
                self.note(at, end, "markup from elsewhere", self.island());
            }
            b"type" => tag.json |= holds(value, b"json") || holds(value, b"template"),
            b"attributename" => {
                let target = names::plain(value);
                let target = target.bytes();
                tag.animates =
                    handler(target) || matches!(target, b"href" | b"xlink:href" | b"innerhtml");
            }
            _ if framework(name) => self.framework(value, at, end),
            _ => self.address(tag, name, value, (at, end)),
        }
        if !found.closed && remote(value) {
            let confidence = self.unexpected(Confidence::Possible);
            self.note(
                at,
                end,
                "an address that takes the page with it",
                confidence,
            );
        }
        if depth < DEPTH {
            self.nested(found, value, (at, end), offset, depth + 1);
        }
    }

    /// Looks for tags inside a value, as written and decoded: a second parser may see them.
    fn nested(
        &mut self,
        found: &Attribute<'_>,
        value: &[u8],
        (at, end): (usize, usize),
        offset: usize,
        depth: u8,
    ) {
        if seek::memchr(b'<', found.value).is_some() {
            let tokens = Tokens::text(found.value);
            self.walk(found.value, tokens, offset + found.value_at, depth);
        }
        let encoded = seek::memchr(b'&', found.value).is_some();
        if encoded && seek::memchr(b'<', value).is_some() && !self.done() {
            // Offsets inside a decoded value mean nothing outside: the attribute is what was found.
            let before = self.best.take();
            self.walk(value, Tokens::text(value), 0, depth);
            let inner = self.best.take();
            self.best = before;
            if let Some(inner) = inner {
                self.note(at, end, inner.reading, inner.confidence);
            }
        }
    }

    fn handler(&mut self, tag: &Tag, name: &[u8], value: &[u8], at: usize, end: usize) {
        let value = entity::decode(value);
        let value = value.bytes().trim_ascii();
        let read = js::read(value, 0, Before::Statement);
        let jsx =
            value.starts_with(b"{") && matches!(self.context.field, Field::Text | Field::Code);
        let known = words::event(name);
        let confidence = match (self.entry, read.strength) {
            (Entry::Own, _) if kind::everyday(value) => self.unexpected(Confidence::Possible),
            _ if jsx => Confidence::Likely,
            (Entry::Own | Entry::Quoted, Strength::Sink) => Confidence::Certain,
            (Entry::Own, _) if proves(value) => Confidence::Certain,
            // Pages have functions of their own.
            (Entry::Own, Strength::Code) if !read.known => self.unexpected(Confidence::Likely),
            (Entry::Own | Entry::Quoted, Strength::Code) => Confidence::Certain,
            (Entry::Bare, Strength::Sink) if known => Confidence::Certain,
            (Entry::Own, Strength::Nothing)
                if known && tag.kind != Kind::Unknown && !value.is_empty() =>
            {
                self.unexpected(Confidence::Likely)
            }
            (Entry::Own | Entry::Quoted, Strength::Nothing) if known => Confidence::Likely,
            (Entry::Own, _) if !value.is_empty() => self.unexpected(Confidence::Possible),
            _ => Confidence::Possible,
        };
        self.note(at, end, "an event handler", confidence);
    }

    fn framework(&mut self, value: &[u8], at: usize, end: usize) {
        if js::read(value, 0, Before::Statement).strength == Strength::Sink {
            self.note(at, end, "an expression of a framework", Confidence::Certain);
        }
    }

    fn address(&mut self, tag: &mut Tag, name: &[u8], value: &[u8], (at, end): (usize, usize)) {
        // Namespaces are names.
        if name == b"xmlns" || name.starts_with(b"xmlns:") {
            return;
        }
        let target = match name {
            // `0; url=javascript:…`
            b"content" if tag.kind == Kind::Meta => refresh(value),
            b"values" => value
                .split(|byte| *byte == b';')
                .next_back()
                .unwrap_or_default(),
            _ => value,
        };
        let run = self.run(tag, target);
        let run = run.or_else(|| animation(tag, name, value)).or_else(|| {
            let style = tag.kind == Kind::Link && css::read(value) == Some(Style::Runs);
            style.then_some(("a style that runs a script", Confidence::Certain))
        });
        if let Some((reading, confidence)) = run {
            return self.note(at, end, reading, confidence);
        }
        if loads(tag.kind, tag.address, name) && remote(target) && !embed(target) {
            let confidence = match tag.kind {
                // A page of its own brings its own scripts.
                Kind::Script if self.document => self.unexpected(Confidence::Likely),
                Kind::Script if self.context.field != Field::Code => Confidence::Certain,
                Kind::Link | Kind::Form => self.unexpected(Confidence::Possible),
                _ => self.unexpected(Confidence::Likely),
            };
            self.note(at, end, "a tag that loads from elsewhere", confidence);
        } else if tag.kind == Kind::Other && !self.expected() && remote(target) {
            self.note(at, end, "a tag that leads elsewhere", Confidence::Likely);
        }
    }

    /// What following an address would run.
    fn run(&self, tag: &Tag, target: &[u8]) -> Option<(&'static str, Confidence)> {
        const SCRIPT: &str = "an address that runs a script";
        const PAGE: &str = "an address that carries a page";
        let page = matches!(
            tag.kind,
            Kind::Frame | Kind::Object | Kind::Use | Kind::Animate | Kind::Script
        );
        match uri::read(target)? {
            Uri::Script(Strength::Sink) => Some((SCRIPT, Confidence::Certain)),
            Uri::Script(Strength::Code | Strength::Nothing) => {
                // Nobody hides the address of a button.
                let hidden = !target.starts_with(b"j") && !target.starts_with(b"J");
                let hidden = hidden || target.iter().any(|byte| *byte < b' ' || *byte == b'%');
                let sure = hidden || proves(target);
                let confidence = if sure {
                    Confidence::Certain
                } else {
                    self.unexpected(Confidence::Likely)
                };
                Some((SCRIPT, confidence))
            }
            Uri::Page => Some((PAGE, Confidence::Certain)),
            Uri::Image if page => Some((PAGE, Confidence::Certain)),
            Uri::Button | Uri::Image => None,
        }
    }
}

/// How long a tag is, up to its end; within the value of an attribute, its first byte tells where it stands.
fn len(tag: &Tag, text: &[u8], depth: u8) -> usize {
    const LONGEST: usize = 192;
    let rest = text
        .get(tag.at..)
        .filter(|_| depth == 0)
        .unwrap_or_default();
    let rest = rest.get(..LONGEST).unwrap_or(rest);
    seek::memchr(b'>', rest).map_or(1, |end| end + 1)
}

/// `<set attributeName=onclick to=alert(1)>`.
fn animation(tag: &Tag, name: &[u8], value: &[u8]) -> Option<(&'static str, Confidence)> {
    let animated = tag.animates && matches!(name, b"to" | b"values" | b"from" | b"by");
    let runs = animated && js::read(value, 0, Before::Statement).strength != Strength::Nothing;
    runs.then_some(("an animation that sets a handler", Confidence::Certain))
}

/// Whether a script that does not read as one holds what is sent to prove a hole.
fn proves(code: &[u8]) -> bool {
    let head = code.get(..512).unwrap_or(code);
    [
        &b"alert("[..],
        b"prompt(",
        b"confirm(",
        b"alert`",
        b"eval(",
        b"document.cookie",
        b"fetch(",
        b"msgbox",
    ]
    .iter()
    .any(|own| holds(head, own))
}

impl Tag {
    fn new(at: usize, kind: Kind) -> Self {
        Self {
            at,
            kind,
            address: false,
            json: false,
            animates: false,
        }
    }
}
