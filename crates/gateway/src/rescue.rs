//! The one place where refusals and failures become HTTP.
//!
//! Layers answer with a bare status that carries a [`Refusal`]; this layer writes its text: an
//! `application/problem+json` document (RFC 9457), or a small page when the caller prefers HTML.
//! Both carry the request id, and neither tells the caller what gave it away.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use babyshield_layers::{Exchange, Refusal};
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::{Request, Response, StatusCode, Version};
use pin_project_lite::pin_project;
use tower::Service;

/// Makes [`Rescue`] services.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layer;

impl<S> tower::Layer<S> for Layer {
    type Service = Rescue<S>;

    fn layer(&self, inner: S) -> Rescue<S> {
        Rescue { inner }
    }
}

/// Writes the text of refusals.
#[derive(Clone, Debug)]
pub struct Rescue<S> {
    inner: S,
}

impl<S, ReqBody, ResBody> Service<Request<ReqBody>> for Rescue<S>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    ResBody: From<Bytes>,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let exchange = request.extensions().get::<Exchange>().cloned();
        let modern = request.version() == Version::HTTP_2;
        // Few requests are refused: what their callers prefer is looked up then.
        let html = exchange.is_none() && prefers_html(accepted(request.headers()));
        ResponseFuture {
            inner: self.inner.call(request),
            exchange,
            modern,
            html,
        }
    }
}

pin_project! {
    /// The future of [`Rescue`].
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
        exchange: Option<Exchange>,
        modern: bool,
        html: bool,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<Bytes>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut response = ready!(this.inner.poll(cx))?;
        let Some(refusal) = response.extensions_mut().remove::<Refusal>() else {
            return Poll::Ready(Ok(response));
        };
        let id = this
            .exchange
            .as_ref()
            .map(|e| e.id().to_string())
            .unwrap_or_default();
        let html = this
            .exchange
            .as_ref()
            .map_or(*this.html, |exchange| prefers_html(said(exchange)));
        let text = if html {
            page(&refusal, &id)
        } else {
            problem(&refusal, &id)
        };
        dress(response.headers_mut(), html);
        // Only `CONNECT` is refused so; RFC 9110, section 15.5.6, wants the others named.
        if response.status() == StatusCode::METHOD_NOT_ALLOWED {
            let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
            response.headers_mut().insert(header::ALLOW, methods);
        }
        if refusal.close && !*this.modern {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
        *response.body_mut() = B::from(Bytes::from(text));
        Poll::Ready(Ok(response))
    }
}

fn dress(headers: &mut HeaderMap, html: bool) {
    let kind = if html {
        "text/html; charset=utf-8"
    } else {
        "application/problem+json"
    };
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if html {
        let policy = "default-src 'none'; frame-ancestors 'none'";
        let policy = HeaderValue::from_static(policy);
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
}

fn title(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Refused")
}

/// RFC 9457; the type is `about:blank`, so that the title is the status in words.
fn problem(refusal: &Refusal, id: &str) -> String {
    serde_json::json!({
        "type": "about:blank",
        "title": title(refusal.status),
        "status": refusal.status.as_u16(),
        "detail": refusal.detail,
        "instance": format!("urn:ulid:{id}"),
        "request_id": id,
    })
    .to_string()
}

fn page(refusal: &Refusal, id: &str) -> String {
    let title = title(refusal.status);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <title>{status} {title}</title>\n<h1>{title}</h1>\n<p>{detail}</p>\n\
         <p>If this should not have happened, tell the operator of this site this number: \
         <code>{id}</code></p>\n</html>\n",
        status = refusal.status.as_u16(),
        detail = escape(&refusal.detail),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// The `Accept` lines of a head as received.
fn said(exchange: &Exchange) -> impl Iterator<Item = &[u8]> {
    let fields = exchange.head().fields();
    fields.filter_map(|(name, value)| name.eq_ignore_ascii_case(b"accept").then_some(value))
}

/// The `Accept` lines of a request nobody recorded.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    let lines = headers.get_all(header::ACCEPT).iter();
    lines.map(HeaderValue::as_bytes)
}

/// Whether `Accept` gives HTML a higher weight than JSON. A caller that names neither gets JSON.
fn prefers_html<'a>(lines: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut html = 0;
    let mut json = 0;
    for line in lines {
        for range in std::str::from_utf8(line).unwrap_or_default().split(',') {
            let mut parts = range.split(';');
            let kind = parts.next().unwrap_or_default().trim().to_ascii_lowercase();
            let weight = parts.find_map(|part| part.trim().strip_prefix("q=").map(weight));
            let weight = weight.unwrap_or(1000);
            match kind.as_str() {
                "text/html" | "application/xhtml+xml" => html = html.max(weight),
                "application/json" | "application/problem+json" => json = json.max(weight),
                _ => {}
            }
        }
    }
    html > json
}

/// A quality value in thousandths.
fn weight(text: &str) -> u16 {
    let value: f32 = text.trim().parse().unwrap_or(0.0);
    (value.clamp(0.0, 1.0) * 1000.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn html_is_written_only_for_those_who_prefer_it() {
        let cases = [
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                true,
            ),
            ("application/json", false),
            ("*/*", false),
            ("text/html;q=0.5, application/json", false),
            ("text/html, application/problem+json;q=0.9", true),
            ("", false),
        ];
        for (accept, html) in cases {
            let lines = std::iter::once(accept.as_bytes());
            assert_eq!(prefers_html(lines), html, "{accept}");
        }
    }

    #[test]
    fn a_page_never_repeats_markup() {
        let refusal = Refusal::protocol(StatusCode::BAD_REQUEST, "<script>".to_owned());
        assert!(page(&refusal, "0").contains("&lt;script&gt;"));
    }
}
