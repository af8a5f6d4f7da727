//! Connections against a server that is given as text.

use std::future::poll_fn;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::*;

/// What became of a response.
#[derive(Debug)]
struct Outcome {
    head: Response<()>,
    body: String,
    trailers: Option<HeaderMap>,
    reusable: bool,
}

fn begin(single: &mut Single<DuplexStream>, method: &Method, body: &'static str) {
    let body = Outbound::from(Bytes::from_static(body.as_bytes()));
    single.begin(method, &HeaderMap::new(), body, |out| {
        out.extend_from_slice(format!("{method} / HTTP/1.1\r\nhost: test\r\n").as_bytes());
    });
}

async fn read(single: &mut Single<DuplexStream>) -> Result<Outcome, Fault> {
    let head = poll_fn(|cx| single.poll_head(cx)).await?;
    let (mut body, mut trailers) = (String::new(), None);
    while let Some(frame) = poll_fn(|cx| single.poll_frame(cx)).await {
        match frame?.into_data() {
            Ok(data) => body.push_str(std::str::from_utf8(&data).unwrap()),
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    let reusable = single.is_reusable();
    Ok(Outcome {
        head,
        body,
        trailers,
        reusable,
    })
}

/// Asks a server that says `said`, `step` bytes at once, and closes.
async fn ask(method: Method, said: &str, step: usize) -> Result<Outcome, Fault> {
    let (own, server) = duplex(64 << 10);
    let (mut requests, mut responses) = tokio::io::split(server);
    let said = said.as_bytes().to_vec();
    let saying = tokio::spawn(async move {
        requests.read_u8().await.unwrap();
        for piece in said.chunks(step) {
            // Whoever has heard enough hangs up.
            if responses.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        responses.shutdown().await.unwrap();
    });
    let mut single = Single::new(own);
    begin(&mut single, &method, "");
    let outcome = read(&mut single).await;
    drop(single);
    saying.await.unwrap();
    outcome
}

#[tokio::test]
async fn responses_end_where_they_end_however_they_are_cut() {
    let cases = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", true),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            true,
        ),
        ("HTTP/1.1 200 OK\r\n\r\nhello", false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", false),
        (
            "HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 5\r\n\r\nhello",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nconnection: x, Close\r\ncontent-length: 5\r\n\r\nhello",
            false,
        ),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n\
             HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 5\r\n\r\nhello",
            true,
        ),
    ];
    for (said, reusable) in cases {
        for step in [1, 2, 3, 7, 1000] {
            let outcome = ask(Method::GET, said, step).await.expect(said);
            assert_eq!(outcome.head.status(), 200, "{said}");
            assert_eq!(outcome.body, "hello", "{said}");
            assert_eq!(outcome.reusable, reusable, "{said} by {step}");
        }
    }
}

#[tokio::test]
async fn what_can_be_read_in_two_ways_is_no_response() {
    let cases = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ncontent-length: +5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx: 1\r\n folded\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad name: 1\r\n\r\n",
        "HTTP/1.1 2OO OK\r\n\r\n",
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\nhello",
    ];
    for said in cases {
        for step in [1, 1000] {
            let outcome = ask(Method::GET, said, step).await;
            assert!(
                matches!(outcome, Err(Fault::Malformed(_))),
                "{said:?}: {outcome:?}"
            );
        }
    }
}

#[tokio::test]
async fn what_breaks_off_is_an_error_and_never_a_short_body() {
    let cases = [
        "",
        "HTTP/1.1 200 OK\r\nx: ",
        "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
    ];
    for said in cases {
        let outcome = ask(Method::GET, said, 1000).await;
        assert!(
            matches!(outcome, Err(Fault::Connection(_))),
            "{said:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn what_has_no_body_has_none_whatever_its_fields_say() {
    let cases = [
        (Method::HEAD, "200 OK", "content-length: 5", Some("5")),
        (Method::HEAD, "200 OK", "transfer-encoding: chunked", None),
        (
            Method::GET,
            "304 Not Modified",
            "content-length: 5",
            Some("5"),
        ),
        (Method::GET, "204 No Content", "x: 1", None),
    ];
    for (method, status, field, length) in cases {
        let said = format!("HTTP/1.1 {status}\r\n{field}\r\n\r\n");
        let outcome = ask(method, &said, 1000).await.expect(&said);
        let told = outcome.head.headers().get("content-length");
        assert_eq!(told.map(|told| told.to_str().unwrap()), length, "{said}");
        assert!(outcome.body.is_empty() && outcome.reusable, "{said}");
    }
}

#[tokio::test]
async fn bytes_behind_a_response_are_no_response_to_the_next_request() {
    let said = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n";
    let outcome = ask(Method::GET, said, 1000).await.unwrap();
    assert_eq!(outcome.body, "ok");
    assert!(!outcome.reusable);
}

#[tokio::test]
async fn fields_of_the_connection_stay_there() {
    let said = "HTTP/1.1 200 OK\r\nConnection: keep-alive, x-own\r\nKeep-Alive: 5\r\nX-Own: 1\r\n\
                Upgrade: h2\r\nProxy-Connection: x\r\nX-Stays: 1\r\ncontent-length: 0\r\n\r\n";
    let outcome = ask(Method::GET, said, 1000).await.unwrap();
    let mut names: Vec<_> = outcome.head.headers().keys().map(|n| n.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["content-length", "x-stays"]);
}

#[tokio::test]
async fn trailers_come_behind_the_body() {
    let said =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 7\r\n\r\n";
    for step in [1, 1000] {
        let outcome = ask(Method::GET, said, step).await.unwrap();
        assert_eq!(outcome.body, "ok");
        assert_eq!(outcome.trailers.unwrap()["x-sum"], "7");
        assert!(outcome.reusable);
    }
}

#[tokio::test]
async fn heads_and_interim_responses_are_bounded() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}", "y".repeat(200 << 10));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: 1\r\n".repeat(200));
    let early = "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(20);
    let lines =
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_owned() + &"1;".repeat(8 << 10);
    for said in [long, many, early, lines] {
        let outcome = ask(Method::GET, &said, 4096).await;
        assert!(matches!(outcome, Err(Fault::Malformed(_))), "{outcome:?}");
    }
}

/// What a server gets of a request.
async fn sent(method: Method, body: &'static str) -> String {
    let (own, mut server) = duplex(7);
    let mut single = Single::new(own);
    begin(&mut single, &method, body);
    let reading = tokio::spawn(async move {
        let mut all = String::new();
        while !all.ends_with(body) || !all.contains("\r\n\r\n") {
            all.push(char::from(server.read_u8().await.unwrap()));
        }
        (all, server)
    });
    let head = poll_fn(|cx| {
        drop(single.poll_head(cx));
        if single.is_sent() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    head.await;
    reading.await.unwrap().0
}

#[tokio::test]
async fn a_request_says_how_long_its_body_is_once() {
    let head = |method: &str| format!("{method} / HTTP/1.1\r\nhost: test\r\n");
    assert_eq!(sent(Method::GET, "").await, head("GET") + "\r\n");
    assert_eq!(
        sent(Method::POST, "").await,
        head("POST") + "content-length: 0\r\n\r\n"
    );
    assert_eq!(
        sent(Method::PUT, "hello world").await,
        head("PUT") + "content-length: 11\r\n\r\nhello world"
    );
}

#[tokio::test]
async fn large_pieces_arrive_whole_through_a_narrow_pipe() {
    let body: &'static str = "0123456789".repeat(2000).leak();
    let got = sent(Method::POST, body).await;
    assert!(got.ends_with(&format!("content-length: 20000\r\n\r\n{body}")));
}

#[tokio::test]
async fn an_answer_before_the_request_is_complete_still_counts() {
    let (own, mut server) = duplex(64);
    let mut single = Single::new(own);
    begin(&mut single, &Method::POST, "x".repeat(10_000).leak());
    let said = b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n";
    server.write_all(said).await.unwrap();
    let outcome = read(&mut single).await.unwrap();
    assert_eq!(outcome.head.status(), 413);
    assert!(!outcome.reusable, "half a request was sent");
}

#[tokio::test]
async fn an_unused_connection_that_closes_or_speaks_is_not_usable() {
    let usable = async |single: &mut Single<DuplexStream>| {
        poll_fn(|cx| Poll::Ready(single.poll_usable(cx))).await
    };
    let (own, mut server) = duplex(64);
    let mut single = Single::new(own);
    assert!(usable(&mut single).await);
    server.write_all(b"HTTP/1.1 408 \r\n").await.unwrap();
    assert!(!usable(&mut single).await);
    let (own, server) = duplex(64);
    let mut single = Single::new(own);
    drop(server);
    assert!(!usable(&mut single).await);
}
