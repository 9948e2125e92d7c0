//! Batches in a known order.

use crate::error::{Result, TrainError};

/// Items in an order that follows from a seed, epoch after epoch.
///
/// Every epoch takes each of `0..n_items` once, in an order of its own (Fisher and Yates, with the generator
/// SplitMix64), so that the number of an epoch is enough to resume it.
///
/// # Examples
///
/// ```
/// use secateurs_train::EpochOrder;
///
/// let order = EpochOrder::new(5, 7)?;
/// assert_ne!(order.epoch(0), order.epoch(1));
/// let mut items = order.epoch(3);
/// items.sort_unstable();
/// assert_eq!(items, [0, 1, 2, 3, 4]);
/// # Ok::<(), secateurs_train::TrainError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochOrder {
    n_items: u32,
    seed: u64,
}

impl EpochOrder {
    /// Epochs of the items `0..n_items`.
    ///
    /// # Errors
    ///
    /// If there is no item, or an index takes more than 32 bits.
    pub fn new(n_items: usize, seed: u64) -> Result<Self> {
        let count = u32::try_from(n_items).ok().filter(|count| *count > 0);
        let n_items = count.ok_or_else(|| TrainError::bad("items", "at least 1 and below 2^32", n_items as f64))?;
        Ok(Self { n_items, seed })
    }

    /// The items of an epoch, in its order.
    pub fn epoch(&self, epoch: usize) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.n_items).collect();
        let mut state = self.seed.wrapping_add((epoch as u64) << 32);
        for last in (1..order.len()).rev() {
            let chosen = (u128::from(split_mix(&mut state)) * (last as u128 + 1)) >> 64;
            order.swap(last, chosen as usize);
        }
        order
    }

    /// The first `n_batches` batches of the epochs one after the other; a batch may begin in one and end in the next.
    ///
    /// # Errors
    ///
    /// If batches hold nothing.
    pub fn batches(&self, n_batches: usize, batch_size: usize) -> Result<Batches> {
        let count = n_batches.saturating_mul(batch_size);
        let n_epochs = count.div_ceil(self.n_items as usize);
        let mut items: Vec<u32> = (0..n_epochs).flat_map(|epoch| self.epoch(epoch)).collect();
        items.truncate(count);
        Batches::new(items, batch_size)
    }
}

/// The next number of the generator SplitMix64.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut bits = *state;
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Batches of items in an order that is known before the first step.
///
/// The batch of an index is the same however often and whenever it is asked for: a training resumes by the number of its steps
/// alone, and sharpness-aware steps see their batch twice. An item takes 4 bytes each time that it occurs.
///
/// # Examples
///
/// ```
/// use secateurs_train::{Batches, EpochOrder};
///
/// let batches = Batches::new(vec![3, 1, 4, 1, 5], 2)?;
/// assert_eq!(batches.iter().collect::<Vec<_>>(), [&[3, 1][..], &[4, 1], &[5]]);
///
/// let batches = EpochOrder::new(100, 7)?.batches(50, 8)?;
/// let resumed = EpochOrder::new(100, 7)?.batches(50, 8)?;
/// assert_eq!(batches.batch(31), resumed.batch(31));
/// # Ok::<(), secateurs_train::TrainError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batches {
    items: Vec<u32>,
    batch_size: usize,
}

impl Batches {
    /// Batches of these items in this order; the last batch may hold fewer.
    ///
    /// # Errors
    ///
    /// If batches hold nothing.
    pub fn new(items: Vec<u32>, batch_size: usize) -> Result<Self> {
        match batch_size {
            0 => Err(TrainError::bad("batch size", "at least 1", 0.0)),
            _ => Ok(Self { items, batch_size }),
        }
    }

    /// Number of batches.
    pub fn len(&self) -> usize {
        self.items.len().div_ceil(self.batch_size)
    }

    /// Whether there is no batch.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Number of items in a batch; the last batch may hold fewer.
    pub fn batch_size(&self) -> usize {
        self.batch_size
    }

    /// The items of a batch.
    ///
    /// # Panics
    ///
    /// If there is no such batch.
    pub fn batch(&self, index: usize) -> &[u32] {
        let start = index * self.batch_size;
        &self.items[start..self.items.len().min(start + self.batch_size)]
    }

    /// All batches in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        self.items.chunks(self.batch_size)
    }

    /// All items in order.
    pub fn items(&self) -> &[u32] {
        &self.items
    }
}
