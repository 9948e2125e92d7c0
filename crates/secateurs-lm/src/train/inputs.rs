//! All inputs of a training: its texts, model and settings.

use secateurs_data::Checkpoint;
use secateurs_models::{LanguageModel, ModelShape};

use crate::measure::evaluate::check_tokens;
use crate::prune::recipes::recipe::Recipe;
use crate::text::plain_text::read_plain_text;
use crate::text::windows::{TextWindows, all_windows, check_window, hash_tokens};
use crate::train::data::TrainingWindows;
use crate::train::error::TrainJobError;
use crate::train::journal::{TrainingJournal, VERSION};
use crate::train::log::TrainingLog;
use crate::train::settings::Training;

/// All inputs of a training: its texts, model and settings.
pub(super) struct Inputs<'a, F> {
    pub(super) training: &'a Training,
    pub(super) family: F,
    pub(super) windows: TrainingWindows,
    /// Sha256 of the tokens of all windows in order.
    hash: String,
    pub(super) validation: Vec<Vec<u32>>,
}

impl<'a, F: LanguageModel> Inputs<'a, F> {
    pub(super) fn read(recipe: &'a Recipe, source: &Checkpoint, family: F) -> Result<Self, TrainJobError> {
        let (training, seed) = (recipe.needed_training()?, recipe.seed);
        let window = training.window(family.max_positions());
        check_window(&ModelShape::of(&family), window)?;
        let tokenizer = source.tokenizer()?;
        let windows = TrainingWindows::read(training, window, &tokenizer, seed)?;
        let mut validation = Vec::new();
        if let Some(path) = &training.validation {
            let least = TextWindows {
                text: &read_plain_text(path)?,
                count: training.validation_windows.unwrap_or(1),
                length: window,
            };
            validation = all_windows(&tokenizer, &least, "the validation text")?;
            validation.truncate(training.validation_windows.unwrap_or(16));
        }
        let (sequences, vocab_size) = (windows.all(), family.vocab_size());
        sequences
            .iter()
            .try_for_each(|window| check_tokens(window, vocab_size))?;
        Ok(Self {
            training,
            family,
            hash: hash_tokens(&sequences),
            windows,
            validation,
        })
    }

    /// The journal of a new training.
    pub(super) fn journal(&self, recipe: &Recipe, source: &Checkpoint) -> Result<TrainingJournal, TrainJobError> {
        Ok(TrainingJournal {
            version: VERSION,
            recipe: recipe.clone(),
            source: source.fingerprint()?,
            tokens: self.hash.clone(),
            steps_done: 0,
            log: TrainingLog {
                reuse: self.windows.reuse(),
                ..TrainingLog::default()
            },
            seconds: 0.0,
        })
    }
}
