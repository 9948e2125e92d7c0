//! Remembers the computed value of a key.

use std::sync::{Arc, Mutex, PoisonError};

/// A few values by key, each computed when first asked for.
///
/// The lock is not held while a value is computed: the computation runs on rayon, whose waiting threads may pick up
/// another layer that asks for the same value, and would wait for themselves. Two threads may then compute the same
/// value; the first one to finish wins.
#[derive(Debug)]
pub(crate) struct Memo<T>(Mutex<Vec<(u64, Arc<T>)>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Self(Mutex::new(Vec::new()))
    }
}

impl<T> Memo<T> {
    /// The value of `key`, from memory or from `compute`. A failure is not remembered.
    pub(crate) fn get_or_try<E>(&self, key: f64, compute: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        let key = key.to_bits();
        if let Some(found) = self.find(key) {
            return Ok(found);
        }
        let value = Arc::new(compute()?);
        if let Some(found) = self.find(key) {
            return Ok(found);
        }
        self.entries().push((key, Arc::clone(&value)));
        Ok(value)
    }

    fn find(&self, key: u64) -> Option<Arc<T>> {
        self.entries()
            .iter()
            .find(|(known, _)| *known == key)
            .map(|(_, value)| Arc::clone(value))
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<(u64, Arc<T>)>> {
        // Entries are only ever pushed whole, so a panic elsewhere leaves them usable.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
