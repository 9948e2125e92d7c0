//! Criteria against sums written from the formulas, and laws of what they choose.

mod naive;

use burn::tensor::Tensor;
use naive::{assert_close, numbers, of_tokens, tensor, values};
use proptest::prelude::*;
use secateurs_importance::UnitImportance;
use secateurs_importance::{Importance, LayerView, Wanda};
use secateurs_moe::prune::{
    ActivationNorm, CachedBatch, ExpertEvidence, Frequency, GateMass, Naee, OutputVariance, RandomExperts, Reap,
    clusters, constants, gated_inputs, keep_experts, lost, merge_experts, n_removed, scores_of, super_experts,
};
use secateurs_moe::{
    Expert, GatedMlp, MoeError, MoeLayer, Normalise, Router, RouterKind, SigmoidTopK, TokenRouting, TopK, answers, mix,
};
use secateurs_tensor::{ActivationStats, WeightMatrix};
use secateurs_tensor::{UnitKind, UnitScores};
use secateurs_testkit::device;

const D: usize = 4;

/// A gate and the answer to its token.
type Pair = (f64, Vec<f64>);

struct Scene {
    layer: MoeLayer<GatedMlp>,
    tokens: Vec<Tensor<2>>,
}

/// A layer of random experts, and batches of tokens.
fn scene(n_experts: usize, top_k: usize, seed: u64) -> Scene {
    let device = device();
    device.seed(seed);
    let experts = (0..n_experts).map(|_| GatedMlp::new(D, 6, &device)).collect();
    let batch = |index: u64| tensor(&numbers(5 * D, seed ^ index), [5, D], &device);
    Scene {
        layer: MoeLayer::new(D, experts, RouterKind::TopK(TopK::new(top_k)), &device),
        tokens: (1..4).map(batch).collect(),
    }
}

impl Scene {
    fn routed(&self, tokens: &Tensor<2>) -> TokenRouting {
        of_tokens(
            self.layer
                .router
                .route(self.layer.logits(tokens.clone()), None)
                .unwrap(),
        )
    }

    fn evidence(&self) -> ExpertEvidence {
        let mut evidence = ExpertEvidence::new(self.layer.experts.len(), D);
        for tokens in &self.tokens {
            let routing = self.routed(tokens);
            let answers = answers(tokens.clone(), &routing, &self.layer.experts).unwrap();
            evidence.observe(&routing, &answers).unwrap();
        }
        evidence
    }

    /// Every pair of an expert.
    fn pairs(&self, expert: usize) -> Vec<Pair> {
        let mut pairs = Vec::new();
        for tokens in &self.tokens {
            let routing = self.routed(tokens);
            let answers = values(&self.layer.experts[expert].answer(tokens.clone()));
            for ((token, of), gate) in routing.assignment.pairs().zip(values(&routing.gates)) {
                if of == expert {
                    pairs.push((gate, answers[token * D..(token + 1) * D].to_vec()));
                }
            }
        }
        pairs
    }
}

fn norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum::<f64>().sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn scores_equal_their_formulas(n_experts in 2usize..6, seed: u64) {
        let scene = scene(n_experts, 2, seed);
        let evidence = scene.evidence();
        let expected = |score: &dyn Fn(&[Pair]) -> f64| -> Vec<f64> {
            (0..n_experts).map(|expert| score(&scene.pairs(expert))).collect()
        };
        let n = |pairs: &[Pair]| pairs.len().max(1) as f64;
        let reap = |pairs: &[Pair]| pairs.iter().map(|(g, f)| g * norm(f)).sum::<f64>() / n(pairs);
        let variance = |pairs: &[Pair]| {
            (0..D).map(|i| {
                let mean = pairs.iter().map(|(_, f)| f[i]).sum::<f64>() / n(pairs);
                pairs.iter().map(|(_, f)| (f[i] - mean).powi(2)).sum::<f64>()
            }).sum()
        };
        assert_close(scores_of(&Frequency, &evidence).unwrap().values(), &expected(&|p| p.len() as f64), 0.0);
        assert_close(scores_of(&GateMass, &evidence).unwrap().values(), &expected(&|p| p.iter().map(|(g, _)| g).sum()), 1e-6);
        assert_close(scores_of(&ActivationNorm, &evidence).unwrap().values(), &expected(&|p| p.iter().map(|(_, f)| norm(f)).sum()), 1e-5);
        assert_close(scores_of(&Reap, &evidence).unwrap().values(), &expected(&reap), 1e-5);
        assert_close(scores_of(&OutputVariance, &evidence).unwrap().values(), &expected(&variance), 1e-5);
        for (expert, sums) in evidence.experts().iter().enumerate() {
            let pairs = scene.pairs(expert);
            let mean = |i: usize| pairs.iter().map(|(_, f)| f[i]).sum::<f64>() / n(&pairs);
            assert_close(&sums.mean_answer(), &(0..D).map(mean).collect::<Vec<_>>(), 1e-5);
            let gated = |i: usize| pairs.iter().map(|(g, f)| g * f[i]).sum::<f64>();
            assert_close(&sums.gated_answers, &(0..D).map(gated).collect::<Vec<_>>(), 1e-5);
        }
    }

    /// All at once, and in any parts.
    #[test]
    fn evidence_streams(seed: u64) {
        let scene = scene(4, 2, seed);
        let all = Tensor::cat(scene.tokens.clone(), 0);
        let routing = scene.routed(&all);
        let mut once = ExpertEvidence::new(4, D);
        once.observe(&routing, &answers(all, &routing, &scene.layer.experts).unwrap()).unwrap();
        let streamed = scene.evidence();
        prop_assert_eq!(streamed.n_tokens(), once.n_tokens());
        for (a, b) in streamed.experts().iter().zip(once.experts()) {
            prop_assert_eq!(a.n_routed, b.n_routed);
            assert_close(&[a.gate_mass, a.gated_norms, a.squared_norms], &[b.gate_mass, b.gated_norms, b.squared_norms], 1e-5);
        }
    }

    #[test]
    fn naee_finds_the_best_set(n_experts in 3usize..7, seed: u64) {
        let scene = scene(n_experts, 2, seed);
        let batches: Vec<CachedBatch> = scene.tokens.iter()
            .map(|x| CachedBatch::new(x, scene.layer.logits(x.clone()), &scene.layer.experts).unwrap())
            .collect();
        let loss = |kept: &[usize]| -> f64 {
            scene.tokens.iter().map(|x| {
                let full = values(&scene.layer.forward(x.clone(), None).unwrap().0);
                let less = values(&scene.layer.clone().keep(kept).unwrap().forward(x.clone(), None).unwrap().0);
                norm(&full.iter().zip(&less).map(|(a, b)| a - b).collect::<Vec<_>>())
            }).sum()
        };
        let router = &scene.layer.router;
        for n_kept in 2..=n_experts {
            let exact = Naee::default().choose(router, &batches, n_kept).unwrap();
            prop_assert!(exact.is_exact && exact.kept.len() == n_kept);
            assert_close(&[exact.loss], &[loss(&exact.kept)], 1e-5);
            // Brute force over bit patterns.
            let best = (0u32..1 << n_experts).filter(|set| set.count_ones() as usize == n_kept)
                .map(|set| loss(&(0..n_experts).filter(|expert| set >> expert & 1 == 1).collect::<Vec<_>>()))
                .fold(f64::INFINITY, f64::min);
            prop_assert!(exact.loss <= best + 1e-5);
            let search = Naee { exact_limit: 0, beam: 2 }.choose(router, &batches, n_kept).unwrap();
            prop_assert!(!search.is_exact && search.kept.len() == n_kept && search.loss >= exact.loss - 1e-9);
        }
        prop_assert_eq!(Naee::default().choose(router, &batches, n_experts).unwrap().loss, 0.0);
    }
}

#[test]
fn random_scores_depend_on_the_seed_alone() {
    let (a, b) = (scene(5, 2, 1).evidence(), scene(5, 2, 2).evidence());
    let score = |seed, layer: &ExpertEvidence| scores_of(&RandomExperts { seed }, layer).unwrap();
    assert_eq!(score(3, &a), score(3, &b));
    assert_ne!(score(3, &a), score(4, &a));
}

#[test]
fn an_expert_that_never_fires_goes_first() {
    let mut scene = scene(4, 1, 5);
    // Logits of expert 2 far below all others.
    scene.layer.gate.weight = scene.layer.gate.weight.map(|weight| {
        let [d, n] = weight.dims();
        let mut values: Vec<f32> = weight.into_data().iter().collect();
        for i in 0..d {
            values[i * n + 2] = 0.0;
            // The others: one of them is always positive.
            values[i * n] = if i == 0 { 9.0 } else { 0.0 };
            values[i * n + 1] = if i == 0 { -9.0 } else { 0.0 };
        }
        tensor(&values, [d, n], &device())
    });
    let evidence = scene.evidence();
    assert_eq!(evidence.experts()[2].n_routed, 0);
    let criteria: [&dyn UnitImportance<Evidence = ExpertEvidence>; 5] =
        [&Frequency, &GateMass, &ActivationNorm, &Reap, &OutputVariance];
    for criterion in criteria {
        let scores = scores_of(criterion, &evidence).unwrap();
        assert_eq!(scores.values()[2], 0.0, "{}", criterion.name());
        assert!(scores.values().iter().all(|score| *score >= 0.0));
    }
    assert_eq!(evidence.experts()[2].mean_answer(), [0.0; D]);
}

/// A score that has no number for one expert, and one with too few numbers.
struct Broken {
    scores: Vec<f64>,
}

impl UnitImportance for Broken {
    type Evidence = ExpertEvidence;

    fn name(&self) -> &str {
        "broken"
    }

    fn score(&self, _: &ExpertEvidence) -> secateurs_importance::Result<UnitScores> {
        Ok(UnitScores::new(self.scores.clone())?)
    }
}

/// The law of units: as many experts as asked for, the lower index of equals first, NaN refused with its expert.
#[test]
fn experts_obey_the_law_of_units() {
    let evidence = scene(4, 2, 7).evidence();
    let scores = |scores: &[f64]| {
        scores_of(
            &Broken {
                scores: scores.to_vec(),
            },
            &evidence,
        )
    };
    let equal = scores(&[2.0, -0.0, 0.0, 2.0]).unwrap();
    for (n_removed, left) in [(0, vec![0, 1, 2, 3]), (1, vec![0, 2, 3]), (2, vec![0, 3]), (3, vec![3])] {
        let kept = keep_experts(&equal, n_removed, 1).unwrap();
        assert_eq!(kept.indices(), left);
        let report = kept.report(UnitKind::Expert, "layers.0.moe");
        assert_eq!(
            (report.before, report.requested, report.after),
            (4, 4 - n_removed, left.len())
        );
        assert!(!report.is_clipped());
    }
    let nan = scores(&[1.0, 1.0, f64::NAN, 1.0]).unwrap_err();
    assert_eq!(
        nan.to_string(),
        "the score of expert 2 is NaN, expected a finite number"
    );
    let few = scores(&[1.0, 1.0]).unwrap_err();
    assert_eq!(few.to_string(), "scores: expected 4, got 2");
    let criteria: [&dyn UnitImportance<Evidence = ExpertEvidence>; 6] = [
        &RandomExperts { seed: 1 },
        &Frequency,
        &GateMass,
        &ActivationNorm,
        &Reap,
        &OutputVariance,
    ];
    for criterion in criteria {
        let scores = scores_of(criterion, &evidence).unwrap();
        let kept = keep_experts(&scores, 2, 2).unwrap();
        let least = kept
            .indices()
            .iter()
            .map(|&expert| scores.values()[expert])
            .fold(f64::INFINITY, f64::min);
        let gone = kept
            .to_mask()
            .into_iter()
            .zip(scores.values())
            .filter(|(stays, _)| !stays);
        assert!(
            gone.map(|(_, score)| *score).all(|score| score <= least),
            "{}",
            criterion.name()
        );
    }
}

#[test]
fn lost_tokens_are_counted() {
    let logits = tensor(&[3.0, 2.0, 0.0, 0.0, 3.0, 2.0, 3.0, 0.0, 2.0], [3, 3], &device());
    let routing = of_tokens(TopK::new(2).route(logits.clone(), None).unwrap());
    let gates = naive::gate_matrix(&routing);
    let report = lost(&routing, &[1, 2]);
    assert_eq!((report.tokens.clone(), report.n_alone), (vec![0, 2], 0));
    assert!((report.gate_share - (gates[0][0] + gates[2][0]) / 3.0).abs() < 1e-6);
    let alone = lost(&of_tokens(TopK::new(1).route(logits, None).unwrap()), &[2]);
    assert_eq!((alone.tokens, alone.n_alone), (vec![0, 1, 2], 3));
}

/// MoE-Pruner's score is Wanda's on gated inputs.
#[test]
fn gated_inputs_give_the_weight_score_of_moe_pruner() {
    let scene = scene(3, 2, 9);
    let tokens = &scene.tokens[0];
    let routing = scene.routed(tokens);
    let weight: Vec<f32> = numbers(2 * D, 3);
    let gates = naive::gate_matrix(&routing);
    let x = values(tokens);
    for (expert, _) in scene.layer.experts.iter().enumerate() {
        let routed = routing.assignment.of_expert(expert);
        let rows: Vec<f32> = routed
            .iter()
            .flat_map(|&token| x[token * D..(token + 1) * D].iter().map(|x| *x as f32))
            .collect();
        let inputs = tensor(&rows, [routed.len(), D], &device());
        let mut stats = ActivationStats::new(D);
        if let Some(gated) = (!routed.is_empty())
            .then(|| gated_inputs(inputs, &routing, expert))
            .flatten()
        {
            stats.observe(&gated).unwrap();
        }
        let matrix = WeightMatrix::new(weight.clone(), [2, D]).unwrap();
        let norms = stats.l2_norms();
        let scores = Wanda
            .score(&LayerView::of_weight("w", &matrix).with_input_norms(&norms))
            .unwrap();
        let expected: Vec<f64> = (0..2 * D)
            .map(|at| {
                let square: f64 = (0..5)
                    .map(|token| (gates[token][expert] * x[token * D + at % D]).powi(2))
                    .sum();
                f64::from(weight[at].abs()) * square.sqrt()
            })
            .collect();
        let scores: Vec<f64> = scores.values().iter().map(|score| f64::from(*score)).collect();
        assert_close(&scores, &expected, 1e-5);
    }
}

/// An expert that always answers the same is its own constant.
#[test]
fn a_constant_in_the_place_of_a_constant_changes_nothing() {
    let mut scene = scene(3, 2, 4);
    let evidence = scene.evidence();
    let layer = constants(scene.layer.clone(), &[0, 2], &evidence).unwrap();
    let expected: Vec<f64> = {
        let tokens = &scene.tokens[0];
        let gates = naive::gate_matrix(&scene.routed(tokens));
        let mean = evidence.experts()[1].mean_answer();
        let answers: Vec<Vec<f64>> = scene
            .layer
            .experts
            .iter()
            .map(|e| values(&e.answer(tokens.clone())))
            .collect();
        (0..5 * D)
            .map(|at| {
                let token = &gates[at / D];
                token[0] * answers[0][at] + token[1] * mean[at % D] + token[2] * answers[2][at]
            })
            .collect()
    };
    let got = layer.forward(scene.tokens[0].clone(), None).unwrap().0;
    assert_close(&values(&got), &expected, 1e-5);
    // Now an expert whose answers do not vary: with weights of zero it answers zero.
    scene.layer.experts[1].down_proj.weight = scene.layer.experts[1].down_proj.weight.clone().map(|w| w.zeros_like());
    let before = values(&scene.layer.forward(scene.tokens[0].clone(), None).unwrap().0);
    let evidence = scene.evidence();
    assert_eq!(evidence.experts()[1].variance(), 0.0);
    let layer = constants(scene.layer.clone(), &[0, 2], &evidence).unwrap();
    assert_close(
        &values(&layer.forward(scene.tokens[0].clone(), None).unwrap().0),
        &before,
        1e-7,
    );
}

#[test]
fn twins_are_merged_first_and_into_themselves() {
    let mut scene = scene(4, 4, 6);
    scene.layer.experts[3] = scene.layer.experts[1].clone();
    let evidence = scene.evidence();
    let groups = clusters(&evidence, 3).unwrap();
    assert_eq!(groups.groups, [vec![0], vec![1, 3], vec![2]]);
    assert_eq!(groups.kept(), [0, 1, 2]);
    let report = groups.report("layers.0.moe");
    assert_eq!(
        (report.kind, report.before, report.requested, report.after),
        (UnitKind::Expert, 4, 3, 3)
    );
    let merged = merge_experts(&scene.layer.experts, &groups.groups, &evidence).unwrap();
    let tokens = scene.tokens[0].clone();
    for (merged, original) in merged.iter().zip([0, 1, 2]) {
        let expected = values(&scene.layer.experts[original].answer(tokens.clone()));
        assert_close(&values(&merged.answer(tokens.clone())), &expected, 1e-5);
    }
    assert_eq!(clusters(&evidence, 1).unwrap().groups.concat().len(), 4);
    assert!(clusters(&evidence, 0).is_err() && clusters(&evidence, 5).is_err());
}

#[test]
fn merged_weights_are_means_by_tokens_answered() {
    let scene = scene(3, 1, 8);
    let evidence = scene.evidence();
    let n: Vec<f64> = evidence.experts().iter().map(|expert| expert.n_routed as f64).collect();
    let merged = merge_experts(&scene.layer.experts, &[vec![0, 1, 2]], &evidence).unwrap();
    let weights: Vec<Vec<f64>> = scene
        .layer
        .experts
        .iter()
        .map(|e| values(&e.up_proj.weight.val()))
        .collect();
    let expected: Vec<f64> = (0..weights[0].len())
        .map(|at| (0..3).map(|e| n[e] * weights[e][at]).sum::<f64>() / n.iter().sum::<f64>())
        .collect();
    assert_close(&values(&merged[0].up_proj.weight.val()), &expected, 1e-6);
    let device = device();
    let other = vec![GatedMlp::new(D, 6, &device), GatedMlp::new(D, 5, &device)];
    let refused = merge_experts(&other, &[vec![0, 1]], &evidence);
    assert!(matches!(
        refused,
        Err(MoeError::Shapes {
            first: 0,
            second: 1,
            parameter: 0
        })
    ));
    assert!(matches!(
        merge_experts(&other, &[vec![7]], &evidence),
        Err(MoeError::NoExpert { expert: 7, .. })
    ));
}

#[test]
fn super_experts_are_those_far_above_all_others() {
    let device = device();
    let layers: Vec<ExpertEvidence> = (0..4)
        .map(|layer| {
            let mut evidence = ExpertEvidence::new(100, 1);
            let logits: Vec<f32> = (0..100 * 100).map(|at| if at % 101 == 0 { 1.0 } else { 0.0 }).collect();
            let routing = of_tokens(TopK::new(1).route(tensor(&logits, [100, 100], &device), None).unwrap());
            let answers: Vec<Option<Tensor<2>>> = (0..100)
                .map(|expert| {
                    let outlying = expert == 7 && (layer == 1 || layer == 3);
                    let value = if outlying { 1000.0 } else { 1.0 + expert as f32 / 100.0 };
                    Some(tensor(&[value], [1, 1], &device))
                })
                .collect();
            evidence.observe(&routing, &answers).unwrap();
            evidence
        })
        .collect();
    // The last quarter of the layers does not count.
    assert_eq!(super_experts(&layers), [vec![], vec![7], vec![], vec![]]);
}

#[test]
fn what_cannot_be_pruned_is_refused() {
    let scene = scene(3, 2, 2);
    let empty = ExpertEvidence::new(3, D);
    assert!(matches!(scores_of(&Reap, &empty), Err(MoeError::NoEvidence { .. })));
    assert!(matches!(
        keep_experts(&UnitScores::new(vec![1.0, 2.0, 3.0]).unwrap(), 2, 2),
        Err(MoeError::TooFewLeft {
            n_removed: 2,
            n_experts: 3,
            needed: 2
        })
    ));
    assert_eq!(n_removed(0.5, 5).unwrap(), 2);
    assert!(n_removed(1.0, 5).is_err());
    let batch = CachedBatch::new(
        &scene.tokens[0],
        scene.layer.logits(scene.tokens[0].clone()),
        &scene.layer.experts,
    )
    .unwrap();
    let naee = Naee::default();
    assert!(matches!(
        naee.choose(&scene.layer.router, &[], 2),
        Err(MoeError::NoEvidence { .. })
    ));
    assert!(matches!(
        naee.choose(&scene.layer.router, std::slice::from_ref(&batch), 1),
        Err(MoeError::TooFewLeft { .. })
    ));
    assert!(matches!(
        naee.choose(&scene.layer.router, &[batch], 4),
        Err(MoeError::TooFewLeft { .. })
    ));
    let mut evidence = scene.evidence();
    let before = evidence.clone();
    let routing = scene.routed(&scene.tokens[0]);
    let mut bad = answers(scene.tokens[0].clone(), &routing, &scene.layer.experts).unwrap();
    let last = bad.iter().rposition(Option::is_some).unwrap();
    bad[last] = bad[last].take().map(|x| x * f32::NAN);
    assert!(matches!(
        evidence.observe(&routing, &bad),
        Err(MoeError::NotFinite { .. })
    ));
    assert_eq!(evidence, before, "a refused batch leaves nothing");
}

/// The router that is left is normalised as the model does it.
#[test]
fn the_routers_rule_survives() {
    let kept = [2, 0];
    let mut sigmoid = SigmoidTopK::new(2, 3);
    sigmoid.correction = vec![0.1, 0.2, 0.3];
    let RouterKind::SigmoidTopK(sigmoid) = RouterKind::SigmoidTopK(sigmoid).keep(&kept, 3).unwrap() else {
        unreachable!()
    };
    assert_eq!(sigmoid.correction, [0.3, 0.1]);
    let before = TopK {
        normalise: Normalise::BeforeSelection,
        ..TopK::new(1)
    };
    let logits = tensor(&[0.0, 5.0, 1.0], [1, 3], &device());
    let kept_logits = tensor(&[1.0, 0.0], [1, 2], &device());
    let gate = |router: &RouterKind, logits| values(&of_tokens(router.route(logits, None).unwrap()).gates)[0];
    let router = RouterKind::TopK(before);
    let sum: f64 = 1.0 + 5f64.exp() + 1f64.exp();
    assert!((gate(&router, logits) - 5f64.exp() / sum).abs() < 1e-6);
    let expected = 1f64.exp() / (1f64.exp() + 1.0);
    assert!(
        (gate(&router.keep(&kept, 3).unwrap(), kept_logits) - expected).abs() < 1e-6,
        "over those that are left"
    );
    let y = mix(
        Tensor::<2>::ones([1, 1], &device()),
        &TopK::new(1).route(tensor(&[1.0], [1, 1], &device()), None).unwrap(),
        &[|x: Tensor<2>| x],
    );
    assert_eq!(values(&y.unwrap()), [1.0]);
}
