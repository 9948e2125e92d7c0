//! Attribution against its formula, and what pruning keeps.

use burn::tensor::{Device, FloatDType, Tensor};
use secateurs_kan::{
    BasisConfig, FitConfig, Fold, Kan, KanConfig, KanError, Optimizer, Rows, Schedule, Width, attribution, fit,
    prune_edges, prune_inputs, prune_nodes, root_mean_square_error,
};
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
        for (node, score) in scores.nodes[layer].iter().enumerate() {
            let expected: f64 = (0..2).map(|output| paths(&kan, &x, (layer, node, output))).sum::<f64>() / 2.0;
            assert!(
                (score - expected).abs() < 1e-9,
                "layer {layer} node {node}: {score} {expected}"
            );
        }
        let n_subnodes = kan.layers[layer].width().n_subnodes();
        let sums: Vec<f64> = scores.edges[layer]
            .chunks_exact(n_subnodes)
            .map(|edges| edges.iter().sum())
            .collect();
        laws::close(&sums, &scores.nodes[layer], 1e-12, 1.0);
    }
}

#[test]
fn folding_keeps_the_mean_of_every_output_and_zeroing_shifts_it_by_the_constants() {
    let (kan, x) = network(vec![Width::sums(4), Width::sums(2)]);
    let mean = |kan: &Kan| values(kan.forward(x.clone()).mean_dim(0));
    let before = mean(&kan);
    let scores = vec![vec![0.0, 9.0, 9.0, 0.0, 0.0, 0.0, 9.0, 0.0]];
    let (folded, removed) = prune_edges(kan.clone(), x.clone(), &scores, (1.0, Fold::Mean)).unwrap();
    laws::close(&mean(&folded), &before, 1e-12, 1.0);
    assert_eq!(removed.len(), 5);
    let (zeroed, again) = prune_edges(kan, x.clone(), &scores, (1.0, Fold::Zero)).unwrap();
    assert_eq!(removed, again);
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
    let scores = vec![vec![1.0; 2], vec![0.0, 5.0, 0.0, 0.0, 5.0], vec![1.0]];
    let mean = |kan: &Kan| values(kan.forward(x.clone()).mean_dim(0))[0];
    let (pruned, removed) = prune_nodes(kan.clone(), x.clone(), &scores, (1.0, Fold::Mean)).unwrap();
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
    let scores = vec![vec![0.0, 3.0, 0.5], vec![1.0; 2], vec![1.0]];
    let (pruned, inputs, removed) = prune_inputs(kan.clone(), x.clone(), &scores, (0.1, Fold::Mean)).unwrap();
    assert_eq!((inputs, removed.len(), pruned.d_input()), (vec![1, 2], 1, 2));
    let kept = pruned.layers[0].forward(x.clone().narrow(1, 1, 2));
    let before = kan.layers[0].forward(x);
    laws::close(&values(kept.mean_dim(0)), &values(before.mean_dim(0)), 1e-12, 1.0);
}

#[test]
fn no_layer_is_emptied_and_nan_scores_are_refused() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(3), Width::sums(1)]);
    let low = vec![vec![0.0; 2], vec![0.0, 1e-9, 0.0], vec![0.0]];
    let (pruned, _) = prune_nodes(kan.clone(), x.clone(), &low, (1.0, Fold::Mean)).unwrap();
    assert_eq!(pruned.widths()[1].n_nodes(), 1);
    let (pruned, removed) = prune_edges(pruned, x.clone(), &[vec![0.0; 2], vec![0.0]], (1.0, Fold::Mean)).unwrap();
    assert_eq!(removed.len(), 1);
    assert_eq!(pruned.layers[0].present(), [true, false]);
    let nan = vec![vec![0.0; 2], vec![0.0, f64::NAN, 0.0], vec![0.0]];
    let error = prune_nodes(kan.clone(), x.clone(), &nan, (1.0, Fold::Mean)).unwrap_err();
    assert!(matches!(error, KanError::NanScore { layer: 1, node: 1 }));
    let error = prune_nodes(kan, x, &low[..2], (1.0, Fold::Mean)).unwrap_err();
    assert_eq!(error.to_string(), "layers of scores: expected 3 values, got 2");
}

#[test]
fn removed_edges_do_not_learn() {
    let (kan, x) = network(vec![Width::sums(2), Width::sums(2)]);
    let (kan, _) = prune_edges(kan, x.clone(), &[vec![1.0, 0.0, 0.0, 1.0]], (0.5, Fold::Mean)).unwrap();
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
