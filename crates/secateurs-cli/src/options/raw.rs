//! Prompts without chat template.

use clap::Args;
use secateurs::PromptStyle;

/// Form in which a prompt is given to a model.
#[derive(Debug, Args)]
pub(crate) struct RawArgs {
    /// Pass the prompt as it is, without the chat template
    #[arg(long, conflicts_with = "system")]
    raw: bool,
    /// Omit the start token (BOS) that the tokenizer puts before a raw prompt
    #[arg(long, requires = "raw")]
    no_start_token: bool,
}

impl RawArgs {
    /// The style that the flags ask for; a start token is left out of raw prompts only, as chat templates write their own.
    pub(crate) fn style(&self, system: Option<&str>) -> PromptStyle {
        match (self.raw, self.no_start_token) {
            (true, false) => PromptStyle::Raw,
            (true, true) => PromptStyle::RawWithoutStart,
            (false, _) => PromptStyle::Chat {
                system: system.map(str::to_owned),
            },
        }
    }
}
