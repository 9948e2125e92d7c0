//! Errors of this crate.

use secateurs_formula::FormulaError;
use secateurs_kan::KanError;
use secateurs_tensor::TensorError;

/// The result of a fallible operation of this crate.
pub type Result<T, E = CausalError> = core::result::Result<T, E>;

/// An arm of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arm {
    /// Rows without treatment.
    Control,
    /// Rows with treatment.
    Treated,
}

impl Arm {
    /// Control, then treated.
    pub const BOTH: [Self; 2] = [Self::Control, Self::Treated];

    /// Index of the arm: 0 for control, 1 for treated.
    pub fn index(self) -> usize {
        match self {
            Self::Control => 0,
            Self::Treated => 1,
        }
    }
}

impl core::fmt::Display for Arm {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Control => "control",
            Self::Treated => "treated",
        })
    }
}

/// An error of this crate, with the facts needed to mend it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CausalError {
    /// A column that holds NaN or infinity.
    #[error("{column}: the value in row {row} is {value:?}, expected a finite number")]
    NotFinite {
        /// The column.
        column: Column,
        /// The first such row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// A column of the wrong length.
    #[error("{column}: expected {expected} values, got {got}")]
    Length {
        /// The column.
        column: Column,
        /// The value that fits.
        expected: usize,
        /// The value given.
        got: usize,
    },
    /// A treatment that is neither 0 nor 1.
    #[error("the treatment of row {row} is {value:?}; only 0 and 1 are treatments")]
    NotATreatment {
        /// The first such row.
        row: usize,
        /// The value.
        value: f64,
    },
    /// Rows of one arm only, from which no difference between arms can be learnt.
    #[error("all {rows} rows are {arm}; an effect needs rows of both arms")]
    SingleArm {
        /// The arm that all rows belong to.
        arm: Arm,
        /// The number of rows.
        rows: usize,
    },
    /// Too few rows.
    #[error("{what}: {got} rows are too few, at least {least} are needed")]
    TooFewRows {
        /// Name of the rows.
        what: &'static str,
        /// The least number.
        least: usize,
        /// The value given.
        got: usize,
    },
    /// An index of a row that does not exist.
    #[error("there is no row {row}, only {rows}")]
    NoSuchRow {
        /// The row.
        row: usize,
        /// The number of rows.
        rows: usize,
    },
    /// A number outside its range.
    #[error("{what} must be {range}, got {got:?}")]
    OutOfRange {
        /// The number.
        what: &'static str,
        /// The accepted range.
        range: &'static str,
        /// The value.
        got: f64,
    },
    /// Studies with different covariates.
    #[error("{what}: expected {expected}, got {got}")]
    Shape {
        /// Name of the things counted.
        what: &'static str,
        /// The value that fits.
        expected: usize,
        /// The value given.
        got: usize,
    },
    /// A study without known true outcomes, where they are needed.
    #[error("the true outcomes of this study are not known; only generated studies have them")]
    NoTruth,
    /// A policy that assigns a treatment which no row of the group had in the study.
    #[error(
        "the policy makes {rows} rows {arm}, but none of these rows was {arm} in the study, so their outcome is not known"
    )]
    NoOverlap {
        /// The treatment that the policy assigns.
        arm: Arm,
        /// Number of rows to which it is assigned.
        rows: usize,
    },
    /// Normal equations without a solution.
    #[error(
        "the normal equations with ridge {ridge:?} cannot be solved: function {pivot} depends on the functions before it; take a larger ridge"
    )]
    Singular {
        /// The penalty.
        ridge: f64,
        /// The first pivot that is not positive, or lost in rounding.
        pivot: usize,
    },
    /// A model that reproduces all outcomes, so that cross-validation cannot judge its penalty.
    #[error(
        "with ridge {ridge:?} the model reproduces all outcomes, so cross-validation cannot judge it; take a larger ridge"
    )]
    Interpolates {
        /// The penalty.
        ridge: f64,
    },
    /// A covariate that is the treatment, maybe in other units.
    #[error("{column} is the treatment itself: it has one value in each arm; leave it out of the covariates")]
    IsTreatment {
        /// The covariate.
        column: Column,
    },
    /// A covariate whose value determines the arm of a row.
    #[error(
        "{column} separates the arms: no value of it occurs in both (control {:?} to {:?}, treated {:?} to {:?}), so no row shows \
         what would have become of it in the other arm; leave it out or select rows that overlap",
        control[0], control[1], treated[0], treated[1]
    )]
    Separates {
        /// The covariate.
        column: Column,
        /// Least and largest value without treatment.
        control: [f64; 2],
        /// Least and largest value, or the values, with treatment.
        treated: [f64; 2],
    },
    /// An error of a network: in its creation, training or change.
    #[error(transparent)]
    Kan(#[from] KanError),
    /// A selection of terms that `secateurs-tensor` refused.
    #[error(transparent)]
    Units(#[from] TensorError),
    /// An invalid formula.
    #[error(transparent)]
    Formula(#[from] FormulaError),
}

/// A column of a study.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// A covariate, by its number from 0 on.
    Covariate(usize),
    /// All covariates, row-major.
    Covariates,
    /// The treatments, 0 or 1 for each row.
    Treatment,
    /// The outcome that was observed.
    Outcome,
    /// The expected outcome without or with treatment.
    True(Arm),
    /// The outcome that was estimated without or with treatment.
    Estimated(Arm),
    /// Effects that were estimated.
    Effects,
    /// Values to summarise or to compare.
    Values,
}

impl core::fmt::Display for Column {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Covariate(index) => write!(f, "covariate {index} (counted from 0)"),
            Self::Covariates => f.write_str("covariates"),
            Self::Treatment => f.write_str("treatment"),
            Self::Outcome => f.write_str("outcome"),
            Self::True(arm) => write!(f, "true outcome ({arm})"),
            Self::Estimated(arm) => write!(f, "estimated outcome ({arm})"),
            Self::Effects => f.write_str("effects"),
            Self::Values => f.write_str("values"),
        }
    }
}
