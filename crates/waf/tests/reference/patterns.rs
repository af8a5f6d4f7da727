//! Patterns, each compiled once: the one thing that is too slow to be done naively.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use babyshield_waf::operator::regex::{Options, Pattern};

type Key = (Vec<u8>, bool, usize, usize);

thread_local! {
    static COMPILED: RefCell<HashMap<Key, Option<Rc<Pattern>>>> = RefCell::default();
}

pub(super) fn compiled(text: &[u8], options: &Options) -> Option<Rc<Pattern>> {
    let key = (
        text.to_vec(),
        options.ignore_case,
        options.size,
        options.steps,
    );
    COMPILED.with_borrow_mut(|known| {
        let compile = || Pattern::compile(text, options).ok().map(Rc::new);
        known.entry(key).or_insert_with(compile).clone()
    })
}
