use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, StreamBody, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::ReceiverStream;

type Body = BoxBody<Bytes, Infallible>;

/// An upstream that answers by path and counts requests and connections.
pub(crate) struct Backend {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    counts: Arc<Counts>,
    task: JoinHandle<()>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    connections: AtomicUsize,
    sick: AtomicUsize,
    name: String,
}

impl Backend {
    pub(crate) async fn start() -> Self {
        Self::named("one").await
    }

    pub(crate) async fn named(name: &str) -> Self {
        Self::serve(name, "http").await
    }

    pub(crate) async fn h2c() -> Self {
        Self::serve("h2c", "h2c").await
    }

    async fn serve(name: &str, scheme: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let counts = Arc::new(Counts {
            name: name.to_owned(),
            ..Counts::default()
        });
        let shared = Arc::clone(&counts);
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let counts = Arc::clone(&shared);
                let io = TokioIo::new(tcp);
                let service = service_fn(move |request| answer(request, Arc::clone(&counts)));
                if scheme == "h2c" {
                    let builder = http2::Builder::new(TokioExecutor::new());
                    connections.spawn(async move {
                        drop(builder.serve_connection(io, service).await);
                    });
                } else {
                    connections.spawn(async move {
                        let connection = http1::Builder::new().serve_connection(io, service);
                        drop(connection.with_upgrades().await);
                    });
                }
            }
        });
        Self {
            address,
            scheme,
            counts,
            task,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Requests that reached it, health checks not counted.
    pub(crate) fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }

    pub(crate) fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    /// Makes its health checks fail or pass.
    pub(crate) fn sick(&self, sick: bool) {
        self.counts.sick.store(usize::from(sick), Ordering::SeqCst);
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn text(text: impl Into<Bytes>) -> Response<Body> {
    Response::new(Full::new(text.into()).boxed())
}

async fn answer(
    request: Request<Incoming>,
    counts: Arc<Counts>,
) -> Result<Response<Body>, Infallible> {
    if request.uri().path() == "/health" {
        let sick = counts.sick.load(Ordering::SeqCst) == 1;
        let mut response = text("");
        *response.status_mut() = if sick {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        };
        return Ok(response);
    }
    counts.requests.fetch_add(1, Ordering::SeqCst);
    Ok(match request.uri().path() {
        "/name" => text(counts.name.clone()),
        "/head" => text(describe(&request)),
        "/slow" => {
            tokio::time::sleep(Duration::from_millis(400)).await;
            text("slow")
        }
        "/never" => std::future::pending().await,
        "/echo" => echo(request).await,
        "/stream" => stream(request),
        "/events" => events(),
        "/ws" => upgrade(request),
        "/cookie" => {
            let mut response = text("cookie");
            let fields = response.headers_mut();
            fields.insert(
                header::SET_COOKIE,
                HeaderValue::from_static("sid=1; Path=/"),
            );
            fields.insert(header::SERVER, HeaderValue::from_static("Backend/1.0"));
            fields.insert("x-frame-options", HeaderValue::from_static("SAMEORIGIN"));
            response
        }
        _ => text("hello"),
    })
}

fn describe(request: &Request<Incoming>) -> String {
    let mut lines = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        lines.push_str(&format!(
            "{name}: {}\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    lines
}

/// Reads everything, then sends it back with the trailers.
async fn echo(request: Request<Incoming>) -> Response<Body> {
    let kind = request.headers().get(header::CONTENT_TYPE).cloned();
    let Ok(body) = request.into_body().collect().await else {
        return text("broken");
    };
    let trailers = body.trailers().cloned();
    let bytes = body.to_bytes();
    let named = trailers.is_some();
    let mut response = match trailers {
        None => text(bytes),
        Some(trailers) => {
            let frames = [Ok(Frame::data(bytes)), Ok(Frame::trailers(trailers))];
            Response::new(StreamBody::new(tokio_stream::iter(frames)).boxed())
        }
    };
    let fields = response.headers_mut();
    if named {
        fields.insert(
            header::TRAILER,
            HeaderValue::from_static("x-sum, grpc-status"),
        );
    }
    fields.extend(kind.map(|kind| (header::CONTENT_TYPE, kind)));
    response
}

/// Sends each piece back as it comes, then a trailer: like a streaming call of gRPC.
fn stream(request: Request<Incoming>) -> Response<Body> {
    let (to, from) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut body = request.into_body();
        while let Some(Ok(frame)) = body.frame().await {
            if let Ok(data) = frame.into_data() {
                drop(to.send(Ok(Frame::data(data))).await);
            }
        }
        let trailers = HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-status"),
            HeaderValue::from_static("0"),
        )]);
        drop(to.send(Ok(Frame::trailers(trailers))).await);
    });
    Response::new(StreamBody::new(ReceiverStream::new(from)).boxed())
}

/// One event now, one after a second.
fn events() -> Response<Body> {
    let (to, from) = mpsc::channel(1);
    tokio::spawn(async move {
        for _ in 0..2 {
            let piece = Frame::data(Bytes::from_static(b"data: tick\n\n"));
            if to.send(Ok(piece)).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    });
    let mut response = Response::new(StreamBody::new(ReceiverStream::new(from)).boxed());
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

/// Agrees to `websocket` and sends everything back.
fn upgrade(request: Request<Incoming>) -> Response<Body> {
    if !request.headers().contains_key(header::UPGRADE) {
        return text("no upgrade");
    }
    tokio::spawn(async move {
        let Ok(upgraded) = hyper::upgrade::on(request).await else {
            return;
        };
        let mut io = TokioIo::new(upgraded);
        let mut piece = [0; 1024];
        while let Ok(count @ 1..) = io.read(&mut piece).await {
            if io.write_all(&piece[..count]).await.is_err() {
                return;
            }
        }
    });
    let mut response = text("");
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let fields = response.headers_mut();
    fields.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    fields.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    response
}
