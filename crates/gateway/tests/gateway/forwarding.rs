//! What the upstream is told of a request, and what the caller is told of the response.

use crate::support::{Backend, Gateway, request};

#[tokio::test]
async fn only_trusted_proxies_may_say_who_the_caller_is() {
    let backend = Backend::start().await;
    let spoofed = "GET /head HTTP/1.1\r\nhost: api.test\r\nx-forwarded-for: 1.1.1.1, 198.51.100.7\r\n\
                   x-real-ip: 1.1.1.1\r\nx_forwarded_for: 1.1.1.1\r\nforwarded: for=1.1.1.1\r\n\
                   x-forwarded-proto: https\r\nx-forwarded-host: evil.test\r\n\
                   x-request-id: mine\r\n\r\n";

    let gateway = Gateway::before(&backend).await;
    let seen = request(gateway.address, spoofed).await.body;
    for line in [
        "x-forwarded-for: 127.0.0.1\n",
        "x-real-ip: 127.0.0.1\n",
        "x-forwarded-proto: http\n",
        "x-forwarded-host: api.test\n",
    ] {
        assert!(seen.contains(line), "{line} in {seen}");
    }
    for trace in [
        "1.1.1.1",
        "198.51.100.7",
        "evil.test",
        "x_forwarded_for",
        "mine",
    ] {
        assert!(!seen.contains(trace), "{trace} in {seen}");
    }
    assert_eq!(gateway.event().await.client.to_string(), "127.0.0.1");

    let gateway = Gateway::with(&backend, |spec| spec.proxies = vec!["127.0.0.0/8".into()]).await;
    let seen = request(gateway.address, spoofed).await.body;
    for line in [
        "x-forwarded-for: 198.51.100.7, 127.0.0.1\n",
        "x-real-ip: 198.51.100.7\n",
        "x-forwarded-proto: https\n",
        "x-forwarded-host: evil.test\n",
    ] {
        assert!(seen.contains(line), "{line} in {seen}");
    }
    let event = gateway.event().await;
    assert_eq!(event.client.to_string(), "198.51.100.7");
    assert_eq!(event.peer.to_string(), "127.0.0.1");
}

#[tokio::test]
async fn forwarded_counts_where_it_is_chosen() {
    let backend = Backend::start().await;
    let gateway = Gateway::with(&backend, |spec| {
        spec.proxies = vec!["127.0.0.1".into()];
        spec.forwarded_by = babyshield_layers::caller::Field::Forwarded;
    })
    .await;
    let bytes = "GET / HTTP/1.1\r\nhost: test\r\nx-forwarded-for: 1.1.1.1\r\n\
                 forwarded: for=2.2.2.2, for=\"[2001:db8::7]:80\"\r\n\r\n";
    request(gateway.address, bytes).await;
    assert_eq!(gateway.event().await.client.to_string(), "2001:db8::7");
}

#[tokio::test]
async fn fields_of_one_connection_are_not_passed_on() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let bytes = "GET /head HTTP/1.1\r\nhost: test\r\nconnection: keep-alive, x-mine, x-forwarded-for\r\n\
                 x-mine: 1\r\nkeep-alive: 5\r\nproxy-connection: x\r\nte: gzip, trailers\r\n\
                 upgrade: h2c\r\nhttp2-settings: AA\r\naccept: */*\r\n\r\n";
    let seen = request(gateway.address, bytes).await.body;
    for gone in ["connection:", "x-mine", "keep-alive", "upgrade", "gzip"] {
        assert!(!seen.contains(gone), "{gone} in {seen}");
    }
    for stays in [
        "te: trailers\n",
        "accept: */*\n",
        "x-forwarded-for: 127.0.0.1\n",
        "host: test\n",
    ] {
        assert!(seen.contains(stays), "{stays} in {seen}");
    }
}

#[tokio::test]
async fn an_absolute_target_becomes_a_path() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let seen = request(
        gateway.address,
        "GET http://test/head?a=%2e HTTP/1.1\r\nhost: test\r\n\r\n",
    )
    .await;
    assert!(seen.body.starts_with("GET /head?a=%2e\n"), "{}", seen.body);
}

#[tokio::test]
async fn the_host_is_the_callers_or_the_servers_as_told() {
    let backend = Backend::start().await;
    let get = "GET /head HTTP/1.1\r\nhost: shop.test\r\n\r\n";
    let gateway = Gateway::before(&backend).await;
    assert!(
        request(gateway.address, get)
            .await
            .body
            .contains("host: shop.test\n")
    );
    let gateway = Gateway::with(&backend, |spec| {
        spec.upstreams[0].host = babyshield_gateway::spec::Host::Server;
    })
    .await;
    let own = format!("host: {}\n", backend.address);
    assert!(request(gateway.address, get).await.body.contains(&own));
}

#[tokio::test]
async fn responses_carry_the_request_id_and_the_security_fields() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let reply = request(
        gateway.address,
        "GET /cookie HTTP/1.1\r\nhost: test\r\n\r\n",
    )
    .await;
    let event = gateway.event().await;
    assert_eq!(reply.field("x-request-id"), event.id.to_string());
    assert_eq!(reply.field("x-content-type-options"), "nosniff");
    assert_eq!(reply.field("x-frame-options"), "SAMEORIGIN");
    assert_eq!(
        reply.field("set-cookie"),
        "sid=1; Path=/; HttpOnly; SameSite=Lax"
    );
    assert_eq!(reply.field("strict-transport-security"), "");
    assert_eq!(reply.field("server"), "");
    let blocked = request(
        gateway.address,
        "GET /blocked HTTP/1.1\r\nhost: test\r\n\r\n",
    )
    .await;
    assert_eq!(blocked.field("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_request_id_reaches_the_upstream_too() {
    let backend = Backend::start().await;
    let gateway = Gateway::before(&backend).await;
    let reply = request(gateway.address, "GET /head HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let line = format!("x-request-id: {}\n", reply.field("x-request-id"));
    assert!(reply.body.contains(&line), "{}", reply.body);
}
