//! How sure a command makes that a value begins with: by the field it stands in, and what else it is.

use super::args::Sense;
use super::command::Command;
use super::judge::{Tail, tail};

use crate::context::{Field, Place};
use crate::detector::{Confidence, Input};
use crate::phrases;

/// How sure it makes that a text begins as a command.
pub(super) fn whole(input: &Input<'_>, command: &Command) -> Option<Confidence> {
    let tail = tail(input.text, command.end);
    let named = names_a_command(input.context.name);
    let degree = match command.sense {
        Sense::None => return None,
        Sense::Strong if command.hidden || command.located => Confidence::Certain,
        Sense::Strong if command.system || named => Confidence::Certain,
        Sense::Strong if !command.common && command.words > 1 && !command.own_word => {
            Confidence::Certain
        }
        Sense::Strong if command.redirect && !command.common => Confidence::Certain,
        Sense::Strong if command.flags && command.words > 1 => Confidence::Certain,
        Sense::Strong if command.redirect && !command.brief && command.words > 1 => {
            Confidence::Certain
        }
        Sense::Strong => Confidence::Likely,
        Sense::Alone if command.hidden && command.words == 1 && !command.common => {
            Confidence::Certain
        }
        Sense::Alone if named && !command.script && (!command.common || command.probe) => {
            Confidence::Certain
        }
        Sense::Alone if command.located => Confidence::Likely,
        Sense::Alone if !command.common => Confidence::Possible,
        Sense::Weak if named || command.hidden => Confidence::Likely,
        Sense::Alone | Sense::Weak => Confidence::Hint,
    };
    let degree = match tail {
        Tail::Nothing | Tail::Separator => degree,
        Tail::Rest => degree.less(),
    };
    let telling = command.hidden
        || command.located
        || command.system
        || command.flags
        || (command.redirect && !command.common);
    let written = telling && !input.text.contains(&b'\n');
    // What people look for in a search box is no text they paste.
    let shown = command.fetches && input.context.field == Field::Text;
    let people =
        (command.mundane || command.own_word || command.picks) && !command.probe && !command.system;
    let search = input.context.field == Field::Text && input.context.place == Place::Query;
    let searched = search && people;
    let degree = if searched
        || is_told(input, command)
        || is_password(input.context.name)
        || (command.mundane || shown) && is_pasted(input) && !named
    {
        degree.min(Confidence::Likely)
    } else {
        degree
    };
    Some(match input.context.field {
        Field::Text if written => degree,
        Field::Text => degree.min(Confidence::Likely),
        Field::Code | Field::Telemetry => degree.min(Confidence::Likely).less(),
        Field::Token => degree.less(),
        Field::Plain | Field::Url | Field::File | Field::Key => degree,
    })
    .map(|degree| placed(input, degree))
}

/// A password is made of whatever comes to mind; what closes nothing before it is no attack.
fn is_password(name: &[u8]) -> bool {
    let holds = |part: &[u8]| {
        name.windows(part.len())
            .any(|own| own.eq_ignore_ascii_case(part))
    };
    holds(b"password") || holds(b"passwd") || holds(b"pwd")
}

/// `exec /bin/sh -c 'npm start' exited with code 137`: a text that tells of a command.
fn is_told(input: &Input<'_>, command: &Command) -> bool {
    const TOLD: [&[u8]; 6] = [
        b" exited with ",
        b" exit code",
        b" exit status",
        b" returned non-zero",
        b" terminated with ",
        b" failed with ",
    ];
    let text = input
        .text
        .get(..input.text.len().min(512))
        .unwrap_or_default();
    is_pasted(input) && !command.hidden && TOLD.iter().any(|own| phrases::find(text, own).is_some())
}

/// Whether people and programs send what others typed into a terminal here.
pub(super) fn is_pasted(input: &Input<'_>) -> bool {
    let field = match input.context.field {
        Field::Plain | Field::Text | Field::Code | Field::Telemetry => true,
        Field::Url | Field::File | Field::Key | Field::Token => false,
    };
    field
        && match input.context.place {
            Place::Form | Place::Json | Place::Body | Place::File | Place::Xml => true,
            Place::Path
            | Place::Query
            | Place::Name
            | Place::Header
            | Place::Cookie
            | Place::FileName => false,
        }
}

/// Fields that are handed to a shell on purpose, by a web shell or a diagnostic page.
fn names_a_command(name: &[u8]) -> bool {
    const NAMES: [&[u8]; 12] = [
        b"cmd", b"command", b"exec", b"execute", b"run", b"shell", b"c", b"sh", b"daemon", b"ping",
        b"payload", b"system",
    ];
    NAMES.iter().any(|own| name.eq_ignore_ascii_case(own))
}

pub(super) fn placed(input: &Input<'_>, degree: Confidence) -> Confidence {
    if input.context.place == Place::File {
        degree.min(Confidence::Likely)
    } else {
        degree
    }
}
