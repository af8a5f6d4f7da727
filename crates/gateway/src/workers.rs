//! Threads that serve connections, each with a runtime of its own.
//!
//! A connection stays with the thread it was given to, and so do the connections to upstream
//! servers that its requests use: a request never waits for another thread to be woken. New
//! connections go to the thread that has the fewest.
//!
//! Where the caller's own runtime has one thread only, there are no workers: everything runs
//! there.

use std::cell::Cell;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Handle, RuntimeFlavor};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

/// Threads one worker may start for what blocks, such as looking up names.
const BLOCKING: usize = 16;

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// The number of the worker this thread is; 0 on any other thread.
pub(crate) fn current() -> usize {
    INDEX.get()
}

/// How many numbers [`current`] can give: one a processor.
pub(crate) fn most() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// The threads. They end, and drop what they still serve, when this is dropped.
#[derive(Debug)]
pub(crate) struct Workers {
    workers: Vec<Worker>,
    _end: DropGuard,
}

#[derive(Debug)]
struct Worker {
    runtime: Handle,
    /// Connections it has.
    load: Arc<AtomicUsize>,
}

/// One connection of a worker, counted until dropped.
struct Load(Arc<AtomicUsize>);

impl Load {
    fn on(load: &Arc<AtomicUsize>) -> Self {
        load.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(load))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Workers {
    /// As many workers as the caller's runtime has threads; none where it has one.
    pub(crate) fn start() -> io::Result<Self> {
        let runtime = Handle::current();
        let count = match runtime.runtime_flavor() {
            RuntimeFlavor::MultiThread => runtime.metrics().num_workers(),
            _ => 0,
        };
        let end = CancellationToken::new();
        // Should one of them not start, the guard ends those that did.
        let guard = end.clone().drop_guard();
        let workers = (0..count).map(|index| Worker::start(index, end.clone()));
        Ok(Self {
            workers: workers.collect::<io::Result<_>>()?,
            _end: guard,
        })
    }

    /// Serves a connection on the worker that has the fewest.
    pub(crate) fn serve<F>(
        &self,
        tcp: TcpStream,
        peer: SocketAddr,
        tasks: &TaskTracker,
        serve: impl FnOnce(TcpStream) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let load = |worker: &&Worker| worker.load.load(Ordering::Relaxed);
        let Some(worker) = self.workers.iter().min_by_key(load) else {
            tasks.spawn(serve(tcp));
            return;
        };
        let load = Load::on(&worker.load);
        let moved = tcp.into_std();
        let moving = async move {
            let _load = load;
            match moved.and_then(TcpStream::from_std) {
                Ok(tcp) => serve(tcp).await,
                Err(error) => tracing::warn!(%peer, %error, "a connection could not be served"),
            }
        };
        tasks.spawn_on(moving, &worker.runtime);
    }
}

impl Worker {
    fn start(index: usize, end: CancellationToken) -> io::Result<Self> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING)
            .build()?;
        let handle = runtime.handle().clone();
        let name = format!("serve-{index}");
        thread::Builder::new().name(name).spawn(move || {
            INDEX.set(index);
            runtime.block_on(end.cancelled());
            // A lookup under way is not waited for.
            runtime.shutdown_background();
        })?;
        Ok(Self {
            runtime: handle,
            load: Arc::default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::net::TcpListener;
    use tokio::sync::mpsc;

    use super::*;

    /// Which threads serve four connections, and what ends when the workers are dropped.
    async fn served_by() -> (Vec<Option<String>>, bool) {
        let workers = Workers::start().unwrap();
        let tasks = TaskTracker::new();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, mut told) = mpsc::unbounded_channel();
        let mut callers = Vec::new();
        for _ in 0..4 {
            callers.push(TcpStream::connect(address).await.unwrap());
            let (tcp, peer) = listener.accept().await.unwrap();
            let tell = tell.clone();
            workers.serve(tcp, peer, &tasks, |tcp| async move {
                tell.send(thread::current().name().map(str::to_owned))
                    .unwrap();
                std::future::pending::<()>().await;
                drop(tcp);
            });
        }
        let mut names = Vec::new();
        for _ in 0..4 {
            names.push(told.recv().await.unwrap());
        }
        drop(workers);
        tasks.close();
        let ended = tokio::time::timeout(Duration::from_secs(1), tasks.wait()).await;
        names.sort();
        (names, ended.is_ok())
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn connections_are_shared_out_evenly_and_end_with_the_workers() {
        let (names, ended) = served_by().await;
        let names: Vec<_> = names.iter().flatten().map(String::as_str).collect();
        assert_eq!(names, ["serve-0", "serve-0", "serve-1", "serve-1"]);
        assert!(ended, "what was served is dropped");
    }

    #[tokio::test]
    async fn a_runtime_of_one_thread_serves_everything_itself() {
        let own = thread::current().name().map(str::to_owned);
        let (names, ended) = served_by().await;
        assert_eq!(names, vec![own; 4]);
        assert!(!ended, "nobody ends the caller's own runtime");
    }
}
