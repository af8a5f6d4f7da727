//! Messages that can be read in two ways are refused, and nothing of them goes on.

use babyshield_model::{Layer, Verdict};

use crate::support::{Backend, Deciders, Gateway, request, spec};

const HOST: &str = "host: test\r\n";

/// Each case: what is wrong, the bytes, the status, and a word of the reason given.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(&'static str, Vec<u8>, u16, &'static str)> {
    let post = |fields: &str, body: &str| {
        format!("POST /echo HTTP/1.1\r\n{HOST}{fields}\r\n{body}").into_bytes()
    };
    let get = |fields: &str| format!("GET / HTTP/1.1\r\n{HOST}{fields}\r\n").into_bytes();
    let raw = |text: &str| text.as_bytes().to_vec();
    let long = "a".repeat(40_000);
    let many: String = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect();
    let chunked = "transfer-encoding: chunked\r\n";
    vec![
        (
            "both framings",
            post(&format!("content-length: 3\r\n{chunked}"), "0\r\n\r\n"),
            400,
            "both",
        ),
        (
            "both, other order",
            post(&format!("{chunked}content-length: 3\r\n"), "0\r\n\r\n"),
            400,
            "both",
        ),
        (
            "two lengths",
            post("content-length: 3\r\ncontent-length: 3\r\n", "abc"),
            400,
            "more than one",
        ),
        (
            "two different lengths",
            post("content-length: 3\r\ncontent-length: 4\r\n", "abc"),
            400,
            "more than one",
        ),
        (
            "a list of lengths",
            post("content-length: 3, 3\r\n", "abc"),
            400,
            "plain number",
        ),
        (
            "a signed length",
            post("content-length: +3\r\n", "abc"),
            400,
            "plain number",
        ),
        (
            "a negative length",
            post("content-length: -3\r\n", "abc"),
            400,
            "plain number",
        ),
        (
            "a hexadecimal length",
            post("content-length: 0x3\r\n", "abc"),
            400,
            "plain number",
        ),
        (
            "an empty length",
            post("content-length:\r\n", "abc"),
            400,
            "plain number",
        ),
        (
            "a huge length",
            post("content-length: 99999999999999999999\r\n", ""),
            400,
            "plain number",
        ),
        (
            "an unknown coding",
            post("transfer-encoding: gzip\r\n", ""),
            400,
            "chunked",
        ),
        (
            "two codings",
            post("transfer-encoding: gzip, chunked\r\n", "0\r\n\r\n"),
            400,
            "chunked",
        ),
        (
            "chunked twice",
            post(&format!("{chunked}{chunked}"), "0\r\n\r\n"),
            400,
            "chunked",
        ),
        (
            "chunked with a tail",
            post("transfer-encoding: chunked;q=1\r\n", "0\r\n\r\n"),
            400,
            "chunked",
        ),
        (
            "identity",
            post("transfer-encoding: identity\r\n", ""),
            400,
            "chunked",
        ),
        (
            "a hidden coding",
            post("transfer-encoding: \x0bchunked\r\n", "0\r\n\r\n"),
            400,
            "control",
        ),
        (
            "a quoted coding",
            post("transfer-encoding: \"chunked\"\r\n", "0\r\n\r\n"),
            400,
            "chunked",
        ),
        (
            "coding in 1.0",
            format!("POST /echo HTTP/1.0\r\n{HOST}{chunked}\r\n0\r\n\r\n").into_bytes(),
            400,
            "HTTP/1.0",
        ),
        ("a folded field", get("x: a\r\n b\r\n"), 400, "folded"),
        (
            "a folded first field",
            raw("GET / HTTP/1.1\r\n host: test\r\n\r\n"),
            400,
            "folded",
        ),
        (
            "a bare LF",
            raw("GET / HTTP/1.1\nhost: test\n\n"),
            400,
            "bare LF",
        ),
        (
            "a bare LF at the end",
            raw("GET / HTTP/1.1\r\nhost: test\r\n\n"),
            400,
            "bare LF",
        ),
        ("a bare CR in a value", get("x: a\rb\r\n"), 400, "bare CR"),
        ("a bare CR in a name", get("x\ry: a\r\n"), 400, "forbidden"),
        (
            "a blank before the colon",
            get("x : a\r\n"),
            400,
            "before the colon",
        ),
        (
            "a tab before the colon",
            get("x\t: a\r\n"),
            400,
            "before the colon",
        ),
        ("no name", get(": a\r\n"), 400, "no name"),
        ("no colon", get("just words\r\n"), 400, "blank before"),
        ("no colon at all", get("word\r\n"), 400, "no colon"),
        (
            "a name beyond ASCII",
            get("x\u{e4}: a\r\n"),
            400,
            "forbidden",
        ),
        ("a NUL in a value", get("x: a\0b\r\n"), 400, "NUL"),
        ("a NUL in a name", get("x\0y: a\r\n"), 400, "forbidden"),
        ("a DEL in a value", get("x: a\x7fb\r\n"), 400, "control"),
        ("no host", raw("GET / HTTP/1.1\r\n\r\n"), 400, "no Host"),
        (
            "two hosts",
            get("host: other\r\n"),
            400,
            "more than one Host",
        ),
        (
            "an empty host",
            raw("GET / HTTP/1.1\r\nhost:\r\n\r\n"),
            400,
            "host and port",
        ),
        (
            "a host with a path",
            raw("GET / HTTP/1.1\r\nhost: a/b\r\n\r\n"),
            400,
            "host and port",
        ),
        (
            "a host with a user",
            raw("GET / HTTP/1.1\r\nhost: a@b\r\n\r\n"),
            400,
            "host and port",
        ),
        (
            "a list of hosts",
            raw("GET / HTTP/1.1\r\nhost: a, b\r\n\r\n"),
            400,
            "host and port",
        ),
        (
            "another host in the target",
            raw("GET http://evil/ HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "disagree",
        ),
        (
            "an authority as target",
            raw("GET evil:80 HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "disagree",
        ),
        (
            "an asterisk for GET",
            raw("GET * HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "disagree",
        ),
        (
            "a strange scheme",
            raw("GET ftp://test/ HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "disagree",
        ),
        (
            "a relative target",
            raw("GET a/b HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "",
        ),
        (
            "a fragment",
            raw("GET /a#b HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "fragment",
        ),
        (
            "a forbidden byte in the target",
            raw("GET /a<b HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "forbidden",
        ),
        (
            "CONNECT",
            raw("CONNECT test:80 HTTP/1.1\r\nhost: test:80\r\n\r\n"),
            405,
            "proxy",
        ),
        (
            "CONNECT without a port",
            raw("CONNECT test HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "host and port",
        ),
        (
            "CONNECT to a path",
            raw("CONNECT /a:80 HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "host and port",
        ),
        ("HTTP/0.9", raw("GET /\r\n\r\n"), 400, "no HTTP version"),
        (
            "HTTP/0.9 with a version",
            raw("GET / HTTP/0.9\r\nhost: test\r\n\r\n"),
            400,
            "HTTP version",
        ),
        (
            "two spaces",
            raw("GET  / HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "target",
        ),
        (
            "a tab for a space",
            raw("GET\t/ HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "method",
        ),
        (
            "a space in the target",
            raw("GET /a b HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "HTTP version",
        ),
        (
            "a lowercase version",
            raw("GET / http/1.1\r\nhost: test\r\n\r\n"),
            400,
            "HTTP version",
        ),
        (
            "HTTP/2.0 in text",
            raw("GET / HTTP/2.0\r\nhost: test\r\n\r\n"),
            505,
            "version",
        ),
        (
            "HTTP/1.2",
            raw("GET / HTTP/1.2\r\nhost: test\r\n\r\n"),
            505,
            "version",
        ),
        (
            "a trailing blank",
            raw("GET / HTTP/1.1 \r\nhost: test\r\n\r\n"),
            400,
            "HTTP version",
        ),
        (
            "a bad method",
            raw("G@T / HTTP/1.1\r\nhost: test\r\n\r\n"),
            400,
            "method",
        ),
        (
            "an endless method",
            raw(&format!("{} / HTTP/1.1\r\n{HOST}\r\n", "A".repeat(33))),
            400,
            "method",
        ),
        (
            "a TLS hello",
            vec![0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3],
            400,
            "This is TLS",
        ),
        (
            "a long head",
            get(&format!("x: {long}\r\n")),
            431,
            "too long",
        ),
        (
            "a long request line",
            raw(&format!("GET /{long} HTTP/1.1\r\n{HOST}\r\n")),
            414,
            "too long",
        ),
        ("too many fields", get(&many), 431, "too many"),
        (
            "another expectation",
            post("expect: 200-ok\r\ncontent-length: 0\r\n", ""),
            417,
            "expected",
        ),
        (
            "a chunk extension",
            post(chunked, "3;a=b\r\nabc\r\n0\r\n\r\n"),
            400,
            "extensions",
        ),
        (
            "a chunk size that is none",
            post(chunked, "xyz\r\nabc\r\n0\r\n\r\n"),
            400,
            "hexadecimal",
        ),
        (
            "a chunk that is longer",
            post(chunked, "3\r\nabcd\r\n0\r\n\r\n"),
            400,
            "longer",
        ),
        (
            "a chunk line with a bare LF",
            post(chunked, "3\nabc\r\n0\r\n\r\n"),
            400,
            "hexadecimal",
        ),
        (
            "a huge chunk",
            post(chunked, "fffffffff\r\n"),
            400,
            "digits",
        ),
        (
            "a trailer that frames",
            post(chunked, "0\r\ncontent-length: 9\r\n\r\n"),
            400,
            "framing",
        ),
    ]
}

#[tokio::test]
async fn ambiguous_messages_are_refused_with_the_reason_and_nothing_goes_on() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    for (name, bytes, status, reason) in cases() {
        let mut wire = gateway.wire().await;
        wire.send(&bytes).await;
        let reply = wire.reply().await;
        assert_eq!(reply.status, status, "{name}: {reply:?}");
        assert_eq!(
            reply.field("content-type"),
            "application/problem+json",
            "{name}"
        );
        let problem = reply.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(reason), "{name}: {detail}");
        assert_eq!(reply.field("x-request-id"), problem["request_id"], "{name}");
        assert_eq!(reply.field("connection"), "close", "{name}");
        if status == 405 {
            assert!(
                reply.field("allow").starts_with("GET, "),
                "{name}: {reply:?}"
            );
        }
        assert!(
            wire.closes_within(std::time::Duration::from_secs(5)).await,
            "{name}"
        );
        let event = gateway.event().await;
        assert_eq!(event.verdict, Verdict::Refuse, "{name}");
        assert_eq!(event.layer, Some(Layer::Protocol), "{name}");
        assert!(event.enforced, "{name}");
        assert_eq!(event.status, status, "{name}");
        assert!(
            event.findings.iter().any(|f| f.message == detail),
            "{name}: {event:?}"
        );
    }
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn ordinary_messages_pass_in_all_their_forms() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let cases = [
        "GET / HTTP/1.1\r\nhost: test\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nhost: test\r\n\r\n",
        "GET http://test/ HTTP/1.1\r\nHost: test\r\n\r\n",
        "GET /?a=%27b%3Cc&d=\u{e4} HTTP/1.1\r\nhost: test:8080\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: [::1]:80\r\n\r\n",
        "GET / HTTP/1.1\r\nhost:test\r\nx:\t a\u{e4} \r\nempty:\r\n\r\n",
        "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
        "M-SEARCH / HTTP/1.1\r\nhost: test\r\n\r\n",
    ];
    for case in cases {
        let reply = request(gateway.address, case).await;
        assert_eq!(reply.status, 200, "{case:?}: {reply:?}");
    }
    assert_eq!(backend.requests(), cases.len());
}

#[tokio::test]
async fn the_event_of_a_refused_message_shows_what_was_sent() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let bytes = "POST /v1/login?a=b HTTP/1.1\r\nHost: api.test\r\nUser-Agent: evil\r\n\
                 Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /admin";
    request(gateway.address, bytes).await;
    let event = gateway.event().await;
    assert_eq!(event.method, "POST");
    assert_eq!(event.target, "/v1/login?a=b");
    assert_eq!(event.host, "api.test");
    assert_eq!(event.agent, "evil");
}

#[tokio::test]
async fn the_event_of_a_refused_message_shows_what_the_rules_find_in_it() {
    let backend = Backend::start().await;
    let deciders = Deciders {
        rules: r#"
SecRuleEngine On
SecRule REQUEST_LINE "@contains union select" "id:100,phase:1,t:lowercase,t:urlDecodeUni,deny,status:406,log,msg:'in the line'"
SecRule REQUEST_HEADERS:User-Agent "@contains evil" "id:101,phase:2,deny,log,msg:'in a field'"
"#,
        ..Deciders::default()
    };
    let gateway = Gateway::start(&spec(&[backend.url()]), &deciders).await;
    let bytes = "GET /a?b=UNION%20SELECT HTTP/1.1\r\nHost: a\r\nHost: b\r\n\
                 User-Agent: evil\r\n\r\n";
    assert_eq!(request(gateway.address, bytes).await.status, 400);
    let event = gateway.event().await;
    assert_eq!(event.verdict, Verdict::Refuse);
    assert_eq!(event.layer, Some(Layer::Protocol));
    assert!(event.enforced);
    let found: Vec<&str> = event.findings.iter().map(|f| &*f.rule).collect();
    assert_eq!(found, ["protocol", "100", "101"]);
    assert_eq!(event.findings[1].field, "REQUEST_LINE");
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn refusals_answer_after_the_requests_before_them() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    let good = "GET /name HTTP/1.1\r\nhost: test\r\n\r\n";
    wire.send(format!(
        "{good}{good}GET / HTTP/1.1\r\nbad header: x\r\n\r\n{good}"
    ))
    .await;
    assert_eq!(wire.reply().await.body, "one");
    assert_eq!(wire.reply().await.body, "one");
    assert_eq!(wire.reply().await.status, 400);
    assert_eq!(backend.requests(), 2);
}

#[tokio::test]
async fn heads_and_bodies_may_come_byte_by_byte() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    let bytes = b"POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n\
                  3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    for byte in bytes {
        wire.send([*byte]).await;
        tokio::task::yield_now().await;
    }
    let reply = wire.reply().await;
    assert!(reply.body.contains("abcde"), "{reply:?}");
    assert_eq!(wire.get("/name").await.body, "one");
}
