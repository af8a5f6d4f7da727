//! The page: embedded from `web/dist` where that was built, else an honest stand-in.

use axum::extract::{Path, State as Extract};
use axum::http::HeaderMap;
use axum::response::{Html, IntoResponse, Response};
use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::State;
use crate::guard;

mod files {
    include!(concat!(env!("OUT_DIR"), "/files.rs"));
}

/// Names below `assets/` carry a hash of their content, so a browser may keep them for good.
const FOREVER: &str = "public, max-age=31536000, immutable";

/// The styles of the pages below, which stand on their own.
const STYLE: &str = include_str!("pages/plain.css");

const ICON: &str = include_str!("../web/public/icon.svg");

/// The dashboard, or how to log in.
pub(crate) async fn index(Extract(state): Extract<State>, headers: HeaderMap) -> Response {
    if guard::find(&state, &headers).is_none() {
        let page = include_str!("pages/logged_out.html");
        return (StatusCode::UNAUTHORIZED, Html(page)).into_response();
    }
    match find("index.html") {
        Some(page) => Html(page).into_response(),
        None => Html(include_str!("pages/not_built.html")).into_response(),
    }
}

/// Scripts and styles of the dashboard. They hold no data, so they need no login.
pub(crate) async fn asset(Path(name): Path<String>) -> Response {
    let Some(bytes) = find(&format!("assets/{name}")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [(CONTENT_TYPE, kind(&name)), (CACHE_CONTROL, FOREVER)];
    (headers, bytes).into_response()
}

pub(crate) async fn icon() -> Response {
    ([(CONTENT_TYPE, kind("icon.svg"))], ICON).into_response()
}

pub(crate) async fn style() -> Response {
    ([(CONTENT_TYPE, kind("plain.css"))], STYLE).into_response()
}

/// The page behind a login link. The token has been checked for its alphabet.
pub(crate) fn login(token: &str) -> String {
    include_str!("pages/login.html").replace("{token}", token)
}

/// The page behind a link that is spent, expired or mistyped.
pub(crate) fn login_wrong() -> &'static str {
    include_str!("pages/login_wrong.html")
}

fn find(name: &str) -> Option<&'static [u8]> {
    files::FILES
        .iter()
        .find(|(file, _)| *file == name)
        .map(|(_, bytes)| *bytes)
}

fn kind(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff2") => "font/woff2",
        Some(_) | None => "application/octet-stream",
    }
}
