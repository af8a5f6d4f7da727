//! Commands that do no harm wherever they run, and whole ones that nobody runs.

use crate::context::Field;
use crate::detector::Input;

use super::Start;
use super::command::Command;

/// Whether a command that would begin at `from` does no harm wherever it runs.
pub(super) fn is_harmless(text: &[u8], start: Start, from: usize, command: &Command) -> bool {
    let own = text.get(from..command.end).unwrap_or_default();
    clears(own) || start == Start::Line && says(text, own, from, command)
}

/// `rm -rf /var/lib/apt/lists/*`: the line at the end of every build of an image.
fn clears(own: &[u8]) -> bool {
    const LISTS: [&[u8]; 6] = [
        b"/var/lib/apt/lists",
        b"/var/cache/apk",
        b"/var/cache/apt",
        b"/var/cache/dnf",
        b"/var/cache/yum",
        b"/var/cache/zypp",
    ];
    let Some(rest) = own.trim_ascii().strip_prefix(b"rm ") else {
        return false;
    };
    let plain = |own: &u8| own.is_ascii_alphanumeric() || b"/.*-_".contains(own);
    let list = |word: &[u8]| {
        let below = |own: &&[u8]| {
            let rest = word.strip_prefix(*own);
            rest.is_some_and(|rest| matches!(rest, [] | [b'/', ..]))
        };
        LISTS.iter().any(below)
            && word.iter().all(plain)
            && !word.windows(2).any(|own| own == b"..")
    };
    let flag = |word: &[u8]| matches!(word, b"-r" | b"-f" | b"-rf" | b"-fr");
    let words = rest.split(|own| *own == b' ').filter(|own| !own.is_empty());
    let others = words.filter(|word| !flag(word));
    others.clone().next().is_some() && others.into_iter().all(list)
}

/// `{% liquid … echo 'x' … %}`: what a template of Shopify's says, a line each, and no shell does more with.
fn says(text: &[u8], own: &[u8], from: usize, command: &Command) -> bool {
    let quiet = !(command.redirect || command.hidden || command.located || command.system);
    let echo = own.trim_ascii_start().starts_with(b"echo ");
    let moves = |own: &u8| matches!(own, b'$' | b'`' | b'\\' | b'(' | b'!');
    quiet && echo && !own.iter().any(moves) && is_liquid(text.get(..from).unwrap_or_default())
}

/// Whether a text begins with a tag that holds lines of Liquid, and the tag goes on.
fn is_liquid(before: &[u8]) -> bool {
    let tag = before.trim_ascii_start().strip_prefix(b"{%");
    let tag = tag.map(|own| own.strip_prefix(b"-").unwrap_or(own).trim_ascii_start());
    tag.is_some_and(|own| own.starts_with(b"liquid") && memchr::memmem::find(own, b"%}").is_none())
}

/// Whether a text is what somebody looked for on the page they came from, which nobody puts at the beginning of
/// a command.
pub(super) fn is_sought(input: &Input<'_>) -> bool {
    input.context.referred && input.context.field == Field::Text
}
