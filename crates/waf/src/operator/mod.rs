//! What operators do to one value: pure functions, no allocation on the way.
//!
//! Building an operator (parsing addresses, byte ranges, patterns) happens once, in
//! [`Plan`](crate::Plan) compilation, and reports faults as text; testing a value cannot fail
//! except for a backtracking pattern that ran out of steps. `geo` alone allocates, for what it tells.

pub mod address;
pub mod bytes;
pub mod checksum;
pub mod geo;
pub mod inject;
pub mod number;
pub mod phrases;
pub mod regex;
pub mod text;
