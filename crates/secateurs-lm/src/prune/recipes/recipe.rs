//! Recipes: everything that determines the result of a pruning run, readable and writable as TOML.

use secateurs_data::{Checkpoint, FloatType};
use secateurs_models::ModelShape;
use secateurs_tensor::{NmPattern, NonNegative, PathRules, Pattern, Sparsity};
use serde::{Deserialize, Serialize};

use crate::prune::algorithm::{Algorithm, WholeModel};
use crate::prune::error::PruneJobError;
use crate::prune::method::Method;
use crate::prune::recipes::options::MethodOptions;
use crate::prune::recipes::recipe_error::RecipeError;
use crate::trace::calibration::{Calibration, CalibrationTokens};
use crate::train::settings::Training;

/// All settings that determine the result of a pruning run, except the model.
///
/// # Examples
///
/// ```
/// use secateurs_lm::Recipe;
///
/// let recipe = Recipe::from_toml(r#"
///     method = "sparsegpt"
///     pattern = "2:4"
///     [calibration]
///     text = "calibration.txt"
///     window = 1024
///     windows = 16
/// "#)?;
/// assert_eq!(recipe.pattern()?.to_string(), "2:4");
/// assert!(Recipe::from_toml("method = 'wanda'\nsparsity = 1.5").is_err());
/// # Ok::<(), secateurs_lm::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recipe {
    /// The method.
    pub method: Method,
    /// Fraction of weights to remove; either this or `pattern`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparsity: Option<Sparsity>,
    /// N:M pattern, for instance `2:4`; either this or `sparsity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<NmPattern>,
    /// Seed of everything random; 0 where nothing is.
    pub seed: u64,
    /// Number format of the output.
    pub dtype: FloatType,
    /// Data for calibration; used by OWL, and by all methods but random, magnitude, random+finetune, elsa and elsa-l.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// Training of the whole model, for the methods that do it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// Spread of sparsity over the blocks.
    pub allocation: AllocationRecipe,
    /// Settings of the method.
    pub options: MethodOptions,
    /// Parameters that may be pruned.
    pub rules: PathRules,
}

/// Spread of sparsity over the blocks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", from = "AllocationTable")]
pub enum AllocationRecipe {
    /// One sparsity for all blocks.
    #[default]
    Uniform,
    /// More weights for blocks with more outliers (OWL, arXiv 2310.05175).
    Owl {
        /// Multiple `m` of the mean score above which a score is an outlier.
        m: NonNegative,
        /// Largest deviation from the mean sparsity.
        lambda: NonNegative,
    },
    /// One sparsity per block; their mean replaces the recipe's sparsity.
    PerBlock {
        /// The sparsities in the order of blocks.
        sparsities: Vec<Sparsity>,
    },
}

/// An allocation in the form of a recipe file: a variant without fields would accept any key, so this one has a table
/// for each.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum AllocationTable {
    Uniform {},
    Owl {
        #[serde(default = "default_owl_m")]
        m: NonNegative,
        #[serde(default = "default_owl_lambda")]
        lambda: NonNegative,
    },
    PerBlock {
        sparsities: Vec<Sparsity>,
    },
}

impl From<AllocationTable> for AllocationRecipe {
    fn from(table: AllocationTable) -> Self {
        match table {
            AllocationTable::Uniform {} => Self::Uniform,
            AllocationTable::Owl { m, lambda } => Self::Owl { m, lambda },
            AllocationTable::PerBlock { sparsities } => Self::PerBlock { sparsities },
        }
    }
}

impl AllocationRecipe {
    /// OWL with the published settings.
    pub fn owl() -> Self {
        Self::Owl {
            m: default_owl_m(),
            lambda: default_owl_lambda(),
        }
    }
}

fn default_dtype() -> FloatType {
    FloatType::F32
}

fn default_owl_m() -> NonNegative {
    NonNegative::new(5.0).expect("five is in range")
}

fn default_owl_lambda() -> NonNegative {
    NonNegative::new(0.08).expect("the published value is in range")
}

impl Recipe {
    /// A recipe with defaults for everything but method and pattern.
    pub fn new(method: Method, pattern: Pattern) -> Self {
        let (sparsity, pattern) = match pattern {
            Pattern::Unstructured(sparsity) => (Some(sparsity), None),
            Pattern::Nm(pattern) => (None, Some(pattern)),
        };
        Self {
            method,
            sparsity,
            pattern,
            seed: 0,
            dtype: default_dtype(),
            calibration: None,
            training: None,
            allocation: AllocationRecipe::Uniform,
            options: MethodOptions::default(),
            rules: PathRules::default(),
        }
    }

    /// Reads a recipe.
    ///
    /// # Errors
    ///
    /// If the text is not TOML, a field is unknown, missing or out of its range, or nothing uses it.
    pub fn from_toml(text: &str) -> Result<Self, RecipeError> {
        let recipe: Self = toml::from_str(text).map_err(|error| RecipeError::Syntax(Box::new(error)))?;
        recipe.pattern()?;
        recipe.build()?;
        Ok(recipe)
    }

    /// The recipe as TOML, which [`from_toml`](Self::from_toml) reads back.
    ///
    /// # Errors
    ///
    /// If a path in it is not UTF-8.
    pub fn to_toml(&self) -> Result<String, RecipeError> {
        toml::to_string_pretty(self).map_err(|error| RecipeError::Write(Box::new(error)))
    }

    /// The method with its settings.
    ///
    /// # Errors
    ///
    /// If the recipe has an option that nothing in it uses, or a setting out of its range.
    pub fn build(&self) -> Result<Algorithm, RecipeError> {
        let algorithm = self.method.build(&self.options, self.seed)?;
        self.check_training_options(&algorithm)?;
        if self.seed != 0 {
            self.check_seed()?;
        }
        if self.calibration.is_some() && !self.calibrates(&algorithm) {
            return Err(self.method.refuse("calibration", Method::needs_calibration));
        }
        match (self.pattern, self.options.scope) {
            (Some(pattern), Some(_)) => Err(RecipeError::NoScope { pattern }),
            _ => Ok(algorithm),
        }
    }

    /// Refuses a seed where nothing is random. [`build`](Self::build) asks this of seeds other than 0.
    ///
    /// # Errors
    ///
    /// If neither the scores nor a training of the method are random.
    pub fn check_seed(&self) -> Result<(), RecipeError> {
        match self.method.uses_seed() {
            true => Ok(()),
            false => Err(self.method.refuse("seed", Method::uses_seed)),
        }
    }

    /// Refuses an allocation and settings of a training that the method does not use.
    fn check_training_options(&self, algorithm: &Algorithm) -> Result<(), RecipeError> {
        let method = self.method;
        let trains = matches!(algorithm, Algorithm::WholeModel(_));
        if trains && self.allocation != AllocationRecipe::Uniform {
            let users = Method::names(|method| !method.trains_model());
            return Err(RecipeError::NoAllocation { method, users });
        }
        let Some(training) = &self.training else {
            return Ok(());
        };
        if !trains {
            return Err(method.refuse("training", Method::trains_model));
        }
        let is_masked = matches!(algorithm, Algorithm::WholeModel(WholeModel::Masked(_)));
        match training.given_for_elsa().first() {
            Some(option) if is_masked => {
                Err(method.refuse(option, |method| matches!(method, Method::Elsa | Method::ElsaL)))
            }
            _ => training.check_validation(),
        }
    }

    /// Whether the method or the allocation observes a calibration.
    fn calibrates(&self, algorithm: &Algorithm) -> bool {
        algorithm.requires_calibration() || matches!(self.allocation, AllocationRecipe::Owl { .. })
    }

    /// Training of the whole model, if a training text is named.
    pub(crate) fn needed_training(&self) -> Result<&Training, RecipeError> {
        let training = self.training.as_ref().filter(|training| !training.texts.is_empty());
        training.ok_or(RecipeError::NoTrainingText { method: self.method })
    }

    /// The calibration, if the method or the allocation needs one.
    pub(crate) fn needed_calibration(&self) -> Result<Option<&Calibration>, RecipeError> {
        match &self.calibration {
            None if self.calibrates(&self.build()?) => Err(RecipeError::NoCalibration { method: self.method }),
            calibration => Ok(calibration.as_ref()),
        }
    }

    /// The sequences for calibration; none if nothing needs them.
    pub(crate) fn calibration_tokens(
        &self,
        source: &Checkpoint,
        shape: &ModelShape,
    ) -> Result<CalibrationTokens, PruneJobError> {
        let calibration = self.needed_calibration()?;
        calibration.map_or_else(
            || Ok(CalibrationTokens::default()),
            |calibration| Ok(calibration.sequences_for(source, shape)?),
        )
    }

    /// The pattern of the zeros.
    ///
    /// # Errors
    ///
    /// If both or neither of sparsity and pattern are given.
    pub fn pattern(&self) -> Result<Pattern, RecipeError> {
        match (self.sparsity, self.pattern) {
            (Some(sparsity), None) => Ok(Pattern::Unstructured(sparsity)),
            (None, Some(pattern)) => Ok(Pattern::Nm(pattern)),
            _ => Err(RecipeError::PatternChoice),
        }
    }
}
