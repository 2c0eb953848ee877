//! Cores that are kept busy, as other programs of a machine would.
//!
//! Threads of this process, so that they end with it in whatever way it ends.

use std::{
    hint,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
};

/// Busy threads; they end when this is dropped.
#[derive(Debug)]
pub(super) struct Busy {
    is_over: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Busy {
    /// Keeps as many cores busy.
    pub(super) fn start(cores: usize) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let spin = |is_over: Arc<AtomicBool>| {
            move || {
                while !is_over.load(Ordering::Relaxed) {
                    hint::spin_loop();
                }
            }
        };
        let threads = (0..cores)
            .map(|_| thread::spawn(spin(Arc::clone(&is_over))))
            .collect();
        Self { is_over, threads }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // It has nothing to panic about.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_threads_run_until_it_is_dropped() {
        let busy = Busy::start(2);
        let is_over = Arc::clone(&busy.is_over);
        assert_eq!(busy.threads.len(), 2);
        assert!(busy.threads.iter().all(|thread| !thread.is_finished()));
        drop(busy);
        // The threads held the others.
        assert_eq!(Arc::strong_count(&is_over), 1);
    }
}
