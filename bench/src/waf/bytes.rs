//! Bytes as JSON text of one character each (U+0000 to U+00FF), which every JSON reader can undo.

use serde::{Deserialize, Deserializer, Serializer};

pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
    let text: String = bytes.iter().copied().map(char::from).collect();
    to.serialize_str(&text)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    let byte = |own: char| u8::try_from(u32::from(own)).map_err(serde::de::Error::custom);
    text.chars().map(byte).collect()
}
