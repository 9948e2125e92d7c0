//! Choices, gates, losses and gradients of all routers for logits of any size, in every precision, against `f64`.

mod naive;

use burn::tensor::{DType, Device, Tensor, TensorData};
use naive::{gate_matrix, largest, values};
use rand::SeedableRng;
use rand::rngs::StdRng;
use secateurs_moe::{
    Capacity, ExpertChoice, Noise, Normalise, Router, RouterKind, Routing, SigmoidTopK, Soft, SoftSlots, TokenRouting,
    TopK, importance_loss, load_balancing_loss, slot_logits, z_loss,
};

const N_EXPERTS: usize = 4;

/// The precisions, each with the distance of 1 from the next number.
const PRECISIONS: [(DType, f64); 4] = [
    (DType::F64, f64::EPSILON),
    (DType::F32, f32::EPSILON as f64),
    (DType::F16, 0.000_976_562_5),
    (DType::BF16, 0.007_812_5),
];

/// Rows of logits for which some usual form saturates, underflows or overflows.
fn cases() -> Vec<Vec<[f64; N_EXPERTS]>> {
    let rows = [
        [-110.0, -120.0, -105.0, -130.0],
        [-20.0, -19.0, -18.0, -30.0],
        [18.0, 20.0, 24.0, 0.0],
        [6.5, 8.0, 10.0, 0.0],
        [1e4, -1e4, 1e4, 9984.0],
        [-1e4, -9984.0, -1e4, -1e4],
        [65504.0, -65504.0, 65472.0, 0.0],
        [-65504.0, -65504.0, -65504.0, -65472.0],
        [0.0, -0.0, 0.0, -0.0],
        [7.5; N_EXPERTS],
        [-300.0; N_EXPERTS],
        [0.0, 0.0, 90.0, 0.0],
        [-1e4, 0.0, -1e4, -1e4],
        [12.0, 8.5, -40.0, 3.0],
    ];
    let single = rows.iter().map(|row| vec![*row; 2]);
    single.chain([rows.to_vec()]).collect()
}

/// Logits as the precision holds them, and those numbers.
fn held(rows: &[[f64; N_EXPERTS]], place: (&Device, DType)) -> (Tensor<2>, Vec<Vec<f64>>) {
    let data = TensorData::new(rows.concat(), [rows.len(), N_EXPERTS]);
    let logits = Tensor::<2>::from_data(data, place);
    let exact = values(&logits).chunks(N_EXPERTS).map(<[f64]>::to_vec).collect();
    (logits, exact)
}

fn softmax(logits: &[f64]) -> Vec<f64> {
    let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = logits.iter().map(|z| (z - most).exp()).sum();
    logits.iter().map(|z| (z - most).exp() / sum).collect()
}

/// `ln sigmoid(z)`, exact where sigmoids are 0 or 1.
fn log_sigmoid(z: f64) -> f64 {
    z.min(0.0) - (-z.abs()).exp().ln_1p()
}

fn close(got: f64, expected: f64, epsilon: f64) -> bool {
    // Values below the least normal number of half precision keep fewer digits.
    got.is_finite() && (got - expected).abs() <= 4.0 * epsilon * expected.abs() + 6e-8_f64.min(epsilon)
}

/// The gates of the chosen experts, from the logits of a token.
type Gates = fn(&[f64], &[usize]) -> Vec<f64>;

/// Routers that send a token to the experts with the largest logits, and what their gates are.
fn by_logits() -> Vec<(RouterKind, Gates)> {
    fn over_chosen(logits: &[f64], chosen: &[usize]) -> Vec<f64> {
        softmax(&chosen.iter().map(|expert| logits[*expert]).collect::<Vec<_>>())
    }
    fn over_all(logits: &[f64], chosen: &[usize]) -> Vec<f64> {
        chosen.iter().map(|expert| softmax(logits)[*expert]).collect()
    }
    fn sigmoids(logits: &[f64], chosen: &[usize]) -> Vec<f64> {
        chosen.iter().map(|expert| log_sigmoid(logits[*expert]).exp()).collect()
    }
    fn sigmoids_over_chosen(logits: &[f64], chosen: &[usize]) -> Vec<f64> {
        over_chosen(&logits.iter().map(|z| log_sigmoid(*z)).collect::<Vec<_>>(), chosen)
    }
    let before = Normalise::BeforeSelection;
    let top_k = |k, normalise| {
        RouterKind::TopK(TopK {
            normalise,
            ..TopK::new(k)
        })
    };
    let sigmoid = |k, normalise, correction: f32| {
        let router = SigmoidTopK::new(k, N_EXPERTS);
        RouterKind::SigmoidTopK(SigmoidTopK {
            normalise,
            correction: vec![correction; N_EXPERTS],
            ..router
        })
    };
    let after = Normalise::AfterSelection;
    vec![
        (RouterKind::Soft(Soft), over_all),
        (top_k(1, after), over_chosen),
        (top_k(2, after), over_chosen),
        (top_k(2, before), over_all),
        (
            RouterKind::TopK(TopK {
                noise: Noise::Gumbel,
                ..TopK::new(2)
            }),
            over_chosen,
        ),
        (sigmoid(1, after, 0.0), sigmoids_over_chosen),
        (sigmoid(2, after, 0.25), sigmoids_over_chosen),
        (sigmoid(2, before, -3.0), sigmoids),
    ]
}

#[test]
fn choices_are_those_of_the_logits_and_gates_those_of_the_formula() {
    for (dtype, epsilon) in PRECISIONS {
        for rows in cases() {
            let (logits, exact) = held(&rows, (&Device::flex(), dtype));
            for (router, gates_of) in by_logits() {
                let Routing::Tokens(routing) = router.route(logits.clone(), None).unwrap() else {
                    panic!("{router:?}")
                };
                assert_eq!(routing.gates.dtype(), dtype);
                let got = gate_matrix(&routing);
                for (token, logits) in exact.iter().enumerate() {
                    let pairs = routing.assignment.pairs().filter(|pair| pair.0 == token);
                    let chosen: Vec<usize> = pairs.map(|pair| pair.1).collect();
                    let mut expected = largest(logits, chosen.len());
                    expected.sort_unstable();
                    assert_eq!(chosen, expected, "{dtype:?} {router:?} {logits:?}");
                    for (expert, gate) in chosen.iter().zip(gates_of(logits, &chosen)) {
                        let got = got[token][*expert];
                        assert!(
                            close(got, gate, epsilon),
                            "{dtype:?} {router:?} {logits:?}: {got} instead of {gate}"
                        );
                    }
                }
                check_losses(&routing, (dtype, epsilon));
            }
        }
    }
}

/// Losses of what the router says it thinks; `f64` of the same probabilities.
fn check_losses(routing: &TokenRouting, (dtype, epsilon): (DType, f64)) {
    let probabilities = values(&routing.probabilities);
    let tokens: Vec<&[f64]> = probabilities.chunks(N_EXPERTS).collect();
    assert!(
        tokens
            .iter()
            .all(|token| (token.iter().sum::<f64>() - 1.0).abs() < 1e-5),
        "{tokens:?}"
    );
    let n_tokens = tokens.len() as f64;
    let sums: Vec<f64> = (0..N_EXPERTS)
        .map(|expert| tokens.iter().map(|token| token[expert]).sum())
        .collect();
    let total: usize = routing.chosen.iter().sum();
    let pairs = sums.iter().zip(&routing.chosen);
    let balance = pairs
        .map(|(sum, chosen)| sum / n_tokens * *chosen as f64 / n_tokens)
        .sum::<f64>();
    let balance = balance * N_EXPERTS as f64 * n_tokens / total as f64;
    let mean = n_tokens / N_EXPERTS as f64;
    let importance = sums.iter().map(|sum| (sum / mean - 1.0).powi(2)).sum::<f64>() / N_EXPERTS as f64;
    for (got, expected) in [
        (load_balancing_loss(routing), balance),
        (importance_loss(routing), importance),
    ] {
        let got = values(&got)[0];
        assert!(
            (got - expected).abs() <= 4.0 * epsilon.max(1e-6) * expected.max(1.0),
            "{dtype:?}: {got} instead of {expected}"
        );
    }
}

#[test]
fn probabilities_of_sigmoids_are_shares_of_their_sum() {
    for (dtype, _) in PRECISIONS {
        for rows in cases() {
            let (logits, exact) = held(&rows, (&Device::flex(), dtype));
            let Routing::Tokens(routing) = SigmoidTopK::new(1, N_EXPERTS).route(logits, None).unwrap() else {
                panic!()
            };
            for (got, logits) in values(&routing.probabilities).chunks(N_EXPERTS).zip(&exact) {
                let expected = softmax(&logits.iter().map(|z| log_sigmoid(*z)).collect::<Vec<_>>());
                let is_close = got
                    .iter()
                    .zip(&expected)
                    .all(|(got, expected)| (got - expected).abs() < 1e-5);
                assert!(is_close, "{dtype:?} {logits:?}: {got:?} {expected:?}");
            }
        }
    }
}

/// Corrections that differ: sums are compared where `f64` rounds them to the same number.
#[test]
fn corrected_sums_are_compared_exactly() {
    let chosen = |logits: [f64; N_EXPERTS], correction: [f32; N_EXPERTS]| {
        let (logits, _) = held(&[logits], (&Device::flex(), DType::F64));
        let router = SigmoidTopK {
            correction: correction.to_vec(),
            ..SigmoidTopK::new(1, N_EXPERTS)
        };
        let Routing::Tokens(routing) = router.route(logits, None).unwrap() else {
            panic!()
        };
        routing.assignment.pairs().next().unwrap().1
    };
    // 1 - e^-60 + 1e-3 and more than that, 1 - e^-70 + 1e-3; and 1 + 2e-3 - e^-2.
    assert_eq!(chosen([60.0, 70.0, 2.0, 0.0], [1e-3, 1e-3, 2e-3, 0.0]), 1);
    // The correction decides by more than the sigmoids.
    assert_eq!(chosen([60.0, 40.0, 2.0, 0.0], [1e-3, 2e-3, 0.0, 0.0]), 1);
    // Next to nothing, e^-800 is more than e^-900.
    assert_eq!(chosen([-900.0, -800.0, -850.0, -2000.0], [0.5, 0.5, 0.5, 0.25]), 1);
    // 0.5 + 0.25 = 0.75: the lower index.
    assert_eq!(chosen([-2000.0, 0.0, -2000.0, 0.0], [0.0, 0.25, 0.75, 0.25]), 1);
    // sigmoid(ln 3) = 0.75, and e^-60 more.
    assert_eq!(chosen([-2000.0, -60.0, -70.0, -2000.0], [0.75, 0.75, 0.75, 0.5]), 1);
}

/// Experts take the tokens whose probability is nearest to 1, also where all are 1, and the largest where all are 0.
#[test]
fn experts_choose_where_probabilities_round() {
    for (dtype, epsilon) in PRECISIONS {
        let rows = [
            [40.0, 0.0, -1e4, 0.0],
            [90.0, 0.0, -9984.0, 0.0],
            [64.0, 0.0, -1e4, 1.0],
            [-8.0, 0.0, -65504.0, 0.0],
        ];
        let (logits, exact) = held(&rows, (&Device::flex(), dtype));
        let Routing::Tokens(routing) = ExpertChoice::new(1.0).route(logits, None).unwrap() else {
            panic!()
        };
        assert_eq!(
            routing.assignment.pairs().collect::<Vec<_>>(),
            [(1, 0), (3, 1), (0, 2), (3, 3)],
            "{dtype:?}"
        );
        for ((token, expert), gate) in routing.assignment.pairs().zip(values(&routing.gates)) {
            assert!(
                close(gate, softmax(&exact[token])[expert], epsilon),
                "{dtype:?} {token} {expert}: {gate}"
            );
        }
    }
}

/// Noise is added to the logits as they are, not as their precision rounds the sum.
#[test]
fn noise_decides_between_large_logits() {
    for (dtype, _) in PRECISIONS {
        let (logits, _) = held(&[[9984.0; N_EXPERTS]; 200], (&Device::flex(), dtype));
        for noise in [Noise::Gumbel, Noise::Normal(1.0), Noise::Jitter(1e-6)] {
            let router = TopK {
                noise,
                capacity: Some(Capacity::of_factor(4.0)),
                ..TopK::new(1)
            };
            let routed = router
                .route(logits.clone(), Some(&mut StdRng::seed_from_u64(3)))
                .unwrap();
            let Routing::Tokens(routing) = routed else { panic!() };
            // 50 expected, standard deviation 6.1.
            let counts = routing.assignment.counts();
            assert!(
                counts.iter().all(|count| (20..80).contains(count)),
                "{dtype:?} {noise:?}: {counts:?}"
            );
        }
    }
}

#[test]
fn slots_are_softmaxes_in_both_directions() {
    for (dtype, epsilon) in PRECISIONS {
        for rows in cases() {
            let (logits, exact) = held(&rows, (&Device::flex(), dtype));
            let router = SoftSlots { slots_per_expert: 2 };
            let Routing::Slots(routing) = router.route(logits, None).unwrap() else {
                panic!()
            };
            for (got, logits) in values(&routing.combine).chunks(N_EXPERTS).zip(&exact) {
                assert!(
                    got.iter()
                        .zip(softmax(logits))
                        .all(|(got, expected)| close(*got, expected, epsilon))
                );
            }
            for (slot, got) in values(&routing.dispatch).chunks(exact.len()).enumerate() {
                let expected = softmax(&exact.iter().map(|token| token[slot]).collect::<Vec<_>>());
                assert!(
                    got.iter()
                        .zip(expected)
                        .all(|(got, expected)| close(*got, expected, epsilon))
                );
            }
        }
    }
}

/// Gradients of gates and of each loss; of the z-loss also its value.
#[test]
fn gradients_are_finite() {
    let device = Device::flex().autodiff();
    for (dtype, epsilon) in PRECISIONS {
        for rows in cases() {
            let tracked = || {
                let (logits, exact) = held(&rows, (&device, dtype));
                (logits.require_grad(), exact)
            };
            let finite = |logits: &Tensor<2>, loss: Tensor<1>, what: &str| {
                let gradient = values(&logits.grad(&loss.backward()).unwrap());
                assert!(
                    gradient.iter().all(|g| g.is_finite()),
                    "{dtype:?} {what} {rows:?}: {gradient:?}"
                );
                gradient
            };
            let more = [RouterKind::ExpertChoice(ExpertChoice::new(2.0))];
            for router in by_logits().into_iter().map(|(router, _)| router).chain(more) {
                let losses: [fn(&TokenRouting) -> Tensor<1>; 3] = [
                    |routing| routing.gates.clone().sum() + load_balancing_loss(routing) * 0.01,
                    |routing| importance_loss(routing),
                    |routing| routing.gates.clone().powi_scalar(2).sum(),
                ];
                for loss in losses {
                    let (logits, _) = tracked();
                    let Routing::Tokens(routing) = router.route(logits.clone(), None).unwrap() else {
                        panic!()
                    };
                    finite(&logits, loss(&routing), router.name());
                }
            }
            let (logits, exact) = tracked();
            let loss = z_loss(logits.clone());
            let of_token = |logits: &Vec<f64>| {
                let most = logits.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                (most + logits.iter().map(|z| (z - most).exp()).sum::<f64>().ln()).powi(2)
            };
            let expected = exact.iter().map(of_token).sum::<f64>() / exact.len() as f64;
            let got = values(&loss)[0];
            assert!(
                (got - expected).abs() <= 8.0 * epsilon.min(1e-6) * expected.max(1.0),
                "{dtype:?} {got} {expected}"
            );
            finite(&logits, loss, "z-loss");
        }
    }
}

/// Sigmoids' gradients do not vanish where sigmoids do: of two chosen, each gate goes with the other's probability.
#[test]
fn gradients_far_below_zero_are_those_of_a_softmax() {
    let device = Device::flex().autodiff();
    for (dtype, epsilon) in PRECISIONS {
        let (logits, exact) = held(&[[-110.0, -112.0, -130.0, -140.0]], (&device, dtype));
        let logits = logits.require_grad();
        let Routing::Tokens(routing) = SigmoidTopK::new(2, N_EXPERTS).route(logits.clone(), None).unwrap() else {
            panic!()
        };
        let gradient = values(&logits.grad(&routing.gates.narrow(0, 0, 1).sum().backward()).unwrap());
        let share = softmax(&exact[0][..2]);
        let expected = [share[0] * share[1], -share[0] * share[1], 0.0, 0.0];
        assert!(
            gradient
                .iter()
                .zip(expected)
                .all(|(got, expected)| close(*got, expected, 2.0 * epsilon)),
            "{dtype:?} {gradient:?} {expected:?}"
        );
    }
}

#[test]
fn numbers_beyond_single_precision_are_logits_and_nan_is_not() {
    let (logits, _) = held(&[[1e300, -1e300, 2e300, 1e299]], (&Device::flex(), DType::F64));
    for router in [
        RouterKind::TopK(TopK::new(1)),
        RouterKind::SigmoidTopK(SigmoidTopK::new(1, N_EXPERTS)),
    ] {
        let Routing::Tokens(routing) = router.route(logits.clone(), None).unwrap() else {
            panic!()
        };
        assert_eq!(routing.assignment.pairs().next(), Some((0, 2)));
        assert_eq!(values(&routing.gates), [1.0]);
    }
    for (dtype, _) in PRECISIONS {
        for (router, _) in by_logits() {
            let (logits, _) = held(&[[0.0, f64::NAN, 0.0, 0.0]], (&Device::flex(), dtype));
            assert!(router.route(logits, None).is_err());
        }
    }
    let unsound = SigmoidTopK {
        correction: vec![0.0, f32::NAN, 0.0, 0.0],
        ..SigmoidTopK::new(1, N_EXPERTS)
    };
    let (logits, _) = held(&[[0.0; N_EXPERTS]], (&Device::flex(), DType::F32));
    assert!(unsound.route(logits, None).is_err());
}

/// The logits of slots depend on directions alone, whatever the size of what is compared.
#[test]
fn logits_of_slots_neither_over_nor_underflow() {
    const WIDTH: usize = 512;
    let wave = |row: usize, column: usize| ((row * 7 + column * 3) as f64 * 0.37).sin();
    for (dtype, epsilon) in PRECISIONS {
        for size in [1e-3, 1.0, 200.0] {
            let tensor = |rows: usize, first: usize, size: f64| {
                let numbers: Vec<f32> = (0..rows * WIDTH)
                    .map(|at| (size * wave(first + at / WIDTH, at % WIDTH)) as f32)
                    .collect();
                Tensor::<2>::from_data(TensorData::new(numbers, [rows, WIDTH]), (&Device::flex(), dtype))
            };
            let (tokens, slots) = (tensor(3, 0, size), tensor(2, 5, size));
            let numbers = |tensor: &Tensor<2>| tensor.clone().into_data().iter::<f64>().collect::<Vec<f64>>();
            let (rows, columns) = (numbers(&tokens), numbers(&slots));
            let scale = Tensor::<1>::from_data(TensorData::new(vec![10f32], [1]), (&Device::flex(), dtype));
            let got = numbers(&slot_logits(tokens, slots, scale));
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            for (at, got) in got.into_iter().enumerate() {
                let (a, b) = (&rows[at / 2 * WIDTH..][..WIDTH], &columns[at % 2 * WIDTH..][..WIDTH]);
                let right = 10.0 * dot(a, b) / ((dot(a, a).sqrt() + 1e-6) * (dot(b, b).sqrt() + 1e-6));
                let tolerance = 10.0 * (epsilon + 1e-5);
                assert!(
                    (got - right).abs() < tolerance,
                    "{dtype:?} of size {size}: {got}, not {right}"
                );
            }
        }
    }
}
