//! Laws of expressions, on random ones.

use std::f64::consts::{FRAC_PI_2, PI, TAU};

use proptest::prelude::*;
use secateurs_formula::{Call, Exponent, Expr, Formula, FormulaError, Program, Rounding, Syntax};

/// An expression that is not simplified: only the public variants, put together directly.
fn raw() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        (-3.0..3.0f64).prop_map(Expr::Constant),
        (0..3usize).prop_map(Expr::Variable),
    ];
    let calls = prop::sample::select(vec![
        Call::Exp,
        Call::Log,
        Call::Abs,
        Call::Sign,
        Call::Sin,
        Call::Cos,
        Call::Tanh,
        Call::Arctan,
        Call::Arcsin,
    ]);
    let halves = prop::sample::select(vec![-4i8, -2, 1, 3, 4, 6]);
    leaf.prop_recursive(4, 24, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::Sum),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::Product),
            (inner.clone(), halves.clone()).prop_map(|(base, halves)| Expr::Power(Box::new(base), Exponent { halves })),
            (calls.clone(), inner).prop_map(|(call, argument)| Expr::Call(call, Box::new(argument))),
        ]
    })
}

/// The same, simplified from the leaves up.
fn simplified(expr: &Expr) -> Expr {
    expr.substituted(&[])
}

fn rows() -> impl Strategy<Value = Vec<[f64; 3]>> {
    prop::collection::vec(prop::array::uniform3(0.2..2.0f64), 1..5)
}

/// Far from poles, edges of domains and steps, where the slightest rounding may change a value.
fn is_tame(expr: &Expr, x: &[f64]) -> bool {
    let inside = |u: f64| u.is_finite() && u.abs() < 1e4;
    let parts = |parts: &[Expr]| parts.iter().all(|part| is_tame(part, x));
    inside(expr.at(x))
        && match expr {
            Expr::Constant(_) | Expr::Variable(_) => true,
            Expr::Sum(terms) => parts(terms),
            Expr::Product(factors) => parts(factors),
            Expr::Power(base, exponent) => {
                let u = base.at(x);
                let good = if exponent.is_whole() { u.abs() } else { u };
                is_tame(base, x) && (good > 0.05 || (exponent.is_whole() && exponent.halves > 0))
            }
            Expr::Call(call, argument) => {
                let u = argument.at(x);
                is_tame(argument, x)
                    && match call {
                        Call::Log => u > 0.05,
                        Call::Sign | Call::Abs => u.abs() > 0.05,
                        Call::Arcsin => u.abs() < 0.95,
                        Call::Exp => u < 8.0,
                        _ => true,
                    }
            }
        }
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn simplifying_keeps_values(expr in raw(), rows in rows()) {
        let short = simplified(&expr);
        for x in rows.iter().filter(|x| is_tame(&expr, *x)) {
            prop_assert!(close(expr.at(x), short.at(x), 1e-7), "{expr:?}\n{short}\n{} {}", expr.at(x), short.at(x));
        }
    }

    #[test]
    fn simplifying_again_changes_nothing_that_is_printed_in_digits(expr in raw(), rows in rows()) {
        let once = simplified(&expr);
        let twice = simplified(&once);
        for x in rows.iter().filter(|x| is_tame(&once, *x)) {
            prop_assert!(close(once.at(x), twice.at(x), 1e-9), "{once}\n{twice}");
        }
        prop_assert!(twice.size() <= once.size(), "{once}\n{twice}");
    }

    #[test]
    fn programs_compute_what_expressions_say(expr in raw(), rows in rows()) {
        let x: Vec<f64> = rows.concat();
        let values = Program::new(&expr).at(&x, 3);
        prop_assert_eq!(values.len(), rows.len());
        for (value, x) in values.iter().zip(&rows) {
            let expected = expr.at(x);
            prop_assert!(close(*value, expected, 1e-9) || (value.is_nan() && expected.is_nan()) || *value == expected);
        }
    }

    #[test]
    fn derivatives_are_slopes(expr in raw(), x in prop::array::uniform3(0.2..2.0f64)) {
        let expr = simplified(&expr);
        let derivative = expr.derivative(1);
        let h = 1e-5;
        let at = |by: f64| expr.at(&[x[0], x[1] + by, x[2]]);
        let tame = [-h, 0.0, h].iter().all(|by| is_tame(&expr, &[x[0], x[1] + by, x[2]]));
        let slope = (at(h) - at(-h)) / (2.0 * h);
        let bend = (at(h) - 2.0 * at(0.0) + at(-h)).abs() / h;
        let got = derivative.at(&x);
        // The difference itself is off by its own error and by rounding.
        prop_assume!(tame && bend < 1e-2 && got.abs() < 1e3);
        prop_assert!((got - slope).abs() < 1e-3 * (1.0 + slope.abs()) + bend, "{expr}\n{derivative}\n{got} {slope}");
    }

    #[test]
    fn rounding_moves_constants_by_half_a_unit(value in -1e6..1e6f64, digits in 1u8..8) {
        let near = Rounding::Significant(digits).of(value);
        let unit = 10f64.powi(value.abs().max(1e-12).log10().floor() as i32 + 1 - i32::from(digits));
        prop_assert!((near - value).abs() <= 0.5001 * unit);
        prop_assert!((Rounding::Decimals(digits).of(value) - value).abs() <= 0.5001 * 10f64.powi(-i32::from(digits)));
    }
}

fn x(index: usize) -> Expr {
    Expr::Variable(index)
}

#[test]
fn one_form_for_each_function() {
    let square = |u: Expr| Expr::power(u, Exponent::whole(2));
    let text = |expr: Expr| expr.rounded(Rounding::Decimals(4)).to_string();
    assert_eq!(text(square(x(0).times(-2.0).plus(-4.0)).times(0.5)), "2*(x1 + 2)^2");
    assert_eq!(text(Expr::call(Call::Exp, x(0).plus(1.0))), "2.7183*exp(x1)");
    assert_eq!(text(Expr::call(Call::Cos, x(0).plus(-FRAC_PI_2))), "sin(x1)");
    assert_eq!(text(Expr::call(Call::Sin, x(0).times(-1.0))), "-sin(x1)");
    assert_eq!(text(Expr::call(Call::Log, x(0).times(3.0))), "log(x1) + 1.0986");
    assert_eq!(text(Expr::call(Call::Abs, x(0).times(-3.0).plus(6.0))), "3*abs(x1 - 2)");
    assert_eq!(
        text(Expr::sum(vec![x(1), x(0), x(1), Expr::Constant(0.0)])),
        "x1 + 2*x2"
    );
    assert_eq!(text(x(0).minus(x(0))), "0");
    assert_eq!(text(Expr::product(vec![x(0), x(0), x(1)])), "x1^2*x2");
    assert_eq!(
        text(Expr::power(x(0).plus(1.0), Exponent::whole(-2)).times(-3.0)),
        "-3/(x1 + 1)^2"
    );
}

/// Rounded constants stay round where the form of a wave changes.
#[test]
fn rounded_phases_are_round() {
    for (call, phase) in [
        (Call::Sin, 5.75),
        (Call::Cos, 3.67),
        (Call::Sin, -0.53),
        (Call::Cos, 0.2),
        (Call::Cos, -1.9),
    ] {
        let wave = Expr::call(call, x(0).times(1.931).plus(phase))
            .times(0.1234)
            .rounded(Rounding::Significant(2));
        let text = wave.to_string();
        assert!(text.len() < 25, "{text}");
        assert!(
            (wave.at(&[0.4]) - 0.1234 * call.of(1.931 * 0.4 + phase)).abs() < 0.01,
            "{text}"
        );
    }
}

/// What pykan's introduction finds, from edges with scales, shifts and signs that hide it.
#[test]
fn the_formula_of_the_introduction_comes_out() {
    let sine = Expr::call(Call::Sin, x(0).times(-PI).plus(TAU)).times(-0.4).plus(0.3);
    let square = Expr::power(x(1).times(1.7), Exponent::whole(2))
        .times(0.4 / 1.7 / 1.7)
        .plus(0.1);
    let sum = Expr::sum(vec![sine, square]).times(2.5).plus(-1.0);
    let exp = Expr::call(Call::Exp, sum);
    assert_eq!(
        exp.rounded(Rounding::Decimals(3)).to_string(),
        "exp(sin(3.142*x1) + x2^2)"
    );
}

#[test]
fn three_syntaxes() {
    let expr = Expr::sum(vec![
        Expr::call(Call::Sin, x(0).times(3.5)).times(-2.0),
        Expr::power(x(1).plus(0.5), Exponent { halves: 1 }),
        Expr::power(x(1), Exponent::whole(-1)),
    ]);
    let names = vec!["age".to_owned(), "t".to_owned()];
    assert_eq!(
        expr.written(Syntax::Text, &names),
        "-2*sin(3.5*age) + 1/t + sqrt(t + 0.5)"
    );
    assert_eq!(
        expr.written(Syntax::Latex, &names),
        r"-2 \sin\left(3.5 \mathrm{age}\right) + \frac{1}{t} + \sqrt{t + 0.5}"
    );
    assert_eq!(
        expr.written(Syntax::Rust, &names),
        "-2.0_f64 * (3.5_f64 * x[0]).sin() + ({ let u: f64 = x[1]; u.abs().max(1e-12).copysign(u).powi(-1) }) + (x[1] + 0.5_f64).max(0.0).sqrt()"
    );
    assert_eq!(
        expr.written(Syntax::Latex, &[]),
        r"-2 \sin\left(3.5 x_{1}\right) + \frac{1}{x_{2}} + \sqrt{x_{2} + 0.5}"
    );
}

/// A scale that is drawn out of a power is a factor, however small, and not a pole.
#[test]
fn tiny_scales_of_negative_powers() {
    let inverse = Expr::power(x(0).times(1e-15).plus(2.0), Exponent::whole(-1));
    assert!((inverse.at(&[0.0]) - 0.5).abs() < 1e-12, "{inverse}");
    let tiny = Expr::power(x(0).times(1e-300).plus(2.0), Exponent::whole(-4));
    assert!((tiny.at(&[0.0]) - 0.0625).abs() < 1e-12, "{tiny}");
}

#[test]
fn formulas_know_their_ranges() {
    let names = vec!["a".to_owned(), "b".to_owned()];
    let formula = Formula::new(x(1).times(2.0), names, &[0.0, 1.0, 5.0, 3.0]).unwrap();
    assert_eq!(formula.ranges, [[0.0, 5.0], [1.0, 3.0]]);
    let (values, warnings) = formula.evaluate(&[9.0, 2.0, 0.0, 3.5, 0.0, -1.0]).unwrap();
    assert_eq!(values, [4.0, 7.0, -2.0]);
    // `a` is outside as well, but not in the formula.
    assert_eq!(warnings.len(), 1);
    assert_eq!((warnings[0].value, warnings[0].rows), (-1.0, 2));
    assert!(warnings[0].to_string().contains("[1, 3]"));
    assert!(matches!(
        formula.evaluate(&[1.0, f64::NAN]),
        Err(FormulaError::NotFinite { index: 1, .. })
    ));
    assert!(matches!(formula.evaluate(&[1.0]), Err(FormulaError::Length { .. })));
    let source = formula.rust_function("effect");
    assert!(
        source.contains("/// `x[1]`: b, fitted on [1, 3].\npub fn effect(x: &[f64]) -> f64 {\n    2.0_f64 * x[1]\n}")
    );
}
