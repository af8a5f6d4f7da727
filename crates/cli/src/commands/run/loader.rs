//! The one thread on which policies are compiled.
//!
//! Compiling needs several times the memory that a plan keeps, and an allocator gives such memory
//! back to the thread that had it rather than to the system. On one thread a reload uses what the
//! one before has left; on whichever thread is free, every thread comes to hold a share of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use tokio::sync::oneshot::{self, Receiver};

use crate::output::Failure;

type Job = Box<dyn FnOnce() + Send>;

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Loader(Sender<Job>);

impl Loader {
    pub(super) fn start() -> Result<Self, Failure> {
        let (jobs, waiting) = channel::<Job>();
        thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || waiting.into_iter().for_each(|job| job()))?;
        Ok(Self(jobs))
    }

    /// Does `work` on the thread; the answer can be waited for with or without a runtime.
    pub(super) fn give<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
    ) -> Answer<T> {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move || {
            let panicked = |_| Err(Failure::broken("loading the policy ended in a panic"));
            let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked);
            // Who asked may have stopped waiting.
            drop(done.send(outcome));
        });
        // Should the thread be gone, the answer says so.
        drop(self.0.send(job));
        Answer(answer)
    }
}

/// What a job will have come to.
#[derive(Debug)]
pub(super) struct Answer<T>(Receiver<Result<T, Failure>>);

impl<T> Answer<T> {
    /// Waits within the runtime.
    pub(super) async fn come(self) -> Result<T, Failure> {
        self.0.await.map_err(Failure::broken)?
    }

    /// Waits where there is no runtime.
    pub(super) fn wait(self) -> Result<T, Failure> {
        self.0.blocking_recv().map_err(Failure::broken)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_done_on_one_thread_and_a_panic_ends_one_job_only() {
        let loader = Loader::start().unwrap();
        let name = || Ok(thread::current().id());
        let first = loader.give(name).wait().unwrap();
        let fallen: Result<(), Failure> = loader.give(|| panic!("as a test")).wait();
        assert!(matches!(fallen, Err(Failure::Broken(_))));
        assert_eq!(loader.give(name).wait().unwrap(), first);
        assert_ne!(thread::current().id(), first);
    }
}
