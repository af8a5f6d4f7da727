use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many bytes of bodies may be held in memory at once, over all requests.
#[derive(Clone, Debug)]
pub struct Budget(Arc<Account>);

#[derive(Debug)]
struct Account {
    total: u64,
    used: AtomicU64,
}

/// The share one body has taken; given back when dropped.
#[derive(Debug)]
pub struct Held {
    account: Arc<Account>,
    bytes: u64,
}

impl Budget {
    /// A budget of `total` bytes.
    #[must_use]
    pub fn new(total: u64) -> Self {
        Self(Arc::new(Account {
            total,
            used: AtomicU64::new(0),
        }))
    }

    /// Opens an empty share.
    #[must_use]
    pub fn hold(&self) -> Held {
        Held {
            account: Arc::clone(&self.0),
            bytes: 0,
        }
    }

    /// Bytes held now.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.0.used.load(Ordering::Relaxed)
    }
}

impl Held {
    /// Takes `more` bytes; false, and nothing taken, when the budget does not have them.
    pub(crate) fn grow(&mut self, more: usize) -> bool {
        let more = more as u64;
        let before = self.account.used.fetch_add(more, Ordering::Relaxed);
        if before.saturating_add(more) > self.account.total {
            self.account.used.fetch_sub(more, Ordering::Relaxed);
            return false;
        }
        self.bytes += more;
        true
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.account.used.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
