//! Rounded formulas keep their values on the ranges, and overflowing constants stay apart.

use proptest::prelude::*;
use secateurs_formula::{Call, Exponent, Expr, Formula, FormulaError, Rounding, Syntax};

fn x(index: usize) -> Expr {
    Expr::Variable(index)
}

fn formula(expr: Expr, ranges: &[[f64; 2]]) -> Formula {
    let names = (0..ranges.len()).map(|index| format!("v{index}")).collect();
    let rows: Vec<f64> = [0, 1]
        .iter()
        .flat_map(|end| ranges.iter().map(|range| range[*end]))
        .collect();
    Formula::new(expr, names, &rows).unwrap()
}

/// Rows on a lattice that the rounding does not look at.
fn lattice(ranges: &[[f64; 2]]) -> Vec<f64> {
    let steps = if ranges.len() == 1 { 1009 } else { 31 };
    let row = |number: usize| {
        let at = move |(place, range): (usize, &[f64; 2])| {
            let step = number / steps_to(steps, place) % steps;
            range[0] + (range[1] - range[0]) * step as f64 / (steps - 1) as f64
        };
        ranges.iter().enumerate().map(at).collect::<Vec<f64>>()
    };
    (0..steps_to(steps, ranges.len())).flat_map(row).collect()
}

fn steps_to(steps: usize, power: usize) -> usize {
    (0..power).fold(1, |product, _| product * steps)
}

/// The largest change of a value over what the documentation of `rounded` allows.
fn change_over_bound(formula: &Formula, rounding: Rounding) -> f64 {
    let rows = lattice(&formula.ranges);
    let exact = formula.evaluate(&rows).unwrap().0;
    let near = formula.rounded(rounding).evaluate(&rows).unwrap().0;
    let (share, unit) = match rounding {
        Rounding::Decimals(n) => (10f64.powi(1 - i32::from(n)), 1.0),
        Rounding::Significant(n) => {
            let least = exact.iter().copied().fold(f64::INFINITY, f64::min);
            let greatest = exact.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            (10f64.powi(1 - i32::from(n)), greatest - least)
        }
    };
    let of_row = |(near, exact): (&f64, &f64)| match (near - exact).abs() {
        0.0 => 0.0,
        change => change / (share.min(0.5) * exact.abs().max(unit)),
    };
    near.iter().zip(&exact).map(of_row).fold(0.0, f64::max)
}

const ROUNDINGS: [Rounding; 6] = [
    Rounding::Decimals(0),
    Rounding::Decimals(1),
    Rounding::Decimals(3),
    Rounding::Significant(1),
    Rounding::Significant(2),
    Rounding::Significant(4),
];

#[test]
fn poles_stay_out_of_the_range_and_large_factors_stay() {
    let inverse = |by: f64, power: i8| Expr::power(x(0).plus(by), Exponent::whole(power));
    let cases = [
        inverse(1.0004, -1),
        inverse(-1.0004, -3).times(0.001),
        inverse(1.04, -1).times(1e9),
        Expr::call(Call::Log, x(0).plus(1.0004)),
        Expr::power(x(0).plus(1.000_004), Exponent { halves: -1 }),
        Expr::call(Call::Tan, x(0).times(1.5704)),
        Expr::call(Call::Arctanh, x(0).times(0.9996)),
        Expr::call(Call::Exp, x(0).times(20.0).plus(-20.0)),
        Expr::call(Call::Exp, x(0).times(20.0)).times((-20f64).exp()),
        Expr::call(Call::Exp, x(0).times(0.004)).times(3e7),
        x(0).times(1e-7).plus(1.23e-7).times(1e7),
        // A pole between rows: the least value of the base is 0.0004, at 0.3.
        Expr::power(
            Expr::power(x(0).plus(-0.3), Exponent::whole(2)).plus(0.0004),
            Exponent::whole(-1),
        ),
    ];
    for expr in cases {
        for range in [[-0.9999, 0.9999], [-1.0, 1.0]] {
            let formula = formula(expr.clone(), &[range]);
            for rounding in ROUNDINGS {
                let over = change_over_bound(&formula, rounding);
                assert!(
                    over <= 1.0,
                    "{formula} on {range:?}, {rounding:?}: {} times the bound, {}",
                    over,
                    formula.rounded(rounding)
                );
            }
        }
    }
}

/// A column in large units needs its small factor, its long shift, and both in each other.
#[test]
fn columns_in_any_units_keep_their_effect() {
    let units = [
        ([2_451_545.0, 2_459_000.5], 1.0),
        ([1.2e9, 1.7e9], 86400.0 * 365.0),
        ([95_000.0, 105_000.0], 3000.0),
        ([1e-9, 5e-9], 1e-9),
    ];
    for (range, period) in units {
        let wave = x(0).times(1.0 / period).plus(-range[0] / period);
        for expr in [
            Expr::call(Call::Sin, wave.clone()),
            wave.clone().times(0.1).plus(0.3),
            Expr::power(wave.plus(1.5), Exponent::whole(-1)),
        ] {
            let formula = formula(expr, &[range]);
            for rounding in ROUNDINGS {
                let over = change_over_bound(&formula, rounding);
                assert!(
                    over <= 1.0,
                    "{formula} on {range:?}, {rounding:?}: {over} times the bound, {}",
                    formula.rounded(rounding)
                );
            }
        }
    }
}

#[test]
fn rounded_formulas_are_as_short_as_their_values_allow() {
    let text = |expr: Expr, ranges: &[[f64; 2]], rounding| formula(expr, ranges).rounded(rounding).to_string();
    let line = x(0).times(1_004_004_827.7).plus(1_989_199_525.2);
    let unit = [[-1.0, 1.0]];
    assert_eq!(text(line.clone(), &unit, Rounding::Significant(1)), "1e9*v0 + 2e9");
    assert_eq!(text(line, &unit, Rounding::Decimals(1)), "1.004e9*v0 + 1.989e9");
    let exp = Expr::call(Call::Exp, x(0).times(20.0004).plus(-20.0)).plus(0.333_333);
    assert_eq!(text(exp, &unit, Rounding::Decimals(2)), "exp(20*v0 - 20) + 0.33");
    // Only the constant that the pole needs has four decimals.
    let inverse = Expr::power(x(0).plus(1.0004), Exponent::whole(-1)).times(2.345_678);
    assert_eq!(text(inverse, &unit, Rounding::Decimals(1)), "2.3/(v0 + 1.0004)");
    // Where x is small, a small factor is nothing; where it is large, it is all.
    let slope = || x(0).times(0.000_123_45).plus(7.0);
    assert_eq!(text(slope(), &unit, Rounding::Decimals(2)), "7");
    assert_eq!(
        text(slope(), &[[0.0, 1e6]], Rounding::Decimals(2)),
        "1.2e-4*v0 + 7".replace("1.2e-4", "0.00012")
    );
}

/// Smooth expressions, none with a jump.
fn smooth() -> impl Strategy<Value = Expr> {
    let constant = prop_oneof![-3.0..3.0f64, (-6.0..6.0f64).prop_map(|power| 10f64.powf(power))];
    let leaf = prop_oneof![constant.prop_map(Expr::Constant), (0..2usize).prop_map(Expr::Variable)];
    let calls = prop::sample::select(vec![
        Call::Exp,
        Call::Log,
        Call::Abs,
        Call::Sin,
        Call::Cos,
        Call::Tanh,
        Call::Arctan,
        Call::Tan,
    ]);
    let halves = prop::sample::select(vec![-4i8, -2, -1, 1, 3, 4, 6]);
    leaf.prop_recursive(4, 20, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::sum),
            prop::collection::vec(inner.clone(), 1..4).prop_map(Expr::product),
            (inner.clone(), halves.clone()).prop_map(|(base, halves)| Expr::power(base, Exponent { halves })),
            (calls.clone(), inner).prop_map(|(call, argument)| Expr::call(call, argument)),
        ]
    })
}

/// No value near a pole or so large that its neighbours tell nothing about it.
fn is_tame(formula: &Formula) -> bool {
    let values = formula.evaluate(&lattice(&formula.ranges)).unwrap().0;
    let steps = values.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let size = values.iter().map(|value| value.abs()).fold(0.0, f64::max);
    size < 1e12
        && size > 0.0
        && steps
            .zip(&values)
            .all(|(step, value)| step <= 0.3 * value.abs().max(0.1 * size))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, max_global_rejects: 100_000, ..ProptestConfig::default() })]

    #[test]
    fn rounding_keeps_values_on_the_ranges(
        expr in smooth(), low in prop::array::uniform2(-2.0..2.0f64), width in prop::array::uniform2(0.01..3.0f64),
        rounding in prop::sample::select(ROUNDINGS.to_vec()),
    ) {
        let ranges = [0, 1].map(|index| [low[index], low[index] + width[index]]);
        let formula = formula(expr, &ranges);
        prop_assume!(is_tame(&formula));
        let over = change_over_bound(&formula, rounding);
        prop_assert!(over <= 1.0, "{}\n{}\n{over} times the bound", formula, formula.rounded(rounding));
    }

    /// Constants of any size, multiplied and added: nothing that is printed is infinite or NaN, and values are those of the factors.
    #[test]
    fn constants_never_overflow(
        powers in prop::collection::vec(-320.0..308.0f64, 1..5), shift in -320.0..308.0f64, at in -1.0..1.0f64, exponent in -3i8..4,
    ) {
        let number = |power: f64| 10f64.powf(power);
        let scaled = powers.iter().fold(x(0), |expr, power| expr.times(number(*power)));
        let shifted = scaled.clone().plus(number(shift)).times(number(shift)).plus(number(shift));
        let raised = Expr::power(shifted.clone(), Exponent::whole(exponent));
        let twice = Expr::sum(vec![Expr::Constant(number(shift)), shifted.clone(), Expr::Constant(number(shift)), shifted.clone()]);
        for expr in [scaled.clone(), shifted, raised, twice, Expr::call(Call::Log, Expr::call(Call::Abs, scaled.clone()))] {
            let formula = formula(expr, &[[-1.0, 1.0]]);
            for formula in [&formula, &formula.rounded(Rounding::Significant(2)), &formula.rounded(Rounding::Decimals(2)), &formula.derivative(0)] {
                for syntax in [Syntax::Text, Syntax::Latex, Syntax::Rust] {
                    let text = formula.written(syntax).to_lowercase();
                    prop_assert!(!text.contains("inf") && !text.contains("nan"), "{text}");
                }
            }
        }
        let got = scaled.at(&[at]);
        let logarithm = at.abs().log10() + powers.iter().sum::<f64>();
        if logarithm.abs() < 290.0 && powers.iter().all(|power| power.abs() < 290.0) && powers.len() <= 2 {
            prop_assert!((got.abs().log10() - logarithm).abs() < 1e-9, "{scaled}: {got} 1e{logarithm}");
        }
    }
}

#[test]
fn large_constants_are_factors_of_each_other() {
    let large = x(0).times(1e200).times(1e200).plus(1.0);
    let formula = formula(large, &[[0.0, 1.0]]);
    assert_eq!(formula.to_string(), "1e200*(1e200*v0) + 1");
    assert_eq!(
        formula.written(Syntax::Latex),
        r"10^{200} \left(10^{200} v_{0}\right) + 1"
    );
    assert_eq!(
        formula.written(Syntax::Rust),
        "1e200_f64 * (1e200_f64 * x[0]) + 1.0_f64"
    );
    assert_eq!(formula.evaluate(&[0.0, 1e-300]).unwrap().0, [1.0, 1e100 + 1.0]);
    let small = x(0).times(1e-200).times(1e-200).times(1e300).times(1e100);
    assert!((small.at(&[2.0]) - 2.0).abs() < 1e-12, "{small}");
    for value in [f64::INFINITY, f64::NAN] {
        let refused = Formula::new(x(0).plus(value), vec!["a".into()], &[0.0]);
        assert!(matches!(refused, Err(FormulaError::Constant { .. })));
    }
}

/// Where a value crosses zero, the same change is a larger share of it.
#[test]
fn values_near_zero_are_kept_too() {
    let plane = Expr::Sum(vec![
        x(0).times(0.349),
        Expr::product(vec![x(0), x(1)]).times(4.977),
        Expr::Constant(7.419),
    ]);
    let curve = Expr::Sum(vec![
        Expr::call(Call::Exp, x(0).times(0.5)),
        x(1).times(7.42),
        Expr::Constant(-0.09),
    ]);
    for (expr, zero) in [
        (plane, (|a: f64| (-7.419 - 0.349 * a) / (4.977 * a)) as fn(f64) -> f64),
        (curve, |a: f64| (0.09 - (0.5 * a).exp()) / 7.42),
    ] {
        let formula = formula(expr, &[[-100.0, 100.0], [-100.0, 100.0]]);
        let on_the_curve = (0..2001).map(|k| -100.0 + 0.1 * f64::from(k)).map(|a| [a, zero(a)]);
        let rows: Vec<f64> = on_the_curve.filter(|row| row[1].abs() <= 100.0).flatten().collect();
        for rounding in ROUNDINGS {
            let Rounding::Decimals(digits) = rounding else { continue };
            let rounded = formula.rounded(rounding);
            let values = rounded.evaluate(&rows).unwrap().0;
            let worst = values.into_iter().fold(0.0, |worst: f64, value| worst.max(value.abs()));
            let allowed = 10f64.powi(1 - i32::from(digits)).min(0.5);
            assert!(worst <= allowed, "{formula} -> {rounded}: {worst} where the value is 0");
        }
    }
}
