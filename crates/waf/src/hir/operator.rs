//! How a rule judges a value.

use std::path::Path;
use std::sync::Arc;

use babyshield_detect::{Class, Confidence};
use babyshield_model::{Diagnostic, Diagnostics, Span};

use super::lower::did_you_mean;
use super::template::Template;
use crate::byteset::ByteSet;
use crate::operator::regex::Options;
use crate::operator::regex::Pattern;
use crate::operator::{address, bytes, checksum, phrases};
use crate::seclang::ast;
use crate::source::Files;
use crate::variable::Variable;

/// An operator with its parameter understood.
#[derive(Clone, Debug)]
pub enum Operator {
    /// `@unconditionalMatch`, and `SecAction`.
    Always,
    /// `@noMatch`.
    Never,
    /// `@rx`: a PCRE pattern.
    Rx(Arc<Regex>),
    /// `@rx` with macros: compiled when it is asked, for the text the macros give.
    RxMacro(Template),
    /// `@rxGlobal`: the same, with every match captured.
    RxGlobal(Arc<Regex>),
    /// `@pm`, `@pmFromFile`: any of these phrases, in any case.
    Phrases(Vec<Vec<u8>>),
    /// Comparison of text.
    Text(Text, Template),
    /// Comparison of numbers.
    Number(Number, Template),
    /// `@ipMatch`, `@ipMatchFromFile`: one of these networks, separated by commas.
    IpMatch(address::Networks),
    /// `@validateByteRange`: a byte outside these ranges.
    ByteRange(ByteSet),
    /// `@validateUrlEncoding`: a faulty percent escape.
    UrlEncoding,
    /// `@validateUtf8Encoding`: bytes that are not UTF-8.
    Utf8Encoding,
    /// A pattern whose match must also pass a checksum.
    Checksum(Checksum, Arc<Regex>),
    /// `@detectSQLi`.
    DetectSqli,
    /// `@detectXSS`.
    DetectXss,
    /// `@detect CLASS CONFIDENCE`: the semantic detectors, at least so sure.
    Detect(Class, Confidence),
    /// `@geoLookup`: fills `GEO` for an address.
    GeoLookup,
    /// `@rbl`: whether a DNS block list of this zone names the address.
    Rbl(String),
}

/// A pattern with the text it was read from.
#[derive(Debug)]
pub struct Regex {
    /// As written.
    pub text: String,
    /// Whether it has all its groups.
    pub groups: bool,
    /// Read, and compiled when it is needed.
    pub pattern: Pattern,
    /// Where it was written.
    pub span: Span,
}

/// Which check digits a match must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checksum {
    /// `@verifyCC`: payment cards.
    Card,
    /// `@verifyCPF`: Brazil.
    Cpf,
    /// `@verifySSN`: USA.
    Ssn,
    /// `@verifySVNR`: Austria.
    Svnr,
}

impl Checksum {
    /// The test itself.
    #[must_use]
    pub fn verify(self) -> fn(&[u8]) -> bool {
        match self {
            Self::Card => checksum::card,
            Self::Cpf => checksum::cpf,
            Self::Ssn => checksum::ssn,
            Self::Svnr => checksum::svnr,
        }
    }
}

/// An operator as a rule names it, for those who read about a match.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Asked {
    /// With the capital letters of ModSecurity's logs: `Contains`, `PmFromFile`.
    pub name: String,
    /// As written.
    pub parameter: String,
}

impl Asked {
    /// Of a rule's second argument.
    pub(super) fn of(text: &ast::Text) -> Self {
        let text = text.value.trim();
        let text = text.strip_prefix('!').unwrap_or(text).trim_start();
        let Some(text) = text.strip_prefix('@') else {
            return Self {
                name: "Rx".to_owned(),
                parameter: text.to_owned(),
            };
        };
        let (word, parameter) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let known = NAMES.iter().find(|own| own.eq_ignore_ascii_case(word));
        let name = match *known.unwrap_or(&word) {
            "streq" => "StrEq".to_owned(),
            "strmatch" => "StrMatch".to_owned(),
            other => {
                let mut letters = other.chars();
                let first = letters.next().map(|c| c.to_ascii_uppercase());
                first.into_iter().chain(letters).collect()
            }
        };
        Self {
            name,
            parameter: parameter.trim().to_owned(),
        }
    }
}

/// Comparison of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the language's own words")]
pub enum Text {
    Streq,
    Contains,
    ContainsWord,
    BeginsWith,
    EndsWith,
    Within,
    Strmatch,
}

/// Comparison of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the language's own words")]
pub enum Number {
    Eq,
    Ge,
    Gt,
    Le,
    Lt,
}

impl Number {
    /// Whether `own` compares so with `parameter`.
    #[must_use]
    pub fn holds(self, own: i64, parameter: i64) -> bool {
        match self {
            Self::Eq => own == parameter,
            Self::Ge => own >= parameter,
            Self::Gt => own > parameter,
            Self::Le => own <= parameter,
            Self::Lt => own < parameter,
        }
    }
}

/// Operators of ModSecurity that are not supported, and why.
pub(super) const LEFT_OUT: [(&str, &str); 7] = [
    (
        "fuzzyHash",
        "it needs a database of ssdeep hashes, which nobody ships with rules",
    ),
    (
        "gsbLookup",
        "the Safe Browsing database it read is no longer published",
    ),
    ("inspectFile", "rules may not run programs"),
    ("rsub", "rules may not rewrite requests"),
    (
        "validateDTD",
        "document types are refused altogether, which is safer",
    ),
    ("validateHash", "it needs response rewriting"),
    (
        "validateSchema",
        "no validator in Rust knows all of XML Schema, and what one skips would pass unseen",
    ),
];

pub(super) const NAMES: [&str; 34] = [
    "beginsWith",
    "contains",
    "containsWord",
    "detect",
    "detectSQLi",
    "detectXSS",
    "endsWith",
    "eq",
    "ge",
    "geoLookup",
    "gt",
    "ipMatch",
    "ipMatchF",
    "ipMatchFromFile",
    "le",
    "lt",
    "noMatch",
    "pm",
    "pmf",
    "pmFromFile",
    "rbl",
    "rx",
    "rxGlobal",
    "streq",
    "strmatch",
    "unconditionalMatch",
    "validateByteRange",
    "validateUrlEncoding",
    "validateUtf8Encoding",
    "verifyCC",
    "verifyCPF",
    "verifySSN",
    "verifySVNR",
    "within",
];

/// Where an operator is being read.
pub(super) struct Context<'a> {
    /// Reads data files.
    pub(super) files: &'a dyn Files,
    /// The folder of the rule's own file, against which data files are found.
    pub(super) folder: &'a Path,
    /// Whether groups are asked for.
    pub(super) capture: bool,
    /// Steps a backtracking pattern may take.
    pub(super) steps: usize,
}

/// Reads a rule's second argument: `[!]@name parameter`, or a pattern alone.
pub(super) fn lower(
    text: &ast::Text,
    context: &Context<'_>,
    faults: &mut Diagnostics,
) -> (Operator, bool) {
    let whole = text.slice(0..text.value.len());
    let negated = whole.value.starts_with('!');
    let body = whole.slice(usize::from(negated)..whole.value.len());
    let Some(after) = body.value.strip_prefix('@') else {
        return (pattern_or_macro(&body, context, faults), negated);
    };
    let end = after.find(char::is_whitespace).unwrap_or(after.len()) + 1;
    let name = body.slice(1..end);
    let parameter = body.slice(end..body.value.len());
    (by_name(&name, &parameter, context, faults), negated)
}

const TEXTS: [(&str, Text); 7] = [
    ("streq", Text::Streq),
    ("contains", Text::Contains),
    ("containsword", Text::ContainsWord),
    ("beginswith", Text::BeginsWith),
    ("endswith", Text::EndsWith),
    ("within", Text::Within),
    ("strmatch", Text::Strmatch),
];
const NUMBERS: [(&str, Number); 5] = [
    ("eq", Number::Eq),
    ("ge", Number::Ge),
    ("gt", Number::Gt),
    ("le", Number::Le),
    ("lt", Number::Lt),
];
const CHECKSUMS: [(&str, Checksum); 4] = [
    ("verifycc", Checksum::Card),
    ("verifycpf", Checksum::Cpf),
    ("verifyssn", Checksum::Ssn),
    ("verifysvnr", Checksum::Svnr),
];

fn find<T: Copy>(table: &[(&str, T)], word: &str) -> Option<T> {
    table
        .iter()
        .find(|(own, _)| *own == word)
        .map(|(_, kind)| *kind)
}

fn by_name(
    name: &ast::Text,
    parameter: &ast::Text,
    context: &Context<'_>,
    faults: &mut Diagnostics,
) -> Operator {
    let word = name.value.to_ascii_lowercase();
    if let Some(kind) = find(&TEXTS, &word) {
        return Operator::Text(kind, Template::lower(parameter, faults));
    }
    if let Some(kind) = find(&NUMBERS, &word) {
        return Operator::Number(kind, Template::lower(parameter, faults));
    }
    if let Some(kind) = find(&CHECKSUMS, &word) {
        let make = |regex| Operator::Checksum(kind, regex);
        return pattern(parameter, context, make, faults);
    }
    match word.as_str() {
        "rx" => pattern_or_macro(parameter, context, faults),
        "rxglobal" => pattern(parameter, context, Operator::RxGlobal, faults),
        "pm" => phrases_of(
            phrases::parse(parameter.value.as_bytes()),
            parameter,
            faults,
        ),
        "pmfromfile" | "pmf" => match data(parameter, context, faults) {
            Some(data) => phrases_of(phrases::parse_file(&data), parameter, faults),
            None => Operator::Never,
        },
        "ipmatch" => networks(parameter.value.clone(), parameter, faults),
        "ipmatchfromfile" | "ipmatchf" => {
            let found = data(parameter, context, faults);
            let lines = found.map(|data| address_lines(&data)).unwrap_or_default();
            networks(lines, parameter, faults)
        }
        "validatebyterange" => match bytes::parse_ranges(&parameter.value) {
            Ok(allowed) => Operator::ByteRange(allowed),
            Err(message) => {
                faults.push(bad_parameter(message.to_string(), parameter));
                Operator::Never
            }
        },
        "validateurlencoding" => Operator::UrlEncoding,
        "validateutf8encoding" => Operator::Utf8Encoding,
        "detect" => detect(parameter, faults),
        "detectsqli" => Operator::DetectSqli,
        "detectxss" => Operator::DetectXss,
        "geolookup" => Operator::GeoLookup,
        "rbl" => Operator::Rbl(parameter.value.clone()),
        "unconditionalmatch" => Operator::Always,
        "nomatch" => Operator::Never,
        _ => {
            faults.push(unknown(name));
            Operator::Never
        }
    }
}

/// `CLASS CONFIDENCE`.
fn detect(parameter: &ast::Text, faults: &mut Diagnostics) -> Operator {
    let mut words = parameter.value.split_whitespace();
    let (class, confidence) = (words.next(), words.next());
    let known = (
        class.and_then(Class::named),
        confidence.and_then(Confidence::named),
    );
    if let ((Some(class), Some(confidence)), None) = (known, words.next()) {
        return Operator::Detect(class, confidence);
    }
    let classes: Vec<_> = Class::ALL.into_iter().map(Class::name).collect();
    let degrees: Vec<_> = Confidence::ALL.into_iter().map(Confidence::name).collect();
    let message = format!(
        "`@detect` takes a class and a degree of confidence, not `{}`: one of {}, then one of {}",
        parameter.value,
        classes.join(", "),
        degrees.join(", ")
    );
    faults.push(bad_parameter(message, parameter));
    Operator::Never
}

/// A pattern; one that holds a macro cannot be compiled before the macro's value is known.
fn pattern_or_macro(text: &ast::Text, context: &Context<'_>, faults: &mut Diagnostics) -> Operator {
    let names = text.value.split("%{").skip(1);
    let is_macro = |rest: &str| {
        rest.split('}').next().is_some_and(|name| {
            let word = name.split(['.', ':']).next().unwrap_or_default();
            Variable::parse(word).is_some()
        })
    };
    if names.into_iter().any(is_macro) {
        return Operator::RxMacro(Template::lower(text, faults));
    }
    pattern(text, context, Operator::Rx, faults)
}

fn pattern(
    text: &ast::Text,
    context: &Context<'_>,
    make: impl FnOnce(Arc<Regex>) -> Operator,
    faults: &mut Diagnostics,
) -> Operator {
    let options = Options {
        groups: context.capture,
        steps: context.steps,
        prefilter: false,
        ..Options::default()
    };
    match Pattern::parse(&text.value, &options) {
        Ok(pattern) => make(Arc::new(Regex {
            text: text.value.clone(),
            groups: context.capture,
            pattern,
            span: text.span(),
        })),
        Err(message) => {
            let fault = Diagnostic::error("seclang.bad_pattern", message.to_string());
            faults.push(fault.at(text.span()));
            Operator::Never
        }
    }
}

fn phrases_of(list: Vec<Vec<u8>>, parameter: &ast::Text, faults: &mut Diagnostics) -> Operator {
    if list.is_empty() {
        faults.push(bad_parameter("no phrase to look for".to_owned(), parameter));
    }
    Operator::Phrases(list)
}

fn networks(list: String, parameter: &ast::Text, faults: &mut Diagnostics) -> Operator {
    match address::Networks::parse(&list) {
        Ok(networks) => Operator::IpMatch(networks),
        Err(messages) => {
            faults.extend(
                messages
                    .into_iter()
                    .map(|message| bad_parameter(message, parameter)),
            );
            Operator::Never
        }
    }
}

/// The lines of an address file, comments and blanks left out, joined by commas.
fn address_lines(data: &[u8]) -> String {
    let text = String::from_utf8_lossy(data);
    let lines = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    lines
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(",")
}

fn data(parameter: &ast::Text, context: &Context<'_>, faults: &mut Diagnostics) -> Option<Vec<u8>> {
    let path = context.folder.join(parameter.value.trim());
    match context.files.read(&path) {
        Ok(data) => Some(data),
        Err(error) => {
            let message = format!("cannot read data file `{}`: {error}", path.display());
            faults.push(Diagnostic::error("seclang.data_file", message).at(parameter.span()));
            None
        }
    }
}

fn bad_parameter(message: String, parameter: &ast::Text) -> Diagnostic {
    Diagnostic::error("seclang.bad_parameter", message).at(parameter.span())
}

fn unknown(name: &ast::Text) -> Diagnostic {
    let left_out = LEFT_OUT
        .iter()
        .find(|(own, _)| own.eq_ignore_ascii_case(&name.value));
    let code = "seclang.unknown_operator";
    match left_out {
        Some((own, why)) => {
            Diagnostic::error(code, format!("operator `@{own}` is not supported: {why}"))
        }
        None => {
            let fault = Diagnostic::error(code, format!("unknown operator `@{}`", name.value));
            did_you_mean(fault, &name.value, NAMES.iter().copied())
        }
    }
    .at(name.span())
}
