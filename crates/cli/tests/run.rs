//! `babyshield run` from start to stop, over loopback sockets.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "helpers of tests may fail them"
)]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

const RULES: &str = "SecRuleEngine On\nSecRule ARGS:q \"@streq attack\" \
                     \"id:7,phase:1,deny,log,msg:'tripped'\"\n";

/// An API that answers everything with 200 and counts nothing.
fn api() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer(stream));
        }
    });
    address
}

fn answer(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().expect("a clone"));
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
        if line == "\r\n" {
            let response = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
            if stream.write_all(response).is_err() {
                return;
            }
        }
        line.clear();
    }
}

/// A running gateway, killed when dropped.
struct Gateway {
    child: Child,
    screen: String,
    log: Receiver<String>,
    out: BufReader<ChildStdout>,
    folder: tempfile::TempDir,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have stopped by itself.
        let _gone = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn policy(mode: &str, api: SocketAddr, further: &str) -> String {
    format!(
        "version = 1\nmode = \"{mode}\"\nlisten = [\"127.0.0.1:0\"]\nupstream = \"http://{api}\"\n\
         [admin]\nlisten = \"127.0.0.1:0\"\n[waf]\nrules = [\"rules.conf\"]\n{further}"
    )
}

/// What is printed up to a line with this part.
fn read_until(out: &mut impl BufRead, part: &str) -> String {
    let mut text = String::new();
    while !text.contains(part) {
        assert!(
            out.read_line(&mut text).expect("a line") > 0,
            "it ended: {text}"
        );
    }
    text
}

/// The token of a login link.
fn token(text: &str) -> String {
    let rest = text.split("/login?token=").nth(1).expect("a link");
    rest.split_whitespace().next().expect("a token").to_owned()
}

impl Gateway {
    fn start(text: &str, arguments: &[&str]) -> Self {
        Self::start_with(text, arguments, &[])
    }

    fn start_with(text: &str, arguments: &[&str], files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("a file");
        }
        fs::write(folder.path().join("rules.conf"), RULES).expect("a file");
        fs::write(folder.path().join("policy.toml"), text).expect("a file");
        let mut child = Command::new(env!("CARGO_BIN_EXE_babyshield"))
            .current_dir(folder.path())
            .args(["run", "--policy", "policy.toml"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let (lines, log) = channel();
        let err = child.stderr.take().expect("a pipe");
        thread::spawn(move || {
            for line in BufReader::new(err).lines().map_while(Result::ok) {
                if lines.send(line).is_err() {
                    return;
                }
            }
        });
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let screen = read_until(&mut out, "Ctrl-C");
        Self {
            child,
            screen,
            log,
            out,
            folder,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("policy.toml")
    }

    /// The address a line of the screen names.
    fn address(&self, name: &str) -> SocketAddr {
        let mut lines = self.screen.lines();
        let line = lines
            .find(|line| line.trim_start().starts_with(name))
            .expect("the line");
        let url = line.split("http://").nth(1).expect("an address");
        url.split('/')
            .next()
            .and_then(|text| text.parse().ok())
            .expect("an address")
    }

    fn get(&self, path: &str) -> String {
        get(self.address("listening"), path)
    }

    /// Waits for a line of the log.
    fn hear(&self, part: &str) -> String {
        loop {
            let line = self.log.recv_timeout(Duration::from_secs(30));
            let line = line.unwrap_or_else(|_| panic!("nothing of `{part}` in the log"));
            if line.contains(part) {
                return line;
            }
        }
    }

    fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.args([name, &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
    }

    fn ask(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_babyshield"));
        command
            .current_dir(self.folder.path())
            .args(arguments)
            .args(["-p", "policy.toml"]);
        command.output().expect("the binary runs")
    }
}

impl Gateway {
    /// Asks about a request that was just logged: it reaches the store a moment later.
    fn ask_about_recent(&self, arguments: &[&str]) -> Output {
        for _ in 0..100 {
            let told = self.ask(arguments);
            if told.status.code() != Some(1) {
                return told;
            }
            thread::sleep(Duration::from_millis(50));
        }
        self.ask(arguments)
    }
}

fn get(address: SocketAddr, path: &str) -> String {
    let head = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    send(address, &head)
}

fn send(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a timeout");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("a response");
    response
}

fn status(response: &str) -> &str {
    response.split(' ').nth(1).unwrap_or_default()
}

#[test]
fn an_attack_is_blocked_and_explained_and_the_rest_passes() {
    let gateway = Gateway::start(&policy("enforce", api(), ""), &[]);
    for part in [
        "BabyShield",
        "enforce: attacks are blocked",
        " from rules.conf",
        "login?token=",
    ] {
        assert!(gateway.screen.contains(part), "{part}: {}", gateway.screen);
    }
    assert_eq!(status(&gateway.get("/?q=fine")), "200");
    let blocked = gateway.get("/?q=attack");
    assert_eq!(status(&blocked), "403");
    let id = blocked
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .expect("an id");
    gateway.hear("request.blocked");
    let why = gateway.ask_about_recent(&["why", id]);
    let text = String::from_utf8_lossy(&why.stdout).into_owned();
    assert!(
        why.status.success() && text.contains("tripped") && text.contains("ARGS:q"),
        "{text}"
    );
    for command in [vec!["why"], vec!["rules", "exclude"]] {
        let unknown = gateway.ask(&[&command[..], &["01ARZ3NDEKTSV4RRFFQ69G5FAV"]].concat());
        assert_eq!(unknown.status.code(), Some(1));
    }
    let metrics = get(gateway.address("dashboard"), "/metrics");
    assert!(metrics.contains("babyshield_requests_total"), "{metrics}");
}

/// `/dev/full` opens and takes nothing.
#[test]
#[cfg(target_os = "linux")]
fn audit_records_that_are_lost_are_counted_in_the_metrics() {
    let text = policy("enforce", api(), "").replace("rules.conf", "audited.conf");
    let rules = "SecAuditEngine On\nSecAuditLog /dev/full\n";
    let gateway = Gateway::start_with(&text, &[], &[("audited.conf", &(RULES.to_owned() + rules))]);
    let lost = |count: u64| format!("\nbabyshield_audit_records_lost_total {count}\n");
    let metrics = || get(gateway.address("dashboard"), "/metrics");
    assert!(metrics().contains(&lost(0)), "{}", metrics());
    for _ in 0..3 {
        gateway.get("/");
    }
    let counted = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(50));
        metrics().contains(&lost(3))
    });
    assert!(counted, "{}", metrics());
}

#[test]
fn a_proposed_exclusion_frees_the_request_once_it_is_in_the_policy() {
    let text = policy("enforce", api(), "");
    let gateway = Gateway::start(&text, &[]);
    let blocked = gateway.get("/v1/notes/17?q=attack");
    assert_eq!(status(&blocked), "403");
    let id = blocked
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .expect("an id");
    gateway.hear("request.blocked");
    let told = gateway.ask_about_recent(&["rules", "exclude", id]);
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(
        told.contains("known attacks that are blocked there"),
        "{told}"
    );
    let json = gateway.ask(&["rules", "exclude", id, "--format", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    let toml = json["toml"].as_str().expect("what to add");
    for part in [
        "rule = 7",
        "match = \"GET /v1/notes/*\"",
        "field = \"ARGS:q\"",
        "shape = \"word\"",
    ] {
        assert!(toml.contains(part) && told.contains(part), "{part}: {told}");
    }
    fs::write(gateway.path(), format!("{text}\n{toml}")).expect("a file");
    gateway.hear("policy.reloaded");
    assert_eq!(status(&gateway.get("/v1/notes/18?q=attack")), "200");
    assert_eq!(status(&gateway.get("/v1/other?q=attack")), "403");
}

#[test]
fn a_faulty_policy_keeps_the_old_plan_and_a_good_one_takes_its_place() {
    let api = api();
    let gateway = Gateway::start(&policy("enforce", api, ""), &[]);
    let before = gateway.address("listening");
    fs::write(gateway.path(), policy("enfroce", api, "")).expect("a file");
    let told = gateway.hear("policy.toml:2:8");
    assert!(told.contains("did you mean \"enforce\"?"), "{told}");
    gateway.hear("policy.rejected");
    assert_eq!(status(&get(before, "/?q=attack")), "403");

    fs::write(gateway.path(), policy("watch", api, "")).expect("a file");
    gateway.hear("policy.reloaded");
    assert_eq!(status(&get(before, "/?q=attack")), "200");

    // A rule file counts as well.
    let rules = RULES.replace("attack", "other");
    fs::write(gateway.folder.path().join("rules.conf"), rules).expect("a file");
    gateway.hear("policy.reloaded");
}

#[test]
fn hangup_reads_the_policy_again_at_once() {
    let gateway = Gateway::start(&policy("watch", api(), ""), &[]);
    gateway.signal("-HUP");
    gateway.hear("policy.reloaded");
}

#[test]
fn another_login_link_is_to_be_had_without_a_restart() {
    let mut gateway = Gateway::start(&policy("watch", api(), ""), &[]);
    let told = format!("kill -USR1 {}", gateway.child.id());
    assert!(gateway.screen.contains(&told), "{}", gateway.screen);
    gateway.signal("-USR1");
    let printed = read_until(&mut gateway.out, "/login?token=");
    let (first, second) = (token(&gateway.screen), token(&printed));
    assert_ne!(first, second);
    let address = gateway.address("dashboard");
    for token in [second, first] {
        let body = format!("token={token}");
        let post = format!(
            "POST /login HTTP/1.1\r\nHost: {address}\r\nOrigin: http://{address}\r\n\
             Connection: close\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        assert_eq!(status(&send(address, &post)), "303");
    }
}

#[test]
fn an_upstream_that_is_away_is_told_in_the_log_and_in_the_metrics() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = nobody.local_addr().expect("an address");
    drop(nobody);
    let gateway = Gateway::start(&policy("watch", address, ""), &[]);
    for _ in 0..3 {
        assert_eq!(status(&gateway.get("/?q=fine")), "502");
    }
    let line = gateway.hear("request.failed");
    for part in ["WARN", "status=502", "cannot be reached", "refused"] {
        assert!(line.contains(part), "{part}: {line}");
    }
    let metrics = get(gateway.address("dashboard"), "/metrics");
    let rests = format!("babyshield_upstream_healthy{{upstream=\"http://{address}\"}} 0");
    assert!(metrics.contains(&rests), "{metrics}");
}

#[test]
fn enforce_shows_what_watch_let_pass_and_the_gateway_takes_it_up() {
    let gateway = Gateway::start(&policy("watch", api(), ""), &[]);
    assert_eq!(status(&gateway.get("/?q=attack")), "200");
    gateway.hear("request.blocked");
    let unasked = gateway.ask(&["enforce"]);
    assert_eq!(unasked.status.code(), Some(1));
    let text = String::from_utf8_lossy(&unasked.stdout).into_owned();
    assert!(
        text.contains("tripped") && text.contains("GET /?q=attack"),
        "{text}"
    );
    let switched = gateway.ask(&["enforce", "--yes"]);
    assert_eq!(switched.status.code(), Some(0));
    gateway.hear("policy.reloaded");
    assert_eq!(status(&gateway.get("/?q=attack")), "403");
    let text = fs::read_to_string(gateway.path()).expect("the policy");
    assert!(text.contains("mode = \"enforce\"\nlisten"), "{text}");
    let again = gateway.ask(&["enforce"]);
    assert!(String::from_utf8_lossy(&again.stdout).contains("enforces already"));
}

#[test]
fn the_command_line_goes_over_the_file_also_after_a_reload() {
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let upstream = format!("http://{}", api());
    let gateway = Gateway::start(&policy("watch", nobody, ""), &["--upstream", &upstream]);
    assert!(gateway.screen.contains(&upstream), "{}", gateway.screen);
    assert_eq!(status(&gateway.get("/")), "200");
    gateway.signal("-HUP");
    gateway.hear("policy.reloaded");
    assert_eq!(status(&gateway.get("/")), "200");
}

#[test]
fn a_signal_stops_it_and_loses_no_event() {
    let mut gateway = Gateway::start(&policy("enforce", api(), ""), &[]);
    let blocked = gateway.get("/?q=attack");
    gateway.signal("-TERM");
    let ended = gateway.child.wait().expect("an end");
    assert_eq!(ended.code(), Some(0));
    let id = blocked
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "))
        .expect("an id");
    assert!(gateway.ask(&["why", id]).status.success());
}

#[test]
fn what_rules_remember_outlives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kept");
    let further = format!(
        "collections = \"{}\"\ndirectives = '''\n\
         SecAction \"id:8,phase:1,nolog,pass,initcol:ip=%{{REMOTE_ADDR}},setvar:ip.count=+1\"\n\
         SecRule IP:COUNT \"@gt 2\" \"id:9,phase:1,deny,status:429,log,msg:'often'\"\n'''\n",
        file.display()
    );
    let text = policy("enforce", api(), &further);
    let mut gateway = Gateway::start(&text, &[]);
    assert_eq!(status(&gateway.get("/")), "200");
    assert_eq!(status(&gateway.get("/")), "200");
    gateway.signal("-TERM");
    assert_eq!(gateway.child.wait().expect("an end").code(), Some(0));
    let gateway = Gateway::start(&text, &[]);
    assert_eq!(status(&gateway.get("/")), "429");
    // Nor does a reload forget.
    gateway.signal("-HUP");
    gateway.hear("policy.reloaded");
    assert_eq!(status(&gateway.get("/")), "429");
}

#[test]
fn a_taken_port_or_a_missing_folder_is_a_failure_with_its_reason() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address");
    let text = policy("watch", api(), "");
    let cases = [
        (
            text.replace("127.0.0.1:0\"]", &format!("{address}\"]")),
            "cannot listen on",
        ),
        (
            text.replace(
                "[admin]\nlisten = \"127.0.0.1:0\"",
                &format!("[admin]\nlisten = \"{address}\""),
            ),
            "the dashboard cannot listen on",
        ),
        (
            format!("{text}[events]\npath = \"policy.toml\"\n"),
            "not an event store",
        ),
    ];
    for (text, part) in cases {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("rules.conf"), RULES).expect("a file");
        fs::write(folder.path().join("policy.toml"), text).expect("a file");
        let (code, err) = run_to_end(folder.path());
        assert!(err.contains(part), "{part}: {err}");
        assert_eq!(code, Some(3), "{part}");
    }
}

fn run_to_end(folder: &Path) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_babyshield"))
        .current_dir(folder)
        .args(["run", "-p", "policy.toml"])
        .output()
        .expect("the binary runs");
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}
