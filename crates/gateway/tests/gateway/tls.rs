//! Certificates: chosen by name, replaced while connections stay open.

use std::path::Path;
use std::sync::Arc;

use babyshield_gateway::spec::{Certificate, Listen};
use babyshield_gateway::{Plan, Spec};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{Backend, Deciders, Gateway, Wire, spec};

/// Writes a self-signed certificate for these names.
fn issue(folder: &Path, file: &str, names: &[&str]) -> (Certificate, CertificateDer<'static>) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let own = rcgen::generate_simple_self_signed(names).unwrap();
    let chain = folder.join(format!("{file}.pem"));
    let key = folder.join(format!("{file}.key"));
    std::fs::write(&chain, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    (Certificate { chain, key }, own.cert.der().clone())
}

fn trust(roots: &[CertificateDer<'static>], protocols: &[&[u8]]) -> TlsConnector {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

async fn connect(
    gateway: &Gateway,
    name: &'static str,
    connector: &TlsConnector,
) -> TlsStream<TcpStream> {
    let tcp = TcpStream::connect(gateway.address).await.unwrap();
    let name = ServerName::try_from(name).unwrap();
    connector
        .connect(name, tcp)
        .await
        .expect("the certificate fits the name")
}

fn shown(stream: &TlsStream<TcpStream>) -> CertificateDer<'static> {
    let (_, connection) = stream.get_ref();
    connection.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

fn secured(backend: &Backend, certificates: Vec<Certificate>) -> Spec {
    let address = "127.0.0.1:0".parse().unwrap();
    let mut spec = spec(&[backend.url()]);
    spec.listen = vec![Listen {
        address,
        certificates,
    }];
    spec
}

#[tokio::test]
async fn the_certificate_fits_the_name_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start().await;
    let (first, first_der) = issue(folder.path(), "first", &["one.test"]);
    let (second, second_der) = issue(folder.path(), "second", &["two.test", "*.wild.test"]);
    let spec = secured(&backend, vec![first, second]);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let connector = trust(&[first_der.clone(), second_der.clone()], &[b"http/1.1"]);
    for (name, expected) in [
        ("one.test", &first_der),
        ("two.test", &second_der),
        ("a.wild.test", &second_der),
    ] {
        let stream = connect(&gateway, name, &connector).await;
        assert_eq!(&shown(&stream), expected, "{name}");
        let mut wire = Wire::over(stream);
        let reply = wire.get("/head").await;
        assert!(
            reply.body.contains("x-forwarded-proto: https\n"),
            "{}",
            reply.body
        );
        assert_eq!(reply.field("strict-transport-security"), "max-age=31536000");
        wire.send("GET /cookie HTTP/1.1\r\nhost: test\r\n\r\n")
            .await;
        assert!(wire.reply().await.field("set-cookie").contains("Secure"));
    }
}

#[tokio::test]
async fn a_new_certificate_is_shown_to_new_connections_and_the_old_ones_stay() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start().await;
    let (certificate, old) = issue(folder.path(), "own", &["one.test"]);
    let spec = secured(&backend, vec![certificate]);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let stream = connect(
        &gateway,
        "one.test",
        &trust(std::slice::from_ref(&old), &[]),
    )
    .await;
    let mut kept = Wire::over(stream);
    assert_eq!(kept.get("/name").await.body, "one");

    let (_, new) = issue(folder.path(), "own", &["one.test"]);
    assert_ne!(old, new);
    let plan = Plan::compile(&spec, Deciders::default().engines()).unwrap();
    gateway.handle.reload(plan).await.unwrap();
    assert_eq!(gateway.handle.addresses().await, [gateway.address]);
    assert_eq!(kept.get("/name").await.body, "one");
    let stream = connect(
        &gateway,
        "one.test",
        &trust(std::slice::from_ref(&new), &[]),
    )
    .await;
    assert_eq!(shown(&stream), new);
}

#[tokio::test]
async fn http_2_is_spoken_with_those_who_offer_it() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start().await;
    let (certificate, der) = issue(folder.path(), "own", &["one.test"]);
    let spec = secured(&backend, vec![certificate]);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let stream = connect(&gateway, "one.test", &trust(&[der], &[b"h2", b"http/1.1"])).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let io = hyper_util::rt::TokioIo::new(stream);
    let executor = hyper_util::rt::TokioExecutor::new();
    let (mut sender, connection) = hyper::client::conn::http2::handshake(executor, io)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = http::Request::get("https://one.test/name")
        .body(http_body_util::Empty::<bytes::Bytes>::new())
        .unwrap();
    assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_upstream_may_speak_tls_and_is_not_believed_without_a_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start().await;
    // A gateway plays the encrypted server.
    let (certificate, _) = issue(folder.path(), "own", &["localhost"]);
    let chain = certificate.chain.clone();
    let inner = Gateway::start(&secured(&backend, vec![certificate]), &Deciders::default()).await;
    let server = format!("https://localhost:{}", inner.address.port());
    let mut outer = spec(&[server]);
    outer.upstreams[0].authorities = Some(chain);
    let gateway = Gateway::start(&outer, &Deciders::default()).await;
    let mut wire = gateway.wire().await;
    assert_eq!(wire.get("/name").await.body, "one");
    let (other, _) = issue(folder.path(), "other", &["localhost"]);
    outer.upstreams[0].authorities = Some(other.chain);
    let gateway = Gateway::start(&outer, &Deciders::default()).await;
    assert_eq!(gateway.wire().await.get("/name").await.status, 502);
}

#[tokio::test]
async fn a_missing_or_foreign_key_stops_the_start_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start().await;
    let (mut one, _) = issue(folder.path(), "one", &["one.test"]);
    let (two, _) = issue(folder.path(), "two", &["two.test"]);
    one.key = two.key.clone();
    let gone = Certificate {
        chain: folder.path().join("gone.pem"),
        key: two.key,
    };
    let faults = Plan::compile(
        &secured(&backend, vec![one, gone]),
        Deciders::default().engines(),
    );
    let faults: Vec<String> = faults
        .unwrap_err()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(faults.len(), 2, "{faults:?}");
    assert!(
        faults[0].contains("two.key") && faults[0].contains("one.pem"),
        "{faults:?}"
    );
    assert!(faults[1].contains("gone.pem"), "{faults:?}");
}

#[tokio::test]
async fn a_handshake_that_stalls_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let backend = Backend::start().await;
    let (certificate, _) = issue(folder.path(), "own", &["one.test"]);
    let mut spec = secured(&backend, vec![certificate]);
    spec.timeouts.handshake = std::time::Duration::from_millis(300);
    let gateway = Gateway::start(&spec, &Deciders::default()).await;
    let mut wire = gateway.wire().await;
    assert!(wire.closes_within(std::time::Duration::from_secs(3)).await);
}
