//! Printed Rust compiles, and says what the expression says.

use secateurs_formula::{Call, Exponent, Expr, Formula};

mod printed {
    include!("printed/every_function.rs");
}

const SOURCE: &str = include_str!("printed/every_function.rs");

/// All calls and all kinds of powers, as first terms and inside others.
fn every_function() -> Expr {
    let x = Expr::Variable;
    let raised = |base: Expr, halves: i8| Expr::Power(Box::new(base), Exponent { halves });
    let powers = [-4, -2, -1, -3, 1, 3, 4, 6].map(|halves| raised(x(0), halves));
    let calls = [
        Call::Sign,
        Call::Exp,
        Call::Log,
        Call::Abs,
        Call::Sin,
        Call::Cos,
        Call::Tan,
        Call::Tanh,
        Call::Arcsin,
        Call::Arccos,
        Call::Arctan,
        Call::Arctanh,
    ]
    .map(|call| Expr::Call(call, Box::new(x(1))));
    let nested = Expr::Product(vec![
        Expr::Call(Call::Sign, Box::new(Expr::Sum(vec![x(0), Expr::Constant(-0.25)]))),
        raised(Expr::Sum(vec![raised(x(1), -2), Expr::Constant(-2.5)]), -2),
        Expr::Constant(-1.5e-7),
    ]);
    Expr::Sum(powers.into_iter().chain(calls).chain([nested]).collect())
}

#[test]
fn printed_rust_is_this_file() {
    let names = vec!["dose".to_owned(), "age".to_owned()];
    let formula = Formula::new(every_function(), names, &[-1.0, -1.0, 1.0, 2.0]).unwrap();
    assert_eq!(formula.rust_function("every_function"), SOURCE);
}

#[test]
fn the_compiled_function_and_the_expression_agree() {
    let expr = every_function();
    let values = [-2.0, -0.25, -1e-13, 0.0, 1e-13, 0.25, 0.4, 1.0, 3.0];
    for a in values {
        for b in values {
            let (compiled, ours) = (printed::every_function(&[a, b]), expr.at(&[a, b]));
            let close = (compiled - ours).abs() <= 1e-12 * ours.abs().max(1.0);
            assert!(close, "at {a}, {b}: compiled {compiled}, evaluated {ours}");
        }
    }
}

mod awkward {
    include!("printed/awkward_names.rs");
}

/// Names that would end a comment or turn the direction of text, a function called like a keyword, and constants whose product overflows.
#[test]
fn awkward_names_and_constants_compile_and_keep_their_values() {
    let x = Expr::Variable;
    let expr = Expr::sum(vec![
        x(0).times(1e200).times(1e200),
        Expr::power(x(1).times(1e-7).plus(1e12), Exponent::whole(2)),
        Expr::call(Call::Exp, x(2).times(20.0).plus(-20.0)).times(-1.0),
        Expr::Constant(2.5e-310),
    ]);
    let names = ["dose\n*/ (mg)\r", "a\u{202e}b\u{1f}", "```"]
        .map(str::to_owned)
        .to_vec();
    let formula = Formula::new(expr, names, &[-1e-300, 0.5, 1e9, 1e-150, 1.0, 1.0]).unwrap();
    assert_eq!(formula.rust_function("match"), include_str!("printed/awkward_names.rs"));
    for row in [[0.0, 0.0, 0.0], [1e-250, -1e19, 1.0], [-1e-300, 3.0, 2.0]] {
        let (compiled, ours) = (awkward::match_(&row), formula.expr.at(&row));
        assert!(
            compiled.is_finite() && (compiled - ours).abs() <= 1e-12 * ours.abs(),
            "{compiled} {ours}"
        );
    }
}
