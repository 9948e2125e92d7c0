//! The student-teacher theory against loops written from its formulas.

mod student;

use proptest::prelude::*;
use secateurs_moe_theory::{Alignment, Gradient, Mixture, Target, gradient, hermite3, hermite3_slope, loss, sigmoid};
use student::{mixture, moved, naive_loss, naive_value, numbers};

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

#[test]
fn losses_are_half_the_mean_squared_error() {
    // f = a sigmoid(0) He3(z), of variance a^2 / 4.
    let mixture = Mixture::new(2, vec![0.0, 0.0], vec![1.0, 0.0], vec![2.0]).unwrap();
    let half = loss(&mixture, Target::Function(&|_| 0.0), 400_000, 1).unwrap();
    assert!((half - 0.5).abs() < 0.03, "{half}");
    assert_eq!(loss(&mixture, Target::OwnOutput, 100, 1), Ok(0.0));
}
