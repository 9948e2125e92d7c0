//! `secateurs eval`

mod fidelity;
mod options;
mod perplexity;

use fidelity::Compared;
pub(crate) use options::EvalArgs;

use crate::error::CliError;
use crate::terminal::screen::Screen;

/// Measures perplexity, or the distance from the dense model.
pub(crate) fn run(args: &EvalArgs, screen: &Screen) -> Result<(), CliError> {
    match (&args.text, &args.traces, &args.against) {
        (_, Some(traces), Some(dense)) => fidelity::run(args, &Compared { traces, dense }, screen),
        (Some(text), ..) => perplexity::run(args, text, screen),
        _ => Err(CliError::Missing {
            flag: "--text, or --traces with --against",
        }),
    }
}
