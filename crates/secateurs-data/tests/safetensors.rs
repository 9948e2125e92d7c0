//! Reading safetensors: agreement with the reference crate, and refusal of files that contradict themselves.

mod support;

use std::collections::HashMap;
use std::path::Path;

use half::{bf16, f16};
use safetensors::tensor::{Dtype, TensorView};
use secateurs_data::{Checkpoint, DataError};
use serde_json::json;
use support::{entry, f32_bytes, hf_folder, noise, safetensors};

fn open(weights: &[u8]) -> Result<Checkpoint, DataError> {
    let folder = tempfile::tempdir().expect("temporary folder");
    hf_folder(folder.path(), weights);
    // The map outlives the folder.
    Checkpoint::open(folder.path())
}

#[test]
fn files_of_the_reference_crate_are_read_in_every_float_type() {
    let values = noise(60_000);
    let halves: Vec<u8> = values.iter().flat_map(|&v| f16::from_f32(v).to_le_bytes()).collect();
    let brains: Vec<u8> = values.iter().flat_map(|&v| bf16::from_f32(v).to_le_bytes()).collect();
    let singles = f32_bytes(&values);
    let ids = [7u8; 16];
    let view = |dtype, shape: &[usize], bytes| TensorView::new(dtype, shape.to_vec(), bytes).expect("valid");
    let tensors = [
        ("single", view(Dtype::F32, &[200, 300], &singles)),
        ("half", view(Dtype::F16, &[200, 300], &halves)),
        ("brain", view(Dtype::BF16, &[60_000], &brains)),
        ("ids", view(Dtype::I64, &[2], &ids)),
        ("scalar", view(Dtype::F32, &[], &singles[..4])),
        ("nothing", view(Dtype::F32, &[0, 3], &[])),
    ];
    let weights =
        safetensors::serialize(tensors, Some(HashMap::from([("format".into(), "pt".into())]))).expect("valid");
    let checkpoint = open(&weights).expect("valid");
    assert_eq!(checkpoint.tensors().count(), 6);
    assert_eq!(checkpoint.tensor("half").expect("there").shape, [200, 300]);
    assert_eq!(checkpoint.read_f32("single").expect("floats"), values);
    let rounded: Vec<f32> = values.iter().map(|&v| f16::from_f32(v).to_f32()).collect();
    assert_eq!(checkpoint.read_f32("half").expect("floats"), rounded);
    let rounded: Vec<f32> = values.iter().map(|&v| bf16::from_f32(v).to_f32()).collect();
    assert_eq!(checkpoint.read_f32("brain").expect("floats"), rounded);
    assert_eq!(checkpoint.read_f32("scalar").expect("floats"), values[..1]);
    assert_eq!(checkpoint.read_f32("nothing").expect("floats"), [0.0; 0]);
    assert!(matches!(checkpoint.read_f32("ids"), Err(DataError::Unsupported { .. })));
    assert!(matches!(
        checkpoint.read_f32("absent"),
        Err(DataError::UnknownTensor { .. })
    ));

    let rows = checkpoint.read_rows_f32("single", &[199, 0, 0]).expect("in range");
    assert_eq!(rows, [&values[199 * 300..], &values[..300], &values[..300]].concat());
    assert_eq!(checkpoint.read_rows_f32("brain", &[5]).expect("in range"), [rounded[5]]);
    for (name, row, n) in [
        ("single", 200, 200),
        ("half", u32::MAX, 200),
        ("nothing", 0, 0),
        ("scalar", 1, 1),
    ] {
        let error = checkpoint.read_rows_f32(name, &[row]).expect_err("out of range");
        assert!(
            matches!(error, DataError::RowOutOfRange { row: r, rows, .. } if r == row && rows == n),
            "{error}"
        );
    }
    assert_eq!(checkpoint.read_rows_f32("nothing", &[]).expect("no rows"), [0.0; 0]);
}

/// A description, the file, and a part of the expected message.
type Corruption = (&'static str, Vec<u8>, &'static str);

fn corruptions() -> Vec<Corruption> {
    let data = [0; 16];
    let header = |value: serde_json::Value| value.to_string();
    let one = |value| safetensors(&header(json!({ "w": value })), &data);
    let valid = one(entry("F32", &[2, 2], 0, 16));
    let mut lying = valid.clone();
    lying[..8].copy_from_slice(&(valid.len() as u64).to_le_bytes());
    let mut huge = valid.clone();
    huge[..8].copy_from_slice(&100_000_001u64.to_le_bytes());
    let mut largest = valid.clone();
    largest[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let two = |a, b| safetensors(&header(json!({ "a": a, "b": b })), &data);
    vec![
        ("an empty file", vec![], "too few"),
        ("half a length", vec![1, 0, 0], "too few"),
        ("a cut header", valid[..20].to_vec(), "ends after"),
        ("cut data", valid[..valid.len() - 1].to_vec(), "15 bytes"),
        (
            "data after the last tensor",
            [&valid[..], &[0]].concat(),
            "belong to no tensor",
        ),
        ("a header longer than the file", lying, "ends after"),
        ("a header over the limit", huge, "larger than"),
        ("a header of 2^64 - 1 bytes", largest, "larger than"),
        ("no JSON", safetensors("hello", &data), "'{'"),
        ("space before the brace", safetensors(" {}", &[]), "'{'"),
        ("cut JSON", safetensors("{\"w\":", &data), "header"),
        ("text after the JSON", safetensors("{} x", &[]), "header"),
        ("not UTF-8", [&2u64.to_le_bytes()[..], &[b'{', 0xff]].concat(), "UTF-8"),
        ("a list", safetensors("[]", &[]), "'{'"),
        (
            "a deeply nested list",
            safetensors(&format!("{{\"w\":{}", "[".repeat(50_000)), &[]),
            "header",
        ),
        ("an unknown type", one(entry("F33", &[2, 2], 0, 16)), "unknown type"),
        (
            "a size that is not the shape's",
            one(entry("F32", &[3, 2], 0, 16)),
            "needs 24 bytes",
        ),
        (
            "a size that is not the type's",
            one(entry("F16", &[2, 2], 0, 16)),
            "needs 8 bytes",
        ),
        ("an end before the start", one(entry("F32", &[2, 2], 16, 0)), "16..0"),
        ("an end beyond the data", one(entry("F32", &[2, 2], 4, 20)), "4..20"),
        (
            "an overflowing shape",
            one(entry("F32", &[1 << 40, 1 << 40], 0, 16)),
            "impossible shape",
        ),
        (
            "an overflowing bit count",
            one(entry("F64", &[1 << 60], 0, 16)),
            "impossible shape",
        ),
        ("part of a byte", one(entry("F4", &[3], 0, 16)), "impossible shape"),
        (
            "a negative size",
            one(json!({ "dtype": "F32", "shape": [-1], "data_offsets": [0, 16] })),
            "header",
        ),
        (
            "a fractional size",
            one(json!({ "dtype": "F32", "shape": [1.5], "data_offsets": [0, 16] })),
            "header",
        ),
        (
            "three offsets",
            one(json!({ "dtype": "F32", "shape": [4], "data_offsets": [0, 16, 16] })),
            "header",
        ),
        ("no offsets", one(json!({ "dtype": "F32", "shape": [4] })), "header"),
        (
            "an overlap",
            two(entry("U8", &[10], 0, 10), entry("U8", &[10], 6, 16)),
            "overlaps",
        ),
        (
            "the same bytes twice",
            two(entry("U8", &[16], 0, 16), entry("U8", &[16], 0, 16)),
            "overlaps",
        ),
        (
            "a hole",
            two(entry("U8", &[6], 0, 6), entry("U8", &[6], 10, 16)),
            "hole",
        ),
        ("data before the first tensor", one(entry("U8", &[8], 8, 16)), "hole"),
        ("a name that occurs twice", repeated_name(), "twice"),
        (
            "metadata of numbers",
            safetensors(r#"{"__metadata__":{"a":1}}"#, &[]),
            "header",
        ),
        (
            "metadata that is a tensor",
            safetensors(&header(json!({ "__metadata__": entry("U8", &[0], 0, 0) })), &[]),
            "header",
        ),
    ]
}

fn repeated_name() -> Vec<u8> {
    let entry = entry("U8", &[8], 0, 8);
    safetensors(&format!("{{\"w\":{entry},\"w\":{entry}}}"), &[0; 8])
}

#[test]
fn files_that_contradict_themselves_are_refused_with_the_reason() {
    for (what, weights, message) in corruptions() {
        let error = open(&weights).expect_err(what);
        assert!(matches!(error, DataError::Malformed { .. }), "{what}: {error:?}");
        assert!(error.to_string().contains(message), "{what}: {error}");
    }
}

#[test]
fn the_reference_crate_lets_some_of_them_pass() {
    let passes = |(_, weights, _): &Corruption| safetensors::SafeTensors::deserialize(weights).is_ok();
    let passing: Vec<&str> = corruptions().iter().filter(|it| passes(it)).map(|it| it.0).collect();
    assert_eq!(passing, ["space before the brace", "a name that occurs twice"]);
}

fn write(folder: &Path, name: &str, content: impl AsRef<[u8]>) {
    std::fs::write(folder.join(name), content).expect("writable");
}

fn sharded(weight_map: serde_json::Value) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("temporary folder");
    let inner = folder.path().join("model");
    std::fs::create_dir(&inner).expect("writable");
    write(&inner, "config.json", "{}");
    write(
        &inner,
        "model.safetensors.index.json",
        json!({ "weight_map": weight_map }).to_string(),
    );
    for (file, name, value) in [("a.safetensors", "a", 1.0), ("b.safetensors", "b", 2.0)] {
        let weights = safetensors(
            &json!({ name: entry("F32", &[1], 0, 4) }).to_string(),
            &f32_bytes(&[value]),
        );
        write(&inner, file, &weights);
        write(folder.path(), file, &weights);
    }
    folder
}

#[test]
fn shards_are_read_through_their_index() {
    let folder = sharded(json!({ "b": "b.safetensors", "a": "a.safetensors" }));
    let checkpoint = Checkpoint::open(&folder.path().join("model")).expect("valid");
    assert_eq!(checkpoint.read_f32("a").expect("there"), [1.0]);
    assert_eq!(checkpoint.read_f32("b").expect("there"), [2.0]);
    assert_eq!(checkpoint.tensors().count(), 2);

    // A file that the index does not name is not part of the model.
    let folder = sharded(json!({ "a": "a.safetensors" }));
    let checkpoint = Checkpoint::open(&folder.path().join("model")).expect("valid");
    assert!(matches!(checkpoint.read_f32("b"), Err(DataError::UnknownTensor { .. })));
}

#[test]
fn the_files_of_an_index_count_and_not_what_it_says_of_them() {
    let open = |map| Checkpoint::open(&sharded(map).path().join("model"));
    // Tensors that are nowhere, in the other file, or not named.
    for map in [
        json!({ "a": "a.safetensors", "b": "b.safetensors", "c": "b.safetensors" }),
        json!({ "a": "b.safetensors", "b": "a.safetensors" }),
        json!({ "x": "a.safetensors", "y": "b.safetensors" }),
    ] {
        let checkpoint = open(map.clone()).expect("readable");
        assert_eq!(checkpoint.tensors().count(), 2, "{map}");
        assert_eq!(checkpoint.read_f32("a").expect("there"), [1.0], "{map}");
        assert_eq!(checkpoint.read_f32("b").expect("there"), [2.0], "{map}");
        assert!(matches!(checkpoint.read_f32("c"), Err(DataError::UnknownTensor { .. })));
    }
    // The same tensor in two files.
    let folder = sharded(json!({ "a": "a.safetensors", "b": "b.safetensors" }));
    let inner = folder.path().join("model");
    std::fs::copy(inner.join("a.safetensors"), inner.join("b.safetensors")).expect("writable");
    let error = Checkpoint::open(&inner).expect_err("twice").to_string();
    assert!(
        error.contains("\"a\" is in b.safetensors and in another shard"),
        "{error}"
    );
}

#[test]
fn an_index_cannot_lead_out_of_its_folder_or_to_nowhere() {
    for shard in [
        "../a.safetensors",
        "/a.safetensors",
        "sub/../a.safetensors",
        "..",
        ".",
        "",
        "..\\a.safetensors",
    ] {
        let folder = sharded(json!({ "a": shard }));
        let error = Checkpoint::open(&folder.path().join("model")).expect_err(shard);
        assert!(error.to_string().contains("is not a file name"), "{shard}: {error}");
    }
    let folder = sharded(json!({ "a": "c.safetensors" }));
    assert!(matches!(
        Checkpoint::open(&folder.path().join("model")),
        Err(DataError::Io { .. })
    ));
    for map in [json!(1), json!({ "a": 1 }), json!(["a"])] {
        let folder = sharded(map);
        assert!(matches!(
            Checkpoint::open(&folder.path().join("model")),
            Err(DataError::Malformed { .. })
        ));
    }
}

#[test]
fn a_folder_without_a_model_says_what_a_model_is() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let error = Checkpoint::open(folder.path()).expect_err("empty");
    assert!(matches!(error, DataError::NoModel { .. }), "{error:?}");
    write(folder.path(), "config.json", "{}");
    let error = Checkpoint::open(folder.path()).expect_err("no weights");
    assert!(error.to_string().contains("model.safetensors"), "{error}");
    assert!(matches!(
        Checkpoint::open(&folder.path().join("absent")),
        Err(DataError::Io { .. })
    ));
    for config in ["", "[]", "{", "\u{feff}{"] {
        write(folder.path(), "config.json", config);
        assert!(
            matches!(Checkpoint::open(folder.path()), Err(DataError::Malformed { .. })),
            "{config:?}"
        );
    }
}

#[test]
fn a_fingerprint_changes_with_the_model() {
    let one = |shape: &[usize], value: f32| {
        let header = json!({ "w": entry("F32", shape, 0, 16) }).to_string();
        open(&safetensors(&header, &f32_bytes(&[value; 4])))
            .expect("valid")
            .fingerprint()
            .expect("readable")
    };
    assert_eq!(one(&[2, 2], 1.0), one(&[2, 2], 1.0));
    assert_ne!(one(&[2, 2], 1.0), one(&[4], 1.0));
    assert_ne!(one(&[2, 2], 1.0), one(&[2, 2], 2.0));
}
