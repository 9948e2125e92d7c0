//! How much the two arms of an additive model share, chosen by cross-validation.

use faer::Mat;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::additive::{Additive, AdditiveFunction, bases, design};
use crate::error::Arm;
use crate::ridge::{Solution, first_column, penalised, penalties};
use crate::study::Study;
use crate::{CausalError, Result};

/// What the arms share, and with which penalties.
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
    /// One function for both arms, and another that is added with treatment: the larger its penalty, the more the arms share.
    Partial {
        /// Penalty of the outcome without treatment.
        outcome: f64,
        /// Penalty of the effect.
        effect: f64,
    },
}

/// An additive model whose pooling is chosen by cross-validation on observed outcomes.
///
/// Functions are those of [`AdditiveConfig`](crate::AdditiveConfig). Folds are drawn within each arm; a candidate's error is the
/// sum over the arms of the mean squared error of rows that it was not fitted to, so that a small arm counts as much as a
/// large one. Of the candidates whose error is within one standard error of the least, that of the paired differences of rows,
/// those that pool most are preferred, and the best of them is taken: what the data cannot tell apart is decided for fewer
/// parameters. No true effect is used.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolingSearch {
    /// What is tried; among equals the first.
    pub candidates: Vec<Pooling>,
    /// Number of folds.
    pub folds: usize,
    /// Draws the folds.
    pub seed: u64,
    /// Intervals of the splines; no splines if 0.
    pub n_intervals: usize,
    /// A covariate with fewer different values has no splines.
    pub least_distinct: usize,
}

impl Default for PoolingSearch {
    /// 18 candidates with penalties from 0.3 to 100, and 5 folds.
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
        }
    }
}

/// What cross-validation found.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolingChoice {
    /// The candidate that was taken.
    pub pooling: Pooling,
    /// The error of each candidate, in their order.
    pub errors: Vec<f64>,
}

/// `F'F` and `F'y` of the rows of each arm.
#[derive(Clone)]
struct Moments([(Mat<f64>, Mat<f64>); 2]);

impl PoolingSearch {
    /// Chooses among the candidates and fits the best one to all rows.
    ///
    /// # Errors
    ///
    /// If there is no candidate, there are fewer than two folds or an arm has fewer rows than folds, a penalty is not positive,
    /// or normal equations cannot be solved.
    pub fn fit(&self, study: &Study) -> Result<(Additive, PoolingChoice)> {
        self.check(study)?;
        let bases = bases(study, (self.n_intervals, self.least_distinct));
        let rows: Vec<usize> = (0..study.rows()).collect();
        let f = design(study, &bases, &rows);
        let all = Moments::of(&f, study, &rows);
        let folds = self.folds_of(study);
        let errors = folds
            .par_iter()
            .map(|held_out| self.errors(&f, study, (&all, held_out)))
            .collect::<Result<Vec<_>>>()?;
        let of_rows: Vec<Vec<f64>> = (0..self.candidates.len())
            .map(|at| errors.iter().flat_map(|fold| fold[at].iter().copied()).collect())
            .collect();
        let errors: Vec<f64> = of_rows.iter().map(|rows| rows.iter().sum()).collect();
        let best = self.chosen(&errors, &of_rows);
        let pooling = self.candidates[best];
        let penalties = pooling.penalties();
        let coefficients = pooling.coefficients(&all)?;
        let function = |at: usize| {
            let solution = Solution {
                coefficients: coefficients[at].clone(),
                penalty: penalties[at],
            };
            AdditiveFunction::new(study, &bases, &solution)
        };
        let model = Additive::of([function(0), function(1)]);
        Ok((model, PoolingChoice { pooling, errors }))
    }

    /// The candidate that pools most, and the best of those, within one standard error of the least error.
    fn chosen(&self, errors: &[f64], of_rows: &[Vec<f64>]) -> usize {
        let by_error = |a: &usize, b: &usize| errors[*a].total_cmp(&errors[*b]);
        let least = (0..errors.len()).min_by(by_error).expect("there is a candidate");
        let within = |at: &usize| {
            let differences: Vec<f64> = of_rows[*at].iter().zip(&of_rows[least]).map(|(a, b)| a - b).collect();
            let n = differences.len() as f64;
            let mean = differences.iter().sum::<f64>() / n;
            let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / n;
            mean * n <= (variance * n).sqrt()
        };
        let eligible: Vec<usize> = (0..errors.len()).filter(within).collect();
        let most = eligible.iter().map(|at| self.candidates[*at].shared()).max();
        let pooled = eligible
            .into_iter()
            .filter(|at| Some(self.candidates[*at].shared()) == most);
        pooled.min_by(by_error).unwrap_or(least)
    }

    fn check(&self, study: &Study) -> Result<()> {
        let out_of_range = |what, range, got| Err(CausalError::OutOfRange { what, range, got });
        if self.candidates.is_empty() {
            return out_of_range("number of candidates", "at least 1", 0.0);
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

    /// Rows of each fold, as even within each arm as they come.
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

    /// For each candidate the errors of the rows of a fold, each divided by the number of rows of its arm.
    fn errors(&self, f: &Mat<f64>, study: &Study, (all, held_out): (&Moments, &[usize])) -> Result<Vec<Vec<f64>>> {
        let rows = Mat::from_fn(held_out.len(), f.ncols(), |row, column| f[(held_out[row], column)]);
        let moments = all.without(&Moments::of(&rows, study, held_out));
        let error = |pooling: &Pooling| {
            let coefficients = pooling.coefficients(&moments)?;
            let predicted = coefficients.map(|of_arm| &rows * Mat::from_fn(of_arm.len(), 1, |at, _| of_arm[at]));
            let of_row = |(at, &row): (usize, &usize)| {
                let arm = study.arm(row);
                let residual = predicted[arm.index()][(at, 0)] - study.outcome()[row];
                residual * residual / study.n_of(arm) as f64
            };
            Ok(held_out.iter().enumerate().map(of_row).collect())
        };
        self.candidates.iter().map(error).collect()
    }
}

impl Moments {
    /// Of the rows of `f`, which are these rows of the study.
    fn of(f: &Mat<f64>, study: &Study, rows: &[usize]) -> Self {
        Self(Arm::BOTH.map(|arm| {
            let of_arm: Vec<usize> = (0..rows.len()).filter(|at| study.arm(rows[*at]) == arm).collect();
            let part = Mat::from_fn(of_arm.len(), f.ncols(), |row, column| f[(of_arm[row], column)]);
            let y = Mat::from_fn(of_arm.len(), 1, |row, _| study.outcome()[rows[of_arm[row]]]);
            (part.transpose() * &part, part.transpose() * &y)
        }))
    }

    fn without(&self, part: &Self) -> Self {
        let of = |arm: usize| (&self.0[arm].0 - &part.0[arm].0, &self.0[arm].1 - &part.0[arm].1);
        Self([of(0), of(1)])
    }

    /// Coefficients of one function of all rows and of what is added to it with treatment, which has the first columns only, as
    /// many as there are penalties of it: `[F, tF_1..k]`.
    fn together(&self, outcome: &[f64], effect: &[f64]) -> Result<[Vec<f64>; 2]> {
        let Self([(g0, r0), (g1, r1)]) = self;
        let p = g0.nrows();
        let columns = p + effect.len();
        // Products with a column that is zero without treatment are those of the treated rows.
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
    /// How much the arms share: 2 for all but a constant, 0 for nothing.
    fn shared(&self) -> u8 {
        match self {
            Self::Complete { .. } => 2,
            Self::Partial { .. } => 1,
            Self::None { .. } => 0,
        }
    }

    /// Of the two parts.
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
