//! The one-time link: from the operator's terminal to a session.

use std::time::Duration;

use axum::extract::{Form, Query, State as Extract};
use axum::response::{Html, IntoResponse, Redirect, Response};
use babyshield_model::Secret;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::SET_COOKIE;
use parking_lot::Mutex;

use crate::State;
use crate::assets;
use crate::session;

/// How long a link is good.
const LIFE: Duration = Duration::from_secs(600);

/// Links open at one time; a new one replaces the oldest.
const OPEN: usize = 8;

/// Wrong tokens answered as such within [`LIFE`]; later ones are told to wait. The right token
/// is always taken, so that nobody can lock the operator out.
const WRONG: u32 = 10;

/// Characters of a token.
const LENGTH: usize = 43;

#[derive(Default)]
pub(crate) struct Links(Mutex<Book>);

#[derive(Default)]
struct Book {
    open: Vec<Link>,
    wrong: u32,
    wrong_since: Duration,
}

struct Link {
    token: Secret<String>,
    until: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    Right,
    Wrong,
    TooMany,
}

/// 256 random bits as text for URLs and cookies.
pub(crate) fn random() -> Option<String> {
    let mut bytes = [0_u8; 32];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

impl Links {
    pub(crate) fn create(&self, now: Duration) -> Option<String> {
        let token = random()?;
        let mut book = self.0.lock();
        book.open.retain(|link| link.until > now);
        if book.open.len() >= OPEN {
            book.open.remove(0);
        }
        book.open.push(Link {
            token: Secret::new(token.clone()),
            until: now + LIFE,
        });
        Some(token)
    }

    /// Spends a token. Every open link is compared, whichever matches.
    pub(crate) fn spend(&self, token: &str, now: Duration) -> Attempt {
        let mut book = self.0.lock();
        book.open.retain(|link| link.until > now);
        let before = book.open.len();
        book.open
            .retain(|link| !link.token.matches(token.as_bytes()));
        if book.open.len() < before {
            return Attempt::Right;
        }
        if now.saturating_sub(book.wrong_since) > LIFE {
            book.wrong = 0;
            book.wrong_since = now;
        }
        book.wrong = book.wrong.saturating_add(1);
        if book.wrong > WRONG {
            Attempt::TooMany
        } else {
            Attempt::Wrong
        }
    }
}

#[derive(serde::Deserialize)]
pub(crate) struct Token {
    #[serde(default)]
    token: String,
}

/// The page behind the link: a button, and nothing spent.
pub(crate) async fn page(Query(query): Query<Token>) -> Response {
    let safe = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if query.token.len() != LENGTH || !query.token.bytes().all(safe) {
        return (StatusCode::BAD_REQUEST, Html(assets::login_wrong())).into_response();
    }
    Html(assets::login(&query.token)).into_response()
}

/// Spends the token for a session.
pub(crate) async fn enter(Extract(state): Extract<State>, Form(form): Form<Token>) -> Response {
    let inner = &state.0;
    let now = inner.config.clock.monotonic();
    match inner.links.spend(&form.token, now) {
        Attempt::Right => match inner.sessions.begin(now) {
            Some(id) => {
                let cookie = session::cookie(&id, inner.config.secure);
                ([(SET_COOKIE, cookie)], Redirect::to("/")).into_response()
            }
            None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        },
        Attempt::Wrong => (StatusCode::FORBIDDEN, Html(assets::login_wrong())).into_response(),
        Attempt::TooMany => {
            (StatusCode::TOO_MANY_REQUESTS, Html(assets::login_wrong())).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1000);

    #[test]
    fn a_token_is_good_once() {
        let links = Links::default();
        let token = links.create(START).unwrap();
        assert_eq!(token.len(), LENGTH);
        assert_eq!(links.spend(&token, START), Attempt::Right);
        assert_eq!(links.spend(&token, START), Attempt::Wrong);
    }

    #[test]
    fn a_token_is_good_for_ten_minutes() {
        let links = Links::default();
        let early = links.create(START).unwrap();
        assert_eq!(links.spend(&early, START + LIFE), Attempt::Wrong);
        let late = links.create(START).unwrap();
        assert_eq!(
            links.spend(&late, START + LIFE - Duration::from_secs(1)),
            Attempt::Right
        );
    }

    #[test]
    fn guessing_is_slowed_but_the_right_token_still_opens() {
        let links = Links::default();
        let token = links.create(START).unwrap();
        let answers: Vec<_> = (0..12).map(|_| links.spend("guess", START)).collect();
        assert_eq!(answers[0], Attempt::Wrong);
        assert_eq!(answers[11], Attempt::TooMany);
        assert_eq!(links.spend(&token, START), Attempt::Right);
    }

    #[test]
    fn open_links_are_bounded() {
        let links = Links::default();
        let first = links.create(START).unwrap();
        for _ in 0..OPEN {
            links.create(START).unwrap();
        }
        assert_eq!(links.0.lock().open.len(), OPEN);
        assert_eq!(links.spend(&first, START), Attempt::Wrong);
    }
}
