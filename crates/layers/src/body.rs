use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use crate::budget::Held;

pin_project! {
    /// A body of which the front was read already: that front, then what is left of it.
    #[derive(Debug)]
    pub struct Replayed<B> {
        front: Bytes,
        trailers: Option<HeaderMap>,
        #[pin]
        rest: Option<B>,
    }
}

impl<B> Default for Replayed<B> {
    fn default() -> Self {
        Self::from(Bytes::new())
    }
}

impl<B> From<Bytes> for Replayed<B> {
    fn from(front: Bytes) -> Self {
        Self {
            front,
            trailers: None,
            rest: None,
        }
    }
}

impl<B> Replayed<B> {
    /// A body nobody has read from.
    pub fn stream(body: B) -> Self {
        Self {
            rest: Some(body),
            ..Self::default()
        }
    }

    /// The same, but a body that has nothing is whole from the start.
    pub fn untouched(body: B) -> Self
    where
        B: Body,
    {
        if body.is_end_stream() {
            Self::default()
        } else {
            Self::stream(body)
        }
    }

    /// What was collected, then `rest`, if the body was not at its end.
    pub fn new(collected: Collected, rest: Option<B>) -> Self {
        Self {
            front: held(collected.bytes.into_bytes(), collected.held),
            trailers: collected.trailers,
            rest,
        }
    }

    /// The part that was read already.
    #[must_use]
    pub fn front(&self) -> &Bytes {
        &self.front
    }

    /// Whether nothing but the front is left, so that the body can be sent a second time.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.rest.is_none() && self.trailers.is_none()
    }

    /// A second copy of a whole body; the bytes are shared.
    #[must_use]
    pub fn duplicate(&self) -> Option<Self> {
        self.is_whole().then(|| Self::from(self.front.clone()))
    }
}

impl<B: Body<Data = Bytes>> Body for Replayed<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = self.project();
        if !this.front.is_empty() {
            let front = std::mem::take(this.front);
            return Poll::Ready(Some(Ok(Frame::data(front))));
        }
        if let Some(rest) = this.rest.as_pin_mut() {
            return Poll::Ready(ready!(rest.poll_frame(cx)));
        }
        Poll::Ready(this.trailers.take().map(|t| Ok(Frame::trailers(t))))
    }

    fn is_end_stream(&self) -> bool {
        self.front.is_empty()
            && self.trailers.is_none()
            && self.rest.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        let front = self.front.len() as u64;
        let rest = match (&self.rest, &self.trailers) {
            (Some(rest), _) => rest.size_hint(),
            (None, None) => SizeHint::with_exact(0),
            // Trailers need chunked coding, which an exact length would rule out.
            (None, Some(_)) => SizeHint::default(),
        };
        let mut hint = SizeHint::new();
        hint.set_lower(rest.lower().saturating_add(front));
        if let Some(upper) = rest.upper().and_then(|upper| upper.checked_add(front)) {
            hint.set_upper(upper);
        }
        hint
    }
}

/// Bytes of a body with their share of the budget.
struct Counted {
    bytes: Bytes,
    _held: Held,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// The same bytes, which give their share back when the last copy of them goes: one that waits to be
/// sent, or is kept to be sent again, takes memory as it did while it was read.
fn held(bytes: Bytes, held: Option<Held>) -> Bytes {
    match held {
        Some(held) if !bytes.is_empty() => Bytes::from_owner(Counted { bytes, _held: held }),
        Some(_) | None => bytes,
    }
}

/// A body as it is being read into memory. A single chunk is kept as it is; more are copied
/// together, so that a body sent byte by byte costs its length and not a node per byte.
#[derive(Debug, Default)]
pub struct Collected {
    bytes: Gathered,
    trailers: Option<HeaderMap>,
    held: Option<Held>,
}

#[derive(Debug)]
enum Gathered {
    One(Bytes),
    Many(BytesMut),
}

impl Default for Gathered {
    fn default() -> Self {
        Self::One(Bytes::new())
    }
}

impl Gathered {
    fn into_bytes(self) -> Bytes {
        match self {
            Self::One(bytes) => bytes,
            Self::Many(bytes) => bytes.freeze(),
        }
    }
}

impl Collected {
    /// Starts a body whose bytes are counted by `held`.
    #[must_use]
    pub fn new(held: Option<Held>) -> Self {
        Self {
            held,
            ..Self::default()
        }
    }

    /// Adds a chunk; false when all bodies together hold more than they may.
    pub fn push(&mut self, chunk: Bytes) -> bool {
        if let Some(held) = &mut self.held
            && !held.grow(chunk.len())
        {
            return false;
        }
        match &mut self.bytes {
            Gathered::One(first) if first.is_empty() => *first = chunk,
            Gathered::One(first) => {
                let mut many = BytesMut::with_capacity((first.len() + chunk.len()) * 2);
                many.extend_from_slice(first);
                many.extend_from_slice(&chunk);
                self.bytes = Gathered::Many(many);
            }
            Gathered::Many(many) => many.extend_from_slice(&chunk),
        }
        true
    }

    /// Keeps the trailers.
    pub fn trailers(&mut self, trailers: HeaderMap) {
        self.trailers = Some(trailers);
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.bytes {
            Gathered::One(bytes) => bytes.len(),
            Gathered::Many(bytes) => bytes.len(),
        }
    }

    /// Whether nothing was read yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::{BodyExt, Full};

    use super::*;
    use crate::budget::Budget;

    #[tokio::test]
    async fn the_front_comes_first_and_nothing_is_lost() {
        let mut collected = Collected::default();
        assert!(collected.push(Bytes::from_static(b"ab")));
        assert!(collected.push(Bytes::from_static(b"cd")));
        let body = Replayed::new(collected, Some(Full::new(Bytes::from_static(b"ef"))));
        assert_eq!(body.size_hint().exact(), Some(6));
        assert!(!body.is_whole());
        assert_eq!(body.collect().await.unwrap().to_bytes(), "abcdef");
    }

    #[tokio::test]
    async fn trailers_survive_and_rule_out_an_exact_length() {
        let mut collected = Collected::default();
        assert!(collected.push(Bytes::from_static(b"x")));
        collected.trailers(HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-status"),
            http::HeaderValue::from_static("0"),
        )]));
        let body = Replayed::<Full<Bytes>>::new(collected, None);
        assert_eq!(body.size_hint().exact(), None);
        let whole = body.collect().await.unwrap();
        assert_eq!(whole.trailers().unwrap()["grpc-status"], "0");
    }

    #[test]
    fn bodies_together_stay_within_their_budget() {
        let budget = Budget::new(10);
        let mut one = Collected::new(Some(budget.hold()));
        assert!(one.push(Bytes::from_static(b"12345678")));
        let mut two = Collected::new(Some(budget.hold()));
        assert!(!two.push(Bytes::from_static(b"123")));
        drop(one);
        assert!(two.push(Bytes::from_static(b"123")));
    }

    #[test]
    fn a_share_is_held_for_as_long_as_any_copy_of_the_body_is() {
        let budget = Budget::new(10);
        let mut one = Collected::new(Some(budget.hold()));
        assert!(one.push(Bytes::from_static(b"12345678")));
        let body = Replayed::<Full<Bytes>>::new(one, None);
        let spare = body.duplicate().unwrap();
        let waiting = body.front().slice(4..);
        drop(body);
        assert_eq!(budget.used(), 8);
        drop(spare);
        assert_eq!(budget.used(), 8);
        drop(waiting);
        assert_eq!(budget.used(), 0);
    }
}
