use super::*;

fn alert() -> Alert {
    Alert {
        rule: 7,
        place: "a.conf:3".into(),
        phase: 2,
        denied: true,
        operator: "Contains".to_owned(),
        parameter: "x".to_owned(),
        field: "ARGS:q".to_owned(),
        value: b"a\nx".to_vec(),
        message: "found".to_owned(),
        data: "a \"quoted\" one".to_owned(),
        severity: 2,
        tags: vec!["one".to_owned(), "two".to_owned()],
        reference: "o2,1v?,3".to_owned(),
        ..Alert::default()
    }
}

fn view(alerts: &[Alert]) -> View<'_> {
    View {
        parts: Parts::parse("ABCEFHIJKZ").unwrap(),
        // 22 November 2026, 03:15:36.
        time: Time(Timestamp(1_795_317_336_000)),
        id: b"id/1",
        client: "203.0.113.7:4000".parse().unwrap(),
        server: "192.0.2.1:80".parse().unwrap(),
        method: b"POST",
        target: b"/a?q=a%0ax",
        path: b"/a",
        version: b"1.1",
        request: vec![(b"Host", b"a.example:80"), (b"User-Agent", b"\"me\"")],
        body: b"whole",
        fields: Some(vec![(b"a", b"1 2"), (b"b", b"&")]),
        files: vec![[b"f", b"f\".txt", b"3"]],
        interrupted: true,
        status: 403,
        response: vec![(b"Content-Type", b"text/html")],
        response_body: b"no",
        engine: "Enabled",
        alerts,
    }
}

const LINE: &str = "ModSecurity: Access denied with code 403 (phase 2). Matched \"Operator \
    `Contains' with parameter `x' against variable `ARGS:q' (Value: `a\\x0ax' ) [file \"a.conf\"] \
    [line \"3\"] [id \"7\"] [rev \"\"] [msg \"found\"] [data \"a \\x22quoted\\x22 one\"] [severity \
    \"2\"] [ver \"\"] [maturity \"0\"] [accuracy \"0\"] [tag \"one\"] [tag \"two\"] [hostname \
    \"a.example\"] [uri \"/a\"] [unique_id \"id/1\"] [ref \"o2,1v?,3\"]";

#[test]
fn a_native_record_has_its_sections_in_order() {
    let alerts = [alert()];
    let text = String::from_utf8(native::record(&view(&alerts))).unwrap();
    let mark = text.split('A').next().unwrap();
    assert!(mark.starts_with("---") && mark.ends_with("---"), "{mark}");
    let expected = format!(
        "{mark}A--\n[22/Nov/2026:03:15:36 +0000] id/1 203.0.113.7 4000 192.0.2.1 80\n\
         {mark}B--\nPOST /a?q=a%0ax HTTP/1.1\nHost: a.example:80\nUser-Agent: \"me\"\n\n\
         {mark}C--\nwhole\n\n\
         {mark}E--\nno\n\n\
         {mark}F--\nHTTP/1.1 403\nContent-Type: text/html\n\n\
         {mark}H--\n{LINE}\n\n\
         {mark}I--\na=1%202&b=%26\n\n\
         {mark}J--\n1,3,\"f\",\"f\\\".txt\"\n\n\
         {mark}K--\na.conf:3 id:7,phase:2\n\n\
         {mark}Z--\n\n"
    );
    assert_eq!(text, expected);
}

#[test]
fn a_body_cannot_begin_a_section() {
    let alerts = [];
    let first = native::record(&view(&alerts));
    let mark = first.split(|byte| *byte == b'A').next().unwrap().to_vec();
    let forged = [mark.as_slice(), b"H--\nforged\n"].concat();
    let mut view = view(&alerts);
    view.body = &forged;
    let record = native::record(&view);
    assert!(!record.starts_with(&mark));
}

#[test]
fn parts_are_left_out_and_so_are_empty_ones() {
    let mut view = view(&[]);
    view.parts = Parts::default();
    view.body = b"";
    let text = String::from_utf8(native::record(&view)).unwrap();
    let letters: Vec<char> = text
        .lines()
        .filter(|line| line.starts_with("---") && line.ends_with("--"))
        .filter_map(|line| line.chars().rev().nth(2))
        .collect();
    assert_eq!(letters, ['A', 'B', 'F', 'H', 'Z']);
    assert_eq!(Parts::parse("ABX"), None);
    let parts = Change::parse("+E").unwrap().apply(Parts::default());
    assert!(parts.has(b'E') && parts.has(b'B'));
    let parts = Change::parse("-B").unwrap().apply(parts);
    assert!(parts.has(b'E') && !parts.has(b'B') && parts.has(b'A'));
    for text in ["ABCFHZ", "+E", "-BC"] {
        assert_eq!(Change::parse(text).unwrap().to_string(), text);
    }
    assert!(!Change::parse("AZ").unwrap().apply(parts).has(b'E'));
}

#[test]
fn a_json_record_is_one_object_on_one_line() {
    let alerts = [alert()];
    let components = ["CRS/4".to_owned(), "own".to_owned()];
    let bytes = json::record(&view(&alerts), &components);
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 1);
    let own: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    let own = &own["transaction"];
    assert_eq!(own["client_ip"], "203.0.113.7");
    assert_eq!(own["time_stamp"], "Sun Nov 22 03:15:36 2026");
    assert_eq!(own["client_port"], 4000);
    assert_eq!(own["is_interrupted"], true);
    assert_eq!(own["request"]["http_version"], "1.1");
    assert_eq!(own["request"]["hostname"], "a.example");
    assert_eq!(own["request"]["headers"]["Host"], "a.example:80");
    assert_eq!(own["request"]["body"], "whole");
    assert_eq!(own["response"]["http_code"], 403);
    assert_eq!(
        own["producer"]["components"],
        serde_json::json!(["CRS/4", "own"])
    );
    let message = &own["messages"][0];
    assert_eq!(message["message"], "found");
    assert_eq!(message["details"]["ruleId"], "7");
    assert_eq!(message["details"]["lineNumber"], "3");
    assert_eq!(message["details"]["data"], "a \"quoted\" one");
    assert_eq!(
        message["details"]["tags"],
        serde_json::json!(["one", "two"])
    );
}

#[test]
fn a_concurrent_log_has_files_that_stay_in_their_folder() {
    let log = Log {
        storage: Some("/logs".into()),
        kind: Kind::Concurrent,
        ..Log::default()
    };
    let plan = Plan::new(&log, &[]).unwrap();
    let mut view = view(&[]);
    view.id = b"../../etc/x";
    let record = plan.record(&view);
    let (path, line) = record.file.unwrap();
    assert_eq!(
        path.to_str().unwrap(),
        "20261122/20261122-0315/20261122-031536-______etc_x"
    );
    let line = String::from_utf8(line).unwrap();
    let length = record.bytes.len();
    assert!(
        line.starts_with("a.example:80 203.0.113.7 - [22/Nov/2026:03:15:36 +0000] \"POST /a?q=a%0ax HTTP/1.1\" 403 2 - \"_me_\""),
        "{line}"
    );
    assert!(line.contains(&format!(" {length} md5:")), "{line}");
}
