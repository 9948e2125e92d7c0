//! Inputs that cannot be used, and those that a method can only half use.

use secateurs_prune::{Alps, Gram, LAdmm, LayerMethod, LayerProblem, PruneError, SparseGpt};
use secateurs_tensor::{Event, WeightMatrix};

use crate::layers::{TestLayer, methods, pattern, problem, solvers};

const PATH: &str = "block.0.up_proj.weight";

/// `I` plus a coupling of two inputs that makes one eigenvalue `1 - coupling`.
fn coupled(d_input: usize, coupling: f64) -> Gram {
    let mut gram = secateurs_testkit::naive::identity(d_input);
    gram[1] = coupling;
    gram[d_input] = coupling;
    Gram::from_values(gram, d_input).expect("symmetric")
}

#[test]
fn weights_that_are_not_finite_name_their_layer() {
    for bad in [f32::NAN, f32::INFINITY] {
        let mut layer = TestLayer::random(1, [4, 16]);
        layer.weight.values_mut()[18] = bad;
        let gram = layer.gram();
        for (method, _) in methods() {
            let error = method
                .solve(&problem(&layer.weight, &gram, pattern("50%")))
                .expect_err("not finite");
            assert!(error.to_string().contains(PATH), "{}: {error}", method.name());
            assert!(
                error.to_string().contains("output 1, input 2"),
                "{}: {error}",
                method.name()
            );
        }
    }
}

#[test]
fn a_gram_matrix_that_is_not_finite_names_its_layer() {
    let mut layer = TestLayer::random(1, [4, 16]);
    layer.gram[2 * 16 + 5] = f64::NAN;
    layer.gram[5 * 16 + 2] = f64::NAN;
    let gram = layer.gram();
    for solver in solvers() {
        let error = solver
            .solve(&problem(&layer.weight, &gram, pattern("50%")))
            .expect_err("not finite");
        assert!(
            matches!(error, PruneError::NonFiniteGram { ref path, row: 2, column: 5, .. } if path == PATH),
            "{error}"
        );
    }
}

#[test]
fn a_missing_or_foreign_gram_matrix_is_refused() {
    let layer = TestLayer::random(1, [4, 16]);
    let foreign = TestLayer::random(1, [4, 12]).gram();
    for solver in solvers() {
        let mut problem = problem(&layer.weight, &foreign, pattern("50%"));
        let error = solver.solve(&problem).expect_err("foreign");
        assert!(
            matches!(
                error,
                PruneError::GramMismatch {
                    expected: 16,
                    got: 12,
                    ..
                }
            ),
            "{error}"
        );
        problem.gram = None;
        let error = solver.solve(&problem).expect_err("missing");
        assert!(
            matches!(error, PruneError::NeedsGram { ref method, .. } if method == solver.name()),
            "{error}"
        );
    }
}

#[test]
fn values_that_are_no_gram_matrix_are_refused() {
    assert!(matches!(
        Gram::from_values(vec![1.0; 5], 2),
        Err(PruneError::GramLength {
            expected: 4,
            got: 5,
            ..
        })
    ));
    let skew = vec![1.0, 0.5, -0.5, 1.0];
    assert!(matches!(
        Gram::from_values(skew, 2),
        Err(PruneError::NotSymmetric { row: 1, column: 0, .. })
    ));
}

#[test]
fn damping_is_raised_until_the_matrix_is_definite() {
    let layer = TestLayer::random(2, [4, 16]);
    // The eigenvalue -0.05 needs more than the first damping of SparseGPT and ALPS, and less than their second.
    let gram = coupled(16, 1.05);
    for solver in [&SparseGpt::default() as &dyn LayerMethod, &Alps::default()] {
        let solution = solver
            .solve(&problem(&layer.weight, &gram, pattern("50%")))
            .expect("solvable when damped");
        let raised = |event: &Event| {
            matches!(
                event,
                Event::DampingRaised {
                    from: 0.01,
                    to: 0.1,
                    ..
                }
            )
        };
        assert!(
            solution.events.iter().any(raised),
            "{}: {:?}",
            solver.name(),
            solution.events
        );
        assert_eq!(solution.keep.n_pruned(), 32);
    }
}

#[test]
fn an_indefinite_matrix_leads_to_wandas_mask() {
    let layer = TestLayer::random(3, [4, 16]);
    let gram = coupled(16, 4.0);
    for solver in solvers() {
        for text in ["50%", "2:4"] {
            let solution = solver
                .solve(&problem(&layer.weight, &gram, pattern(text)))
                .expect("falls back");
            let fell = |event: &Event| matches!(event, Event::FellBack { from, to, .. } if from == solver.name() && to == "wanda");
            assert!(
                solution.events.iter().any(fell),
                "{}: {:?}",
                solver.name(),
                solution.events
            );
            assert_eq!(solution.keep.n_pruned(), 32);
            let pairs = solution.weight.values().iter().zip(layer.weight.values());
            assert!(
                pairs
                    .zip(solution.keep.as_slice())
                    .all(|((new, old), keep)| !keep || new == old)
            );
        }
    }
}

#[test]
fn inputs_without_signal_lead_to_magnitude() {
    let layer = TestLayer::random(4, [4, 16]);
    let gram = Gram::from_values(vec![0.0; 256], 16).expect("symmetric");
    for solver in solvers() {
        let solution = solver
            .solve(&problem(&layer.weight, &gram, pattern("50%")))
            .expect("falls back");
        let fell = |event: &Event| matches!(event, Event::FellBack { to, .. } if to == "magnitude");
        assert!(
            solution.events.iter().any(fell),
            "{}: {:?}",
            solver.name(),
            solution.events
        );
        assert_eq!(solution.keep.n_pruned(), 32);
        assert_eq!(gram.relative_error(&layer.weight, &solution.weight), 0.0);
    }
}

#[test]
fn settings_out_of_range_are_refused() {
    let layer = TestLayer::random(5, [4, 16]);
    let gram = layer.gram();
    let bad: [Box<dyn LayerMethod>; 4] = [
        Box::new(SparseGpt {
            block: 0,
            ..SparseGpt::default()
        }),
        Box::new(LAdmm {
            mask_iterations: 0,
            ..LAdmm::default()
        }),
        Box::new(LAdmm {
            iterations: 3,
            ..LAdmm::default()
        }),
        Box::new(Alps {
            max_iterations: 0,
            ..Alps::default()
        }),
    ];
    for method in bad {
        let error = method
            .solve(&problem(&layer.weight, &gram, pattern("50%")))
            .expect_err("out of range");
        assert!(
            matches!(error, PruneError::BadSetting { .. }),
            "{}: {error}",
            method.name()
        );
    }
}

#[test]
fn scores_without_their_statistics_name_the_layer() {
    let weight = WeightMatrix::new(vec![1.0; 8], [2, 4]).expect("the length fits");
    let problem = LayerProblem::new(PATH, &weight, pattern("50%"));
    let wanda = secateurs_prune::MaskOnly::new(secateurs_importance::Wanda, secateurs_tensor::Scope::PerOutput);
    let error = wanda.solve(&problem).expect_err("no norms");
    assert!(error.to_string().contains(PATH), "{error}");
}
