//! One pass over a document, and what it counts.

use super::lex::{Lexer, Token};

/// Depth up to which names of fields are kept.
const LEVELS: usize = 64;
/// Buckets of fields by name.
const BUCKETS: usize = 128;
/// Fragments followed.
const FRAGMENTS: usize = 32;
/// Uses of fragments followed.
const SPREADS: usize = 128;

/// What a document holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    /// Selections in selections.
    pub(super) depth: usize,
    /// How often one name stands on the way to a field.
    pub(super) repeats: usize,
    /// Other names given to fields.
    pub(super) aliases: usize,
    /// The most other names given to one field.
    pub(super) same: usize,
    /// The longest run of one field.
    pub(super) run: usize,
    /// The most directives on one field.
    pub(super) directives: usize,
    /// Lists in lists.
    pub(super) brackets: usize,
    pub(super) operations: usize,
    pub(super) mutation: bool,
    /// The field asked for under many names checks a secret: `login`, `verifyOtp`.
    pub(super) guesses: bool,
    /// `__schema` is asked for.
    pub(super) schema: bool,
    /// `__type` is asked for.
    pub(super) types: bool,
    /// A fragment holds itself.
    pub(super) circular: bool,
}

fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |hash, own| {
        (hash ^ u32::from(*own)).wrapping_mul(0x0100_0193)
    })
}

/// Which fragments hold which.
struct Fragments {
    names: [u32; FRAGMENTS],
    known: usize,
    uses: [(u32, u32); SPREADS],
    used: usize,
}

impl Fragments {
    fn define(&mut self, name: u32) {
        if let Some(slot) = self.names.get_mut(self.known) {
            *slot = name;
            self.known += 1;
        }
    }

    fn spread(&mut self, inside: u32, name: u32) {
        if let Some(slot) = self.uses.get_mut(self.used) {
            *slot = (inside, name);
            self.used += 1;
        }
    }

    /// Whether a fragment holds itself: fragments that hold none are taken away until none is.
    fn circular(&self) -> bool {
        let all = self.names.get(..self.known).unwrap_or_default();
        let place = |name: u32| all.iter().position(|own| *own == name);
        let mut edges = [(0_usize, 0_usize); SPREADS];
        let mut count = 0;
        for (inside, name) in self.uses.iter().take(self.used) {
            if let (Some(a), Some(b), Some(slot)) =
                (place(*inside), place(*name), edges.get_mut(count))
            {
                *slot = (a, b);
                count += 1;
            }
        }
        let mut left = u32::MAX;
        for _ in 0..=self.known {
            let edges = edges.iter().take(count);
            let holding = edges
                .filter(|(_, b)| left & (1 << b) != 0)
                .fold(0_u32, |all, (a, _)| all | 1 << a);
            if holding == left {
                break;
            }
            left = holding;
        }
        left != 0 && count > 0
    }
}

/// Where the reading is.
struct Reader {
    count: Count,
    fragments: Fragments,
    path: [u32; LEVELS],
    braces: usize,
    parens: usize,
    brackets: usize,
    /// The fragment that is being defined.
    inside: u32,
    /// The field read last, at its depth.
    field: (u32, usize),
    run: usize,
    directives: usize,
    buckets: [u16; BUCKETS],
    renamed: bool,
}

/// Reads a document; `None` if it is not GraphQL.
pub(super) fn read(text: &[u8]) -> Option<(Count, usize)> {
    let mut reader = Reader {
        count: Count::default(),
        fragments: Fragments {
            names: [0; FRAGMENTS],
            known: 0,
            uses: [(0, 0); SPREADS],
            used: 0,
        },
        path: [0; LEVELS],
        braces: 0,
        parens: 0,
        brackets: 0,
        inside: 0,
        field: (0, 0),
        run: 0,
        directives: 0,
        buckets: [0; BUCKETS],
        renamed: false,
    };
    let mut lexer = Lexer::new(text);
    let mut ahead = lexer.next();
    let mut before = None;
    while let Some(token) = ahead {
        ahead = lexer.next();
        if !reader.take(token, before, ahead) {
            return None;
        }
        before = Some(token);
    }
    if lexer.fault || reader.count.depth == 0 {
        return None;
    }
    reader.count.circular = reader.fragments.circular();
    Some((reader.count, lexer.at.min(text.len())))
}

impl Reader {
    /// Takes a token in; false where no document has it.
    fn take(
        &mut self,
        token: Token<'_>,
        before: Option<Token<'_>>,
        ahead: Option<Token<'_>>,
    ) -> bool {
        match token {
            Token::Mark(b'(') => self.parens += 1,
            Token::Mark(b')') if self.parens == 0 => return false,
            Token::Mark(b')') => self.parens -= 1,
            Token::Mark(b'[') => {
                self.brackets += 1;
                self.count.brackets = self.count.brackets.max(self.brackets);
            }
            Token::Mark(b']') => self.brackets = self.brackets.saturating_sub(1),
            _ if self.parens > 0 => {}
            Token::Mark(b'{') => self.open(),
            Token::Mark(b'}') if self.braces == 0 => return false,
            Token::Mark(b'}') => {
                self.braces -= 1;
                self.field = (0, self.braces);
            }
            Token::Mark(b'@') => {
                self.directives += 1;
                self.count.directives = self.count.directives.max(self.directives);
            }
            Token::Name(name) if self.braces == 0 => return self.head(name, before),
            Token::Name(name) => self.name(name, before, ahead),
            Token::Value => return false,
            Token::Spread | Token::Mark(_) => {}
        }
        true
    }

    fn open(&mut self) {
        if let Some(slot) = self.path.get_mut(self.braces) {
            *slot = self.field.0;
        }
        self.braces += 1;
        self.count.depth = self.count.depth.max(self.braces);
        let kept = self.path.get(..self.braces.min(LEVELS)).unwrap_or_default();
        if let (Some(last), true) = (kept.last(), self.field.0 != 0) {
            let same = kept.iter().filter(|own| *own == last).count();
            self.count.repeats = self.count.repeats.max(same);
        }
        self.run = 0;
        self.directives = 0;
        self.field = (0, self.braces);
    }

    /// A name outside of selections.
    fn head(&mut self, name: &[u8], before: Option<Token<'_>>) -> bool {
        match (name, before) {
            (_, Some(Token::Name(b"fragment"))) => {
                self.inside = hash(name);
                self.fragments.define(self.inside);
            }
            (b"query" | b"mutation" | b"subscription", None | Some(Token::Mark(b'}'))) => {
                self.count.operations += 1;
                self.count.mutation |= name == b"mutation";
                self.inside = 0;
            }
            (b"fragment", None | Some(Token::Mark(b'}'))) => {}
            (_, None | Some(Token::Mark(b'}'))) => return false,
            // `query Name`, `on Type`, `@directive`.
            _ => {}
        }
        true
    }

    /// A name in a selection.
    fn name(&mut self, name: &[u8], before: Option<Token<'_>>, ahead: Option<Token<'_>>) {
        match before {
            Some(Token::Mark(b'@')) | Some(Token::Name(b"on")) => return,
            Some(Token::Spread) => {
                if name != b"on" {
                    self.fragments.spread(self.inside, hash(name));
                }
                self.directives = 0;
                return;
            }
            _ => {}
        }
        if ahead == Some(Token::Mark(b':')) {
            self.count.aliases += 1;
            self.renamed = true;
            return;
        }
        self.directives = 0;
        self.count.schema |= name == b"__schema";
        self.count.types |= name == b"__type";
        let own = hash(name);
        if std::mem::take(&mut self.renamed) {
            self.rename(name, own);
            self.field = (self.known(name, own), self.braces);
            self.run = 0;
            return;
        }
        self.run = if self.field == (own, self.braces) {
            self.run + 1
        } else {
            1
        };
        self.count.run = self.count.run.max(self.run);
        self.field = (self.known(name, own), self.braces);
    }

    /// The name as it counts on the way to a field: those that stand in each other in every schema do not.
    fn known(&self, name: &[u8], own: u32) -> u32 {
        let usual: [&[u8]; 12] = [
            b"edges",
            b"node",
            b"nodes",
            b"ofType",
            b"children",
            b"replies",
            b"parent",
            b"items",
            b"data",
            b"fields",
            b"type",
            b"comments",
        ];
        if usual.contains(&name) { 0 } else { own }
    }

    fn rename(&mut self, name: &[u8], own: u32) {
        let Some(slot) = self.buckets.get_mut(own as usize % BUCKETS) else {
            return;
        };
        *slot = slot.saturating_add(1);
        self.count.same = self.count.same.max(usize::from(*slot));
        let secrets: [&[u8]; 9] = [
            b"login",
            b"signin",
            b"auth",
            b"password",
            b"otp",
            b"verify",
            b"token",
            b"2fa",
            b"coupon",
        ];
        let guess = |part: &&[u8]| {
            name.windows(part.len())
                .any(|own| own.eq_ignore_ascii_case(part))
        };
        self.count.guesses |= *slot > 2 && secrets.iter().any(guess);
    }
}
