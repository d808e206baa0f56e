//! SHA-256 of the documents, computed beside the sending on threads of their own: it is needed only at the close.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use model::Sha256Digest;
use rayon::prelude::*;
use tokio::task::JoinHandle;

use super::source::Source;
use crate::hash::HashError;

/// What was found of a document.
pub type Found = Result<Sha256Digest, HashError>;

/// Digests that are being computed. Dropped: no more are begun.
pub struct Digests {
    found: Arc<Mutex<BTreeMap<u32, Found>>>,
    stop: Arc<AtomicBool>,
    at_work: Vec<JoinHandle<()>>,
}

impl Digests {
    /// Begins to compute those of `sources`.
    pub fn begin(sources: Vec<Source>) -> Self {
        let mut digests = Self { found: Arc::default(), stop: Arc::default(), at_work: Vec::new() };
        digests.again(sources);
        digests
    }

    /// Forgets what was found of these and computes it anew.
    pub fn again(&mut self, sources: Vec<Source>) {
        {
            let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
            for source in &sources {
                found.remove(&source.n);
            }
        }
        let (found, stop) = (Arc::clone(&self.found), Arc::clone(&self.stop));
        self.at_work.push(tokio::task::spawn_blocking(move || {
            sources.par_iter().for_each(|source| {
                if stop.load(Ordering::Relaxed) {
                    return;
                }
                let digest = source.sha256(&stop);
                found.lock().unwrap_or_else(PoisonError::into_inner).insert(source.n, digest);
            });
        }));
    }

    /// Waits for all that were begun.
    pub async fn done(&mut self) {
        for at_work in self.at_work.drain(..) {
            // A thread that died has found nothing; that is seen by what is missing.
            let _ = at_work.await;
        }
    }

    /// What was found of a document, once [`Digests::done`].
    ///
    /// # Errors
    /// The document's file has changed or can not be read.
    pub fn get(&self, n: u32) -> Result<Sha256Digest, HashError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        match found.get(&n) {
            Some(Ok(digest)) => Ok(*digest),
            Some(Err(_)) => found.remove(&n).unwrap_or(Err(HashError::Changed)),
            None => Err(HashError::Changed),
        }
    }
}

impl Drop for Digests {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}
