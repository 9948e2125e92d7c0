//! Lengths and rates of training.

use secateurs::prune::Safe;
use secateurs::train::{ProjectionMetric, Proximal, ScheduleShape};
use secateurs::{Method, MethodOptions, Training};

use crate::claims::language_model::{PruningCase, Tuning};

/// Trainings of half the steps of the standard tier. The penalty was chosen among 60, 120 and 240 on Persuasion: a shorter way to the
/// sparse copy needs a stronger pull.
pub fn tune_quick(case: &PruningCase, method: Method) -> Tuning {
    let length = FixtureLength {
        steps: 128,
        lambda: 120.0,
        validation_windows: 8,
    };
    tune_fixture(case, method, length)
}

/// Trainings of a third of a minute on two cores.
pub fn tune_standard(case: &PruningCase, method: Method) -> Tuning {
    let length = FixtureLength {
        steps: 256,
        lambda: 60.0,
        validation_windows: 16,
    };
    tune_fixture(case, method, length)
}

/// Steps of the small model, and the penalty that suits them.
struct FixtureLength {
    steps: usize,
    lambda: f64,
    /// Windows on which the training is followed.
    validation_windows: usize,
}

/// The schedule of the small model, with sixteen sparse copies on the way.
fn tune_fixture(case: &PruningCase, method: Method, length: FixtureLength) -> Tuning {
    let FixtureLength { steps, lambda, .. } = length;
    let options = MethodOptions {
        safe: (method == Method::Safe).then(fixture_safe),
        ..MethodOptions::default()
    };
    let base = Training {
        texts: case.training_texts.clone(),
        window: Some(512),
        batch_size: Some(2),
        steps: Some(steps),
        validation: Some(case.calibration.clone()),
        validation_windows: Some(length.validation_windows),
        validate_every: Some(steps / 4),
        learning_rate: Some(3e-3),
        ..Training::default()
    };
    let training = train(base, method, Penalty::new(lambda, steps / 16));
    Tuning { training, options }
}

/// Settings of SAFE, chosen on Persuasion at 90 %; its first third calibrates.
fn fixture_safe() -> Safe {
    Safe {
        epochs: 20,
        batch_size: 4,
        learning_rate: 1.2e-2,
        lambda: 1e-2,
        interval: 8,
        ..Safe::default()
    }
}

/// Chosen among nine of rates from .001 to .01 and penalties from 1e-5 to 1 by the validation text, with the first six blocks
/// pruned to 90 %, windows of 256 tokens, and as many steps; each epoch takes minutes. None of the nine comes near SparseGPT.
fn full_safe() -> Safe {
    Safe {
        epochs: 6,
        batch_size: 1,
        learning_rate: 3e-3,
        lambda: 0.1,
        interval: 8,
        ..Safe::default()
    }
}

/// Settings for as much as two cores train in less than half an hour: a hundred thousand tokens, in many small steps,
/// which ELSA needs to find its mask.
pub fn tune_full(case: &PruningCase, method: Method) -> Tuning {
    let length = TrainingLength {
        steps: 192,
        batch_size: 2,
        window: 256,
    };
    tune_length(case, method, length)
}

/// Settings for as much as a graphics card trains in minutes: over a million tokens. A step is one pass, since short
/// passes keep a card waiting.
pub fn tune_full_on_gpu(case: &PruningCase, method: Method) -> Tuning {
    let length = TrainingLength {
        steps: 256,
        batch_size: 8,
        window: 512,
    };
    tune_length(case, method, length)
}

struct TrainingLength {
    steps: usize,
    /// Windows of a step.
    batch_size: usize,
    /// Tokens of a window.
    window: usize,
}

fn tune_length(case: &PruningCase, method: Method, length: TrainingLength) -> Tuning {
    let TrainingLength {
        steps,
        batch_size,
        window,
    } = length;
    let base = Training {
        texts: case.training_texts.clone(),
        window: Some(window),
        batch_size: Some(batch_size),
        steps: Some(steps),
        validation: case.validation_text.clone(),
        validate_every: Some(steps / 4),
        learning_rate: Some(6e-4),
        ..Training::default()
    };
    let options = MethodOptions {
        safe: (method == Method::Safe).then(full_safe),
        ..MethodOptions::default()
    };
    let training = train(base, method, Penalty::new(300.0, 8));
    Tuning { training, options }
}

/// ELSA's penalty, and the steps between two projections.
struct Penalty {
    lambda: f64,
    interval: usize,
}

impl Penalty {
    fn new(lambda: f64, interval: usize) -> Self {
        Self { lambda, interval }
    }
}

/// The methods that train the whole model share a schedule; ELSA adds its penalty.
fn train(base: Training, method: Method, penalty: Penalty) -> Option<Training> {
    let steps = base.steps();
    let base = Training {
        beta2: Some(0.99),
        ..base
    };
    match method {
        Method::WandaFinetune | Method::RandomFinetune => Some(Training {
            warmup: Some(steps / 16),
            ..base
        }),
        Method::Elsa | Method::ElsaL => Some(Training {
            warmup: Some(steps * 5 / 32),
            lambda: Some(penalty.lambda),
            lambda_schedule: Some(ScheduleShape::Linear),
            proximal: Some(Proximal::Decoupled),
            interval: Some(penalty.interval),
            metric: Some(ProjectionMetric::SecondMoment),
            ..base
        }),
        _ => None,
    }
}
