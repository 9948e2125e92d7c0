//! Networks of pykan after its own operations, as it saved them, and settings as PyYAML writes them.
//!
//! `pykan/operations/make.py` made the files with pykan, and computed the values.

use std::path::{Path, PathBuf};

use burn::tensor::{DType, Device};
use secateurs_data::DataError;
use secateurs_kan::{Kan, KanError, Width};
use secateurs_kan_files::KanFileError;
use secateurs_kan_files::pykan::load;
use secateurs_testkit::laws;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/pykan/operations")
        .join(name)
}

fn read(name: &str) -> Kan {
    load(&file(name), &Device::flex()).unwrap_or_else(|problem| panic!("{name}: {problem}"))
}

fn settings(name: &str) -> String {
    std::fs::read_to_string(file(&format!("{name}_config.yml"))).unwrap()
}

/// The tensors of one file with other settings.
fn with_settings(name: &str, settings: &str) -> Result<Kan, KanFileError> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a_config.yml"), settings).unwrap();
    std::fs::copy(file(&format!("{name}_state")), folder.path().join("a_state")).unwrap();
    load(&folder.path().join("a"), &Device::flex())
}

fn changed(name: &str, from: &str, to: &str) -> Result<Kan, KanFileError> {
    let text = settings(name);
    assert!(text.contains(from), "{from}");
    with_settings(name, &text.replacen(from, to, 1))
}

fn feature(result: Result<Kan, KanFileError>) -> String {
    match result.map(|_| ()).unwrap_err() {
        KanFileError::Data(DataError::Unsupported { feature, .. }) => feature,
        other => panic!("{other}"),
    }
}

fn malformed(result: Result<Kan, KanFileError>) -> String {
    match result.map(|_| ()).unwrap_err() {
        KanFileError::Data(DataError::Malformed { problem, .. }) => problem,
        other => panic!("{other}"),
    }
}

fn values_of(name: &str) -> [Vec<f64>; 2] {
    let text = std::fs::read_to_string(file(&format!("{name}_values.json"))).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    ["x", "y"].map(|key| serde_json::from_value(json[key].clone()).unwrap())
}

const READ: [&str; 12] = [
    "prune_input",
    "prune_input_and_node",
    "prune_input_of_zero",
    "prune",
    "arities",
    "expand_width",
    "expand_depth",
    "perturb",
    "auto_symbolic",
    "speed",
    "refine",
    "degrees_and_numpy",
];

#[test]
fn values_after_each_operation_are_those_of_pykan() {
    for name in READ {
        let kan = read(name);
        assert_eq!(kan.place().1, DType::F64);
        let [x, y] = values_of(name);
        let got: Vec<f64> = kan
            .forward(kan.tensor(&x, kan.d_input()).unwrap())
            .into_data()
            .iter()
            .collect();
        assert!(
            y.iter().any(|value| value.abs() > 0.05) && y[0] != y[1],
            "{name} says nothing: {y:?}"
        );
        laws::close(&got, &y, 1e-12, 1.0);
    }
}

#[test]
fn widths_are_those_of_the_file() {
    let sums = Width::sums;
    let products = |n: usize, products: usize, arity: usize| Width {
        arity,
        ..sums(n).with_products(products)
    };
    assert_eq!(read("prune_input").widths(), [sums(2), sums(2), sums(1)]);
    assert_eq!(read("prune").widths(), [sums(3), sums(2), sums(1)]);
    assert_eq!(read("arities").widths(), [sums(2), products(1, 2, 3), sums(1)]);
    assert_eq!(read("expand_width").widths(), [sums(2), products(2, 2, 3), sums(1)]);
    assert_eq!(read("expand_depth").widths(), [sums(2), sums(1), sums(2), sums(2)]);
    // Of 3 and 2 factors, the missing one has no edges.
    let present = read("expand_width").layers[0].present();
    assert_eq!(present.len(), 2 * 8);
}

#[test]
fn what_is_refused_is_named() {
    let refused = |name: &str| feature(load(&file(name), &Device::flex()));
    assert_eq!(
        refused("both"),
        "a spline and a formula on the edge of layer 0 from input 1 to subnode 0"
    );
    assert_eq!(
        refused("own_function"),
        "the function anonymous on the edge of layer 0 from input 1 to subnode 0"
    );
    assert_eq!(
        refused("identity"),
        "the base function torch.nn.modules.linear.Identity"
    );
    assert_eq!(
        refused("in_place"),
        "the base function torch.nn.modules.activation.SiLU with inplace"
    );
    let base = |to: &str| {
        feature(changed(
            "refine",
            "base_fun_name: silu",
            &format!("base_fun_name: {to}"),
        ))
    };
    assert_eq!(base("identity"), "the base function identity");
    assert_eq!(
        base("!!python/name:__main__.%3Clambda%3E ''"),
        "the base function __main__.<lambda>"
    );
    assert_eq!(base("!!python/name:torch.tanh ''"), "the base function torch.tanh");
    let hooks = "_forward_hooks: !!python/object/apply:collections.OrderedDict\n  - []";
    let hooked = changed(
        "prune_input",
        hooks,
        &hooks.replace("- []", "- - - 0\n      - !!python/name:print ''"),
    );
    assert_eq!(
        feature(hooked),
        "the base function torch.nn.modules.activation.SiLU with _forward_hooks"
    );
    let arity = |to: &str| feature(changed("arities", "- - 2\n  - 3", to));
    assert_eq!(arity("- - 1\n  - 4"), "a product of fewer than two factors");
}

/// The same network, whatever of these PyYAML writes.
#[test]
fn settings_that_say_the_same_give_the_same_network() {
    let state = read("refine").to_state();
    let width = "width:\n- - 2\n  - 0\n- - 1\n  - 0\n- - 1\n  - 0";
    for (from, to) in [
        ("base_fun_name: silu", "base_fun_name: 'silu'"),
        (
            "base_fun_name: silu",
            "base_fun_name: !!python/name:torch.nn.functional.silu ''",
        ),
        (
            "ckpt_path: ./model",
            "ckpt_path: \"a: b\\n- k: 7\\n  '#\\\"\"\nnote: |\n  k: 9\n  - 4",
        ),
        ("ckpt_path: ./model", "ckpt_path: 'it''s\n  a long\n\n  path: k: 9'"),
        ("ckpt_path: ./model", "ckpt_path: words that go on\n  on the next line"),
        (
            "ckpt_path: ./model",
            "ckpt_path: !!python/object/apply:pathlib.PosixPath\n- k\n- '9'",
        ),
        ("device: cpu", "device: !!python/object/apply:torch.device\n- cuda\n- 0"),
        ("k: 2", "k:\n- 2\n- 2"),
        (width, "width:\n- 2\n- 1\n- 1"),
        (width, "width:\n- - 2\n  - 0\n- &id001\n  - 1\n  - 0\n- *id001"),
        (
            width,
            "width:\n- !!python/tuple\n  - 2\n  - 0\n- - 1\n  - 0\n- !!python/tuple\n  - 1\n  - 0",
        ),
        ("mult_arity: 2", "mult_arity:\n- []\n- []\n- []"),
        ("symbolic_enabled: true", "# a remark\nsymbolic_enabled: true\n"),
    ] {
        let kan = changed("refine", from, to).unwrap_or_else(|problem| panic!("{to}: {problem}"));
        assert_eq!(kan.to_state(), state, "{to}");
    }
}

#[test]
fn settings_that_do_not_fit_are_refused_by_their_key() {
    let missing = |key: &str| format!("{key} is missing, or not what pykan writes");
    for (from, to, key) in [
        ("k: 2", "k:\n- 2", "k"),
        ("k: 2", "k: -2", "k"),
        ("mult_arity: 2", "mult_arity: []\nother: 2", ""),
        ("- - 2\n  - 0\n", "- - -2\n  - 0\n", "width"),
        ("- - 2\n  - 0\n", "- - 2\n  - 0\n  - 1\n", "width"),
        ("- - 2\n  - 0\n", "- - 99999999999\n  - 99999999999\n", "width"),
        ("symbolic_enabled: true", "symbolic_enabled: yes", "symbolic_enabled"),
        ("affine_trainable: false\n", "", "affine_trainable"),
    ] {
        match key {
            "" => assert!(changed("refine", from, to).is_ok()),
            key => assert_eq!(malformed(changed("refine", from, to)), missing(key), "{to}"),
        }
    }
    let of_arities = |to: &str| malformed(changed("arities", "- - 2\n  - 3", to));
    assert_eq!(of_arities("- - 2"), missing("mult_arity"));
    assert_eq!(of_arities("- - 2\n  - 99999999"), missing("mult_arity"));
    assert!(matches!(
        changed("arities", "- - 2\n  - 3", "- - 3\n  - 3").map(|_| ()),
        Err(KanFileError::Kan { source, .. }) if matches!(*source, KanError::TensorShape { .. })
    ));
    for text in [
        "width: [[2, 0]]",
        "- *nothing",
        "a: {b: c}",
        "'",
        "? a\n: b",
        &"- ".repeat(10_000),
        "a: b\n  c: d\n e",
    ] {
        assert_eq!(
            malformed(with_settings("refine", text)),
            "the file is no mapping in YAML's block style",
            "{text:.40}"
        );
    }
}

/// Damaged settings are read or refused; nothing panics or grows.
#[test]
fn damaged_settings_do_no_harm() {
    let mut state = 7u64;
    let mut draw = |below: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let characters: Vec<char> = "-:*&!|'\"#[]{} \n\\%0123456789kabπ".chars().collect();
    for name in ["prune_input", "degrees_and_numpy", "arities"] {
        let text: Vec<char> = settings(name).chars().collect();
        for _ in 0..300 {
            let (start, length) = (draw(text.len()), draw(12));
            let mut damaged: String = text[..start].iter().collect();
            for _ in 0..draw(6) {
                damaged.push(characters[draw(characters.len())]);
            }
            damaged.extend(text.iter().skip(start + length));
            let _ = with_settings(name, &damaged);
        }
    }
}
