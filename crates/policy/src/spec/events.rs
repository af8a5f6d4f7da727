use std::time::Duration;

use babyshield_model::ByteSize;

use crate::kind::{Count, File, Number};
use crate::read::{Key, Reader, Setting};

/// The event store.
#[derive(Clone, Debug)]
pub struct Events {
    /// The database file.
    pub path: Setting<File>,
    /// Its largest size.
    pub max_size: Setting<ByteSize>,
    /// The greatest age of an event.
    pub max_age: Setting<Duration>,
    /// Events waiting for the disk.
    pub queue: Setting<Count>,
    /// Memory they may take.
    pub queue_size: Setting<ByteSize>,
    /// Ordinary requests kept in full, a second.
    pub ordinary_rate: Setting<Number<0, 1_000_000>>,
    /// Ordinary requests kept in full, altogether.
    pub ordinary_kept: Setting<Number<0, 100_000_000>>,
}

pub(super) const EVENTS: Key = Key::new(
    "events",
    "The store of what happened, behind the dashboard and `babyshield why`.",
    "",
);
const PATH: Key = Key::new(
    "path",
    "The database file. Its folder has to exist.",
    "\"/var/lib/babyshield/events.db\"",
);
const MAX_SIZE: Key = Key::new(
    "max_size",
    "The store never grows beyond this; the oldest and least telling events make room.",
    "\"512MiB\"",
);
const MAX_AGE: Key = Key::new("max_age", "Older events are deleted.", "\"30d\"");
const QUEUE: Key = Key::new(
    "queue",
    "How many events may wait for the disk. Beyond it they are counted as dropped; requests \
     never wait.",
    "16384",
);
const QUEUE_SIZE: Key = Key::new(
    "queue_size",
    "How much memory the waiting events may take.",
    "\"16MiB\"",
);
const ORDINARY_RATE: Key = Key::new(
    "ordinary_rate",
    "How many unremarkable requests a second are kept in full. The others are only counted; \
     whatever was blocked or had a finding is always kept.",
    "100",
);
const ORDINARY_KEPT: Key = Key::new(
    "ordinary_kept",
    "How many unremarkable requests are kept in full altogether.",
    "10000",
);

impl Events {
    pub(super) fn read(r: &mut Reader<'_>) -> Self {
        let spec = babyshield_events::Spec::default();
        let count = |number: usize| Number(u32::try_from(number).unwrap_or(u32::MAX));
        let path = r.value(PATH, File(spec.path));
        r.look_for_folder(&path);
        Self {
            path,
            max_size: r.value(MAX_SIZE, spec.max_size),
            max_age: r.value(MAX_AGE, spec.max_age),
            queue: r.value(QUEUE, count(spec.queue)),
            queue_size: r.value(QUEUE_SIZE, spec.queue_size),
            ordinary_rate: r.value(ORDINARY_RATE, Number(spec.plain_rate)),
            ordinary_kept: r.value(ORDINARY_KEPT, Number(spec.plain_kept)),
        }
    }
}
