//! Experts on their own tokens against all experts on all tokens. On every device.

mod naive;

use burn::module::Module;
use burn::tensor::Tensor;
use naive::{assert_close, gate_matrix, numbers, of_tokens, tensor, values};
use proptest::prelude::*;
use secateurs_moe::{
    Capacity, Expert, ExpertChoice, GatedMlp, Mlp, MoeError, MoeLayer, Router, RouterKind, Routing, RoutingStatistics,
    Soft, SoftSlots, TopK, answers, mix, slot_logits,
};
use secateurs_testkit::{device, devices};

const BOUND: f64 = 2e-5;

/// `sum_e gate_te f_e(x_t)`, every expert asked about every token.
fn dense<E: Expert>(tokens: &Tensor<2>, gates: &[Vec<f64>], experts: &[E]) -> Vec<f64> {
    let answers: Vec<Vec<f64>> = experts
        .iter()
        .map(|expert| values(&expert.answer(tokens.clone())))
        .collect();
    let d = answers[0].len() / gates.len();
    let element = |at: usize| {
        let gates = gates[at / d].iter().zip(&answers);
        gates.map(|(gate, answers)| gate * answers[at]).sum()
    };
    (0..gates.len() * d).map(element).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn grouped_equals_dense(n_tokens in 1usize..10, n_experts in 1usize..6, seed: u64) {
        for device in devices() {
            device.seed(seed);
            let experts: Vec<GatedMlp> = (0..n_experts).map(|_| GatedMlp::new(5, 7, &device)).collect();
            let tokens = tensor(&numbers(n_tokens * 5, seed), [n_tokens, 5], &device);
            let logits = tensor(&numbers(n_tokens * n_experts, seed ^ 1), [n_tokens, n_experts], &device);
            let limited = TopK { capacity: Some(Capacity::of_factor(0.5)), ..TopK::new(1) };
            let routers = [
                RouterKind::Soft(Soft),
                RouterKind::TopK(TopK::new(1)),
                RouterKind::TopK(TopK::new(n_experts)),
                RouterKind::TopK(limited),
                RouterKind::ExpertChoice(ExpertChoice::new(1.0)),
            ];
            for router in routers {
                let routing = router.route(logits.clone(), None).unwrap();
                let got = mix(tokens.clone(), &routing, &experts).unwrap();
                let gates = gate_matrix(&of_tokens(routing));
                assert_close(&values(&got), &dense(&tokens, &gates, &experts), BOUND);
            }
        }
    }
}

/// Gradients of a weighted sum by the tokens, the logits and every weight of the experts, grouped and dense.
#[test]
fn gradients_equal_those_of_the_dense_form() {
    for device in devices() {
        let device = device.autodiff();
        device.seed(3);
        let (n_tokens, n_experts, d) = (9, 4, 5);
        let experts: Vec<Mlp> = (0..n_experts).map(|_| Mlp::new(d, 6, &device)).collect();
        let factors = tensor(&numbers(n_tokens * d, 8), [n_tokens, d], &device);
        let leaves = || {
            let tokens = tensor(&numbers(n_tokens * d, 1), [n_tokens, d], &device).require_grad();
            let mut logits = numbers(n_tokens * n_experts, 2);
            // Nobody wants expert 3.
            logits
                .iter_mut()
                .skip(3)
                .step_by(n_experts)
                .for_each(|logit| *logit = -9.0);
            (tokens, tensor(&logits, [n_tokens, n_experts], &device).require_grad())
        };
        let gradients = |y: Tensor<2>, tokens: &Tensor<2>, logits: &Tensor<2>| {
            let gradients = (y * factors.clone()).sum().backward();
            let mut all = vec![
                values(&tokens.grad(&gradients).unwrap()),
                values(&logits.grad(&gradients).unwrap()),
            ];
            for expert in &experts[..3] {
                all.push(values(&expert.first.weight.grad(&gradients).unwrap()));
                all.push(values(&expert.second.bias.as_ref().unwrap().grad(&gradients).unwrap()));
            }
            all
        };
        let (tokens, logits) = leaves();
        let routing = TopK::new(2).route(logits.clone(), None).unwrap();
        let grouped = gradients(mix(tokens.clone(), &routing, &experts).unwrap(), &tokens, &logits);

        let (tokens, logits) = leaves();
        let routing = of_tokens(TopK::new(2).route(logits.clone(), None).unwrap());
        let mut keep = vec![f32::NEG_INFINITY; n_tokens * n_experts];
        routing
            .assignment
            .pairs()
            .for_each(|(token, expert)| keep[token * n_experts + expert] = 0.0);
        let masked = logits.clone() + tensor(&keep, [n_tokens, n_experts], &device);
        let gates = burn::tensor::activation::softmax(masked, 1);
        let y = experts[..3]
            .iter()
            .enumerate()
            .fold(Tensor::zeros([n_tokens, d], &device), |sum, (index, expert)| {
                sum + expert.answer(tokens.clone()) * gates.clone().narrow(1, index, 1)
            });
        let dense = gradients(y, &tokens, &logits);
        for (grouped, dense) in grouped.iter().zip(&dense) {
            assert_close(grouped, dense, BOUND);
        }
    }
}

/// Fails if asked: an expert without tokens must not run.
#[test]
fn idle_experts_do_not_run() {
    let device = device();
    let routing = TopK::new(1)
        .route(tensor(&[1.0, 0.0, 1.0, 0.0], [2, 2], &device), None)
        .unwrap();
    let experts: [Box<dyn Fn(Tensor<2>) -> Tensor<2>>; 2] = [Box::new(|x| x), Box::new(|_| panic!("asked"))];
    let tokens = tensor(&[1.0, 2.0], [2, 1], &device);
    assert_eq!(values(&mix(tokens.clone(), &routing, &experts).unwrap()), [1.0, 2.0]);
    let answers = answers(tokens, &of_tokens(routing), &experts).unwrap();
    assert!(answers[0].is_some() && answers[1].is_none());
}

#[test]
fn a_token_that_every_expert_turned_away_gets_zeros() {
    let device = device();
    let router = TopK {
        capacity: Some(Capacity::of_factor(0.5)),
        ..TopK::new(1)
    };
    let routing = router
        .route(tensor(&[1.0, 0.0, 3.0, 0.0, 2.0, 0.0], [3, 2], &device), None)
        .unwrap();
    let experts = [|x: Tensor<2>| x, |x: Tensor<2>| x];
    let y = mix(tensor(&[5.0, 6.0, 7.0], [3, 1], &device), &routing, &experts).unwrap();
    assert_eq!(values(&y), [0.0, 6.0, 0.0]);
    let mut statistics = RoutingStatistics::default();
    statistics.observe(&of_tokens(routing));
    assert_eq!(
        (
            statistics.n_unrouted,
            statistics.chosen.clone(),
            statistics.answered.clone()
        ),
        (2, vec![3, 0], vec![1, 0])
    );
    assert!((statistics.dropped_share() - 2.0 / 3.0).abs() < 1e-12);
}

#[test]
fn slots_mix_and_unmix() {
    for device in devices() {
        let (n_tokens, d) = (4, 3);
        let tokens = tensor(&numbers(n_tokens * d, 1), [n_tokens, d], &device);
        let slots = tensor(&numbers(4 * d, 2), [4, d], &device);
        let logits = slot_logits(tokens.clone(), slots.clone(), tensor(&[3.0], [1], &device));
        let (x, phi) = (values(&tokens), values(&slots));
        let unit = |x: &[f64]| {
            let norm = x.iter().map(|x| x * x).sum::<f64>().sqrt();
            x.iter().map(|x| x / norm).collect::<Vec<_>>()
        };
        let z: Vec<Vec<f64>> = x
            .chunks(d)
            .map(|x| {
                phi.chunks(d)
                    .map(|phi| 3.0 * unit(x).iter().zip(unit(phi)).map(|(a, b)| a * b).sum::<f64>())
                    .collect()
            })
            .collect();
        assert_close(&values(&logits), &z.concat(), BOUND);
        let routing = SoftSlots { slots_per_expert: 2 }.route(logits, None).unwrap();
        let experts = [1.0, 10.0].map(|factor| move |x: Tensor<2>| x * factor);
        let got = values(&mix(tokens, &routing, &experts).unwrap());
        let mut expected = vec![0.0; n_tokens * d];
        for slot in 0..4 {
            let column: Vec<f64> = (0..n_tokens).map(|token| z[token][slot]).collect();
            let dispatch = naive::softmax(&column);
            let factor = if slot < 2 { 1.0 } else { 10.0 };
            for token in 0..n_tokens {
                let combine = naive::softmax(&z[token])[slot];
                for i in 0..d {
                    let mixed: f64 = (0..n_tokens).map(|other| dispatch[other] * x[other * d + i]).sum();
                    expected[token * d + i] += combine * factor * mixed;
                }
            }
        }
        assert_close(&got, &expected, BOUND);
    }
}

#[test]
fn statistics_have_their_known_values() {
    let device = device();
    let mut statistics = RoutingStatistics::default();
    let (zero, ln3) = (0.0, 3f32.ln());
    for logits in [[ln3, zero], [ln3, zero], [zero, ln3], [ln3, zero]] {
        statistics.observe(&of_tokens(
            TopK::new(1).route(tensor(&logits, [1, 2], &device), None).unwrap(),
        ));
    }
    assert_eq!((statistics.n_tokens, statistics.chosen.clone()), (4, vec![3, 1]));
    assert!((statistics.max_over_mean() - 1.5).abs() < 1e-12);
    assert!((statistics.cv_squared() - 0.25).abs() < 1e-12);
    assert!((statistics.top_margin() - 0.5).abs() < 1e-6);
    let entropy = -(0.75f64 * 0.75f64.ln() + 0.25 * 0.25f64.ln());
    assert!((statistics.entropy() - entropy).abs() < 1e-6);
    assert!((statistics.effective_experts() - entropy.exp()).abs() < 1e-5);
    assert_close(&statistics.gate_mass, &[3.0, 1.0], 1e-6);
}

#[test]
fn a_layer_loses_the_experts_it_is_told_to() {
    let device = device();
    device.seed(1);
    let experts = (0..4).map(|_| GatedMlp::new(3, 4, &device)).collect();
    let layer = MoeLayer::new(3, experts, RouterKind::TopK(TopK::new(2)), &device);
    let tokens = tensor(&numbers(15, 4), [5, 3], &device);
    let mut logits = values(&layer.logits(tokens.clone()));
    // Expert 1 out of the running.
    logits.iter_mut().skip(1).step_by(4).for_each(|logit| *logit = -1e4);
    let logits: Vec<f32> = logits.iter().map(|logit| *logit as f32).collect();
    let routing = TopK::new(2).route(tensor(&logits, [5, 4], &device), None).unwrap();
    let expected = values(&mix(tokens.clone(), &routing, &layer.experts).unwrap());
    let (got, routing) = layer.clone().keep(&[0, 2, 3]).unwrap().forward(tokens, None).unwrap();
    assert_close(&values(&got), &expected, BOUND);
    assert_eq!(of_tokens(routing).assignment.n_experts(), 3);
    assert_eq!(layer.num_params(), 4 * 3 + 4 * 3 * 12);
    assert!(matches!(
        layer.clone().keep(&[0]),
        Err(MoeError::TooFewLeft { needed: 2, .. })
    ));
    assert!(matches!(
        layer.clone().keep(&[0, 0]),
        Err(MoeError::NoExpert { expert: 0, .. })
    ));
    assert!(layer.keep(&[0, 9]).is_err());
}

#[test]
fn a_routing_of_other_sizes_is_refused() {
    let device = device();
    let routing = TopK::new(1).route(tensor(&[1.0, 0.0], [1, 2], &device), None).unwrap();
    let one = |n: usize| mix(Tensor::<2>::zeros([n, 3], &device), &routing, &[|x: Tensor<2>| x; 2]);
    assert!(one(1).is_ok());
    assert!(matches!(
        one(2),
        Err(MoeError::Size {
            what: "tokens",
            expected: 1,
            got: 2
        })
    ));
    let three = mix(Tensor::<2>::zeros([1, 3], &device), &routing, &[|x: Tensor<2>| x; 3]);
    assert!(matches!(three, Err(MoeError::Size { what: "experts", .. })));
    assert!(matches!(routing, Routing::Tokens(_)));
}

/// What is left can be trained: its parameters are leaves of their own.
#[test]
fn a_pruned_layer_trains() {
    for device in devices() {
        let device = device.autodiff();
        device.seed(2);
        let experts: Vec<GatedMlp> = (0..3).map(|_| GatedMlp::new(3, 4, &device)).collect();
        let layer = MoeLayer::new(3, experts, RouterKind::TopK(TopK::new(2)), &device);
        let layer = layer.keep(&[2, 0]).unwrap();
        let tokens = tensor(&numbers(15, 4), [5, 3], &device);
        let gradients = layer.forward(tokens, None).unwrap().0.powi_scalar(2).sum().backward();
        let of = |parameter: &Tensor<2>| values(&parameter.grad(&gradients).expect("a leaf"));
        assert!(of(&layer.gate.weight.val()).iter().any(|value| *value != 0.0));
        assert!(
            of(&layer.experts[1].up_proj.weight.val())
                .iter()
                .any(|value| *value != 0.0)
        );
    }
}
