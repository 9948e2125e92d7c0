//! A recipe with optional parts.

use secateurs_data::FloatType;
use secateurs_tensor::{NmPattern, PathRules, Sparsity};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::prune::method::Method;
use crate::prune::recipes::options::MethodOptions;
use crate::prune::recipes::recipe::{AllocationRecipe, Recipe};
use crate::prune::recipes::recipe_error::RecipeError;
use crate::trace::calibration_draft::CalibrationDraft;
use crate::train::settings::Training;

/// A recipe with optional parts: the content of a recipe file, before options of the command line are applied.
///
/// An unknown key at any depth is an error of the reader that names the known ones.
///
/// # Examples
///
/// ```
/// use secateurs_lm::{Method, Recipe, RecipeDraft};
///
/// let mut draft = RecipeDraft::default();
/// draft.sparsity = Some("50%".parse()?);
/// assert!(Recipe::try_from(draft.clone()).is_err());
/// draft.method = Some(Method::Magnitude);
/// assert_eq!(Recipe::try_from(draft)?.pattern()?.to_string(), "50%");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct RecipeDraft {
    /// The method; a recipe needs one.
    pub method: Option<Method>,
    /// Fraction of weights to remove.
    pub sparsity: Option<Sparsity>,
    /// N:M pattern.
    pub pattern: Option<NmPattern>,
    /// Seed of everything random (0).
    pub seed: Option<u64>,
    /// Number format of the output (f32).
    pub dtype: Option<FloatType>,
    /// Calibration text or traces.
    pub calibration: Option<CalibrationDraft>,
    /// Training of the whole model.
    pub training: Option<Training>,
    /// Spread of sparsity over the blocks (uniform).
    pub allocation: Option<AllocationRecipe>,
    /// Settings of the method.
    pub options: MethodOptions,
    /// Parameters that may be pruned.
    pub rules: PathRules,
}

impl TryFrom<RecipeDraft> for Recipe {
    type Error = RecipeError;

    fn try_from(draft: RecipeDraft) -> Result<Self, RecipeError> {
        // Whoever adds a field is told by the compiler to hand it over.
        let RecipeDraft {
            method,
            sparsity,
            pattern,
            seed,
            dtype,
            calibration,
            training,
            allocation,
            options,
            rules,
        } = draft;
        Ok(Self {
            method: method.ok_or(RecipeError::NoMethod)?,
            sparsity,
            pattern,
            seed: seed.unwrap_or(0),
            dtype: dtype.unwrap_or(FloatType::F32),
            calibration: calibration.map(TryInto::try_into).transpose()?,
            training,
            allocation: allocation.unwrap_or_default(),
            options,
            rules,
        })
    }
}

impl<'de> Deserialize<'de> for Recipe {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        RecipeDraft::deserialize(deserializer)?
            .try_into()
            .map_err(D::Error::custom)
    }
}
