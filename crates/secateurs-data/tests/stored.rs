//! Tensors that are written and read as they are, and the settings beside them.

use std::fs;
use std::path::Path;

use secateurs_data::{
    Checkpoint, DataError, HeldOutput, OutputKind, RawTensor, Readers, Result, StoredModel, write_stored,
};

/// A small model folder with settings beside it.
fn source(folder: &Path) -> Checkpoint {
    let path = folder.join("source");
    fs::create_dir(&path).expect("works");
    fs::write(
        path.join("config.json"),
        r#"{"model_type": "llama", "eos_token_id": 7}"#,
    )
    .expect("works");
    fs::write(
        path.join("tokenizer_config.json"),
        r#"{"eos_token": "</s>", "chat_template": "T"}"#,
    )
    .expect("works");
    let tensor = safetensors::tensor::TensorView::new(safetensors::Dtype::F32, vec![1], &[0; 4]).expect("works");
    safetensors::serialize_to_file([("a", tensor)], None, &path.join("model.safetensors")).expect("works");
    Checkpoint::open(&path).expect("works")
}

fn raw(dtype: &str, shape: &[usize], bytes: Vec<u8>) -> RawTensor {
    RawTensor {
        dtype: dtype.to_owned(),
        shape: shape.to_vec(),
        bytes: bytes.into(),
    }
}

fn write(out: &Path, tensors: Vec<(String, RawTensor)>, source: &Checkpoint, readers: Readers) -> Result<()> {
    let held = HeldOutput::new(out, OutputKind::Folder)?;
    let model = StoredModel {
        tensors,
        config: source.config(),
        source,
        readers,
    };
    write_stored(held.staging(), model)?;
    held.publish_as_is()
}

/// Other programs must not find weights that they would take for others.
#[test]
fn tensors_that_others_cannot_read_are_in_a_file_of_their_own() {
    let folder = tempfile::tempdir().expect("works");
    let source = source(folder.path());
    let tensors = vec![("w.compressed".to_owned(), raw("BF16", &[3], vec![7; 6]))];
    for (readers, file) in [
        (Readers::Own, "packed.safetensors"),
        (Readers::All, "model.safetensors"),
    ] {
        let out = folder.path().join(file);
        write(&out, tensors.clone(), &source, readers).expect("works");
        let names = fs::read_dir(&out)
            .expect("works")
            .flatten()
            .map(|entry| entry.file_name());
        let weights: Vec<_> = names
            .filter(|name| name.to_string_lossy().contains("safetensors"))
            .collect();
        assert_eq!(weights, [file]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = out.join(file).metadata().expect("works").permissions().mode();
            assert_eq!(mode & 0o777, 0o644, "readable by all, as other programs' files are");
        }
        let written = Checkpoint::open(&out).expect("works");
        assert_eq!(written.stored("w.compressed"), Some(tensors[0].1.clone()));
    }
}

#[test]
fn stored_tensors_come_back_as_they_were() {
    let folder = tempfile::tempdir().expect("works");
    let source = source(folder.path());
    let tensors = vec![
        ("w.bitmask".to_owned(), raw("U8", &[2, 3], vec![1, 2, 3, 4, 5, 6])),
        ("w.row_offsets".to_owned(), raw("I64", &[2], vec![9; 16])),
        ("w.compressed".to_owned(), raw("BF16", &[3], vec![7; 6])),
        ("empty".to_owned(), raw("F16", &[0, 5], vec![])),
    ];
    let out = folder.path().join("out");
    write(&out, tensors.clone(), &source, Readers::All).expect("works");
    let written = Checkpoint::open(&out).expect("works");
    for (name, tensor) in &tensors {
        assert_eq!(written.stored(name).as_ref(), Some(tensor));
    }
    assert_eq!(written.stored("w.weight"), None);
    assert_eq!(written.config(), source.config());
    assert_eq!(written.end_tokens().expect("works"), [7]);
    assert_eq!(written.chat_template().expect("works").as_deref(), Some("T"));
    assert_eq!(written.tokenizer_config().expect("works")["eos_token"], "</s>");
    // Settings of generation and a template of its own go before the others.
    fs::write(out.join("generation_config.json"), r#"{"eos_token_id": [1, 2]}"#).expect("works");
    fs::write(out.join("chat_template.jinja"), "U").expect("works");
    assert_eq!(written.end_tokens().expect("works"), [1, 2]);
    assert_eq!(written.chat_template().expect("works").as_deref(), Some("U"));

    let again = write(&out, tensors, &source, Readers::All);
    assert!(matches!(again, Err(DataError::OutputExists { .. })));
    let unknown = vec![("w".to_owned(), raw("Q4_1", &[1], vec![0]))];
    let refused = write(&folder.path().join("bad"), unknown, &source, Readers::All);
    assert!(matches!(refused, Err(DataError::Unsupported { .. })));
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("works")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
