use std::time::Duration;

use babyshield_model::Secret;
use http::HeaderMap;
use http::header::COOKIE;
use parking_lot::Mutex;

use crate::login::random;

/// A session unused for so long is over.
const IDLE: Duration = Duration::from_secs(12 * 3600);

/// A session older than this is over, however busy.
const LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Sessions at one time; a new one ends the one unused for longest.
const OPEN: usize = 16;

/// A cookie that only this very host, over TLS, may have set.
const SECURE: &str = "__Host-babyshield";
const PLAIN: &str = "babyshield";

#[derive(Default)]
pub(crate) struct Sessions(Mutex<Vec<Session>>);

struct Session {
    id: Secret<String>,
    csrf: String,
    begun: Duration,
    seen: Duration,
}

/// The session a request came with.
#[derive(Clone)]
pub(crate) struct Current {
    pub(crate) id: Secret<String>,
    /// What a request that changes something has to repeat.
    pub(crate) csrf: String,
}

impl Sessions {
    /// Begins one; `None` without randomness.
    pub(crate) fn begin(&self, now: Duration) -> Option<String> {
        let (id, csrf) = (random()?, random()?);
        let mut sessions = self.0.lock();
        expire(&mut sessions, now);
        if sessions.len() >= OPEN
            && let Some((oldest, _)) = sessions.iter().enumerate().min_by_key(|(_, s)| s.seen)
        {
            sessions.remove(oldest);
        }
        sessions.push(Session {
            id: Secret::new(id.clone()),
            csrf,
            begun: now,
            seen: now,
        });
        Some(id)
    }

    /// Finds the session of a request and notes that it is in use.
    pub(crate) fn find(&self, headers: &HeaderMap, secure: bool, now: Duration) -> Option<Current> {
        let id = id_of(headers, secure)?;
        let mut sessions = self.0.lock();
        expire(&mut sessions, now);
        let session = sessions
            .iter_mut()
            .find(|session| session.id.matches(id.as_bytes()))?;
        session.seen = now;
        Some(Current {
            id: session.id.clone(),
            csrf: session.csrf.clone(),
        })
    }

    /// Whether a session found earlier is still open. Looking does not keep it open.
    pub(crate) fn is_open(&self, current: &Current, now: Duration) -> bool {
        let mut sessions = self.0.lock();
        expire(&mut sessions, now);
        let id = current.id.expose().as_bytes();
        sessions.iter().any(|session| session.id.matches(id))
    }

    pub(crate) fn end(&self, current: &Current) {
        let id = current.id.expose().as_bytes();
        self.0.lock().retain(|session| !session.id.matches(id));
    }
}

fn expire(sessions: &mut Vec<Session>, now: Duration) {
    sessions.retain(|session| {
        now.saturating_sub(session.seen) < IDLE && now.saturating_sub(session.begun) < LIFE
    });
}

/// The value of `Set-Cookie` for a session.
pub(crate) fn cookie(id: &str, secure: bool) -> String {
    let (name, flag) = if secure {
        (SECURE, "; Secure")
    } else {
        (PLAIN, "")
    };
    format!("{name}={id}; Path=/; HttpOnly; SameSite=Strict{flag}")
}

/// The value of `Set-Cookie` that takes it away.
pub(crate) fn no_cookie(secure: bool) -> String {
    format!("{}; Max-Age=0", cookie("", secure))
}

fn id_of(headers: &HeaderMap, secure: bool) -> Option<&str> {
    let name = if secure { SECURE } else { PLAIN };
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, id)| (key == name).then_some(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(1000);

    fn headers(id: &str) -> HeaderMap {
        let cookie = format!("other=1; babyshield={id}");
        HeaderMap::from_iter([(COOKIE, cookie.parse().unwrap())])
    }

    #[test]
    fn a_session_ends_when_idle_but_not_before() {
        let sessions = Sessions::default();
        let id = sessions.begin(START).unwrap();
        let later = START + IDLE - Duration::from_secs(1);
        assert!(sessions.find(&headers(&id), false, later).is_some());
        assert!(sessions.find(&headers(&id), false, later + IDLE).is_none());
    }

    #[test]
    fn a_session_ends_after_its_life_however_busy() {
        let sessions = Sessions::default();
        let id = sessions.begin(START).unwrap();
        let step = Duration::from_secs(3600);
        let open = (1..24 * 8)
            .take_while(|hour| {
                sessions
                    .find(&headers(&id), false, START + step * *hour)
                    .is_some()
            })
            .count();
        assert_eq!(open, 24 * 7 - 1);
    }

    #[test]
    fn sessions_are_bounded_and_a_foreign_id_finds_none() {
        let sessions = Sessions::default();
        for _ in 0..100 {
            sessions.begin(START).unwrap();
        }
        assert_eq!(sessions.0.lock().len(), OPEN);
        assert!(sessions.find(&headers("guess"), false, START).is_none());
        assert!(sessions.find(&headers(""), false, START).is_none());
    }

    #[test]
    fn cookies_are_for_this_page_only() {
        let cookie = cookie("x", true);
        for part in ["__Host-", "HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
}
