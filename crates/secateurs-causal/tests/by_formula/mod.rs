//! What learners make small, as it reads on paper.

use secateurs_causal::{Arm, EffectModel, Learner, Network, Study};

/// Mean squared errors over all rows for S, summed over the means of the arms for the others, and what Dragon adds.
pub fn loss_by_formula<N: Network>(model: &EffectModel<N>, study: &Study, propensity_weight: f64) -> f64 {
    let outcomes = model.outcomes(study.x()).unwrap();
    let squares = |arm: Arm| {
        let predicted = if arm == Arm::Control {
            &outcomes.mu0
        } else {
            &outcomes.mu1
        };
        let rows = study.rows_of(arm).into_iter();
        rows.map(|row| (predicted[row] - study.outcome()[row]).powi(2))
            .sum::<f64>()
    };
    let error = match model.learner() {
        Learner::S => Arm::BOTH.map(squares).iter().sum::<f64>() / study.rows() as f64,
        _ => Arm::BOTH.map(|arm| squares(arm) / study.n_of(arm) as f64).iter().sum(),
    };
    let entropy = model.propensity(study.x()).unwrap().map_or(0.0, |propensity| {
        let of_row = |(p, treated): (&f64, &bool)| -if *treated { *p } else { 1.0 - p }.ln();
        propensity.iter().zip(study.treated()).map(of_row).sum::<f64>() / study.rows() as f64
    });
    error + propensity_weight * entropy
}
