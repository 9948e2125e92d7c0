//! Polynomials by least squares.

use crate::curve::{Curve, Shape};

/// The range of samples: `x = half u + middle` with `u` in [-1, 1].
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) middle: f64,
    pub(super) half: f64,
}

/// The polynomial of a degree in `x = half u + middle` that is closest to samples at `u` in [-1, 1].
///
/// Legendre polynomials are fitted by modified Gram-Schmidt, twice, so that no normal equations lose digits; with fewer
/// distinct `u` than coefficients the highest ones are 0.
pub(super) fn polynomial(u: &[f64], y: &[f64], degree: u8, place: Place) -> Curve {
    let Place { middle, half } = place;
    let n_basis = usize::from(degree) + 1;
    let mut rest = y.to_vec();
    let mut sum = vec![0.0; n_basis];
    // Orthogonal columns, and each as a polynomial in u.
    let mut columns: Vec<(Vec<f64>, Vec<f64>)> = Vec::new();
    for n in 0..n_basis {
        let mut column: Vec<f64> = u.iter().map(|u| u.powi(n as i32)).collect();
        let mut powers = vec![0.0; n_basis];
        powers[n] = 1.0;
        let size = dot(&column, &column);
        for _ in 0..2 {
            for (other, other_powers) in &columns {
                let share = dot(&column, other);
                subtract(&mut column, share, other);
                subtract(&mut powers, share, other_powers);
            }
        }
        let norm = dot(&column, &column).sqrt();
        if norm * norm <= 1e-20 * size {
            continue;
        }
        [&mut column, &mut powers]
            .into_iter()
            .flatten()
            .for_each(|value| *value /= norm);
        let share = dot(&rest, &column);
        subtract(&mut rest, share, &column);
        subtract(&mut sum, -share, &powers);
        columns.push((column, powers));
    }
    // From u to x by Horner's scheme on polynomials: sum <- sum * (x - middle) / half + next.
    let mut in_x = vec![0.0; n_basis];
    for p in sum.iter().rev() {
        for n in (0..n_basis).rev() {
            let below = if n > 0 { in_x[n - 1] } else { 0.0 };
            in_x[n] = (below - in_x[n] * middle) / half;
        }
        in_x[0] += p;
    }
    Curve::new(Shape::Polynomial(degree), in_x).unwrap_or_else(|_| Curve::constant(super::mean(y)))
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn subtract(from: &mut [f64], factor: f64, what: &[f64]) {
    from.iter_mut()
        .zip(what)
        .for_each(|(from, what)| *from -= factor * what);
}
