use std::future::poll_fn;
use std::sync::Arc;

use babyshield_model::{Clock, Event, Sink, SystemEvent};
use http::{HeaderMap, Method, Request, StatusCode, Uri, Version, header};
use hyper::client::conn::http2;
use tokio::time::timeout;

use super::connect::{Fresh, connect};
use super::single::{Single, put_field};
use super::{Outbound, Server, Upstream};

/// How the checks name themselves.
const AGENT: &str = "babyshield-health";

/// Asks every server of an upstream how it is, for as long as the future is polled, and closes
/// connections that nobody uses.
pub(crate) async fn watch(upstream: Arc<Upstream>, sink: Arc<dyn Sink>, clock: Arc<dyn Clock>) {
    let mut ticks = tokio::time::interval(upstream.health.interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut checks = tokio::task::JoinSet::new();
        for server in &upstream.servers {
            server.pool.sweep();
            if let Some(path) = &upstream.health.path {
                let (server, path) = (Arc::clone(server), path.clone());
                let limit = upstream.health.timeout;
                checks.spawn(async move {
                    let well = timeout(limit, ask(&server, &path)).await;
                    (server, well.unwrap_or(false))
                });
            }
        }
        while let Some(checked) = checks.join_next().await {
            let Ok((server, well)) = checked else {
                continue;
            };
            if let Some(well) = server.checked(well, &upstream.health) {
                tell(&server, well, &*sink, &*clock);
            }
        }
    }
}

fn tell(server: &Server, well: bool, sink: &dyn Sink, clock: &dyn Clock) {
    let name = if well {
        "upstream.recovered"
    } else {
        "upstream.failed"
    };
    sink.record(Event::System(SystemEvent {
        at: clock.now(),
        name: name.to_owned(),
        message: format!(
            "{} {}",
            server.target.text,
            if well {
                "is well again"
            } else {
                "fails its checks"
            }
        ),
    }));
}

/// Whether a server answers the path with a status below 400, on a connection of its own.
async fn ask(server: &Arc<Server>, path: &str) -> bool {
    let status = match connect(server).await {
        Ok(Fresh::One(connection)) => ask_one(*connection, server, path).await,
        Ok(Fresh::Many(sender)) => ask_many(sender, server, path).await,
        Err(_) => None,
    };
    status.is_some_and(|status| status.as_u16() < 400)
}

async fn ask_one(mut connection: Single, server: &Server, path: &str) -> Option<StatusCode> {
    let body = Outbound::default();
    connection.begin(&Method::GET, &HeaderMap::new(), body, |out| {
        out.extend_from_slice(b"GET ");
        out.extend_from_slice(path.as_bytes());
        out.extend_from_slice(b" HTTP/1.1\r\n");
        put_field(out, b"host", server.host.as_bytes());
        put_field(out, b"user-agent", AGENT.as_bytes());
    });
    let response = poll_fn(|cx| connection.poll_head(cx)).await.ok()?;
    Some(response.status())
}

async fn ask_many(
    mut sender: http2::SendRequest<Outbound>,
    server: &Server,
    path: &str,
) -> Option<StatusCode> {
    let target = &server.target;
    let uri = Uri::builder()
        .scheme(target.scheme.clone())
        .authority(target.authority.clone())
        .path_and_query(path);
    let request = Request::get(uri.build().ok()?)
        .version(Version::HTTP_2)
        .header(header::USER_AGENT, AGENT)
        .body(Outbound::default());
    let response = sender.send_request(request.ok()?).await.ok()?;
    Some(response.status())
}
