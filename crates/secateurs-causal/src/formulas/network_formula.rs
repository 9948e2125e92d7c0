//! One formula for each outcome and for the effect, from trained Kolmogorov-Arnold networks.

use burn::module::Module;
use secateurs_formula::{Expr, Formula, Rounding};
use secateurs_kan::{Kan, KanError, PipelineConfig, Simplified, Task, simplify};

use crate::data::scale::range;
use crate::data::study::{Outcomes, Study, check_length};
use crate::error::{Arm, Column};
use crate::learners::effect_model::EffectModel;
use crate::learners::kan_base::KanBase;
use crate::learners::learner::Learner;
use crate::learners::rows::{inputs, shares};
use crate::learners::studies::Studies;
use crate::learners::training::LearnerConfig;
use crate::{CausalError, Result};

/// A change of the effect that nobody sees, as a share of what outcomes differ.
const UNSEEN: f64 = 1e-8;
/// Digits of a number in double precision.
const MOST_DIGITS: u8 = 17;
/// Values of each covariate at which rounding is judged.
const STEPS: u32 = 8;

/// What simplifying a learner's networks gave.
#[derive(Debug, Clone)]
pub struct NetworkFormulas {
    /// Each network on its way.
    pub networks: Vec<Simplified>,
    /// The model after pruning.
    pub pruned: EffectModel<Kan>,
    /// Outcomes without and with treatment, with unrounded constants.
    pub symbolic: [Formula; 2],
    /// The same, rounded as far as the budget allows.
    pub rounded: [Formula; 2],
}

impl NetworkFormulas {
    /// The effect: the difference of the rounded outcomes, whose constants have as few digits as change it by no more than 1e-8 of
    /// what the outcomes differ over the ranges of the covariates.
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

    /// Expected outcomes by some formulas, `symbolic` or `rounded`, for rows `[rows, d_input]`; each covariate is moved into the
    /// range that the formulas were fitted on.
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
    /// Prunes the networks, trains them on, replaces their splines by functions, trains those, and rounds, each stage as far as
    /// the budget allows on the validation rows; see [`simplify`].
    ///
    /// A network of a T-learner is judged and trained by the rows of its own arm; its penalty and the units are those of all
    /// rows. Training is that of `config` with `base`, whose grids stay.
    ///
    /// # Errors
    ///
    /// If there are not as many names as covariates, a study has others or rows of one arm only, or training fails.
    pub fn formulas(
        &self,
        (train, validation): (&Study, &Study),
        names: &[String],
        (config, base): (&LearnerConfig, &KanBase),
        pipeline: &PipelineConfig,
    ) -> Result<NetworkFormulas> {
        check_length(Column::Covariates, self.d_input(), names.len())?;
        for study in [train, validation] {
            study.check_d_input(self.d_input())?;
            study.check_arms()?;
        }
        train.check_overlap()?;
        let base = base.clone().with_fixed_grids();
        let mut input_names = names.to_vec();
        if self.learner() == Learner::S {
            input_names.push("t".to_owned());
        }
        let mut networks = Vec::new();
        for number in 0..self.networks().len() {
            let task = OfNetwork::new((self.learner(), number), (train, validation), (config, &base));
            let network = self.networks()[number].clone();
            networks.push(simplify(network, &input_names, &task, pipeline)?);
        }
        let pruned = self
            .clone()
            .map_networks(|number, _| Ok::<_, CausalError>(networks[number].pruned.clone()))?;
        let outcomes = |of: fn(&Simplified) -> &Vec<Formula>| {
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

/// Rows in ranges: each covariate goes through its own while the others are in the middle, and all go together.
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

/// The formula with the treatment put in for the last variable.
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
struct OfNetwork<'a> {
    learner: Learner,
    number: usize,
    train: &'a Study,
    validation: &'a Study,
    config: &'a LearnerConfig,
    base: &'a KanBase,
    train_inputs: Vec<f64>,
    validation_inputs: Vec<f64>,
}

impl<'a> OfNetwork<'a> {
    fn new(
        (learner, number): (Learner, usize),
        (train, validation): (&'a Study, &'a Study),
        (config, base): (&'a LearnerConfig, &'a KanBase),
    ) -> Self {
        let of = |study: &Study| {
            let treatment = study.treatment();
            inputs(study.x(), study.d_input(), learner, |row| treatment[row])
        };
        Self {
            learner,
            number,
            train_inputs: of(train),
            validation_inputs: of(validation),
            train,
            validation,
            config,
            base,
        }
    }
}

impl Task for OfNetwork<'_> {
    fn train_inputs(&self) -> &[f64] {
        &self.train_inputs
    }

    fn validation_inputs(&self) -> &[f64] {
        &self.validation_inputs
    }

    /// The sum over the arms that the network predicts of the mean squared error of their rows; for an S-learner that of all
    /// rows.
    fn loss(&self, outputs: &[f64]) -> f64 {
        let n_outputs = self.learner.outputs().len();
        let shares = shares(self.validation, self.learner);
        let of_row = |row: usize| {
            let arm = self.validation.arm(row);
            let head = self.learner.head(arm);
            let error = outputs[row * n_outputs + head.output] - self.validation.outcome()[row];
            // The other network of a T-learner has this row.
            let own = head.network == self.number;
            f64::from(u8::from(own)) * shares[arm.index()] * error * error
        };
        (0..self.validation.rows()).map(of_row).sum()
    }

    fn refit(&self, kan: Kan) -> Result<Kan, KanError> {
        let config = LearnerConfig {
            learner: self.learner,
            ..*self.config
        };
        let studies = Studies::new(self.train, self.validation);
        match config.refit_network(self.base, self.number, kan, studies) {
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
