use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections that were upgraded and are passed through as they come.
#[derive(Clone, Debug)]
pub(crate) struct Tunnels {
    pub(crate) tasks: TaskTracker,
    /// Ends every tunnel, when the gateway has stopped waiting for them.
    pub(crate) end: CancellationToken,
    pub(crate) idle: Duration,
}

/// Bytes moved at once in each direction.
const PIECE: usize = 8 << 10;

impl Tunnels {
    /// Connects the caller, once its side has changed the protocol, with a server that has.
    /// `early` is what the server sent already; `keep` is held for as long as the tunnel is open.
    pub(crate) fn open<S, K>(&self, caller: OnUpgrade, server: S, early: Bytes, keep: K)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        K: Send + 'static,
    {
        let end = self.end.clone();
        let idle = self.idle;
        self.tasks.spawn(async move {
            let _keep = keep;
            let Ok(Ok(caller)) = tokio::time::timeout(idle, caller).await else {
                return;
            };
            tokio::select! {
                () = join(TokioIo::new(caller), server, early, idle) => {}
                () = end.cancelled() => {}
            }
        });
    }
}

async fn join<A, B>(caller: A, server: B, early: Bytes, idle: Duration)
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (from_caller, mut to_caller) = tokio::io::split(caller);
    let (from_server, to_server) = tokio::io::split(server);
    let alive = Arc::new(Notify::new());
    let down = async {
        if to_caller.write_all(&early).await.is_ok() {
            copy(from_server, to_caller, &alive).await;
        }
    };
    let up = copy(from_caller, to_server, &alive);
    let quiet = async { while tokio::time::timeout(idle, alive.notified()).await.is_ok() {} };
    tokio::select! {
        _ = async { tokio::join!(up, down) } => {}
        () = quiet => {}
    }
}

async fn copy<A: AsyncRead, B: AsyncWrite>(
    mut from: ReadHalf<A>,
    mut to: WriteHalf<B>,
    alive: &Notify,
) {
    let mut piece = bytes::BytesMut::with_capacity(PIECE);
    loop {
        piece.clear();
        match from.read_buf(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(_) => alive.notify_one(),
        }
        if to.write_all(&piece).await.is_err() || to.flush().await.is_err() {
            break;
        }
    }
    // The other side learns that nothing more comes; whether it still listens is its own matter.
    drop(to.shutdown().await);
}
