use std::fmt;

/// Why a body could not be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub cause: Cause,
    /// Byte offset in the body at which it shows.
    pub offset: usize,
}

/// What can be wrong with a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// More arguments than allowed.
    TooManyArguments,
    /// Nested deeper than allowed.
    TooDeep,
    /// More multipart parts than allowed.
    TooManyParts,
    /// More headers in a part than allowed.
    TooManyPartHeaders,
    /// More files than allowed.
    TooManyFiles,
    /// A name longer than allowed.
    NameTooLong,
    /// A value longer than allowed.
    ValueTooLong,
    /// More XML nodes than allowed.
    TooManyNodes,
    /// A packed body that unpacks to more than allowed.
    UnpacksTooFar,
    /// A packed body that is broken.
    Packed,
    /// The body ends in the middle of something.
    Truncated,
    /// The syntax is broken; the text says what was expected or found.
    Syntax(&'static str),
}

impl Cause {
    /// Whether a limit was passed, rather than the syntax broken.
    #[must_use]
    pub const fn is_limit(self) -> bool {
        match self {
            Self::TooManyArguments
            | Self::TooDeep
            | Self::TooManyParts
            | Self::TooManyPartHeaders
            | Self::TooManyFiles
            | Self::NameTooLong
            | Self::ValueTooLong
            | Self::TooManyNodes
            | Self::UnpacksTooFar => true,
            Self::Packed | Self::Truncated | Self::Syntax(_) => false,
        }
    }

    pub(super) const fn at(self, offset: usize) -> Fault {
        Fault {
            cause: self,
            offset,
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::TooManyArguments => "too many arguments",
            Self::TooDeep => "nested too deep",
            Self::TooManyParts => "too many parts",
            Self::TooManyPartHeaders => "too many headers in a part",
            Self::TooManyFiles => "too many files",
            Self::NameTooLong => "a name is too long",
            Self::ValueTooLong => "a value is too long",
            Self::TooManyNodes => "too many nodes",
            Self::UnpacksTooFar => "the packed body unpacks to more than allowed",
            Self::Packed => "the packed body is broken",
            Self::Truncated => "the body ends too early",
            Self::Syntax(what) => what,
        })
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} at byte {}", self.cause, self.offset)
    }
}

impl std::error::Error for Fault {}
