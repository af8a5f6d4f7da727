//! The JSON behind the page. Every answer is read from the store when asked; nothing is cached.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, Query, State as Extract};
use axum::response::IntoResponse;
use axum::{Extension, Json};
use babyshield_events::query::{Bucket, Caller, ClassCount, RouteSum, RuleCount};
use babyshield_events::{Entry, Filter, Fix, Health, Reader, Status, fixes, why};
use babyshield_model::{Event, RequestEvent, RequestId, Timestamp};
use http::StatusCode;
use http::header::SET_COOKIE;
use serde::Serialize;

use crate::error::Error;
use crate::filter::{Events, Window};
use crate::session::{self, Current};
use crate::{Overview, State};

/// Rows of a ranking when nothing else is asked for.
const TOP: usize = 10;

/// Events of a page when nothing else is asked for.
const PAGE: usize = 100;

/// Points of a series: about as many as a chart shows apart.
const POINTS: u64 = 96;

type Answer<T> = Result<Json<T>, Error>;

#[derive(Serialize)]
pub(crate) struct Session {
    csrf: String,
}

/// What the page needs to change something.
pub(crate) async fn session(Extension(current): Extension<Current>) -> Json<Session> {
    Json(Session { csrf: current.csrf })
}

/// Ends the session.
pub(crate) async fn logout(
    Extract(state): Extract<State>,
    Extension(current): Extension<Current>,
) -> impl IntoResponse {
    state.0.sessions.end(&current);
    let cookie = session::no_cookie(state.0.config.secure);
    (StatusCode::NO_CONTENT, [(SET_COOKIE, cookie)])
}

#[derive(Serialize)]
pub(crate) struct Now {
    now: Timestamp,
    gateway: Overview,
    store: Status,
}

/// How gateway and store are doing.
pub(crate) async fn status(Extract(state): Extract<State>) -> Json<Now> {
    let config = &state.0.config;
    Json(Now {
        now: config.clock.now(),
        gateway: config.gateway.overview(),
        store: config.store.status(),
    })
}

#[derive(Serialize)]
pub(crate) struct List {
    entries: Vec<Item>,
    next: Option<i64>,
    /// `memory` while the store cannot be read.
    source: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Item {
    Stored(Entry),
    Fresh(Event),
}

/// Events that match, newest first.
pub(crate) async fn events(
    Extract(state): Extract<State>,
    Query(query): Query<Events>,
) -> Answer<List> {
    let filter = query.filter()?;
    let (cursor, limit) = (query.cursor(), query.limit.unwrap_or(PAGE));
    let health = state.0.config.store.status().health;
    if matches!(health, Health::Failing { .. }) && cursor.is_none() {
        // What the disk did not take is still in memory.
        return Ok(Json(from_memory(&state, &filter, limit)));
    }
    let page = ask(&state, move |reader| reader.events(&filter, cursor, limit)).await?;
    Ok(Json(List {
        next: page.next.map(|cursor| cursor.0),
        entries: page.entries.into_iter().map(Item::Stored).collect(),
        source: "store",
    }))
}

fn from_memory(state: &State, filter: &Filter, limit: usize) -> List {
    let recent = state.0.config.store.recent();
    let matching = recent.iter().filter(|event| filter.matches(event));
    List {
        entries: matching
            .take(limit)
            .map(|event| Item::Fresh(Arc::unwrap_or_clone(Arc::clone(event))))
            .collect(),
        next: None,
        source: "memory",
    }
}

#[derive(Serialize)]
pub(crate) struct Detail {
    event: RequestEvent,
    fixes: Vec<Fix>,
    why: String,
}

/// One request and why it went as it did.
pub(crate) async fn event(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
) -> Answer<Detail> {
    let id: RequestId = id
        .parse()
        .map_err(|error| Error::Query(format!("{error}")))?;
    let store = Arc::clone(&state.0.config.store);
    let event = block(&state, move || store.request(id)).await?;
    let event = event.ok_or(Error::Missing)?;
    Ok(Json(Detail {
        fixes: fixes(&event),
        why: why(&event),
        event,
    }))
}

/// Exact counts of one stretch of time.
#[derive(Serialize)]
pub(crate) struct Summary {
    since: Timestamp,
    until: Timestamp,
    requests: u64,
    verdicts: BTreeMap<String, u64>,
    /// Verdicts other than `allow` that were carried out.
    enforced: u64,
    layers: BTreeMap<String, u64>,
    /// By first digit of the status.
    statuses: BTreeMap<u8, u64>,
    /// CPU time of a decision on average, in microseconds.
    decision_micros: f64,
    /// Whole time of a request on average, in microseconds.
    total_micros: f64,
}

/// Exact counts over every request.
pub(crate) async fn summary(
    Extract(state): Extract<State>,
    Query(window): Query<Window>,
) -> Answer<Summary> {
    let until = state.0.config.clock.now();
    let since = window.since(until);
    let sums = ask(&state, move |reader| reader.sums(since, until)).await?;
    Ok(Json(Summary::over(&sums, since, until)))
}

impl Summary {
    fn over(sums: &[RouteSum], since: Timestamp, until: Timestamp) -> Self {
        let requests: u64 = sums.iter().map(|sum| sum.count).sum();
        let mean = |total: u64| total as f64 / requests.max(1) as f64;
        let mut summary = Self {
            since,
            until,
            requests,
            verdicts: BTreeMap::new(),
            enforced: 0,
            layers: BTreeMap::new(),
            statuses: BTreeMap::new(),
            decision_micros: mean(sums.iter().map(|sum| sum.decision_micros).sum()),
            total_micros: mean(sums.iter().map(|sum| sum.total_micros).sum()),
        };
        for sum in sums {
            *summary.verdicts.entry(sum.verdict.clone()).or_default() += sum.count;
            *summary.statuses.entry(sum.class).or_default() += sum.count;
            if !sum.layer.is_empty() {
                *summary.layers.entry(sum.layer.clone()).or_default() += sum.count;
            }
            if sum.enforced && sum.verdict != "allow" {
                summary.enforced += sum.count;
            }
        }
        summary
    }
}

/// Exact counts in steps.
pub(crate) async fn series(
    Extract(state): Extract<State>,
    Query(window): Query<Window>,
) -> Answer<Vec<Bucket>> {
    let until = state.0.config.clock.now();
    let since = window.since(until);
    let step = Duration::from_secs((window.length().as_secs() / POINTS).next_multiple_of(60));
    ask(&state, move |reader| reader.series(since, until, step))
        .await
        .map(Json)
}

/// The rules that spoke most often.
pub(crate) async fn rules(
    Extract(state): Extract<State>,
    Query(window): Query<Window>,
) -> Answer<Vec<RuleCount>> {
    let filter = window.filter(state.0.config.clock.now())?;
    let limit = window.limit.unwrap_or(TOP);
    ask(&state, move |reader| reader.top_rules(&filter, limit))
        .await
        .map(Json)
}

/// What was tried, by class.
pub(crate) async fn classes(
    Extract(state): Extract<State>,
    Query(window): Query<Window>,
) -> Answer<Vec<ClassCount>> {
    let filter = window.filter(state.0.config.clock.now())?;
    let limit = window.limit.unwrap_or(TOP);
    ask(&state, move |reader| reader.top_classes(&filter, limit))
        .await
        .map(Json)
}

/// The callers with most such requests.
pub(crate) async fn clients(
    Extract(state): Extract<State>,
    Query(window): Query<Window>,
) -> Answer<Vec<Caller>> {
    let filter = window.filter(state.0.config.clock.now())?;
    let limit = window.limit.unwrap_or(TOP);
    ask(&state, move |reader| reader.top_clients(&filter, limit))
        .await
        .map(Json)
}

async fn ask<T: Send + 'static>(
    state: &State,
    question: impl FnOnce(&Reader) -> Result<T, babyshield_events::Error> + Send + 'static,
) -> Result<T, Error> {
    let reader = state.0.config.store.reader();
    block(state, move || question(&reader)).await
}

/// SQLite blocks: it runs on a thread for that, a few at a time.
async fn block<T: Send + 'static>(
    state: &State,
    question: impl FnOnce() -> Result<T, babyshield_events::Error> + Send + 'static,
) -> Result<T, Error> {
    let _permit = state
        .0
        .questions
        .acquire()
        .await
        .map_err(|error| Error::Store(error.to_string()))?;
    tokio::task::spawn_blocking(question)
        .await
        .map_err(|error| Error::Store(error.to_string()))?
        .map_err(Error::from)
}
