//! The error of every command.

use std::io;
use std::path::PathBuf;

use secateurs::data::DataError;
use secateurs::data::llama::ConfigError;
use secateurs::models::ModelError;
use secateurs::prune::PruneError;
use secateurs::{PruneJobError, RecipeError};
use secateurs_terminal::one_line;

use crate::options::device::NoDevice;
use crate::options::engine::UnusableLevel;

/// The error of a command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CliError {
    /// An option that the job needs is missing.
    #[error("give {flag}")]
    Missing {
        /// The option, and the places where it can be given.
        flag: &'static str,
    },
    /// A recipe file is no TOML, or has an unknown key or a wrong value.
    #[error("{} is not usable", path.display())]
    RecipeFile {
        /// The recipe.
        path: PathBuf,
        /// The place and the reason.
        #[source]
        source: Box<toml::de::Error>,
    },
    /// The device is not in this build.
    #[error(transparent)]
    NoDevice(#[from] NoDevice),
    /// A seed is given where nothing is random.
    #[error("{method} does not use --seed, an option of random")]
    IdleSeed {
        /// The method.
        method: String,
    },
    /// A device is named for a model that the engine runs.
    #[error("a packed model runs on the CPU by its own engine; leave --device out")]
    IdleDevice,
    /// A job that failed after some blocks were finished.
    #[error("{}; {n_stored} of {n_blocks} blocks are finished: repeat the command with --resume to continue", one_line(failure.as_ref()))]
    Interrupted {
        /// Reason of the failure; part of the message, and therefore not its cause.
        failure: Box<secateurs::Error>,
        /// Blocks finished.
        n_stored: usize,
        /// Blocks of the model.
        n_blocks: usize,
    },
    /// A run that failed after some traces were finished.
    #[error("{}; {done} of {total} traces are finished: repeat the command with --resume to continue", one_line(failure.as_ref()))]
    TracesInterrupted {
        /// Reason of the failure; part of the message, and therefore not its cause.
        failure: Box<secateurs::Error>,
        /// Traces finished.
        done: usize,
        /// All traces.
        total: usize,
    },
    /// The variable that forces an instruction set has another value.
    #[error(transparent)]
    Level(#[from] UnusableLevel),
    /// Standard input cannot be read, or is no UTF-8.
    #[error("cannot read standard input")]
    Input(#[source] io::Error),
    /// Standard output is closed or full.
    #[error("cannot write to standard output")]
    Output(#[source] io::Error),
    /// A result could not be written as JSON.
    #[error("the result cannot be written as JSON")]
    Json(#[source] serde_json::Error),
    /// The job failed.
    #[error(transparent)]
    Job(Box<secateurs::Error>),
    /// Reading a model or a text failed.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model cannot be used.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The configuration is of no Llama.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

impl CliError {
    /// 2 for a command line that makes no sense, otherwise 1.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Missing { .. } | Self::IdleSeed { .. } | Self::IdleDevice | Self::NoDevice(_) | Self::Level(_) => 2,
            Self::Job(error) if contradicts_itself(error) => 2,
            _ => 1,
        }
    }

    /// Whether the reader of our output went away, which is its right.
    pub(crate) fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Whether options do not go together, whatever the model.
fn contradicts_itself(error: &secateurs::Error) -> bool {
    use RecipeError::{NoAllocation, NoGlobalScope, NoScope, NoValidation, PatternChoice, UnusedOption};
    let contradicts = |error: &RecipeError| {
        matches!(
            error,
            NoAllocation { .. }
                | NoGlobalScope { .. }
                | NoScope { .. }
                | NoValidation { .. }
                | PatternChoice
                | UnusedOption { .. }
        )
    };
    let spreads_a_pattern = matches!(
        error,
        secateurs::Error::Prune(PruneJobError::Prune(PruneError::FixedPattern { .. }))
    );
    spreads_a_pattern || error.recipe().is_some_and(contradicts)
}

secateurs::from_jobs!(CliError);
