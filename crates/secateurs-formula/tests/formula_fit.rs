//! Fits find the curves that samples were drawn from, and fall back where there is none.

use proptest::prelude::*;
use secateurs_formula::{Criterion, Curve, Expr, FormulaError, Function, Library, Shape, best, fit_shape, suggestions};

fn grid(n: usize, [low, high]: [f64; 2]) -> Vec<f64> {
    (0..n).map(|i| low + (high - low) * i as f64 / (n - 1) as f64).collect()
}

/// Inner parameters that keep each function inside its domain on [-1, 1].
fn inside(function: Function) -> (f64, f64) {
    match function.name() {
        "1/x" | "1/x^2" | "1/x^3" | "1/x^4" | "1/x^5" | "log" | "1/sqrt(x)" => (0.7, 1.3),
        "sqrt" | "x^1.5" => (0.9, 1.1),
        "arcsin" | "arccos" | "arctanh" => (0.6, 0.2),
        "tan" => (0.8, 0.3),
        _ => (1.7, -0.4),
    }
}

#[test]
fn every_function_is_found_again() {
    let x = grid(101, [-1.0, 1.0]);
    for function in Function::all().filter(|function| function.name() != "0") {
        let (a, b) = inside(function);
        let truth = Curve::new(Shape::Function(function), vec![a, b, -1.4, 0.6]).unwrap();
        let y: Vec<f64> = x.iter().map(|x| truth.at(*x)).collect();
        let fit = fit_shape(&x, &y, Shape::Function(function)).unwrap().unwrap();
        // A step has no slope to follow: its place is as fine as the search.
        let least = if function.name() == "sgn" { 0.95 } else { 1.0 - 1e-6 };
        assert!(fit.r_squared > least, "{function}: {}", fit.r_squared);
        let polynomial = truth.of(&Expr::Variable(0));
        assert!((polynomial.at(&[0.3]) - truth.at(0.3)).abs() < 1e-9, "{function}");
    }
}

#[test]
fn the_simplest_good_function_is_chosen() {
    let x = grid(200, [-1.0, 1.0]);
    let chosen = |f: &dyn Fn(f64) -> f64, criterion| {
        let y: Vec<f64> = x.iter().map(|x| f(*x)).collect();
        best(&x, &y, &Library::default(), criterion)
            .unwrap()
            .curve
            .shape()
            .to_string()
    };
    for criterion in [
        Criterion::Simplest { r_squared: 0.9999 },
        Criterion::Weighted { simplicity: 0.5 },
    ] {
        assert_eq!(chosen(&|x| 2.0 * x - 1.0, criterion), "x");
        assert_eq!(chosen(&|x| (3.0 * x).sin(), criterion), "sin");
        assert_eq!(chosen(&|x| x * x, criterion), "x^2");
        assert_eq!(chosen(&|x| (2.0 * x).exp(), criterion), "exp");
    }
    assert_eq!(chosen(&|_| 3.0, Criterion::default()), "polynomial of degree 0");
}

#[test]
fn polynomials_are_least_squares() {
    let x = grid(40, [2.0, 5.0]);
    let y: Vec<f64> = x
        .iter()
        .map(|x| 1.0 - 2.0 * x + 0.5 * x * x * x + (7.0 * x).sin())
        .collect();
    let fit = fit_shape(&x, &y, Shape::Polynomial(3)).unwrap().unwrap();
    // The residual is orthogonal to every power.
    for power in 0..4 {
        let product: f64 = x
            .iter()
            .zip(&y)
            .map(|(x, y)| (y - fit.curve.at(*x)) * x.powi(power))
            .sum();
        assert!(product.abs() < 1e-8 * 5f64.powi(power) * 40.0, "{power}: {product}");
    }
}

#[test]
fn poles_inside_the_range_are_refused() {
    let x = grid(50, [-1.0, 1.0]);
    let y: Vec<f64> = x.iter().map(|x| 1.0 / (x + 0.013)).collect();
    for name in ["1/x", "log", "sqrt"] {
        let function: Function = name.parse().unwrap();
        if let Some(fit) = fit_shape(&x, &y, Shape::Function(function)).unwrap() {
            let [a, b, ..] = fit.curve.parameters() else { panic!() };
            assert!(function.covers([b - a.abs(), b + a.abs()]), "{name}");
        }
    }
}

/// A curve whose pole is next to the last sample would be that sample and nothing else.
#[test]
fn poles_keep_away_from_samples() {
    let x = grid(50, [-1.0, 1.0]);
    let mut y = vec![0.0; 50];
    y[49] = 1.0;
    for function in Function::all() {
        let Some(fit) = fit_shape(&x, &y, Shape::Function(function)).unwrap() else {
            continue;
        };
        assert!(fit.curve.covers([-1.0, 1.0]), "{function}");
        let has_pole = function.name().contains("1/") || ["log", "tan", "arctanh"].contains(&function.name());
        assert!(
            !has_pole || fit.curve.covers([-1.00009, 1.00009]),
            "{function}: {:?}",
            fit.curve
        );
    }
}

/// At four values of x some fast sine is nearly the same, and times a large factor it would meet any four y.
#[test]
fn no_large_factor_makes_much_of_little() {
    let x: Vec<f64> = (0..40).map(|i| f64::from(i % 4) - 1.5).collect();
    for seed in 0..8 {
        let y: Vec<f64> = x.iter().map(|x| (1.7 * x + f64::from(seed)).sin() * x).collect();
        for name in ["sin", "cos", "tanh", "gaussian", "exp", "arctan"] {
            let function: Function = name.parse().unwrap();
            let fit = fit_shape(&x, &y, Shape::Function(function)).unwrap().unwrap();
            let factor = fit.curve.parameters()[2];
            assert!(factor.abs() < 1e4 * 1.5 / 0.9, "{name}, {seed}: {factor}");
        }
    }
}

#[test]
fn a_curve_covers_what_its_argument_covers() {
    let log = Curve::new(Shape::Function("log".parse().unwrap()), vec![-2.0, 3.0, 1.0, 0.0]).unwrap();
    // 3 - 2 x > 0
    assert!(log.covers([-9.0, 1.49]) && !log.covers([0.0, 1.51]));
    let root = Curve::new(Shape::Function("sqrt".parse().unwrap()), vec![2.0, 1.0, 1.0, 0.0]).unwrap();
    assert!(root.covers([-0.5, 9.0]) && !root.covers([-0.51, 9.0]));
    assert!(
        Curve::new(Shape::Polynomial(2), vec![1.0; 3])
            .unwrap()
            .covers([-9.0, 9.0])
    );
}

#[test]
fn degenerate_samples() {
    let library = Library::default();
    let criterion = Criterion::default();
    // One distinct x: the mean, whatever y.
    let fit = best(&[2.0; 4], &[1.0, 2.0, 3.0, 4.0], &library, criterion).unwrap();
    assert_eq!(fit.curve.at(2.0), 2.5);
    // Two distinct x: a line meets them.
    let fit = best(&[0.0, 1.0, 0.0, 1.0], &[1.0, 3.0, 1.0, 3.0], &library, criterion).unwrap();
    assert!((fit.curve.at(1.0) - 3.0).abs() < 1e-12 && fit.r_squared > 1.0 - 1e-12);
    assert_eq!(fit.curve.shape().to_string(), "x");
    assert!(matches!(
        best(&[1.0, f64::NAN], &[0.0, 0.0], &library, criterion),
        Err(FormulaError::NotFinite { index: 1, .. })
    ));
    assert!(matches!(
        best(&[0.0, 1.0, 2.0], &[1e160, -1e160, 0.0], &library, criterion),
        Err(FormulaError::NotFinite { index: 0, .. })
    ));
    assert!(matches!(
        Curve::new(Shape::Polynomial(100), vec![1.0; 101]),
        Err(FormulaError::Degree { got: 100, .. })
    ));
    assert!(matches!(
        best(&[], &[], &library, criterion),
        Err(FormulaError::Length { .. })
    ));
    assert!(matches!(
        Library::of(&["sine"]),
        Err(FormulaError::UnknownFunction { .. })
    ));
}

/// Powers of x have no digits left there; a lower degree does.
#[test]
fn samples_far_from_zero_and_close_together_are_fitted_by_what_has_digits() {
    let x = grid(12, [3705.701, 3705.702]);
    let mut y = vec![0.0; 12];
    y[11] = 125.0;
    let fits: Vec<f64> = (0..=4)
        .map(|degree| fit_shape(&x, &y, Shape::Polynomial(degree)).unwrap().unwrap().r_squared)
        .collect();
    assert!(
        fits[0] == 0.0 && fits.windows(2).all(|pair| pair[1] >= pair[0] - 1e-8),
        "{fits:?}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    /// No sample, however odd, gives a curve with NaN, and a shape with more freedom never fits worse.
    #[test]
    fn never_nan(y in prop::collection::vec(-1e3..1e3f64, 12), at in -1e4..1e4f64, width in 1e-3..1e3f64) {
        let x = grid(12, [at, at + width]);
        let all = Library::all().with_polynomials(4);
        for fit in suggestions(&x, &y, &all, Criterion::default()).unwrap() {
            prop_assert!(fit.r_squared.is_finite() && fit.r_squared > -1e-6, "{:?}", fit);
            prop_assert!(x.iter().all(|x| fit.curve.at(*x).is_finite()));
        }
        let of = |degree| fit_shape(&x, &y, Shape::Polynomial(degree)).unwrap().unwrap().r_squared;
        prop_assert!(of(4) >= of(2) - 1e-6 && of(2) >= of(1) - 1e-6);
    }
}
