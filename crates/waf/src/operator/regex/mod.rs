//! Patterns of `@rx`: PCRE as rules use it, run in linear time wherever the pattern allows.
//!
//! ModSecurity compiles every pattern with `DOTALL` and `MULTILINE` and without UTF: one character
//! is one byte. `dialect` rewrites PCRE to what the Rust engines read under the same flags.
//! Look-around, back references and atomic groups need the backtracking engine, which stops after
//! a number of steps and says so ([`StepLimit`]); everything else runs in time linear in the value.
//!
//! In PCRE `^` does not match after a line feed that ends the value; the Rust engines disagree, so
//! such a match is taken back when it is empty (`^$` on `a\n`). A pattern like `\n^` still differs.

mod class;
mod dialect;
mod fresh;
mod starts;
pub(crate) mod together;

#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use fancy_regex::{BytesMode, RegexBuilder};
use regex_automata::meta;
use regex_automata::nfa::thompson::WhichCaptures;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Anchored, Input};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::Hir;

/// Groups whose text a rule can see, the whole match (0) included: `TX:0` to `TX:9`.
pub const GROUPS: usize = 10;

/// How to compile a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Whether letter case is ignored.
    pub ignore_case: bool,
    /// Whether [`Pattern::captures`] will be asked for more than the whole match; without it a
    /// pattern is smaller and compiles faster.
    pub groups: bool,
    /// Whether the pattern gets a literal search of its own. It makes up a third of the time of
    /// compiling, and is of no use to a pattern that only runs after its literals were seen.
    pub prefilter: bool,
    /// Bytes one compiled pattern may take; also bounds its lazy tables.
    pub size: usize,
    /// Steps the backtracking engine may take on one value.
    pub steps: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            ignore_case: false,
            groups: true,
            prefilter: true,
            size: 4 << 20,
            steps: 100_000,
        }
    }
}

/// Where to look for a match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    /// None begins before this.
    pub(crate) from: usize,
    /// Whether it is known to begin there.
    pub(crate) begins: bool,
    /// So many bytes of it are as good as all.
    pub(crate) enough: usize,
}

impl Default for Place {
    fn default() -> Self {
        Self {
            from: 0,
            begins: false,
            enough: usize::MAX,
        }
    }
}

/// The backtracking engine gave up: the value may or may not match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pattern took too many steps on this value")]
pub struct StepLimit;

/// A pattern; compiled when it is first needed, unless [`Pattern::build`] has done it before.
#[derive(Debug)]
pub struct Pattern {
    engine: Engine,
    /// See [`dialect::Translated::caret`].
    caret: bool,
}

#[derive(Debug)]
enum Engine {
    Linear(Box<Linear>),
    Backtracking(Box<fancy_regex::Regex>),
}

/// A pattern for the engine whose time is linear.
#[derive(Debug)]
struct Linear {
    options: Options,
    /// The pattern as the engine reads it.
    text: Box<str>,
    /// What it means takes a hundred times the memory of its text, and is wanted once or never.
    meaning: Mutex<Option<Arc<Hir>>>,
    regex: OnceLock<Result<meta::Regex, String>>,
    /// The same for [`together::search`]; `None` where it would be too large.
    automaton: OnceLock<Option<Box<together::Automaton>>>,
}

impl Linear {
    fn new(text: &str, options: &Options, meaning: Option<Arc<Hir>>) -> Self {
        Self {
            options: *options,
            text: text.into(),
            meaning: Mutex::new(meaning),
            regex: OnceLock::new(),
            automaton: OnceLock::new(),
        }
    }

    fn hir(&self) -> Option<Arc<Hir>> {
        let mut kept = self.meaning.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_none() {
            *kept = read(&self.text, &self.options).ok().map(Arc::new);
        }
        kept.clone()
    }

    fn built(&self) -> &Result<meta::Regex, String> {
        self.regex.get_or_init(|| match self.hir() {
            Some(hir) => build(&hir, &self.options),
            None => Err("the pattern cannot be read again".to_owned()),
        })
    }

    /// The compiled pattern. One that cannot be compiled is as one that gives up.
    fn regex(&self) -> Result<&meta::Regex, StepLimit> {
        self.built().as_ref().map_err(|_| StepLimit)
    }
}

/// Working memory of one pattern for one thread at a time.
#[derive(Clone, Debug)]
pub struct Cache(Option<Box<meta::Cache>>);

/// Where the groups of a match lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    slots: [Option<NonMaxUsize>; GROUPS * 2],
}

impl Captures {
    /// Where group `index` matched; `None` if it did not take part in the match.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Range<usize>> {
        match self.slots.get(index * 2..index * 2 + 2) {
            Some([Some(start), Some(end)]) => Some(start.get()..end.get()),
            _ => None,
        }
    }

    /// The whole match.
    fn whole(&self) -> Range<usize> {
        self.get(0).unwrap_or_default()
    }
}

impl Pattern {
    /// Reads a pattern written for PCRE, without compiling it yet.
    ///
    /// # Errors
    /// What is wrong with the pattern or not supported, in words.
    pub fn parse(pattern: impl AsRef<[u8]>, options: &Options) -> Result<Self, String> {
        let translated = dialect::translate(pattern.as_ref())?;
        let engine = if translated.backtracks {
            backtracking(&translated.pattern, options)?
        } else {
            linear(&translated.pattern, options)?
        };
        Ok(Self {
            engine,
            caret: translated.caret,
        })
    }

    /// Compiles what was read.
    ///
    /// # Errors
    /// The compiled pattern would be too large.
    pub fn build(&self) -> Result<(), String> {
        match &self.engine {
            Engine::Linear(own) => own.built().as_ref().map(|_| ()).map_err(Clone::clone),
            Engine::Backtracking(_) => Ok(()),
        }
    }

    /// Reads and compiles a pattern written for PCRE.
    ///
    /// # Errors
    /// What is wrong with the pattern or not supported, in words.
    pub fn compile(pattern: impl AsRef<[u8]>, options: &Options) -> Result<Self, String> {
        let own = Self::parse(pattern, options)?;
        own.build()?;
        Ok(own)
    }

    /// Working memory for this pattern.
    #[must_use]
    pub fn create_cache(&self) -> Cache {
        Cache(match &self.engine {
            Engine::Linear(own) => own.regex().ok().map(|own| Box::new(own.create_cache())),
            Engine::Backtracking(_) => None,
        })
    }

    /// Whether the pattern needs the backtracking engine.
    #[must_use]
    pub fn backtracks(&self) -> bool {
        matches!(self.engine, Engine::Backtracking(_))
    }

    /// What a linear pattern means, for finding the literals it requires.
    #[must_use]
    pub fn hir(&self) -> Option<Arc<Hir>> {
        match &self.engine {
            Engine::Linear(own) => own.hir(),
            Engine::Backtracking(_) => None,
        }
    }

    /// Whether it runs in linear time, so that it never gives up.
    #[must_use]
    pub fn is_linear(&self) -> bool {
        matches!(self.engine, Engine::Linear(_))
    }

    /// Frees the memory of [`Pattern::hir`]; who asks again has the pattern read again.
    pub fn forget(&self) {
        if let Engine::Linear(own) = &self.engine {
            *own.meaning.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// The same pattern, compiled, without the memory of its [`Pattern::hir`].
    ///
    /// # Errors
    /// As [`Pattern::build`].
    pub fn without_hir(&self) -> Result<Self, String> {
        self.build()?;
        let engine = match &self.engine {
            Engine::Linear(own) => {
                let mut same = Linear::new(&own.text, &own.options, None);
                same.regex = own.regex.clone();
                Engine::Linear(Box::new(same))
            }
            Engine::Backtracking(regex) => Engine::Backtracking(regex.clone()),
        };
        Ok(Self {
            engine,
            caret: self.caret,
        })
    }

    /// Bytes of heap memory the compiled pattern takes, caches apart; 0 where it is not known.
    #[must_use]
    pub fn memory(&self) -> usize {
        match &self.engine {
            Engine::Linear(own) => own.regex().map_or(0, meta::Regex::memory_usage),
            Engine::Backtracking(_) => 0,
        }
    }

    /// Whether the pattern matches anywhere in the value.
    ///
    /// # Errors
    /// [`StepLimit`], from the backtracking engine only.
    pub fn is_match(&self, cache: &mut Cache, value: &[u8]) -> Result<bool, StepLimit> {
        if self.caret && value.ends_with(b"\n") {
            return self.find(cache, value, Place::default(), &mut Captures::default());
        }
        match (&self.engine, &mut cache.0) {
            (Engine::Linear(own), Some(cache)) => Ok(own
                .regex()?
                .search_half_with(cache, &Input::new(value).earliest(true))
                .is_some()),
            // A cache made for another pattern: correct, only slower.
            (Engine::Linear(own), None) => Ok(own.regex()?.is_match(value)),
            (Engine::Backtracking(regex), _) => regex.is_match(value).map_err(|_| StepLimit),
        }
    }

    /// The pattern for [`together::search`]; `None` where it cannot run so. Made when it is first asked for.
    pub(crate) fn automaton(&self) -> Option<&together::Automaton> {
        let Engine::Linear(own) = &self.engine else {
            return None;
        };
        let made = own.automaton.get_or_init(|| {
            let made = read(&own.text, &own.options).ok();
            made.and_then(|hir| together::Automaton::new(&hir, &own.options, self.caret))
                .map(Box::new)
        });
        made.as_deref()
    }

    /// The same without memory of the caller's, for patterns that are asked rarely. A pattern that
    /// gives up counts as matched.
    #[must_use]
    pub fn is_match_alone(&self, value: &[u8]) -> bool {
        match &self.engine {
            Engine::Linear(own) => own.regex().map_or(true, |own| own.is_match(value)),
            Engine::Backtracking(regex) => regex.is_match(value).unwrap_or(true),
        }
    }

    /// Finds the first match, without its groups where that takes less time. Of one that is longer than
    /// `place.enough` no more than so much needs to be found.
    ///
    /// # Errors
    /// [`StepLimit`], from the backtracking engine only.
    pub(crate) fn find(
        &self,
        cache: &mut Cache,
        value: &[u8],
        place: Place,
        found: &mut Captures,
    ) -> Result<bool, StepLimit> {
        let (Engine::Linear(own), Some(kept)) = (&self.engine, &mut cache.0) else {
            return self.captures_from(cache, value, place.from, found);
        };
        let anchored = if place.begins {
            Anchored::Yes
        } else {
            Anchored::No
        };
        let input = Input::new(value).range(place.from..).anchored(anchored);
        let part = place.from.saturating_add(place.enough.saturating_mul(2));
        let mut whole = None;
        if place.begins && part < value.len() {
            // Whatever else may be found of a match that has begun lies behind what was looked at.
            let part = input.clone().range(place.from..part);
            whole = own.regex()?.search_with(kept, &part);
            whole = whole.filter(|own| own.len() >= place.enough);
        }
        if whole.is_none() {
            whole = own.regex()?.search_with(kept, &input);
        }
        *found = Captures::default();
        if let (Some(whole), [start, end, ..]) = (&whole, &mut found.slots) {
            *start = NonMaxUsize::new(whole.start());
            *end = NonMaxUsize::new(whole.end());
        }
        Ok(whole.is_some() && !self.is_taken_back(value, found))
    }

    /// Finds the first match and its groups; `found` is meaningful only after `Ok(true)`.
    ///
    /// # Errors
    /// [`StepLimit`], from the backtracking engine only.
    pub fn captures(
        &self,
        cache: &mut Cache,
        value: &[u8],
        found: &mut Captures,
    ) -> Result<bool, StepLimit> {
        self.captures_from(cache, value, 0, found)
    }

    /// The same, starting at byte `from` but seeing what lies before it.
    ///
    /// # Errors
    /// [`StepLimit`], from the backtracking engine only.
    pub fn captures_from(
        &self,
        cache: &mut Cache,
        value: &[u8],
        from: usize,
        found: &mut Captures,
    ) -> Result<bool, StepLimit> {
        *found = Captures::default();
        if from > value.len() {
            return Ok(false);
        }
        let matched = match (&self.engine, &mut cache.0) {
            (Engine::Linear(own), Some(cache)) => {
                search_slots(own.regex()?, cache, value, from, found)
            }
            (Engine::Linear(own), None) => {
                let regex = own.regex()?;
                search_slots(regex, &mut regex.create_cache(), value, from, found)
            }
            (Engine::Backtracking(regex), _) => backtrack(regex, value, from, found)?,
        };
        Ok(matched && !self.is_taken_back(value, found))
    }

    /// Whether it is a match that PCRE would not have seen: of nothing, behind the last line feed.
    fn is_taken_back(&self, value: &[u8], found: &Captures) -> bool {
        self.caret && value.ends_with(b"\n") && found.whole() == (value.len()..value.len())
    }

    /// `@rxGlobal`: tells every match, one after the other, until `each` answers `false`.
    /// Returns whether there was one.
    ///
    /// # Errors
    /// [`StepLimit`], from the backtracking engine only.
    pub fn each_match(
        &self,
        cache: &mut Cache,
        value: &[u8],
        mut each: impl FnMut(&Captures) -> bool,
    ) -> Result<bool, StepLimit> {
        let mut found = Captures::default();
        let (mut from, mut any) = (0, false);
        while self.captures_from(cache, value, from, &mut found)? {
            any = true;
            if !each(&found) {
                break;
            }
            let whole = found.whole();
            from = whole.end + usize::from(whole.is_empty());
        }
        Ok(any)
    }

    /// `@verifyCC` and its kin: the first match that `verify` accepts, among those that begin at
    /// different bytes. Overlapping candidates are tried as long as this costs no more than sixteen
    /// passes over the value; after that the search goes on behind each match.
    ///
    /// # Errors
    /// [`StepLimit`], from the backtracking engine only.
    pub fn find_verified(
        &self,
        cache: &mut Cache,
        value: &[u8],
        verify: fn(&[u8]) -> bool,
    ) -> Result<Option<Range<usize>>, StepLimit> {
        let mut found = Captures::default();
        let mut budget = value.len().saturating_mul(16).saturating_add(4096);
        let mut from = 0;
        while self.captures_from(cache, value, from, &mut found)? {
            let whole = found.whole();
            if value.get(whole.clone()).is_some_and(verify) {
                return Ok(Some(whole));
            }
            let cost = whole.end.saturating_sub(from);
            budget = budget.saturating_sub(cost);
            from = if budget > 0 {
                whole.start + 1
            } else {
                whole.end.max(whole.start + 1)
            };
        }
        Ok(None)
    }
}

/// Hands over only as many slots as the pattern has: the engine indexes by their number.
fn search_slots(
    regex: &meta::Regex,
    cache: &mut meta::Cache,
    value: &[u8],
    from: usize,
    found: &mut Captures,
) -> bool {
    let len = regex.group_info().slot_len().min(found.slots.len());
    let slots = found.slots.get_mut(..len).unwrap_or_default();
    regex
        .search_slots_with(cache, &Input::new(value).range(from..), slots)
        .is_some()
}

fn linear(pattern: &str, options: &Options) -> Result<Engine, String> {
    let hir = Arc::new(read(pattern, options)?);
    let own = Linear::new(pattern, options, Some(hir));
    Ok(Engine::Linear(Box::new(own)))
}

fn read(pattern: &str, options: &Options) -> Result<Hir, String> {
    ParserBuilder::new()
        .utf8(false)
        .unicode(false)
        .multi_line(true)
        .dot_matches_new_line(true)
        .case_insensitive(options.ignore_case)
        .build()
        .parse(pattern)
        .map_err(|error| describe(&error))
}

fn build(hir: &Hir, options: &Options) -> Result<meta::Regex, String> {
    let captures = if options.groups {
        WhichCaptures::All
    } else {
        WhichCaptures::Implicit
    };
    let config = meta::Config::new()
        .utf8_empty(false)
        .which_captures(captures)
        .auto_prefilter(options.prefilter)
        .onepass(options.groups)
        .nfa_size_limit(Some(options.size))
        .onepass_size_limit(Some(options.size.min(1 << 20)))
        .hybrid_cache_capacity(options.size.clamp(64 << 10, 2 << 20));
    let regex = meta::Builder::new().configure(config).build_from_hir(hir);
    regex.map_err(|error| match error.size_limit() {
        Some(limit) => format!("the compiled pattern would take more than {limit} bytes"),
        None => error.to_string(),
    })
}

fn describe(error: &regex_syntax::Error) -> String {
    match error {
        regex_syntax::Error::Parse(error) => error.kind().to_string(),
        regex_syntax::Error::Translate(error) => error.kind().to_string(),
        other => other.to_string(),
    }
}

fn backtracking(pattern: &str, options: &Options) -> Result<Engine, String> {
    let regex = RegexBuilder::new(pattern)
        .bytes_mode(BytesMode::Ascii)
        .multi_line(true)
        .dot_matches_new_line(true)
        .case_insensitive(options.ignore_case)
        .backtrack_limit(options.steps)
        .delegate_size_limit(options.size)
        .build()
        .map_err(|error| error.to_string())?;
    Ok(Engine::Backtracking(Box::new(regex)))
}

fn backtrack(
    regex: &fancy_regex::Regex,
    value: &[u8],
    from: usize,
    found: &mut Captures,
) -> Result<bool, StepLimit> {
    let Some(captures) = regex
        .captures_from_pos(value, from)
        .map_err(|_| StepLimit)?
    else {
        return Ok(false);
    };
    for (group, slots) in found.slots.chunks_exact_mut(2).enumerate() {
        if let (Some(range), [start, end]) = (captures.get(group).map(|group| group.range()), slots)
        {
            *start = NonMaxUsize::new(range.start);
            *end = NonMaxUsize::new(range.end);
        }
    }
    Ok(true)
}
