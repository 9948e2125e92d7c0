//! Tensors that are written and read as they are, and the settings beside them.

use std::fs;
use std::path::Path;

use secateurs_data::{Checkpoint, DataError, RawTensor, write_stored};

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
    write_stored(&out, tensors.clone(), source.config(), &source).expect("works");
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

    let again = write_stored(&out, tensors, source.config(), &source);
    assert!(matches!(again, Err(DataError::OutputExists { .. })));
    let unknown = vec![("w".to_owned(), raw("Q4_1", &[1], vec![0]))];
    let refused = write_stored(&folder.path().join("bad"), unknown, source.config(), &source);
    assert!(matches!(refused, Err(DataError::Unsupported { .. })));
    let names: Vec<_> = fs::read_dir(folder.path())
        .expect("works")
        .flatten()
        .map(|entry| entry.file_name())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
}
