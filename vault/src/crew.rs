//! A few threads that wait for the disk together, so that many syncs share one commit of the file system's journal.
//! Not for work of the processor.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use crate::VaultError;

type Job = Box<dyn FnOnce() + Send>;

/// Threads that end when this is dropped.
pub(crate) struct Crew {
    jobs: Option<Sender<Job>>,
}

impl Crew {
    /// Starts `threads` threads; with none, whoever asks does the work, one job after the other.
    pub(crate) fn start(threads: usize) -> Result<Self, VaultError> {
        let (jobs, waiting) = channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        for _ in 0..threads {
            let waiting = Arc::clone(&waiting);
            std::thread::Builder::new()
                .name("vault-crew".to_owned())
                .spawn(move || work(&waiting))
                .map_err(VaultError::Thread)?;
        }
        Ok(Self { jobs: (threads > 0).then_some(jobs) })
    }

    /// Does all jobs, at once as far as there are threads, and gives their results in order.
    ///
    /// A job must not call this again: it would wait for itself.
    pub(crate) fn all<T: Send + 'static>(&self, jobs: Vec<impl FnOnce() -> T + Send + 'static>) -> Vec<T> {
        let Some(crew) = self.jobs.as_ref().filter(|_| jobs.len() > 1) else {
            return jobs.into_iter().map(|job| job()).collect();
        };
        let (done, results) = channel();
        let mut own = Vec::new();
        for (at, job) in jobs.into_iter().enumerate() {
            let done = done.clone();
            let job: Job = Box::new(move || {
                // The receiver waits for every result; it can not be gone.
                let _ = done.send((at, job()));
            });
            if let Err(unsent) = crew.send(job) {
                own.push(unsent.0);
            }
        }
        drop(done);
        own.into_iter().for_each(|job| job());
        let mut results: Vec<(usize, T)> = results.iter().collect();
        results.sort_by_key(|(at, _)| *at);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

fn work(waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs_with_and_without_threads() {
        for threads in [0, 1, 4] {
            let crew = Crew::start(threads).unwrap();
            let jobs = (0..50u64).map(|at| move || at * at).collect::<Vec<_>>();
            let squares: Vec<u64> = (0..50).map(|at| at * at).collect();
            assert_eq!(crew.all(jobs), squares, "{threads} threads");
        }
    }
}
