//! What the admin listener lets in, asked without a browser.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "these are tests"
)]

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use babyshield_dashboard::{Config, Gateway, Overview, State, Upstream, router, serve};
use babyshield_events::{Metrics, Spec, Store};
use babyshield_model::{
    Event, Finding, Layer, ManualClock, Mode, RequestEvent, RequestId, Sink, Timestamp, Verdict,
};
use http_body_util::BodyExt;
use tower::ServiceExt;

const HOST: &str = "127.0.0.1:9000";
const ORIGIN: &str = "http://127.0.0.1:9000";
const PATIENCE: Duration = Duration::from_secs(10);

struct Fixed;

impl Gateway for Fixed {
    fn overview(&self) -> Overview {
        Overview {
            mode: Mode::Watch,
            upstreams: vec![Upstream {
                name: "http://127.0.0.1:3000".to_owned(),
                healthy: false,
            }],
            ..Overview::default()
        }
    }
}

struct Site {
    state: State,
    store: Arc<Store>,
    clock: Arc<ManualClock>,
    _dir: tempfile::TempDir,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

impl Site {
    fn new() -> Self {
        Self::with(&["admin.example.com"], false)
    }

    fn with(hosts: &[&str], secure: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Duration::from_secs(1_700_000_000)));
        let spec = Spec::at(dir.path().join("e.db"));
        let store = Arc::new(Store::open(&spec, clock.clone(), Metrics::new()).unwrap());
        let state = State::new(Config {
            store: store.clone(),
            gateway: Arc::new(Fixed),
            clock: clock.clone(),
            hosts: hosts.iter().map(|host| (*host).to_owned()).collect(),
            secure,
        });
        Self {
            state,
            store,
            clock,
            _dir: dir,
        }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !headers.iter().any(|(name, _)| *name == "host") {
            request = request.header("host", HOST);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = router(self.state.clone()).oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers, "").await
    }

    fn token(&self) -> String {
        let link = self.state.login_link(ORIGIN).unwrap();
        link.split_once("token=").unwrap().1.to_owned()
    }

    async fn spend(&self, token: &str, more: &[(&str, &str)]) -> Answer {
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded")];
        headers.extend_from_slice(more);
        let form = format!("token={token}");
        self.ask(Method::POST, "/login", &headers, &form).await
    }

    /// Logs in; the value of the cookie.
    async fn cookie(&self) -> String {
        let answer = self.spend(&self.token(), &[("origin", ORIGIN)]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let cookie = answer.headers["set-cookie"].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }

    fn record(&self) -> RequestId {
        let at = Timestamp(1_700_000_000_000);
        let event = attack(at);
        let id = event.id;
        self.store.record(Event::Request(Box::new(event)));
        assert!(self.store.flush(PATIENCE));
        id
    }
}

fn attack(at: Timestamp) -> RequestEvent {
    RequestEvent {
        id: RequestId::new(at, 5),
        at,
        verdict: Verdict::Block,
        enforced: false,
        mode: Mode::Watch,
        layer: Some(Layer::Waf),
        client: "203.0.113.9".parse().unwrap(),
        peer: "127.0.0.1".parse().unwrap(),
        method: "GET".into(),
        host: "api.example.com".into(),
        target: "/v1/products?q=x".into(),
        agent: "curl".into(),
        route: None,
        status: 200,
        upstream: None,
        score: 5,
        threshold: 5,
        findings: vec![Finding {
            rule: "942100".into(),
            message: "SQL Injection".into(),
            class: "sqli".into(),
            severity: "critical".into(),
            field: "ARGS:q".into(),
            value: "x".into(),
            matched: "x".into(),
            data: String::new(),
            tags: Vec::new(),
            source: String::new(),
        }],
        decision_micros: 30,
        total_micros: 500,
        bytes_in: 0,
        bytes_out: 0,
    }
}

#[tokio::test]
async fn without_a_session_nothing_is_told() {
    let site = Site::new();
    for path in [
        "status", "summary", "series", "rules", "classes", "clients", "events", "live", "session",
        "nothing",
    ] {
        let answer = site.get(&format!("/api/{path}"), &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(site.get("/", &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(
        site.get("/metrics", &[]).await.status,
        StatusCode::UNAUTHORIZED
    );
    let guess = [(
        "cookie",
        "babyshield=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
    )];
    assert_eq!(
        site.get("/api/status", &guess).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(site.get("/healthz", &[]).await.status, StatusCode::OK);
}

#[tokio::test]
async fn looking_at_the_link_does_not_spend_it() {
    let site = Site::new();
    let token = site.token();
    for _ in 0..3 {
        let page = site.get(&format!("/login?token={token}"), &[]).await;
        assert_eq!(page.status, StatusCode::OK);
        assert!(page.body.contains(&token));
        assert!(page.headers.get("set-cookie").is_none());
    }
    let first = site.spend(&token, &[("origin", ORIGIN)]).await;
    assert_eq!(first.status, StatusCode::SEE_OTHER);
    let cookie = first.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"),
        "{cookie}"
    );
    let second = site.spend(&token, &[("origin", ORIGIN)]).await;
    assert_eq!(second.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn an_expired_link_opens_nothing() {
    let site = Site::new();
    let token = site.token();
    site.clock.advance(Duration::from_secs(601));
    let answer = site.spend(&token, &[("origin", ORIGIN)]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_token_that_is_none_is_not_echoed() {
    let site = Site::new();
    let answer = site.get("/login?token=%22%3E%3Cscript%3E", &[]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(!answer.body.contains("<script>"));
}

#[tokio::test]
async fn a_login_sent_by_another_site_is_refused_and_spends_nothing() {
    let site = Site::new();
    let token = site.token();
    for foreign in [
        &[][..],
        &[("origin", "http://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://127.0.0.1:9000")],
        &[("origin", "http://127.0.0.1:9001")],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", ORIGIN), ("sec-fetch-site", "cross-site")],
    ] {
        let answer = site.spend(&token, foreign).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{foreign:?}");
    }
    let own = [("origin", ORIGIN), ("sec-fetch-site", "same-origin")];
    assert_eq!(site.spend(&token, &own).await.status, StatusCode::SEE_OTHER);
}

#[tokio::test]
async fn a_change_needs_the_sessions_own_token_and_origin() {
    let site = Site::new();
    let cookie = site.cookie().await;
    let session = site.get("/api/session", &[("cookie", &cookie)]).await;
    let session: serde_json::Value = serde_json::from_str(&session.body).unwrap();
    let csrf = session["csrf"].as_str().unwrap();
    let other = Site::new();
    let other_cookie = other.cookie().await;
    let wrong: [&[(&str, &str)]; 4] = [
        &[("cookie", &cookie), ("origin", ORIGIN)],
        &[
            ("cookie", &cookie),
            ("origin", ORIGIN),
            ("x-csrf-token", "guess"),
        ],
        &[
            ("cookie", &cookie),
            ("origin", "http://evil.example"),
            ("x-csrf-token", csrf),
        ],
        &[("cookie", &cookie), ("x-csrf-token", csrf)],
    ];
    for headers in wrong {
        let answer = site.ask(Method::POST, "/api/logout", headers, "").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{headers:?}");
    }
    let foreign = [
        ("cookie", other_cookie.as_str()),
        ("origin", ORIGIN),
        ("x-csrf-token", csrf),
    ];
    let answer = site.ask(Method::POST, "/api/logout", &foreign, "").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);

    let right = [
        ("cookie", cookie.as_str()),
        ("origin", ORIGIN),
        ("x-csrf-token", csrf),
    ];
    let answer = site.ask(Method::POST, "/api/logout", &right, "").await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let after = site.get("/api/status", &[("cookie", &cookie)]).await;
    assert_eq!(after.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn only_known_hosts_are_served() {
    let site = Site::new();
    for host in [
        "localhost:9000",
        "LOCALHOST",
        "127.0.0.1",
        "[::1]:9000",
        "192.168.1.5:80",
        "admin.example.com:9000",
    ] {
        let answer = site.get("/healthz", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{host}");
    }
    for host in [
        "evil.example:9000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "admin.example.com.",
        "127.0.0.1@evil.example",
    ] {
        let answer = site.get("/healthz", &[("host", host)]).await;
        assert_eq!(answer.status, StatusCode::MISDIRECTED_REQUEST, "{host}");
    }
    let two = [("host", "localhost"), ("host", "evil.example")];
    assert_eq!(
        site.get("/healthz", &two).await.status,
        StatusCode::MISDIRECTED_REQUEST
    );
}

#[tokio::test]
async fn every_answer_carries_the_headers_that_bind_the_browser() {
    let site = Site::new();
    for path in [
        "/",
        "/login",
        "/api/status",
        "/plain.css",
        "/nothing",
        "/healthz",
    ] {
        let headers = site.get(path, &[]).await.headers;
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}");
        assert!(!policy.contains("unsafe"), "{path}");
        assert_eq!(headers["x-content-type-options"], "nosniff", "{path}");
        assert_eq!(headers["x-frame-options"], "DENY", "{path}");
        assert_eq!(headers["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test]
async fn over_tls_the_cookie_is_for_tls_only() {
    let site = Site::with(&[], true);
    let plain = site.spend(&site.token(), &[("origin", ORIGIN)]).await;
    assert_eq!(
        plain.status,
        StatusCode::FORBIDDEN,
        "the page came over TLS"
    );
    let answer = site
        .spend(&site.token(), &[("origin", "https://127.0.0.1:9000")])
        .await;
    let cookie = answer.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.starts_with("__Host-") && cookie.contains("Secure"),
        "{cookie}"
    );
}

#[tokio::test]
async fn an_event_is_listed_and_explained() {
    let site = Site::new();
    let id = site.record();
    let cookie = site.cookie().await;
    let session = [("cookie", cookie.as_str())];
    let list = site
        .get("/api/events?verdict=block&client=203.0.113.9", &session)
        .await;
    let list: serde_json::Value = serde_json::from_str(&list.body).unwrap();
    assert_eq!(list["entries"][0]["id"], id.to_string());
    assert_eq!(list["source"], "store");

    let detail = site.get(&format!("/api/events/{id}"), &session).await;
    let detail: serde_json::Value = serde_json::from_str(&detail.body).unwrap();
    assert!(
        detail["why"]
            .as_str()
            .unwrap()
            .contains("would have been blocked")
    );
    assert_eq!(detail["event"]["findings"][0]["field"], "ARGS:q");
    assert!(
        detail["fixes"][0]["text"]
            .as_str()
            .unwrap()
            .contains("942100")
    );

    let missing = format!("/api/events/{}", RequestId(1));
    assert_eq!(
        site.get(&missing, &session).await.status,
        StatusCode::NOT_FOUND
    );
    let rules = site.get("/api/rules?window=3600", &session).await;
    assert!(rules.body.contains("942100"), "{}", rules.body);
    let summary = site.get("/api/summary", &session).await;
    let summary: serde_json::Value = serde_json::from_str(&summary.body).unwrap();
    assert_eq!(
        (&summary["requests"], &summary["enforced"]),
        (&1.into(), &0.into())
    );
    let status = site.get("/api/status", &session).await;
    assert!(
        status.body.contains("\"mode\":\"watch\""),
        "{}",
        status.body
    );
}

#[tokio::test]
async fn parameters_that_mean_nothing_are_refused() {
    let site = Site::new();
    let cookie = site.cookie().await;
    let long = format!("events?text={}", "a".repeat(300));
    for path in [
        "events?verdct=block",
        "events?verdict=deny",
        "events?client=x",
        "events/123",
        &long,
        "series?window=-1",
    ] {
        let answer = site
            .get(&format!("/api/{path}"), &[("cookie", &cookie)])
            .await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_large_body_is_not_read() {
    let site = Site::new();
    let answer = site
        .spend(&"a".repeat(100_000), &[("origin", ORIGIN)])
        .await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
}

/// Speaks to a served dashboard over a real socket.
async fn exchange(address: std::net::SocketAddr, request: &str) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn metrics_need_no_login_from_this_machine_but_a_known_host() {
    let site = Site::new();
    site.record();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    let server = tokio::spawn(serve(listener, site.state.clone(), shutdown));
    let request =
        |host: &str| format!("GET /metrics HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    let answer = exchange(address, &request("localhost")).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    for line in [
        "babyshield_requests_total{",
        "babyshield_upstream_healthy{upstream=\"http://127.0.0.1:3000\"} 0\n",
    ] {
        assert!(answer.contains(line), "{answer}");
    }
    let answer = exchange(address, &request("evil.example")).await;
    assert!(answer.starts_with("HTTP/1.1 421"), "{answer}");
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_live_stream_carries_events_and_ends_with_its_session() {
    let site = Site::new();
    let cookie = site.cookie().await;
    let request = Request::get("/api/live")
        .header("host", HOST)
        .header("cookie", &cookie)
        .body(Body::empty())
        .unwrap();
    let response = router(site.state.clone()).oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut body = response.into_body();
    let id = site.record();
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let text = String::from_utf8_lossy(&frame);
    assert!(
        text.starts_with("event: request") || text.contains("\nevent: request"),
        "{text}"
    );
    assert!(text.contains(&id.to_string()), "{text}");
    // Idle for too long: the session is over, and with it the stream.
    site.clock.advance(Duration::from_secs(13 * 3600));
    site.record();
    assert!(body.frame().await.is_none());
}

#[tokio::test]
async fn a_shutdown_ends_live_streams() {
    let site = Site::new();
    let cookie = site.cookie().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move { stopped.await.unwrap_or_default() };
    let server = tokio::spawn(serve(listener, site.state.clone(), shutdown));
    let request = format!(
        "GET /api/live HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\nconnection: close\r\n\r\n"
    );
    let stream = tokio::spawn(async move { exchange(address, &request).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    stop.send(()).unwrap();
    tokio::time::timeout(PATIENCE, server)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let answer = stream.await.unwrap();
    assert!(answer.contains("text/event-stream"), "{answer}");
}
