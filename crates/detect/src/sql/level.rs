//! Where the reader stands: what it wants next, and the parentheses and queries it is in.

/// What may come next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// An operand, an operator or a statement: nothing was read.
    Start,
    /// A statement, after `;`.
    Statement,
    Operand,
    Operator,
    /// BY.
    By,
    /// A query, after UNION.
    Query,
    /// NULL or TRUE, after IS.
    Truth,
    /// LIKE, IN, BETWEEN after NOT.
    Negated,
    /// A name, after AS.
    Alias,
    /// OUTFILE or a variable, after INTO.
    Target,
}

/// What a level is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The query the input is put into.
    Base,
    /// Parentheses.
    Group,
    /// The arguments of a function.
    Call,
    /// A query that began with SELECT.
    Select,
    /// CASE … END.
    Case,
}

/// What stands before a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Join {
    No,
    Pipes,
    Word,
}

/// The clause of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Clause {
    List,
    From,
    Condition,
    Sort,
}

/// One open parenthesis, CASE or query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Level {
    pub(super) kind: Kind,
    pub(super) clause: Clause,
    /// What stands before the current comparison.
    pub(super) join: Join,
    /// All operands of the current comparison are constants.
    pub(super) constant: bool,
    /// So were those of all comparisons before it.
    pub(super) constants: bool,
    /// It has a comparison operator.
    pub(super) compared: bool,
    /// Nothing was read in it.
    pub(super) fresh: bool,
    /// The operand has an alias already.
    pub(super) aliased: bool,
    /// After BETWEEN: the next AND belongs to it.
    pub(super) between: bool,
    /// The same name stands on both sides of the comparison.
    pub(super) same: bool,
}

impl Level {
    pub(super) const fn new(kind: Kind, join: Join) -> Self {
        Self {
            kind,
            clause: Clause::List,
            join,
            constant: true,
            constants: true,
            compared: false,
            fresh: true,
            aliased: false,
            between: false,
            same: false,
        }
    }
}

/// How deep parentheses may nest; deeper text is read up to there.
pub(super) const DEEPEST: usize = 48;
