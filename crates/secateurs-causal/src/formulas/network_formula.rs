//! Finds one formula for each outcome and for the effect, from trained Kolmogorov-Arnold networks.

use burn::module::Module;
use secateurs_formula::{Expr, Formula, Rounding};
use secateurs_kan::{FormulaSearch, FoundFormulas, Kan, KanError, Task, find_formulas};

use crate::data::scale::range;
use crate::data::study::{Outcomes, Study, check_length};
use crate::error::{Arm, Column};
use crate::learners::config::LearnerConfig;
use crate::learners::effect_model::EffectModel;
use crate::learners::kan_base::KanBase;
use crate::learners::learner::Learner;
use crate::learners::rows::{inputs, shares};
use crate::learners::studies::Studies;
use crate::{CausalError, Result};

/// Negligible change of the effect, as a share of the difference between the outcomes.
const UNSEEN: f64 = 1e-8;
/// Number of decimal digits in double precision.
const MOST_DIGITS: u8 = 17;
/// Number of values of each covariate at which rounding is judged.
const STEPS: u32 = 8;

/// The rows and the settings with which networks become formulas.
#[derive(Debug, Clone, Copy)]
pub struct Retraining<'a> {
    /// Rows to train on.
    pub train: &'a Study,
    /// Rows that judge each stage and its training.
    pub validation: &'a Study,
    /// Training after each stage; the learner is the model's.
    pub config: &'a LearnerConfig,
    /// The base of the networks; their grids stay.
    pub base: &'a KanBase,
}

/// Formulas of a learner's networks.
#[derive(Debug, Clone)]
pub struct NetworkFormulas {
    /// The way of each network to its formulas.
    pub networks: Vec<FoundFormulas>,
    /// The model after pruning.
    pub pruned: EffectModel<Kan>,
    /// Outcomes without and with treatment, with unrounded constants.
    pub symbolic: [Formula; 2],
    /// The formulas with rounded constants, as far as the budget allows.
    pub rounded: [Formula; 2],
}

impl NetworkFormulas {
    /// The effect as a formula: the difference of the rounded outcomes, with constants of so few digits that it changes
    /// by at most 1e-8 of the difference between the outcomes over the ranges of the covariates.
    pub fn effect(&self) -> Formula {
        let [control, treated] = &self.rounded;
        let exact = control.with(treated.expr.clone().minus(control.expr.clone()));
        let rows = rows_within(&control.ranges);
        let values = |expr: &Expr| -> Vec<f64> { rows.iter().map(|row| expr.at(row)).collect() };
        let [low, high] = range(&[values(&control.expr), values(&treated.expr)].concat());
        let expected = values(&exact.expr);
        // Differences of rounded numbers are not round.
        let rounded = (1..=MOST_DIGITS).map(|digits| exact.expr.rounded(Rounding::Significant(digits)));
        // Nor are they more exact than the outcomes.
        let most = UNSEEN * (high - low) + 4.0 * f64::EPSILON * low.abs().max(high.abs());
        let mut close = rounded.filter(|expr| {
            let near = |(a, b): (&f64, &f64)| (a - b).abs() <= most;
            values(expr).iter().zip(&expected).all(near)
        });
        close.next().map_or(exact, |expr| control.with(expr))
    }

    /// Expected outcomes by some formulas, `symbolic` or `rounded`, for rows `[rows, d_input]`; each covariate is
    /// clamped to the range that the formulas were fitted on.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn outcomes([control, treated]: &[Formula; 2], x: &[f64]) -> Result<Outcomes> {
        let of = |formula: &Formula| Ok::<_, CausalError>(formula.evaluate(&formula.clamped(x))?.0);
        Ok(Outcomes {
            mu0: of(control)?,
            mu1: of(treated)?,
        })
    }
}

impl EffectModel<Kan> {
    /// Prunes the networks, trains them further, replaces their splines by functions, trains those, and rounds, each
    /// stage as far as the budget allows on the validation rows; see [`find_formulas`].
    ///
    /// A network of a T-learner is judged and trained by the rows of its own arm; its penalty and the units are those of all
    /// rows.
    ///
    /// # Errors
    ///
    /// If there are not as many names as covariates, a study has others or rows of one arm only, or training fails.
    pub fn formulas(
        &self,
        names: &[String],
        retraining: Retraining<'_>,
        search: &FormulaSearch,
    ) -> Result<NetworkFormulas> {
        check_length(Column::Covariates, self.d_input(), names.len())?;
        for study in [retraining.train, retraining.validation] {
            study.check_d_input(self.d_input())?;
            study.check_arms()?;
        }
        retraining.train.check_overlap()?;
        let base = retraining.base.clone().with_fixed_grids();
        let config = LearnerConfig {
            learner: self.learner(),
            ..*retraining.config
        };
        let retraining = Retraining {
            config: &config,
            base: &base,
            ..retraining
        };
        let mut input_names = names.to_vec();
        if self.learner() == Learner::S {
            input_names.push("t".to_owned());
        }
        let mut networks = Vec::new();
        for number in 0..self.networks().len() {
            let task = NetworkTask::new(number, retraining);
            let network = self.networks()[number].clone();
            networks.push(find_formulas(network, &input_names, &task, search)?);
        }
        let pruned = self
            .clone()
            .map_networks(|number, _| Ok::<_, CausalError>(networks[number].pruned.clone()))?;
        let outcomes = |of: fn(&FoundFormulas) -> &Vec<Formula>| {
            Arm::BOTH.map(|arm| {
                let head = self.head(arm);
                let formula = &of(&networks[head.network])[head.output];
                in_covariates(formula, names, head.treatment)
            })
        };
        Ok(NetworkFormulas {
            pruned,
            symbolic: outcomes(|network| &network.formulas),
            rounded: outcomes(|network| &network.rounded),
            networks,
        })
    }
}

/// Rows within ranges: each covariate runs through its range while the others stay in the middle, and all run together.
fn rows_within(ranges: &[[f64; 2]]) -> Vec<Vec<f64>> {
    let at = |[low, high]: [f64; 2], share: f64| low + (high - low) * share;
    let middle: Vec<f64> = ranges.iter().map(|range| at(*range, 0.5)).collect();
    let shares = || (0..=STEPS).map(|step| f64::from(step) / f64::from(STEPS));
    let together = shares().map(|share| ranges.iter().map(|range| at(*range, share)).collect());
    let single = (0..ranges.len()).flat_map(|index| {
        let middle = &middle;
        shares().map(move |share| {
            let mut row = middle.clone();
            row[index] = at(ranges[index], share);
            row
        })
    });
    together.chain(single).collect()
}

/// The formula with the treatment inserted for the last variable.
fn in_covariates(formula: &Formula, names: &[String], treatment: Option<f64>) -> Formula {
    let Some(treatment) = treatment else {
        return formula.clone();
    };
    let mut values: Vec<Expr> = (0..names.len()).map(Expr::Variable).collect();
    values.push(Expr::Constant(treatment));
    Formula {
        expr: formula.expr.substituted(&values),
        names: names.to_vec(),
        ranges: formula.ranges[..names.len()].to_vec(),
    }
}

/// The task of one network of a model.
struct NetworkTask<'a> {
    number: usize,
    retraining: Retraining<'a>,
    train_inputs: Vec<f64>,
    validation_inputs: Vec<f64>,
}

impl<'a> NetworkTask<'a> {
    fn new(number: usize, retraining: Retraining<'a>) -> Self {
        let learner = retraining.config.learner;
        let of = |study: &Study| {
            let treatment = study.treatment();
            inputs(study.x(), study.d_input(), learner, |row| treatment[row])
        };
        Self {
            number,
            train_inputs: of(retraining.train),
            validation_inputs: of(retraining.validation),
            retraining,
        }
    }
}

impl Task for NetworkTask<'_> {
    fn train_inputs(&self) -> &[f64] {
        &self.train_inputs
    }

    fn validation_inputs(&self) -> &[f64] {
        &self.validation_inputs
    }

    /// The mean squared error of the rows of an arm, summed over the arms that the network predicts; for an S-learner the
    /// mean squared error of all rows.
    fn loss(&self, outputs: &[f64]) -> f64 {
        let validation = self.retraining.validation;
        let learner = self.retraining.config.learner;
        let n_outputs = learner.outputs().len();
        let shares = shares(validation, learner);
        let of_row = |row: usize| {
            let arm = validation.arm(row);
            let head = learner.head(arm);
            let error = outputs[row * n_outputs + head.output] - validation.outcome()[row];
            // The other network of a T-learner has this row.
            let own = head.network == self.number;
            f64::from(u8::from(own)) * shares[arm.index()] * error * error
        };
        (0..validation.rows()).map(of_row).sum()
    }

    fn retrain(&self, kan: Kan) -> Result<Kan, KanError> {
        let Retraining {
            train,
            validation,
            config,
            base,
        } = self.retraining;
        let studies = Studies::new(train, validation);
        match config.retrain_network(base, self.number, kan, studies) {
            Ok(network) => Ok(network.valid()),
            Err(CausalError::Kan(error)) => Err(error),
            // The studies have been checked: what is left is training that ran away.
            Err(_) => Err(KanError::LossNotFinite {
                step: 0,
                loss: f64::NAN,
            }),
        }
    }
}
