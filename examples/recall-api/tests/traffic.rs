//! The recorded traffic against the sample itself, over a real socket: what is labelled benign
//! must be answered well, and the deliberate holes must be there for the gateway to close.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "the whole file is a test"
)]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use recall_api::{Store, router};
use serde_json::Value;

/// Serves a fresh sample on a free port, for as long as the test's process lives.
fn start() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router(Store::seeded().unwrap()))
                .await
                .unwrap();
        });
    });
    address
}

/// Sends raw bytes and returns status and body.
fn send(address: SocketAddr, request: &str) -> (u16, String) {
    let request = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (
        head.split(' ').nth(1).unwrap().parse().unwrap(),
        body.to_owned(),
    )
}

fn get(address: SocketAddr, target: &str) -> (u16, String) {
    send(
        address,
        &format!("GET {target} HTTP/1.1\r\nHost: x\r\n\r\n"),
    )
}

fn traffic(name: &str) -> Vec<(String, String)> {
    let path = format!("{}/traffic/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let part = |key: &str| line[key].as_str().unwrap().to_owned();
            (part("label"), part("request"))
        })
        .collect()
}

#[test]
fn every_benign_request_is_answered() {
    let address = start();
    let benign = traffic("benign.jsonl");
    assert!(benign.len() >= 120, "only {} requests", benign.len());
    for (label, request) in benign {
        assert_eq!(label, "benign");
        let (status, body) = send(address, &request);
        let line = request.lines().next().unwrap();
        assert!((200..300).contains(&status), "{line}: {status} {body}");
        if line.starts_with("POST /v1/incidents ") {
            let id = serde_json::from_str::<Value>(&body).unwrap()["id"].clone();
            let sent: Value =
                serde_json::from_str(request.split_once("\r\n\r\n").unwrap().1).unwrap();
            let (_, kept) = get(address, &format!("/v1/incidents/{id}"));
            let kept: Value = serde_json::from_str(&kept).unwrap();
            for key in ["reporter", "product", "description", "link"] {
                assert_eq!(sent[key], kept[key], "{line}");
            }
        }
    }
}

#[test]
fn attack_lines_are_labelled_and_well_framed() {
    for (label, request) in traffic("attack.jsonl") {
        assert_eq!(label, "attack");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("Content-Length: "))
            .map_or(0, |text| text.parse().unwrap());
        assert_eq!(length, body.len(), "{head}");
    }
}

#[test]
fn names_with_apostrophes_are_found() {
    let (status, body) = get(start(), "/v1/recalls?q=o%27brien&per_page=100");
    let found: Vec<Value> = serde_json::from_str(&body).unwrap();
    assert_eq!((status, found.len()), (200, 10));
}

#[test]
fn the_category_filter_is_injectable_and_the_search_term_is_not() {
    let address = start();
    let union = "'%20UNION%20SELECT%201,email,password,4,5,6,7,8,9%20FROM%20account--%20";
    let (_, leaked) = get(address, &format!("/v1/recalls?q=zzz&category=x{union}"));
    assert!(leaked.contains("mara@recalls.example"), "{leaked}");
    let (status, safe) = get(address, &format!("/v1/recalls?q=x{union}"));
    assert_eq!((status, safe.as_str()), (200, "[]"));
}

#[test]
fn the_search_page_reflects_and_the_files_follow_dots() {
    let address = start();
    let (_, page) = get(address, "/search?q=%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(page.contains("<script>alert(1)</script>"));
    let (_, file) = get(address, "/v1/files?name=../../../etc/passwd");
    assert!(file.starts_with("root:x:0:0"));
}

#[test]
fn the_admin_list_needs_an_administrators_session() {
    let address = start();
    let login = |email: &str, password: &str| {
        let body = serde_json::json!({ "email": email, "password": password }).to_string();
        let length = body.len();
        send(
            address,
            &format!(
                "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            ),
        )
    };
    let list = |token: &str| {
        let (status, _) = send(
            address,
            &format!(
                "GET /v1/admin/incidents HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
            ),
        );
        status
    };
    let token = |body: &str| {
        let body: Value = serde_json::from_str(body).unwrap();
        body["token"].as_str().unwrap().to_owned()
    };
    assert_eq!(login("mara@recalls.example", "wrong").0, 401);
    let (_, admin) = login("mara@recalls.example", "Tr0ub4dor&3");
    let (_, user) = login("siobhan.o'neill@recalls.example", "it's <3 & \"safe\"");
    assert_eq!(list(&token(&admin)), 200);
    assert_eq!(list(&token(&user)), 401);
    assert_eq!(list("nonsense"), 401);
}
