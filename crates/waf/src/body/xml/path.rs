//! The part of XPath 1.0 that rules use: location paths.

use super::{Document, Kind, Node};

/// Most steps of a path.
const STEPS: usize = 16;

/// A compiled location path: steps joined by `/` (child) and `//` (descendant), each a name, `*`,
/// `prefix:name`, `prefix:*`, `@name`, `@*`, `text()`, with predicates `[2]`, `[@a]`, `[@a='v']`,
/// `[text()]`, `[text()='v']`, `[.='v']`, `[name]`, `[name='v']`, `[local-name()='v']`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Step {
    /// Joined by `//`.
    descendant: bool,
    test: Test,
    predicates: Vec<Predicate>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    Element(Name),
    Attribute(Name),
    Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    /// `None` for any; the empty one is no namespace.
    namespace: Option<Vec<u8>>,
    local: Option<Vec<u8>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Predicate {
    Position(u32),
    Attribute {
        name: Name,
        value: Option<Vec<u8>>,
    },
    /// A child like this, perhaps with this text.
    Child {
        test: Test,
        value: Option<Vec<u8>>,
    },
    /// Its own name, without prefix.
    LocalName(Vec<u8>),
    /// Its own text.
    Own(Vec<u8>),
}

/// Working memory of [`Path::select`]. Holds capacity, no meaning.
#[derive(Debug, Default)]
pub struct Walk {
    frames: Vec<Frame>,
}

/// What is known of an open element: bit `n` says that the first `n` steps lead there.
#[derive(Clone, Copy, Debug, Default)]
struct Frame {
    here: u32,
    /// The same of the element and everything above it.
    above: u32,
    /// How many children passed each step before its next positional predicate.
    counts: [u32; STEPS],
}

impl Path {
    /// Compiles a path; `namespaces` are the prefixes of `xmlns` actions with their names.
    ///
    /// # Errors
    /// The construct that is not supported or the place that makes no sense, in words.
    pub fn compile(text: &str, namespaces: &[(String, String)]) -> Result<Self, String> {
        let mut parser = Parser {
            rest: text.trim(),
            namespaces,
        };
        let mut steps = Vec::new();
        loop {
            let descendant = parser.take("//");
            if !descendant && !parser.take("/") && !steps.is_empty() {
                break;
            }
            steps.push(parser.step(descendant)?);
        }
        if !parser.rest.is_empty() {
            return Err(format!(
                "`{}` is not supported in an XPath here",
                parser.rest
            ));
        }
        if steps.len() > STEPS {
            return Err(format!("an XPath may have {STEPS} steps at most"));
        }
        Ok(Self { steps })
    }

    /// Tells the string value of every node the path leads to, in document order.
    pub fn select(&self, document: &Document, walk: &mut Walk, mut each: impl FnMut(&[u8])) {
        if let [step] = self.steps.as_slice()
            && step.predicates.is_empty()
        {
            // One step leads to a node or does not, wherever others lead.
            let is_reached = |node: &&Node| step.descendant || node.depth == 0;
            let reached = document.nodes.iter().filter(is_reached);
            let own = reached.filter(|node| step.test.holds(document, node));
            return own.for_each(|node| each(document.value(node)));
        }
        let goal = 1_u32 << self.steps.len();
        let frames = &mut walk.frames;
        frames.clear();
        frames.push(Frame {
            here: 1,
            above: 1,
            counts: [0; STEPS],
        });
        for (at, node) in document.nodes.iter().enumerate() {
            frames.truncate(node.depth + 1);
            let Some(parent) = frames.last_mut() else {
                return;
            };
            let here = self.advance(document, at, node, parent);
            if here & goal != 0 {
                each(document.value(node));
            }
            if node.kind == Kind::Element {
                let above = parent.above | here;
                frames.push(Frame {
                    here,
                    above,
                    counts: [0; STEPS],
                });
            }
        }
    }

    /// The steps that lead to this node, given those that lead to its parent.
    fn advance(&self, document: &Document, at: usize, node: &Node, parent: &mut Frame) -> u32 {
        let mut here = 0;
        for (index, (step, count)) in self.steps.iter().zip(&mut parent.counts).enumerate() {
            let from = if step.descendant {
                parent.above
            } else {
                parent.here
            };
            if from & (1 << index) != 0
                && step.test.holds(document, node)
                && step
                    .predicates
                    .iter()
                    .all(|predicate| predicate.holds(document, at, node, count))
            {
                here |= 1 << (index + 1);
            }
        }
        here
    }
}

impl Document {
    fn value(&self, node: &Node) -> &[u8] {
        match node.kind {
            Kind::Attribute => node.value.of(&self.strings),
            Kind::Element | Kind::Text => node.value.of(&self.content),
        }
    }

    /// Attributes and children of the element at this index.
    fn children(&self, element: usize) -> impl Iterator<Item = &Node> {
        let depth = self
            .nodes
            .get(element)
            .map_or(usize::MAX, |node| node.depth);
        let rest = self.nodes.get(element + 1..).unwrap_or_default().iter();
        rest.take_while(move |node| node.depth > depth)
            .filter(move |node| node.depth == depth + 1)
    }

    /// The attributes of the element at this index.
    fn attributes(&self, element: usize) -> impl Iterator<Item = &Node> {
        let rest = self.nodes.get(element + 1..).unwrap_or_default();
        rest.iter().take_while(|node| node.kind == Kind::Attribute)
    }
}

impl Test {
    fn holds(&self, document: &Document, node: &Node) -> bool {
        match (self, node.kind) {
            (Self::Element(name), Kind::Element) | (Self::Attribute(name), Kind::Attribute) => {
                name.holds(document, node)
            }
            (Self::Text, Kind::Text) => true,
            (
                Self::Element(_) | Self::Attribute(_) | Self::Text,
                Kind::Element | Kind::Attribute | Kind::Text,
            ) => false,
        }
    }
}

impl Name {
    fn holds(&self, document: &Document, node: &Node) -> bool {
        let same = |wanted: &Option<Vec<u8>>, found: &[u8]| {
            wanted.as_ref().is_none_or(|wanted| wanted == found)
        };
        same(&self.local, node.name.of(&document.strings))
            && same(&self.namespace, node.namespace.of(&document.strings))
    }
}

impl Predicate {
    fn holds(&self, document: &Document, at: usize, node: &Node, count: &mut u32) -> bool {
        match self {
            Self::Position(position) => {
                *count += 1;
                count == position
            }
            Self::Attribute { name, value } => {
                node.kind == Kind::Element
                    && document.attributes(at).any(|attribute| {
                        name.holds(document, attribute)
                            && value
                                .as_ref()
                                .is_none_or(|value| value == document.value(attribute))
                    })
            }
            Self::Child { test, value } => {
                node.kind == Kind::Element
                    && document.children(at).any(|child| {
                        test.holds(document, child)
                            && value
                                .as_ref()
                                .is_none_or(|value| value == document.value(child))
                    })
            }
            Self::LocalName(name) => {
                node.kind != Kind::Text && name == node.name.of(&document.strings)
            }
            Self::Own(value) => value == document.value(node),
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
    namespaces: &'a [(String, String)],
}

impl<'a> Parser<'a> {
    fn take(&mut self, prefix: &str) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn step(&mut self, descendant: bool) -> Result<Step, String> {
        let test = if self.take("@") {
            Test::Attribute(self.name()?)
        } else if self.take("text()") {
            Test::Text
        } else {
            Test::Element(self.name()?)
        };
        let mut predicates = Vec::new();
        while self.take("[") {
            predicates.push(self.predicate()?);
        }
        let positions = predicates
            .iter()
            .filter(|predicate| matches!(predicate, Predicate::Position(_)));
        if positions.count() > 1 {
            return Err("more than one position in a step is not supported".to_owned());
        }
        Ok(Step {
            descendant,
            test,
            predicates,
        })
    }

    fn name(&mut self) -> Result<Name, String> {
        let end = self
            .rest
            .find(['/', '[', ']', '=', ' '])
            .unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        if text.is_empty() {
            return Err("a name is missing in an XPath".to_owned());
        }
        let plain = |part: &str| {
            part == "*"
                || part
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '.'))
        };
        let (prefix, local) = text
            .split_once(':')
            .map_or((None, text), |(prefix, local)| (Some(prefix), local));
        let dots = matches!(text, "." | "..");
        if dots
            || local.is_empty()
            || !plain(local)
            || !prefix.is_none_or(|prefix| plain(prefix) && prefix != "*")
        {
            return Err(format!("`{text}` is not supported in an XPath here"));
        }
        let namespace = match prefix {
            Some(prefix) => {
                let known = self.namespaces.iter().find(|(name, _)| name == prefix);
                let (_, uri) = known
                    .ok_or_else(|| format!("no `xmlns` action names the prefix `{prefix}`"))?;
                Some(uri.as_bytes().to_vec())
            }
            None if local == "*" => None,
            // Without a prefix: in no namespace, for elements and attributes alike.
            None => Some(Vec::new()),
        };
        self.rest = rest;
        Ok(Name {
            namespace,
            local: (local != "*").then(|| local.as_bytes().to_vec()),
        })
    }

    /// After `[`.
    fn predicate(&mut self) -> Result<Predicate, String> {
        let end = self
            .rest
            .find(']')
            .ok_or("a `[` is not closed in an XPath")?;
        let (inner, after) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        let mut inside = Parser {
            rest: inner.trim(),
            namespaces: self.namespaces,
        };
        self.rest = after.strip_prefix(']').unwrap_or(after);
        if let Ok(position) = inside.rest.parse() {
            return Ok(Predicate::Position(position));
        }
        let unsupported = || format!("the predicate `[{inner}]` is not supported in an XPath here");
        let subject = inside.subject()?;
        let value = match inside.rest.trim().strip_prefix('=').map(str::trim) {
            None if inside.rest.trim().is_empty() => None,
            Some(text) => Some(unquote(text).ok_or_else(|| format!("`{text}` is no quoted text"))?),
            None => return Err(unsupported()),
        };
        match (subject, value) {
            (Subject::Attribute(name), value) => Ok(Predicate::Attribute { name, value }),
            (Subject::Child(test), value) => Ok(Predicate::Child { test, value }),
            (Subject::LocalName, Some(name)) => Ok(Predicate::LocalName(name)),
            (Subject::Own, Some(value)) => Ok(Predicate::Own(value)),
            (Subject::LocalName | Subject::Own, None) => Err(unsupported()),
        }
    }

    /// What a predicate is about.
    fn subject(&mut self) -> Result<Subject, String> {
        if self.take("@") {
            Ok(Subject::Attribute(self.name()?))
        } else if self.take("text()") {
            Ok(Subject::Child(Test::Text))
        } else if self.take("local-name()") {
            Ok(Subject::LocalName)
        } else if self.take(".") {
            Ok(Subject::Own)
        } else {
            Ok(Subject::Child(Test::Element(self.name()?)))
        }
    }
}

enum Subject {
    Attribute(Name),
    Child(Test),
    LocalName,
    Own,
}

fn unquote(text: &str) -> Option<Vec<u8>> {
    let quote = text
        .chars()
        .next()
        .filter(|quote| matches!(quote, '"' | '\''))?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then(|| inner.as_bytes().to_vec())
}
