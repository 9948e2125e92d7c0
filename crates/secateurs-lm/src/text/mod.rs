//! Texts as tokens: running text, prompts, windows, and generated text.

pub(crate) mod error;
pub(crate) mod generator;
pub(crate) mod lines;
pub(crate) mod plain_text;
pub(crate) mod prompt_encoder;
pub(crate) mod windows;

pub use error::{LineError, LineProblem, TextError};
pub use generator::{Completion, TextGenerator};
pub use plain_text::read_plain_text;
pub use prompt_encoder::{PromptEncoder, PromptStyle};
pub use windows::{TextWindows, all_windows, check_window, first_windows};
