//! Windows of tokens for training, in a fixed order.

use secateurs_data::Tokenizer;
use secateurs_train::{Batches, EpochOrder};

use crate::text::error::TextError;
use crate::text::plain_text::read_plain_text;
use crate::train::error::TrainJobError;
use crate::train::settings::Training;

/// Windows in the order of their use in training.
#[derive(Debug, Clone)]
pub(crate) struct TrainingWindows {
    tokens: Vec<u32>,
    window: usize,
    /// Windows of the texts.
    n_available: usize,
    batches: Batches,
}

impl TrainingWindows {
    /// Cuts the texts of `training` into windows and shuffles them.
    pub(crate) fn read(
        training: &Training,
        window: usize,
        tokenizer: &Tokenizer,
        seed: u64,
    ) -> Result<Self, TrainJobError> {
        let count = training.n_windows();
        if window < 2 || count == 0 {
            return Err(TextError::WindowSize { count, window }.into());
        }
        let mut tokens = Vec::new();
        for path in &training.texts {
            let mut text = tokenizer.encode(&read_plain_text(path)?)?;
            text.truncate(text.len() / window * window);
            tokens.append(&mut text);
        }
        let n_available = tokens.len() / window;
        let passes = training.passes.unwrap_or(1);
        if n_available.saturating_mul(passes) < count || n_available == 0 {
            return Err(TrainJobError::TooLittleText {
                got: n_available,
                needed: count,
                window,
                passes,
            });
        }
        let batch_size = training.batch_size();
        let order = EpochOrder::new(n_available, seed)?;
        Ok(Self {
            tokens,
            window,
            n_available,
            batches: order.batches(count / batch_size, batch_size)?,
        })
    }

    /// Tokens per window.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// Mean number of uses of a window, at least 1.
    pub(crate) fn reuse(&self) -> f64 {
        (self.batches.items().len() as f64 / self.n_available as f64).max(1.0)
    }

    /// The windows of batch `index`, one after the other.
    pub(crate) fn batch(&self, index: usize) -> Vec<u32> {
        let windows = self.batches.batch(index).iter();
        windows.flat_map(|window| self.tokens_of(*window)).copied().collect()
    }

    /// All windows in order, for a hash.
    pub(crate) fn all(&self) -> Vec<Vec<u32>> {
        let windows = self.batches.items().iter();
        windows.map(|window| self.tokens_of(*window).to_vec()).collect()
    }

    fn tokens_of(&self, window: u32) -> &[u32] {
        &self.tokens[window as usize * self.window..][..self.window]
    }
}
