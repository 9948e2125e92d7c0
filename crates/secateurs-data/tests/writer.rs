//! Writing checkpoints: round trips, interruption and resume, and failures that leave nothing behind.

mod support;

use std::path::Path;

use secateurs_data::{Checkpoint, CheckpointWriter, DataError, FloatType, NotRepresentable, PlannedTensor};
use serde_json::{Value as Json, json};
use support::noise;

const SHAPES: [(&str, &[usize]); 4] = [("b", &[3, 5]), ("a", &[7]), ("c", &[]), ("d", &[0, 2])];

fn plan() -> Vec<PlannedTensor> {
    SHAPES
        .iter()
        .map(|(name, shape)| PlannedTensor {
            name: (*name).into(),
            shape: shape.to_vec(),
        })
        .collect()
}

fn values(name: &str) -> Vec<f32> {
    let (at, (_, shape)) = SHAPES
        .iter()
        .enumerate()
        .find(|(_, (n, _))| *n == name)
        .expect("planned");
    noise(100)[at..][..shape.iter().product()].to_vec()
}

fn write(writer: &CheckpointWriter, names: &[&str]) {
    for name in names {
        writer.write(name, &values(name)).expect("planned");
    }
}

fn files(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder)
        .expect("readable")
        .map(|e| e.expect("readable").file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().expect("UTF-8")).collect();
    names.sort();
    names
}

#[test]
fn what_is_written_in_any_order_is_read_back() {
    // 60, 28, 4 and 0 bytes: in one file; each of the first two in its own; the empty tensor beside the scalar or apart.
    for (max, n_files) in [(u64::MAX, 1), (32, 2), (4, 3), (1, 4)] {
        let folder = tempfile::tempdir().expect("temporary folder");
        let (staging, out) = (folder.path().join("staging"), folder.path().join("out"));
        let writer = CheckpointWriter::create_sharded(&staging, plan(), FloatType::F32, max).expect("valid");
        write(&writer, &["c", "a", "d", "b"]);
        assert_eq!(writer.read_f32("a").expect("written"), values("a"));
        writer.write_file("config.json", b"{}").expect("writable");
        writer.finish(&out).expect("complete");
        assert!(!staging.exists());
        let weights: Vec<String> = files(&out)
            .into_iter()
            .filter(|name| name.ends_with(".safetensors"))
            .collect();
        assert_eq!(weights.len(), n_files, "{weights:?}");
        assert!(!out.join("progress.jsonl").exists());
        let checkpoint = Checkpoint::open(&out).expect("valid");
        for (name, shape) in SHAPES {
            assert_eq!(checkpoint.tensor(name).expect("there").shape, shape);
            assert_eq!(checkpoint.read_f32(name).expect("there"), values(name));
        }
        for weights in weights {
            let bytes = std::fs::read(out.join(weights)).expect("readable");
            safetensors::SafeTensors::deserialize(&bytes).expect("the reference crate reads it");
        }
    }
}

#[test]
fn an_interrupted_write_goes_on_where_it_was_synced() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (staging, out) = (folder.path().join("staging"), folder.path().join("out"));
    let writer = CheckpointWriter::create_sharded(&staging, plan(), FloatType::F16, 20).expect("valid");
    write(&writer, &["a"]);
    writer.sync().expect("writable");
    write(&writer, &["b"]);
    assert!(matches!(
        CheckpointWriter::open_existing(&staging),
        Err(DataError::StagingInUse { .. })
    ));
    drop(writer);
    // A line that a crash cut short does not count.
    let journal = staging.join("progress.jsonl");
    let text = std::fs::read_to_string(&journal).expect("readable") + "3";
    std::fs::write(&journal, text).expect("writable");

    let writer = CheckpointWriter::open_existing(&staging).expect("valid");
    assert_eq!(writer.written(), ["a"]);
    assert_eq!((writer.plan(), writer.float_type()), (&plan()[..], FloatType::F16));
    let rounded: Vec<f32> = values("a").iter().map(|&v| half::f16::from_f32(v).to_f32()).collect();
    assert_eq!(writer.read_f32("a").expect("written"), rounded);
    write(&writer, &["c", "d"]);
    writer.sync().expect("writable");
    drop(writer);

    let writer = CheckpointWriter::open_existing(&staging).expect("valid");
    let error = writer.finish(&out).expect_err("incomplete");
    assert!(
        matches!(&error, DataError::Incomplete { missing, .. } if missing == &["b", "config.json"]),
        "{error}"
    );
    assert!(!out.exists());

    let writer = CheckpointWriter::open_existing(&staging).expect("an error keeps the folder");
    write(&writer, &["b"]);
    writer.write_file("config.json", b"{}").expect("writable");
    writer.finish(&out).expect("complete");
    assert_eq!(
        Checkpoint::open(&out).expect("valid").read_f32("a").expect("there"),
        rounded
    );
}

#[test]
fn a_staging_folder_that_was_changed_is_refused() {
    type Damage = fn(&Path);
    let damage: [(&str, Damage); 6] = [
        ("no record", |staging| {
            std::fs::remove_file(staging.join("progress.jsonl")).expect("there")
        }),
        ("an empty record", |staging| {
            std::fs::write(staging.join("progress.jsonl"), "").expect("writable")
        }),
        ("another record", |staging| {
            std::fs::write(staging.join("progress.jsonl"), "{}\n").expect("writable")
        }),
        ("an unknown tensor", |staging| {
            let path = staging.join("progress.jsonl");
            let text = std::fs::read_to_string(&path).expect("readable") + "4\n";
            std::fs::write(path, text).expect("writable");
        }),
        ("other weights", |staging| {
            std::fs::write(staging.join("model.safetensors"), "x").expect("writable")
        }),
        ("no weights", |staging| {
            std::fs::remove_file(staging.join("model.safetensors")).expect("there")
        }),
    ];
    for (what, damage) in damage {
        let folder = tempfile::tempdir().expect("temporary folder");
        let staging = folder.path().join("staging");
        drop(CheckpointWriter::create(&staging, plan(), FloatType::F32).expect("valid"));
        damage(&staging);
        let error = CheckpointWriter::open_existing(&staging).expect_err(what);
        assert!(
            matches!(error, DataError::Malformed { .. } | DataError::Io { .. }),
            "{what}: {error:?}"
        );
    }
}

#[test]
fn existing_outputs_are_never_touched() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let (staging, out) = (folder.path().join("staging"), folder.path().join("out"));
    let writer = CheckpointWriter::create(&staging, vec![], FloatType::F32).expect("valid");
    assert!(matches!(
        CheckpointWriter::create(&staging, plan(), FloatType::F32),
        Err(DataError::OutputExists { .. })
    ));
    assert_eq!(files(&staging), ["model.safetensors", "progress.jsonl"]);
    writer.write_file("config.json", b"{}").expect("writable");
    std::fs::create_dir(&out).expect("writable");
    assert!(matches!(writer.finish(&out), Err(DataError::OutputExists { .. })));
    assert_eq!(files(&out), [""; 0]);
    std::fs::remove_dir(&out).expect("empty");
    CheckpointWriter::open_existing(&staging)
        .expect("kept")
        .finish(&out)
        .expect("complete");
}

#[test]
fn a_failed_start_leaves_nothing() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let staging = folder.path().join("staging");
    let huge = vec![PlannedTensor {
        name: "w".into(),
        shape: vec![1 << 55],
    }];
    let error = CheckpointWriter::create(&staging, huge, FloatType::F16).expect_err("no disk is that large");
    assert!(
        matches!(error, DataError::NotEnoughSpace { needed, .. } if needed > 1 << 56),
        "{error:?}"
    );
    assert!(!staging.exists());

    // A folder of the caller's keeps what it had.
    std::fs::create_dir(&staging).expect("writable");
    std::fs::write(staging.join("model-00002-of-00004.safetensors"), "mine").expect("writable");
    let error = CheckpointWriter::create_sharded(&staging, plan(), FloatType::F32, 1).expect_err("in the way");
    assert!(matches!(error, DataError::OutputExists { .. }), "{error:?}");
    assert_eq!(files(&staging), ["model-00002-of-00004.safetensors"]);

    let under_a_file = staging.join("model-00002-of-00004.safetensors/staging");
    assert!(matches!(
        CheckpointWriter::create(&under_a_file, plan(), FloatType::F32),
        Err(DataError::Io { .. })
    ));
    let nowhere = folder.path().join("absent/staging");
    assert!(matches!(
        CheckpointWriter::create(&nowhere, plan(), FloatType::F32),
        Err(DataError::Io { .. })
    ));
}

#[test]
fn wrong_tensors_and_files_are_refused() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let writer = CheckpointWriter::create(&folder.path().join("staging"), plan(), FloatType::F16).expect("valid");
    assert!(matches!(writer.write("x", &[]), Err(DataError::UnknownTensor { .. })));
    assert!(matches!(
        writer.write("a", &[0.0; 6]),
        Err(DataError::LengthMismatch {
            expected: 7,
            got: 6,
            ..
        })
    ));
    let mut large = values("a");
    large[4] = -1e6;
    assert!(matches!(
        writer.write("a", &large),
        Err(DataError::NotRepresentable(NotRepresentable { index: 4, .. }))
    ));
    assert_eq!(writer.written(), [""; 0]);
    for name in [
        "",
        ".",
        "..",
        "../x",
        "a/b",
        "/x",
        ".hidden",
        "progress.jsonl",
        "model.safetensors",
        "model.safetensors.index.json",
    ] {
        assert!(
            matches!(writer.write_file(name, b""), Err(DataError::InvalidPlan { .. })),
            "{name:?}"
        );
    }
}

#[test]
fn metadata_is_copied_and_says_the_new_type() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let source = folder.path().join("source");
    std::fs::create_dir(&source).expect("writable");
    let config = json!({ "model_type": "llama", "dtype": "float32", "quantization_config": { "bits": 4 }, "x": 1 });
    let weights = support::safetensors(&json!({ "w": support::entry("F32", &[1], 0, 4) }).to_string(), &[0; 4]);
    support::hf_folder(&source, &weights);
    std::fs::write(source.join("config.json"), config.to_string()).expect("writable");
    for name in [
        "generation_config.json",
        "tokenizer_config.json",
        "special_tokens_map.json",
        "README.md",
    ] {
        std::fs::write(source.join(name), "{\"a\":1}").expect("writable");
    }
    let writer = CheckpointWriter::create(&folder.path().join("staging"), vec![], FloatType::Bf16).expect("valid");
    writer
        .copy_metadata(&Checkpoint::open(&source).expect("valid"))
        .expect("copyable");
    let out = folder.path().join("out");
    writer.finish(&out).expect("complete");
    assert_eq!(
        files(&out),
        [
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "special_tokens_map.json",
            "tokenizer_config.json"
        ]
    );
    assert_eq!(
        std::fs::read(out.join("generation_config.json")).expect("there"),
        b"{\"a\":1}"
    );
    let config: Json = serde_json::from_slice(&std::fs::read(out.join("config.json")).expect("there")).expect("valid");
    let expected = json!({ "model_type": "llama", "dtype": "bfloat16", "x": 1, "torch_dtype": "bfloat16" });
    assert_eq!(config, expected);
}

/// Both spellings, at every depth, and no word of a quantisation that is not there any more.
#[test]
fn the_number_format_is_that_of_the_file() {
    let format = |name: &str| json!({ "dtype": name, "torch_dtype": name });
    let cases = [
        (json!({}), json!({ "torch_dtype": "float16" })),
        (json!({ "torch_dtype": null }), json!({ "torch_dtype": "float16" })),
        (json!({ "dtype": "float32" }), format("float16")),
        (format("bfloat16"), format("float16")),
        (
            json!({ "text_config": { "dtype": "bfloat16", "quantization_config": {}, "x": [1] }, "compression_config": 1 }),
            json!({ "text_config": { "dtype": "float16", "x": [1] }, "torch_dtype": "float16" }),
        ),
        (
            json!({ "a": { "b": { "torch_dtype": "auto" } }, "rope_scaling": null }),
            json!({ "a": { "b": { "torch_dtype": "float16" } }, "rope_scaling": null, "torch_dtype": "float16" }),
        ),
    ];
    for (source, expected) in cases {
        assert_eq!(
            secateurs_data::float_config(source.clone(), FloatType::F16),
            expected,
            "{source}"
        );
    }
}
