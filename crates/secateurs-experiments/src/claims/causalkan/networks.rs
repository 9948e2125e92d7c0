//! Trained networks on one task.

use burn::tensor::Device;
use secateurs::kan::{BasisConfig, FormulaSearch, Optimizer, Schedule};
use secateurs_causal::{KanBase, Learner, LearnerConfig, MlpBase, NetworkFormulas, Retraining, Studies, Study};

use super::cell::{ModelNumber, ModelStage, TaskCell};
use super::closed::{measure_model, name_covariates};
use crate::ExperimentError;
use crate::causal_data::CausalTask;

/// Share of the training rows that decides when to stop and how far to simplify.
const VALIDATION: f64 = 0.2;

/// Splines on the edges of all networks.
const SPLINE: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 3,
};

/// Nodes of the hidden layer, where there is one.
const HIDDEN: usize = 5;

/// Rows to learn from, rows that decide when to stop, and rows to evaluate on.
struct Split<'a> {
    train: Study,
    validation: Study,
    test: &'a Study,
    device: &'a Device,
}

/// A kind of network, with its name in rows.
struct NetworkKind<'a> {
    learner: Learner,
    suffix: &'a str,
    base: &'a KanBase,
}

/// Trained networks, perceptrons among them.
pub fn measure_networks(task: &CausalTask, device: &Device) -> Result<TaskCell, ExperimentError> {
    let (train, validation) = task.train.split(VALIDATION, 0)?;
    let split = Split {
        train,
        validation,
        test: &task.test,
        device,
    };
    let kind = |learner, suffix, base| NetworkKind { learner, suffix, base };
    let (additive, deep) = (KanBase::additive(SPLINE), KanBase::new([HIDDEN], SPLINE));
    let mut cell = TaskCell {
        numbers: Vec::new(),
        formulas: Vec::new(),
    };
    for kind in [
        kind(Learner::T, "KAAM", &additive),
        kind(Learner::Dragon, "KAAM", &additive),
        kind(Learner::T, "KAN", &deep),
    ] {
        add_network(&mut cell, &kind, &split)?;
    }
    cell.numbers.extend(measure_perceptron(&split)?);
    Ok(cell)
}

/// Trains a network, and simplifies it down to one formula.
fn add_network(cell: &mut TaskCell, kind: &NetworkKind<'_>, split: &Split<'_>) -> Result<(), ExperimentError> {
    let Split {
        train,
        validation,
        test,
        device,
    } = split;
    let name = format!("{}-{}, trained", kind.learner.name(), kind.suffix);
    let base = kind.base.clone().with_lambda(0.01);
    let config = LearnerConfig::new(kind.learner, Schedule::new(Optimizer::LBFGS, 10).with_patience(3));
    let (model, _) = config.fit(&base, Studies::new(train, validation), device, &mut |_| ())?;
    let retrain = LearnerConfig {
        schedule: Schedule::new(Optimizer::LBFGS, 3).with_patience(1),
        ..config
    };
    let names = name_covariates(train.d_input());
    let retraining = Retraining {
        train,
        validation,
        config: &retrain,
        base: &base,
    };
    let found = model.formulas(&names, retraining, &search())?;
    let x = test.x();
    for (stage, outcomes) in [
        ("full", model.outcomes(x)?),
        ("pruned", found.pruned.outcomes(x)?),
        ("symbolic", NetworkFormulas::outcomes(&found.symbolic, x)?),
        ("truncated", NetworkFormulas::outcomes(&found.rounded, x)?),
    ] {
        cell.numbers
            .extend(measure_model(ModelStage::new(&name, stage), &outcomes, test)?);
    }
    let edges = |of: fn(&secateurs::kan::FoundFormulas) -> usize| found.networks.iter().map(of).sum::<usize>() as f64;
    let number = |stage, edges| ModelNumber::new(ModelStage::new(&name, stage), "edges", edges);
    cell.numbers
        .push(number("full", edges(|network| network.attempts[0].edges)));
    cell.numbers
        .push(number("pruned", edges(|network| network.pruned.n_edges())));
    cell.formulas.push(format!("{name}: effect = {}", found.effect()));
    Ok(())
}

fn search() -> FormulaSearch {
    FormulaSearch {
        thresholds: vec![0.1, 0.03, 0.01],
        r_squared: vec![0.9, 0.98, 0.995],
        ..FormulaSearch::default()
    }
}

/// TARNet.
fn measure_perceptron(split: &Split<'_>) -> Result<Vec<ModelNumber>, ExperimentError> {
    let optimizer = Optimizer::Adam { learning_rate: 1e-3 };
    let config = LearnerConfig::new(Learner::Tar, Schedule::new(optimizer, 600).with_patience(60));
    let base = MlpBase::new([100, 100], [50]);
    let rows = Studies::new(&split.train, &split.validation);
    let (model, _) = config.fit(&base, rows, split.device, &mut |_| ())?;
    let outcomes = model.outcomes(split.test.x())?;
    measure_model(ModelStage::new("TAR-MLP, trained", "full"), &outcomes, split.test)
}
