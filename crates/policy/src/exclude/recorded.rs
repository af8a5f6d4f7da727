//! The request as far as it was kept.

use std::net::{IpAddr, Ipv4Addr};

use babyshield_model::{Finding, Layer, RequestEvent, Verdict};
use serde::Serialize;

use super::place::{Place, json_with, set_header};
use crate::read::Text as _;
use crate::replay::Request;
use crate::spec::Field;

/// Longest value and target an event keeps, in bytes.
const KEPT_VALUE: usize = 512;
const KEPT_TARGET: usize = 2048;

/// How much is known of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kept {
    /// As it was sent.
    Sent,
    /// As the rule saw it, which may be decoded or in lower case.
    Seen,
    /// Only a part of it.
    Cut,
    /// Nothing.
    Nothing,
}

/// A request that was blocked.
#[derive(Clone, Debug)]
pub struct Recorded {
    pub(super) request: Request,
    pub(super) client: IpAddr,
    /// The route of the policy that held.
    pub(super) route: Option<String>,
    /// Fields that were not in what was kept of the request, and were put there from the findings.
    pub(super) added: Vec<(Field, Kept)>,
    /// Whether the target was cut.
    pub(super) is_cut: bool,
}

/// Why there is nothing to propose.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Hopeless(pub String);

impl Recorded {
    /// The whole request.
    #[must_use]
    pub fn whole(request: Request) -> Self {
        Self {
            request,
            client: IpAddr::V4(Ipv4Addr::LOCALHOST),
            route: None,
            added: Vec::new(),
            is_cut: false,
        }
    }

    /// What an event kept of a request. Its body was not kept, only the values that rules found
    /// something in: those are put where they were found.
    ///
    /// # Errors
    /// When it was not blocked by the rules for what it asked.
    pub fn of(event: &RequestEvent) -> Result<Self, Hopeless> {
        if event.verdict != Verdict::Block || event.layer != Some(Layer::Waf) {
            return Err(Hopeless(format!(
                "no rule blocked this request; `babyshield why {}` tells what did",
                event.id
            )));
        }
        let mut own = Self {
            client: event.client,
            route: event.route.clone(),
            is_cut: event.target.len() >= KEPT_TARGET,
            ..Self::whole(Request {
                method: event.method.clone().into_bytes(),
                target: event.target.clone().into_bytes(),
                version: b"HTTP/1.1".to_vec(),
                headers: Vec::new(),
                body: Vec::new(),
            })
        };
        for (name, value) in [("Host", &event.host), ("User-Agent", &event.agent)] {
            if !value.is_empty() {
                set_header(&mut own.request, name, value.as_bytes());
            }
        }
        for finding in &event.findings {
            own.add(finding);
        }
        own.request.settle_length();
        Ok(own)
    }

    /// Puts the value of a finding where it was found, unless it is there.
    fn add(&mut self, finding: &Finding) {
        let Ok(field) = Field::parse(&finding.field) else {
            return;
        };
        let name = field.name.clone().unwrap_or_default();
        let is_json = name.starts_with("json.") && field.variable.starts_with("ARGS");
        let missing = |place: &Place| {
            place
                .value(&self.request)
                .is_none_or(|value| value.is_empty())
        };
        if is_json && missing(&Place::Json(name.clone())) {
            let body = serde_json::from_slice(&self.request.body).unwrap_or_default();
            let Some(body) = json_with(body, &name, &finding.value) else {
                return;
            };
            self.request.body = body.to_string().into_bytes();
            set_header(&mut self.request, "Content-Type", b"application/json");
        } else {
            let place = Place::of(&field, &self.request);
            if !missing(&place) {
                return;
            }
            let Some(request) = place.put(&self.request, finding.value.as_bytes()) else {
                return;
            };
            self.request = request;
            if place == Place::Xml {
                set_header(&mut self.request, "Content-Type", b"application/xml");
            }
        }
        let kept = if finding.value.len() >= KEPT_VALUE {
            Kept::Cut
        } else {
            Kept::Seen
        };
        self.added.push((field, kept));
    }

    /// How much is known of a field's value.
    pub(super) fn kept(&self, field: &Field, place: &Place) -> Kept {
        let added = self.added.iter().find(|(own, _)| own == field);
        match (added, place.value(&self.request)) {
            (Some((_, kept)), _) => *kept,
            (None, None) => Kept::Nothing,
            (None, Some(_))
                if self.is_cut && matches!(place, Place::Query(_) | Place::WholeQuery) =>
            {
                Kept::Cut
            }
            (None, Some(_)) => Kept::Sent,
        }
    }
}
