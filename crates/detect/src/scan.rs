//! Which detectors look at a value, and through which decodings.

mod kinds;
mod unfold;

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher, RandomState};
use std::ops::Range;
use std::sync::LazyLock;

use crate::chain::{Chain, Step};
use crate::context::{Context, Place};
use crate::decode;
use crate::detector::{Class, Confidence, Detector, Input};
use crate::finder::Finder;
use crate::parts::{self, Kind, Part};
use crate::set::{self, Set};
use crate::text::{self, Model, Weigh};
use kinds::Kinds;

/// Texts looked at for one value, its parts and decodings among them.
const MOST_FORMS: usize = 16_384;

/// Hashes of decoded texts that there is room for from one value to the next.
const SEEN: usize = 64;

/// Looks at values with all detectors.
pub struct Scanner {
    detectors: &'static [&'static Detector],
    weigh: &'static dyn Weigh,
    /// The bytes that wake any detector.
    any: Set,
    /// For each byte, the detectors it wakes.
    by_byte: Box<[u32; 256]>,
    words: Finder,
    /// For each word, the detectors it wakes.
    owners: Vec<(&'static str, u32)>,
    /// The detectors that glance first.
    glancing: u32,
    /// For each kind of text, the detectors it means something to.
    meant: [u32; Kinds::COUNT],
}

static SHARED: LazyLock<Scanner> = LazyLock::new(|| Scanner::weighing(Model::shared()));

/// What was found in a value.
#[derive(Clone, Debug)]
pub struct Found {
    /// The class of the attack.
    pub class: Class,
    /// How sure the detector is.
    pub confidence: Confidence,
    /// What it was read as.
    pub reading: &'static str,
    /// The decodings that led to it.
    pub chain: Chain,
    /// The bytes that make the attack: in the value itself, or in [`Found::decoded`].
    pub span: Range<usize>,
    text: Bytes,
}

impl Found {
    /// The text that was read, where it is not the value itself.
    #[must_use]
    pub fn decoded<'a>(&self, work: &'a Scratch) -> Option<&'a [u8]> {
        self.text
            .made
            .then(|| work.arena.get(self.text.range()).unwrap_or_default())
    }
}

/// Bytes of the value, or made by a decoding.
#[derive(Clone, Copy, Debug)]
struct Bytes {
    made: bool,
    start: usize,
    end: usize,
}

impl Bytes {
    fn range(self) -> Range<usize> {
        self.start..self.end
    }

    fn part(self, range: &Range<usize>) -> Self {
        Self {
            made: self.made,
            start: self.start + range.start,
            end: self.start + range.end,
        }
    }
}

/// A text to look at.
#[derive(Clone, Copy, Debug)]
struct Form {
    text: Bytes,
    /// `None`: the name the caller gave.
    name: Option<Bytes>,
    place: Place,
    chain: Chain,
    /// How often something was decoded to come to it.
    depth: u8,
    /// Whether what is found is a degree less sure.
    weak: bool,
    /// Whether it is no text: a stream of compressed data that came in base64.
    packed: bool,
}

/// Bytes that decodings may still make of the values of a request: a start, and twice what it sends.
/// Without it, values that unfold (layers that undo in any order, archives) would cost far more than their
/// length.
///
/// What comes out of compressed data has an allowance of its own, a quarter of that at the start and an eighth
/// of it for what is sent: archives are ten times their size, so their beginning has to do, and nothing is left
/// undone elsewhere for their sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    decoded: usize,
    unpacked: usize,
}

impl Allowance {
    const START: usize = 64 << 10;
    const TIMES: usize = 2;
    const UNPACKED: usize = 16 << 10;
    const UNPACKED_PART: usize = 4;
    /// Where there is so much for each byte of a text, its decodings are undone in every order.
    const EACH: usize = 4;

    /// Bytes that decodings may still make, compressed data apart.
    #[must_use]
    pub fn left(&self) -> usize {
        self.decoded
    }

    /// With what one more value adds.
    fn grown(self, value: usize) -> Self {
        Self {
            decoded: self
                .decoded
                .saturating_add(value.saturating_mul(Self::TIMES)),
            unpacked: self.unpacked.saturating_add(value / Self::UNPACKED_PART),
        }
    }

    /// What is left for a text that these steps lead to.
    fn of(&mut self, chain: Chain) -> &mut usize {
        if is_unpacked(chain) {
            &mut self.unpacked
        } else {
            &mut self.decoded
        }
    }
}

impl Default for Allowance {
    fn default() -> Self {
        Self {
            decoded: Self::START,
            unpacked: Self::UNPACKED,
        }
    }
}

fn is_unpacked(chain: Chain) -> bool {
    chain.steps().any(|step| step == Step::Inflate)
}

/// What the caller knows of a value.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The set of its bytes.
    pub set: &'a Set,
    /// The detectors that its words wake; `None` where nobody looked.
    pub wanted: Option<u32>,
    /// The detectors that anybody asks ([`Scanner::of_class`]); the others do not look.
    pub asked: u32,
}

/// Working memory of a scan. Cleared, it keeps its capacity and nothing else.
#[derive(Debug, Default)]
pub struct Scratch {
    arena: Vec<u8>,
    forms: Vec<Form>,
    parts: Vec<Part>,
    made: Vec<u8>,
    before: Vec<u8>,
    found: Vec<Found>,
    /// The decoded texts noted, by hash: most decodings may be undone in any order.
    seen: HashSet<u64, BuildHasherDefault<Itself>>,
    /// What they are hashed with, so that nobody can make two texts pass for one.
    keys: RandomState,
    unpacker: decode::Unpacker,
    left: Allowance,
    is_whole: bool,
    is_cut: bool,
    /// The detectors that anybody asks.
    asked: u32,
}

impl Scratch {
    /// What the last scan found: for each class the strongest.
    #[must_use]
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// Whether the value holds more than was looked at: more parts or more bytes of encoded text than one
    /// may have. What compressed data holds beyond what is looked at is none of it.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.is_cut
    }

    /// Whether all was looked at that would have been had the request sent nothing else.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.is_whole && !self.is_cut
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let Self {
            arena,
            forms,
            parts,
            made,
            before,
            found,
            seen,
            keys: _,
            // Begins anew with each stream.
            unpacker: _,
            left,
            is_whole,
            is_cut,
            asked,
        } = self;
        arena.clear();
        forms.clear();
        parts.clear();
        made.clear();
        before.clear();
        found.clear();
        // Emptying a table takes as long as it is large; a value that filled it must not cost all others.
        seen.clear();
        if seen.capacity() > 4 * SEEN {
            seen.shrink_to(SEEN);
        }
        *left = Allowance::default();
        *is_whole = true;
        *is_cut = false;
        *asked = 0;
    }
}

/// The hash of what is a hash.
#[derive(Debug, Default)]
struct Itself(u64);

impl Hasher for Itself {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let bytes = bytes.iter();
        self.0 = bytes.fold(self.0, |own, byte| own << 8 | u64::from(*byte));
    }

    fn write_u64(&mut self, own: u64) {
        self.0 = own;
    }
}

/// A value with the name of its field.
#[derive(Clone, Copy)]
struct Source<'a> {
    value: &'a [u8],
    name: &'a [u8],
}

impl<'a> Source<'a> {
    fn text<'b>(self, arena: &'b [u8], bytes: Bytes) -> &'b [u8]
    where
        'a: 'b,
    {
        let all = if bytes.made { arena } else { self.value };
        all.get(bytes.range()).unwrap_or_default()
    }
}

impl std::fmt::Debug for Scanner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scanner")
            .field("words", &self.owners.len())
            .finish_non_exhaustive()
    }
}

impl Scanner {
    /// The one scanner over all detectors; made when it is first asked for.
    #[must_use]
    pub fn shared() -> &'static Self {
        &SHARED
    }

    /// Makes the shared scanner now, so that no request waits for it.
    pub fn warm() {
        LazyLock::force(&SHARED);
    }

    /// A scanner over all detectors whose findings somebody else weighs: whoever trains the model.
    #[must_use]
    pub fn weighing(weigh: &'static dyn Weigh) -> Self {
        Self::new(crate::DETECTORS, weigh)
    }

    fn new(detectors: &'static [&'static Detector], weigh: &'static dyn Weigh) -> Self {
        let mut owners: Vec<(&str, u32)> = Vec::new();
        for (at, detector) in detectors.iter().enumerate() {
            for word in detector.words {
                match owners.iter_mut().find(|(own, _)| own == word) {
                    Some((_, owner)) => *owner |= 1 << at,
                    None => owners.push((*word, 1 << at)),
                }
            }
        }
        let mut by_byte = Box::new([0; 256]);
        for (at, detector) in detectors.iter().enumerate() {
            for byte in detector.bytes {
                if let Some(awake) = by_byte.get_mut(usize::from(*byte)) {
                    *awake |= 1 << at;
                }
            }
        }
        let all = detectors
            .iter()
            .fold([0; 4], |all, own| set::union(all, set::of(own.bytes)));
        let words: Vec<&[u8]> = owners.iter().map(|(word, _)| word.as_bytes()).collect();
        let meant = std::array::from_fn(|kind| {
            let all = detectors.iter().enumerate();
            all.fold(0, |all, (at, own)| {
                all | u32::from(Kinds::fits(kind, own.class)) << at
            })
        });
        Self {
            detectors,
            weigh,
            any: all,
            by_byte,
            words: Finder::new(&words),
            owners,
            glancing: (0..).zip(detectors).fold(0, |all, (at, own)| {
                all | u32::from(own.glance.is_some()) << at
            }),
            meant,
        }
    }

    /// The bytes by which no text wakes a detector, is taken apart or decoded: where it has no others, only words
    /// ([`Scanner::words`]) and what [`Scanner::unfolds`] tells of are left.
    #[must_use]
    pub fn dull(&self) -> Set {
        let telling = set::union(set::union(self.any, OPENING), unfold::MARKS);
        telling.map(|own| !own)
    }

    /// Whether a text of [dull](Scanner::dull) bytes, the value of a field of that name, may stand for another.
    #[must_use]
    pub fn unfolds(text: &[u8], set: &Set, name: &[u8]) -> bool {
        unfold::may_stand_for_another(text, set, name)
    }

    /// The words that wake detectors, with those they wake, one bit each: for whoever looks for words of
    /// his own and can look for these with them.
    pub fn words(&self) -> impl Iterator<Item = (&'static str, u32)> {
        self.owners.iter().copied()
    }

    /// Looks at a value by itself. `set` is the set of its bytes. What was found is in `work`.
    pub fn scan(&self, value: &[u8], set: &Set, place: Place, name: &[u8], work: &mut Scratch) {
        let known = Known {
            set,
            wanted: None,
            asked: u32::MAX,
        };
        self.scan_knowing(value, known, (place, name), &mut Allowance::default(), work);
    }

    /// The same for one value of many, of which more or less is known. `allowance` is the request's.
    pub fn scan_knowing(
        &self,
        value: &[u8],
        known: Known<'_>,
        (place, name): (Place, &[u8]),
        allowance: &mut Allowance,
        work: &mut Scratch,
    ) {
        work.clear();
        if value.is_empty() {
            return;
        }
        work.left = allowance.grown(value.len());
        work.asked = known.asked;
        let source = Source { value, name };
        let text = Bytes {
            made: false,
            start: 0,
            end: value.len(),
        };
        let whole = Form {
            text,
            name: None,
            place,
            chain: Chain::default(),
            depth: 0,
            weak: false,
            packed: false,
        };
        let wanted = known
            .wanted
            .unwrap_or_else(|| self.wanted(value, known.set));
        self.look(source, whole, known.set, Some(wanted), work);
        let mut at = 0;
        while let Some(form) = work.forms.get(at).copied() {
            at += 1;
            let set = set::of(source.text(&work.arena, form.text));
            self.look(source, form, &set, None, work);
        }
        *allowance = work.left;
    }

    /// One text: its detectors, then its parts and decodings for later.
    fn look(
        &self,
        source: Source<'_>,
        form: Form,
        set: &Set,
        wanted: Option<u32>,
        work: &mut Scratch,
    ) {
        let taken_apart = match form.place {
            Place::File => None,
            _ if !set::intersects(OPENING, *set) => None,
            _ => split(source, form, set, work),
        };
        let text = source.text(&work.arena, form.text);
        let wanted = wanted.unwrap_or_else(|| self.wanted(text, set));
        let mut awake = self.awake(text, set, wanted) & work.asked;
        awake &= self
            .meant
            .get(Kinds::of(form, taken_apart))
            .copied()
            .unwrap_or(u32::MAX);
        if awake != 0 {
            self.ask(source, form, awake, work);
        }
        match form.place {
            _ if taken_apart.is_some() => {}
            Place::File => unfold::files(source, form, work),
            _ => unfold::decodings(source, form, set, work),
        }
    }

    /// The detectors of a class, one bit each.
    #[must_use]
    pub fn of_class(&self, class: Class) -> u32 {
        let all = self.detectors.iter().enumerate();
        all.fold(0, |all, (at, own)| {
            all | u32::from(own.class == class) << at
        })
    }

    /// The detectors that have anything to look at.
    fn awake(&self, text: &[u8], set: &Set, wanted: u32) -> u32 {
        let mut awake = 0;
        for (base, (own, any)) in (0..).step_by(64).zip(set.iter().zip(&self.any)) {
            let mut rest = own & any;
            while rest != 0 {
                let byte = base + rest.trailing_zeros() as usize;
                awake |= self.by_byte.get(byte).copied().unwrap_or(u32::MAX);
                rest &= rest - 1;
            }
        }
        let mut glanced = awake & !wanted & self.glancing;
        while glanced != 0 {
            let at = glanced.trailing_zeros();
            glanced &= glanced - 1;
            let glance = self.detectors.get(at as usize).and_then(|own| own.glance);
            if glance.is_some_and(|glance| !glance(text, set)) {
                awake &= !(1 << at);
            }
        }
        awake | wanted
    }

    /// The detectors whose words the text holds.
    fn wanted(&self, text: &[u8], set: &Set) -> u32 {
        let mut wanted = 0;
        self.words.find(text, set, |word| {
            wanted |= self.owners.get(word as usize).map_or(0, |(_, own)| *own);
        });
        wanted
    }

    fn ask(&self, source: Source<'_>, form: Form, awake: u32, work: &mut Scratch) {
        let Scratch { arena, found, .. } = work;
        let text = source.text(arena, form.text);
        let name = form
            .name
            .map_or(source.name, |name| source.text(arena, name));
        let referred = form.name.is_some() && source.name.eq_ignore_ascii_case(b"Referer");
        let context = Context {
            referred,
            ..Context::new(form.place, name)
        };
        let input = Input {
            text,
            context,
            depth: u8::try_from(form.chain.len()).unwrap_or(u8::MAX),
        };
        for (at, detector) in self.detectors.iter().enumerate() {
            let is_certain =
                |own: &Found| own.class == detector.class && own.confidence == Confidence::Certain;
            if awake >> at & 1 == 0 || found.iter().any(is_certain) {
                continue;
            }
            let Some(own) = text::detect(detector, &input, self.weigh) else {
                continue;
            };
            let own = Found {
                class: detector.class,
                confidence: if form.weak {
                    own.confidence.less()
                } else {
                    own.confidence
                },
                reading: own.reading,
                chain: form.chain,
                span: if form.text.made {
                    own.span
                } else {
                    form.text.start + own.span.start..form.text.start + own.span.end
                },
                text: form.text,
            };
            match found.iter_mut().find(|known| known.class == own.class) {
                Some(known) if known.confidence >= own.confidence => {}
                Some(known) => *known = own,
                None => found.push(own),
            }
        }
    }
}

/// What a text that is made of others is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Json,
    Url,
    Pairs,
}

/// Takes a text apart, if it is of a known shape.
fn split(source: Source<'_>, form: Form, set: &Set, work: &mut Scratch) -> Option<Shape> {
    let mut list = std::mem::take(&mut work.parts);
    list.clear();
    let text = source.text(&work.arena, form.text);
    let trimmed = text.trim_ascii_start();
    let shape = match trimmed.first() {
        Some(b'{' | b'[' | b'0'..=b'9') if framed_json(text, &mut list) => Some(Shape::Json),
        // The path of the request itself has been taken apart already.
        _ if form.place == Place::Path => None,
        _ if set::has(*set, b'/') && parts::url::parts(text, &mut list) => Some(Shape::Url),
        _ if set::has(*set, b'&') && parts::pairs::parts(text, &mut list) => Some(Shape::Pairs),
        _ => None,
    };
    if let Some(shape) = shape {
        for part in &list {
            push_part(source, form, shape, part, work);
        }
    }
    work.parts = list;
    shape
}

/// JSON, also behind the number that event streams over polling and WebSocket put before it.
fn framed_json(text: &[u8], list: &mut Vec<Part>) -> bool {
    let digits = text
        .iter()
        .take(6)
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    let rest = text.get(digits..).unwrap_or_default();
    if digits > 0 && !matches!(rest, [b'{' | b'[', ..]) {
        return false;
    }
    let done = parts::json::parts(rest, list);
    for part in list {
        for range in [&mut part.name, &mut part.text] {
            *range = range.start + digits..range.end + digits;
        }
    }
    done
}

/// Notes a part for later; names that are plain words and empty texts are nothing to look at.
fn push_part(source: Source<'_>, form: Form, shape: Shape, part: &Part, work: &mut Scratch) {
    let mut text = form.text.part(&part.text);
    let bytes = source.text(&work.arena, text);
    let place = match (part.kind, shape) {
        (Kind::Key, _) => Place::Name,
        (Kind::Path, _) => Place::Path,
        (Kind::Value, _) => Place::Json,
        (Kind::Field, Shape::Url) => Place::Query,
        (Kind::Field, Shape::Pairs | Shape::Json) => form.place,
    };
    if bytes.is_empty() || (part.kind == Kind::Key && is_plain(bytes)) {
        return;
    }
    if work.forms.len() >= MOST_FORMS {
        work.is_cut |= !is_unpacked(form.chain);
        return;
    }
    let step = match shape {
        Shape::Json => Step::Json,
        Shape::Url => Step::Url,
        Shape::Pairs => Step::Pair,
    };
    if shape == Shape::Json && bytes.contains(&b'\\') {
        let Scratch { made, arena, .. } = work;
        made.clear();
        decode::json(source.text(arena, text), made);
        text = keep(arena, made);
    }
    work.forms.push(Form {
        text,
        name: Some(form.text.part(&part.name)),
        place,
        chain: form.chain.then(step),
        depth: form.depth,
        weak: form.weak,
        packed: false,
    });
}

/// Whether a key is a word like any other.
fn is_plain(key: &[u8]) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-[]:/@ ".contains(byte);
    key.iter().all(plain) && !key.starts_with(b"_") && !key.starts_with(b"constructor")
}

fn keep(arena: &mut Vec<u8>, made: &[u8]) -> Bytes {
    let start = arena.len();
    arena.extend_from_slice(made);
    Bytes {
        made: true,
        start,
        end: arena.len(),
    }
}

/// What a text that is made of others has one of, each.
const OPENING: Set = set::of(b"{[/&");
