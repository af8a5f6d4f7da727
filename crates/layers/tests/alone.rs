//! Each layer by itself, around a plain service, with nothing of the gateway.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed; the exemption covers its helpers too"
)]

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use babyshield_layers::{
    Arrival, Budget, Connection, Exchange, Refusal, Replayed, Treatment, caller, limit, record,
    size, waf,
};
use babyshield_limit::store::memory::Store;
use babyshield_model::{
    Event, Figures, Layer, ManualClock, Memory, Mode, RequestEvent, Sink, Verdict,
};
use babyshield_reputation::{Pattern, addr::Networks};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use tower::{Layer as _, Service, ServiceExt};

type Body = Full<Bytes>;

struct Bench {
    events: Arc<Memory>,
    clock: Arc<ManualClock>,
    calls: Arc<AtomicUsize>,
}

impl Bench {
    fn new() -> Self {
        Self {
            events: Arc::new(Memory::default()),
            clock: Arc::new(ManualClock::new(Duration::from_secs(1))),
            calls: Arc::new(AtomicUsize::new(0)),
        }
    }

    fn record(&self) -> record::Layer {
        record::Layer::new(Arc::clone(&self.events) as _, Arc::clone(&self.clock) as _)
    }

    fn event(&self) -> RequestEvent {
        match self.events.drain().remove(0) {
            Event::Request(event) => *event,
            Event::System(event) => panic!("{event:?}"),
        }
    }

    /// A service that reads its body and says how long it was.
    fn inner<B>(
        &self,
    ) -> impl Service<Request<B>, Response = Response<Body>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + use<B>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::fmt::Debug,
    {
        let calls = Arc::clone(&self.calls);
        tower::service_fn(move |request: Request<B>| {
            let calls = Arc::clone(&calls);
            async move {
                calls.fetch_add(1, Ordering::SeqCst);
                let body = request.into_body();
                let mut body = std::pin::pin!(body);
                let mut length = 0;
                while let Some(Ok(frame)) = body.as_mut().frame().await {
                    length += frame.data_ref().map_or(0, Bytes::len);
                }
                Ok(Response::new(Full::new(Bytes::from(length.to_string()))))
            }
        })
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// Gives every request a treatment: what the gateway's router does.
fn treated<S>(inner: S, treatment: Treatment) -> Treated<S> {
    let treatment = Arc::new(treatment);
    Treated { inner, treatment }
}

#[derive(Clone)]
struct Treated<S> {
    inner: S,
    treatment: Arc<Treatment>,
}

impl<S, B> Service<Request<B>> for Treated<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> S::Future {
        let exchange = request
            .extensions()
            .get::<Exchange>()
            .expect("record is in front");
        exchange.treat(Arc::clone(&self.treatment));
        self.inner.call(request)
    }
}

fn enforced() -> Treatment {
    Treatment {
        mode: Mode::Enforce,
        ..Treatment::default()
    }
}

fn get(target: &str) -> Request<Body> {
    Request::get(target).body(Body::default()).unwrap()
}

#[tokio::test]
async fn record_gives_every_response_an_id_and_every_request_an_event() {
    let bench = Bench::new();
    let mut service = bench.record().layer(bench.inner());
    let request = Request::post("http://shop.test/a?b=c")
        .header("user-agent", "test")
        .body(Full::new(Bytes::from_static(b"four")))
        .unwrap();
    let answering = service.call(request);
    bench.clock.advance(Duration::from_millis(3));
    let response = answering.await.unwrap();
    let id = response
        .headers()
        .get("x-request-id")
        .unwrap()
        .to_str()
        .unwrap()
        .to_owned();
    assert!(
        bench.events.drain().is_empty(),
        "the response is not sent yet"
    );
    drop(response.into_body().collect().await.unwrap());
    let event = bench.event();
    assert_eq!(event.id.to_string(), id);
    assert_eq!(
        (event.method.as_str(), event.target.as_str()),
        ("POST", "/a?b=c")
    );
    assert_eq!(
        (event.host.as_str(), event.agent.as_str()),
        ("shop.test", "test")
    );
    assert_eq!(
        (event.verdict, event.status, event.bytes_out),
        (Verdict::Allow, 200, 1)
    );
    assert_eq!(event.total_micros, 3000);
}

#[tokio::test]
async fn a_caller_that_goes_away_leaves_an_event_too() {
    let bench = Bench::new();
    let mut service = bench.record().layer(bench.inner());
    drop(service.call(get("/")));
    assert_eq!(bench.event().status, 499);
}

/// A sink that keeps figures alone, where it may.
#[derive(Default)]
struct Counting(Mutex<Vec<u16>>, Memory);

impl Sink for Counting {
    fn record(&self, event: Event) {
        self.1.record(event);
    }

    fn count(&self, figures: &Figures<'_>) -> bool {
        self.0.lock().unwrap().push(figures.status);
        true
    }
}

#[tokio::test]
async fn a_sink_may_take_figures_for_what_passed_and_gets_an_event_for_the_rest() {
    let bench = Bench::new();
    let sink = Arc::new(Counting::default());
    let layer = record::Layer::new(Arc::clone(&sink) as _, Arc::clone(&bench.clock) as _);
    let treatment = Treatment {
        body: 4,
        ..enforced()
    };
    let limited = size::Layer.layer(bench.inner());
    let mut service = layer.layer(treated(limited, treatment));
    drop(service.call(get("/")).await.unwrap());
    assert_eq!(*sink.0.lock().unwrap(), [200]);
    assert!(sink.1.drain().is_empty());
    let mut long = get("/");
    let length = "5".parse().unwrap();
    long.headers_mut().insert("content-length", length);
    drop(service.call(long).await.unwrap());
    assert_eq!(
        sink.0.lock().unwrap().len(),
        1,
        "a refusal is no mere figure"
    );
    assert_eq!(sink.1.drain().len(), 1);
}

#[tokio::test]
async fn ids_differ_and_sort_by_time() {
    let bench = Bench::new();
    let mut service = bench.record().layer(bench.inner());
    let mut ids = Vec::new();
    for _ in 0..100 {
        bench.clock.advance(Duration::from_millis(1));
        drop(service.call(get("/")));
        ids.push(bench.event().id);
    }
    assert!(ids.is_sorted_by(|a, b| a < b));
}

#[tokio::test]
async fn caller_resolves_through_trusted_peers_only() {
    let bench = Bench::new();
    let plan = Arc::new(caller::Plan {
        trusted: Networks::compile(&[Pattern::from("10.0.0.0/8")]).unwrap(),
        field: caller::Field::XForwardedFor,
    });
    let layers = (bench.record(), caller::Layer::new(plan));
    let mut service = layers.layer(bench.inner());
    for (peer, client) in [("10.0.0.1:1", "192.0.2.7"), ("192.0.2.1:1", "192.0.2.1")] {
        let mut request = get("/");
        request
            .headers_mut()
            .insert("x-forwarded-for", "192.0.2.7".parse().unwrap());
        request.extensions_mut().insert(Arrival {
            connection: Connection {
                peer: peer.parse().unwrap(),
                ..Connection::default()
            },
            ..Arrival::default()
        });
        drop(service.call(request).await.unwrap());
        assert_eq!(bench.event().client.to_string(), client);
    }
}

#[tokio::test]
async fn limit_refuses_what_is_beyond_and_forgives_with_time() {
    let bench = Bench::new();
    let own = babyshield_limit::Limit::parse("one", "1/min per ip", None).unwrap();
    let limits = babyshield_limit::Plan::compile(&babyshield_limit::Spec {
        limits: vec![own],
        ..babyshield_limit::Spec::default()
    })
    .unwrap();
    let treatment = Treatment {
        limits: vec![limits.find("one").unwrap()].into(),
        ..enforced()
    };
    let plan = Arc::new(limit::Plan {
        store: Arc::new(Store::new(limits.bounds())),
        limits: Arc::new(limits),
        announce: limit::Announce::Always,
    });
    let limited = limit::Layer::by_head(plan).layer(bench.inner());
    let mut service = bench.record().layer(treated(limited, treatment));
    let first = service.call(get("/")).await.unwrap();
    assert_eq!(first.headers()["ratelimit"], "\"one\";r=0;t=60");
    let second = service.call(get("/")).await.unwrap();
    assert_eq!(second.status(), 429);
    assert_eq!(second.headers()["retry-after"], "60");
    assert!(second.extensions().get::<Refusal>().is_some());
    bench.clock.advance(Duration::from_secs(60));
    assert_eq!(service.call(get("/")).await.unwrap().status(), 200);
    assert_eq!(bench.calls(), 2);
}

#[tokio::test]
async fn size_counts_what_passes_and_ends_what_is_too_long() {
    let bench = Bench::new();
    let limited = size::Layer.layer(bench.inner());
    let treatment = Treatment {
        body: 4,
        ..enforced()
    };
    let mut service = bench.record().layer(treated(limited, treatment));
    let post = |body: &'static [u8]| Request::post("/").body(Full::new(Bytes::from_static(body)));
    drop(service.call(post(b"four").unwrap()).await.unwrap());
    assert_eq!(bench.event().bytes_in, 4);
    let mut declared = post(b"fives").unwrap();
    declared
        .headers_mut()
        .insert("content-length", "5".parse().unwrap());
    assert_eq!(service.call(declared).await.unwrap().status(), 413);
    let event = bench.event();
    assert_eq!(
        (event.verdict, event.layer),
        (Verdict::Block, Some(Layer::Size))
    );
    assert_eq!(bench.calls(), 1);
}

fn rules(text: &str) -> Arc<waf::Plan> {
    let spec = babyshield_waf::Spec {
        rules: Vec::new(),
        inline: vec![("test.conf".to_owned(), text.to_owned())],
        ..babyshield_waf::Spec::default()
    };
    let files = babyshield_waf::source::Memory::default();
    Arc::new(waf::Plan {
        rules: Arc::new(babyshield_waf::Plan::compile(&spec, &files).unwrap().plan),
        budget: Budget::new(1 << 20),
        response_body: 1 << 16,
    })
}

#[tokio::test]
async fn waf_judges_before_the_service_is_called_and_keeps_why() {
    let bench = Bench::new();
    let plan = rules(
        "SecRuleEngine On\nSecRequestBodyAccess On\n\
         SecRule ARGS \"@contains evil\" \"id:7,phase:2,deny,status:406,log,msg:'found evil'\"\n",
    );
    for (mode, status, calls) in [
        (Mode::Enforce, 406, 0),
        (Mode::Watch, 200, 1),
        (Mode::Off, 200, 2),
    ] {
        let judged = waf::Layer::new(Arc::clone(&plan)).layer(bench.inner());
        let treatment = Treatment {
            mode,
            ..Treatment::default()
        };
        let mut service = bench.record().layer(treated(judged, treatment));
        let request = Request::post("/")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Full::new(Bytes::from_static(b"a=evil")))
            .unwrap();
        let response = service.ready().await.unwrap().call(request).await.unwrap();
        assert_eq!(response.status(), status, "{mode:?}");
        drop(response);
        assert_eq!(bench.calls(), calls, "{mode:?}");
        let event = bench.event();
        let found = event.findings.first().map(|finding| finding.rule.as_str());
        assert_eq!(found, (mode != Mode::Off).then_some("7"), "{mode:?}");
        assert_eq!(event.enforced, mode == Mode::Enforce);
    }
}

/// The event of a GET for `target`, judged by `text` in `mode`.
async fn judged(text: &str, mode: Mode, target: &str) -> (u16, RequestEvent) {
    let bench = Bench::new();
    let judged = waf::Layer::new(rules(text)).layer(bench.inner());
    let treatment = Treatment {
        mode,
        ..Treatment::default()
    };
    let mut service = bench.record().layer(treated(judged, treatment));
    let response = service.call(get(target)).await.unwrap();
    let status = response.status().as_u16();
    drop(response);
    (status, bench.event())
}

#[tokio::test]
async fn watch_mode_finds_everything_where_enforce_mode_stops_at_the_first() {
    let text = "SecRuleEngine On\n\
        SecRule ARGS \"@contains evil\" \"id:1,phase:1,deny,status:403,log,msg:'one'\"\n\
        SecRule ARGS \"@contains worse\" \"id:2,phase:2,deny,status:406,log,msg:'two'\"\n\
        SecRule RESPONSE_STATUS \"@streq 200\" \"id:3,phase:3,deny,status:502,log,msg:'three'\"\n";
    let ids = |event: &RequestEvent| -> Vec<String> {
        event.findings.iter().map(|f| f.rule.clone()).collect()
    };
    let (status, event) = judged(text, Mode::Enforce, "/?a=evil+worse").await;
    assert_eq!((status, event.verdict), (403, Verdict::Block));
    assert!(event.enforced);
    assert_eq!(ids(&event), ["1"]);
    let (status, event) = judged(text, Mode::Watch, "/?a=evil+worse").await;
    assert_eq!((status, event.verdict), (200, Verdict::Block));
    assert_eq!(event.layer, Some(Layer::Waf));
    assert!(!event.enforced);
    assert_eq!(ids(&event), ["1", "2", "3"]);
    let (_, event) = judged("SecRuleEngine On\n", Mode::Watch, "/?a=evil").await;
    assert_eq!((event.verdict, event.findings.len()), (Verdict::Allow, 0));
}

#[tokio::test]
async fn what_the_rules_could_not_judge_reaches_the_event() {
    let text = "SecRuleEngine On\n\
        SecRule REMOTE_ADDR \"@geoLookup\" \"id:1,phase:1,deny,log,msg:'somewhere'\"\n";
    for mode in [Mode::Watch, Mode::Enforce] {
        let (status, event) = judged(text, mode, "/").await;
        assert_eq!((status, event.verdict), (200, Verdict::Allow));
        let found: Vec<_> = event
            .findings
            .iter()
            .map(|f| (&*f.rule, &*f.message))
            .collect();
        assert_eq!(
            found,
            [(
                "waf",
                "@geoLookup has no database to ask; SecGeoLookupDb names one"
            )],
            "{mode:?}"
        );
    }
}

#[tokio::test]
async fn rules_know_a_request_by_the_id_its_caller_gets() {
    let text = "SecRuleEngine On\n\
        SecRule UNIQUE_ID \"@rx ^[0-9A-Z]{26}$\" \"id:1,phase:1,pass,log,msg:'%{UNIQUE_ID}'\"\n";
    let (_, event) = judged(text, Mode::Enforce, "/").await;
    assert_eq!(event.findings[0].message, event.id.to_string());
}

#[tokio::test]
async fn a_body_that_was_read_goes_on_unchanged() {
    let bench = Bench::new();
    let plan = rules("SecRuleEngine On\nSecRequestBodyAccess On\n");
    let judged = waf::Layer::new(Arc::clone(&plan)).layer(bench.inner());
    let mut service = bench.record().layer(treated(judged, enforced()));
    let request = Request::post("/")
        .header("content-type", "text/plain")
        .body(Full::new(Bytes::from(vec![b'x'; 100_000])))
        .unwrap();
    let response: Response<record::Body<Replayed<Body>>> = service.call(request).await.unwrap();
    assert_eq!(
        response.into_body().collect().await.unwrap().to_bytes(),
        "100000"
    );
    assert_eq!(plan.budget.used(), 0, "what was held was given back");
}
