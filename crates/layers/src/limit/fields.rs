use std::time::Duration;

use babyshield_limit::Decision;
use http::{HeaderMap, HeaderName, HeaderValue, header};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Whole seconds, rounded up: who comes back after that many is not refused again.
pub(super) fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// `RateLimit`, `RateLimit-Policy` and, for a refusal, `Retry-After`.
pub(super) fn of(decision: &Decision) -> HeaderMap {
    let name: String = decision
        .name
        .chars()
        .filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\'))
        .collect();
    let wait = decision.retry_after.unwrap_or(decision.reset);
    let lines = [
        (
            RATE_LIMIT_POLICY,
            format!(
                "\"{name}\";q={};w={}",
                decision.limit,
                seconds(decision.window)
            ),
        ),
        (
            RATE_LIMIT,
            format!("\"{name}\";r={};t={}", decision.remaining, seconds(wait)),
        ),
    ];
    let mut fields = HeaderMap::with_capacity(3);
    for (name, value) in lines {
        if let Ok(value) = HeaderValue::from_str(&value) {
            fields.insert(name, value);
        }
    }
    if let Some(wait) = decision.retry_after {
        fields.insert(header::RETRY_AFTER, HeaderValue::from(seconds(wait).max(1)));
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_when_to_come_back_rounded_up() {
        let fields = of(&Decision {
            allowed: false,
            name: "login".into(),
            limit: 5,
            window: Duration::from_secs(60),
            remaining: 0,
            reset: Duration::from_secs(60),
            retry_after: Some(Duration::from_millis(11_001)),
        });
        assert_eq!(fields["retry-after"], "12");
        assert_eq!(fields["ratelimit-policy"], "\"login\";q=5;w=60");
        assert_eq!(fields["ratelimit"], "\"login\";r=0;t=12");
    }
}
