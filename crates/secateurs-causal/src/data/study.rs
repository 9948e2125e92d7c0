//! Studies: covariates, treatments and outcomes.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;

use crate::error::{Arm, Column};
use crate::{CausalError, Result};

/// The expected outcomes of each row without and with treatment, known where data were generated.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcomes {
    /// Outcomes without treatment.
    pub mu0: Vec<f64>,
    /// Outcomes with treatment.
    pub mu1: Vec<f64>,
}

impl Outcomes {
    /// The effect `mu1 - mu0` of every row; the shorter list decides the number of rows.
    pub fn effects(&self) -> Vec<f64> {
        self.mu1.iter().zip(&self.mu0).map(|(one, zero)| one - zero).collect()
    }

    /// The outcome of each row under its actual treatment; the shorter list decides the number of rows.
    pub fn under(&self, treated: &[bool]) -> Vec<f64> {
        let rows = self.mu0.iter().zip(&self.mu1).zip(treated);
        rows.map(|((mu0, mu1), treated)| if *treated { *mu1 } else { *mu0 })
            .collect()
    }
}

/// Covariates, treatments and outcomes: finite, of equal number, and with rows of both arms.
///
/// # Examples
///
/// ```
/// use secateurs_causal::{CausalError, Study};
///
/// let study = Study::new(vec![0.1, 0.2, 0.3], 1, &[0.0, 1.0, 1.0], vec![5.0, 6.0, 7.0])?;
/// assert_eq!((study.rows(), study.n_treated()), (3, 2));
/// let refused = Study::new(vec![0.1, 0.2], 1, &[1.0, 1.0], vec![5.0, 6.0]);
/// assert!(matches!(refused, Err(CausalError::SingleArm { rows: 2, .. })));
/// # Ok::<(), CausalError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Study {
    x: Vec<f64>,
    d_input: usize,
    treated: Vec<bool>,
    outcome: Vec<f64>,
    truth: Option<Outcomes>,
}

impl Study {
    /// The least number of rows.
    pub const LEAST_ROWS: usize = 2;

    /// A study without known true outcomes.
    ///
    /// # Shapes
    ///
    /// `x`: `[rows, d_input]`, row-major; `treatment` (0 or 1) and `outcome`: `[rows]`.
    ///
    /// # Errors
    ///
    /// If there is no covariate or there are fewer than two rows, a column has another length or holds NaN or infinity, a
    /// treatment is neither 0 nor 1, or all rows belong to one arm.
    pub fn new(x: Vec<f64>, d_input: usize, treatment: &[f64], outcome: Vec<f64>) -> Result<Self> {
        let rows = treatment.len();
        if d_input == 0 {
            return Err(CausalError::OutOfRange {
                what: "number of covariates",
                range: "at least 1",
                got: 0.0,
            });
        }
        if rows < Self::LEAST_ROWS {
            return Err(CausalError::TooFewRows {
                what: "study",
                least: Self::LEAST_ROWS,
                got: rows,
            });
        }
        check_length(Column::Covariates, rows * d_input, x.len())?;
        check_column(Column::Outcome, rows, &outcome)?;
        check_covariates(&x, d_input)?;
        let treated = treatment.iter().enumerate().map(|(row, &value)| match value {
            0.0 => Ok(false),
            1.0 => Ok(true),
            value => Err(CausalError::NotATreatment { row, value }),
        });
        let treated: Vec<bool> = treated.collect::<Result<_>>()?;
        if treated.iter().all(|of_row| *of_row == treated[0]) {
            let arm = if treated[0] { Arm::Treated } else { Arm::Control };
            return Err(CausalError::SingleArm { arm, rows });
        }
        Ok(Self {
            x,
            d_input,
            treated,
            outcome,
            truth: None,
        })
    }

    /// Adds the true expected outcomes, for evaluation. Nothing is fitted to them.
    ///
    /// # Errors
    ///
    /// If one has another length or holds NaN or infinity.
    pub fn with_truth(self, truth: Outcomes) -> Result<Self> {
        check_column(Column::True(Arm::Control), self.rows(), &truth.mu0)?;
        check_column(Column::True(Arm::Treated), self.rows(), &truth.mu1)?;
        Ok(Self {
            truth: Some(truth),
            ..self
        })
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.treated.len()
    }

    /// Number of covariates.
    pub fn d_input(&self) -> usize {
        self.d_input
    }

    /// Number of treated rows.
    pub fn n_treated(&self) -> usize {
        self.treated.iter().filter(|treated| **treated).count()
    }

    /// Number of rows of an arm.
    pub fn n_of(&self, arm: Arm) -> usize {
        match arm {
            Arm::Control => self.rows() - self.n_treated(),
            Arm::Treated => self.n_treated(),
        }
    }

    /// Covariates, `[rows, d_input]`.
    pub fn x(&self) -> &[f64] {
        &self.x
    }

    /// Covariates of a row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.x[row * self.d_input..][..self.d_input]
    }

    /// The values of a covariate.
    pub fn covariate(&self, index: usize) -> Vec<f64> {
        self.x.iter().skip(index).step_by(self.d_input).copied().collect()
    }

    /// Whether each row was treated.
    pub fn treated(&self) -> &[bool] {
        &self.treated
    }

    /// The arm of a row.
    pub fn arm(&self, row: usize) -> Arm {
        if self.treated[row] { Arm::Treated } else { Arm::Control }
    }

    /// The rows of an arm.
    pub fn rows_of(&self, arm: Arm) -> Vec<usize> {
        (0..self.rows()).filter(|row| self.arm(*row) == arm).collect()
    }

    /// The treatments as numbers: 0 or 1.
    pub fn treatment(&self) -> Vec<f64> {
        self.treated
            .iter()
            .map(|&treated| f64::from(u8::from(treated)))
            .collect()
    }

    /// The observed outcomes.
    pub fn outcome(&self) -> &[f64] {
        &self.outcome
    }

    /// The true expected outcomes, where they are known.
    ///
    /// # Errors
    ///
    /// If they are not.
    pub fn truth(&self) -> Result<&Outcomes> {
        self.truth.as_ref().ok_or(CausalError::NoTruth)
    }

    /// Selects some of the rows, in the given order.
    ///
    /// # Errors
    ///
    /// If there is no such row, or what is left is no study.
    pub fn select(&self, rows: &[usize]) -> Result<Self> {
        if let Some(&row) = rows.iter().find(|row| **row >= self.rows()) {
            return Err(CausalError::NoSuchRow { row, rows: self.rows() });
        }
        let x = rows.iter().flat_map(|&row| self.row(row).to_vec()).collect();
        let pick = |values: &[f64]| -> Vec<f64> { rows.iter().map(|&row| values[row]).collect() };
        let study = Self::new(x, self.d_input, &pick(&self.treatment()), pick(&self.outcome))?;
        match &self.truth {
            None => Ok(study),
            Some(truth) => study.with_truth(Outcomes {
                mu0: pick(&truth.mu0),
                mu1: pick(&truth.mu1),
            }),
        }
    }

    /// Splits the rows into the first ones and the last ones, a share of them (rounded down), for instance for
    /// validation.
    ///
    /// # Errors
    ///
    /// If the share is not between 0 and 1, or one part is no study.
    pub fn split_last(&self, share: f64) -> Result<(Self, Self)> {
        check_share(share)?;
        let last = (share * self.rows() as f64) as usize;
        let cut = self.rows() - last;
        let rows: Vec<usize> = (0..self.rows()).collect();
        Ok((self.select(&rows[..cut])?, self.select(&rows[cut..])?))
    }

    /// Splits the rows into two parts at random; the second holds a share of the rows of each arm, at least one of each
    /// and not all. The same seed gives the same parts; rows keep their order.
    ///
    /// # Errors
    ///
    /// If the share is not between 0 and 1, or an arm has a single row.
    pub fn split(&self, share: f64, seed: u64) -> Result<(Self, Self)> {
        check_share(share)?;
        let mut rng = StdRng::seed_from_u64(seed);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        for arm in Arm::BOTH {
            let mut rows = self.rows_of(arm);
            check_arm(arm, rows.len())?;
            rows.shuffle(&mut rng);
            let taken = ((share * rows.len() as f64).round() as usize).clamp(1, rows.len() - 1);
            second.extend_from_slice(&rows[..taken]);
            first.extend_from_slice(&rows[taken..]);
        }
        first.sort_unstable();
        second.sort_unstable();
        Ok((self.select(&first)?, self.select(&second)?))
    }

    /// Refuses a study with another number of covariates.
    pub(crate) fn check_d_input(&self, expected: usize) -> Result<()> {
        if self.d_input == expected {
            return Ok(());
        }
        Err(CausalError::Shape {
            what: "covariates",
            expected,
            got: self.d_input,
        })
    }

    /// Refuses an arm with a single row, since nothing varies there.
    pub(crate) fn check_arms(&self) -> Result<()> {
        Arm::BOTH.iter().try_for_each(|arm| check_arm(*arm, self.n_of(*arm)))
    }
}

fn check_arm(arm: Arm, got: usize) -> Result<()> {
    let what = match arm {
        Arm::Control => "control rows",
        Arm::Treated => "treated rows",
    };
    if got < 2 {
        return Err(CausalError::TooFewRows { what, least: 2, got });
    }
    Ok(())
}

fn check_share(share: f64) -> Result<()> {
    if share > 0.0 && share < 1.0 {
        return Ok(());
    }
    Err(CausalError::OutOfRange {
        what: "share of rows",
        range: "between 0 and 1",
        got: share,
    })
}

pub(crate) fn check_length(column: Column, expected: usize, got: usize) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(CausalError::Length { column, expected, got })
}

/// Checks that a column is finite and has the right length.
pub(crate) fn check_column(column: Column, expected: usize, values: &[f64]) -> Result<()> {
    check_length(column, expected, values.len())?;
    match values.iter().position(|value| !value.is_finite()) {
        None => Ok(()),
        Some(row) => Err(CausalError::NotFinite {
            column,
            row,
            value: values[row],
        }),
    }
}

/// Checks that rows of covariates are whole and finite, and returns their number.
pub(crate) fn check_covariates(x: &[f64], d_input: usize) -> Result<usize> {
    let rows = x.len() / d_input;
    check_length(Column::Covariates, rows * d_input, x.len())?;
    match x.iter().position(|value| !value.is_finite()) {
        None => Ok(rows),
        Some(at) => Err(CausalError::NotFinite {
            column: Column::Covariate(at % d_input),
            row: at / d_input,
            value: x[at],
        }),
    }
}
