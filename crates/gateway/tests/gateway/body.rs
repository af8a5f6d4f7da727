//! Bodies: what is too long is refused while it is read, and memory stays bounded.

use std::time::Duration;

use babyshield_gateway::spec::Route;
use babyshield_model::{ByteSize, Layer, Verdict};

use crate::support::{Backend, Deciders, Gateway, request, spec};

#[tokio::test]
async fn a_body_of_two_gigabytes_is_refused_before_it_is_sent() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let head = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 2147483648\r\n\r\n";
    let reply = request(gateway.address, head).await;
    assert_eq!(reply.status, 413);
    let event = gateway.event().await;
    assert_eq!(
        (event.verdict, event.layer),
        (Verdict::Block, Some(Layer::Size))
    );
    assert!(event.enforced);
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn an_endless_chunked_body_is_refused_when_it_is_too_long() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.resources.body = ByteSize(100_000)).await;
    let mut wire = gateway.wire().await;
    wire.send("POST /echo HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n")
        .await;
    let piece = format!("1000\r\n{}\r\n", "x".repeat(4096));
    for _ in 0..200 {
        wire.send(&piece).await;
    }
    assert_eq!(wire.reply().await.status, 413);
    let event = gateway.event().await;
    assert_eq!(event.layer, Some(Layer::Size));
    assert!(
        event.bytes_in < 200_000,
        "read on after the limit: {}",
        event.bytes_in
    );
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn all_bodies_together_stay_within_their_budget() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.resources.bodies = ByteSize(100_000)).await;
    let head = "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 80000\r\n\r\n";
    let mut first = gateway.wire().await;
    first.send(head).await;
    first.send("x".repeat(70_000)).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let mut second = gateway.wire().await;
    second.send(head).await;
    second.send("x".repeat(80_000)).await;
    let reply = second.reply().await;
    assert_eq!(reply.status, 503);
    assert_eq!(reply.field("retry-after"), "1");
    first.send("x".repeat(10_000)).await;
    assert_eq!(first.reply().await.body.len(), 80_000);
    // What the first held was given back.
    let mut third = gateway.wire().await;
    third.send(head).await;
    third.send("x".repeat(80_000)).await;
    assert_eq!(third.reply().await.body.len(), 80_000);
}

#[tokio::test]
async fn a_route_may_allow_more_or_less() {
    let backend = Backend::start().await;
    let mut spec = spec(&[backend.url()]);
    spec.routes = vec![Route {
        pattern: "POST /echo".to_owned(),
        body: Some(ByteSize(10)),
        ..Route::default()
    }];
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let post = |path: &str, length: usize| {
        let body = "x".repeat(length);
        format!("POST {path} HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n{body}")
    };
    assert_eq!(
        request(gateway.address, post("/echo", 10)).await.status,
        200
    );
    assert_eq!(
        request(gateway.address, post("/echo", 11)).await.status,
        413
    );
    assert_eq!(
        request(gateway.address, post("/other", 11)).await.status,
        200
    );
}

#[tokio::test]
async fn who_waits_for_100_continue_gets_it_only_when_the_body_is_wanted() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let head = |path: &str| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\n\
             content-length: 5\r\n\r\n"
        )
    };
    let mut wire = gateway.wire().await;
    wire.send(head("/echo")).await;
    assert_eq!(wire.head().await.status, 100);
    wire.send("hello").await;
    assert_eq!(wire.reply().await.body, "hello");
    let mut wire = gateway.wire().await;
    wire.send(head("/blocked")).await;
    assert_eq!(wire.reply().await.status, 403);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_no_request() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    wire.send("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nhal")
        .await;
    drop(wire);
    let event = gateway.event().await;
    assert!(matches!(event.status, 400 | 499), "{event:?}");
    assert_eq!(backend.requests(), 0);
}
