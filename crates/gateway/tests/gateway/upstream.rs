//! Servers that are busy, silent, sick or gone.

use std::time::Duration;

use babyshield_gateway::spec::{Health, Route, Upstream};
use babyshield_model::Verdict;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Backend, Deciders, Gateway, request, spec};

const GET: &str = "GET /name HTTP/1.1\r\nhost: test\r\n\r\n";

async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_upstream_that_is_down_is_a_502_with_a_request_id() {
    let spec = spec(&[closed_port().await]);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let reply = request(gateway.address, GET).await;
    assert_eq!(reply.status, 502);
    assert_eq!(reply.json()["request_id"], reply.field("x-request-id"));
    let event = gateway.event().await;
    assert_eq!((event.verdict, event.status), (Verdict::Allow, 502));
    assert_eq!(event.findings[0].rule, "upstream");
}

#[tokio::test]
async fn another_server_takes_over_when_one_cannot_be_reached() {
    let backend = Backend::start().await;
    let spec = spec(&[closed_port().await, backend.url()]);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let post = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 3\r\n\r\nabc";
    for _ in 0..6 {
        assert_eq!(request(gateway.address, GET).await.body, "one");
        assert_eq!(request(gateway.address, post).await.body, "abc");
    }
    assert_eq!(backend.requests(), 12);
}

#[tokio::test]
async fn a_silent_upstream_is_a_504() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| {
        spec.timeouts.response = Duration::from_millis(300);
    })
    .await;
    let reply = request(gateway.address, "GET /never HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(reply.status, 504);
    assert_eq!(
        backend.requests(),
        1,
        "what may have been done is not done again"
    );
}

#[tokio::test]
async fn connections_are_used_again() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    for _ in 0..20 {
        assert_eq!(wire.get("/name").await.body, "one");
    }
    for _ in 0..20 {
        assert_eq!(request(gateway.address, GET).await.body, "one");
    }
    assert_eq!((backend.requests(), backend.connections()), (40, 1));
}

/// A server that closes every connection while the second request is on its way.
async fn fickle() -> (String, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut requests = 0;
        for connection in 0..2 {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut piece = [0; 4096];
            for turn in 0..2 {
                if tcp.read(&mut piece).await.unwrap_or(0) == 0 {
                    break;
                }
                requests += 1;
                if connection == 0 && turn == 1 {
                    break;
                }
                tcp.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                    .await
                    .unwrap();
            }
        }
        requests
    });
    (url, task)
}

#[tokio::test]
async fn what_may_be_repeated_is_repeated_on_a_fresh_connection() {
    let (url, task) = fickle().await;
    let gateway = Gateway::start(&spec(&[url]), &Deciders::default()).await;
    let mut wire = gateway.wire().await;
    assert_eq!(wire.get("/").await.body, "ok");
    assert_eq!(wire.get("/").await.body, "ok");
    drop(wire);
    drop(gateway);
    tokio::time::sleep(Duration::from_millis(50)).await;
    task.abort();
}

#[tokio::test]
async fn what_may_not_be_repeated_is_not_repeated() {
    let (url, _task) = fickle().await;
    let gateway = Gateway::start(&spec(&[url]), &Deciders::default()).await;
    let mut wire = gateway.wire().await;
    assert_eq!(wire.get("/").await.body, "ok");
    wire.send("POST / HTTP/1.1\r\nhost: test\r\ncontent-length: 1\r\n\r\nx")
        .await;
    assert_eq!(wire.reply().await.status, 502);
}

#[tokio::test]
async fn the_server_with_the_least_to_do_is_chosen() {
    let (busy, free) = (Backend::named("busy").await, Backend::named("free").await);
    let spec = spec(&[busy.url(), free.url()]);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let mut slow = gateway.wire().await;
    slow.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let (idle, _) = if busy.requests() == 1 {
        (&free, &busy)
    } else {
        (&busy, &free)
    };
    for _ in 0..8 {
        request(gateway.address, GET).await;
    }
    assert_eq!(idle.requests(), 8);
    assert_eq!(slow.reply().await.body, "slow");
}

#[tokio::test]
async fn equal_servers_take_turns() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let spec = spec(&[one.url(), two.url()]);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    for _ in 0..10 {
        request(gateway.address, GET).await;
    }
    assert_eq!((one.requests(), two.requests()), (5, 5));
}

#[tokio::test]
async fn a_sick_server_is_taken_out_and_brought_back() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let mut spec = spec(&[one.url(), two.url()]);
    spec.upstreams[0].health = Health {
        path: Some("/health".to_owned()),
        interval: Duration::from_millis(50),
        failures: 2,
        successes: 2,
        ..Health::default()
    };
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    one.sick(true);
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..6 {
        assert_eq!(request(gateway.address, GET).await.body, "two");
    }
    one.sick(false);
    tokio::time::sleep(Duration::from_millis(500)).await;
    for _ in 0..6 {
        request(gateway.address, GET).await;
    }
    assert!(one.requests() > 0);
}

#[tokio::test]
async fn a_server_has_no_more_requests_than_it_may() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.resources.upstream_requests = 1).await;
    let mut slow = gateway.wire().await;
    slow.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let reply = request(gateway.address, GET).await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.field("retry-after"), "1");
    assert_eq!(slow.reply().await.status, 200);
    assert_eq!(request(gateway.address, GET).await.status, 200);
}

#[tokio::test]
async fn routes_go_to_their_own_upstream() {
    let (one, two) = (Backend::named("one").await, Backend::named("two").await);
    let mut spec = spec(&[one.url()]);
    spec.upstreams.push(Upstream::single("second", two.url()));
    let route = |pattern: &str| Route {
        pattern: pattern.to_owned(),
        upstream: Some("second".to_owned()),
        ..Route::default()
    };
    spec.routes = vec![route("/name"), route("*.shop.test/**")];
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    assert_eq!(request(gateway.address, GET).await.body, "two");
    let event = gateway.event().await;
    assert_eq!(event.route.as_deref(), Some("/name"));
    assert_eq!(event.upstream, Some(two.url()));
    request(gateway.address, GET.replace("/name", "/")).await;
    assert_eq!((one.requests(), two.requests()), (1, 1));
    request(
        gateway.address,
        "GET / HTTP/1.1\r\nhost: a.shop.test:8080\r\n\r\n",
    )
    .await;
    assert_eq!((one.requests(), two.requests()), (1, 2));
}

/// A server that says the same to everybody.
async fn saying(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut tcp, _)) = listener.accept().await {
            let mut piece = [0; 4096];
            drop(tcp.read(&mut piece).await);
            drop(tcp.write_all(text.as_bytes()).await);
        }
    });
    url
}

#[tokio::test]
async fn a_response_that_can_be_read_in_two_ways_is_a_502() {
    let url = saying(
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    )
    .await;
    let gateway = Gateway::start(&spec(&[url]), &Deciders::default()).await;
    let reply = request(gateway.address, GET).await;
    assert_eq!(reply.status, 502);
    let event = gateway.event().await;
    assert_eq!((event.status, event.findings.len()), (502, 1));
    assert!(event.findings[0].value.contains("both a length"));
}

#[tokio::test]
async fn a_response_that_ends_with_its_connection_passes_whole() {
    let url = saying("HTTP/1.0 200 OK\r\n\r\nhello").await;
    let gateway = Gateway::start(&spec(&[url]), &Deciders::default()).await;
    let mut wire = gateway.wire().await;
    for _ in 0..2 {
        assert!(wire.get("/").await.body.contains("hello"));
    }
}
