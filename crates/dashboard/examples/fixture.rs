//! The dashboard over a store of its own, for the browser test and for work on the page:
//! prints its address and a login link as JSON, then takes events as JSON, one a line.
//!
//! ```text
//! cargo run -p babyshield-dashboard --example fixture -- [enforce|watch]
//! ```
//!
//! It ends when its input ends.

#![allow(clippy::print_stdout, reason = "standard output is how it answers")]

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use babyshield_dashboard::{Config, Gateway, Overview, Route, State, Upstream, serve};
use babyshield_events::{Metrics, Spec, Store};
use babyshield_model::{Clock, Event, Mode, Sink, Timestamp};
use tokio::io::{AsyncBufReadExt, BufReader};

struct System;

#[allow(
    clippy::disallowed_methods,
    reason = "the one real clock of this program"
)]
impl Clock for System {
    fn now(&self) -> Timestamp {
        Timestamp(u64::try_from(self.monotonic().as_millis()).unwrap_or(u64::MAX))
    }

    fn monotonic(&self) -> Duration {
        std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default()
    }
}

struct Sample(Mode);

impl Gateway for Sample {
    fn overview(&self) -> Overview {
        Overview {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            mode: self.0,
            listen: vec!["0.0.0.0:8080".to_owned()],
            policy: "babyshield.toml".to_owned(),
            loaded: System.now(),
            rejected: None,
            rules: 214,
            upstreams: vec![Upstream {
                name: "http://127.0.0.1:3000".to_owned(),
                healthy: true,
            }],
            routes: vec![Route {
                pattern: "POST /v1/login".to_owned(),
                mode: self.0,
            }],
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mode = match std::env::args().nth(1).as_deref() {
        Some("watch") => Mode::Watch,
        Some("enforce") | None => Mode::Enforce,
        Some(other) => return Err(format!("unknown mode `{other}`").into()),
    };
    let directory = tempfile::tempdir()?;
    let spec = Spec::at(directory.path().join("events.db"));
    let store = Arc::new(Store::open(&spec, Arc::new(System), Metrics::new())?);
    let state = State::new(Config {
        store: Arc::clone(&store),
        gateway: Arc::new(Sample(mode)),
        clock: Arc::new(System),
        hosts: Vec::new(),
        secure: false,
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    let login = state.login_link(&url).ok_or("no randomness")?;
    println!("{}", serde_json::json!({ "url": url, "login": login }));
    serve(listener, state, feed(store)).await?;
    Ok(())
}

/// Records every line of the input; ends with it.
async fn feed(store: Arc<Store>) {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        match serde_json::from_str::<Event>(&line) {
            Ok(event) => store.record(event),
            Err(error) => eprintln!("not an event: {error}"),
        }
    }
}
