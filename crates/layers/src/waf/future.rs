use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body::Body;
use pin_project_lite::pin_project;

use super::read::Lost;
use super::{Judge, Plan, read};
use crate::{Collected, Refusal, Replayed};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What a call carries from the request to the response.
pub(super) struct Flow {
    plan: Arc<Plan>,
    judge: Option<Judge>,
}

impl Flow {
    pub(super) fn new(plan: Arc<Plan>) -> Self {
        Self { plan, judge: None }
    }

    pub(super) fn judged_by(mut self, judge: Option<Judge>) -> Self {
        self.judge = judge;
        self
    }

    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }
}

pin_project! {
    /// The future of [`Waf`](super::Waf). Only requests and responses whose body has to be read
    /// cost an allocation.
    pub struct ResponseFuture<F, B, E> {
        #[pin]
        state: State<F, B, E>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<F, B, E> {
        Answer { refusal: Option<Refusal> },
        Read { reading: Boxed<Result<(F, Flow), Refusal>> },
        Call { #[pin] inner: F, flow: Option<Flow> },
        Respond { responding: Boxed<Result<Response<Replayed<B>>, E>> },
        Done,
    }
}

impl<F, B, E> ResponseFuture<F, B, E> {
    pub(super) fn answer(refusal: Refusal) -> Self {
        let refusal = Some(refusal);
        Self::at(State::Answer { refusal })
    }

    pub(super) fn pass(inner: F) -> Self {
        Self::at(State::Call { inner, flow: None })
    }

    pub(super) fn call(inner: F, flow: Flow) -> Self {
        let flow = Some(flow);
        Self::at(State::Call { inner, flow })
    }

    pub(super) fn read(
        reading: impl Future<Output = Result<(F, Flow), Refusal>> + Send + 'static,
    ) -> Self {
        let reading = Box::pin(reading);
        Self::at(State::Read { reading })
    }

    fn at(state: State<F, B, E>) -> Self {
        Self { state }
    }
}

impl<F, B, E> Future for ResponseFuture<F, B, E>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Send,
    E: 'static,
{
    type Output = Result<Response<Replayed<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            let next = match state.as_mut().project() {
                StateProj::Answer { refusal } => {
                    let answer = refusal.take().map(Refusal::answer);
                    return Poll::Ready(Ok(answer.unwrap_or_default()));
                }
                StateProj::Read { reading } => match ready!(reading.as_mut().poll(cx)) {
                    Ok((inner, flow)) => {
                        let flow = Some(flow);
                        State::Call { inner, flow }
                    }
                    Err(refusal) => {
                        let refusal = Some(refusal);
                        State::Answer { refusal }
                    }
                },
                StateProj::Call { inner, flow } => {
                    let response = ready!(inner.poll(cx))?;
                    match judge(response, flow.take()) {
                        Judged::Now(response) => return Poll::Ready(Ok(response)),
                        Judged::Later(responding) => State::Respond { responding },
                    }
                }
                StateProj::Respond { responding } => {
                    let response = ready!(responding.as_mut().poll(cx));
                    state.set(State::Done);
                    return Poll::Ready(response);
                }
                StateProj::Done => return Poll::Pending,
            };
            state.set(next);
        }
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is made"
)]
enum Judged<B, E> {
    Now(Response<Replayed<B>>),
    Later(Boxed<Result<Response<Replayed<B>>, E>>),
}

/// Shows the response's head to the rules, and says whether its body has to be read.
fn judge<B, E>(response: Response<B>, flow: Option<Flow>) -> Judged<B, E>
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: Send,
    E: 'static,
{
    let Some(Flow {
        plan,
        judge: Some(mut judge),
    }) = flow
    else {
        return Judged::Now(response.map(Replayed::stream));
    };
    // An answer of ours is no response of the service behind.
    if response.extensions().get::<Refusal>().is_some() {
        return Judged::Now(response.map(Replayed::stream));
    }
    if let Some(refusal) = judge.response(response.status(), response.headers()) {
        return Judged::Now(refusal.answer());
    }
    if !judge.wants_response_body() || response.body().is_end_stream() || is_stream(&response) {
        let refusal = judge.response_body(b"");
        return Judged::Now(match refusal {
            Some(refusal) => refusal.answer(),
            None => response.map(Replayed::stream),
        });
    }
    Judged::Later(Box::pin(hold(response, judge, plan)))
}

/// Whether the response has to reach the caller piece by piece.
fn is_stream<B>(response: &Response<B>) -> bool {
    let kind = response.headers().get(http::header::CONTENT_TYPE);
    let begins = |kind: &[u8], own: &str| {
        let start = kind.get(..own.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(own.as_bytes()))
    };
    kind.is_some_and(|kind| {
        let kind = kind.as_bytes();
        begins(kind, "text/event-stream") || begins(kind, "application/grpc")
    })
}

/// Holds a response back until the rules have seen its body, or as much of it as they look at.
async fn hold<B, E>(
    response: Response<B>,
    mut judge: Judge,
    plan: Arc<Plan>,
) -> Result<Response<Replayed<B>>, E>
where
    B: Body<Data = Bytes> + Unpin,
{
    let (parts, body) = response.into_parts();
    let collected = Collected::new(Some(plan.budget.hold()));
    let body = match read::response(body, collected, plan.response_body).await {
        Ok(body) => body,
        Err(lost) => {
            let (status, detail) = match lost {
                Lost::Broken => (
                    StatusCode::BAD_GATEWAY,
                    "The upstream broke off its response.",
                ),
                Lost::Overfull => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    "Too many large responses are being read at once. Try again shortly.",
                ),
            };
            return Ok(Refusal::upstream(status, detail).answer());
        }
    };
    Ok(match judge.response_body(body.front()) {
        Some(refusal) => refusal.answer(),
        None => Response::from_parts(parts, body),
    })
}
