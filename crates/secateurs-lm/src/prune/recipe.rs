//! A pruning run as a value: everything that decides its result, readable and writable as TOML.

use secateurs_data::FloatType;
use secateurs_tensor::{NmPattern, PathRules, Pattern, Sparsity};
use serde::{Deserialize, Serialize};

use crate::Error;
use crate::prune::method::{Method, MethodOptions};
use crate::trace::calibration::Calibration;
use crate::train::settings::Training;

/// Everything that decides the result of a pruning run, apart from the model.
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
    /// Seed of everything random.
    pub seed: u64,
    /// Number format of the output.
    pub dtype: FloatType,
    /// What calibrates; needed by all methods but random, magnitude, elsa and elsa-l.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub calibration: Option<Calibration>,
    /// How the whole model is trained, by the methods that do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub training: Option<Training>,
    /// How sparsity is spread over the blocks.
    pub allocation: AllocationRecipe,
    /// Settings of the method.
    pub options: MethodOptions,
    /// Which parameters may be pruned.
    pub rules: PathRules,
}

/// How sparsity is spread over the blocks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", from = "AllocationTable")]
pub enum AllocationRecipe {
    /// The same for every block.
    #[default]
    Uniform,
    /// Blocks with more outliers keep more (OWL, arXiv 2310.05175).
    Owl {
        /// An outlier is more than `m` times the mean score.
        m: f64,
        /// Largest deviation from the mean sparsity.
        lambda: f64,
    },
    /// One sparsity per block; their mean replaces the recipe's sparsity.
    PerBlock {
        /// The sparsities in the order of blocks.
        sparsities: Vec<Sparsity>,
    },
}

/// An allocation as it is read: a variant without fields would take any key, so this one has a table for each.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
enum AllocationTable {
    Uniform {},
    Owl {
        #[serde(default = "default_owl_m")]
        m: f64,
        #[serde(default = "default_owl_lambda")]
        lambda: f64,
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

fn default_owl_m() -> f64 {
    5.0
}

fn default_owl_lambda() -> f64 {
    0.08
}

impl Recipe {
    /// A recipe with the defaults of everything but method and pattern.
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
    /// If the text is not TOML, or a field is unknown, missing or out of its range.
    pub fn from_toml(text: &str) -> Result<Self, Error> {
        let recipe: Self = toml::from_str(text).map_err(|error| Error::RecipeSyntax(Box::new(error)))?;
        recipe.pattern()?;
        Ok(recipe)
    }

    /// The recipe as TOML that [`from_toml`](Self::from_toml) reads back.
    ///
    /// # Errors
    ///
    /// If a path in it is not UTF-8.
    pub fn to_toml(&self) -> Result<String, Error> {
        toml::to_string_pretty(self).map_err(|error| Error::RecipeWrite(Box::new(error)))
    }

    /// What is removed.
    ///
    /// # Errors
    ///
    /// If both or neither of sparsity and pattern are given.
    pub fn pattern(&self) -> Result<Pattern, Error> {
        match (self.sparsity, self.pattern) {
            (Some(sparsity), None) => Ok(Pattern::Unstructured(sparsity)),
            (None, Some(pattern)) => Ok(Pattern::Nm(pattern)),
            _ => Err(Error::PatternChoice),
        }
    }
}
