//! Trained networks on one task.

use burn::tensor::Device;
use secateurs::kan::{BasisConfig, Optimizer, PipelineConfig, Schedule};
use secateurs_causal::{KanBase, Learner, LearnerConfig, MlpBase, NetworkFormulas, Studies, Study};

use super::closed::{names, of_model};
use super::{Cell, Measured};
use crate::ExperimentError;
use crate::causal_data::CausalTask;

/// Share of the training rows that decides when to stop and how far to simplify.
const VALIDATION: f64 = 0.2;

/// On the edges of all networks.
const SPLINE: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 3,
};

/// Nodes of the hidden layer, where there is one.
const HIDDEN: usize = 5;

pub(super) fn cell(task: &CausalTask, device: &Device) -> Result<Cell, ExperimentError> {
    let (train, validation) = task.train.split(VALIDATION, 0)?;
    let mut measured = Vec::new();
    let mut formulas = Vec::new();
    let additive = KanBase::additive(SPLINE);
    let deep = KanBase::new([HIDDEN], SPLINE);
    for (learner, kind, base) in [
        (Learner::T, "KAAM", &additive),
        (Learner::Dragon, "KAAM", &additive),
        (Learner::T, "KAN", &deep),
    ] {
        let name = format!("{}-{kind}, trained", learner.name());
        let (numbers, formula) = kan((learner, &name, base), (&train, &validation), task, device)?;
        measured.extend(numbers);
        formulas.push(format!("{name}: effect = {formula}"));
    }
    measured.extend(perceptron((&train, &validation), task, device)?);
    Ok(Cell { measured, formulas })
}

fn kan(
    (learner, name, base): (Learner, &str, &KanBase),
    (train, validation): (&Study, &Study),
    task: &CausalTask,
    device: &Device,
) -> Result<(Vec<Measured>, String), ExperimentError> {
    let base = base.clone().with_lambda(0.01);
    let config = LearnerConfig::new(learner, Schedule::new(Optimizer::LBFGS, 10).with_patience(3));
    let (model, _) = config.fit(&base, Studies::new(train, validation), device, &mut |_| ())?;
    let refit = LearnerConfig {
        schedule: Schedule::new(Optimizer::LBFGS, 3).with_patience(1),
        ..config
    };
    let pipeline = PipelineConfig {
        thresholds: vec![0.1, 0.03, 0.01],
        r_squared: vec![0.9, 0.98, 0.995],
        ..PipelineConfig::default()
    };
    let names = names(train.d_input());
    let found = model.formulas((train, validation), &names, (&refit, &base), &pipeline)?;
    let (x, test) = (task.test.x(), &task.test);
    let mut all = Vec::new();
    for (stage, outcomes) in [
        ("full", model.outcomes(x)?),
        ("pruned", found.pruned.outcomes(x)?),
        ("symbolic", NetworkFormulas::outcomes(&found.symbolic, x)?),
        ("truncated", NetworkFormulas::outcomes(&found.rounded, x)?),
    ] {
        all.extend(of_model((name, stage), &outcomes, test)?);
    }
    let edges = |of: fn(&secateurs::kan::Simplified) -> usize| found.networks.iter().map(of).sum::<usize>() as f64;
    all.push(Measured::new(
        (name, "full"),
        "edges",
        edges(|network| network.attempts[0].edges),
    ));
    all.push(Measured::new(
        (name, "pruned"),
        "edges",
        edges(|network| network.pruned.n_edges()),
    ));
    Ok((all, found.effect().to_string()))
}

/// TARNet.
fn perceptron(
    (train, validation): (&Study, &Study),
    task: &CausalTask,
    device: &Device,
) -> Result<Vec<Measured>, ExperimentError> {
    let optimizer = Optimizer::Adam { learning_rate: 1e-3 };
    let config = LearnerConfig::new(Learner::Tar, Schedule::new(optimizer, 600).with_patience(60));
    let base = MlpBase::new([100, 100], [50]);
    let (model, _) = config.fit(&base, Studies::new(train, validation), device, &mut |_| ())?;
    of_model(
        ("TAR-MLP, trained", "full"),
        &model.outcomes(task.test.x())?,
        &task.test,
    )
}
