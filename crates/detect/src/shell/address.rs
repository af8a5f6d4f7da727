//! Commands behind the address or the name of a host, which a page for diagnoses hands to a program.

use super::args::Sense;
use super::command::Command;
use super::{Start, detect};

use crate::context::{Context, Field, Place};
use crate::detector::{Confidence, Evidence, Input};
use crate::seek;

/// `/ping/8.8.8.8;id/json`: an address in a path, and a command behind it.
pub(super) fn in_path(input: &Input<'_>) -> Option<Evidence> {
    if input.context.place != Place::Path {
        return None;
    }
    seek::memchr3(b';', b'|', b'&', input.text)?;
    let mut from = 0;
    for own in input.text.split(|byte| *byte == b'/') {
        let start = from;
        from += own.len() + 1;
        if !begins_as_address(own) {
            continue;
        }
        let context = Context {
            place: Place::Query,
            field: Field::Plain,
            ..input.context
        };
        let own = Input {
            text: own,
            context,
            depth: input.depth,
        };
        let found = detect(&own).filter(|own| own.confidence == Confidence::Certain);
        if let Some(found) = found {
            let span = start + found.span.start..start + found.span.end;
            return Some(Evidence { span, ..found });
        }
    }
    None
}

/// `8.8.8.8;`: four numbers, and what would end a command they belong to.
fn begins_as_address(text: &[u8]) -> bool {
    let is_part = |byte: &&u8| byte.is_ascii_digit() || **byte == b'.';
    let len = text.iter().take(16).take_while(is_part).count();
    let address = text.get(..len).unwrap_or_default();
    let dots = address.iter().filter(|byte| **byte == b'.').count();
    dots == 3 && matches!(text.get(len), Some(b';' | b'|' | b'&'))
}

/// `example.test|id` in a field for a host: nothing but its name before the separator.
pub(super) fn is_behind_host(
    input: &Input<'_>,
    start: Start,
    command: &Command,
    at: usize,
) -> bool {
    const LONGEST: usize = 64;
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let host = input.text.get(..at).unwrap_or_default();
    input.context.field == Field::Url
        && matches!(start, Start::Then | Start::Pipe)
        && command.sense == Sense::Alone
        && command.probe
        && (4..LONGEST).contains(&host.len())
        && host.iter().all(is_part)
        && host.contains(&b'.')
}
