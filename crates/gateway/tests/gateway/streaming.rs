//! What has to pass at once passes at once: upgrades, event streams, streaming calls, trailers.

use std::time::{Duration, Instant};

use babyshield_gateway::spec::Route;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::Frame;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use crate::support::{Backend, Deciders, Gateway, Wire, spec};

type Frames = ReceiverStream<Result<Frame<Bytes>, std::convert::Infallible>>;
type Sender = http2::SendRequest<StreamBody<Frames>>;

async fn h2(address: std::net::SocketAddr) -> Sender {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

#[expect(clippy::disallowed_methods, reason = "the test measures real time")]
fn now() -> Instant {
    Instant::now()
}

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nhost: test\r\nconnection: Upgrade\r\n\
                       upgrade: websocket\r\nsec-websocket-version: 13\r\n\
                       sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

async fn tunnel(gateway: &Gateway) -> Wire {
    let mut wire = gateway.wire().await;
    wire.send(UPGRADE).await;
    let reply = wire.head().await;
    assert_eq!(reply.status, 101, "{reply:?}");
    assert_eq!(reply.field("upgrade"), "websocket");
    wire
}

#[tokio::test]
async fn a_websocket_passes_both_ways_untouched() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = tunnel(&gateway).await;
    // Neither is HTTP, and both would be refused if they were taken for it.
    for message in [
        "\u{1}\u{2}not http\n\n",
        "GET / HTTP/1.1\r\nbad header: 1\r\n\r\n",
    ] {
        wire.send(message).await;
        let mut echoed = String::new();
        while echoed.len() < message.len() {
            echoed.push_str(&wire.some().await);
        }
        assert_eq!(echoed, message);
    }
}

#[tokio::test]
async fn an_upgrade_the_upstream_declines_goes_on_as_http() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    wire.send(UPGRADE.replace("/ws", "/name")).await;
    assert_eq!(wire.reply().await.body, "one");
    assert_eq!(wire.get("/name").await.body, "one");
    wire.send("GET / HTTP/1.1\r\nbad header: 1\r\n\r\n").await;
    assert_eq!(wire.reply().await.status, 400);
}

#[tokio::test]
async fn only_listed_protocols_are_upgraded_to() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    wire.send(UPGRADE.replace("upgrade: websocket", "upgrade: h2c"))
        .await;
    assert_eq!(wire.reply().await.body, "no upgrade");
    let gateway = Gateway::with(&backend, |spec| spec.upgrades.clear()).await;
    let mut wire = gateway.wire().await;
    wire.send(UPGRADE).await;
    assert_eq!(wire.reply().await.body, "no upgrade");
}

#[tokio::test]
async fn a_quiet_tunnel_is_closed() {
    let backend = Backend::start().await;
    let short = Duration::from_millis(300);
    let gateway = Gateway::with(&backend, |spec| spec.timeouts.tunnel = short).await;
    let mut wire = tunnel(&gateway).await;
    assert!(wire.closes_within(Duration::from_secs(3)).await);
}

#[tokio::test]
async fn the_first_event_of_a_stream_comes_at_once() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    let start = now();
    wire.send("GET /events HTTP/1.1\r\nhost: test\r\n\r\n")
        .await;
    assert_eq!(wire.head().await.field("content-type"), "text/event-stream");
    assert!(wire.some().await.contains("data: tick"));
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
    assert!(wire.some().await.contains("data: tick"));
    assert!(
        start.elapsed() > Duration::from_millis(900),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn trailers_pass_both_ways_over_http_1() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    wire.send(
        "POST /echo HTTP/1.1\r\nhost: test\r\nte: trailers\r\ntrailer: x-sum\r\n\
         transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n",
    )
    .await;
    let reply = wire.reply().await;
    assert!(reply.body.contains("abc"), "{reply:?}");
    assert!(reply.body.contains("x-sum: 7"), "{reply:?}");
}

/// A call like those of gRPC: each message is answered before the next is sent.
async fn converse(mut sender: Sender) {
    let (to, from) = mpsc::channel(4);
    let request = Request::post("http://test/stream")
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(StreamBody::new(ReceiverStream::new(from)))
        .unwrap();
    let response = tokio::spawn(sender.send_request(request));
    to.send(Ok(Frame::data(Bytes::from_static(b"one"))))
        .await
        .unwrap();
    let mut body = response.await.unwrap().unwrap().into_body();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "one"
    );
    to.send(Ok(Frame::data(Bytes::from_static(b"two"))))
        .await
        .unwrap();
    assert_eq!(
        body.frame().await.unwrap().unwrap().into_data().unwrap(),
        "two"
    );
    drop(to);
    let last = body.frame().await.unwrap().unwrap();
    assert_eq!(last.into_trailers().unwrap()["grpc-status"], "0");
}

#[tokio::test]
async fn a_streaming_call_passes_piece_by_piece_where_the_route_streams() {
    let backend = Backend::h2c().await;
    let mut spec = spec(&[backend.url()]);
    spec.routes = vec![Route {
        pattern: "POST /stream".to_owned(),
        stream: true,
        ..Route::default()
    }];
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let talk = converse(h2(gateway.address).await);
    tokio::time::timeout(Duration::from_secs(5), talk)
        .await
        .expect("it is not held back");
}

#[tokio::test]
async fn a_call_with_one_message_and_trailers_passes_over_http_2_on_both_sides() {
    let backend = Backend::h2c().await;
    let gateway = Gateway::before(&backend).await;
    let mut sender = h2(gateway.address).await;
    let (to, from) = mpsc::channel(4);
    let trailers = HeaderMap::from_iter([(
        HeaderName::from_static("x-sum"),
        HeaderValue::from_static("7"),
    )]);
    to.send(Ok(Frame::data(Bytes::from_static(b"message"))))
        .await
        .unwrap();
    to.send(Ok(Frame::trailers(trailers))).await.unwrap();
    drop(to);
    let request = Request::post("http://test/echo")
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(StreamBody::new(ReceiverStream::new(from)))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/grpc");
    assert!(response.headers().contains_key("x-request-id"));
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["x-sum"], "7");
    assert_eq!(body.to_bytes(), "message");
    let event = gateway.event().await;
    assert_eq!(
        (event.method.as_str(), event.host.as_str()),
        ("POST", "test")
    );
    assert_eq!((event.bytes_in, event.bytes_out), (7, 7));
}

#[tokio::test]
async fn http_2_reaches_an_http_1_upstream_and_is_held_to_the_same_rules() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut sender = h2(gateway.address).await;
    let get = |path: &str, field: Option<(&str, &str)>| {
        let (_, from) = mpsc::channel(1);
        let mut builder = Request::get(format!("http://test{path}")).version(Version::HTTP_2);
        if let Some((name, value)) = field {
            builder = builder.header(name, value);
        }
        builder
            .body(StreamBody::new(ReceiverStream::new(from)))
            .unwrap()
    };
    let response = sender
        .send_request(get("/head", Some(("cookie", "a=1"))))
        .await
        .unwrap();
    let seen = response.into_body().collect().await.unwrap().to_bytes();
    let seen = String::from_utf8(seen.to_vec()).unwrap();
    assert!(
        seen.starts_with("GET /head\n") && seen.contains("host: test\n"),
        "{seen}"
    );
    let blocked = sender.send_request(get("/blocked", None)).await.unwrap();
    assert_eq!(blocked.status(), 403);
    let other = sender
        .send_request(get("/", Some(("host", "other"))))
        .await
        .unwrap();
    assert_eq!(other.status(), 400);
    assert_eq!(backend.requests(), 1);
}
