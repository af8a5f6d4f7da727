use std::borrow::Cow;
use std::net::IpAddr;

use crate::Part;

/// One request, as far as limits want to know it.
pub trait Subject {
    /// The resolved caller.
    fn address(&self) -> IpAddr;

    /// The value of a header, cookie, body field, claim, path or route; `None` where the request
    /// has none. Never asked for [`Part::Ip`] or [`Part::Global`].
    fn value(&self, part: &Part) -> Option<Cow<'_, [u8]>>;
}
