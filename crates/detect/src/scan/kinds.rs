//! Which detectors a text means something to, by what it is.

use super::{Form, Shape, is_unpacked};
use crate::chain::Step;
use crate::context::Place;
use crate::detector::Class;

/// What the choice of detectors depends on, beside the text.
pub(super) struct Kinds;

impl Kinds {
    const PLAIN: usize = 0;
    const FILE: usize = 1;
    const JSON: usize = 2;
    const URL: usize = 3;
    const PAIRS: usize = 4;
    const KEY: usize = 5;
    const PACKED: usize = 6;
    pub(super) const COUNT: usize = 7;

    pub(super) fn of(form: Form, whole: Option<Shape>) -> usize {
        match (form.place, whole) {
            (Place::File, _) if is_unpacked(form.chain) => Self::PACKED,
            (Place::File, _) => Self::FILE,
            (Place::Name, None) if form.chain.ends_with(Step::Json) => Self::KEY,
            (_, None) => Self::PLAIN,
            (_, Some(Shape::Json)) => Self::JSON,
            (_, Some(Shape::Url)) => Self::URL,
            (_, Some(Shape::Pairs)) => Self::PAIRS,
        }
    }

    pub(super) fn fits(kind: usize, class: Class) -> bool {
        match kind {
            Self::FILE => {
                matches!(
                    class,
                    Class::Upload | Class::Code | Class::Deserialize | Class::Xml
                )
            }
            // What a document holds is read by whoever reads it: its own markup, and no code.
            Self::PACKED => matches!(class, Class::Upload | Class::Deserialize | Class::Xml),
            Self::JSON => matches!(
                class,
                Class::Nosql | Class::Deserialize | Class::Graphql | Class::Prototype
            ),
            Self::URL => matches!(
                class,
                Class::Ssrf
                    | Class::Redirect
                    | Class::Path
                    | Class::Html
                    | Class::Include
                    | Class::Template
            ),
            Self::PAIRS => matches!(class, Class::Template),
            // What an operator means there depends on the whole, which is looked at as JSON.
            Self::KEY => class != Class::Nosql,
            _ => true,
        }
    }
}
