//! Options that say how sparsity is spread over blocks.

use clap::Args;
use secateurs::AllocationRecipe;
use secateurs::tensor::NonNegative;

/// The spread of sparsity over blocks.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sparsity per block (not for methods that train the model)")]
pub(crate) struct AllocationArgs {
    /// Prune blocks with more outliers less (OWL); needs --calibration
    #[arg(long)]
    owl: bool,
    /// Prune all blocks to the same sparsity, whatever the recipe says
    #[arg(long, conflicts_with_all = ["owl", "owl_m", "owl_lambda"])]
    uniform: bool,
    /// Count scores above X times the mean as outliers; implies --owl [default: 5]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    owl_m: Option<NonNegative>,
    /// Largest difference between the sparsity of a block and --sparsity; implies --owl [default: 0.08]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    owl_lambda: Option<NonNegative>,
}

impl AllocationArgs {
    /// Lays the options over the allocation of a recipe file.
    pub(crate) fn merge(&self, file: Option<AllocationRecipe>) -> Option<AllocationRecipe> {
        let Self {
            owl,
            uniform,
            owl_m,
            owl_lambda,
        } = self;
        if *uniform {
            return None;
        }
        if !owl && owl_m.is_none() && owl_lambda.is_none() {
            return file;
        }
        let owl = file.filter(|file| matches!(file, AllocationRecipe::Owl { .. }));
        Some(match owl.unwrap_or_else(AllocationRecipe::owl) {
            AllocationRecipe::Owl { m, lambda } => AllocationRecipe::Owl {
                m: owl_m.unwrap_or(m),
                lambda: owl_lambda.unwrap_or(lambda),
            },
            other => other,
        })
    }
}
