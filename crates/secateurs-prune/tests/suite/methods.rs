//! What must hold of every method under every pattern.

use proptest::prelude::*;
use secateurs_prune::{Gram, LayerMethod, LayerProblem};
use secateurs_tensor::{Pattern, Scope, WeightMatrix};
use secateurs_testkit::laws;

use crate::layers::{TestLayer, methods, pattern, problem, solvers};

const PATTERNS: [&str; 9] = ["1%", "33%", "50%", "70%", "95%", "2:4", "1:4", "3:8", "4:8"];

fn expected_count(pattern: Pattern, scope: Scope, [d_output, d_input]: [usize; 2]) -> usize {
    match (pattern, scope) {
        (Pattern::Unstructured(sparsity), Scope::PerOutput) => d_output * sparsity.pruned_count(d_input),
        _ => pattern.pruned_count([d_output, d_input]),
    }
}

/// Counts, zeros, groups and repeatability.
fn check(method: &dyn LayerMethod, scope: Scope, problem: &LayerProblem<'_>) {
    let LayerProblem { weight, pattern, .. } = *problem;
    let solution = method.solve(problem).expect("solvable");
    let keep = solution.keep.as_slice();
    laws::prunes_exactly(keep, expected_count(pattern, scope, weight.dims()));
    laws::zeros_are_positive(solution.weight.values(), keep);
    assert!(solution.weight.check_finite("layer").is_ok());
    if let Pattern::Nm(nm) = pattern {
        laws::keeps_per_group(keep, nm.keep(), nm.group());
    }
    let again = method.solve(problem).expect("solvable");
    assert_eq!(
        bits(&again.weight),
        bits(&solution.weight),
        "{} differs from itself",
        method.name()
    );
}

fn bits(weight: &WeightMatrix) -> Vec<u32> {
    weight.values().iter().map(|value| value.to_bits()).collect()
}

#[test]
fn every_method_meets_every_pattern_exactly() {
    for dims in [[12, 40], [5, 16]] {
        let layer = TestLayer::random(1, dims);
        let gram = layer.gram();
        for (method, scope) in methods() {
            for text in PATTERNS {
                check(method.as_ref(), scope, &problem(&layer.weight, &gram, pattern(text)));
            }
        }
    }
}

#[test]
fn ties_do_not_change_counts() {
    let weight = WeightMatrix::new(vec![0.5; 12 * 40], [12, 40]).expect("the length fits");
    let gram = Gram::from_values(secateurs_testkit::naive::identity(40), 40).expect("the identity is symmetric");
    for (method, scope) in methods() {
        for text in PATTERNS {
            check(method.as_ref(), scope, &problem(&weight, &gram, pattern(text)));
        }
    }
}

#[test]
fn a_layer_of_zeros_can_be_pruned() {
    let layer = TestLayer::random(2, [12, 40]);
    let weight = WeightMatrix::new(vec![0.0; 12 * 40], [12, 40]).expect("the length fits");
    let gram = layer.gram();
    for (method, scope) in methods() {
        for text in ["50%", "2:4"] {
            check(method.as_ref(), scope, &problem(&weight, &gram, pattern(text)));
        }
    }
}

#[test]
fn dead_inputs_do_not_change_counts() {
    let mut layer = TestLayer::random(3, [12, 40]);
    // Inputs 16..28 are dead: with blocks of 16 more than half of a block.
    for i in 0..40 {
        for j in 0..40 {
            if (16..28).contains(&i) || (16..28).contains(&j) {
                layer.gram[i * 40 + j] = 0.0;
            }
        }
    }
    let gram = layer.gram();
    assert_eq!(gram.dead_inputs(), (16..28).collect::<Vec<_>>());
    for (method, scope) in methods() {
        for text in PATTERNS {
            check(method.as_ref(), scope, &problem(&layer.weight, &gram, pattern(text)));
        }
    }
    for solver in solvers() {
        let solution = solver
            .solve(&problem(&layer.weight, &gram, pattern("50%")))
            .expect("solvable");
        assert!(
            solution
                .events
                .contains(&secateurs_tensor::Event::DeadInputs { count: 12 })
        );
        for output in 0..12 {
            assert!(solution.weight.output(output)[16..28].iter().all(|value| *value == 0.0));
            assert!(
                solution.keep.output(output)[16..28].iter().all(|keep| !keep),
                "dead inputs go first"
            );
        }
    }
}

#[test]
fn nothing_to_prune_changes_nothing() {
    let mut layer = TestLayer::random(4, [6, 16]);
    layer.weight.values_mut()[3] = -0.0;
    let gram = layer.gram();
    for (method, _) in methods() {
        for text in ["0%", "0.1%", "4:4"] {
            let solution = method
                .solve(&problem(&layer.weight, &gram, pattern(text)))
                .expect("solvable");
            assert_eq!(
                bits(&solution.weight),
                bits(&layer.weight),
                "{} at {text}",
                method.name()
            );
            assert_eq!(solution.keep.n_pruned(), 0);
            assert!(solution.events.is_empty());
        }
    }
}

#[test]
fn zeros_of_the_dense_layer_stay_zero() {
    let mut layer = TestLayer::random(5, [12, 40]);
    // A quarter of each group of four, and the first block of sixteen almost whole.
    let is_zero = |index: usize| index % 4 == 1 || (index % 40 < 14 && index % 40 >= 2 && index % 4 == 2);
    for (index, value) in layer.weight.values_mut().iter_mut().enumerate() {
        *value = if is_zero(index) { 0.0 } else { *value };
    }
    let gram = layer.gram();
    for (method, _) in methods().into_iter().filter(|(method, _)| method.name() != "random") {
        for text in ["50%", "70%", "2:4"] {
            let solution = method
                .solve(&problem(&layer.weight, &gram, pattern(text)))
                .expect("solvable");
            for (index, keep) in solution.keep.as_slice().iter().enumerate() {
                assert!(
                    !(is_zero(index) && *keep),
                    "{} at {text} keeps the zero {index}",
                    method.name()
                );
            }
        }
    }
}

#[test]
fn groups_that_do_not_tile_are_refused() {
    let layer = TestLayer::random(6, [4, 18]);
    let gram = layer.gram();
    for (method, _) in methods() {
        assert!(
            method.solve(&problem(&layer.weight, &gram, pattern("2:4"))).is_err(),
            "{}",
            method.name()
        );
    }
}

#[test]
fn a_common_factor_of_the_inputs_does_not_matter() {
    let layer = TestLayer::random(7, [12, 40]);
    for (method, _) in methods() {
        for factor in [1e-20, 1e20] {
            let gram = layer.gram.iter().map(|value| value * factor).collect();
            let gram = Gram::from_values(gram, 40).expect("still symmetric");
            let scaled = method
                .solve(&problem(&layer.weight, &gram, pattern("50%")))
                .expect("solvable");
            let plain = method
                .solve(&problem(&layer.weight, &layer.gram(), pattern("50%")))
                .expect("solvable");
            assert_eq!(scaled.keep, plain.keep, "{} with inputs times {factor}", method.name());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn counts_hold_for_any_sparsity(seed in 0_u64..1000, percent in 0_u32..100, groups in 1_usize..6) {
        let layer = TestLayer::random(seed, [5, 8 * groups]);
        let gram = layer.gram();
        let pattern = pattern(&format!("{percent}%"));
        for (method, scope) in methods() {
            let solution = method.solve(&problem(&layer.weight, &gram, pattern)).expect("solvable");
            prop_assert_eq!(solution.keep.n_pruned(), expected_count(pattern, scope, layer.weight.dims()));
        }
    }
}
