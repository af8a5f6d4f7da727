//! Query parameters to a [`Filter`]. Unknown names and values are errors, as everywhere.

use std::time::Duration;

use babyshield_events::query::Kind;
use babyshield_events::{Cursor, Filter};
use babyshield_model::{Layer, Timestamp, Verdict};
use serde::Deserialize;
use serde::de::value::{Error as ValueError, StrDeserializer};

use crate::error::Error;

/// Longest text to search for.
const TEXT: usize = 200;

/// Longest stretch of time a summary covers.
const LONGEST: u64 = 366 * 24 * 3600;

/// Parameters of a list of events.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Events {
    pub(crate) after: Option<i64>,
    pub(crate) limit: Option<usize>,
    kind: Option<Kind>,
    since: Option<u64>,
    until: Option<u64>,
    verdict: Option<String>,
    enforced: Option<bool>,
    layer: Option<Layer>,
    client: Option<std::net::IpAddr>,
    route: Option<String>,
    rule: Option<String>,
    class: Option<String>,
    text: Option<String>,
}

/// Parameters of a summary: how many seconds back, and which verdicts.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Window {
    window: Option<u64>,
    verdict: Option<String>,
    pub(crate) limit: Option<usize>,
}

impl Events {
    pub(crate) fn filter(&self) -> Result<Filter, Error> {
        let text = self.text.clone().filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.len() > TEXT) {
            return Err(Error::Query(format!("text is longer than {TEXT} bytes")));
        }
        Ok(Filter {
            kind: self.kind.unwrap_or_default(),
            since: self.since.map(Timestamp),
            until: self.until.map(Timestamp),
            verdicts: verdicts(self.verdict.as_deref())?,
            enforced: self.enforced,
            layer: self.layer,
            client: self.client,
            route: self.route.clone(),
            rule: self.rule.clone(),
            class: self.class.clone(),
            text,
        })
    }

    pub(crate) fn cursor(&self) -> Option<Cursor> {
        self.after.map(Cursor)
    }
}

impl Window {
    pub(crate) fn length(&self) -> Duration {
        Duration::from_secs(self.window.unwrap_or(3600).clamp(60, LONGEST))
    }

    pub(crate) fn since(&self, now: Timestamp) -> Timestamp {
        let length = u64::try_from(self.length().as_millis()).unwrap_or(u64::MAX);
        Timestamp(now.0.saturating_sub(length))
    }

    pub(crate) fn filter(&self, now: Timestamp) -> Result<Filter, Error> {
        Ok(Filter {
            since: Some(self.since(now)),
            verdicts: verdicts(self.verdict.as_deref())?,
            ..Filter::default()
        })
    }
}

/// `block,refuse` and the like.
fn verdicts(list: Option<&str>) -> Result<Vec<Verdict>, Error> {
    list.into_iter()
        .flat_map(|list| list.split(','))
        .filter(|word| !word.is_empty())
        .map(|word| {
            Verdict::deserialize(StrDeserializer::<ValueError>::new(word))
                .map_err(|error| Error::Query(format!("verdict: {error}")))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_a_list_of_known_words() {
        let found = verdicts(Some("block,limit")).unwrap();
        assert_eq!(found, [Verdict::Block, Verdict::Limit]);
        assert!(verdicts(Some("")).unwrap().is_empty());
        assert!(verdicts(Some("deny")).is_err());
    }

    #[test]
    fn windows_stay_within_reason() {
        let window = |seconds| Window {
            window: Some(seconds),
            ..Window::default()
        };
        assert_eq!(window(0).length(), Duration::from_secs(60));
        assert_eq!(window(u64::MAX).length(), Duration::from_secs(LONGEST));
        assert_eq!(window(60).since(Timestamp(0)), Timestamp(0));
    }
}
