//! One Gram matrix for many layers and threads.

use secateurs_prune::{Gram, LAdmm, LayerMethod, SparseGpt};
use secateurs_tensor::{NonNegative, WeightMatrix};

use crate::layers::{TestLayer, pattern, problem, solvers};

/// Layers with different outputs that read the same input.
fn siblings() -> (Vec<WeightMatrix>, TestLayer) {
    let first = TestLayer::random(1, [24, 48]);
    let others = [8, 8, 40].map(|d_output| TestLayer::random(d_output as u64, [d_output, 48]).weight);
    let mut weights = vec![first.weight.clone()];
    weights.extend(others);
    (weights, first)
}

#[test]
fn a_shared_gram_matrix_gives_what_separate_ones_give() {
    let (weights, layer) = siblings();
    for solver in solvers() {
        let shared = layer.gram();
        for weight in &weights {
            for text in ["50%", "2:4"] {
                let separate = layer.gram();
                let a = solver
                    .solve(&problem(weight, &shared, pattern(text)))
                    .expect("solvable");
                let b = solver
                    .solve(&problem(weight, &separate, pattern(text)))
                    .expect("solvable");
                assert_eq!(a, b, "{} at {text}", solver.name());
            }
        }
    }
}

#[test]
fn layers_solved_side_by_side_share_a_gram_matrix() {
    let (weights, layer) = siblings();
    let weights: Vec<&WeightMatrix> = weights.iter().cycle().take(16).collect();
    for solver in solvers() {
        let solver = solver.as_ref();
        let shared = layer.gram();
        let solve = |weight: &WeightMatrix| {
            solver
                .solve(&problem(weight, &shared, pattern("50%")))
                .expect("solvable")
                .weight
        };
        let one_by_one: Vec<WeightMatrix> = weights.iter().map(|weight| solve(weight)).collect();
        let fresh = layer.gram();
        let mut side_by_side: Vec<Option<WeightMatrix>> = vec![None; weights.len()];
        rayon::scope(|scope| {
            for (slot, weight) in side_by_side.iter_mut().zip(&weights) {
                let fresh = &fresh;
                scope.spawn(move |_| {
                    let solution = solver.solve(&problem(weight, fresh, pattern("50%"))).expect("solvable");
                    *slot = Some(solution.weight);
                });
            }
        });
        let side_by_side: Vec<WeightMatrix> = side_by_side.into_iter().flatten().collect();
        assert_eq!(side_by_side, one_by_one, "{}", solver.name());
    }
}

#[test]
fn one_gram_matrix_serves_several_dampings() {
    let (weights, layer) = siblings();
    let shared = layer.gram();
    let solve = |method: &dyn LayerMethod, gram: &Gram| {
        method
            .solve(&problem(&weights[0], gram, pattern("50%")))
            .expect("solvable")
            .weight
    };
    for damping in [0.001, 0.1, 0.001].map(|damping| NonNegative::new(damping).expect("in range")) {
        let sparsegpt = SparseGpt {
            damping,
            ..SparseGpt::default()
        };
        assert_eq!(solve(&sparsegpt, &shared), solve(&sparsegpt, &layer.gram()));
        let l_admm = LAdmm {
            damping,
            ..LAdmm::default()
        };
        assert_eq!(solve(&l_admm, &shared), solve(&l_admm, &layer.gram()));
    }
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let layer = TestLayer::random(9, [70, 130]);
    for solver in solvers() {
        let on = |n_threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(n_threads)
                .build()
                .expect("threads can be started");
            let gram = layer.gram();
            pool.install(|| {
                solver
                    .solve(&problem(&layer.weight, &gram, pattern("50%")))
                    .expect("solvable")
            })
        };
        let alone = on(1);
        for n_threads in [2, 3, 5] {
            assert_eq!(on(n_threads), alone, "{} on {n_threads} threads", solver.name());
        }
    }
}
