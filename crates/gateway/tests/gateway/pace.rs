//! Slow callers: each stage has its time.

use std::time::Duration;

use babyshield_model::{ByteSize, Verdict};

use crate::support::{Backend, Gateway};

const SHORT: Duration = Duration::from_millis(300);
const SOON: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_head_that_does_not_come_is_refused() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.timeouts.head = SHORT).await;
    let mut wire = gateway.wire().await;
    wire.send("GET /slowloris HTTP/1.1\r\nhost: test\r\nx: ")
        .await;
    let reply = wire.reply().await;
    assert_eq!(reply.status, 408);
    let event = gateway.event().await;
    assert_eq!(
        (event.verdict, event.target.as_str()),
        (Verdict::Refuse, "/slowloris")
    );
    assert!(wire.closes_within(SOON).await);
}

#[tokio::test]
async fn a_head_that_drips_is_refused_all_the_same() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.timeouts.head = SHORT).await;
    let mut wire = gateway.wire().await;
    wire.send("GET / HTTP/1.1\r\n").await;
    for _ in 0..20 {
        wire.send("x: y\r\n").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(wire.reply().await.status, 408);
}

#[tokio::test]
async fn an_idle_connection_is_closed_without_a_word() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.timeouts.idle = SHORT).await;
    let mut fresh = gateway.wire().await;
    let mut used = gateway.wire().await;
    assert_eq!(used.get("/name").await.body, "one");
    assert!(fresh.closes_within(SOON).await);
    assert!(used.closes_within(SOON).await);
}

#[tokio::test]
async fn a_busy_connection_is_not_idle() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| {
        spec.timeouts.idle = Duration::from_millis(150);
    })
    .await;
    let mut wire = gateway.wire().await;
    assert_eq!(wire.get("/slow").await.body, "slow");
    assert_eq!(wire.get("/slow").await.body, "slow");
}

#[tokio::test]
async fn a_body_that_pauses_is_refused() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.timeouts.body = SHORT).await;
    let mut wire = gateway.wire().await;
    wire.send("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 10\r\n\r\nabc")
        .await;
    assert_eq!(wire.reply().await.status, 408);
    assert_eq!(gateway.event().await.verdict, Verdict::Refuse);
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn a_body_that_drips_is_refused() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| {
        spec.timeouts.body_grace = SHORT;
        spec.resources.body_rate = ByteSize(1000);
    })
    .await;
    let mut wire = gateway.wire().await;
    wire.send("POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\n")
        .await;
    for _ in 0..20 {
        wire.send("x").await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(wire.reply().await.status, 408);
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn a_caller_that_takes_nothing_is_dropped() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| spec.timeouts.write = SHORT).await;
    let mut wire = gateway.wire().await;
    let length = 8_000_000;
    wire.send(format!(
        "POST /echo HTTP/1.1\r\nhost: test\r\ncontent-length: {length}\r\n\r\n"
    ))
    .await;
    wire.send("x".repeat(length)).await;
    // Nothing is read: the answer does not fit into the buffers on the way.
    tokio::time::sleep(SHORT * 5).await;
    assert_eq!(gateway.handle.connections(), 0);
}
