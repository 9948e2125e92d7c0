//! Teachers, students and how they learn.

use secateurs::moe_theory::{Draws, FeatureLearning, FineTuning, Mixture, Mode, TheoryError};

use crate::outcome::Tier;

/// Steps of fine-tuning; rows report after each third.
const TUNED_STEPS: usize = 1500;

/// Training of weights while features are learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum WeightTraining {
    /// Weights that learn at the same rate as vectors.
    Joint,
    /// Weights that learn at the rate of vectors over the number of experts: as fast as vectors relative to their size.
    SlowWeights,
    /// Not at all, from `1 / n_experts`.
    FrozenWeights,
    /// Not at all, from 1.
    UnitWeights,
    /// Not at all, and each expert learns as if there were no others.
    CorrelationOnly,
}

impl WeightTraining {
    pub fn name(self) -> &'static str {
        match self {
            Self::Joint => "joint",
            Self::SlowWeights => "slow-weights",
            Self::FrozenWeights => "frozen-weights",
            Self::UnitWeights => "unit-weights",
            Self::CorrelationOnly => "correlation-only",
        }
    }

    pub fn describe(self) -> &'static str {
        match self {
            Self::Joint => {
                "at the rate of vectors, by which weights of experts that are not aligned decay to nothing before these find a \
                 teacher if there are many dimensions"
            }
            Self::SlowWeights => "at the rate of vectors over m",
            Self::FrozenWeights => "left at 1/m",
            Self::UnitWeights => "left at 1",
            Self::CorrelationOnly => "left at 1/m, and vectors follow -f* in place of f - f*",
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
pub struct TheoryCase {
    pub d_input: usize,
    pub n_teachers: usize,
    pub n_experts: usize,
    pub training: WeightTraining,
    pub batch_size: usize,
    pub learning_rate: f64,
    pub steps: usize,
    pub seeds: u64,
}

impl TheoryCase {
    pub fn all(tier: Tier) -> Vec<Self> {
        match tier {
            Tier::Quick => vec![Self::in_40(WeightTraining::SlowWeights, 3)],
            Tier::Standard => vec![
                Self::in_40(WeightTraining::SlowWeights, 3),
                Self::in_40(WeightTraining::Joint, 3),
                Self::in_200(WeightTraining::SlowWeights, 1),
                // Enough for this seed.
                Self {
                    steps: 3000,
                    ..Self::in_1000(WeightTraining::SlowWeights, 1)
                },
            ],
            Tier::Full => vec![
                Self::in_40(WeightTraining::Joint, 10),
                Self::in_40(WeightTraining::SlowWeights, 10),
                Self::in_40(WeightTraining::CorrelationOnly, 10),
                Self {
                    learning_rate: 0.02,
                    steps: 1500,
                    ..Self::in_40(WeightTraining::UnitWeights, 10)
                },
                Self::in_200(WeightTraining::Joint, 5),
                Self::in_200(WeightTraining::SlowWeights, 5),
                Self::in_1000(WeightTraining::Joint, 2),
                Self::in_1000(WeightTraining::SlowWeights, 5),
                Self::in_1000(WeightTraining::FrozenWeights, 2),
            ],
        }
    }

    fn in_40(training: WeightTraining, seeds: u64) -> Self {
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

    fn in_200(training: WeightTraining, seeds: u64) -> Self {
        Self {
            d_input: 200,
            n_teachers: 5,
            n_experts: 25,
            steps: 1500,
            ..Self::in_40(training, seeds)
        }
    }

    /// The sizes of the paper's figure.
    fn in_1000(training: WeightTraining, seeds: u64) -> Self {
        Self {
            d_input: 1000,
            batch_size: 8192,
            steps: 4000,
            ..Self::in_200(training, seeds)
        }
    }

    /// Dimensions, teachers and experts.
    pub fn sizes(&self) -> String {
        format!("d={} m*={} m={}", self.d_input, self.n_teachers, self.n_experts)
    }

    /// Name of its charts and the start of the names of its cells.
    pub fn name(&self) -> String {
        format!("theory-{}-{}", self.d_input, self.training.name())
    }

    /// A student of that many experts before it learns.
    pub fn student(&self, n_experts: usize, seed: u64) -> Result<Mixture, TheoryError> {
        let student = Mixture::student(n_experts, self.d_input, seed)?;
        match self.training {
            WeightTraining::UnitWeights => student.with_weights(vec![1.0; n_experts]),
            _ => Ok(student),
        }
    }

    /// The first phase, for any number of experts.
    pub fn learning(&self, seed: u64) -> FeatureLearning {
        FeatureLearning {
            batch_size: self.batch_size,
            learning_rate: self.learning_rate,
            weight_rate: match self.training {
                WeightTraining::SlowWeights => self.learning_rate / self.n_experts as f64,
                _ => self.learning_rate,
            },
            steps: self.steps,
            seed,
            record_every: 20,
            mode: self.training.mode(),
            draws: Draws::Span,
        }
    }

    /// The last phase.
    pub fn tuning(&self, seed: u64) -> FineTuning {
        FineTuning {
            steps: TUNED_STEPS,
            seed,
            // A divisor of each third, so that it is recorded.
            record_every: 20,
            draws: Draws::Span,
            ..FineTuning::default()
        }
    }
}
