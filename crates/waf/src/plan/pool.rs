//! Working memory kept between transactions, for each thread its own: what a thread has used last is in
//! the caches of its core.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Shelves; threads beyond that share them.
const SHELVES: usize = 32;

/// Things put aside, at most so many on each shelf. Nobody waits: a shelf that another thread is at is
/// taken for empty, or full.
#[derive(Debug)]
pub(crate) struct Pool<T> {
    shelves: Box<[Mutex<Vec<T>>]>,
    most: usize,
}

/// The number of the thread.
fn own() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local! {
        static OWN: usize = NEXT.fetch_add(1, Ordering::Relaxed);
    }
    OWN.with(|own| *own)
}

impl<T> Pool<T> {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            shelves: (0..SHELVES).map(|_| Mutex::default()).collect(),
            most,
        }
    }

    /// What this thread put aside last.
    pub(crate) fn pop(&self) -> Option<T> {
        let shelf = self.shelves.get(own() % SHELVES)?;
        shelf.try_lock().ok()?.pop()
    }

    /// Puts something aside, or frees it where there is no room.
    pub(crate) fn push(&self, own_thing: T) {
        let shelf = self.shelves.get(own() % SHELVES);
        let shelf = shelf.and_then(|shelf| shelf.try_lock().ok());
        if let Some(mut shelf) = shelf.filter(|shelf| shelf.len() < self.most) {
            shelf.push(own_thing);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::sync::Arc;

    use super::*;

    #[test]
    fn the_last_comes_back_first_and_no_more_than_the_most_is_kept() {
        let pool = Pool::new(2);
        assert_eq!(pool.pop(), None);
        for n in 1..=3 {
            pool.push(n);
        }
        assert_eq!(
            (pool.pop(), pool.pop(), pool.pop()),
            (Some(2), Some(1), None)
        );
    }

    #[test]
    fn threads_do_not_share() {
        let pool = Pool::new(2);
        pool.push(1);
        std::thread::scope(|scope| {
            let other = scope.spawn(|| pool.pop());
            assert_eq!(other.join().unwrap(), None);
        });
        assert_eq!(pool.pop(), Some(1));
    }

    #[test]
    fn nobody_waits_for_a_shelf() {
        let pool = Pool::new(2);
        pool.push(1);
        let at = own() % SHELVES;
        let held = pool.shelves[at].lock().unwrap();
        // Were this to wait, it would wait for ever.
        assert_eq!(pool.pop(), None);
        pool.push(2);
        drop(held);
        assert_eq!((pool.pop(), pool.pop()), (Some(1), None));
    }

    #[test]
    fn what_is_put_aside_comes_back_once_or_is_freed() {
        /// Counts how many of it there are.
        struct Thing(Arc<AtomicUsize>, usize);
        impl Drop for Thing {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let (alive, made) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let out: Mutex<HashSet<usize>> = Mutex::default();
        let pool = Pool::new(3);
        // More threads than shelves, so that some share one.
        std::thread::scope(|scope| {
            for _ in 0..SHELVES + 8 {
                scope.spawn(|| {
                    for round in 0..500 {
                        let own = pool.pop().unwrap_or_else(|| {
                            alive.fetch_add(1, Ordering::Relaxed);
                            Thing(Arc::clone(&alive), made.fetch_add(1, Ordering::Relaxed))
                        });
                        let number = own.1;
                        assert!(out.lock().unwrap().insert(number), "given out twice");
                        if round % 7 == 0 {
                            std::thread::yield_now();
                        }
                        out.lock().unwrap().remove(&number);
                        pool.push(own);
                    }
                });
            }
        });
        let kept: usize = pool
            .shelves
            .iter()
            .map(|own| own.lock().unwrap().len())
            .sum();
        assert_eq!(alive.load(Ordering::Relaxed), kept);
        assert!(kept <= 3 * SHELVES);
        drop(pool);
        assert_eq!(alive.load(Ordering::Relaxed), 0);
    }
}
