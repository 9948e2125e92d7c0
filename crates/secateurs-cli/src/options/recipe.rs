//! Options that make a recipe, and how they are laid over a recipe file.

use std::path::{Path, PathBuf};

use clap::{Args, value_parser};
use secateurs::data::{FloatType, read_text};
use secateurs::tensor::{NmPattern, PathRules, Sparsity};
use secateurs::{Method, Recipe, RecipeDraft};

use crate::error::CliError;
use crate::options::allocation::AllocationArgs;
use crate::options::calibration::CalibrationArgs;
use crate::options::method::MethodArgs;
use crate::options::named::{explained, named};
use crate::options::training::TrainingArgs;

/// The largest integer of TOML, in which the seed is stored.
const MAX_SEED: u64 = i64::MAX as u64;

/// Number formats of an output.
pub(crate) const FORMATS: [FloatType; 3] = [FloatType::F32, FloatType::F16, FloatType::Bf16];

/// Options that decide the result of a run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Recipe")]
pub(crate) struct RecipeArgs {
    /// TOML file with options; the command line overrides it
    #[arg(short, long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Pruning method
    #[arg(short, long, value_name = "METHOD", value_parser = explained(&Method::ALL, explain))]
    method: Option<Method>,
    /// Fraction of weights to remove: 0.5 or 50%
    #[arg(
        short,
        long,
        value_name = "FRACTION",
        allow_negative_numbers = true,
        conflicts_with = "pattern"
    )]
    sparsity: Option<Sparsity>,
    /// N:M sparsity instead: keep N of every M consecutive weights of an output, as in 2:4
    #[arg(short, long, value_name = "N:M")]
    pattern: Option<NmPattern>,
    /// Number format of the weights written [default: f32]
    #[arg(long, value_name = "FORMAT", value_parser = named(&FORMATS))]
    dtype: Option<FloatType>,
    /// Seed of random scores, and of the order of training windows [default: 0]
    #[arg(long, value_name = "NUMBER", value_parser = value_parser!(u64).range(..=MAX_SEED))]
    seed: Option<u64>,
    /// Prune only layers whose path matches, for example '*.mlp.*'; repeatable [default: all layers]
    #[arg(long, value_name = "GLOB")]
    include: Vec<String>,
    /// Leave layers whose path matches as they are, for example '*self_attn*'; repeatable
    #[arg(long, value_name = "GLOB")]
    exclude: Vec<String>,
    #[command(flatten)]
    calibration: CalibrationArgs,
    #[command(flatten)]
    training: TrainingArgs,
    #[command(flatten)]
    allocation: AllocationArgs,
    #[command(flatten)]
    settings: MethodArgs,
}

impl RecipeArgs {
    /// The recipe of these options and the recipe file, if one is given.
    pub(crate) fn resolve(&self) -> Result<Recipe, CliError> {
        let file = self
            .recipe
            .as_deref()
            .map_or_else(|| Ok(RecipeDraft::default()), read_draft)?;
        let draft = self.merge(file)?;
        if draft.method.is_none() {
            return Err(CliError::Missing {
                flag: "--method, on the command line or in a recipe",
            });
        }
        if draft.sparsity.is_none() && draft.pattern.is_none() {
            return Err(CliError::Missing {
                flag: "--sparsity or --pattern, on the command line or in a recipe",
            });
        }
        let recipe = Recipe::try_from(draft)?;
        recipe.pattern()?;
        recipe.build()?;
        if self.seed.is_some() {
            // A recipe cannot tell a seed of 0 from none; whoever gives one wants something to be random.
            recipe.check_seed()?;
        }
        // It will be stored beside the output; better to learn now that it cannot be.
        recipe.to_toml()?;
        Ok(recipe)
    }

    /// Lays the options over a recipe file; whoever adds a field to drafts is told by the compiler to look here.
    fn merge(&self, file: RecipeDraft) -> Result<RecipeDraft, CliError> {
        let asks_for_share = self.sparsity.is_some() || self.pattern.is_some();
        Ok(RecipeDraft {
            method: self.method.or(file.method),
            sparsity: if asks_for_share { self.sparsity } else { file.sparsity },
            pattern: if asks_for_share { self.pattern } else { file.pattern },
            seed: self.seed.or(file.seed),
            dtype: self.dtype.or(file.dtype),
            calibration: self.calibration.merge(file.calibration)?,
            training: self.training.merge(file.training),
            allocation: self.allocation.merge(file.allocation),
            options: self.settings.merge(file.options),
            rules: self.merge_rules(file.rules)?,
        })
    }

    /// Lays the globs over the rules of a recipe file: `--include` replaces its list, `--exclude` adds to it.
    fn merge_rules(&self, file: PathRules) -> Result<PathRules, CliError> {
        if self.include.is_empty() && self.exclude.is_empty() {
            return Ok(file);
        }
        let include = if self.include.is_empty() {
            file.include()
        } else {
            &self.include
        };
        let exclude = file.exclude().iter().chain(&self.exclude);
        Ok(PathRules::new(include, exclude).map_err(secateurs::Error::from)?)
    }
}

fn explain(method: &Method) -> &'static str {
    match method {
        Method::Random => "Control: removes random weights",
        Method::Magnitude => "Control: removes the smallest |w| of each layer",
        Method::Wanda => "Removes the smallest |w| * ||x|| of each output; takes seconds",
        Method::Ria => "Wanda with |w| relative to the weights of the same input and of the same output",
        Method::WandaPlusPlus => "Wanda with the gradient of the block's output added to the norms of its inputs",
        Method::Taylor => "Removes the smallest |w * g| of each layer (g: gradient of the loss); holds the whole model",
        Method::Fisher => "Removes the smallest w^2 * mean(g^2) of each layer; holds the whole model",
        Method::SparseGpt => "Removes weights input by input and corrects the remaining ones (OBS)",
        Method::LAdmm => "Solves the layer's least-squares problem by ADMM while the mask grows",
        Method::Alps => "ADMM with a growing penalty, then conjugate gradients; the slowest layer-wise method",
        Method::Safe => {
            "Trains each block to reproduce its dense output with sparse weights in a flat minimum; its settings are in \
             [options.safe] of a recipe"
        }
        Method::RandomFinetune => "Control: random, then training of the whole model under the mask",
        Method::WandaFinetune => "Wanda, then training of the whole model under the mask",
        Method::Elsa => "Trains the whole model towards a sparse copy of itself; for 80% and more; takes hours",
        Method::ElsaL => "Elsa with a third of the memory for its state",
    }
}

fn read_draft(path: &Path) -> Result<RecipeDraft, CliError> {
    toml::from_str(&read_text(path)?).map_err(|source| CliError::RecipeFile {
        path: path.to_owned(),
        source: Box::new(source),
    })
}
