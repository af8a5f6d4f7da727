use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// What the API answers when it cannot answer.
#[derive(Debug)]
pub(crate) enum Error {
    /// The `Host` is not one of ours.
    Host,
    /// No session.
    Login,
    /// A change that the page did not send.
    Forged,
    /// Not in the store.
    Missing,
    /// A parameter that means nothing.
    Query(String),
    /// Too many live streams.
    Busy,
    /// The store does not answer.
    Store(String),
}

impl From<babyshield_events::Error> for Error {
    fn from(error: babyshield_events::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::Host => (
                StatusCode::MISDIRECTED_REQUEST,
                "this host name is not served here; use an address or localhost, or add the name to the admin settings".to_owned(),
            ),
            Self::Login => (
                StatusCode::UNAUTHORIZED,
                "log in with the link that BabyShield printed".to_owned(),
            ),
            Self::Forged => (
                StatusCode::FORBIDDEN,
                "this request does not come from the dashboard's own page".to_owned(),
            ),
            Self::Missing => (
                StatusCode::NOT_FOUND,
                "not in the event store; unremarkable requests are sampled, old ones expire".to_owned(),
            ),
            Self::Query(text) => (StatusCode::BAD_REQUEST, text),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too many live views are open".to_owned(),
            ),
            Self::Store(text) => (StatusCode::SERVICE_UNAVAILABLE, text),
        };
        (status, Json(serde_json::json!({ "error": text }))).into_response()
    }
}
