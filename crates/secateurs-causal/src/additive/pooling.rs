//! Pooling of the two arms of an additive model, chosen by cross-validation.

use faer::Mat;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::additive::model::{Additive, AdditiveFunction, bases, design};
use crate::additive::ridge::{Solution, first_column, penalised, penalties};
use crate::additive::term::{FewValues, Functions, TermBasis};
use crate::data::scale::ColumnScale;
use crate::data::study::Study;
use crate::error::Arm;
use crate::{CausalError, Result};

/// Functions that the arms share, and their penalties.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Pooling {
    /// One function and a constant effect (S-learner).
    Complete {
        /// Penalty of the function and of the effect.
        ridge: f64,
    },
    /// A function for each arm (T-learner).
    None {
        /// Penalty without treatment.
        control: f64,
        /// Penalty with treatment.
        treated: f64,
    },
    /// One function for both arms, and another that is added with treatment: the larger its penalty, the more the arms
    /// share.
    Partial {
        /// Penalty of the outcome without treatment.
        outcome: f64,
        /// Penalty of the effect.
        effect: f64,
    },
}

/// An additive model with pooling chosen by cross-validation on observed outcomes.
///
/// Functions and scales are defined as in [`AdditiveConfig`](crate::AdditiveConfig). Folds are drawn within each arm; a
/// candidate's error is the sum over the arms of the mean squared error of rows that it was not fitted to, so that a
/// small arm counts as much as a large one. Candidates compete whose error exceeds the least one by at most one
/// standard error of the paired differences of rows. Candidates that pool most win; among them, candidates with lines
/// for covariates with few values; among them, the candidate with the least error. So fewer parameters are taken where
/// the data cannot distinguish the candidates. No true effect is used.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolingSearch {
    /// Candidates to try; among equals the first is chosen.
    pub candidates: Vec<Pooling>,
    /// Number of folds.
    pub folds: usize,
    /// Seed of the folds.
    pub seed: u64,
    /// Intervals of the splines; no splines if 0.
    pub n_intervals: usize,
    /// Least number of different values for which a covariate has splines.
    pub least_distinct: usize,
    /// Functions to try for covariates with fewer values, but more than two; each is tried with every candidate.
    pub few_values: Vec<FewValues>,
}

impl Default for PoolingSearch {
    /// 18 candidates with penalties from 0.3 to 100, lines and levels, and 5 folds.
    fn default() -> Self {
        let mut candidates = Vec::new();
        for ridge in [0.3, 1.0, 3.0, 10.0, 30.0] {
            candidates.push(Pooling::Complete { ridge });
            candidates.push(Pooling::None {
                control: ridge,
                treated: ridge,
            });
        }
        for (control, treated) in [(1.0, 10.0), (10.0, 1.0)] {
            candidates.push(Pooling::None { control, treated });
        }
        for outcome in [1.0, 10.0] {
            candidates.extend([1.0, 10.0, 100.0].map(|effect| Pooling::Partial { outcome, effect }));
        }
        Self {
            candidates,
            folds: 5,
            seed: 0,
            n_intervals: 3,
            least_distinct: 8,
            few_values: vec![FewValues::Lines, FewValues::Levels],
        }
    }
}

/// Result of cross-validation.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolingChoice {
    /// The chosen candidate.
    pub pooling: Pooling,
    /// Functions of covariates with few values in the model, if there are any.
    pub few_values: FewValues,
    /// The errors of the candidates with these functions, in squared units of the outcome and in the order of the
    /// candidates; infinite where the normal equations cannot be solved, which excludes the candidate.
    pub errors: Vec<f64>,
}

/// Products `F'F` and `F'y` over the rows of each arm, with outcomes on their scale.
#[derive(Clone)]
struct Moments([(Mat<f64>, Mat<f64>); 2]);

/// A study with the functions of its covariates.
struct Attempt<'a> {
    study: &'a Study,
    few_values: FewValues,
    bases: Vec<TermBasis>,
    /// Values of the functions, `[rows, p]`.
    f: Mat<f64>,
    /// Outcomes on their scale.
    outcome: Vec<f64>,
    all: Moments,
}

/// A candidate together with the functions of an attempt.
struct Judged {
    attempt: usize,
    candidate: usize,
    pooling: Pooling,
    /// Contribution of each row to the error.
    of_rows: Vec<f64>,
    error: f64,
}

impl PoolingSearch {
    /// Chooses among the candidates and fits the best one to all rows.
    ///
    /// # Errors
    ///
    /// If there is no candidate or nothing to try for few values, there are fewer than two folds or an arm has fewer rows than
    /// folds, a covariate is the treatment or separates the arms, a penalty is not positive, or the normal equations of no
    /// candidate can be solved.
    pub fn fit(&self, study: &Study) -> Result<(Additive, PoolingChoice)> {
        self.check(study)?;
        study.check_overlap()?;
        let scale = ColumnScale::standard(study.outcome());
        let outcome: Vec<f64> = study.outcome().iter().map(|y| scale.to(*y)).collect();
        let attempts = self.attempts(study, &outcome);
        let judged = self.judge(&attempts)?;
        let best = choose(&judged);
        let attempt = &attempts[best.attempt];
        let penalties = best.pooling.penalties();
        let coefficients = best.pooling.coefficients(&attempt.all)?;
        let function = |at: usize| {
            let solution = Solution {
                coefficients: coefficients[at].clone(),
                penalty: penalties[at],
                skipped: Vec::new(),
            };
            AdditiveFunction::new(study, &attempt.bases, &solution, scale)
        };
        let model = Additive::of([function(0), function(1)]);
        let mut errors = vec![f64::INFINITY; self.candidates.len()];
        let with_these = judged.iter().filter(|judged| judged.attempt == best.attempt);
        with_these.for_each(|judged| errors[judged.candidate] = judged.error * scale.unit() * scale.unit());
        let choice = PoolingChoice {
            pooling: best.pooling,
            few_values: attempt.few_values,
            errors,
        };
        Ok((model, choice))
    }

    /// Attempts, one for each way to treat few values; only the first if no covariate has few.
    fn attempts<'a>(&self, study: &'a Study, outcome: &[f64]) -> Vec<Attempt<'a>> {
        let mut attempts: Vec<Attempt<'a>> = Vec::new();
        for &few_values in &self.few_values {
            let functions = Functions {
                n_intervals: self.n_intervals,
                least_distinct: self.least_distinct,
                few_values,
            };
            let bases = bases(study, functions);
            if attempts.iter().all(|attempt| attempt.bases != bases) {
                attempts.push(Attempt::new(study, few_values, bases, outcome));
            }
        }
        attempts
    }

    /// The errors of all candidates with solvable normal equations.
    fn judge(&self, attempts: &[Attempt<'_>]) -> Result<Vec<Judged>> {
        let mut all = Vec::new();
        let mut failure = None;
        for (at, attempt) in attempts.iter().enumerate() {
            let folds = self.folds_of(attempt.study);
            let errors: Vec<Vec<Result<Vec<f64>>>> = folds
                .par_iter()
                .map(|held_out| attempt.errors(&self.candidates, held_out))
                .collect();
            let mut errors: Vec<_> = errors.into_iter().map(Vec::into_iter).collect();
            for (candidate, pooling) in self.candidates.iter().enumerate() {
                let of_folds: Vec<Result<Vec<f64>>> = errors.iter_mut().filter_map(Iterator::next).collect();
                let of_folds: Result<Vec<Vec<f64>>> = of_folds.into_iter().collect();
                let solved = pooling.coefficients(&attempt.all).and(of_folds);
                match solved.map(|folds| folds.concat()) {
                    Ok(of_rows) => all.push(Judged {
                        attempt: at,
                        candidate,
                        pooling: *pooling,
                        error: of_rows.iter().sum(),
                        of_rows,
                    }),
                    Err(error) => {
                        failure.get_or_insert(error);
                    }
                }
            }
        }
        match failure {
            Some(error) if all.is_empty() => Err(error),
            _ => Ok(all),
        }
    }

    fn check(&self, study: &Study) -> Result<()> {
        let out_of_range = |what, range, got| Err(CausalError::OutOfRange { what, range, got });
        if self.candidates.is_empty() {
            return out_of_range("number of candidates", "at least 1", 0.0);
        }
        if self.few_values.is_empty() {
            return out_of_range("number of ways to take few values", "at least 1", 0.0);
        }
        if self.folds < 2 {
            return out_of_range("number of folds", "at least 2", self.folds as f64);
        }
        for got in self.candidates.iter().flat_map(Pooling::penalties) {
            if !(got > 0.0 && got.is_finite()) {
                return out_of_range("ridge penalty", "positive and finite", got);
            }
        }
        for (what, arm) in [("control rows", Arm::Control), ("treated rows", Arm::Treated)] {
            let (got, least) = (study.n_of(arm), self.folds);
            if got < least {
                return Err(CausalError::TooFewRows { what, least, got });
            }
        }
        Ok(())
    }

    /// Splits the rows of each arm into folds as evenly as possible.
    fn folds_of(&self, study: &Study) -> Vec<Vec<usize>> {
        let mut rng = StdRng::seed_from_u64(self.seed);
        let mut folds = vec![Vec::new(); self.folds];
        for arm in Arm::BOTH {
            let mut rows = study.rows_of(arm);
            rows.shuffle(&mut rng);
            for (at, row) in rows.into_iter().enumerate() {
                folds[at % self.folds].push(row);
            }
        }
        folds
    }
}

/// The candidate that pools most within one standard error of the least error; among equals lines before levels, then
/// the least error.
fn choose(judged: &[Judged]) -> &Judged {
    let by_error = |a: &&Judged, b: &&Judged| a.error.total_cmp(&b.error);
    let least = judged.iter().min_by(by_error).expect("a candidate was judged");
    let within = |one: &&Judged| {
        let differences: Vec<f64> = one.of_rows.iter().zip(&least.of_rows).map(|(a, b)| a - b).collect();
        let n = differences.len() as f64;
        let mean = differences.iter().sum::<f64>() / n;
        let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n;
        mean * n <= (variance * n).sqrt()
    };
    let preference = |one: &Judged| (one.pooling.shared(), std::cmp::Reverse(one.attempt));
    let eligible: Vec<&Judged> = judged.iter().filter(within).collect();
    let most = eligible.iter().map(|one| preference(one)).max();
    let preferred = eligible.into_iter().filter(|one| Some(preference(one)) == most);
    preferred.min_by(by_error).unwrap_or(least)
}

impl<'a> Attempt<'a> {
    fn new(study: &'a Study, few_values: FewValues, bases: Vec<TermBasis>, outcome: &[f64]) -> Self {
        let rows: Vec<usize> = (0..study.rows()).collect();
        let f = design(study, &bases, &rows);
        let all = Moments::of(&f, outcome, |row| study.arm(row));
        Self {
            study,
            few_values,
            bases,
            f,
            outcome: outcome.to_vec(),
            all,
        }
    }

    /// Errors of the held-out rows for each candidate, each divided by the number of rows of its arm.
    fn errors(&self, candidates: &[Pooling], held_out: &[usize]) -> Vec<Result<Vec<f64>>> {
        let rows = Mat::from_fn(held_out.len(), self.f.ncols(), |row, column| {
            self.f[(held_out[row], column)]
        });
        let outcome: Vec<f64> = held_out.iter().map(|row| self.outcome[*row]).collect();
        let moments = self
            .all
            .without(&Moments::of(&rows, &outcome, |row| self.study.arm(held_out[row])));
        let error = |pooling: &Pooling| {
            let coefficients = pooling.coefficients(&moments)?;
            let predicted = coefficients.map(|of_arm| &rows * Mat::from_fn(of_arm.len(), 1, |at, _| of_arm[at]));
            let of_row = |(at, &row): (usize, &usize)| {
                let arm = self.study.arm(row);
                let residual = predicted[arm.index()][(at, 0)] - outcome[at];
                residual * residual / self.study.n_of(arm) as f64
            };
            Ok(held_out.iter().enumerate().map(of_row).collect())
        };
        candidates.iter().map(error).collect()
    }
}

impl Moments {
    /// Sums the products over the rows of `f`, separately for each arm.
    fn of(f: &Mat<f64>, outcome: &[f64], arm_of: impl Fn(usize) -> Arm) -> Self {
        Self(Arm::BOTH.map(|arm| {
            let of_arm: Vec<usize> = (0..f.nrows()).filter(|row| arm_of(*row) == arm).collect();
            let part = Mat::from_fn(of_arm.len(), f.ncols(), |row, column| f[(of_arm[row], column)]);
            let y = Mat::from_fn(of_arm.len(), 1, |row, _| outcome[of_arm[row]]);
            (part.transpose() * &part, part.transpose() * &y)
        }))
    }

    fn without(&self, part: &Self) -> Self {
        let of = |arm: usize| (&self.0[arm].0 - &part.0[arm].0, &self.0[arm].1 - &part.0[arm].1);
        Self([of(0), of(1)])
    }

    /// Coefficients of the functions without and with treatment, fitted together by the columns `[F, tF_1..k]`: one
    /// function of all rows, and one that the treatment adds, with as many columns as `effect` has penalties.
    fn together(&self, outcome: &[f64], effect: &[f64]) -> Result<[Vec<f64>; 2]> {
        let Self([(g0, r0), (g1, r1)]) = self;
        let p = g0.nrows();
        let columns = p + effect.len();
        // Products with a column that is zero without treatment equal the products over the treated rows.
        let gram = Mat::from_fn(columns, columns, |row, column| match (row < p, column < p) {
            (true, true) => g0[(row, column)] + g1[(row, column)],
            _ => g1[(row % p, column % p)],
        });
        let right = Mat::from_fn(columns, 1, |row, _| match row < p {
            true => r0[(row, 0)] + r1[(row, 0)],
            false => r1[(row - p, 0)],
        });
        let mut control = first_column(&penalised(&gram, &right, &[outcome, effect].concat())?);
        let added = control.split_off(p);
        let mut treated = control.clone();
        treated.iter_mut().zip(added).for_each(|(b, added)| *b += added);
        Ok([control, treated])
    }
}

impl Pooling {
    /// Rank of the pooling: 2 if all but a constant is shared, 0 if nothing is.
    fn shared(&self) -> u8 {
        match self {
            Self::Complete { .. } => 2,
            Self::Partial { .. } => 1,
            Self::None { .. } => 0,
        }
    }

    /// The penalties of the two parts.
    fn penalties(&self) -> [f64; 2] {
        match *self {
            Self::Complete { ridge } => [ridge, ridge],
            Self::None { control, treated } => [control, treated],
            Self::Partial { outcome, effect } => [outcome, effect],
        }
    }

    /// Coefficients of the outcomes without and with treatment.
    fn coefficients(self, moments: &Moments) -> Result<[Vec<f64>; 2]> {
        let Moments([(g0, r0), (g1, r1)]) = moments;
        let p = g0.nrows();
        let of_arm =
            |gram, right, ridge| penalised(gram, right, &penalties(p, ridge)).map(|solved| first_column(&solved));
        match self {
            Self::None { control, treated } => Ok([of_arm(g0, r0, control)?, of_arm(g1, r1, treated)?]),
            Self::Complete { ridge } => moments.together(&penalties(p, ridge), &[ridge]),
            Self::Partial { outcome, effect } => moments.together(&penalties(p, outcome), &penalties(p, effect)),
        }
    }
}
