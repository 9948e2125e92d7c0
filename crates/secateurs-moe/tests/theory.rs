//! The student-teacher theory against loops written from its formulas, and the course that it promises.

use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use secateurs_moe::theory::{
    Alignment, Draws, FeatureLearning, FineTuning, Gradient, Merging, Mixture, Mode, Pruning, Selection, Target,
    TheoryError, fine_tune, gradient, hermite3, hermite3_slope, learn_features, loss, merge_and_drop, prune, sigmoid,
};

/// `f(x)` in one loop for each sum.
fn naive_value(mixture: &Mixture, x: &[f64]) -> f64 {
    let mut sum = 0.0;
    for i in 0..mixture.n_experts() {
        let (mut u, mut z) = (0.0, 0.0);
        for (k, x) in x.iter().enumerate() {
            u += mixture.router(i)[k] * x;
            z += mixture.expert(i)[k] * x;
        }
        sum += mixture.weights()[i] * (1.0 / (1.0 + f64::exp(-u))) * ((z * z * z - 3.0 * z) / f64::sqrt(6.0));
    }
    sum
}

fn naive_loss(mixture: &Mixture, inputs: &[f64], targets: &[f64]) -> f64 {
    let mut sum = 0.0;
    for (x, y) in inputs.chunks(mixture.d_input()).zip(targets) {
        sum += (naive_value(mixture, x) - y).powi(2);
    }
    sum / 2.0 / targets.len() as f64
}

/// Standard normal numbers by the method of Box and Muller, apart from the library's.
fn numbers(seed: u64, len: usize) -> Vec<f64> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut number = || {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
        radius * (2.0 * std::f64::consts::PI * rng.random::<f64>()).cos()
    };
    (0..len).map(|_| number()).collect()
}

fn mixture(n_experts: usize, d_input: usize, seed: u64) -> Mixture {
    let of = |part: u64, len: usize| numbers(10 * seed + part, len);
    let size = n_experts * d_input;
    Mixture::new(d_input, of(0, size), of(1, size), of(2, n_experts)).unwrap()
}

/// The mixture whose parameter number `at`, of routers, experts, weights in a row, is moved.
fn moved(mixture: &Mixture, at: usize, by: f64) -> Mixture {
    let mut parts = [mixture.routers(), mixture.experts(), mixture.weights()].map(<[f64]>::to_vec);
    let mut place = at;
    for part in &mut parts {
        if place < part.len() {
            part[place] += by;
            break;
        }
        place -= part.len();
    }
    let [routers, experts, weights] = parts;
    Mixture::new(mixture.d_input(), routers, experts, weights).unwrap()
}

proptest! {
    #[test]
    fn gradients_are_those_of_finite_differences(
        n_experts in 1usize..4, d_input in 1usize..5, n_rows in 1usize..20, seed in 0u64..1000,
    ) {
        const STEP: f64 = 1e-5;
        let mixture = mixture(n_experts, d_input, seed);
        let (inputs, targets) = (numbers(10 * seed + 3, n_rows * d_input), numbers(10 * seed + 4, n_rows));
        let Gradient { loss, routers, experts, weights } = gradient(&mixture, &inputs, &targets).unwrap();
        let naive = naive_loss(&mixture, &inputs, &targets);
        prop_assert!((loss - naive).abs() <= 1e-12 * naive, "{loss} {naive}");
        let all = [routers, experts, weights].concat();
        prop_assert_eq!(all.len(), n_experts * (2 * d_input + 1));
        // Losses of up to 1e5 or so have differences that round at 1e-6 of the loss.
        let band = |slope: f64| 1e-6 * (1.0 + slope.abs() + naive);
        for (at, slope) in all.iter().enumerate() {
            let [up, down] = [STEP, -STEP].map(|by| naive_loss(&moved(&mixture, at, by), &inputs, &targets));
            let expected = (up - down) / (2.0 * STEP);
            prop_assert!((slope - expected).abs() < band(expected), "{at}: {slope} {expected}");
        }
    }

    #[test]
    fn alignment_depends_on_no_length_and_on_no_sign_of_experts(seed in 0u64..1000, scale in 0.1f64..10.0) {
        let (teacher, student) = (Mixture::teacher(2, 7, seed).unwrap(), mixture(4, 7, seed));
        let scaled = Mixture::new(
            7,
            student.routers().iter().map(|value| scale * value).collect(),
            student.experts().iter().map(|value| -scale * value).collect(),
            student.weights().to_vec(),
        ).unwrap();
        let pairs = [&student, &scaled].map(|student| Alignment::new(student, &teacher).unwrap().pairs);
        for (a, b) in pairs[0].iter().zip(&pairs[1]) {
            prop_assert_eq!(a.expert_number, b.expert_number);
            prop_assert!((a.expert - b.expert).abs() < 1e-12 && (a.router - b.router).abs() < 1e-12);
            prop_assert!((0.0..=1.0 + 1e-12).contains(&a.expert));
        }
    }
}

#[test]
fn values_are_those_of_the_formula() {
    let mixture = mixture(5, 6, 1);
    for x in numbers(99, 60).chunks(6) {
        let (value, naive) = (mixture.value(x).unwrap(), naive_value(&mixture, x));
        assert!((value - naive).abs() < 1e-12 * (1.0 + naive.abs()), "{value} {naive}");
    }
    assert_eq!(sigmoid(0.0), 0.5);
    assert!((sigmoid(-2.0) - 1.0 / (1.0 + f64::exp(2.0))).abs() < 1e-15);
    assert_eq!((sigmoid(1e4), sigmoid(-1e4) < 1e-300), (1.0, true));
}

#[test]
fn the_activation_is_normalised_and_sees_nothing_linear_or_quadratic() {
    // The trapezoidal rule has no error to speak of on what vanishes at both ends with all derivatives.
    let expected = |function: &dyn Fn(f64) -> f64| -> f64 {
        let density = |z: f64| (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        (-12_000..=12_000)
            .map(|i| f64::from(i) / 1000.0)
            .map(|z| function(z) * density(z))
            .sum::<f64>()
            / 1000.0
    };
    assert!((expected(&|z| hermite3(z).powi(2)) - 1.0).abs() < 1e-12);
    for power in 0..3 {
        assert!(expected(&|z| hermite3(z) * z.powi(power)).abs() < 1e-12);
    }
    for z in [-2.0, 0.0, 0.3, 1.7] {
        let difference = (hermite3(z + 1e-6) - hermite3(z - 1e-6)) / 2e-6;
        assert!((hermite3_slope(z) - difference).abs() < 1e-8);
    }
}

#[test]
fn teachers_are_orthonormal_and_students_have_unit_length() {
    let dot = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    // As many teachers as dimensions is the hardest.
    for (n_experts, d_input) in [(5, 200), (12, 12), (1, 1)] {
        let teacher = Mixture::teacher(n_experts, d_input, 3).unwrap();
        assert_eq!(teacher.weights(), vec![1.0; n_experts]);
        for i in 0..n_experts {
            for j in 0..n_experts {
                let expected = f64::from(u8::from(i == j));
                assert!((dot(teacher.router(i), teacher.router(j)) - expected).abs() < 1e-13);
                assert!((dot(teacher.expert(i), teacher.expert(j)) - expected).abs() < 1e-13);
            }
        }
        assert_ne!(
            teacher,
            Mixture::teacher(n_experts, d_input, 4)
                .unwrap()
                .with_weights(vec![2.0; n_experts])
                .unwrap()
        );
    }
    let teacher = Mixture::teacher(5, 200, 3).unwrap();
    // Two sets that were drawn independently: cosines of 1 / sqrt 200.
    assert!(dot(teacher.router(0), teacher.expert(0)).abs() < 0.4);
    let student = Mixture::student(7, 200, 3).unwrap();
    assert_eq!(student.weights(), vec![1.0 / 7.0; 7]);
    for i in 0..7 {
        assert!((dot(student.router(i), student.router(i)) - 1.0).abs() < 1e-14);
        assert!((dot(student.expert(i), student.expert(i)) - 1.0).abs() < 1e-14);
        assert!(dot(student.router(i), teacher.router(0)).abs() < 0.4);
    }
}

/// The experts of both, one after another.
fn together(parts: &[&Mixture], weights: Vec<f64>) -> Mixture {
    let routers = parts.iter().flat_map(|part| part.routers()).copied().collect();
    let experts = parts.iter().flat_map(|part| part.experts()).copied().collect();
    Mixture::new(parts[0].d_input(), routers, experts, weights).unwrap()
}

#[test]
fn a_pursuit_finds_planted_experts() {
    let (teacher, others) = (Mixture::teacher(3, 20, 1).unwrap(), Mixture::student(4, 20, 2).unwrap());
    let student = together(&[&others, &teacher], vec![0.5, 0.1, -3.0, 0.2, 0.01, 0.7, -0.4]);
    let options = Pruning {
        rows: 3000,
        n_kept: 3,
        ..Pruning::default()
    };
    let (pruned, report) = prune(&student, Target::Mixture(&teacher), &options).unwrap();
    assert_eq!(report.kept, [4, 5, 6]);
    assert!(report.loss_before > 1.0 && report.loss_after < 1e-24, "{report:?}");
    assert!(pruned.weights().iter().all(|weight| (weight - 1.0).abs() < 1e-11));
    assert_eq!(pruned.routers(), teacher.routers());
    // A function says the same, and nothing more is chosen than is needed.
    let function = |x: &[f64]| naive_value(&teacher, x);
    let generous = Pruning {
        n_kept: 7,
        tolerance: 1e-12,
        ..options.clone()
    };
    let (_, from_function) = prune(&student, Target::Function(&function), &generous).unwrap();
    assert_eq!(from_function.kept, report.kept);
    // Of its own output the student needs all, and loses what is not kept.
    let (_, own) = prune(&student, Target::OwnOutput, &options).unwrap();
    assert!(
        own.kept.contains(&2) && own.loss_before == 0.0 && own.loss_after > 1e-3,
        "{own:?}"
    );
    // Twins of chosen experts have nothing to add.
    let twins = together(&[&teacher, &teacher], vec![0.5; 6]);
    let (_, report) = prune(&twins, Target::Mixture(&teacher), &Pruning { n_kept: 6, ..options }).unwrap();
    assert_eq!(report.kept, [0, 1, 2]);
}

#[test]
fn controls_keep_what_they_say_with_weights_of_least_squares() {
    let (teacher, others) = (Mixture::teacher(2, 10, 1).unwrap(), Mixture::student(4, 10, 2).unwrap());
    let student = together(&[&others, &teacher], vec![0.5, 0.1, -3.0, 0.2, 0.01, -0.7]);
    let pruned = |selection, seed| {
        let options = Pruning {
            rows: 2000,
            n_kept: 2,
            selection,
            seed,
            ..Pruning::default()
        };
        prune(&student, Target::Mixture(&teacher), &options).unwrap()
    };
    let (by_magnitude, report) = pruned(Selection::Magnitude, 0);
    assert_eq!(report.kept, [2, 5]);
    // Moving a fitted weight makes it worse on many fresh rows.
    let of = |weights: Vec<f64>| {
        let moved = by_magnitude.clone().with_weights(weights).unwrap();
        loss(&moved, Target::Mixture(&teacher), 20_000, 5).unwrap()
    };
    let weights = by_magnitude.weights().to_vec();
    let fitted = of(weights.clone());
    for (at, by) in [(0, 0.2), (0, -0.2), (1, 0.2), (1, -0.2)] {
        let mut moved = weights.clone();
        moved[at] += by;
        assert!(of(moved) > fitted);
    }
    let chosen: Vec<_> = (0..8).map(|seed| pruned(Selection::Random, seed).1.kept).collect();
    assert!(
        chosen
            .iter()
            .all(|kept| kept.len() == 2 && kept[0] < kept[1] && kept[1] < 6)
    );
    assert!(chosen.iter().any(|kept| *kept != chosen[0]));
}

#[test]
fn losses_are_half_the_mean_squared_error() {
    // f = a sigmoid(0) He3(z), of variance a^2 / 4.
    let mixture = Mixture::new(2, vec![0.0, 0.0], vec![1.0, 0.0], vec![2.0]).unwrap();
    let half = loss(&mixture, Target::Function(&|_| 0.0), 400_000, 1).unwrap();
    assert!((half - 0.5).abs() < 0.03, "{half}");
    assert_eq!(loss(&mixture, Target::OwnOutput, 100, 1), Ok(0.0));
}

#[test]
fn merging_planted_duplicates_and_opposites_leaves_the_function() {
    let base = Mixture::student(4, 12, 5).unwrap();
    let turned = |mixture: &Mixture| {
        let experts = mixture.experts().iter().map(|value| -value).collect();
        Mixture::new(12, mixture.routers().to_vec(), experts, vec![0.0; 4]).unwrap()
    };
    // The same again, and turned around: weights of 1 + .5 - .25, ..., and 0 for the third, which cancels.
    let weights = vec![1.0, 2.0, 1.5, -0.7, 0.5, -1.0, 0.5, 0.1, 0.25, 0.5, 2.0, 0.3];
    let student = together(&[&base, &base, &turned(&base)], weights);
    let options = Merging {
        tau: 1e-9,
        rows: 2000,
        ..Merging::default()
    };
    let (merged, report) = merge_and_drop(&student, Target::OwnOutput, &options).unwrap();
    assert_eq!(merged.n_experts(), 3);
    assert!(report.loss_before == 0.0 && report.loss_after < 1e-20, "{report:?}");
    for x in numbers(6, 240).chunks(12) {
        assert!((naive_value(&merged, x) - naive_value(&student, x)).abs() < 1e-10);
    }
    // Nothing is merged whose router differs, however alike the experts.
    let other = Mixture::student(4, 12, 6).unwrap();
    let apart = Mixture::new(
        12,
        [base.routers(), other.routers()].concat(),
        base.experts().repeat(2),
        vec![1.0; 8],
    );
    let (apart, _) = merge_and_drop(&apart.unwrap(), Target::OwnOutput, &options).unwrap();
    assert_eq!(apart.n_experts(), 8);
    // An expert that does less than tau goes, but the last one never.
    let faint = base.clone().with_weights(vec![1.0, 1e-3, 1.0, 1.0]).unwrap();
    let faint = merge_and_drop(
        &faint,
        Target::OwnOutput,
        &Merging {
            tau: 0.01,
            ..options.clone()
        },
    )
    .unwrap();
    assert_eq!(faint.1.kept, [0, 2, 3]);
    let all = merge_and_drop(&base, Target::OwnOutput, &Merging { tau: 1e9, ..options }).unwrap();
    assert_eq!(all.0.n_experts(), 1);
}

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
