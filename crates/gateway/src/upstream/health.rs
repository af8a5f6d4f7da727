use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;

use babyshield_model::{Clock, Event, Sink, SystemEvent};
use http::{Request, header};
use tokio::time::timeout;

use super::connect::{Fresh, connect};
use super::{Outbound, Server, Upstream, onward};

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
    tracing::warn!(server = %server.target.text, "{name}");
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
    let request = Request::get(path)
        .header(header::HOST, server.host.clone())
        .header(header::USER_AGENT, "babyshield-health")
        .body(Outbound::default());
    let (Ok(fresh), Ok(request)) = (connect(server).await, request) else {
        return false;
    };
    let status = match fresh {
        Fresh::One(mut connection) => {
            let mut sending = pin!(connection.sender.send_request(request));
            let response = poll_fn(|cx| {
                drop(Pin::new(&mut connection.driver).poll(cx));
                sending.as_mut().poll(cx)
            });
            response.await.map(|response| response.status())
        }
        Fresh::Many(mut sender) => {
            let (mut parts, body) = request.into_parts();
            onward::for_h2(&mut parts, &server.target);
            let response = sender.send_request(Request::from_parts(parts, body)).await;
            response.map(|response| response.status())
        }
    };
    status.is_ok_and(|status| status.as_u16() < 400)
}
