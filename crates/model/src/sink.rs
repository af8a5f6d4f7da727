use std::sync::{Mutex, PoisonError};

use crate::Event;

/// Where events go. Recording never blocks and never fails; a sink that is full counts what it
/// dropped and says so itself.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn record(&self, event: Event);
}

/// Keeps every event in memory, without a bound: for tests.
#[derive(Debug, Default)]
pub struct Memory(Mutex<Vec<Event>>);

impl Memory {
    /// Takes out everything recorded so far.
    pub fn drain(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Sink for Memory {
    fn record(&self, event: Event) {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(event);
    }
}
