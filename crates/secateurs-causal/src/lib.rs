#![doc = include_str!("../README.md")]

mod additive;
mod data;
mod error;
mod formulas;
mod learners;
mod measures;
pub mod plots;

pub use additive::model::{Additive, AdditiveConfig, AdditiveFunction, AdditiveLearner};
pub use additive::pooling::{Pooling, PoolingChoice, PoolingSearch};
pub use additive::ridge::Ridge;
pub use additive::term::{FewValues, Term};
pub use data::study::{Outcomes, Study};
pub use data::synthetic::Synthetic;
pub use error::{Arm, CausalError, Column, Result};
pub use formulas::effect_formula::{EffectFormulas, FormulaConfig, FormulaStage, Pruned};
pub use formulas::network_formula::{NetworkFormulas, Retraining};
pub use learners::base::{Base, Network, Output};
pub use learners::config::{LearnerConfig, OutcomeUnits};
pub use learners::effect_model::EffectModel;
pub use learners::kan_base::KanBase;
pub use learners::learner::{Head, Learner};
pub use learners::mlp::{Mlp, MlpBase};
pub use learners::studies::Studies;
pub use learners::training::Trained;
pub use measures::comparison::{holm, wilcoxon};
pub use measures::metrics::{
    Summary, average_effect, average_effect_error, factual_error, pehe, policy_regret, policy_risk,
};
pub use secateurs_formula as formula;
