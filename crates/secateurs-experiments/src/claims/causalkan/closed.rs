//! Models in closed form on one task.

use secateurs_causal::{
    AdditiveConfig, AdditiveLearner, Arm, EffectFormulas, FewValues, FormulaConfig, Outcomes, PoolingSearch, Ridge,
    Study, average_effect_error, factual_error, pehe,
};

use super::{Cell, Measured, fold};
use crate::ExperimentError;
use crate::causal_data::CausalTask;

pub(super) fn cell(task: &CausalTask) -> Result<Cell, ExperimentError> {
    let mut measured = constant_effect(task)?;
    for (method, config, is_control) in ridges()? {
        let model = config.fit(&task.train)?;
        let full = of_model((method, "full"), &model.outcomes(task.test.x())?, &task.test)?;
        measured.extend(full.into_iter().map(|one| if is_control { one.control() } else { one }));
    }
    measured.extend(fold::measured(task)?);
    let (model, _) = PoolingSearch::default().fit(&task.train)?;
    let names = names(task.train.d_input());
    let formulas = model.formulas(&task.train, &names, &FormulaConfig::default())?;
    let x = task.test.x();
    for (stage, outcomes) in [
        ("full", model.outcomes(x)?),
        ("pruned", formulas.pruned.outcomes(x)?),
        ("symbolic", formulas.symbolic_outcomes(x)?),
        ("truncated", formulas.outcomes(x)?),
    ] {
        measured.extend(of_model(("KAAM", stage), &outcomes, &task.test)?);
    }
    let [_, in_effect] = formulas.pruned.kept();
    let size = formulas.rounded[1].expr.size() as f64;
    let terms = [
        ("full", task.train.d_input() as f64),
        ("truncated", in_effect.len() as f64),
    ];
    measured.extend(terms.map(|(stage, terms)| Measured::new(("KAAM", stage), "effect_terms", terms)));
    measured.push(Measured::new(("KAAM", "truncated"), "effect_formula_size", size));
    Ok(Cell {
        measured,
        formulas: texts(&formulas),
    })
}

/// Names `x1`, `x2`, ...
pub(super) fn names(d_input: usize) -> Vec<String> {
    (1..=d_input).map(|j| format!("x{j}")).collect()
}

fn texts(formulas: &EffectFormulas) -> Vec<String> {
    let [outcome, effect] = &formulas.rounded;
    vec![
        format!("KAAM effect = {effect}"),
        format!("KAAM outcome without treatment = {outcome}"),
    ]
}

/// Errors of effects and of observed outcomes.
pub(super) fn of_model(
    name: (&str, &str),
    outcomes: &Outcomes,
    test: &Study,
) -> Result<Vec<Measured>, ExperimentError> {
    let effects = outcomes.effects();
    Ok(vec![
        Measured::new(name, "pehe", pehe(&effects, test)?),
        Measured::new(name, "ate_error", average_effect_error(&effects, test)?),
        Measured::new(name, "factual_mse", factual_error(outcomes, test)?),
    ])
}

/// The difference of the means of the arms for everybody.
fn constant_effect(task: &CausalTask) -> Result<Vec<Measured>, ExperimentError> {
    let mean = |arm: Arm| {
        let of_arm = task.train.rows_of(arm);
        of_arm.iter().map(|row| task.train.outcome()[*row]).sum::<f64>() / of_arm.len() as f64
    };
    let rows = task.test.rows();
    let outcomes = Outcomes {
        mu0: vec![mean(Arm::Control); rows],
        mu1: vec![mean(Arm::Treated); rows],
    };
    let measured = of_model(("difference of means", "full"), &outcomes, &task.test)?;
    Ok(measured.into_iter().map(Measured::control).collect())
}

fn ridges() -> Result<Vec<(&'static str, AdditiveConfig, bool)>, ExperimentError> {
    let config = |learner, ridge| {
        let config = AdditiveConfig::new(learner, Ridge::fixed(ridge)?);
        Ok::<_, ExperimentError>(config.with_few_values(FewValues::Lines))
    };
    Ok(vec![
        ("S linear, ridge 1", config(AdditiveLearner::S, 1.0)?.lines(), true),
        ("T linear, ridge 1", config(AdditiveLearner::T, 1.0)?.lines(), true),
        ("S additive, ridge 1", config(AdditiveLearner::S, 1.0)?, false),
        ("T additive, ridge 1", config(AdditiveLearner::T, 1.0)?, false),
        ("T additive, ridge 10", config(AdditiveLearner::T, 10.0)?, false),
    ])
}
