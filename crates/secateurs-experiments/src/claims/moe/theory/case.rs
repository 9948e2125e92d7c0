//! What is learned, and how.

use secateurs::moe_theory::{Draws, FeatureLearning, FineTuning, Mixture, Mode, TheoryError};

use crate::outcome::Tier;

/// Steps of fine-tuning after which losses are reported.
pub(super) const TUNED_STEPS: [usize; 3] = [500, 1000, 1500];

/// How weights are trained while features are learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Training {
    /// At the same rate as vectors.
    Joint,
    /// At the rate of vectors over the number of experts: as fast as these relative to its size.
    SlowWeights,
    /// Not at all, from `1 / n_experts`.
    FrozenWeights,
    /// Not at all, from 1.
    UnitWeights,
    /// Not at all, and each expert learns as if there were no others.
    CorrelationOnly,
}

impl Training {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Joint => "joint",
            Self::SlowWeights => "slow-weights",
            Self::FrozenWeights => "frozen-weights",
            Self::UnitWeights => "unit-weights",
            Self::CorrelationOnly => "correlation-only",
        }
    }

    fn mode(self) -> Mode {
        match self {
            Self::Joint | Self::SlowWeights => Mode::Joint,
            Self::FrozenWeights | Self::UnitWeights => Mode::FrozenWeights,
            Self::CorrelationOnly => Mode::CorrelationOnly,
        }
    }
}

/// One setting, run with several seeds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) d_input: usize,
    pub(super) n_teachers: usize,
    pub(super) n_experts: usize,
    pub(super) training: Training,
    pub(super) batch_size: usize,
    pub(super) learning_rate: f64,
    pub(super) steps: usize,
    pub(super) seeds: u64,
}

impl Case {
    pub(super) fn all(tier: Tier) -> Vec<Self> {
        match tier {
            Tier::Quick => vec![
                Self::in_40(Training::Joint, 3),
                Self::in_200(Training::SlowWeights, 1),
                // Enough for this seed.
                Self {
                    steps: 3000,
                    ..Self::in_1000(Training::SlowWeights, 1)
                },
            ],
            Tier::Full => vec![
                Self::in_40(Training::Joint, 10),
                Self::in_40(Training::SlowWeights, 10),
                Self::in_40(Training::CorrelationOnly, 10),
                Self {
                    learning_rate: 0.02,
                    steps: 1500,
                    ..Self::in_40(Training::UnitWeights, 10)
                },
                Self::in_200(Training::Joint, 5),
                Self::in_200(Training::SlowWeights, 5),
                Self::in_1000(Training::Joint, 2),
                Self::in_1000(Training::SlowWeights, 5),
                Self::in_1000(Training::FrozenWeights, 2),
            ],
        }
    }

    fn in_40(training: Training, seeds: u64) -> Self {
        Self {
            d_input: 40,
            n_teachers: 3,
            n_experts: 15,
            training,
            batch_size: 4096,
            learning_rate: 0.05,
            steps: 2000,
            seeds,
        }
    }

    fn in_200(training: Training, seeds: u64) -> Self {
        Self {
            d_input: 200,
            n_teachers: 5,
            n_experts: 25,
            steps: 1500,
            ..Self::in_40(training, seeds)
        }
    }

    /// The sizes of the paper's figure.
    fn in_1000(training: Training, seeds: u64) -> Self {
        Self {
            d_input: 1000,
            batch_size: 8192,
            steps: 4000,
            ..Self::in_200(training, seeds)
        }
    }

    /// Dimensions, teachers and experts.
    pub(super) fn sizes(&self) -> String {
        format!("d={} m*={} m={}", self.d_input, self.n_teachers, self.n_experts)
    }

    /// What plots and cells are called.
    pub(super) fn name(&self) -> String {
        format!("theory-{}-{}", self.d_input, self.training.name())
    }

    /// A student of that many experts before it learns.
    pub(super) fn student(&self, n_experts: usize, seed: u64) -> Result<Mixture, TheoryError> {
        let student = Mixture::student(n_experts, self.d_input, seed)?;
        match self.training {
            Training::UnitWeights => student.with_weights(vec![1.0; n_experts]),
            _ => Ok(student),
        }
    }

    /// How students learn, with any number of experts.
    pub(super) fn learning(&self, seed: u64) -> FeatureLearning {
        FeatureLearning {
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            weight_rate: match self.training {
                Training::SlowWeights => self.learning_rate / self.n_experts as f64,
                _ => self.learning_rate,
            },
            steps: self.steps,
            seed,
            record_every: 20,
            mode: self.training.mode(),
            draws: Draws::Span,
        }
    }

    /// How what is left is fine-tuned.
    pub(super) fn tuning(&self, seed: u64) -> FineTuning {
        FineTuning {
            steps: TUNED_STEPS[2],
            seed,
            // A divisor of all of these, so that they are recorded.
            record_every: 20,
            draws: Draws::Span,
            ..FineTuning::default()
        }
    }
}
