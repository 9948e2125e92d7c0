//! A method with its settings, in one of three forms.

use secateurs_importance::{Fisher, Importance, Magnitude, Random, Ria, Taylor, Wanda, WandaPlusPlus};
use secateurs_prune::{Alps, LAdmm, LayerMethod, MaskOnly, PruneError, Safe, SparseGpt};
use secateurs_tensor::{GradientNeed, Needs, Scope};

use crate::prune::method::Method;
use crate::prune::recipes::options::MethodOptions;
use crate::prune::recipes::recipe_error::RecipeError;

/// A method with its settings, by the part of a model that it sees at a time.
pub enum Algorithm {
    /// Prunes one layer after another.
    PerLayer(Box<dyn LayerMethod>),
    /// Trains one block after another.
    PerBlock(Safe),
    /// Trains the whole model.
    WholeModel(WholeModel),
}

/// Training of the whole model, by the choice of the weights to remove.
pub enum WholeModel {
    /// Training under the mask of a first method: removed weights stay zero from the first step on.
    Masked(FirstStage),
    /// Training that chooses the weights itself, by ADMM.
    Elsa(Elsa),
}

/// A layer-wise method that provides the mask for training.
pub struct FirstStage {
    /// The method.
    pub method: Method,
    /// The method with its settings.
    pub layer_method: Box<dyn LayerMethod>,
}

/// Settings of ELSA that do not belong to training.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Elsa {
    /// Weights that compete.
    pub scope: Scope,
    /// Number formats of the state, unless the training's settings name others.
    pub state: ElsaState,
}

/// Number formats of ELSA's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ElsaState {
    /// 32 bits for everything.
    Single,
    /// 8 bits for moments and sparse copies, 16 for duals (ELSA-L).
    Low,
}

impl Algorithm {
    /// Whether the method needs token sequences: as inputs of the blocks, or for gradients of the model's loss.
    pub fn requires_calibration(&self) -> bool {
        match self {
            Self::PerLayer(method) => requires_sequences(method.needs()),
            Self::PerBlock(_) => true,
            Self::WholeModel(WholeModel::Masked(first)) => requires_sequences(first.layer_method.needs()),
            Self::WholeModel(WholeModel::Elsa(_)) => false,
        }
    }
}

fn requires_sequences(needs: Needs) -> bool {
    needs.requires_calibration() || needs.gradients == GradientNeed::Model
}

impl Method {
    /// Builds the method with its settings; `seed` determines everything random.
    ///
    /// # Errors
    ///
    /// If an option is given that the method does not use, or a setting is out of its range.
    ///
    /// # Examples
    ///
    /// ```
    /// use secateurs_lm::{Algorithm, Method, MethodOptions};
    ///
    /// let options = MethodOptions { iterations: Some(30), ..MethodOptions::default() };
    /// assert!(matches!(Method::LAdmm.build(&options, 0)?, Algorithm::PerLayer(_)));
    /// let refused = Method::Wanda.build(&options, 0).err().map(|error| error.to_string());
    /// assert_eq!(refused.as_deref(), Some("wanda does not use iterations, an option of l-admm, alps"));
    /// # Ok::<(), secateurs_lm::Error>(())
    /// ```
    pub fn build(self, options: &MethodOptions, seed: u64) -> Result<Algorithm, RecipeError> {
        let mut rest = options.clone();
        let algorithm = self.assemble(&mut rest, seed)?;
        if let Some(option) = rest.given().first() {
            let takes = |method: Self| {
                let mut rest = options.clone();
                // A method that refuses the value has looked at it.
                method.assemble(&mut rest, seed).is_err() || !rest.given().contains(option)
            };
            return Err(self.refuse(option, takes));
        }
        match (&algorithm, options.scope) {
            (Algorithm::WholeModel(WholeModel::Elsa(_)), _) => Ok(algorithm),
            (_, Some(Scope::Global)) => Err(RecipeError::NoGlobalScope { method: self }),
            _ => Ok(algorithm),
        }
    }

    /// Whether the method trains the whole model and so needs a training text.
    pub fn trains_model(self) -> bool {
        let shape = self.assemble(&mut MethodOptions::default(), 0);
        matches!(shape, Ok(Algorithm::WholeModel(_)))
    }

    /// Whether something in the method is random: its scores, or the order in which it trains on windows of text.
    pub fn uses_seed(self) -> bool {
        self == Self::Random || self.trains_model()
    }

    /// Whether the method needs data to calibrate on.
    pub fn needs_calibration(self) -> bool {
        let algorithm = self.assemble(&mut MethodOptions::default(), 0);
        algorithm.is_ok_and(|algorithm| algorithm.requires_calibration())
    }

    /// The error about an option that this method does not use; it lists the methods for which `takes` holds.
    pub(crate) fn refuse(self, option: &'static str, takes: impl Fn(Self) -> bool) -> RecipeError {
        RecipeError::UnusedOption {
            option,
            method: self,
            users: Self::names(takes),
        }
    }

    /// Names of the methods for which `is_meant` holds.
    pub(crate) fn names(is_meant: impl Fn(Self) -> bool) -> String {
        let meant = Self::ALL.into_iter().filter(|method| is_meant(*method));
        meant.map(Self::name).collect::<Vec<_>>().join(", ")
    }

    /// Builds the method, taking from `options` the ones that it uses.
    fn assemble(self, options: &mut MethodOptions, seed: u64) -> Result<Algorithm, RecipeError> {
        let random = Random::new(seed);
        Ok(match self {
            Self::Random => Algorithm::PerLayer(mask_only(random, Scope::PerLayer, options)),
            Self::Magnitude => Algorithm::PerLayer(mask_only(Magnitude, Scope::PerLayer, options)),
            Self::Wanda => Algorithm::PerLayer(mask_only(Wanda, Scope::PerOutput, options)),
            Self::Ria => Algorithm::PerLayer(mask_only(Ria::default(), Scope::PerLayer, options)),
            Self::WandaPlusPlus => Algorithm::PerLayer(mask_only(WandaPlusPlus::default(), Scope::PerOutput, options)),
            Self::Taylor => Algorithm::PerLayer(mask_only(Taylor::default(), Scope::PerLayer, options)),
            Self::Fisher => Algorithm::PerLayer(mask_only(Fisher, Scope::PerLayer, options)),
            Self::SparseGpt => Algorithm::PerLayer(Box::new(sparsegpt(options))),
            Self::LAdmm => Algorithm::PerLayer(Box::new(l_admm(options)?)),
            Self::Alps => Algorithm::PerLayer(Box::new(alps(options)?)),
            Self::Safe => Algorithm::PerBlock(safe(options)?),
            Self::RandomFinetune => masked(Self::Random, mask_only(random, Scope::PerLayer, options)),
            Self::WandaFinetune => masked(Self::Wanda, mask_only(Wanda, Scope::PerOutput, options)),
            Self::Elsa => elsa(ElsaState::Single, options),
            Self::ElsaL => elsa(ElsaState::Low, options),
        })
    }
}

fn mask_only(score: impl Importance + 'static, scope: Scope, options: &mut MethodOptions) -> Box<dyn LayerMethod> {
    Box::new(MaskOnly::new(score, options.scope.take().unwrap_or(scope)))
}

fn sparsegpt(options: &mut MethodOptions) -> SparseGpt {
    let default = SparseGpt::default();
    SparseGpt {
        damping: options.damping.take().unwrap_or(default.damping),
        ..default
    }
}

fn l_admm(options: &mut MethodOptions) -> Result<LAdmm, PruneError> {
    let default = LAdmm::default();
    let l_admm = LAdmm {
        damping: options.damping.take().unwrap_or(default.damping),
        iterations: options.iterations.take().unwrap_or(default.iterations),
        schedule: options.schedule.take().unwrap_or(default.schedule),
        ..default
    };
    l_admm.check()?;
    Ok(l_admm)
}

fn alps(options: &mut MethodOptions) -> Result<Alps, PruneError> {
    let default = Alps::default();
    let alps = Alps {
        damping: options.damping.take().unwrap_or(default.damping),
        max_iterations: options.iterations.take().unwrap_or(default.max_iterations),
        ..default
    };
    alps.check()?;
    Ok(alps)
}

fn safe(options: &mut MethodOptions) -> Result<Safe, PruneError> {
    let safe = options.safe.take().unwrap_or_default();
    safe.check()?;
    Ok(safe)
}

fn masked(method: Method, layer_method: Box<dyn LayerMethod>) -> Algorithm {
    Algorithm::WholeModel(WholeModel::Masked(FirstStage { method, layer_method }))
}

fn elsa(state: ElsaState, options: &mut MethodOptions) -> Algorithm {
    let scope = options.scope.take().unwrap_or(Scope::PerLayer);
    Algorithm::WholeModel(WholeModel::Elsa(Elsa { scope, state }))
}
