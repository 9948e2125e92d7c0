//! Attribution against its formula, and what pruning keeps.

use burn::tensor::{Device, FloatDType, Tensor};
use secateurs_importance::UnitImportance;
use secateurs_kan::{
    BasisConfig, EdgeAttribution, FitConfig, Fold, Kan, KanConfig, KanError, LayerStatistics, NodeAttribution,
    NodeMagnitude, ObservedLayer, Optimizer, PruneConfig, PrunedKan, Rows, Schedule, ShapleyConfig, Stay, Width,
    attributed, attribution, fit, prune_edges, prune_inputs, prune_nodes, root_mean_square_error,
};
use secateurs_tensor::{UnitKind, UnitScores};
use secateurs_testkit::laws;

const SPLINE: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 3,
};

fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    tensor.into_data().iter().collect()
}

fn network(widths: Vec<Width>) -> (Kan, Tensor<2>) {
    let d_input = widths[0].n_nodes();
    let kan = KanConfig::new(widths, SPLINE)
        .unwrap()
        .with_dtype(FloatDType::F64)
        .init(1, &Device::flex());
    let x: Vec<f64> = (0..40 * d_input)
        .map(|i| ((i * i) as f64 * 0.7 + i as f64).sin())
        .collect();
    let x = kan.tensor(&x, d_input).unwrap();
    (kan, x)
}

fn units(scores: &[f64]) -> UnitScores {
    UnitScores::new(scores.to_vec()).unwrap()
}

fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64).sqrt()
}

/// The influence of an input on one output: the sum over all paths of the shares on the way.
fn paths(kan: &Kan, x: &Tensor<2>, (layer, node, output): (usize, usize, usize)) -> f64 {
    if layer == kan.layers.len() {
        return f64::from(u8::from(node == output));
    }
    let activations = &kan.activations(x.clone())[layer];
    let width = kan.layers[layer].width();
    let column = |tensor: Tensor<2>, at: usize| values(tensor.narrow(1, at, 1));
    (0..width.n_subnodes())
        .map(|s| {
            let edge = activations.edges.clone().narrow(0, node, 1).squeeze_dim::<2>(0);
            let share = deviation(&column(edge, s)) / (deviation(&column(activations.sums.clone(), s)) + 1e-4);
            share * paths(kan, x, (layer + 1, width.node_of(s), output))
        })
        .sum()
}

#[test]
fn attribution_is_the_sum_over_paths() {
    let (kan, x) = network(vec![Width::sums(3), Width::sums(2).with_products(1), Width::sums(2)]);
    let scores = attribution(&kan, x.clone()).unwrap();
    for layer in 0..2 {
        for (node, score) in scores.nodes[layer].values().iter().enumerate() {
            let expected: f64 = (0..2).map(|output| paths(&kan, &x, (layer, node, output))).sum::<f64>() / 2.0;
            assert!(
                (score - expected).abs() < 1e-9,
                "layer {layer} node {node}: {score} {expected}"
            );
        }
        let n_subnodes = kan.layers[layer].width().n_subnodes();
        let sums: Vec<f64> = scores.edges[layer]
            .values()
            .chunks_exact(n_subnodes)
            .map(|edges| edges.iter().sum())
            .collect();
        laws::close(&sums, scores.nodes[layer].values(), 1e-12, 1.0);
    }
}

#[test]
fn folding_keeps_the_mean_of_every_output_and_zeroing_shifts_it_by_the_constants() {
    let (kan, x) = network(vec![Width::sums(4), Width::sums(2)]);
    let mean = |kan: &Kan| values(kan.forward(x.clone()).mean_dim(0));
    let before = mean(&kan);
    let scores = [units(&[0.0, 9.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0])];
    let above = PruneConfig::above(1.0);
    let PrunedKan {
        kan: folded, removed, ..
    } = prune_edges(kan.clone(), x.clone(), &scores, &above).unwrap();
    laws::close(&mean(&folded), &before, 1e-12, 1.0);
    assert_eq!(removed.len(), 5);
    let zeroed = prune_edges(kan, x.clone(), &scores, &above.with_fold(Fold::Zero)).unwrap();
    assert_eq!(removed, zeroed.removed);
    let zeroed = zeroed.kan;
    let lost = |subnode| {
        removed
            .iter()
            .filter(|r| r.subnode == subnode)
            .map(|r| r.constant)
            .sum::<f64>()
    };
    let expected = [before[0] - lost(0), before[1] - lost(1)];
    laws::close(&mean(&zeroed), &expected, 1e-12, 1.0);
    assert!(removed.iter().all(|r| r.constant != 0.0));
    let kept = folded.layers[0].present();
    assert_eq!(kept, [false, true, true, false, false, false, true, false]);
    let stored = values(folded.layers[0].coefficients.val());
    let zeros: Vec<f32> = stored.iter().map(|v| *v as f32).collect();
    let keep: Vec<bool> = (0..stored.len()).map(|at| kept[at / 12 * 2 + at % 2]).collect();
    laws::zeros_are_positive(&zeros, &keep);
}

#[test]
fn nodes_that_are_removed_leave_what_they_gave_on_average() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(3).with_products(2), Width::sums(1)]);
    let scores = [units(&[1.0; 2]), units(&[0.0, 5.0, 0.0, 0.0, 5.0]), units(&[1.0])];
    let mean = |kan: &Kan| values(kan.forward(x.clone()).mean_dim(0))[0];
    let pruned = prune_nodes(kan.clone(), x.clone(), &scores, &PruneConfig::above(1.0)).unwrap();
    let (pruned, removed) = (pruned.kan, pruned.removed);
    assert_eq!(
        pruned.widths()[1],
        Width {
            sums: 1,
            products: 1,
            arity: 2
        }
    );
    assert_eq!(
        removed.iter().map(|r| (r.layer, r.node)).collect::<Vec<_>>(),
        [(1, 0), (1, 2), (1, 3)]
    );
    assert!((mean(&pruned) - mean(&kan)).abs() < 1e-12);
    // Kept nodes compute what they did.
    let hidden = |kan: &Kan, node: i64| values(kan.layers[0].forward(x.clone()).narrow(1, node as usize, 1));
    laws::close(&hidden(&pruned, 0), &hidden(&kan, 1), 1e-12, 1.0);
    laws::close(&hidden(&pruned, 1), &hidden(&kan, 4), 1e-12, 1.0);
}

#[test]
fn inputs_are_removed_and_named() {
    let (kan, x) = network(vec![Width::sums(3), Width::sums(2), Width::sums(1)]);
    let scores = [units(&[0.0, 3.0, 0.5]), units(&[1.0; 2]), units(&[1.0])];
    let pruned = prune_inputs(kan.clone(), x.clone(), &scores, &PruneConfig::above(0.1)).unwrap();
    assert_eq!((pruned.removed.len(), pruned.kan.d_input()), (1, 2));
    assert_eq!(pruned.inputs, [1, 2]);
    let report = &pruned.units[0];
    assert_eq!((report.kind, report.path.as_str()), (UnitKind::Input, "inputs"));
    assert_eq!((report.before, report.requested, report.after), (3, 2, 2));
    let kept = pruned.kan.layers[0].forward(x.clone().narrow(1, 1, 2));
    let before = kan.layers[0].forward(x);
    laws::close(&values(kept.mean_dim(0)), &values(before.mean_dim(0)), 1e-12, 1.0);
}

#[test]
fn no_layer_is_emptied_and_scores_must_fit() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(3), Width::sums(1)]);
    let low = [units(&[0.0; 2]), units(&[0.0, 1e-9, 0.0]), units(&[0.0])];
    let above = PruneConfig::above(1.0);
    let pruned = prune_nodes(kan.clone(), x.clone(), &low, &above).unwrap();
    assert_eq!(pruned.kan.widths()[1].n_nodes(), 1);
    let report = &pruned.units[0];
    assert_eq!((report.before, report.requested, report.after), (3, 0, 1));
    assert!(report.is_clipped());
    let error = prune_nodes(kan, x, &low[..2], &above).unwrap_err();
    assert_eq!(error.to_string(), "layers of scores: expected 3 values, got 2");
}

/// The law of units: as many as asked for, the lower index of equals first, a floor that is told.
#[test]
fn equal_scores_go_by_index() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(4), Width::sums(1)]);
    let equal = [units(&[0.5; 2]), units(&[0.5; 4]), units(&[0.5])];
    for (stay, left, is_clipped) in [
        (Stay::Share(0.5), vec![2, 3], false),
        (Stay::Share(0.25), vec![3], false),
        (Stay::Share(0.0), vec![3], true),
        (Stay::Above(0.5), vec![3], true),
        (Stay::Above(0.4), vec![0, 1, 2, 3], false),
    ] {
        let pruned = prune_nodes(kan.clone(), x.clone(), &equal, &PruneConfig::new(stay)).unwrap();
        let gone: Vec<usize> = pruned.removed.iter().map(|node| node.node).collect();
        let expected: Vec<usize> = (0..4).filter(|node| !left.contains(node)).collect();
        assert_eq!((gone, pruned.units[0].is_clipped()), (expected, is_clipped), "{stay:?}");
    }
    // Edges that are gone already are no units.
    let edges = [units(&[0.5, 0.1, 0.5, 0.5, 0.5, 0.1, 0.5, 0.5]), units(&[0.5; 4])];
    let once = prune_edges(kan, x.clone(), &edges, &PruneConfig::above(0.2)).unwrap();
    assert_eq!((once.units[0].before, once.units[0].after), (8, 6));
    let twice = prune_edges(once.kan, x, &edges, &PruneConfig::above(0.5)).unwrap();
    let report = &twice.units[0];
    assert_eq!((report.kind, report.path.as_str()), (UnitKind::Edge, "layers.0"));
    assert_eq!((report.before, report.requested, report.after), (6, 0, 1));
    let present = twice.kan.layers[0].present();
    assert_eq!(present, [false, false, false, false, false, false, false, true]);
}

/// Scores behind the seam have one score per unit, higher for what matters more, and fail with the facts.
#[test]
fn scores_are_implementors_of_one_trait() {
    let (kan, x) = network(vec![Width::sums(3), Width::sums(2).with_products(1), Width::sums(2)]);
    let whole = attribution(&kan, x.clone()).unwrap();
    let shapley = ShapleyConfig::default();
    let of_nodes: [&dyn UnitImportance<Evidence = ObservedLayer>; 3] = [&NodeAttribution, &NodeMagnitude, &shapley];
    for layer in 0..3 {
        let observed = ObservedLayer {
            kan: kan.clone(),
            layer,
            x: x.clone(),
        };
        for score in of_nodes {
            match score.score(&observed) {
                Ok(scores) => assert_eq!(scores.len(), kan.widths()[layer].n_nodes(), "{}", score.name()),
                Err(error) => {
                    let expected = format!(
                        "layers.2: {} failed: there is no layer with outgoing edges 2, only 2",
                        score.name()
                    );
                    assert_eq!((layer, error.to_string()), (2, expected));
                }
            }
        }
        if layer < 2 {
            assert_eq!(NodeAttribution.score(&observed).unwrap(), whole.nodes[layer]);
            assert_eq!(EdgeAttribution.score(&observed).unwrap(), whole.edges[layer]);
        }
    }
    let nan = LayerStatistics {
        d_input: 1,
        width: Width::sums(2),
        edge_means: vec![0.0; 2],
        edge_deviations: vec![1.0, f64::NAN],
        sum_deviations: vec![1.0; 2],
        input_deviations: vec![1.0],
    };
    assert!(matches!(
        attributed(&[nan]),
        Err(KanError::NanScore { layer: 0, node: 1 })
    ));
}

#[test]
fn removed_edges_do_not_learn() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(2)]);
    let scores = [units(&[1.0, 0.0, 0.0, 1.0])];
    let kan = prune_edges(kan, x.clone(), &scores, &PruneConfig::above(0.5))
        .unwrap()
        .kan;
    let (x, y) = (values(x), vec![1.0; 80]);
    let config = FitConfig::new(Schedule::new(Optimizer::Adam { learning_rate: 0.1 }, 5)).with_lambda(0.01);
    let (kan, log) = fit(kan, Rows { x: &x, y: &y }, None, &config, &mut |_| ()).unwrap();
    assert!(log[4].loss < log[0].loss);
    assert_eq!(kan.layers[0].present(), [true, false, false, true]);
    let weights = kan.layers[0].weights();
    let coefficients = values(weights.coefficients);
    assert!(coefficients.chunks_exact(2).take(6).all(|c| c[0] != 0.0 && c[1] == 0.0));
    assert!(root_mean_square_error(&kan, Rows { x: &x, y: &y }).unwrap().is_finite());
}
