use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// What can go wrong while answering.
#[derive(Debug)]
pub enum Error {
    /// Nothing of that name.
    NotFound,
    /// The caller sent something that cannot be used.
    Invalid(&'static str),
    /// No session, or an old one.
    Unauthorized,
    /// The database refused. Its message goes to the caller: one of the deliberate holes.
    Database(rusqlite::Error),
    /// A worker died.
    Internal,
}

impl From<rusqlite::Error> for Error {
    fn from(fault: rusqlite::Error) -> Self {
        match fault {
            rusqlite::Error::QueryReturnedNoRows => Self::NotFound,
            other => Self::Database(other),
        }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let (status, message) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "not found".to_owned()),
            Self::Invalid(what) => (StatusCode::UNPROCESSABLE_ENTITY, what.to_owned()),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "log in first".to_owned()),
            Self::Database(fault) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                format!("SQLite error: {fault}"),
            ),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "try again".to_owned()),
        };
        (status, Json(json!({ "error": message }))).into_response()
    }
}
