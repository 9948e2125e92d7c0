//! Finds one formula for the outcome without treatment and one for the effect, from an additive model.

use secateurs_formula::{Formula, Library, Rounding};
use secateurs_kan::Stage;
use secateurs_tensor::{KeptUnits, UnitReport};

use crate::Result;
use crate::additive::model::Additive;
use crate::data::study::{Outcomes, Study, check_length};
use crate::error::{Arm, Column};
use crate::formulas::decades::Part;

mod run;

use run::Run;

/// The settings of each stage, and its budget: how far it may change the predictions.
///
/// A stage is accepted if it changes the predictions of the fitted model little: over the training rows, the mean
/// squared change of the observed outcomes, and the one of the effects, may be at most this share of the mean squared
/// residual. So no stage needs rows of its own, and the formula cannot be more than a little worse than the model.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaConfig {
    /// Budget after pruning.
    pub prune: f64,
    /// Budget after pruning and finding functions.
    pub symbolic: f64,
    /// Budget after rounding as well.
    pub round: f64,
    /// Thresholds of pruning, the boldest first: a term is removed if its standard deviation is at most this share of
    /// the fitted outcomes' standard deviation.
    pub thresholds: Vec<f64>,
    /// Mean squared errors that functions of terms may have, in units of an equal share of the budget for each term;
    /// the boldest first. So a term that matters little gets a simple function.
    pub tolerances: Vec<f64>,
    /// The functions.
    pub library: Library,
    /// Roundings, the boldest first. They apply to constants in decades: outcomes and effects in the power of ten below
    /// the deviation of the outcomes, covariates in the power of ten below their range. So formulas have the same
    /// digits in all units.
    pub roundings: Vec<Rounding>,
}

impl Default for FormulaConfig {
    fn default() -> Self {
        Self {
            prune: 0.03,
            symbolic: 0.06,
            round: 0.08,
            thresholds: vec![0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01],
            tolerances: vec![8.0, 4.0, 2.0, 1.0, 0.5, 0.2, 0.05, 0.01],
            library: Library::default().with_polynomials(5),
            // Decimals remove small shifts; digits keep small factors.
            roundings: (1..=6)
                .flat_map(|n| [Rounding::Decimals(n), Rounding::Significant(n)])
                .collect(),
        }
    }
}

/// A finished stage with its changes and the remaining terms.
#[derive(Debug, Clone, PartialEq)]
pub struct FormulaStage {
    /// The stage with its setting: a share of the deviation of outcomes, a tolerance, or a rounding.
    pub stage: Stage,
    /// Mean squared change of the observed outcomes, and of the effects, as shares of the mean squared residual.
    pub change: [f64; 2],
    /// Number of terms of the outcome without treatment, and of the effect.
    pub terms: [usize; 2],
    /// Whether the change is within the budget; if no attempt was within it, the last one is taken.
    pub within_budget: bool,
}

/// Formulas of a study, stage by stage.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectFormulas {
    names: Vec<String>,
    /// The stages with their accepted settings.
    pub stages: Vec<FormulaStage>,
    /// The model after pruning, its functions still splines.
    pub pruned: Pruned,
    /// The outcome without treatment and the effect, with a function for every term.
    pub symbolic: [Formula; 2],
    /// The formulas with rounded constants.
    pub rounded: [Formula; 2],
}

/// An additive model with fewer terms.
#[derive(Debug, Clone, PartialEq)]
pub struct Pruned {
    model: Additive,
    kept: [KeptUnits; 2],
    /// Numbers of terms before and after, of the outcome without treatment and of the effect.
    pub units: [UnitReport; 2],
}

impl Pruned {
    /// The covariates in the outcome without treatment, and in the effect.
    pub fn kept(&self) -> [Vec<usize>; 2] {
        self.kept.each_ref().map(|kept| kept.indices().to_vec())
    }

    fn part(&self, part: Part, x: &[f64]) -> Vec<f64> {
        let kept = &self.kept()[part.index()];
        let value = |row: &[f64]| kept.iter().map(|j| self.model.term(part, *j, row[*j])).sum::<f64>();
        let constant = self.model.constant(part);
        x.chunks_exact(self.model.d_input())
            .map(|row| constant + value(row))
            .collect()
    }

    /// Expected outcomes of rows, `[rows, d_input]`.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        crate::data::study::check_covariates(x, self.model.d_input())?;
        Ok(outcomes(Part::BOTH.map(|part| self.part(part, x))))
    }
}

impl Additive {
    /// Contribution of a covariate to a part, with mean 0 over the training rows.
    fn term(&self, part: Part, feature: usize, value: f64) -> f64 {
        let of = |arm: Arm| self.arm(arm).terms()[feature].at(value);
        match part {
            Part::Outcome => of(Arm::Control),
            Part::Effect => of(Arm::Treated) - of(Arm::Control),
        }
    }

    /// The mean of a part over the training rows.
    fn constant(&self, part: Part) -> f64 {
        let of = |arm: Arm| self.arm(arm).intercept();
        match part {
            Part::Outcome => of(Arm::Control),
            Part::Effect => of(Arm::Treated) - of(Arm::Control),
        }
    }

    /// Formulas of a model that was fitted to this study.
    ///
    /// Terms are pruned, then every term that is left becomes the simplest function that explains enough of it, then all
    /// constants are rounded; see [`FormulaConfig`]. A removed term leaves its mean in the constant. A term of levels that no
    /// function of the library explains is a sum of `abs(x - level)`, which meets all levels.
    ///
    /// # Errors
    ///
    /// If there are not as many names as covariates, or the study has others.
    pub fn formulas(&self, study: &Study, names: &[String], config: &FormulaConfig) -> Result<EffectFormulas> {
        study.check_d_input(self.d_input())?;
        check_length(Column::Covariates, self.d_input(), names.len())?;
        let run = Run::new(self, study)?;
        let (pruned, first) = run.prune(config)?;
        let (symbolic, second) = run.find_functions(&pruned, names, config)?;
        let (rounded, third) = run.round(&symbolic, names, config)?;
        let symbolic = run.formulas(run.in_study(&symbolic), names)?;
        Ok(EffectFormulas {
            names: names.to_vec(),
            stages: [Some(first), Some(second), third].into_iter().flatten().collect(),
            pruned,
            symbolic,
            rounded,
        })
    }
}

impl EffectFormulas {
    /// Names of the covariates.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Expected outcomes by the rounded formulas, for rows `[rows, d_input]`; each covariate is clamped to the range
    /// that the formulas were fitted on, since a polynomial says nothing beyond it.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        outcomes_of(&self.rounded, x)
    }

    /// Expected outcomes by the formulas before rounding.
    ///
    /// # Errors
    ///
    /// As [`outcomes`](Self::outcomes).
    pub fn symbolic_outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        outcomes_of(&self.symbolic, x)
    }
}

fn outcomes_of(formulas: &[Formula; 2], x: &[f64]) -> Result<Outcomes> {
    let mut parts = [Vec::new(), Vec::new()];
    for (part, formula) in parts.iter_mut().zip(formulas) {
        *part = formula.evaluate(&formula.clamped(x))?.0;
    }
    Ok(outcomes(parts))
}

fn outcomes([mu0, effect]: [Vec<f64>; 2]) -> Outcomes {
    let mu1 = mu0.iter().zip(&effect).map(|(mu0, effect)| mu0 + effect).collect();
    Outcomes { mu0, mu1 }
}
