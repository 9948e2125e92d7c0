//! How students learn, step by step and to the end, and what cannot be learned.

mod student;

use secateurs_moe_theory::{
    Alignment, Draws, FeatureLearning, FineTuning, Gradient, Merging, Mixture, Mode, Pruning, Selection, Target,
    TheoryError, fine_tune, gradient, learn_features, merge_and_drop, prune,
};
use student::{naive_value, numbers, together};

fn small_learning() -> FeatureLearning {
    FeatureLearning {
        batch_size: 700,
        steps: 5,
        record_every: 2,
        ..FeatureLearning::default()
    }
}

#[test]
fn bits_depend_on_the_seed_and_not_on_threads() {
    let teacher = Mixture::teacher(2, 60, 1).unwrap();
    let student = Mixture::student(4, 60, 1).unwrap();
    for draws in [Draws::Rows, Draws::Span] {
        let run = |n_threads: usize, seed: u64| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n_threads).build().unwrap();
            pool.install(|| {
                let learning = FeatureLearning {
                    seed,
                    draws,
                    ..small_learning()
                };
                let (student, course) = learn_features(student.clone(), &teacher, &learning, &mut |_| ()).unwrap();
                let pruning = Pruning {
                    rows: 1000,
                    n_kept: 2,
                    seed,
                    ..Pruning::default()
                };
                let (student, report) = prune(&student, Target::Mixture(&teacher), &pruning).unwrap();
                let tuning = FineTuning {
                    batch_size: 700,
                    steps: 3,
                    seed,
                    draws,
                    ..FineTuning::default()
                };
                let tuned = fine_tune(student, &teacher, &tuning, &mut |_| ()).unwrap();
                (course, report, tuned)
            })
        };
        let one = run(1, 9);
        assert_eq!(one, run(2, 9));
        assert_eq!(one, run(1, 9));
        assert_ne!(one.0, run(1, 10).0);
    }
}

#[test]
fn records_are_of_the_steps_asked_for_and_vectors_stay_on_the_sphere() {
    let (teacher, student) = (Mixture::teacher(2, 9, 1).unwrap(), Mixture::student(4, 9, 1).unwrap());
    let mut seen = Vec::new();
    let (learned, course) = learn_features(student.clone(), &teacher, &small_learning(), &mut |record| {
        seen.push(record.step)
    })
    .unwrap();
    assert_eq!(seen, [0, 2, 4, 5]);
    assert_eq!(
        course.records.iter().map(|record| record.step).collect::<Vec<_>>(),
        seen
    );
    let first = &course.records[0];
    assert_eq!(first.experts.len(), 8);
    for i in 0..4 {
        for j in 0..2 {
            let cosine: f64 = student
                .expert(i)
                .iter()
                .zip(teacher.expert(j))
                .map(|(a, b)| a * b)
                .sum();
            assert!((first.experts[2 * i + j] - cosine).abs() < 1e-14);
        }
        let length = learned
            .router(i)
            .iter()
            .chain(learned.expert(i))
            .map(|value| value * value)
            .sum::<f64>();
        assert!((length - 2.0).abs() < 1e-13);
    }
    // The end of the course is where the student is.
    let pairs = Alignment::new(&learned, &teacher).unwrap().pairs;
    for (teacher, pair) in pairs.iter().enumerate() {
        assert_eq!(course.followed(teacher).last(), Some(&(5, pair.expert, pair.router)));
    }
    assert!(course.followed(2).is_empty() && course.at(3).is_none() && course.at(4).is_some());
}

#[test]
fn modes_train_what_they_say() {
    let (teacher, student) = (Mixture::teacher(2, 9, 1).unwrap(), Mixture::student(4, 9, 1).unwrap());
    let learned = |mode| {
        let options = FeatureLearning {
            mode,
            ..small_learning()
        };
        learn_features(student.clone(), &teacher, &options, &mut |_| ())
            .unwrap()
            .0
    };
    let [joint, correlation, frozen] = [Mode::Joint, Mode::CorrelationOnly, Mode::FrozenWeights].map(learned);
    assert_ne!(joint.weights(), student.weights());
    assert_eq!(correlation.weights(), student.weights());
    assert_eq!(frozen.weights(), student.weights());
    assert_ne!(correlation.experts(), frozen.experts());
    assert_ne!(frozen.experts(), student.experts());
}

/// `1/2 E (f - f*)^2` and its gradient on rows of our own.
fn reference_gradient(student: &Mixture, teacher: &Mixture) -> Gradient {
    let inputs = numbers(5, 300_000 * student.d_input());
    let targets: Vec<f64> = inputs
        .chunks(student.d_input())
        .map(|x| naive_value(teacher, x))
        .collect();
    gradient(student, &inputs, &targets).unwrap()
}

/// Whether steps agree but for what gradients on 300 000 rows can be wrong, whose noise has heavy tails; a factor of two would be
/// an error of half of the step.
fn agree(from: &[f64], to: &[f64], expected: &[f64]) {
    let step: f64 = from
        .iter()
        .zip(expected)
        .map(|(from, to)| (to - from).powi(2))
        .sum::<f64>()
        .sqrt();
    let error: f64 = to
        .iter()
        .zip(expected)
        .map(|(to, expected)| (to - expected).powi(2))
        .sum::<f64>()
        .sqrt();
    assert!(step > 0.02 && error < 0.3 * step, "{error} of {step}");
}

#[test]
fn a_step_is_that_of_the_formula() {
    let teacher = Mixture::teacher(2, 3, 1).unwrap();
    let student = Mixture::student(3, 3, 5)
        .unwrap()
        .with_weights(vec![0.8, 0.5, 0.3])
        .unwrap();
    let gradient = reference_gradient(&student, &teacher);
    let options = FeatureLearning {
        batch_size: 300_000,
        learning_rate: 0.4,
        weight_rate: 0.3,
        steps: 1,
        ..FeatureLearning::default()
    };
    let (learned, _) = learn_features(student.clone(), &teacher, &options, &mut |_| ()).unwrap();
    // The mean weight is 1.6 / 3.
    let rate = 0.4 / (1.6 / 3.0);
    let on_sphere = |vectors: &[f64], slopes: &[f64]| -> Vec<f64> {
        let pairs = vectors.chunks(3).zip(slopes.chunks(3));
        let step = |(vector, slope): (&[f64], &[f64])| {
            let radial: f64 = vector.iter().zip(slope).map(|(a, b)| a * b).sum();
            let moved: Vec<f64> = (0..3)
                .map(|k| vector[k] - rate * (slope[k] - radial * vector[k]))
                .collect();
            let length = moved.iter().map(|value| value * value).sum::<f64>().sqrt();
            moved.into_iter().map(move |value| value / length)
        };
        pairs.flat_map(step).collect()
    };
    let plain = |values: &[f64], slopes: &[f64], rate: f64| -> Vec<f64> {
        values
            .iter()
            .zip(slopes)
            .map(|(value, slope)| value - rate * slope)
            .collect()
    };
    agree(
        student.routers(),
        learned.routers(),
        &on_sphere(student.routers(), &gradient.routers),
    );
    agree(
        student.experts(),
        learned.experts(),
        &on_sphere(student.experts(), &gradient.experts),
    );
    agree(
        student.weights(),
        learned.weights(),
        &plain(student.weights(), &gradient.weights, 0.3),
    );
    let tuning = FineTuning {
        batch_size: 300_000,
        router_rate: 1.0,
        expert_rate: 0.4,
        weight_rate: 0.3,
        steps: 1,
        ..FineTuning::default()
    };
    let (tuned, _) = fine_tune(student.clone(), &teacher, &tuning, &mut |_| ()).unwrap();
    agree(
        student.routers(),
        tuned.routers(),
        &plain(student.routers(), &gradient.routers, 1.0),
    );
    agree(
        student.experts(),
        tuned.experts(),
        &plain(student.experts(), &gradient.experts, 0.4),
    );
    agree(
        student.weights(),
        tuned.weights(),
        &plain(student.weights(), &gradient.weights, 0.3),
    );
}

#[test]
fn experts_align_before_their_routers_and_fine_tuning_ends_at_zero_loss() {
    let teacher = Mixture::teacher(2, 30, 0).unwrap();
    let options = FeatureLearning {
        batch_size: 2048,
        weight_rate: 0.05 / 8.0,
        steps: 1000,
        record_every: 10,
        draws: Draws::Span,
        ..FeatureLearning::default()
    };
    let student = Mixture::student(8, 30, 0).unwrap();
    let (student, course) = learn_features(student, &teacher, &options, &mut |_| ()).unwrap();
    let alignment = Alignment::new(&student, &teacher).unwrap();
    assert!(alignment.is_success() && alignment.n_found() == 2, "{alignment:?}");
    for arrival in course.arrivals(0.99) {
        let expert = arrival.expert.expect("every teacher has an expert at .99");
        assert!(
            arrival.router.is_none_or(|router| router >= expert + 100),
            "{arrival:?}"
        );
    }
    let pruning = Pruning {
        n_kept: 2,
        rows: 10_000,
        ..Pruning::default()
    };
    let (student, report) = prune(&student, Target::Mixture(&teacher), &pruning).unwrap();
    assert!(report.loss_after < 0.02, "{report:?}");
    let tuning = FineTuning {
        batch_size: 1024,
        steps: 1000,
        draws: Draws::Span,
        ..FineTuning::default()
    };
    let (tuned, course) = fine_tune(student, &teacher, &tuning, &mut |_| ()).unwrap();
    assert!(course.last().unwrap().loss < 1e-10, "{:?}", course.last());
    let pairs = Alignment::new(&tuned, &teacher).unwrap().pairs;
    assert!(pairs.iter().all(|pair| pair.expert > 0.99999 && pair.router > 0.99999));
}

#[test]
fn what_cannot_be_done_is_refused() {
    let zero = |what| Err(TheoryError::Zero { what });
    assert_eq!(Mixture::teacher(0, 4, 0), zero("the number of experts"));
    assert_eq!(Mixture::teacher(0, 0, 0), zero("d_input"));
    assert_eq!(Mixture::student(0, 4, 0), zero("the number of experts"));
    assert_eq!(Mixture::student(3, 0, 0), zero("d_input"));
    let (n_experts, d_input) = (5, 4);
    assert_eq!(
        Mixture::teacher(5, 4, 0),
        Err(TheoryError::TooManyTeachers { n_experts, d_input })
    );
    assert!(matches!(
        Mixture::new(2, vec![0.0; 3], vec![0.0; 2], vec![1.0]),
        Err(TheoryError::Size { got: 3, .. })
    ));
    let (teacher, student) = (Mixture::teacher(2, 4, 0).unwrap(), Mixture::student(3, 4, 0).unwrap());
    assert!(matches!(
        teacher.value(&[1.0]),
        Err(TheoryError::Size {
            expected: 4,
            got: 1,
            ..
        })
    ));
    assert!(student.clone().with_weights(vec![1.0]).is_err());
    assert!(gradient(&student, &[], &[]).is_err() && gradient(&student, &[0.0; 5], &[0.0]).is_err());

    let learn = |student: Mixture, options: FeatureLearning| learn_features(student, &teacher, &options, &mut |_| ());
    let small = small_learning();
    let too_few = TheoryError::TooFewExperts {
        n_experts: 1,
        n_teachers: 2,
    };
    assert_eq!(
        learn(Mixture::student(1, 4, 0).unwrap(), small.clone()).unwrap_err(),
        too_few
    );
    assert!(learn(Mixture::student(3, 5, 0).unwrap(), small.clone()).is_err());
    assert_eq!(
        learn(
            student.clone(),
            FeatureLearning {
                batch_size: 0,
                ..small.clone()
            }
        )
        .unwrap_err(),
        TheoryError::Zero { what: "batch_size" }
    );
    assert!(
        learn(
            student.clone(),
            FeatureLearning {
                record_every: 0,
                ..small.clone()
            }
        )
        .is_err()
    );
    for learning_rate in [-1.0, f64::NAN, f64::INFINITY] {
        let refused = learn(
            student.clone(),
            FeatureLearning {
                learning_rate,
                ..small.clone()
            },
        );
        assert!(matches!(refused, Err(TheoryError::OutOfRange { .. })));
    }
    let weightless = student.clone().with_weights(vec![0.0; 3]).unwrap();
    assert!(matches!(
        learn(weightless, small.clone()),
        Err(TheoryError::OutOfRange { got: 0.0, .. })
    ));

    // Weights that overshoot more at every step.
    let diverging = FeatureLearning {
        weight_rate: 1e80,
        steps: 50,
        ..small
    };
    let Err(TheoryError::LossNotFinite { step, .. }) = learn(student.clone(), diverging) else {
        panic!("a diverging training is an error");
    };
    assert!((1..50).contains(&step));
    let tuning = FineTuning {
        batch_size: 500,
        expert_rate: 1e9,
        ..FineTuning::default()
    };
    assert!(matches!(
        fine_tune(student.clone(), &teacher, &tuning, &mut |_| ()),
        Err(TheoryError::LossNotFinite { .. })
    ));

    let pruned = |options: Pruning| prune(&student, Target::Mixture(&teacher), &options).map(|(_, report)| report);
    let small = Pruning {
        rows: 500,
        ..Pruning::default()
    };
    for n_kept in [0, 4] {
        let refused = Err(TheoryError::Kept { n_kept, n_experts: 3 });
        assert_eq!(
            pruned(Pruning {
                n_kept,
                ..small.clone()
            }),
            refused
        );
    }
    assert!(
        pruned(Pruning {
            rows: 0,
            ..small.clone()
        })
        .is_err()
    );
    assert!(
        pruned(Pruning {
            tolerance: f64::NAN,
            ..small.clone()
        })
        .is_err()
    );
    assert!(prune(&student, Target::Mixture(&Mixture::teacher(2, 5, 0).unwrap()), &small).is_err());
    assert!(prune(&student, Target::Function(&|_| f64::NAN), &small).is_err());
    let twins = together(&[&teacher, &teacher], vec![0.5; 4]);
    let by_magnitude = Pruning {
        n_kept: 4,
        selection: Selection::Magnitude,
        ..small
    };
    assert!(matches!(
        prune(&twins, Target::Mixture(&teacher), &by_magnitude),
        Err(TheoryError::Singular { kept }) if kept == [0, 1, 2, 3]
    ));
    for merging in [
        Merging {
            cosine: 1.0,
            ..Merging::default()
        },
        Merging {
            tau: -1.0,
            ..Merging::default()
        },
        Merging {
            rows: 0,
            ..Merging::default()
        },
    ] {
        assert!(merge_and_drop(&student, Target::OwnOutput, &merging).is_err());
    }
}
