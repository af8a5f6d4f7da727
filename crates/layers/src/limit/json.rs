//! One field of a JSON body, found without keeping the rest of it in memory.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The text of a field; dots lead into nested objects. `Some(None)` where the body has no such
/// field, has it more than once, or has no plain value there; `None` where the body is no JSON.
pub(super) fn field(body: &[u8], path: &str) -> Option<Option<Vec<u8>>> {
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_slice(body);
    let seeker = Seeker {
        path,
        found: &mut found,
    };
    reader.deserialize_any(seeker).ok()?;
    reader.end().ok()?;
    Some(found.text.filter(|_| found.count == 1))
}

#[derive(Default)]
struct Found {
    /// How often the field is there.
    count: usize,
    text: Option<Vec<u8>>,
}

/// Looks for the field within one value.
struct Seeker<'a> {
    /// What is left of the path: empty at the field itself.
    path: &'a str,
    found: &'a mut Found,
}

impl Seeker<'_> {
    fn plain<E>(self, text: impl Into<String>) -> Result<(), E> {
        if self.path.is_empty() {
            self.found.text = Some(text.into().into_bytes());
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Seeker<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, value: D) -> Result<(), D::Error> {
        value.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seeker<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let rest = self.path.strip_prefix(name.as_str());
            let path = match rest {
                Some("") if !self.path.is_empty() => {
                    self.found.count += 1;
                    Some("")
                }
                Some(rest) => rest.strip_prefix('.').filter(|rest| !rest.is_empty()),
                None => None,
            };
            match path {
                Some(path) => map.next_value_seed(Seeker {
                    path,
                    found: self.found,
                })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.plain(text)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<(), E> {
        self.plain(truth.to_string())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.plain(number.to_string())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.plain(number.to_string())
    }

    fn visit_f64<E>(self, number: f64) -> Result<(), E> {
        self.plain(number.to_string())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &str, path: &str) -> Option<String> {
        let found = field(body.as_bytes(), path).flatten();
        found.map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn a_field_is_found_wherever_its_path_leads() {
        let cases = [
            (r#"{"x":[{"email":"no"}],"email":"ann@x.org"}"#, "email"),
            (r#"{"user":{"x":1,"email":"ann@x.org"}}"#, "user.email"),
            (r#"{"user.email":"ann@x.org"}"#, "user.email"),
            (r#"{"em\u0061il":"ann\u0040x.org"}"#, "email"),
        ];
        for (body, path) in cases {
            assert_eq!(text(body, path).as_deref(), Some("ann@x.org"), "{body}");
        }
        assert_eq!(text(r#"{"n":7}"#, "n").as_deref(), Some("7"));
        assert_eq!(text(r#"{"n":true}"#, "n").as_deref(), Some("true"));
    }

    #[test]
    fn a_field_that_says_several_things_says_nothing() {
        let cases = [
            r#"{"email":"ann@x.org","email":"else@x.org"}"#,
            r#"{"email":"ann@x.org","em\u0061il":"ann@x.org"}"#,
            r#"{"email":["ann@x.org"]}"#,
            r#"{"email":{"a":"ann@x.org"}}"#,
            r#"{"email":null}"#,
            r#"{"email":"ann@x.org","email":null}"#,
            r#"["email"]"#,
            "7",
        ];
        for body in cases {
            assert_eq!(field(body.as_bytes(), "email"), Some(None), "{body}");
        }
    }

    #[test]
    fn what_is_no_json_is_left_to_others() {
        for body in ["", "email=ann", r#"{"email":"a"} x"#, r#"{"email":"a""#] {
            assert_eq!(field(body.as_bytes(), "email"), None, "{body}");
        }
    }
}
