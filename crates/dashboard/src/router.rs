use axum::Router;
use axum::extract::{DefaultBodyLimit, State as Extract};
use axum::middleware::from_fn_with_state as layer;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;

use crate::error::Error;
use crate::{State, Upstream, api, assets, guard, live, login};

/// Bytes a request body may have: a login token, with room.
const BODY: usize = 4096;

/// The media type of Prometheus' text format.
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What stands before the lines about upstream servers.
const UPSTREAM_HEAD: &str = "# HELP babyshield_upstream_healthy 1 while the server gets requests.\n\
    # TYPE babyshield_upstream_healthy gauge\n";

/// Everything the admin listener answers. Serve it with [`crate::serve`], which tells it where
/// a connection comes from; elsewhere `/metrics` asks for a login too.
pub fn router(state: State) -> Router {
    let api = Router::new()
        .route("/session", get(api::session))
        .route("/logout", post(api::logout))
        .route("/status", get(api::status))
        .route("/summary", get(api::summary))
        .route("/series", get(api::series))
        .route("/rules", get(api::rules))
        .route("/classes", get(api::classes))
        .route("/clients", get(api::clients))
        .route("/events", get(api::events))
        .route("/events/{id}", get(api::event))
        .route("/live", get(live::live))
        .fallback(|| async { Error::Missing })
        .layer(layer(state.clone(), guard::session));
    let login = Router::new()
        .route("/login", get(login::page).post(login::enter))
        .layer(layer(state.clone(), guard::own_form));
    let metrics = Router::new()
        .route("/metrics", get(metrics))
        .layer(layer(state.clone(), guard::near));
    Router::new()
        .nest("/api", api)
        .merge(login)
        .merge(metrics)
        .route("/", get(assets::index))
        .route("/assets/{name}", get(assets::asset))
        .route("/icon.svg", get(assets::icon))
        .route("/plain.css", get(assets::style))
        .route("/healthz", get(|| async { "ok\n" }))
        .layer(DefaultBodyLimit::max(BODY))
        .layer(layer(state.clone(), guard::outer))
        .with_state(state)
}

async fn metrics(Extract(state): Extract<State>) -> impl IntoResponse {
    let config = &state.0.config;
    let mut text = config.store.metrics().render();
    push_upstreams(&mut text, &config.gateway.overview().upstreams);
    ([(CONTENT_TYPE, PROMETHEUS)], text)
}

/// Which upstream servers get requests now; a server that the policy no longer names is gone.
fn push_upstreams(text: &mut String, upstreams: &[Upstream]) {
    if upstreams.is_empty() {
        return;
    }
    text.push_str(UPSTREAM_HEAD);
    for upstream in upstreams {
        let name = upstream.name.replace('\\', "\\\\").replace('"', "\\\"");
        let healthy = u8::from(upstream.healthy);
        let line = format!("babyshield_upstream_healthy{{upstream=\"{name}\"}} {healthy}\n");
        text.push_str(&line);
    }
}
