//! Transformations: what a value goes through before an operator sees it.
//!
//! All of ModSecurity 3's, byte for byte. Each is a pure function from a slice to a buffer the
//! caller owns; nothing is allocated beyond the growth of that buffer.
//!
//! [`Transform::triggers`] lets a caller skip work: a non-empty input that holds none of these bytes
//! comes back unchanged. The claim is proven by a property test over every transformation.

mod base64;
mod comment;
mod digest;
mod entity;
mod escape;
mod hex;
mod parity;
mod path;
mod space;
mod unicode;
mod url;
mod utf8;

#[cfg(test)]
mod tests;

pub(crate) use hex::{digits as hex_digits, pair as hex_pair};
pub use unicode::UnicodeMap;
pub(crate) use url::decode as url_decode;

use crate::byteset::ByteSet;

/// The white space of C's `isspace`.
pub(crate) const SPACE: ByteSet = ByteSet::from_bytes(b" \t\n\x0b\x0c\r");
const UPPER: ByteSet = ByteSet::range(b'A', b'Z');
const LOWER: ByteSet = ByteSet::range(b'a', b'z');
const NON_ASCII: ByteSet = ByteSet::range(0x80, 0xff);

macro_rules! transforms {
    ($($variant:ident $name:literal $(| $alias:literal)* $doc:literal),* $(,)?) => {
        /// One transformation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Transform { $(#[doc = $doc] $variant),* }

        impl Transform {
            /// Every transformation, in alphabetical order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The transformation of this name, in any letter case.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                $(if name.eq_ignore_ascii_case($name) $(|| name.eq_ignore_ascii_case($alias))* {
                    return Some(Self::$variant);
                })*
                None
            }

            /// What it does, in words.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $doc),* }
            }

            /// The name in ModSecurity's spelling.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

transforms! {
    Base64Decode "base64Decode" "Base64 to bytes, up to the first wrong character.",
    Base64DecodeExt "base64DecodeExt" "Base64 to bytes, wrong characters passed over.",
    Base64Encode "base64Encode" "Bytes to Base64.",
    CmdLine "cmdLine" | "cmd_line" "Removes what shells ignore, compresses space, lowers letters.",
    CompressWhitespace "compressWhitespace" "Runs of white space to one space.",
    CssDecode "cssDecode" "Decodes CSS escapes.",
    EscapeSeqDecode "escapeSeqDecode" "Decodes ANSI C escapes.",
    HexDecode "hexDecode" "Pairs of hex digits to bytes.",
    HexEncode "hexEncode" "Bytes to pairs of hex digits.",
    HtmlEntityDecode "htmlEntityDecode" "Decodes HTML entities that name one byte.",
    JsDecode "jsDecode" "Decodes JavaScript escapes.",
    Length "length" "The length in bytes, decimal.",
    Lowercase "lowercase" "ASCII letters to lower case.",
    Md5 "md5" "The MD5 digest, raw.",
    None "none" "Nothing; in a rule it also drops the transformations before it.",
    NormalisePath "normalisePath" | "normalizePath" "Resolves dot segments and repeated slashes.",
    NormalisePathWin "normalisePathWin" | "normalizePathWin" "The same, backslashes made slashes first.",
    ParityEven7bit "parityEven7bit" "Sets bit 7 to even parity.",
    ParityOdd7bit "parityOdd7bit" "Sets bit 7 to odd parity.",
    ParityZero7bit "parityZero7bit" "Clears bit 7.",
    PhpArgsNames "phpArgsNames" "A parameter name as PHP registers it.",
    RemoveComments "removeComments" "Removes comments of C, HTML, SQL and shells.",
    RemoveCommentsChar "removeCommentsChar" "Removes the marks of comments, keeps their content.",
    RemoveNulls "removeNulls" "Removes NUL bytes.",
    RemoveWhitespace "removeWhitespace" "Removes white space, also non-breaking.",
    ReplaceComments "replaceComments" "C comments to one space.",
    ReplaceNulls "replaceNulls" "NUL bytes to spaces.",
    Sha1 "sha1" "The SHA-1 digest, raw.",
    SqlHexDecode "sqlHexDecode" "Decodes 0x… numbers of SQL.",
    Trim "trim" "Cuts white space at both ends.",
    TrimLeft "trimLeft" "Cuts white space at the start.",
    TrimRight "trimRight" "Cuts white space at the end.",
    Uppercase "uppercase" "ASCII letters to upper case.",
    UrlDecode "urlDecode" "Decodes %XX and +.",
    UrlDecodeUni "urlDecodeUni" "Decodes %XX, %uXXXX and +.",
    UrlEncode "urlEncode" "Encodes all but letters, digits and *.",
    Utf8ToUnicode "utf8toUnicode" "UTF-8 sequences to %uXXXX.",
}

impl Transform {
    /// Whether nothing but the case of letters can change.
    #[must_use]
    pub(crate) const fn only_changes_case(self) -> bool {
        matches!(self, Self::Lowercase | Self::Uppercase)
    }

    /// Writes the transformed `input` to `out`, which is cleared first.
    pub fn apply(self, input: &[u8], out: &mut Vec<u8>) {
        self.apply_with(input, out, &UnicodeMap::NONE);
    }

    /// The same, with the map `%uXXXX` goes through.
    pub fn apply_with(self, input: &[u8], out: &mut Vec<u8>, map: &UnicodeMap) {
        out.clear();
        match self {
            Self::Base64Decode => base64::decode(input, out),
            Self::Base64DecodeExt => base64::decode_lenient(input, out),
            Self::Base64Encode => base64::encode(input, out),
            Self::CmdLine => space::command_line(input, out),
            Self::CompressWhitespace => space::compress(input, out),
            Self::CssDecode => escape::css(input, out),
            Self::EscapeSeqDecode => escape::ansi_c(input, out),
            Self::HexDecode => hex::decode(input, out),
            Self::HexEncode => hex::encode(input, out),
            Self::HtmlEntityDecode => entity::decode(input, out),
            Self::JsDecode => escape::javascript(input, out),
            Self::Length => digest::length(input, out),
            Self::Lowercase => out.extend(input.iter().map(u8::to_ascii_lowercase)),
            Self::Md5 => digest::md5(input, out),
            Self::None => out.extend_from_slice(input),
            Self::NormalisePath => path::normalise(input, false, out),
            Self::NormalisePathWin => path::normalise(input, true, out),
            Self::ParityEven7bit => parity::even(input, out),
            Self::ParityOdd7bit => parity::odd(input, out),
            Self::ParityZero7bit => out.extend(input.iter().map(|byte| byte & 0x7f)),
            Self::PhpArgsNames => url::php_name(input, out),
            Self::RemoveComments => comment::remove(input, out),
            Self::RemoveCommentsChar => comment::remove_marks(input, out),
            Self::RemoveNulls => space::remove(input, ByteSet::EMPTY.with(0), out),
            Self::RemoveWhitespace => space::remove(input, space::WITH_NON_BREAKING, out),
            Self::ReplaceComments => comment::replace(input, out),
            Self::ReplaceNulls => space::replace_nulls(input, out),
            Self::Sha1 => digest::sha1(input, out),
            Self::SqlHexDecode => hex::decode_sql(input, out),
            Self::Trim => out.extend_from_slice(space::trim_right(space::trim_left(input))),
            Self::TrimLeft => out.extend_from_slice(space::trim_left(input)),
            Self::TrimRight => out.extend_from_slice(space::trim_right(input)),
            Self::Uppercase => out.extend(input.iter().map(u8::to_ascii_uppercase)),
            Self::UrlDecode => {
                url::decode(input, out);
            }
            Self::UrlDecodeUni => url::decode_unicode(input, map, out),
            Self::UrlEncode => url::encode(input, out),
            Self::Utf8ToUnicode => utf8::to_unicode(input, out),
        }
    }

    /// A set of bytes such that a non-empty input holding none of them comes back unchanged.
    /// [`ByteSet::EMPTY`] means that every input does; [`ByteSet::ALL`] that none need.
    #[must_use]
    pub const fn triggers(self) -> ByteSet {
        match self {
            Self::None => ByteSet::EMPTY,
            Self::Base64Decode
            | Self::Base64DecodeExt
            | Self::Base64Encode
            | Self::HexDecode
            | Self::HexEncode
            | Self::Length
            | Self::Md5
            | Self::ParityOdd7bit
            | Self::ParityEven7bit
            | Self::Sha1 => ByteSet::ALL,
            Self::CmdLine => space::COMMAND_LINE.union(UPPER),
            // Every white space but a single blank changes, and two blanks in a row do.
            Self::CompressWhitespace | Self::Trim | Self::TrimLeft | Self::TrimRight => SPACE,
            Self::CssDecode | Self::EscapeSeqDecode | Self::JsDecode => ByteSet::EMPTY.with(b'\\'),
            Self::HtmlEntityDecode => ByteSet::EMPTY.with(b'&'),
            Self::Lowercase => UPPER,
            Self::Uppercase => LOWER,
            Self::NormalisePath => ByteSet::from_bytes(b"./"),
            Self::NormalisePathWin => ByteSet::from_bytes(b"./\\"),
            Self::ParityZero7bit => NON_ASCII,
            Self::Utf8ToUnicode => NON_ASCII.with(0),
            Self::PhpArgsNames => ByteSet::from_bytes(b" .["),
            Self::RemoveComments | Self::RemoveCommentsChar => ByteSet::from_bytes(b"/-#"),
            Self::RemoveNulls | Self::ReplaceNulls => ByteSet::EMPTY.with(0),
            Self::RemoveWhitespace => space::WITH_NON_BREAKING,
            Self::ReplaceComments => ByteSet::EMPTY.with(b'*'),
            Self::SqlHexDecode => ByteSet::EMPTY.with(b'0'),
            Self::UrlDecode | Self::UrlDecodeUni => ByteSet::from_bytes(b"%+"),
            Self::UrlEncode => url::UNENCODED.complement(),
        }
    }

    /// Whether even an empty input changes.
    #[must_use]
    pub const fn always_changes(self) -> bool {
        matches!(self, Self::Length | Self::Md5 | Self::Sha1)
    }
}

/// Copies what stands before the next byte that `stops`, and returns what is left: many bytes are looked at
/// together.
fn copy_until<'a>(input: &'a [u8], stops: impl Fn(u8) -> bool, out: &mut Vec<u8>) -> &'a [u8] {
    let (chunks, _) = input.as_chunks::<32>();
    let quiet = |chunk: &&[u8; 32]| !chunk.iter().fold(false, |any, byte| any | stops(*byte));
    let from = 32 * chunks.iter().take_while(quiet).count();
    let behind = input.get(from..).unwrap_or_default();
    let end = behind.iter().position(|byte| stops(*byte));
    let (before, rest) = input.split_at(from + end.unwrap_or(behind.len()));
    out.extend_from_slice(before);
    rest
}
