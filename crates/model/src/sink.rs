use std::sync::{Mutex, PoisonError};

use crate::{Event, Figures};

/// Where events go. Recording never blocks and never fails; a sink that is full counts what it
/// dropped and says so itself.
pub trait Sink: Send + Sync {
    /// Takes one event.
    fn record(&self, event: Event);

    /// Takes the figures of an unremarkable request, if they are all it wants of it: then true,
    /// and no event follows. Whoever has many of them asks first, since an event costs more than
    /// its figures.
    fn count(&self, figures: &Figures<'_>) -> bool {
        let Figures { .. } = figures;
        false
    }
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
