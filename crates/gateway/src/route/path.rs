use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// Rounds of decoding: more than a chain of servers would ever do.
const ROUNDS: usize = 3;

/// The path as a server behind would come to read it, beginning with `/`. Cheap when it is plain
/// already, as nearly every path is.
pub(super) fn normalise(path: &str) -> Cow<'_, str> {
    let suspicious = path.bytes().any(|byte| matches!(byte, b'%' | b'\\' | b';'));
    if !suspicious && path.starts_with('/') && !path.contains("//") && !path.contains("/.") {
        return Cow::Borrowed(path);
    }
    let mut decoded = path.to_owned();
    for _ in 0..ROUNDS {
        let next = percent_decode_str(&decoded)
            .decode_utf8_lossy()
            .into_owned();
        if next == decoded {
            break;
        }
        decoded = next;
    }
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            name => segments.push(name),
        }
    }
    let mut plain = String::with_capacity(decoded.len() + 1);
    for segment in &segments {
        plain.push('/');
        plain.push_str(segment);
    }
    if plain.is_empty() || decoded.ends_with('/') {
        plain.push('/');
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_path_is_the_same_however_it_is_written() {
        let cases = [
            ("/v1/login", "/v1/login"),
            ("/v1//login", "/v1/login"),
            ("/v1/%6cogin", "/v1/login"),
            ("/v1/%256cogin", "/v1/login"),
            ("/health/../v1/login", "/v1/login"),
            ("/health/..%2fv1/login", "/v1/login"),
            ("/health/..;/v1/login", "/v1/login"),
            ("/health\\..\\v1\\login", "/v1/login"),
            ("/v1/./login;jsessionid=1", "/v1/login"),
            ("/../../etc", "/etc"),
            ("/", "/"),
            ("*", "/*"),
            ("/a/", "/a/"),
        ];
        for (written, read) in cases {
            assert_eq!(normalise(written), read, "{written}");
        }
    }
}
