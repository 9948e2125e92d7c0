//! Models in closed form on one task.

use secateurs_causal::{
    AdditiveConfig, AdditiveLearner, Arm, EffectFormulas, FewValues, FormulaConfig, Outcomes, PoolingSearch, Ridge,
    Study, average_effect_error, factual_error, pehe,
};

use super::cell::{ModelNumber, ModelStage, TaskCell};
use super::fold;
use crate::ExperimentError;
use crate::causal_data::CausalTask;

pub fn measure_closed(task: &CausalTask) -> Result<TaskCell, ExperimentError> {
    let mut numbers = constant_effect(task)?;
    for (method, config, is_control) in ridges()? {
        let model = config.fit(&task.train)?;
        let full = measure_model(
            ModelStage::new(method, "full"),
            &model.outcomes(task.test.x())?,
            &task.test,
        )?;
        numbers.extend(full.into_iter().map(|one| if is_control { one.control() } else { one }));
    }
    numbers.extend(fold::measure_folding(task)?);
    let (model, _) = PoolingSearch::default().fit(&task.train)?;
    let names = name_covariates(task.train.d_input());
    let formulas = model.formulas(&task.train, &names, &FormulaConfig::default())?;
    let x = task.test.x();
    for (stage, outcomes) in [
        ("full", model.outcomes(x)?),
        ("pruned", formulas.pruned.outcomes(x)?),
        ("symbolic", formulas.symbolic_outcomes(x)?),
        ("truncated", formulas.outcomes(x)?),
    ] {
        numbers.extend(measure_model(ModelStage::new("KAAM", stage), &outcomes, &task.test)?);
    }
    let [_, in_effect] = formulas.pruned.kept();
    let size = formulas.rounded[1].expr.size() as f64;
    let terms = [
        ("full", task.train.d_input() as f64),
        ("truncated", in_effect.len() as f64),
    ];
    numbers.extend(terms.map(|(stage, terms)| ModelNumber::new(ModelStage::new("KAAM", stage), "effect_terms", terms)));
    numbers.push(ModelNumber::new(
        ModelStage::new("KAAM", "truncated"),
        "effect_formula_size",
        size,
    ));
    Ok(TaskCell {
        numbers,
        formulas: write_formulas(&formulas),
    })
}

/// Names `x1`, `x2`, ...
pub fn name_covariates(d_input: usize) -> Vec<String> {
    (1..=d_input).map(|j| format!("x{j}")).collect()
}

fn write_formulas(formulas: &EffectFormulas) -> Vec<String> {
    let [outcome, effect] = &formulas.rounded;
    vec![
        format!("KAAM effect = {effect}"),
        format!("KAAM outcome without treatment = {outcome}"),
    ]
}

/// Errors of effects and of observed outcomes.
pub fn measure_model(
    model: ModelStage<'_>,
    outcomes: &Outcomes,
    test: &Study,
) -> Result<Vec<ModelNumber>, ExperimentError> {
    let effects = outcomes.effects();
    Ok(vec![
        ModelNumber::new(model, "pehe", pehe(&effects, test)?),
        ModelNumber::new(model, "ate_error", average_effect_error(&effects, test)?),
        ModelNumber::new(model, "factual_mse", factual_error(outcomes, test)?),
    ])
}

/// The difference of the means of the arms for everybody.
fn constant_effect(task: &CausalTask) -> Result<Vec<ModelNumber>, ExperimentError> {
    let mean = |arm: Arm| {
        let of_arm = task.train.rows_of(arm);
        of_arm.iter().map(|row| task.train.outcome()[*row]).sum::<f64>() / of_arm.len() as f64
    };
    let rows = task.test.rows();
    let outcomes = Outcomes {
        mu0: vec![mean(Arm::Control); rows],
        mu1: vec![mean(Arm::Treated); rows],
    };
    let model = ModelStage::new("difference of means", "full");
    let numbers = measure_model(model, &outcomes, &task.test)?;
    Ok(numbers.into_iter().map(ModelNumber::control).collect())
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
