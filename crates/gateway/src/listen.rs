//! Accepts connections, within the caps, and shakes hands where TLS is spoken.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use babyshield_layers::Connection;
use rustls::ServerConfig;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use crate::admission::Permit;
use crate::guard::Line;
use crate::reload::{Key, Running, Shared};
use crate::serve::{Session, Speaks};
use crate::workers::Workers;

/// Connections the system holds for us until we accept them.
const BACKLOG: i32 = 1024;

/// Pause after the system could not give us a connection, such as for want of descriptors.
const PAUSE: Duration = Duration::from_millis(50);

/// Binds an address.
pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Accepts until told to stop.
pub(crate) async fn accept(
    listener: TcpListener,
    key: Key,
    shared: Arc<Shared>,
    workers: Arc<Workers>,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((tcp, peer)) => admit(tcp, peer, key, &shared, &workers),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Lets a connection in, or closes it where there are too many.
fn admit(tcp: TcpStream, peer: SocketAddr, key: Key, shared: &Arc<Shared>, workers: &Workers) {
    let running = shared.running.load_full();
    let plan = &running.plan;
    let each = !plan.caller.trusted.contains(peer.ip());
    let most = &plan.resources;
    let permit = shared.admission.admit(
        peer.ip(),
        each,
        most.connections,
        most.connections_per_address,
    );
    let Some(permit) = permit else {
        shared.turned_away(peer.ip());
        return;
    };
    let shared = Arc::clone(shared);
    let tasks = shared.tasks.clone();
    workers.serve(tcp, peer, &tasks, move |tcp| {
        greet(tcp, peer, key, permit, shared, running)
    });
}

async fn greet(
    tcp: TcpStream,
    peer: SocketAddr,
    key: Key,
    permit: Permit,
    shared: Arc<Shared>,
    running: Arc<Running>,
) {
    let Ok(local) = tcp.local_addr() else { return };
    if tcp.set_nodelay(true).is_err() {
        return;
    }
    let tls = running.tls(key).cloned();
    let session = Session {
        ends: Connection {
            peer: SocketAddr::new(peer.ip().to_canonical(), peer.port()),
            local: SocketAddr::new(local.ip().to_canonical(), local.port()),
            secure: tls.is_some(),
        },
        line: Line::new(permit),
        shared,
        running,
    };
    match tls {
        None => session.serve(tcp, Speaks::Unknown).await,
        Some(config) => shake_hands(session, tcp, config).await,
    }
}

async fn shake_hands(session: Session, tcp: TcpStream, config: Arc<ServerConfig>) {
    let limit = session.running.plan.timeouts.handshake;
    let accepting = TlsAcceptor::from(config).accept(tcp);
    let stop = session.shared.stop.clone();
    let tls = tokio::select! {
        tls = tokio::time::timeout(limit, accepting) => tls,
        () = stop.cancelled() => return,
    };
    match tls {
        Ok(Ok(tls)) => {
            let two = tls.get_ref().1.alpn_protocol() == Some(b"h2");
            let speaks = if two { Speaks::Two } else { Speaks::One };
            session.serve(tls, speaks).await;
        }
        Ok(Err(error)) => {
            let peer = session.ends.peer;
            tracing::debug!(%peer, %error, "a TLS handshake failed");
        }
        Err(_) => tracing::debug!(peer = %session.ends.peer, "a TLS handshake took too long"),
    }
}
