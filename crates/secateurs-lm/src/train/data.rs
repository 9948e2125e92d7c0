//! Windows of tokens to learn from, in a fixed order.

use secateurs_data::Tokenizer;

use crate::Error;
use crate::text::plain_text::read_plain_text;
use crate::train::settings::Training;

/// Windows in the order in which training takes them.
#[derive(Debug, Clone)]
pub(crate) struct TrainingWindows {
    tokens: Vec<u32>,
    window: usize,
    /// Windows of the texts.
    n_available: usize,
    order: Vec<u32>,
}

impl TrainingWindows {
    /// Cuts the texts of `training` into windows and shuffles them.
    pub(crate) fn read(training: &Training, window: usize, tokenizer: &Tokenizer, seed: u64) -> Result<Self, Error> {
        let count = training.n_windows();
        if window < 2 || count == 0 {
            return Err(Error::WindowSize { count, window });
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
            return Err(Error::TooLittleText {
                got: n_available,
                needed: count,
                window,
                passes,
            });
        }
        let n_passes = count.div_ceil(n_available);
        let mut order = Vec::with_capacity(n_passes * n_available);
        for pass in 0..n_passes {
            order.extend(shuffled(n_available, seed.wrapping_add((pass as u64) << 32)));
        }
        order.truncate(count);
        Ok(Self {
            tokens,
            window,
            n_available,
            order,
        })
    }

    /// Tokens in a window.
    pub(crate) fn window(&self) -> usize {
        self.window
    }

    /// Times that a window is used on average, at least 1.
    pub(crate) fn reuse(&self) -> f64 {
        (self.order.len() as f64 / self.n_available as f64).max(1.0)
    }

    /// The windows of batch `index`, one after the other.
    pub(crate) fn batch(&self, index: usize, batch_size: usize) -> Vec<u32> {
        let windows = &self.order[index * batch_size..][..batch_size];
        let tokens = |window: &u32| &self.tokens[*window as usize * self.window..][..self.window];
        windows.iter().flat_map(tokens).copied().collect()
    }

    /// All windows in order, for a hash.
    pub(crate) fn all(&self) -> Vec<Vec<u32>> {
        (0..self.order.len()).map(|index| self.batch(index, 1)).collect()
    }
}

/// `0..n` in an order that depends on `seed` alone (Fisher and Yates, with the generator SplitMix64).
fn shuffled(n: usize, seed: u64) -> Vec<u32> {
    let mut order: Vec<u32> = (0..n as u32).collect();
    let mut state = seed;
    for last in (1..n).rev() {
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = state;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^= bits >> 31;
        let chosen = (u128::from(bits) * (last as u128 + 1)) >> 64;
        order.swap(last, chosen as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_a_permutation_that_its_seed_decides() {
        let order = shuffled(1000, 7);
        assert_eq!(order, shuffled(1000, 7));
        assert_ne!(order, shuffled(1000, 8));
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..1000));
        let displaced = order.iter().enumerate().filter(|(at, value)| *at as u32 != **value);
        assert!(displaced.count() > 980);
    }
}
