//! HTML entities that stand for one byte.

use super::hex;

/// What a named entity starts with and the byte it becomes. ModSecurity looks at the start only,
/// in this order, and eats the whole word.
const NAMED: &[(&[u8], u8)] = &[
    (b"quot", b'"'),
    (b"amp", b'&'),
    (b"lt", b'<'),
    (b"gt", b'>'),
    (b"nbsp", 0xa0),
];

pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) {
    let mut rest = input;
    while let Some(at) = memchr::memchr(b'&', rest) {
        let (before, entity) = rest.split_at(at);
        out.extend_from_slice(before);
        match read(entity) {
            Entity::Byte(byte, length) => {
                out.push(byte);
                let after = entity.get(length..).unwrap_or_default();
                rest = after.strip_prefix(b";").unwrap_or(after);
            }
            Entity::Literal(length) => {
                let (literal, after) = entity.split_at(length.min(entity.len()));
                out.extend_from_slice(literal);
                rest = after;
            }
        }
    }
    out.extend_from_slice(rest);
}

/// What begins at an ampersand, and how many bytes it takes without its semicolon.
enum Entity {
    Byte(u8, usize),
    Literal(usize),
}

fn read(entity: &[u8]) -> Entity {
    match entity {
        [b'&', b'#', b'x' | b'X', digits @ ..] => number(digits, 16, hex::digit)
            .map_or(Entity::Literal(3), |(byte, length)| {
                Entity::Byte(byte, 3 + length)
            }),
        [b'&', b'#', digits @ ..] => number(digits, 10, |byte| {
            hex::digit(byte).filter(|digit| *digit < 10)
        })
        .map_or(Entity::Literal(2), |(byte, length)| {
            Entity::Byte(byte, 2 + length)
        }),
        [b'&', word @ ..] => {
            let length = word
                .iter()
                .take_while(|byte| byte.is_ascii_alphanumeric())
                .count();
            let word = word.get(..length).unwrap_or_default();
            NAMED
                .iter()
                .find(|(name, _)| {
                    word.get(..name.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(name))
                })
                .map_or(Entity::Literal(1 + length), |(_, byte)| {
                    Entity::Byte(*byte, 1 + length)
                })
        }
        _ => Entity::Literal(1),
    }
}

/// The low byte of the number the leading digits write, and how many digits there are.
fn number(digits: &[u8], base: i64, value: impl Fn(u8) -> Option<u8>) -> Option<(u8, usize)> {
    let mut sum = 0_i64;
    let mut length = 0;
    for digit in digits.iter().map_while(|byte| value(*byte)) {
        sum = sum.saturating_mul(base).saturating_add(i64::from(digit));
        length += 1;
    }
    (length > 0).then_some((sum as u8, length))
}
