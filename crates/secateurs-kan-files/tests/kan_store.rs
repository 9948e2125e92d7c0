//! Networks that go to a file and come back, and files that are none.

use std::path::{Path, PathBuf};

use burn::tensor::{Device, FloatDType, TensorData};
use secateurs_kan::{
    Affine, BasisConfig, Beyond, Kan, KanConfig, KanError, KanState, PruneConfig, SymbolicConfig, Width, attribution,
    prune_edges, prune_nodes, symbolise,
};
use secateurs_kan_files::KanFileError;
use secateurs_kan_files::kan_file::{load, save};

const SPLINE: BasisConfig = BasisConfig::BSpline {
    degree: 3,
    n_intervals: 4,
};

/// Pruned, refined, with products.
fn network(dtype: FloatDType) -> (Kan, Vec<f64>) {
    let widths = vec![Width::sums(4), Width::sums(3).with_products(2), Width::sums(2)];
    let config = KanConfig::new(widths, SPLINE).unwrap().with_dtype(dtype);
    let config = config.with_beyond(Beyond::Linear).with_affine(Affine::Trained);
    let kan = config.init(5, &Device::flex());
    let data: Vec<f64> = (0..60 * 4)
        .map(|i| ((i * i) as f64 * 0.7 + i as f64).sin() * 1.3)
        .collect();
    let x = kan.tensor(&data, 4).unwrap();
    let scores = attribution(&kan, x.clone()).unwrap();
    let least = scores.nodes[1].values().iter().copied().fold(f64::INFINITY, f64::min);
    let pruned = prune_nodes(kan, x.clone(), &scores.nodes, &PruneConfig::above(least)).unwrap();
    assert!(!pruned.removed.is_empty());
    let scores = attribution(&pruned.kan, x.clone()).unwrap();
    let pruned = prune_edges(pruned.kan, x.clone(), &scores.edges, &PruneConfig::above(0.03)).unwrap();
    assert!(!pruned.removed.is_empty());
    (pruned.kan.refined(7, x).unwrap(), data)
}

fn bits(kan: &Kan, data: &[f64]) -> Vec<u64> {
    let y = kan.forward(kan.tensor(data, kan.d_input()).unwrap()).into_data();
    y.iter::<f64>().map(f64::to_bits).collect()
}

#[test]
fn what_comes_back_is_the_same_to_the_last_bit() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kan.safetensors");
    for dtype in [FloatDType::F64, FloatDType::F32] {
        let (kan, data) = network(dtype);
        save(&kan, &path).unwrap();
        let loaded = load(&path, &Device::flex()).unwrap();
        assert_eq!(bits(&loaded, &data), bits(&kan, &data));
        assert_eq!(loaded.to_state(), kan.to_state());
        assert_eq!(loaded.widths(), kan.widths());
        assert_eq!(loaded.layers[0].nodes.affine(), Affine::Trained);
        assert_eq!(loaded.layers[0].present(), kan.layers[0].present());
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn other_bases_come_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kan.safetensors");
    for basis in [
        BasisConfig::Chebyshev { degree: 4 },
        BasisConfig::GaussianRbf { n_centres: 6 },
    ] {
        let kan = KanConfig::new([3, 2, 1], basis).unwrap().init(2, &Device::flex());
        save(&kan, &path).unwrap();
        let loaded = load(&path, &Device::flex()).unwrap();
        let data: Vec<f64> = (0..30).map(|i| f64::from(i) / 7.0 - 2.0).collect();
        assert_eq!(bits(&loaded, &data), bits(&kan, &data));
        assert_eq!(loaded.to_state(), kan.to_state());
    }
}

/// Networks some of whose edges are curves with formulas.
fn symbolic(dtype: FloatDType) -> (Kan, Vec<f64>) {
    let (kan, data) = network(dtype);
    let x = kan.tensor(&data, 4).unwrap();
    let config = SymbolicConfig {
        least_r_squared: 0.95,
        ..SymbolicConfig::default()
    };
    let (kan, fits) = symbolise(kan, x, &config).unwrap();
    assert!(!fits.is_empty());
    (kan, data)
}

#[test]
fn curves_with_formulas_come_back_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kan.safetensors");
    for dtype in [FloatDType::F64, FloatDType::F32] {
        let (kan, data) = symbolic(dtype);
        save(&kan, &path).unwrap();
        let loaded = load(&path, &Device::flex()).unwrap();
        assert_eq!(bits(&loaded, &data), bits(&kan, &data));
        assert_eq!(loaded.to_state(), kan.to_state());
    }
}

#[test]
fn curves_without_an_edge_of_their_own_are_refused() {
    let state = symbolic(FloatDType::F64).0.to_state();
    let layer = state.config.layers.iter().position(|layer| !layer.curves.is_empty());
    let layer = layer.unwrap();
    let mut outside = state.clone();
    outside.config.layers[layer].curves[0].input = usize::MAX;
    assert!(matches!(
        refused(outside),
        KanError::CurvePlace { input: usize::MAX, .. }
    ));
    let mut outside = state.clone();
    outside.config.layers[layer].curves[0].subnode = 99;
    assert!(matches!(refused(outside), KanError::CurvePlace { subnode: 99, .. }));
    let mut fewer = state.clone();
    fewer.config.layers[layer].curves.pop();
    refused(fewer);
    let mut taken = state;
    let name = format!("layers.{layer}.keep");
    let edge = taken.config.layers[layer].curves[0];
    let keep = tensor(&mut taken, &name);
    let n_subnodes = keep.shape().to_vec()[1];
    *keep = with_value(keep, edge.input * n_subnodes + edge.subnode, 1.0);
    assert!(matches!(refused(taken), KanError::CurvePlace { .. }));
}

fn state() -> KanState {
    network(FloatDType::F64).0.to_state()
}

fn refused(state: KanState) -> KanError {
    Kan::from_state(state, &Device::flex()).map(|_| ()).unwrap_err()
}

fn tensor<'a>(state: &'a mut KanState, name: &str) -> &'a mut TensorData {
    let found = state.tensors.iter_mut().find(|(other, _)| other == name);
    &mut found.unwrap().1
}

fn with_value(data: &TensorData, index: usize, value: f64) -> TensorData {
    let mut values: Vec<f64> = data.iter().collect();
    values[index] = value;
    TensorData::new(values, data.shape().to_vec())
}

#[test]
fn states_that_contradict_themselves_are_refused() {
    let mut other = state();
    other.config.version = 9;
    assert!(matches!(refused(other), KanError::StateVersion { got: 9, expected: 1 }));

    let mut other = state();
    other.tensors.retain(|(name, _)| name != "layers.1.base");
    assert!(matches!(refused(other), KanError::MissingTensor { name } if name == "layers.1.base"));

    let mut other = state();
    other
        .tensors
        .push(("layers.7.base".into(), TensorData::new(vec![0.0f64], [1])));
    assert!(matches!(refused(other), KanError::UnknownTensor { name } if name == "layers.7.base"));

    let mut other = state();
    let twice = other.tensors[0].clone();
    other.tensors.push(twice);
    assert!(matches!(refused(other), KanError::UnknownTensor { .. }));

    let mut other = state();
    *tensor(&mut other, "layers.0.bias") = TensorData::new(vec![0.0f64], [1]);
    assert!(matches!(refused(other), KanError::TensorShape { name, got, .. } if name == "layers.0.bias" && got == [1]));

    let mut other = state();
    let bias = tensor(&mut other, "layers.1.bias");
    *bias = bias.clone().convert::<f32>();
    assert!(matches!(refused(other), KanError::TensorType { name, .. } if name == "layers.1.bias"));

    for value in [f64::NAN, f64::INFINITY] {
        let mut other = state();
        let base = tensor(&mut other, "layers.0.base");
        *base = with_value(base, 3, value);
        assert!(matches!(refused(other), KanError::TensorValue { name, index: 3, .. } if name == "layers.0.base"));
    }

    let mut other = state();
    let keep = tensor(&mut other, "layers.0.keep");
    *keep = with_value(keep, 2, 0.5);
    assert!(matches!(refused(other), KanError::TensorValue { name, index: 2, .. } if name == "layers.0.keep"));

    let mut other = state();
    let knots = tensor(&mut other, "layers.0.knots");
    let before = knots.iter::<f64>().nth(4).unwrap();
    *knots = with_value(knots, 5, before);
    assert!(matches!(refused(other), KanError::BadKnots { input: 0 }));
}

#[test]
fn configurations_that_no_network_has_are_refused_without_a_panic() {
    let mut other = state();
    other.config.widths.pop();
    assert!(matches!(
        refused(other),
        KanError::Length {
            what: "widths of layers",
            ..
        }
    ));
    let mut other = state();
    other.config.layers.clear();
    other.config.widths.clear();
    assert!(matches!(refused(other), KanError::Length { .. }));
    for size in [0, 1_000_000_000_000, usize::MAX] {
        for part in 0..3 {
            let mut other = state();
            let width = &mut other.config.widths[1];
            *[&mut width.sums, &mut width.products, &mut width.arity][part] = size;
            refused(other);
        }
        let mut other = state();
        other.config.layers[0].basis = BasisConfig::BSpline {
            degree: size,
            n_intervals: 4,
        };
        refused(other);
    }
    let empty = KanState {
        config: state().config,
        tensors: Vec::new(),
    };
    assert!(matches!(refused(empty), KanError::MissingTensor { .. }));
}

fn saved(folder: &Path) -> PathBuf {
    let path = folder.join("kan.safetensors");
    save(&network(FloatDType::F32).0, &path).unwrap();
    path
}

#[test]
fn broken_files_are_errors_that_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = saved(folder.path());
    let whole = std::fs::read(&path).unwrap();
    for length in (0..whole.len()).step_by(101).chain([whole.len() - 1]) {
        std::fs::write(&path, &whole[..length]).unwrap();
        let failure = load(&path, &Device::flex()).map(|_| ()).unwrap_err();
        assert!(failure.to_string().contains("kan.safetensors"), "{length}: {failure}");
    }
    let replaced = |from: &str, to: &str| {
        let at = whole.windows(from.len()).position(|part| part == from.as_bytes());
        let at = at.unwrap_or_else(|| panic!("{from} is in the header"));
        let mut bytes = whole.clone();
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        std::fs::write(&path, bytes).unwrap();
        load(&path, &Device::flex()).map(|_| ()).unwrap_err()
    };
    let version = replaced(r#"version\":1"#, r#"version\":2"#);
    assert!(
        matches!(version, KanFileError::Kan { source, .. } if matches!(*source, KanError::StateVersion { got: 2, .. }))
    );
    let name = replaced("layers.0.base", "layers.0.bass");
    assert!(matches!(name, KanFileError::Kan { source, .. } if matches!(*source, KanError::MissingTensor { .. })));
    assert!(matches!(replaced("widths", "width5"), KanFileError::Header { .. }));
    assert!(matches!(
        replaced("secateurs.kan", "secateurs.can"),
        KanFileError::NoKan { .. }
    ));
    let missing = load(&folder.path().join("none"), &Device::flex());
    assert!(matches!(missing, Err(KanFileError::Data(_))));
}
