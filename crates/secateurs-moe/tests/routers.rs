//! What holds of every router, and each against its formula. On every device.

mod naive;

use burn::tensor::Tensor;
use naive::{assert_close, gate_matrix, numbers, of_tokens, softmax, tensor, values};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::StdRng;
use secateurs_moe::{
    Capacity, DropOrder, ExpertChoice, MoeError, Noise, Normalise, Router, RouterKind, Routing, SigmoidTopK, Soft,
    SoftSlots, TopK, importance_loss, load_balancing_loss, z_loss,
};
use secateurs_testkit::devices;

const BOUND: f64 = 1e-5;

/// Every router there is, for that many experts.
fn routers(n_experts: usize) -> Vec<RouterKind> {
    let k = 2.min(n_experts);
    let limited = |order| TopK {
        capacity: Some(Capacity {
            factor: 0.6,
            minimum: 1,
            order,
        }),
        ..TopK::new(k)
    };
    let before = TopK {
        normalise: Normalise::BeforeSelection,
        ..TopK::new(k)
    };
    let mut corrected = SigmoidTopK::new(k, n_experts);
    corrected.correction[0] = 0.5;
    vec![
        RouterKind::Soft(Soft),
        RouterKind::TopK(TopK::new(k)),
        RouterKind::TopK(TopK::new(n_experts)),
        RouterKind::TopK(before),
        RouterKind::TopK(limited(DropOrder::Logit)),
        RouterKind::TopK(limited(DropOrder::Position)),
        RouterKind::TopK(limited(DropOrder::Random)),
        RouterKind::SigmoidTopK(SigmoidTopK::new(k, n_experts)),
        RouterKind::SigmoidTopK(corrected),
        RouterKind::ExpertChoice(ExpertChoice::new(1.5)),
        RouterKind::SoftSlots(SoftSlots { slots_per_expert: 2 }),
    ]
}

/// A router that sends every token to the same number of experts, and whose gates of a token sum to 1.
fn sums_to_one(router: &RouterKind) -> bool {
    match router {
        RouterKind::Soft(_) | RouterKind::SigmoidTopK(_) => true,
        RouterKind::TopK(top_k) => top_k.normalise == Normalise::AfterSelection && top_k.capacity.is_none(),
        RouterKind::ExpertChoice(_) | RouterKind::SoftSlots(_) => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn laws_of_all_routers(n_tokens in 1usize..12, n_experts in 1usize..7, seed: u64) {
        for device in devices() {
            for router in routers(n_experts) {
                let n_logits = n_experts * router.slots_per_expert();
                let logits = tensor(&numbers(n_tokens * n_logits, seed), [n_tokens, n_logits], &device);
                match router.route(logits, None).unwrap() {
                    Routing::Slots(routing) => {
                        prop_assert_eq!(routing.dispatch.dims(), [n_logits, n_tokens]);
                        for (shares, n) in [(routing.dispatch, n_tokens), (routing.combine, n_logits)] {
                            for row in values(&shares).chunks(n) {
                                prop_assert!((row.iter().sum::<f64>() - 1.0).abs() < BOUND);
                                prop_assert!(row.iter().all(|share| *share > 0.0));
                            }
                        }
                    }
                    Routing::Tokens(routing) => {
                        let gates = gate_matrix(&routing);
                        for token in values(&routing.probabilities).chunks(n_experts) {
                            prop_assert!((token.iter().sum::<f64>() - 1.0).abs() < BOUND);
                        }
                        if sums_to_one(&router) {
                            for token in &gates {
                                prop_assert!((token.iter().sum::<f64>() - 1.0).abs() < BOUND, "{router:?}");
                            }
                        }
                        if let RouterKind::TopK(TopK { k, capacity: None, .. }) = router {
                            for token in &gates {
                                prop_assert_eq!(token.iter().filter(|gate| **gate > 0.0).count(), k);
                            }
                            prop_assert_eq!((routing.n_dropped(), routing.n_unrouted()), (0, 0));
                        }
                        if let RouterKind::TopK(TopK { k, capacity: Some(capacity), .. }) = router {
                            let room = capacity.tokens(k, n_tokens, n_experts).unwrap();
                            let counts = routing.assignment.counts();
                            prop_assert!(counts.iter().all(|count| *count <= room));
                            let full = |(chosen, count): (&usize, &usize)| *count == (*chosen).min(room);
                            prop_assert!(routing.chosen.iter().zip(&counts).all(full));
                            prop_assert_eq!(routing.n_dropped() + routing.assignment.n_pairs(), k * n_tokens);
                        }
                        prop_assert_eq!(
                            routing.n_unrouted(),
                            gates.iter().filter(|token| token.iter().all(|gate| *gate == 0.0)).count()
                        );
                    }
                }
            }
        }
    }

    /// Swapping experts swaps their gates. Logits differ, so no tie decides.
    #[test]
    fn experts_can_be_renamed(n_tokens in 1usize..8, n_experts in 2usize..6, seed: u64) {
        for device in devices() {
            for router in routers(n_experts) {
                let slots = router.slots_per_expert();
                let corrected = matches!(&router, RouterKind::SigmoidTopK(router) if router.correction[0] > 0.0);
                if corrected {
                    continue; // its correction belongs to expert 0
                }
                let n_logits = n_experts * slots;
                let logits = numbers(n_tokens * n_logits, seed);
                let renamed: Vec<f32> = logits
                    .chunks(n_logits)
                    .flat_map(|token| token.chunks(slots).rev().flatten().copied().collect::<Vec<_>>())
                    .collect();
                let [first, second] = [logits, renamed]
                    .map(|logits| router.route(tensor(&logits, [n_tokens, n_logits], &device), None).unwrap());
                match (first, second) {
                    (Routing::Tokens(first), Routing::Tokens(second)) => {
                        let reversed: Vec<f64> =
                            gate_matrix(&second).iter().flat_map(|token| token.iter().rev().copied().collect::<Vec<_>>()).collect();
                        assert_close(&gate_matrix(&first).concat(), &reversed, BOUND);
                    }
                    (Routing::Slots(first), Routing::Slots(second)) => {
                        let reversed: Vec<f64> = values(&second.combine)
                            .chunks(n_logits)
                            .flat_map(|token| token.chunks(slots).rev().flatten().copied().collect::<Vec<_>>())
                            .collect();
                        assert_close(&values(&first.combine), &reversed, BOUND);
                    }
                    _ => unreachable!("one router gives one kind of routing"),
                }
            }
        }
    }

    #[test]
    fn top_k_equals_the_formula(n_tokens in 1usize..8, n_experts in 2usize..7, k in 1usize..7, seed: u64) {
        let k = k.min(n_experts);
        let logits = numbers(n_tokens * n_experts, seed);
        for device in devices() {
            for normalise in [Normalise::BeforeSelection, Normalise::AfterSelection] {
                let router = TopK { normalise, ..TopK::new(k) };
                let routing = of_tokens(router.route(tensor(&logits, [n_tokens, n_experts], &device), None).unwrap());
                for (token, gates) in logits.chunks(n_experts).zip(gate_matrix(&routing)) {
                    let token: Vec<f64> = token.iter().map(|z| f64::from(*z)).collect();
                    let chosen = naive::largest(&token, k);
                    let over: Vec<usize> = match normalise {
                        Normalise::BeforeSelection => (0..n_experts).collect(),
                        Normalise::AfterSelection => chosen.clone(),
                    };
                    let sum: f64 = over.iter().map(|&expert| token[expert].exp()).sum();
                    let expected: Vec<f64> = (0..n_experts)
                        .map(|expert| if chosen.contains(&expert) { token[expert].exp() / sum } else { 0.0 })
                        .collect();
                    assert_close(&gates, &expected, BOUND);
                }
            }
        }
    }

    #[test]
    fn sigmoid_gates_equal_the_formula(n_tokens in 1usize..8, n_experts in 2usize..7, seed: u64) {
        let logits = numbers(n_tokens * n_experts, seed);
        let mut router = SigmoidTopK::new(2, n_experts);
        router.scale = 2.5;
        router.correction = numbers(n_experts, seed ^ 7).iter().map(|x| x / 4.0).collect();
        for device in devices() {
            for normalise in [Normalise::BeforeSelection, Normalise::AfterSelection] {
                router.normalise = normalise;
                let routing = of_tokens(router.route(tensor(&logits, [n_tokens, n_experts], &device), None).unwrap());
                for (token, gates) in logits.chunks(n_experts).zip(gate_matrix(&routing)) {
                    let sigmoids: Vec<f64> = token.iter().map(|z| naive::sigmoid(f64::from(*z))).collect();
                    let corrected: Vec<f64> =
                        sigmoids.iter().zip(&router.correction).map(|(s, c)| s + f64::from(*c)).collect();
                    let chosen = naive::largest(&corrected, 2);
                    let sum = match normalise {
                        Normalise::BeforeSelection => 1.0,
                        Normalise::AfterSelection => chosen.iter().map(|&expert| sigmoids[expert]).sum(),
                    };
                    let expected: Vec<f64> = (0..n_experts)
                        .map(|expert| if chosen.contains(&expert) { 2.5 * sigmoids[expert] / sum } else { 0.0 })
                        .collect();
                    assert_close(&gates, &expected, BOUND);
                }
            }
        }
    }

    #[test]
    fn experts_choose_their_best_tokens(n_tokens in 1usize..9, n_experts in 1usize..6, seed: u64) {
        let logits = numbers(n_tokens * n_experts, seed);
        let exact: Vec<f64> = logits.iter().map(|z| f64::from(*z)).collect();
        let probabilities: Vec<Vec<f64>> = exact.chunks(n_experts).map(softmax).collect();
        for device in devices() {
            let router = ExpertChoice::new(1.5);
            let routing = of_tokens(router.route(tensor(&logits, [n_tokens, n_experts], &device), None).unwrap());
            let room = (1.5 * n_tokens as f64 / n_experts as f64).ceil() as usize;
            for expert in 0..n_experts {
                let of_expert: Vec<f64> = probabilities.iter().map(|token| token[expert]).collect();
                let mut expected = naive::largest(&of_expert, room.min(n_tokens));
                expected.sort_unstable();
                prop_assert_eq!(routing.assignment.of_expert(expert), &expected[..]);
            }
            for (gates, probabilities) in gate_matrix(&routing).iter().zip(&probabilities) {
                for (gate, p) in gates.iter().zip(probabilities) {
                    prop_assert!(*gate == 0.0 || (gate - p).abs() < BOUND);
                }
            }
        }
    }
}

#[test]
fn gates_carry_gradients_to_the_logits() {
    for device in devices() {
        let device = device.autodiff();
        for router in routers(4) {
            let n_logits = 4 * router.slots_per_expert();
            let numbers = numbers(6 * n_logits, 3);
            let sum_of = |logits: Tensor<2>| -> Tensor<1> {
                match router.route(logits, None).unwrap() {
                    Routing::Tokens(routing) => {
                        let n = routing.assignment.n_pairs();
                        let factors: Vec<f32> = (0..n).map(|pair| (pair as f32).sin()).collect();
                        (routing.gates * tensor(&factors, [n], &device)).sum()
                    }
                    Routing::Slots(routing) => {
                        (routing.dispatch.clone() * routing.dispatch).sum() + routing.combine.powi_scalar(2).sum()
                    }
                }
            };
            let logits = tensor(&numbers, [6, n_logits], &device).require_grad();
            let gradients = sum_of(logits.clone()).backward();
            let gradient = values(&logits.grad(&gradients).expect("logits are tracked"));
            for element in [0, 7, 13] {
                let at = |step: f32| {
                    let mut moved = numbers.clone();
                    moved[element] += step;
                    values(&sum_of(tensor(&moved, [6, n_logits], &device)))[0]
                };
                let difference = (at(1e-2) - at(-1e-2)) / 2e-2;
                assert!(
                    (gradient[element] - difference).abs() < 2e-3,
                    "{router:?}: {} against {difference}",
                    gradient[element]
                );
            }
        }
    }
}

#[test]
fn noise_is_drawn_only_where_there_is_randomness() {
    for device in devices() {
        let logits = tensor(&[0.0; 400], [100, 4], &device);
        for noise in [Noise::Gumbel, Noise::Normal(1.0), Noise::Jitter(0.5)] {
            let router = TopK { noise, ..TopK::new(1) };
            let still = of_tokens(router.route(logits.clone(), None).unwrap());
            assert_eq!(still.assignment.counts(), [100, 0, 0, 0], "ties go to the lower index");
            let noisy = |seed| {
                of_tokens(
                    router
                        .route(logits.clone(), Some(&mut StdRng::seed_from_u64(seed)))
                        .unwrap(),
                )
            };
            assert_eq!(noisy(1).assignment, noisy(1).assignment);
            if noise != Noise::Jitter(0.5) {
                // Four equal experts: 25 expected, standard deviation 4.3.
                assert!(
                    noisy(1).assignment.counts().iter().all(|count| (5..46).contains(count)),
                    "{noise:?}"
                );
                assert_ne!(noisy(1).assignment, noisy(2).assignment);
            }
            let gates = values(&noisy(1).gates);
            assert!(
                gates.iter().all(|gate| (gate - 1.0).abs() < 1e-6),
                "gates know no noise"
            );
        }
    }
}

#[test]
fn gumbel_noise_samples_the_softmax() {
    let device = secateurs_testkit::device();
    let token = [0.0f32, 1.0, 2.0];
    let n_tokens = 4000;
    let logits = tensor(&token.repeat(n_tokens), [n_tokens, 3], &device);
    let router = TopK {
        noise: Noise::Gumbel,
        ..TopK::new(1)
    };
    let routing = of_tokens(router.route(logits, Some(&mut StdRng::seed_from_u64(5))).unwrap());
    let expected = softmax(&[0.0, 1.0, 2.0]);
    for (count, p) in routing.assignment.counts().iter().zip(expected) {
        let deviation = (n_tokens as f64 * p * (1.0 - p)).sqrt();
        assert!(
            (*count as f64 - n_tokens as f64 * p).abs() < 5.0 * deviation,
            "{count} against {p}"
        );
    }
}

#[test]
fn who_is_turned_away_depends_on_the_order() {
    let device = secateurs_testkit::device();
    // All four tokens want expert 0, the later ones more; there is room for two.
    let logits = tensor(&[1.0, 0.0, 2.0, 0.0, 3.0, 0.0, 4.0, 0.0], [4, 2], &device);
    let kept = |order| {
        let router = TopK {
            capacity: Some(Capacity {
                factor: 1.0,
                minimum: 1,
                order,
            }),
            ..TopK::new(1)
        };
        let routing = of_tokens(router.route(logits.clone(), None).unwrap());
        assert_eq!((routing.n_dropped(), routing.n_unrouted()), (2, 2));
        routing.assignment.of_expert(0).to_vec()
    };
    assert_eq!(kept(DropOrder::Logit), [2, 3]);
    assert_eq!(kept(DropOrder::Position), [0, 1]);
    assert_eq!(kept(DropOrder::Random), [0, 1]);
}

#[test]
fn corrections_move_against_the_load() {
    let router = SigmoidTopK::new(1, 3).rebalanced(&[6, 3, 0], 0.25).unwrap();
    assert_eq!(router.correction, [-0.25, 0.0, 0.25]);
    assert!(matches!(
        router.rebalanced(&[1], 0.25),
        Err(MoeError::Size {
            expected: 3,
            got: 1,
            ..
        })
    ));
}

#[test]
fn balance_losses_have_their_known_values() {
    for device in devices() {
        // Every expert once, each sure: even.
        let mut even = vec![-30.0f32; 16];
        (0..4).for_each(|token| even[token * 5] = 30.0);
        // Always expert 2.
        let one: Vec<f32> = [-30.0, -30.0, 30.0, -30.0].repeat(4);
        let routing = |logits: &[f32]| of_tokens(TopK::new(1).route(tensor(logits, [4, 4], &device), None).unwrap());
        let [even, one] = [routing(&even), routing(&one)];
        assert_close(&values(&load_balancing_loss(&even)), &[1.0], BOUND);
        assert_close(&values(&load_balancing_loss(&one)), &[4.0], BOUND);
        assert_close(&values(&importance_loss(&even)), &[0.0], BOUND);
        assert_close(&values(&importance_loss(&one)), &[3.0], BOUND);
        // A uniform router is even whatever it chooses, for any k.
        let flat = tensor(&[0.0; 16], [4, 4], &device);
        for k in 1..=4 {
            let routing = of_tokens(TopK::new(k).route(flat.clone(), None).unwrap());
            assert_close(&values(&load_balancing_loss(&routing)), &[1.0], BOUND);
        }
        assert_close(&values(&z_loss(flat)), &[4f64.ln().powi(2)], BOUND);
        let large = tensor(&[200.0, 100.0], [1, 2], &device);
        assert_close(&values(&z_loss(large)), &[40_000.0], BOUND);
    }
}

#[test]
fn what_cannot_be_routed_is_refused() {
    let device = secateurs_testkit::device();
    let logits = |values: &[f32]| tensor(values, [values.len() / 2, 2], &device);
    let refused = |router: &dyn Router, values: &[f32]| router.route(logits(values), None).unwrap_err();
    assert!(matches!(
        refused(&TopK::new(3), &[0.0, 0.0]),
        MoeError::TopK {
            top_k: 3,
            n_experts: 2,
            router: "top-k"
        }
    ));
    assert!(matches!(
        refused(&TopK::new(0), &[0.0, 0.0]),
        MoeError::TopK { top_k: 0, .. }
    ));
    assert!(matches!(
        refused(&SigmoidTopK::new(3, 2), &[0.0, 0.0]),
        MoeError::TopK { .. }
    ));
    assert!(matches!(
        refused(&SigmoidTopK::new(1, 3), &[0.0, 0.0]),
        MoeError::Size { .. }
    ));
    assert!(matches!(
        refused(&ExpertChoice::new(0.0), &[0.0, 0.0]),
        MoeError::Setting {
            setting: "the capacity factor",
            ..
        }
    ));
    assert!(matches!(
        refused(&SoftSlots { slots_per_expert: 3 }, &[0.0, 0.0]),
        MoeError::Setting { .. }
    ));
    let noisy = TopK {
        noise: Noise::Normal(f64::NAN),
        ..TopK::new(1)
    };
    assert!(matches!(refused(&noisy, &[0.0, 0.0]), MoeError::Setting { .. }));
    for router in routers(2) {
        let n_logits = 2 * router.slots_per_expert();
        let empty = Tensor::<2>::zeros([0, n_logits], &device);
        assert!(
            matches!(router.route(empty, None), Err(MoeError::NoTokens)),
            "{router:?}"
        );
        for bad in [f32::NAN, f32::INFINITY] {
            let mut values = vec![0.0; 2 * n_logits];
            values[n_logits + 1] = bad;
            let error = router.route(tensor(&values, [2, n_logits], &device), None).unwrap_err();
            assert!(
                matches!(
                    error,
                    MoeError::Logit {
                        token: 1,
                        expert: 1,
                        ..
                    }
                ),
                "{router:?}: {error}"
            );
        }
    }
}
