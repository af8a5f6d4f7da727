use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::{HeaderMap, Response};
use pin_project_lite::pin_project;

pin_project! {
    /// The future of a layer that decides before it calls the service behind it: an answer of its
    /// own, or the inner response, with some fields added if told.
    #[derive(Debug)]
    pub struct Gate<F, B> {
        #[pin]
        state: State<F, B>,
    }
}

pin_project! {
    #[project = StateProj]
    #[derive(Debug)]
    enum State<F, B> {
        Answer { response: Option<Response<B>> },
        Pass { #[pin] inner: F, fields: Option<Box<HeaderMap>> },
    }
}

impl<F, B> Gate<F, B> {
    /// Answers here.
    pub fn answer(response: Response<B>) -> Self {
        let response = Some(response);
        Self {
            state: State::Answer { response },
        }
    }

    /// Passes on.
    pub fn pass(inner: F) -> Self {
        Self::pass_with(inner, None)
    }

    /// Passes on, and adds fields to the response.
    pub fn pass_with(inner: F, fields: Option<Box<HeaderMap>>) -> Self {
        Self {
            state: State::Pass { inner, fields },
        }
    }
}

impl<F, B, E> Future for Gate<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Default,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().state.project() {
            StateProj::Answer { response } => Poll::Ready(Ok(response.take().unwrap_or_default())),
            StateProj::Pass { inner, fields } => {
                let mut response = ready!(inner.poll(cx))?;
                if let Some(fields) = fields.take() {
                    for (name, value) in fields.iter() {
                        response.headers_mut().append(name, value.clone());
                    }
                }
                Poll::Ready(Ok(response))
            }
        }
    }
}
