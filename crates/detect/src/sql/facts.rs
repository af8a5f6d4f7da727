//! What the reader of a query remembers of it.

/// What a call of a function tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grade {
    /// Makes the database wait.
    Time,
    /// Has no use outside a database: reads its files, breaks with a telling error.
    Strong,
    /// Names the database, its user or version; other programs have functions of this name.
    Named,
    /// A function of SQL whose name other languages use too.
    General,
    /// Not a known function.
    Unknown,
}

/// A set of facts, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts(u64);

impl Facts {
    /// No fact.
    pub(super) const NONE: Self = Self(0);
    /// After AND, OR or XOR (or in WHERE, HAVING, WHEN): constants compared, as in `1=1`.
    pub(super) const CONSTANTS: Self = Self(1);
    /// After such a word: a comparison that names a column or calls a function.
    pub(super) const COMPARED: Self = Self(1 << 1);
    /// After such a word: a constant alone, as in `or 1`.
    pub(super) const CONSTANT: Self = Self(1 << 2);
    /// After such a word: a name or a call alone.
    pub(super) const TERM: Self = Self(1 << 3);
    /// The string or value the input continues is itself compared: `'='`.
    pub(super) const OWN_COMPARED: Self = Self(1 << 4);
    /// Operators of arithmetic or concatenation.
    pub(super) const JOINED: Self = Self(1 << 5);
    /// A call of a function that waits.
    pub(super) const TIME: Self = Self(1 << 6);
    /// A call of a function of [`Grade::Strong`], or a system variable.
    pub(super) const STRONG: Self = Self(1 << 7);
    /// A call of a function of [`Grade::General`].
    pub(super) const GENERAL: Self = Self(1 << 8);
    /// A query in parentheses.
    pub(super) const SUBQUERY: Self = Self(1 << 9);
    /// UNION and a list to select.
    pub(super) const UNION: Self = Self(1 << 10);
    /// A statement after another.
    pub(super) const STACKED: Self = Self(1 << 11);
    /// A statement with an argument that ordinary text does not have.
    pub(super) const STATEMENT: Self = Self(1 << 12);
    /// A statement made of words alone, as in `delete from list`.
    pub(super) const WORDY: Self = Self(1 << 13);
    /// ORDER BY, GROUP BY, HAVING, LIMIT, PROCEDURE after the value.
    pub(super) const CLAUSE: Self = Self(1 << 14);
    /// The argument of such a clause is a number.
    pub(super) const NUMBERED: Self = Self(1 << 15);
    /// INTO OUTFILE.
    pub(super) const OUTFILE: Self = Self(1 << 16);
    /// A table of the database's own catalogue.
    pub(super) const CATALOG: Self = Self(1 << 17);
    /// CASE WHEN.
    pub(super) const CASE: Self = Self(1 << 18);
    /// A comment between words, or one MySQL executes.
    pub(super) const COMMENT: Self = Self(1 << 19);
    /// A string constant that holds more than a plain word.
    pub(super) const ODD_TEXT: Self = Self(1 << 20);
    /// The query reads FROM something.
    pub(super) const FROM: Self = Self(1 << 21);
    /// Punctuation of a query that prose lacks: `*`, a list, a call, a comparison, a quoted name.
    pub(super) const MARKED: Self = Self(1 << 22);
    /// AND, OR, XOR as words.
    pub(super) const CONNECTED: Self = Self(1 << 23);
    /// A `;` after which nothing stands.
    pub(super) const SEMICOLON: Self = Self(1 << 24);
    /// A parenthesis of the original query is closed.
    pub(super) const CLOSED: Self = Self(1 << 25);
    /// A comparison of constants, wherever it stands.
    pub(super) const CONSTANTS_ANYWHERE: Self = Self(1 << 26);
    /// A comment only MySQL executes: `/*!…*/`.
    pub(super) const EXECUTED_COMMENT: Self = Self(1 << 27);

    /// UNION, whether or not a list follows.
    pub(super) const UNITING: Self = Self(1 << 28);
    /// The beginning of a query in parentheses.
    pub(super) const QUERY: Self = Self(1 << 29);
    /// A query after another, without more: prose may read so.
    pub(super) const STACKED_QUERY: Self = Self(1 << 30);
    /// A call of a function no other language has: more than [`Facts::STRONG`].
    pub(super) const UNIQUE: Self = Self(1 << 31);

    /// A list at the level of the value itself: `1,(select …)`.
    pub(super) const LISTED: Self = Self(1 << 32);

    /// Both sets.
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Adds facts.
    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    /// Whether one of the facts is there.
    pub(super) const fn any(self, of: Self) -> bool {
        self.0 & of.0 != 0
    }
}
