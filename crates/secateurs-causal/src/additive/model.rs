//! Additive models in closed form: Kolmogorov-Arnold networks without a hidden layer and with fixed grids.

use faer::Mat;

use crate::additive::ridge::{Ridge, Solution, solve};
use crate::additive::term::{FewValues, Functions, Term, TermBasis};
use crate::data::scale::ColumnScale;
use crate::data::study::{Outcomes, Study, check_covariates, check_length};
use crate::error::{Arm, Column};
use crate::{CausalError, Result};

/// The parts of an additive model that both arms share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdditiveLearner {
    /// One model of all rows with the treatment as one more covariate: the effect is the same for everybody.
    S,
    /// A separate model for each arm: effects are additive, too.
    T,
}

/// An additive model to be fitted.
///
/// Functions: an intercept; each covariate; for a covariate with at least [`least_distinct`](Self::least_distinct) different
/// values the cubic B-splines of [`n_intervals`](Self::n_intervals) equal intervals over its range in the training rows, with
/// values clamped to that range; for one with fewer values, but more than two, what [`few_values`](Self::few_values) says.
/// Coefficients: `(F'F + ridge I) b = F'y`, the intercept without penalty. Both arms use the same functions.
///
/// Nothing depends on units: `x` in the functions is the covariate with mean 0 and deviation 1 over the training rows (one of two
/// values is 0 and 1), `y` is the outcome with mean 0 and deviation 1, and the model takes the units back. So a ridge means the
/// same for kilograms and for grams, and a constant that is added to a column changes nothing.
///
/// # Examples
///
/// ```
/// use secateurs_causal::{AdditiveConfig, AdditiveLearner, Ridge, Study};
///
/// // Outcomes 1 + x without treatment, 3 + 2 x with it; a tiny ridge.
/// let x: Vec<f64> = (0..20).map(|row| f64::from(row / 2)).collect();
/// let treatment: Vec<f64> = (0..20).map(|row| f64::from(row % 2)).collect();
/// let y = x.iter().zip(&treatment).map(|(x, t)| 1.0 + x + t * (2.0 + x)).collect();
/// let study = Study::new(x, 1, &treatment, y)?;
/// let model = AdditiveConfig::new(AdditiveLearner::T, Ridge::fixed(1e-6)?).lines().fit(&study)?;
/// let effect = model.effects(&[4.0])?;
/// assert!((effect[0] - 6.0).abs() < 1e-4);
/// # Ok::<(), secateurs_causal::CausalError>(())
/// ```
///
/// # References
///
/// Almodóvar et al., *causalKANs*, 2025, arXiv:2509.22467 (KAAM: models without hidden layer).
/// **Deviates:** grids are fixed and the penalty is quadratic, so that the coefficients have a closed form; there is no SiLU.
#[derive(Debug, Clone, PartialEq)]
pub struct AdditiveConfig {
    /// The parts of the model that both arms share.
    pub learner: AdditiveLearner,
    /// The penalty, or a list to choose from; each arm of a T-learner chooses separately.
    pub ridge: Ridge,
    /// Intervals of the splines; no splines if 0.
    pub n_intervals: usize,
    /// Least number of different values for which a covariate has splines.
    pub least_distinct: usize,
    /// Functions of a covariate with fewer values, if it has more than two.
    pub few_values: FewValues,
}

impl AdditiveConfig {
    /// Splines of 3 intervals for covariates with at least 8 different values, and levels for covariates with 3 to 7.
    pub fn new(learner: AdditiveLearner, ridge: Ridge) -> Self {
        Self {
            learner,
            ridge,
            n_intervals: 3,
            least_distinct: 8,
            few_values: FewValues::Levels,
        }
    }

    /// Sets the number of intervals.
    pub fn with_intervals(self, n_intervals: usize) -> Self {
        Self { n_intervals, ..self }
    }

    /// Sets how covariates with few values are used: as lines or as levels.
    pub fn with_few_values(self, few_values: FewValues) -> Self {
        Self { few_values, ..self }
    }

    /// Leaves splines and levels out, which makes a linear model.
    pub fn lines(self) -> Self {
        self.with_intervals(0)
    }

    /// Fits the model to the observed outcomes.
    ///
    /// # Errors
    ///
    /// If an arm has fewer than two rows, a covariate is the treatment or separates the arms, or the normal equations cannot be
    /// solved with any of the penalties, which takes penalties that are lost in rounding.
    pub fn fit(&self, study: &Study) -> Result<Additive> {
        study.check_arms()?;
        study.check_overlap()?;
        let bases = bases(study, self.functions());
        let fit = OfStudy {
            study,
            bases: &bases,
            outcome: ColumnScale::standard(study.outcome()),
            ridge: &self.ridge,
        };
        let functions = match self.learner {
            AdditiveLearner::S => fit.shared()?,
            AdditiveLearner::T => [fit.of_arm(Arm::Control)?, fit.of_arm(Arm::Treated)?],
        };
        Ok(Additive { functions })
    }

    fn functions(&self) -> Functions {
        Functions {
            n_intervals: self.n_intervals,
            least_distinct: self.least_distinct,
            few_values: self.few_values,
        }
    }
}

/// A study that a model is fitted to.
struct OfStudy<'a> {
    study: &'a Study,
    bases: &'a [TermBasis],
    outcome: ColumnScale,
    ridge: &'a Ridge,
}

impl OfStudy<'_> {
    fn solve(&self, f: &Mat<f64>, rows: &[usize]) -> Result<Solution> {
        let y: Vec<f64> = rows
            .iter()
            .map(|&row| self.outcome.to(self.study.outcome()[row]))
            .collect();
        solve(f, &y, self.ridge)
    }

    fn shared(&self) -> Result<[AdditiveFunction; 2]> {
        let rows: Vec<usize> = (0..self.study.rows()).collect();
        let plain = design(self.study, self.bases, &rows);
        let last = plain.ncols();
        let treatment = self.study.treatment();
        let f = Mat::from_fn(rows.len(), last + 1, |row, column| {
            if column == last {
                treatment[row]
            } else {
                plain[(row, column)]
            }
        });
        let solution = self.solve(&f, &rows)?;
        let effect = solution.coefficients[last] * self.outcome.unit();
        let control = AdditiveFunction::new(self.study, self.bases, &solution, self.outcome);
        let treated = AdditiveFunction {
            intercept: control.intercept + effect,
            ..control.clone()
        };
        Ok([control, treated])
    }

    fn of_arm(&self, arm: Arm) -> Result<AdditiveFunction> {
        let rows = self.study.rows_of(arm);
        let solution = self.solve(&design(self.study, self.bases, &rows), &rows)?;
        Ok(AdditiveFunction::new(self.study, self.bases, &solution, self.outcome))
    }
}

/// The functions of all covariates.
pub(crate) fn bases(study: &Study, functions: Functions) -> Vec<TermBasis> {
    let of = |feature| TermBasis::of(feature, &study.covariate(feature), functions);
    (0..study.d_input()).map(of).collect()
}

/// Values of all functions for some rows, the intercept's first: `[rows, p]`.
pub(crate) fn design(study: &Study, bases: &[TermBasis], rows: &[usize]) -> Mat<f64> {
    let of_row = |&row: &usize| -> Vec<f64> {
        let functions = bases.iter().flat_map(|basis| basis.at(study.row(row)[basis.feature]));
        std::iter::once(1.0).chain(functions).collect()
    };
    let values: Vec<Vec<f64>> = rows.iter().map(of_row).collect();
    let p = 1 + bases.iter().map(TermBasis::len).sum::<usize>();
    Mat::from_fn(rows.len(), p, |row, column| values[row][column])
}

/// One of the two outcomes: `intercept + sum_j term_j(x_j)`, where every term has mean 0 over the training rows of both
/// arms.
#[derive(Debug, Clone, PartialEq)]
pub struct AdditiveFunction {
    intercept: f64,
    terms: Vec<Term>,
    penalty: f64,
    skipped: Vec<f64>,
}

impl AdditiveFunction {
    /// Converts a function of outcomes on a scale to the units of the study.
    pub(crate) fn new(study: &Study, bases: &[TermBasis], solution: &Solution, outcome: ColumnScale) -> Self {
        let mut intercept = solution.coefficients[0] * outcome.unit();
        let mut terms = Vec::with_capacity(bases.len());
        let mut at = 1;
        for basis in bases {
            let scaled = &solution.coefficients[at..][..basis.len()];
            let coefficients = scaled.iter().map(|coefficient| coefficient * outcome.unit()).collect();
            at += basis.len();
            let (term, mean) = Term::centred(basis.clone(), coefficients, &study.covariate(basis.feature));
            intercept += mean;
            terms.push(term);
        }
        Self {
            intercept: outcome.origin() + intercept,
            terms,
            penalty: solution.penalty,
            skipped: solution.skipped.clone(),
        }
    }

    /// The mean over the training rows of both arms.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The terms, one per covariate, in the order of the covariates.
    pub fn terms(&self) -> &[Term] {
        &self.terms
    }

    /// The ridge penalty of the fit.
    pub fn penalty(&self) -> f64 {
        self.penalty
    }

    /// Penalties that took no part in the choice: the normal equations cannot be solved with them, or the model would
    /// reproduce all outcomes.
    pub fn skipped_penalties(&self) -> &[f64] {
        &self.skipped
    }

    /// The value at one row, `[d_input]`.
    ///
    /// # Errors
    ///
    /// If the row has more or fewer covariates, or one is NaN or infinite.
    pub fn at(&self, row: &[f64]) -> Result<f64> {
        check_length(Column::Covariates, self.terms.len(), row.len())?;
        check_covariates(row, row.len())?;
        Ok(self.value(row))
    }

    fn value(&self, row: &[f64]) -> f64 {
        self.intercept + self.terms.iter().map(|term| term.at(row[term.feature()])).sum::<f64>()
    }
}

/// A fitted additive model of the outcomes without and with treatment.
#[derive(Debug, Clone, PartialEq)]
pub struct Additive {
    functions: [AdditiveFunction; 2],
}

impl Additive {
    pub(crate) fn of(functions: [AdditiveFunction; 2]) -> Self {
        Self { functions }
    }

    /// The model of an arm.
    pub fn arm(&self, arm: Arm) -> &AdditiveFunction {
        &self.functions[arm.index()]
    }

    /// Number of covariates.
    pub fn d_input(&self) -> usize {
        self.functions[0].terms.len()
    }

    /// Covariates with more than two values, but too few for splines, that the model takes as lines. If one of them is a category
    /// that was coded with numbers, the model knows only the mean slope over its codes.
    pub fn lines_of_few_values(&self) -> Vec<usize> {
        let terms = self.functions[0].terms.iter();
        let lines = terms.filter(|term| term.has_few_values() && term.is_linear());
        lines.map(Term::feature).collect()
    }

    /// Expected outcomes without and with treatment of rows, `[rows, d_input]`.
    ///
    /// # Errors
    ///
    /// If the numbers do not fill whole rows, or one is NaN or infinite.
    pub fn outcomes(&self, x: &[f64]) -> Result<Outcomes> {
        check_covariates(x, self.d_input())?;
        let of = |arm: Arm| -> Vec<f64> {
            let function = self.arm(arm);
            x.chunks_exact(self.d_input()).map(|row| function.value(row)).collect()
        };
        Ok(Outcomes {
            mu0: of(Arm::Control),
            mu1: of(Arm::Treated),
        })
    }

    /// Effects, `mu1 - mu0`, of rows.
    ///
    /// # Errors
    ///
    /// As [`outcomes`](Self::outcomes).
    pub fn effects(&self, x: &[f64]) -> Result<Vec<f64>> {
        Ok(self.outcomes(x)?.effects())
    }

    /// Contribution of a covariate's value to the effect: the difference of the two terms, with mean 0 over the
    /// training rows. The mean effect is the difference of the intercepts.
    ///
    /// # Errors
    ///
    /// If there is no such covariate.
    pub fn effect_term(&self, feature: usize, value: f64) -> Result<f64> {
        let [control, treated] = &self.functions;
        match (control.terms.get(feature), treated.terms.get(feature)) {
            (Some(control), Some(treated)) => Ok(treated.at(value) - control.at(value)),
            _ => Err(CausalError::Shape {
                what: "covariates",
                expected: feature + 1,
                got: self.d_input(),
            }),
        }
    }
}
