//! Starting, replacing the plan, stopping; and how many may connect.

use std::time::Duration;

use babyshield_gateway::spec::{Health, Listen, Route, Upstream};
use babyshield_gateway::{Plan, Spec};
use babyshield_model::{Event, Severity};

use crate::support::{Backend, Deciders, Gateway, request, spec};

const GET: &str = "GET /name HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn a_new_plan_holds_from_the_next_request_on_the_same_connection() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    assert_eq!(wire.get("/name").await.status, 200);
    let deciders = Deciders {
        paths: vec!["/name"],
        ..Deciders::default()
    };
    let plan = Plan::compile(&spec(&[backend.url()]), deciders.engines()).unwrap();
    gateway.handle.reload(plan).await.unwrap();
    assert_eq!(wire.get("/name").await.status, 403);
    assert_eq!(wire.get("/blocked").await.status, 200);
    assert_eq!(gateway.handle.addresses().await, [gateway.address]);
}

#[tokio::test]
async fn a_request_under_way_is_finished_under_the_plan_it_began_with() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    wire.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let other = Backend::named("two").await;
    let plan = Plan::compile(&spec(&[other.url()]), Deciders::default().engines()).unwrap();
    gateway.handle.reload(plan).await.unwrap();
    assert_eq!(wire.reply().await.body, "slow");
    assert_eq!(wire.get("/name").await.body, "two");
}

#[tokio::test]
async fn a_server_that_is_down_stays_down_under_the_next_plan() {
    let (sick, well) = (Backend::named("sick").await, Backend::named("well").await);
    let mut spec = spec(&[sick.url(), well.url()]);
    spec.upstreams[0].health = Health {
        path: Some("/health".to_owned()),
        interval: Duration::from_millis(50),
        failures: 2,
        ..Health::default()
    };
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    sick.sick(true);
    tokio::time::sleep(Duration::from_millis(500)).await;
    // No check comes soon enough to find it out again.
    spec.upstreams[0].health.interval = Duration::from_secs(60);
    let plan = Plan::compile(&spec, Deciders::default().engines()).unwrap();
    gateway.handle.reload(plan).await.unwrap();
    for _ in 0..4 {
        assert_eq!(request(gateway.address, GET).await.body, "well");
    }
    let told: Vec<(String, bool)> = gateway
        .handle
        .servers()
        .into_iter()
        .map(|(name, well)| (name.to_string(), well))
        .collect();
    assert_eq!(told, [(sick.url(), false), (well.url(), true)]);
}

#[tokio::test]
async fn listeners_come_and_go_with_the_plan() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wire = gateway.wire().await;
    assert_eq!(wire.get("/name").await.status, 200);
    let mut spec = spec(&[backend.url()]);
    spec.listen = vec![Listen::plain("127.0.0.2:0".parse().unwrap())];
    let plan = Plan::compile(&spec, Deciders::default().engines()).unwrap();
    gateway.handle.reload(plan).await.unwrap();
    let addresses = gateway.handle.addresses().await;
    assert_eq!(request(addresses[0], GET).await.status, 200);
    assert_eq!(wire.get("/name").await.status, 200, "open connections stay");
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(
        tokio::net::TcpStream::connect(gateway.address)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn a_plan_that_cannot_listen_changes_nothing() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut spec = spec(&[backend.url()]);
    spec.listen = vec![Listen::plain(taken.local_addr().unwrap())];
    let plan = Plan::compile(&spec, Deciders::default().engines()).unwrap();
    let error = gateway.handle.reload(plan).await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains(&taken.local_addr().unwrap().to_string())
    );
    assert_eq!(request(gateway.address, GET).await.status, 200);
}

#[tokio::test]
async fn stopping_finishes_what_is_begun_and_begins_nothing() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut busy = gateway.wire().await;
    let mut idle = gateway.wire().await;
    assert_eq!(idle.get("/name").await.status, 200);
    busy.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let handle = gateway.handle.clone();
    let stopping = tokio::spawn(async move { handle.stop().await });
    assert!(idle.closes_within(Duration::from_secs(2)).await);
    assert!(
        tokio::net::TcpStream::connect(gateway.address)
            .await
            .is_err()
    );
    let reply = busy.reply().await;
    assert_eq!(reply.body, "slow");
    assert_eq!(stopping.await.unwrap(), 0);
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let backend = Backend::start().await;
    let short = Duration::from_millis(300);
    let gateway = Gateway::with(&backend, |spec| spec.timeouts.drain = short).await;
    let mut wire = gateway.wire().await;
    wire.send("GET /never HTTP/1.1\r\nhost: test\r\n\r\n").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let stopped = tokio::time::timeout(Duration::from_secs(3), gateway.handle.stop()).await;
    assert_eq!(stopped.expect("it stops in time"), 1);
    assert_eq!(gateway.event().await.status, 499);
}

#[tokio::test]
async fn connections_are_capped_in_total_and_per_address() {
    let backend = Backend::start().await;
    for (total, each) in [(3, 100), (100, 3)] {
        let gateway = Gateway::with(&backend, |spec| {
            spec.resources.connections = total;
            spec.resources.connections_per_address = each;
        })
        .await;
        let mut open = Vec::new();
        for _ in 0..3 {
            let mut wire = gateway.wire().await;
            assert_eq!(wire.get("/name").await.status, 200);
            open.push(wire);
        }
        assert!(
            gateway
                .wire()
                .await
                .closes_within(Duration::from_secs(2))
                .await
        );
        assert_eq!(gateway.handle.connections(), 3);
        let told = gateway.events.drain();
        let turned = told.iter().any(
            |event| matches!(event, Event::System(system) if system.name == "connection.refused"),
        );
        assert!(turned, "{told:?}");
        open.pop();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(request(gateway.address, GET).await.status, 200);
    }
}

#[tokio::test]
async fn trusted_proxies_are_not_capped_each() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| {
        spec.resources.connections_per_address = 1;
        spec.proxies = vec!["127.0.0.1".to_owned()];
    })
    .await;
    let mut one = gateway.wire().await;
    let mut two = gateway.wire().await;
    assert_eq!(one.get("/name").await.status, 200);
    assert_eq!(two.get("/name").await.status, 200);
}

#[test]
fn every_fault_of_a_spec_is_told_at_once() {
    let mut spec = Spec {
        listen: Vec::new(),
        upstreams: vec![
            Upstream::single("main", "ftp://x"),
            Upstream::single("main", "http://a/b"),
        ],
        proxies: vec!["10.0.0.0/99".to_owned()],
        limits: vec!["missing".to_owned()],
        ..Spec::default()
    };
    spec.routes = vec![
        Route {
            pattern: "no slash".to_owned(),
            ..Route::default()
        },
        Route {
            pattern: "/a".to_owned(),
            upstream: Some("other".to_owned()),
            ..Route::default()
        },
    ];
    spec.timeouts.head = Duration::ZERO;
    spec.headers.remove = vec!["content-length".to_owned()];
    let faults = Plan::compile(&spec, Deciders::default().engines()).unwrap_err();
    let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    for code in [
        "gateway.no_listener",
        "gateway.bad_server",
        "gateway.duplicate_upstream",
        "gateway.unknown_limit",
        "gateway.bad_route",
        "gateway.unknown_upstream",
        "gateway.zero_limit",
        "headers.bad_name",
    ] {
        assert!(codes.contains(&code), "{code} in {codes:?}");
    }
    assert!(
        faults
            .iter()
            .any(|fault| fault.message.contains("10.0.0.0/99")),
        "{faults:?}"
    );
}

#[test]
fn overlapping_routes_are_reported() {
    let mut spec = spec(&["http://127.0.0.1:1".to_owned()]);
    spec.routes = ["/a/*", "GET /a/*", "/a/*"]
        .map(|pattern| Route {
            pattern: pattern.to_owned(),
            ..Route::default()
        })
        .to_vec();
    let plan = Plan::compile(&spec, Deciders::default().engines()).unwrap();
    let [warning] = plan.warnings() else {
        panic!("{:?}", plan.warnings());
    };
    assert_eq!(warning.severity, Severity::Warning);
    assert_eq!(warning.code, "gateway.overlapping_routes");
}

#[test]
fn a_spec_is_read_from_text_and_knows_no_other_keys() {
    let spec: Spec = serde_json::from_str(
        r#"{"mode":"enforce","timeouts":{"head":"250ms"},"resources":{"body":"1MiB"}}"#,
    )
    .unwrap();
    assert_eq!(spec.timeouts.head, Duration::from_millis(250));
    assert_eq!(spec.resources.body.0, 1 << 20);
    assert_eq!(spec.timeouts.idle, Spec::default().timeouts.idle);
    assert!(serde_json::from_str::<Spec>(r#"{"timeouts":{"haed":"1s"}}"#).is_err());
    assert!(serde_json::from_str::<Spec>(r#"{"timeouts":{"head":"1"}}"#).is_err());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_thread_reuses_its_own_connections_and_all_finish_when_stopped() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let mut wires = Vec::new();
    for _ in 0..4 {
        wires.push(gateway.wire().await);
    }
    for _ in 0..3 {
        for wire in &mut wires {
            assert_eq!(wire.get("/name").await.body, "one");
        }
    }
    let threads = std::thread::available_parallelism().unwrap().get().min(2);
    assert_eq!(backend.connections(), threads);
    for wire in &mut wires {
        wire.send("GET /slow HTTP/1.1\r\nhost: test\r\n\r\n").await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let handle = gateway.handle.clone();
    let stopping = tokio::spawn(async move { handle.stop().await });
    for wire in &mut wires {
        assert_eq!(wire.reply().await.body, "slow");
    }
    assert_eq!(stopping.await.unwrap(), 0);
}
