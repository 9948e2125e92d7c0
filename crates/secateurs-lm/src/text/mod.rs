//! Texts as tokens: running text, prompts, windows, and text that a model continues.

pub(crate) mod error;
pub(crate) mod generator;
pub(crate) mod lines;
pub(crate) mod plain_text;
pub(crate) mod prompt_encoder;
pub(crate) mod windows;

pub use error::TextError;
pub use generator::{Completion, TextGenerator};
pub use lines::{LineError, LineProblem};
pub use plain_text::read_plain_text;
pub use prompt_encoder::{PromptEncoder, PromptStyle};
pub use windows::{TextWindows, all_windows, first_windows};
