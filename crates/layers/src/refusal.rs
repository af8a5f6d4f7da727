use std::borrow::Cow;
use std::fmt;

use babyshield_model::{Layer, Verdict};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};

/// Why a request is not answered by the upstream. A layer that refuses answers with a bare status
/// that carries this value in its extensions; whoever renders errors makes text of it.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What kind of decision it is.
    pub verdict: Verdict,
    /// Who decided.
    pub layer: Layer,
    /// The status to answer with.
    pub status: StatusCode,
    /// What the caller is told. The operator's reasons are in the event's findings.
    pub detail: Cow<'static, str>,
    /// Whether it is carried out even where the mode only watches: malformed messages and used
    /// up resources leave no choice.
    pub hard: bool,
    /// Whether the connection ends with the answer.
    pub close: bool,
    /// Fields the answer carries, such as `Retry-After`.
    pub fields: Option<Box<HeaderMap>>,
}

impl Refusal {
    /// A refusal that obeys the mode.
    #[must_use]
    pub fn new(
        verdict: Verdict,
        layer: Layer,
        status: StatusCode,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            verdict,
            layer,
            status,
            detail: detail.into(),
            hard: false,
            close: false,
            fields: None,
        }
    }

    /// A 403 that says no more than that.
    #[must_use]
    pub fn forbidden(layer: Layer) -> Self {
        Self::new(
            Verdict::Block,
            layer,
            StatusCode::FORBIDDEN,
            "The request was blocked by the security policy.",
        )
    }

    /// A message that cannot be understood in exactly one way: always carried out, and the
    /// connection ends, since nobody knows where the next message would begin.
    #[must_use]
    pub fn protocol(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            hard: true,
            close: true,
            ..Self::new(Verdict::Refuse, Layer::Protocol, status, detail)
        }
    }

    /// More bytes than allowed: always carried out.
    #[must_use]
    pub fn too_large(limit: u64) -> Self {
        Self {
            hard: true,
            close: true,
            ..Self::new(
                Verdict::Block,
                Layer::Size,
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("The request body is longer than the {limit} bytes allowed here."),
            )
        }
    }

    /// No fault of the caller: the way to the upstream failed. Not a verdict about the request.
    #[must_use]
    pub fn upstream(status: StatusCode, detail: impl Into<Cow<'static, str>>) -> Self {
        Self {
            hard: true,
            ..Self::new(Verdict::Allow, Layer::Upstream, status, detail)
        }
    }

    /// The same with one more field in the answer.
    #[must_use]
    pub fn field(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.fields
            .get_or_insert_with(Box::default)
            .append(name, value);
        self
    }

    /// A bare answer that carries this value.
    #[must_use]
    pub fn answer<B: Default>(self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = self.status;
        if let Some(fields) = &self.fields {
            for (name, value) in fields.iter() {
                response.headers_mut().append(name, value.clone());
            }
        }
        response.extensions_mut().insert(self);
        response
    }

    /// Finds the refusal that ended a body, anywhere in an error's chain.
    #[must_use]
    pub fn find<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(refusal) = error.downcast_ref::<Self>() {
                return Some(refusal);
            }
            next = error.source();
        }
        None
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.status.as_u16(), self.detail)
    }
}

impl std::error::Error for Refusal {}
