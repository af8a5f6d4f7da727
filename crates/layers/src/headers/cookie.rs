use http::{HeaderMap, HeaderValue, header};

use super::spec::{Cookies, SameSite};

/// Adds the flags that are missing to every `Set-Cookie` line.
pub(super) fn mend(fields: &mut HeaderMap, cookies: &Cookies, secure: bool) {
    let lines: Vec<HeaderValue> = fields
        .get_all(header::SET_COOKIE)
        .iter()
        .map(|line| with_flags(line, cookies, secure).unwrap_or_else(|| line.clone()))
        .collect();
    fields.remove(header::SET_COOKIE);
    for line in lines {
        fields.append(header::SET_COOKIE, line);
    }
}

fn with_flags(line: &HeaderValue, cookies: &Cookies, secure: bool) -> Option<HeaderValue> {
    let bytes = line.as_bytes();
    let mut parts = bytes.split(|&byte| byte == b';');
    let pair = parts.next()?;
    let name = pair.split(|&byte| byte == b'=').next()?.trim_ascii();
    let attributes: Vec<&[u8]> = parts
        .filter_map(|part| part.split(|&byte| byte == b'=').next())
        .map(<[u8]>::trim_ascii)
        .collect();
    let has = |wanted: &str| {
        let mut own = attributes.iter();
        own.any(|attribute| attribute.eq_ignore_ascii_case(wanted.as_bytes()))
    };
    let mut text = bytes.to_vec();
    if cookies.secure && secure && !has("secure") {
        text.extend_from_slice(b"; Secure");
    }
    let readable = cookies.readable.iter().any(|own| own.as_bytes() == name);
    if cookies.http_only && !readable && !has("httponly") {
        text.extend_from_slice(b"; HttpOnly");
    }
    if let (Some(value), false) = (cookies.same_site, has("samesite")) {
        text.extend_from_slice(match value {
            SameSite::Strict => b"; SameSite=Strict",
            SameSite::Lax => b"; SameSite=Lax",
            SameSite::None => b"; SameSite=None",
        });
    }
    HeaderValue::from_bytes(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mended(line: &'static str, secure: bool) -> String {
        let mut fields = HeaderMap::new();
        fields.append(header::SET_COOKIE, HeaderValue::from_static(line));
        mend(&mut fields, &Cookies::default(), secure);
        fields["set-cookie"].to_str().unwrap().to_owned()
    }

    #[test]
    fn missing_flags_are_added_and_present_ones_left() {
        let cases = [
            ("a=b", true, "a=b; Secure; HttpOnly; SameSite=Lax"),
            ("a=b", false, "a=b; HttpOnly; SameSite=Lax"),
            (
                "a=b; samesite=None; SECURE; path=/",
                true,
                "a=b; samesite=None; SECURE; path=/; HttpOnly",
            ),
            (
                "secure=1; Path=/",
                true,
                "secure=1; Path=/; Secure; HttpOnly; SameSite=Lax",
            ),
            ("XSRF-TOKEN=x", true, "XSRF-TOKEN=x; Secure; SameSite=Lax"),
        ];
        for (line, secure, expected) in cases {
            assert_eq!(mended(line, secure), expected);
        }
    }
}
