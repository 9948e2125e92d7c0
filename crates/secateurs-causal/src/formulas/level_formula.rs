//! A function with a level for each of a few values, as a formula.

use secateurs_formula::{Call, Expr};

/// The function through these points that is a line between neighbouring places; places ascend.
///
/// `f(x) = a + b x + sum_k c_k |x - x_k|` over the inner places, where `2 c_k` is the change of the slope and `b` the mean of the
/// first and the last one.
pub(crate) fn through(places: &[f64], values: &[f64], x: &Expr) -> Expr {
    let pairs = places.windows(2).zip(values.windows(2));
    let slopes: Vec<f64> = pairs.map(|(x, y)| (y[1] - y[0]) / (x[1] - x[0])).collect();
    let (Some(first), Some(last)) = (slopes.first(), slopes.last()) else {
        return Expr::Constant(values.first().copied().unwrap_or(0.0));
    };
    let middle = 0.5 * (first + last);
    let kinks: Vec<(f64, f64)> = slopes
        .windows(2)
        .zip(&places[1..])
        .map(|(slopes, place)| (0.5 * (slopes[1] - slopes[0]), *place))
        .collect();
    // The constant makes the first point right.
    let there = middle * places[0]
        + kinks
            .iter()
            .map(|(kink, place)| kink * (place - places[0]))
            .sum::<f64>();
    let mut terms = vec![x.clone().times(middle), Expr::Constant(values[0] - there)];
    for (kink, place) in kinks {
        terms.push(Expr::call(Call::Abs, x.clone().plus(-place)).times(kink));
    }
    Expr::sum(terms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_points_are_met() {
        let (places, values) = ([-2.0, 0.0, 1.0, 5.0], [1.0, 4.0, -3.0, 0.5]);
        let f = through(&places, &values, &Expr::Variable(0));
        for (place, value) in places.iter().zip(values) {
            assert!((f.at(&[*place]) - value).abs() < 1e-12, "{f}");
        }
        // A line between.
        assert!((f.at(&[-1.0]) - 2.5).abs() < 1e-12 && (f.at(&[3.0]) + 1.25).abs() < 1e-12);
        let tent = through(&[0.0, 1.0, 2.0], &[1.5, 3.0, 1.5], &Expr::Variable(0));
        assert_eq!(tent.to_string(), "-1.5*abs(x1 - 1) + 3");
    }
}
