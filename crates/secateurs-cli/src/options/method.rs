//! Settings of single methods.

use clap::Args;
use secateurs::MethodOptions;
use secateurs::prune::AdmmSchedule;
use secateurs::tensor::{NonNegative, Scope};

use crate::options::named::named;
use crate::options::numbers::at_least;

/// Settings of single methods.
#[derive(Debug, Args)]
#[command(next_help_heading = "Settings of methods")]
pub(crate) struct MethodArgs {
    /// Weights that compete with each other; global is for elsa and elsa-l [default: per-output for wanda, else per-layer]
    #[arg(long, value_name = "SCOPE", value_parser = named(&[Scope::PerOutput, Scope::PerLayer, Scope::Global]))]
    scope: Option<Scope>,
    /// For sparsegpt, l-admm and alps: damping in relation to the Gram matrix [default: 0.1 for l-admm, else 0.01]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    damping: Option<NonNegative>,
    /// Iterations of l-admm [default: 20], or most iterations of alps [default: 300]
    #[arg(long, value_name = "COUNT", value_parser = at_least(1))]
    iterations: Option<usize>,
    /// Growth of the mask of l-admm [default: gradual]
    #[arg(long, value_name = "SCHEDULE", value_parser = named(&[AdmmSchedule::Gradual, AdmmSchedule::Constant]))]
    schedule: Option<AdmmSchedule>,
}

impl MethodArgs {
    /// Lays the options over the settings of a recipe file.
    pub(crate) fn merge(&self, file: MethodOptions) -> MethodOptions {
        let Self {
            scope,
            damping,
            iterations,
            schedule,
        } = self;
        MethodOptions {
            scope: scope.or(file.scope),
            damping: damping.or(file.damping),
            iterations: iterations.or(file.iterations),
            schedule: schedule.or(file.schedule),
            safe: file.safe,
        }
    }
}
