//! One covariate's part of an additive model.

use secateurs_kan::Grid;

/// Degree of the splines.
const DEGREE: usize = 3;

/// The functions of one covariate that a term combines: the covariate itself and, maybe, splines.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TermBasis {
    pub(crate) feature: usize,
    range: [f64; 2],
    grid: Option<Grid>,
}

impl TermBasis {
    /// The functions for the values of a covariate; splines only if there are intervals and enough distinct values.
    pub(crate) fn of(feature: usize, values: &[f64], (n_intervals, least_distinct): (usize, usize)) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let range = [sorted[0], sorted[sorted.len() - 1]];
        sorted.dedup();
        let wanted = n_intervals > 0 && sorted.len() >= least_distinct.max(2);
        // A range so narrow that its knots coincide has no grid, and the line has to do.
        let grid = wanted.then(|| Grid::uniform((1, DEGREE, n_intervals), range).ok());
        Self {
            feature,
            range,
            grid: grid.flatten(),
        }
    }

    /// How many functions there are.
    pub(crate) fn len(&self) -> usize {
        // Splines sum to 1, so the last one follows from the others and the intercept.
        1 + self.grid.as_ref().map_or(0, |grid| grid.n_basis() - 1)
    }

    /// Their values.
    pub(crate) fn at(&self, value: f64) -> Vec<f64> {
        let mut functions = vec![value];
        if let Some(grid) = &self.grid {
            functions.extend(grid.basis(0, value.clamp(self.range[0], self.range[1])));
            functions.pop();
        }
        functions
    }
}

/// One covariate's part of an additive function, with mean 0 over the training rows.
///
/// `slope x + sum_m c_m B_m(clamp(x)) - constant`, where the cubic B-splines end at the range of the training rows: beyond it the
/// term is a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    basis: TermBasis,
    coefficients: Vec<f64>,
    constant: f64,
}

impl Term {
    /// The term and its mean over some values of the covariate, which it no longer has.
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

    /// What the term adds where the covariate has a value.
    pub fn at(&self, value: f64) -> f64 {
        let functions = self.basis.at(value);
        let sum: f64 = functions.iter().zip(&self.coefficients).map(|(f, c)| f * c).sum();
        sum - self.constant
    }

    /// The factor of the covariate itself.
    pub fn slope(&self) -> f64 {
        self.coefficients[0]
    }

    /// Whether the term is a line and nothing else.
    pub fn is_linear(&self) -> bool {
        self.basis.grid.is_none()
    }

    /// The least and the largest value of the covariate in the training rows.
    pub fn range(&self) -> [f64; 2] {
        self.basis.range
    }

    /// Interior knots, between which the term is a cubic polynomial; none of a line.
    pub fn knots(&self) -> &[f64] {
        self.basis.grid.as_ref().map_or(&[], |grid| grid.interior(0))
    }
}
