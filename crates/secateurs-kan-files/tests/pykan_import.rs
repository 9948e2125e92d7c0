//! Networks of pykan: values computed in Python from the layer's formula, and files that cannot be read.
//!
//! `pykan/make.py` wrote the files.

use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device};
use secateurs_data::DataError;
use secateurs_formula::{Curve, Shape};
use secateurs_kan::{Affine, Kan, KanError, SymbolicEdge, Width};
use secateurs_kan_files::KanFileError;
use secateurs_kan_files::pykan::load;
use secateurs_testkit::laws;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pykan")
}

fn expected(name: &str) -> [Vec<f64>; 2] {
    let text = std::fs::read_to_string(fixtures().join(format!("{name}_values.json"))).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    ["x", "y"].map(|key| serde_json::from_value(json[key].clone()).unwrap())
}

fn values(kan: &Kan, x: &[f64]) -> Vec<f64> {
    kan.forward(kan.tensor(x, 3).unwrap()).into_data().iter().collect()
}

#[test]
fn values_are_those_of_the_formula() {
    let cases = [
        ("double", DType::F64, 1e-12),
        ("single", DType::F32, 1e-4),
        ("symbolic", DType::F64, 1e-12),
    ];
    for (name, dtype, tolerance) in cases {
        let kan = load(&fixtures().join(name), &Device::flex()).unwrap();
        assert_eq!(kan.place().1, dtype);
        let [x, y] = expected(name);
        laws::close(&values(&kan, &x), &y, tolerance, 10.0);
    }
}

#[test]
fn widths_and_pruned_edges_are_those_of_the_file() {
    let kan = load(&fixtures().join("double"), &Device::flex()).unwrap();
    let widths = [Width::sums(3), Width::sums(2).with_products(1), Width::sums(1)];
    assert_eq!(kan.widths(), widths);
    let present = kan.layers[0].present();
    assert_eq!(present.len(), 12);
    assert!(!present[0] && present[1..].iter().all(|edge| *edge));
    assert_eq!(kan.layers[0].nodes.affine(), Affine::Fixed);
}

/// A copy of the files with another configuration and state.
fn changed(config: impl Fn(String) -> String, state: impl Fn(Vec<u8>) -> Vec<u8>) -> KanFileError {
    load_changed(config, state).map(|_| ()).unwrap_err()
}

fn load_changed(config: impl Fn(String) -> String, state: impl Fn(Vec<u8>) -> Vec<u8>) -> Result<Kan, KanFileError> {
    let folder = tempfile::tempdir().unwrap();
    let text = std::fs::read_to_string(fixtures().join("double_config.yml")).unwrap();
    std::fs::write(folder.path().join("a_config.yml"), config(text)).unwrap();
    let bytes = std::fs::read(fixtures().join("double_state")).unwrap();
    std::fs::write(folder.path().join("a_state"), state(bytes)).unwrap();
    load(&folder.path().join("a"), &Device::flex())
}

fn replaced(from: &'static str, to: &'static str) -> KanFileError {
    let config = |text: String| {
        assert!(text.contains(from), "{from}");
        text.replace(from, to)
    };
    changed(config, |bytes| bytes)
}

#[test]
fn what_is_not_supported_is_named() {
    let named = |failure: KanFileError, feature: &str| match failure {
        KanFileError::Data(DataError::Unsupported { feature: got, .. }) => assert!(got.contains(feature), "{got}"),
        other => panic!("{other}"),
    };
    named(replaced("silu", "identity"), "identity");
    named(
        replaced("mult_arity: 2", "mult_arity:\n- []\n- - 1"),
        "fewer than two factors",
    );
}

/// Archives hold their entries as they are, so that a number can be changed in place.
fn with_number(mut bytes: Vec<u8>, entry: &str, (index, number): (usize, f64)) -> Vec<u8> {
    let at = bytes
        .windows(entry.len())
        .position(|name| name == entry.as_bytes())
        .unwrap();
    let extra = usize::from(bytes[at - 2]) + 256 * usize::from(bytes[at - 1]);
    let start = at + entry.len() + extra + 8 * index;
    bytes[start..start + 8].copy_from_slice(&number.to_le_bytes());
    bytes
}

#[test]
fn edges_with_formulas_are_curves_of_the_same_functions() {
    let kan = load(&fixtures().join("symbolic"), &Device::flex()).unwrap();
    let curves = kan.layers.iter().map(|layer| layer.curves().unwrap());
    let found: Vec<_> = curves
        .enumerate()
        .flat_map(|(layer, curves)| {
            let place = move |(edge, _): (SymbolicEdge, Curve)| (layer, edge.input, edge.subnode, edge.shape);
            curves.into_iter().map(place)
        })
        .collect();
    let function = |name: &str| Shape::Function(name.parse().unwrap());
    let expected = [
        (0, 2, 1, function("sin")),
        (0, 1, 3, function("x^2")),
        (1, 0, 0, function("gaussian")),
    ];
    assert_eq!(found, expected);
}

#[test]
fn splines_with_formulas_and_unknown_functions_are_refused_by_their_place() {
    let feature = |failure: KanFileError| match failure {
        KanFileError::Data(DataError::Unsupported { feature, .. }) => feature,
        other => panic!("{other}"),
    };
    // The sixth tensor is `symbolic_fun.0.mask`, `[4, 3]`.
    let formula = |bytes| with_number(bytes, "double_state/data/5", (5, 1.0));
    let row = "- - '0'\n  - '0'\n  - '0'\n";
    let sine = |text: String| {
        text.replacen(
            &row.repeat(2),
            &format!("{row}{}", row.replacen("  - '0'\n", "", 1) + "  - sin\n"),
            1,
        )
    };
    let both = changed(sine, formula);
    assert_eq!(
        feature(both),
        "a spline and a formula on the edge of layer 0 from input 2 to subnode 1"
    );
    // An edge that is pruned already.
    let nameless = |text: String| text.replace("symbolic.funs_name.0", "symbolic.names.0");
    let formula = |bytes| with_number(bytes, "double_state/data/5", (0, 1.0));
    assert_eq!(
        feature(changed(nameless, formula)),
        "the function without a name on the edge of layer 0 from input 0 to subnode 0"
    );
    let own = |text: String| text.replacen("- - '0'", "- - bessel", 1);
    assert_eq!(
        feature(changed(own, formula)),
        "the function bessel on the edge of layer 0 from input 0 to subnode 0"
    );
}

/// `mask (c 0 + d)` beside a spline: the subnode's sum is larger by 0.5 * 0.75.
#[test]
fn formulas_of_zero_are_constants_of_their_subnode() {
    let bias_and_scale = |kan: &Kan| {
        let state = kan.to_state();
        let of = |name: &str| {
            let tensor = state.tensors.iter().find(|(own, _)| own == name).unwrap();
            tensor.1.iter::<f64>().collect::<Vec<f64>>()
        };
        ["layers.0.subnode_bias", "layers.0.subnode_scale"].map(of)
    };
    let plain = load(&fixtures().join("double"), &Device::flex()).unwrap();
    let [before, scale] = bias_and_scale(&plain);
    let constant = |bytes| {
        let bytes = with_number(bytes, "double_state/data/5", (5, 0.5));
        with_number(bytes, "double_state/data/6", (4 * 5 + 3, 0.75))
    };
    let kan = load_changed(|text| text, constant).unwrap();
    let mut expected = before;
    expected[1] += scale[1] * 0.5 * 0.75;
    laws::close(&bias_and_scale(&kan)[0], &expected, 1e-15, 1.0);
    assert_eq!(kan.layers[0].present(), plain.layers[0].present());
}

#[test]
fn repeated_knots_are_refused() {
    let whole = std::fs::read(fixtures().join("double_state")).unwrap();
    let failure = changed(
        |text| text,
        |_| with_number(whole.clone(), "double_state/data/0", (0, 9.0)),
    );
    assert!(matches!(failure, KanFileError::Kan { source, .. } if matches!(*source, KanError::BadKnots { input: 0 })));
}

#[test]
fn configurations_that_do_not_fit_are_refused() {
    let malformed = |failure: KanFileError, key: &str| match failure {
        KanFileError::Data(DataError::Malformed { problem, .. }) => assert!(problem.contains(key), "{problem}"),
        other => panic!("{other}"),
    };
    malformed(replaced("k: 3", "k: three"), "k is missing");
    malformed(replaced("width:", "depth:"), "width");
    malformed(replaced("  - 1", "  - one"), "width");
    malformed(replaced("affine_trainable: false", ""), "affine_trainable");
    for (from, to) in [("- - 3", "- - 4"), ("k: 3", "k: 2"), ("mult_arity: 2", "mult_arity: 3")] {
        let KanFileError::Kan { source, .. } = replaced(from, to) else {
            panic!("{from}");
        };
        assert!(matches!(*source, KanError::TensorShape { .. }), "{from}: {source}");
    }
}

#[test]
fn damaged_archives_are_errors_without_a_panic() {
    let whole = std::fs::read(fixtures().join("double_state")).unwrap();
    for length in (0..whole.len()).step_by(211) {
        let failure = changed(|text| text, |bytes| bytes[..length].to_vec());
        assert!(
            matches!(failure, KanFileError::Data(DataError::Malformed { .. })),
            "{failure}"
        );
    }
    // Any byte of the pickle or the directory may be another; some changes are harmless.
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(fixtures().join("double_config.yml"), folder.path().join("a_config.yml")).unwrap();
    for at in (0..1600).chain(whole.len() - 1200..whole.len()).step_by(3) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        std::fs::write(folder.path().join("a_state"), bytes).unwrap();
        let _ = load(&folder.path().join("a"), &Device::flex());
    }
    let failure = changed(
        |text| text,
        |mut bytes| {
            let name = b"node_bias_1";
            let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
            bytes[at + name.len() - 1] = b'7';
            bytes
        },
    );
    assert!(
        matches!(&failure, KanFileError::Kan { source, .. } if matches!(&**source, KanError::MissingTensor { name } if name == "subnode_bias_1" || name == "node_bias_1")),
        "{failure}"
    );
}
