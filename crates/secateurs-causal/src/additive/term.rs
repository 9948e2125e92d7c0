//! One covariate's part of an additive model.

use secateurs_kan::Grid;
use serde::{Deserialize, Serialize};

use crate::data::scale::{ColumnScale, range};

/// Degree of the splines.
const DEGREE: usize = 3;

/// Functions of a covariate with few values, but more than two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FewValues {
    /// A line through all values.
    Lines,
    /// A separate level for each value, for instance of a category that is coded 0, 1, 2.
    Levels,
}

/// Settings of the functions of covariates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Functions {
    /// Intervals of the splines; only lines if 0.
    pub(crate) n_intervals: usize,
    /// Least number of different values for which a covariate has splines.
    pub(crate) least_distinct: usize,
    pub(crate) few_values: FewValues,
}

/// The functions that a term combines: its covariate on a scale, and possibly splines or levels.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TermBasis {
    pub(crate) feature: usize,
    scale: ColumnScale,
    range: [f64; 2],
    /// Interior knots or levels, in the units of the covariate.
    knots: Vec<f64>,
    kind: Kind,
    is_few: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Kind {
    Line,
    /// Splines on the scale.
    Splines(Grid),
    /// Places of the levels on the scale, ascending.
    Levels(Vec<f64>),
}

impl TermBasis {
    pub(crate) fn of(feature: usize, values: &[f64], functions: Functions) -> Self {
        let mut distinct = values.to_vec();
        distinct.sort_by(f64::total_cmp);
        distinct.dedup();
        let range = range(values);
        let scale = ColumnScale::of_covariate(values);
        let varies = functions.n_intervals > 0 && scale.unit() > 0.0;
        let has_splines = distinct.len() >= functions.least_distinct.max(2);
        let is_few = distinct.len() > 2 && distinct.len() < functions.least_distinct;
        let kind = match functions.few_values {
            _ if varies && has_splines => {
                let ends = range.map(|end| scale.to(end));
                // A range so narrow that its knots coincide has no grid, and the line has to do.
                let grid = Grid::uniform(1, DEGREE, functions.n_intervals, ends).ok();
                grid.map_or(Kind::Line, Kind::Splines)
            }
            FewValues::Levels if varies && is_few => {
                Kind::Levels(distinct.iter().map(|value| scale.to(*value)).collect())
            }
            _ => Kind::Line,
        };
        let knots = match &kind {
            Kind::Line => Vec::new(),
            Kind::Splines(grid) => grid.interior(0).iter().map(|z| scale.back(*z)).collect(),
            Kind::Levels(_) => distinct,
        };
        Self {
            feature,
            scale,
            range,
            knots,
            kind,
            is_few,
        }
    }

    /// Number of functions.
    pub(crate) fn len(&self) -> usize {
        1 + match &self.kind {
            Kind::Line => 0,
            Kind::Splines(grid) => grid.n_basis(),
            Kind::Levels(levels) => levels.len(),
        }
    }

    /// Values of the functions.
    pub(crate) fn at(&self, value: f64) -> Vec<f64> {
        let inside = value.clamp(self.range[0], self.range[1]);
        match &self.kind {
            Kind::Line => vec![self.scale.to(value)],
            Kind::Splines(grid) => {
                let mut functions = vec![self.scale.to(value)];
                functions.extend(grid.basis(0, self.scale.to(inside)));
                functions
            }
            Kind::Levels(levels) => {
                let z = self.scale.to(inside);
                let mut functions = vec![z];
                functions.extend(hats(levels, z));
                functions
            }
        }
    }
}

/// Functions of the levels: 1 at the own level, 0 at its neighbours and beyond, and a line between.
fn hats(levels: &[f64], z: f64) -> Vec<f64> {
    let mut hats = vec![0.0; levels.len()];
    let right = levels.partition_point(|level| *level <= z);
    match (right.checked_sub(1), levels.get(right)) {
        (Some(left), Some(next)) => {
            let share = (z - levels[left]) / (next - levels[left]);
            hats[left] = 1.0 - share;
            hats[right] = share;
        }
        (Some(last), None) => hats[last] = 1.0,
        (None, _) => hats[0] = 1.0,
    }
    hats
}

/// One covariate's part of an additive function, with mean 0 over the training rows.
///
/// `slope x + sum_m c_m B_m(clamp(x)) - constant`, where the cubic B-splines end at the range of the training rows: beyond it the
/// term is a line. A term of [levels](FewValues::Levels) has a hat function for each level instead, 1 there and 0 at the others:
/// between two levels it is a line, beyond the last one it keeps its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    basis: TermBasis,
    coefficients: Vec<f64>,
    constant: f64,
}

impl Term {
    /// The term with its mean over some values of the covariate subtracted, and that mean.
    pub(crate) fn centred(basis: TermBasis, coefficients: Vec<f64>, values: &[f64]) -> (Self, f64) {
        let mut term = Self {
            basis,
            coefficients,
            constant: 0.0,
        };
        let mean = values.iter().map(|&value| term.at(value)).sum::<f64>() / values.len() as f64;
        term.constant = mean;
        (term, mean)
    }

    /// The covariate, counted from 0.
    pub fn feature(&self) -> usize {
        self.basis.feature
    }

    /// Value of the term where the covariate has a value.
    pub fn at(&self, value: f64) -> f64 {
        let functions = self.basis.at(value);
        let sum: f64 = functions.iter().zip(&self.coefficients).map(|(f, c)| f * c).sum();
        sum - self.constant
    }

    /// The factor of the covariate itself; 0 if the covariate is constant.
    pub fn slope(&self) -> f64 {
        match self.basis.scale.unit() {
            0.0 => 0.0,
            unit => self.coefficients[0] / unit,
        }
    }

    /// Whether the term is only a line.
    pub fn is_linear(&self) -> bool {
        self.basis.kind == Kind::Line
    }

    /// Whether each value of the covariate has a level of its own.
    pub fn has_levels(&self) -> bool {
        matches!(self.basis.kind, Kind::Levels(_))
    }

    /// Whether the covariate has more than two values, but fewer than splines need: it may be a category.
    pub fn has_few_values(&self) -> bool {
        self.basis.is_few
    }

    /// The least and the largest value of the covariate in the training rows.
    pub fn range(&self) -> [f64; 2] {
        self.basis.range
    }

    /// Interior knots, between which the term is a cubic polynomial, or levels, between which it is a line; none for a
    /// line.
    pub fn knots(&self) -> &[f64] {
        &self.basis.knots
    }
}
