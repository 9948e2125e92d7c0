//! The solvers against their formulas in f64.

use secateurs_prune::{AdmmSchedule, Alps, LAdmm, LayerMethod, SparseGpt};
use secateurs_tensor::{Event, KeepMask, WeightMatrix};
use secateurs_testkit::laws;
use secateurs_testkit::naive::{self, AlpsSettings, LAdmmSettings};

use crate::layers::{TestLayer, pattern, problem, solvers, widen, zeros};

const PATTERNS: [&str; 6] = ["30%", "50%", "80%", "2:4", "3:8", "1:4"];

/// Compares with weights that were drawn around 1.
fn assert_same(solution: &secateurs_prune::Solution, expected: &[f64], relative: f64) {
    let expected_mask: Vec<bool> = expected.iter().map(|value| *value != 0.0).collect();
    let n_other = solution
        .keep
        .as_slice()
        .iter()
        .zip(&expected_mask)
        .filter(|(got, expected)| got != expected)
        .count();
    assert_eq!(
        n_other,
        0,
        "the masks differ in {n_other} of {} weights",
        expected.len()
    );
    laws::close(&widen(solution.weight.values()), expected, relative, 0.1);
}

#[test]
fn sparsegpt_is_its_formula() {
    for (seed, dims) in [[24, 32], [10, 72], [7, 40]].into_iter().enumerate() {
        for text in PATTERNS {
            let layer = TestLayer::random(seed as u64, dims);
            let pattern = pattern(text);
            let method = SparseGpt {
                block: 16,
                ..SparseGpt::default()
            };
            let solution = method
                .solve(&problem(&layer.weight, &layer.gram(), pattern))
                .expect("solvable");
            let weight = layer.weights();
            let naive_layer = naive::Layer {
                weight: &weight,
                gram: &layer.gram,
                d_input: dims[1],
            };
            assert_same(
                &solution,
                &naive::sparsegpt(naive_layer, zeros(pattern, dims), 16, 0.01),
                1e-4,
            );
        }
    }
}

#[test]
fn l_admm_is_its_formula() {
    for (schedule, gradual) in [(AdmmSchedule::Gradual, true), (AdmmSchedule::Constant, false)] {
        for (seed, dims) in [[24, 32], [10, 72]].into_iter().enumerate() {
            for text in PATTERNS {
                let layer = TestLayer::random(seed as u64 + 10, dims);
                let pattern = pattern(text);
                let method = LAdmm {
                    schedule,
                    ..LAdmm::default()
                };
                let solution = method
                    .solve(&problem(&layer.weight, &layer.gram(), pattern))
                    .expect("solvable");
                let weight = layer.weights();
                let naive_layer = naive::Layer {
                    weight: &weight,
                    gram: &layer.gram,
                    d_input: dims[1],
                };
                let settings = LAdmmSettings {
                    damping: 0.1,
                    iterations: 20,
                    mask_iterations: 15,
                    gradual,
                };
                assert_same(
                    &solution,
                    &naive::l_admm(naive_layer, zeros(pattern, dims), &settings),
                    1e-4,
                );
            }
        }
    }
}

#[test]
fn alps_is_its_formula() {
    for (seed, dims) in [[24, 32], [10, 72]].into_iter().enumerate() {
        for text in PATTERNS {
            let layer = TestLayer::random(seed as u64 + 20, dims);
            let pattern = pattern(text);
            let solution = Alps::default()
                .solve(&problem(&layer.weight, &layer.gram(), pattern))
                .expect("solvable");
            let weight = layer.weights();
            let naive_layer = naive::Layer {
                weight: &weight,
                gram: &layer.gram,
                d_input: dims[1],
            };
            let settings = AlpsSettings {
                damping: 0.01,
                rho: 0.1,
                max_iterations: 300,
                refit_steps: 10,
            };
            let (expected, iterations) = naive::alps(naive_layer, zeros(pattern, dims), &settings);
            assert_same(&solution, &expected, 1e-3);
            assert_eq!(solution.events, [Event::Converged { iterations }]);
        }
    }
}

#[test]
fn the_reported_error_is_the_formula() {
    let layer = TestLayer::random(5, [24, 32]);
    let gram = layer.gram();
    for solver in solvers() {
        let solution = solver
            .solve(&problem(&layer.weight, &gram, pattern("60%")))
            .expect("solvable");
        let nothing = WeightMatrix::new(vec![0.0; 24 * 32], [24, 32]).expect("the length fits");
        let expected = layer.error(&solution.weight) / layer.error(&nothing);
        laws::close(
            &[gram.relative_error(&layer.weight, &solution.weight)],
            &[expected],
            1e-4,
            0.0,
        );
    }
}

/// A better method leaves a smaller error; on random layers this holds with room to spare.
#[test]
fn errors_fall_from_masks_to_sparsegpt_to_admm() {
    for seed in 0..4 {
        for text in ["50%", "70%", "2:4"] {
            let layer = TestLayer::random(seed + 40, [32, 64]);
            let gram = layer.gram();
            let error = |method: &dyn LayerMethod| {
                let solution = method
                    .solve(&problem(&layer.weight, &gram, pattern(text)))
                    .expect("solvable");
                layer.error(&solution.weight)
            };
            let scope = secateurs_tensor::Scope::PerLayer;
            let wanda = error(&secateurs_prune::MaskOnly::new(secateurs_importance::Wanda, scope));
            let sparsegpt = error(&SparseGpt::default());
            let [l_admm, alps] = [error(&LAdmm::default()), error(&Alps::default())];
            assert!(sparsegpt < 0.9 * wanda, "{text}: sparsegpt {sparsegpt}, wanda {wanda}");
            assert!(l_admm < sparsegpt, "{text}: l-admm {l_admm}, sparsegpt {sparsegpt}");
            assert!(alps < sparsegpt, "{text}: alps {alps}, sparsegpt {sparsegpt}");
        }
    }
}

/// On a fixed support the refit of ALPS solves the normal equations of the damped problem.
#[test]
fn alps_is_optimal_on_its_support() {
    let layer = TestLayer::random(60, [6, 24]);
    let method = Alps {
        refit_steps: 60,
        ..Alps::default()
    };
    let solution = method
        .solve(&problem(&layer.weight, &layer.gram(), pattern("50%")))
        .expect("solvable");
    let damped = naive::add_diagonal(&layer.gram, 24, 0.01 * naive::mean_diagonal(&layer.gram, 24));
    let difference: Vec<f64> = layer
        .weights()
        .iter()
        .zip(widen(solution.weight.values()))
        .map(|(w, p)| w - p)
        .collect();
    let gradient = naive::multiply(&difference, &damped, 24);
    let scale = naive::mean_diagonal(&damped, 24);
    assert_eq!(KeepMask::of_nonzeros(&solution.weight), solution.keep);
    for (gradient, keep) in gradient.iter().zip(solution.keep.as_slice()) {
        assert!(
            !keep || gradient.abs() < 1e-3 * scale,
            "gradient {gradient} on the support, scale {scale}"
        );
    }
}
