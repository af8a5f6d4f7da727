//! How a text was reached: the decodings that were undone, in order.

/// One decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Step {
    /// Percent escapes, `%uXXXX` among them, and `+` for a blank.
    Percent = 1,
    /// Character references of HTML and XML.
    Entity,
    /// Escapes of JavaScript and its kin: `\x3c`, `\u003c`, `\74`.
    Escape,
    /// Letters in disguise: full-width forms, overlong UTF-8, look-alike quotes.
    Fold,
    /// NUL bytes taken out.
    Nul,
    /// UTF-16 without its zero bytes.
    Utf16,
    /// UTF-7.
    Utf7,
    /// Base64 in either alphabet.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// Gzip, zlib, or a part of an archive.
    Inflate,
    /// A string in JSON.
    Json,
    /// A part of a URL.
    Url,
    /// A field of a form.
    Pair,
}

impl Step {
    const ALL: [Self; 13] = [
        Self::Percent,
        Self::Entity,
        Self::Escape,
        Self::Fold,
        Self::Nul,
        Self::Utf16,
        Self::Utf7,
        Self::Base64,
        Self::Hex,
        Self::Inflate,
        Self::Json,
        Self::Url,
        Self::Pair,
    ];

    /// Its name in explanations.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Percent => "percent",
            Self::Entity => "html",
            Self::Escape => "escape",
            Self::Fold => "unicode",
            Self::Nul => "nul",
            Self::Utf16 => "utf-16",
            Self::Utf7 => "utf-7",
            Self::Base64 => "base64",
            Self::Hex => "hex",
            Self::Inflate => "gzip",
            Self::Json => "json",
            Self::Url => "url",
            Self::Pair => "form",
        }
    }
}

/// Up to eight decodings, the first one first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    steps: u64,
}

impl Chain {
    /// How many decodings.
    #[must_use]
    pub fn len(self) -> usize {
        self.steps().count()
    }

    /// Whether the text is the value itself.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.steps == 0
    }

    /// With one more; the same where there are eight.
    #[must_use]
    pub(crate) fn then(self, step: Step) -> Self {
        let at = 8 * self.len();
        if at >= 64 {
            return self;
        }
        Self {
            steps: self.steps | (step as u64) << at,
        }
    }

    /// Whether this is the last.
    #[must_use]
    pub(crate) fn ends_with(self, step: Step) -> bool {
        self.steps().last() == Some(step)
    }

    /// The decodings, the first one first.
    pub fn steps(self) -> impl Iterator<Item = Step> {
        let step = |byte: u8| Step::ALL.into_iter().find(|own| *own as u8 == byte);
        self.steps.to_le_bytes().into_iter().map_while(step)
    }

    /// Appends the names: `base64 > percent`; `as sent` where nothing was undone.
    pub fn write(self, out: &mut Vec<u8>) {
        if self.is_empty() {
            out.extend_from_slice(b"as sent");
        }
        for (at, step) in self.steps().enumerate() {
            if at > 0 {
                out.extend_from_slice(b" > ");
            }
            out.extend_from_slice(step.name().as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_keeps_its_order_and_its_first_eight() {
        let chain = Chain::default().then(Step::Base64).then(Step::Percent);
        let mut text = Vec::new();
        chain.write(&mut text);
        assert_eq!(text, b"base64 > percent");
        let long = (0..20).fold(chain, |chain, _| chain.then(Step::Hex));
        assert_eq!(long.len(), 8);
    }
}
