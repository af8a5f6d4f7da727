//! What is blocked is blocked before the upstream, with an answer that can be traced.

use babyshield_gateway::spec::Route;
use babyshield_model::{Layer, Mode, Verdict};

use crate::support::{Backend, Deciders, Gateway, request, spec};

const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecRule ARGS "@contains attack" "id:100,phase:2,deny,status:403,log,msg:'attack seen',severity:CRITICAL"
SecRule REQUEST_HEADERS:X-Bad "@streq 1" "id:101,phase:1,deny,status:403,log,msg:'bad header'"
"#;

fn get(path: &str, fields: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: test\r\n{fields}\r\n")
}

#[tokio::test]
async fn a_blocked_request_never_reaches_the_upstream() {
    let backend = Backend::start().await;
    let deciders = Deciders {
        rules: RULES,
        deny: vec!["192.0.2.0/24"],
        agents: vec!["sqlmap"],
        ..Deciders::default()
    };
    let mut spec = spec(&[backend.url()]);
    spec.proxies = vec!["127.0.0.1".to_owned()];
    let gateway = Gateway::start(&spec, &deciders).await;
    let body = "q=attack";
    let post = format!(
        "POST / HTTP/1.1\r\nhost: test\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let cases = [
        (get("/blocked", ""), Layer::Path, "block:path"),
        (get("/%62locked", ""), Layer::Path, "block:path"),
        (
            get("/", "user-agent: SQLMap/1.8\r\n"),
            Layer::Agent,
            "block:agent",
        ),
        (
            get("/", "x-forwarded-for: 192.0.2.7\r\n"),
            Layer::Network,
            "block:network",
        ),
        (get("/?q=attack", ""), Layer::Waf, "100"),
        (get("/", "x-bad: 1\r\n"), Layer::Waf, "101"),
        (post, Layer::Waf, "100"),
    ];
    for (bytes, layer, rule) in cases {
        let reply = request(gateway.address, &bytes).await;
        assert_eq!(reply.status, 403, "{bytes}");
        assert_eq!(reply.field("content-type"), "application/problem+json");
        assert!(
            !reply.body.contains(rule),
            "the answer gives nothing away: {}",
            reply.body
        );
        let event = gateway.event().await;
        assert_eq!(event.verdict, Verdict::Block, "{bytes}");
        assert_eq!(event.layer, Some(layer), "{bytes}");
        assert!(event.enforced);
        assert_eq!(event.id.to_string(), reply.field("x-request-id"));
        assert!(event.findings.iter().any(|f| f.rule == rule), "{event:#?}");
    }
    assert_eq!(backend.requests(), 0);
    assert_eq!(request(gateway.address, get("/name", "")).await.body, "one");
}

#[tokio::test]
async fn watch_mode_reports_what_it_would_have_done_and_lets_it_pass() {
    let backend = Backend::start().await;
    let deciders = Deciders {
        rules: RULES,
        limits: vec![("tight", "1/min per ip")],
        ..Deciders::default()
    };
    let mut spec = spec(&[backend.url()]);
    spec.mode = Mode::Watch;
    spec.limits = vec!["tight".to_owned()];
    let gateway = Gateway::start(&spec, &deciders).await;
    let cases = [
        (get("/blocked", ""), Verdict::Block),
        (get("/?q=attack", ""), Verdict::Limit),
    ];
    for (bytes, verdict) in cases {
        assert_eq!(request(gateway.address, &bytes).await.status, 200);
        let event = gateway.event().await;
        assert_eq!(event.verdict, verdict);
        assert!(!event.enforced);
        assert_eq!((event.mode, event.status), (Mode::Watch, 200));
    }
    assert_eq!(backend.requests(), 2);
    // What cannot be passed on is refused in every mode.
    assert_eq!(
        request(gateway.address, "GET / HTTP/1.1\r\n\r\n")
            .await
            .status,
        400
    );
    assert_eq!(backend.requests(), 2);
}

#[tokio::test]
async fn a_route_has_its_own_mode_however_its_path_is_written() {
    let backend = Backend::start().await;
    let deciders = Deciders {
        rules: RULES,
        ..Deciders::default()
    };
    let mut spec = spec(&[backend.url()]);
    spec.routes = vec![
        Route {
            pattern: "/open/**".to_owned(),
            mode: Some(Mode::Off),
            ..Route::default()
        },
        Route {
            pattern: "/watched".to_owned(),
            mode: Some(Mode::Watch),
            ..Route::default()
        },
    ];
    let gateway = Gateway::start(&spec, &deciders).await;
    let cases = [
        ("/open/x?q=attack", 200, Mode::Off, Verdict::Allow),
        ("/watched?q=attack", 200, Mode::Watch, Verdict::Block),
        ("/open/../x?q=attack", 403, Mode::Enforce, Verdict::Block),
        ("/open/..%2fx?q=attack", 403, Mode::Enforce, Verdict::Block),
        ("/open/..;/x?q=attack", 403, Mode::Enforce, Verdict::Block),
        ("/x?q=attack", 403, Mode::Enforce, Verdict::Block),
    ];
    for (path, status, mode, verdict) in cases {
        assert_eq!(
            request(gateway.address, get(path, "")).await.status,
            status,
            "{path}"
        );
        let event = gateway.event().await;
        assert_eq!((event.mode, event.verdict), (mode, verdict), "{path}");
    }
}

#[tokio::test]
async fn refusals_are_json_unless_the_caller_prefers_a_page() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let browser = "accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n";
    let page = request(gateway.address, get("/blocked", browser)).await;
    assert_eq!(page.status, 403);
    assert_eq!(page.field("content-type"), "text/html; charset=utf-8");
    assert!(
        page.body.contains(page.field("x-request-id")),
        "{}",
        page.body
    );
    assert_eq!(page.field("cache-control"), "no-store");
    let problem = request(gateway.address, get("/blocked", "accept: */*\r\n"))
        .await
        .json();
    assert_eq!(problem["status"], 403);
    assert_eq!(problem["title"], "Forbidden");
    assert_eq!(problem["type"], "about:blank");
    assert!(
        problem["instance"]
            .as_str()
            .unwrap()
            .starts_with("urn:ulid:")
    );
}

#[tokio::test]
async fn a_limit_answers_429_and_says_when_to_come_back() {
    let backend = Backend::start().await;
    let deciders = Deciders {
        limits: vec![
            ("default", "2/min per ip"),
            ("login", "1/min per body.email"),
        ],
        ..Deciders::default()
    };
    let mut spec = spec(&[backend.url()]);
    spec.limits = vec!["default".to_owned()];
    spec.proxies = vec!["127.0.0.1".to_owned()];
    spec.routes = vec![Route {
        pattern: "POST /login".to_owned(),
        limits: vec!["login".to_owned()],
        ..Route::default()
    }];
    let gateway = Gateway::start(&spec, &deciders).await;
    for _ in 0..2 {
        assert_eq!(request(gateway.address, get("/", "")).await.status, 200);
    }
    let reply = request(gateway.address, get("/", "")).await;
    assert_eq!(reply.status, 429);
    let wait: u64 = reply.field("retry-after").parse().unwrap();
    assert!((1..=30).contains(&wait), "{wait}");
    assert_eq!(reply.field("ratelimit-policy"), "\"default\";q=2;w=60");
    assert!(reply.field("ratelimit").starts_with("\"default\";r=0;t="));
    let event = gateway.events(3).await.remove(2);
    assert_eq!(
        (event.verdict, event.layer),
        (Verdict::Limit, Some(Layer::Limit))
    );
    assert_eq!(event.findings[0].rule, "limit:default");

    let login = |client: u8, email: &str| {
        let body = format!("{{\"email\":\"{email}\"}}");
        format!(
            "POST /login HTTP/1.1\r\nhost: test\r\nx-forwarded-for: 198.51.100.{client}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let reached = backend.requests();
    assert_eq!(
        request(gateway.address, login(1, "ann@x.org")).await.status,
        200
    );
    assert_eq!(
        request(gateway.address, login(2, "ANN@x.org "))
            .await
            .status,
        429
    );
    assert_eq!(
        request(gateway.address, login(3, "bob@x.org")).await.status,
        200
    );
    assert_eq!(backend.requests(), reached + 2);
}

#[tokio::test]
async fn a_response_the_rules_refuse_is_held_back() {
    let backend = Backend::start().await;
    let deciders = Deciders {
        rules: r#"
SecRuleEngine On
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain
SecRule RESPONSE_BODY "@contains secret" "id:200,phase:4,deny,status:403,log,msg:'leak'"
SecRule RESPONSE_HEADERS:Server "@contains Backend" "id:201,phase:3,deny,status:403,log,msg:'banner'"
"#,
        ..Deciders::default()
    };
    let gateway = Gateway::start(&spec(&[backend.url()]), &deciders).await;
    let post = |body: &str| {
        format!(
            "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-type: text/plain\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    let reply = request(gateway.address, post("the secret")).await;
    assert_eq!(reply.status, 403, "{reply:?}");
    assert!(!reply.body.contains("secret"));
    assert_eq!(request(gateway.address, post("nothing")).await.status, 200);
    assert_eq!(
        request(gateway.address, get("/cookie", "")).await.status,
        403
    );
}
