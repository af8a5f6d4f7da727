//! HTTP/2: held to the same bounds as HTTP/1, nothing refused in silence, and servers that close
//! their connections now and then lose no request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use babyshield_model::{Layer, Verdict};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::support::{Backend, Deciders, Gateway, spec};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

async fn connect(address: SocketAddr) -> http2::SendRequest<Empty<Bytes>> {
    let io = TokioIo::new(TcpStream::connect(address).await.unwrap());
    let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    sender
}

fn get(path: &str) -> Request<Empty<Bytes>> {
    let uri = format!("http://test{path}");
    Request::get(uri).body(Empty::new()).unwrap()
}

#[tokio::test]
async fn heads_are_held_to_the_bounds_of_http_1() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let with = |fields: Vec<(String, String)>| {
        let mut request = get("/name");
        for (name, value) in fields {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            let value = HeaderValue::from_str(&value).unwrap();
            request.headers_mut().append(name, value);
        }
        request
    };
    let many = |name: &str| -> Vec<(String, String)> {
        let field = |n: u32| (name.replace('N', &n.to_string()), "1".to_owned());
        (0..150).map(field).collect()
    };
    let length = || ("content-length".to_owned(), "0".to_owned());
    let cases = [
        (with(many("x-N")), 431, "too many"),
        (
            with(vec![("x".into(), "a".repeat(40_000))]),
            431,
            "too long",
        ),
        // So long that the HTTP/2 implementation answers by itself.
        (
            with(vec![("x".into(), "a".repeat(200_000))]),
            431,
            "too long",
        ),
        (with(vec![length(), length()]), 400, "more than one"),
        // A cookie each may come by itself.
        (with(many("cookie")), 200, ""),
    ];
    for (request, status, reason) in cases {
        let mut sender = connect(gateway.address).await;
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), status, "{reason}");
        drop(response);
        let event = gateway.event().await;
        assert_eq!(event.status, status);
        if status != StatusCode::OK {
            assert_eq!(event.verdict, Verdict::Refuse);
            assert!(event.findings[0].message.contains(reason), "{event:?}");
        }
    }
    assert_eq!(backend.requests(), 1);
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// What the HTTP/2 implementation refuses by itself, as frames.
fn malformed() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    // `:method GET`, `:scheme http`, `:path /` by their numbers.
    let head = [0x82, 0x86, 0x84];
    let field = |name: &[u8], value: &[u8]| {
        let length = |text: &[u8]| u8::try_from(text.len()).unwrap();
        [&[0, length(name)], name, &[length(value)], value].concat()
    };
    let headers = |more: &[u8]| frame(1, 5, 1, &[&head[..], more].concat());
    vec![
        (
            "a field of HTTP/1 connections",
            headers(&field(b"connection", b"close")),
            "malformed",
        ),
        (
            "a name in capitals",
            headers(&field(b"X-Upper", b"1")),
            "malformed",
        ),
        (
            "a line break in a value",
            headers(&field(b"x", b"1\r\ny: 2")),
            "malformed",
        ),
        (
            "a number that stands for no field",
            frame(1, 5, 1, &[0xff; 9]),
            "malformed",
        ),
        ("a frame too short", frame(8, 0, 0, &[1]), "malformed"),
    ]
}

#[tokio::test]
async fn what_the_http_2_implementation_refuses_leaves_an_event() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    for (name, bytes, reason) in malformed() {
        let mut tcp = TcpStream::connect(gateway.address).await.unwrap();
        let all = [PREFACE, &frame(4, 0, 0, &[]), &bytes].concat();
        tcp.write_all(&all).await.unwrap();
        let event = gateway.event().await;
        assert_eq!(event.verdict, Verdict::Refuse, "{name}");
        assert_eq!(event.layer, Some(Layer::Protocol), "{name}");
        assert!(event.enforced, "{name}");
        assert_eq!(event.client.to_string(), "127.0.0.1");
        let message = &event.findings[0].message;
        assert!(message.contains(reason), "{name}: {message}");
    }
    assert_eq!(backend.requests(), 0);
}

#[tokio::test]
async fn a_caller_that_changes_its_mind_is_not_malformed() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut sender = connect(gateway.address).await;
    let waiting = tokio::spawn(sender.send_request(get("/never")));
    tokio::time::sleep(Duration::from_millis(200)).await;
    waiting.abort();
    let event = gateway.event().await;
    assert_eq!((event.verdict, event.status), (Verdict::Allow, 499));
    let mut tcp = TcpStream::connect(gateway.address).await.unwrap();
    let goodbye = [PREFACE, &frame(4, 0, 0, &[]), &frame(7, 0, 0, &[0; 8])].concat();
    tcp.write_all(&goodbye).await.unwrap();
    let mut rest = Vec::new();
    tcp.read_to_end(&mut rest).await.unwrap();
    assert!(gateway.events.drain().is_empty());
}

/// An HTTP/2 server that closes each connection, in good order, after a few requests.
async fn fleeting(most: usize) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("h2c://{}", listener.local_addr().unwrap());
    let made = Arc::new(AtomicUsize::new(0));
    let connections = Arc::clone(&made);
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            connections.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(serve_some(tcp, most));
        }
    });
    (url, made)
}

async fn serve_some(tcp: TcpStream, most: usize) {
    let mut connection = h2::server::handshake(tcp).await.unwrap();
    let mut left = most;
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let mut body = respond.send_response(Response::new(()), false).unwrap();
        body.send_data(Bytes::from_static(b"ok"), true).unwrap();
        left = left.saturating_sub(1);
        if left == 0 {
            connection.graceful_shutdown();
        }
    }
}

#[tokio::test]
async fn a_server_that_closes_its_connections_now_and_then_loses_no_request() {
    let (url, connections) = fleeting(7).await;
    let gateway = Gateway::start(&spec(&[url]), &Deciders::default()).await;
    let mut callers = JoinSet::new();
    for caller in 0..4 {
        let sender = connect(gateway.address).await;
        callers.spawn(async move {
            for turn in 0..30 {
                let mut sender = sender.clone();
                let request = Request::post("http://test/").body(Empty::<Bytes>::new());
                let response = sender.send_request(request.unwrap()).await.unwrap();
                assert_eq!(response.status(), 200, "request {turn} of caller {caller}");
            }
        });
    }
    while let Some(done) = callers.join_next().await {
        done.unwrap();
    }
    // What is on its way while a connection closes is still served there: how many depends on the
    // machine. Without closing, four would do.
    let made = connections.load(Ordering::SeqCst);
    assert!(made > 4, "{made}");
}

#[tokio::test]
async fn a_caller_that_takes_nothing_of_its_response_is_cut_off() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| {
        spec.timeouts.write = Duration::from_millis(300);
        spec.timeouts.idle = Duration::from_millis(300);
    })
    .await;
    let tcp = TcpStream::connect(gateway.address).await.unwrap();
    let mut builder = h2::client::Builder::new();
    let handshake = builder.initial_window_size(0).handshake::<_, Bytes>(tcp);
    let (mut sender, connection) = handshake.await.unwrap();
    let driver = tokio::spawn(connection);
    let request = Request::get("http://test/name").body(()).unwrap();
    let (response, _) = sender.send_request(request, true).unwrap();
    let mut body = response.await.unwrap().into_body();
    let patience = Duration::from_secs(5);
    let piece = tokio::time::timeout(patience, body.data()).await;
    let error = piece.expect("it was reset").unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::CANCEL), "{error}");
    let event = gateway.event().await;
    assert_eq!((event.status, event.verdict), (200, Verdict::Allow));
    drop((sender, body));
    let ended = tokio::time::timeout(patience, driver).await;
    ended.expect("the idle connection ends").unwrap().unwrap();
}

#[tokio::test]
async fn a_response_that_waits_for_its_upstream_is_not_cut_off() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| {
        spec.timeouts.write = Duration::from_millis(300);
    })
    .await;
    let mut sender = connect(gateway.address).await;
    let response = sender.send_request(get("/events")).await.unwrap();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert_eq!(body, "data: tick\n\ndata: tick\n\n");
}
