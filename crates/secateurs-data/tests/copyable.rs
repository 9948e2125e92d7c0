//! Whether a copy can have the tokenizer is known before there is anything to copy.

mod support;

use secateurs_data::{Checkpoint, DataError};
use support::gguf::{Builder, i32s, text, texts, u32};

fn with_tokenizer(pre: &str) -> Builder {
    Builder::llama_with_embedding()
        .set("tokenizer.ggml.model", text("gpt2"))
        .set("tokenizer.ggml.pre", text(pre))
        .set("tokenizer.ggml.tokens", texts(&["a", "b", "ab", "c", "d"]))
        .set("tokenizer.ggml.token_type", i32s(&[1; 5]))
        .set("tokenizer.ggml.merges", texts(&["a b"]))
        .set("tokenizer.ggml.eos_token_id", u32(4))
}

fn check(model: &Builder) -> Result<(), DataError> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model.gguf");
    std::fs::write(&path, model.build()).expect("written");
    Checkpoint::open(&path)
        .expect("its weights can be read")
        .check_copyable()
}

#[test]
fn a_tokenizer_that_cannot_be_written_is_refused() {
    check(&with_tokenizer("gpt-2")).expect("known to us");
    let refused = check(&with_tokenizer("tekken")).expect_err("unknown to us").to_string();
    assert!(
        refused.contains("model.gguf") && refused.contains("tekken"),
        "{refused}"
    );
    assert!(check(&with_tokenizer("gpt-2").set("tokenizer.ggml.model", text("rwkv"))).is_err());
    assert!(check(&with_tokenizer("gpt-2").unset("tokenizer.ggml.tokens")).is_err());
}
