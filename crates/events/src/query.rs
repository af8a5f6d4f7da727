//! Questions to the store, from this process or another one.

mod filter;
mod reader;
mod top;

pub use filter::{Cursor, Filter, Kind};
pub use reader::{Entry, Page, Reader};
pub use top::{Bucket, Caller, ClassCount, RouteSum, RuleCount};
