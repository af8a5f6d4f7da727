//! Spends each request from the limits of its route, and refuses with 429 what is beyond them.
//!
//! Use [`Layer::by_head`] in front of everything that costs something; use [`Layer::by_body`]
//! behind [`waf`](crate::waf), which reads the body that limits such as `5/min per body.email`
//! count by. A refusal carries `Retry-After` and the `RateLimit` and `RateLimit-Policy` fields of
//! draft-ietf-httpapi-ratelimit-headers; if told, passing responses carry the latter two as well.
//! In `watch` mode the limits are spent and reported, and nobody is refused.

mod fields;
mod json;
mod subject;

use std::sync::Arc;
use std::task::{Context, Poll};

use babyshield_limit::{Decision, LimitId, Plan as Limits, Store};
use babyshield_model::{Finding, Layer as Which, Mode, Verdict};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use tower::Service;

use crate::{Exchange, Gate, Refusal, Replayed, Treatment};
use subject::RequestSubject;

/// Which responses say how much is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Announce {
    /// Only a 429.
    #[default]
    Refused,
    /// Every response.
    Always,
}

/// The limits and where it is kept what was spent.
pub struct Plan {
    /// The compiled limits.
    pub limits: Arc<Limits>,
    /// Outlives the plan.
    pub store: Arc<dyn Store>,
    /// Which responses say how much is left.
    pub announce: Announce,
}

/// Makes [`Limit`] services.
#[derive(Clone)]
pub struct Layer<W> {
    plan: Arc<Plan>,
    which: W,
}

/// Counts by what the head says.
#[derive(Clone, Copy, Debug)]
pub struct ByHead;

/// Counts by what the body says, which was read before.
#[derive(Clone, Copy, Debug)]
pub struct ByBody;

impl Layer<ByHead> {
    /// Spends [`Treatment::limits`].
    #[must_use]
    pub fn by_head(plan: Arc<Plan>) -> Self {
        let which = ByHead;
        Self { plan, which }
    }
}

impl Layer<ByBody> {
    /// Spends [`Treatment::body_limits`].
    #[must_use]
    pub fn by_body(plan: Arc<Plan>) -> Self {
        let which = ByBody;
        Self { plan, which }
    }
}

impl<S, W: Clone> tower::Layer<S> for Layer<W> {
    type Service = Limit<S, W>;

    fn layer(&self, inner: S) -> Limit<S, W> {
        Limit {
            inner,
            plan: Arc::clone(&self.plan),
            which: self.which.clone(),
        }
    }
}

/// Spends requests from limits.
#[derive(Clone)]
pub struct Limit<S, W> {
    inner: S,
    plan: Arc<Plan>,
    which: W,
}

/// Where the limits of a request and the body they count by are found.
pub trait Stage<B> {
    /// The limits this stage spends.
    fn limits<'a>(&self, treatment: &'a Treatment) -> &'a [LimitId];

    /// The body as far as it was read.
    fn body<'a>(&self, body: &'a B) -> &'a [u8];
}

impl<B> Stage<B> for ByHead {
    fn limits<'a>(&self, treatment: &'a Treatment) -> &'a [LimitId] {
        &treatment.limits
    }

    fn body<'a>(&self, _: &'a B) -> &'a [u8] {
        b""
    }
}

impl<B> Stage<Replayed<B>> for ByBody {
    fn limits<'a>(&self, treatment: &'a Treatment) -> &'a [LimitId] {
        &treatment.body_limits
    }

    fn body<'a>(&self, body: &'a Replayed<B>) -> &'a [u8] {
        let front: &Bytes = body.front();
        front
    }
}

/// What a stage says: nothing to count, pass (announcing the decision if told), or refuse.
enum Spent {
    Nothing,
    Pass(Decision),
    Refuse(Box<Refusal>),
}

impl<S, W> Limit<S, W> {
    fn spend<B>(&self, request: &Request<B>) -> Spent
    where
        W: Stage<B>,
    {
        let Some(exchange) = request.extensions().get::<Exchange>() else {
            return Spent::Nothing;
        };
        let Some(treatment) = exchange.treatment() else {
            return Spent::Nothing;
        };
        let ids = self.which.limits(treatment);
        if ids.is_empty() || treatment.mode == Mode::Off {
            return Spent::Nothing;
        }
        let body = self.which.body(request.body());
        let subject = RequestSubject::new(exchange, treatment, request, body);
        let now = exchange.now();
        let plan = &self.plan;
        let check = || plan.limits.check(&*plan.store, ids, &subject, now);
        match exchange.spend(check) {
            None => Spent::Nothing,
            Some(decision) if decision.allowed => Spent::Pass(decision),
            Some(decision) => {
                exchange.find(finding(&decision));
                let refusal = refusal(&decision);
                if exchange.refuse(&refusal) {
                    Spent::Refuse(Box::new(refusal))
                } else {
                    Spent::Nothing
                }
            }
        }
    }
}

fn refusal(decision: &Decision) -> Refusal {
    let mut refusal = Refusal::new(
        Verdict::Limit,
        Which::Limit,
        StatusCode::TOO_MANY_REQUESTS,
        format!(
            "More requests than the {} allowed in {} seconds.",
            decision.limit,
            fields::seconds(decision.window)
        ),
    );
    refusal.fields = Some(Box::new(fields::of(decision)));
    refusal
}

fn finding(decision: &Decision) -> Finding {
    Finding {
        rule: format!("limit:{}", decision.name),
        message: format!(
            "more than {} requests in {} seconds",
            decision.limit,
            fields::seconds(decision.window)
        ),
        class: "limit".to_owned(),
        severity: "warning".to_owned(),
        field: String::new(),
        value: String::new(),
        matched: String::new(),
        data: String::new(),
        tags: Vec::new(),
        source: String::new(),
    }
}

impl<S, W, ReqBody, ResBody> Service<Request<ReqBody>> for Limit<S, W>
where
    S: Service<Request<ReqBody>, Response = Response<ResBody>>,
    W: Stage<ReqBody>,
    ResBody: Default,
{
    type Response = Response<ResBody>;
    type Error = S::Error;
    type Future = Gate<S::Future, ResBody>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<ReqBody>) -> Self::Future {
        let spent = self.spend(&request);
        if let Spent::Refuse(refusal) = spent {
            return Gate::answer(refusal.answer());
        }
        let inner = self.inner.call(request);
        let fields = match (spent, self.plan.announce) {
            (Spent::Pass(decision), Announce::Always) => Some(Box::new(fields::of(&decision))),
            _ => None,
        };
        Gate::pass_with(inner, fields)
    }
}
