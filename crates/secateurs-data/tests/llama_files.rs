//! A file is a Llama as a whole: every tensor of its configuration with its shape, no other one, and every weight finite.

mod support;

use secateurs_data::llama::LlamaConfig;
use secateurs_data::{Checkpoint, DataError};
use serde_json::{Value, json};
use support::gguf::Builder;
use support::llama::{Tensors, config, folder, gguf, gguf_name, tensor, tensors, write_gguf};
use support::noise;

fn open(config: &Value, tensors: &Tensors) -> Result<LlamaConfig, DataError> {
    let place = tempfile::tempdir().expect("temporary folder");
    folder(place.path(), config, tensors, "F32");
    LlamaConfig::open(&Checkpoint::open(place.path())?)
}

fn open_gguf(file: &Builder) -> Result<LlamaConfig, DataError> {
    let place = tempfile::tempdir().expect("temporary folder");
    LlamaConfig::open(&Checkpoint::open(&write_gguf(place.path(), file))?)
}

#[test]
fn the_model_itself_is_accepted_in_both_formats() {
    let expected = LlamaConfig::from_json(&config()).expect("valid");
    assert_eq!(open(&config(), &tensors()).expect("whole"), expected);
    let read = open_gguf(&gguf(&tensors())).expect("whole");
    assert_eq!((read.n_blocks, read.tied_head, read.d_head), (2, false, 4));
}

#[test]
fn a_tensor_that_is_missing_is_named() {
    for (name, _, _) in tensors() {
        let mut rest = tensors();
        rest.retain(|(known, _, _)| *known != name);
        let error = open(&config(), &rest).expect_err(&name);
        assert!(
            matches!(&error, DataError::UnknownTensor { name: missing, .. } if *missing == name),
            "{error}"
        );
        // A GGUF file without output matrix has it in the embedding.
        if name != "lm_head.weight" {
            let error = open_gguf(&gguf(&rest)).expect_err(&name).to_string();
            assert!(error.contains(&name) || error.contains(&gguf_name(&name)), "{error}");
        }
    }
}

#[test]
fn other_shapes_are_refused_also_of_as_many_values() {
    for (name, shape, _) in tensors() {
        let n = shape.iter().product::<usize>();
        let others = [
            shape.iter().rev().copied().collect(),
            vec![n],
            vec![1, n],
            vec![n, 1],
            [&shape[..], &[1]].concat(),
            vec![n / 2, 2],
        ];
        for other in others.into_iter().filter(|other| *other != shape) {
            let mut changed = tensors();
            tensor(&mut changed, &name).1 = other.clone();
            let error = open(&config(), &changed).expect_err(&name);
            let is_right = matches!(&error, DataError::TensorShape { name: of, expected, got, .. }
                if *of == name && *expected == shape && *got == other);
            assert!(is_right, "{name} {other:?}: {error}");
            assert!(open_gguf(&gguf(&changed)).is_err(), "{name} {other:?}");
        }
    }
}

#[test]
fn a_tensor_that_nothing_uses_is_refused_by_the_name_it_has() {
    let biases = tensors().into_iter().filter(|(_, shape, _)| shape.len() == 2);
    let biases = biases.map(|(name, shape, _)| (name.replace("weight", "bias"), vec![shape[0]]));
    let mut extra: Vec<(String, Vec<usize>)> = biases.collect();
    for (name, shape) in [
        ("model.norm.bias", vec![8]),
        ("model.layers.0.input_layernorm.bias", vec![8]),
        ("model.layers.1.self_attn.q_norm.weight", vec![4]),
        ("model.layers.1.self_attn.sinks", vec![2]),
        ("model.layers.2.input_layernorm.weight", vec![8]),
        ("model.layers.0.mlp.gate.weight", vec![4, 8]),
        ("model.layers.0.self_attn.q_proj.weight_scale", vec![1]),
        ("model.layers.0.self_attn.q_proj.lora_A.weight", vec![2, 8]),
        ("model.layers.0.self_attn.k_proj.compressed", vec![2]),
        ("model.embed_positions.weight", vec![64, 8]),
        ("score.weight", vec![2, 8]),
        ("embed_tokens.weight", vec![5, 8]),
        ("v_head.summary.weight", vec![1, 8]),
    ] {
        extra.push((name.to_owned(), shape));
    }
    for (name, shape) in extra {
        let mut more = tensors();
        let n = shape.iter().product();
        more.push((name.clone(), shape, noise(n)));
        let error = open(&config(), &more).expect_err(&name);
        assert!(
            matches!(&error, DataError::UnusedTensor { name: unused, .. } if *unused == name),
            "{error}"
        );
        // Zeros change nothing in most places, but nobody would say in which.
        more.last_mut().expect("the last").2.fill(0.0);
        assert!(open(&config(), &more).is_err(), "{name}");
    }
}

#[test]
fn a_gguf_tensor_that_nothing_uses_is_refused_by_the_name_it_has() {
    for (name, n) in [
        ("output.bias", 5),
        ("output_norm.bias", 8),
        ("blk.0.attn_q.bias", 8),
        ("blk.0.attn_k.bias", 4),
        ("blk.1.attn_v.bias", 4),
        ("blk.1.attn_output.bias", 8),
        ("blk.0.ffn_gate.bias", 12),
        ("blk.0.ffn_up.bias", 12),
        ("blk.0.ffn_down.bias", 8),
        ("blk.0.attn_norm.bias", 8),
        ("blk.0.ffn_norm.bias", 8),
        ("blk.0.attn_q_norm.weight", 4),
        ("blk.0.post_attention_norm.weight", 8),
        ("blk.2.attn_norm.weight", 8),
        ("blk.0.ffn_gate_inp.weight", 8),
        ("blk.0.attn_q.scale", 1),
        ("blk.0.attn_sinks.weight", 2),
        ("rope_factors_long.weight", 2),
        ("token_embd_norm.weight", 8),
        ("position_embd.weight", 8),
        ("cls.weight", 8),
    ] {
        let file = gguf(&tensors()).f32(name, &[n as u64], &noise(n));
        let error = open_gguf(&file).expect_err(name).to_string();
        assert!(error.contains(&format!("{name:?}")), "{name}: {error}");
    }
}

#[test]
fn an_adapter_beside_the_weights_is_refused() {
    let place = tempfile::tempdir().expect("temporary folder");
    folder(place.path(), &config(), &tensors(), "F32");
    std::fs::write(place.path().join("adapter_config.json"), "{}").expect("writable");
    let error = LlamaConfig::open(&Checkpoint::open(place.path()).expect("readable")).expect_err("an adapter");
    assert!(error.to_string().contains("adapter_config.json"), "{error}");
}

#[test]
fn frequencies_that_older_programs_stored_are_passed_over() {
    let mut more = tensors();
    for name in [
        "model.layers.0.self_attn.rotary_emb.inv_freq",
        "model.rotary_emb.inv_freq",
    ] {
        more.push((name.to_owned(), vec![2], vec![1.0, 0.01]));
    }
    open(&config(), &more).expect("harmless");
    open_gguf(&gguf(&tensors()).f32("blk.0.attn_rot_embd", &[2], &[1.0, 0.01])).expect("harmless");
    open_gguf(&gguf(&tensors()).f32("rope_freqs.weight", &[2], &[1.0, 1.0])).expect("no stretching");
}

#[test]
fn weights_of_types_that_are_no_floats_are_refused_by_name() {
    let place = tempfile::tempdir().expect("temporary folder");
    folder(place.path(), &config(), &tensors(), "F32");
    let path = place.path().join("model.safetensors");
    let file = std::fs::read(&path).expect("there");
    let header = String::from_utf8_lossy(&file).replacen("\"dtype\":\"F32\"", "\"dtype\":\"I32\"", 1);
    assert!(header.contains("I32"), "the first tensor is of integers now");
    let at = file.windows(5).position(|window| window == b"\"F32\"").expect("a type");
    let mut changed = file;
    changed[at..at + 5].copy_from_slice(b"\"I32\"");
    std::fs::write(&path, changed).expect("writable");
    let error = LlamaConfig::open(&Checkpoint::open(place.path()).expect("valid"))
        .expect_err("integers")
        .to_string();
    assert!(
        error.contains("I32") && error.contains("model.embed_tokens.weight"),
        "{error}"
    );
}

#[test]
fn a_configuration_of_many_blocks_ends_at_the_first_that_is_not_there() {
    for n_blocks in [3, 1 << 16, 1 << 31] {
        let mut json = config();
        json["num_hidden_layers"] = n_blocks.into();
        let error = open(&json, &tensors()).expect_err("too many").to_string();
        assert!(
            error.contains("model.layers.2.") || error.contains("cannot be used"),
            "{error}"
        );
    }
    let mut json = config();
    json["num_hidden_layers"] = 1.into();
    let error = open(&json, &tensors()).expect_err("one too few").to_string();
    assert!(error.contains("model.layers.1."), "{error}");
}

/// A folder with that tie, and the matrices of that name with these values.
fn tied(tie: bool, matrices: &[(&str, &[f32])]) -> Result<(LlamaConfig, Checkpoint), DataError> {
    let mut json = config();
    json["tie_word_embeddings"] = tie.into();
    let mut all = tensors();
    all.retain(|(name, shape, _)| *shape != [5, 8] || name.contains("layers"));
    for (name, values) in matrices {
        all.push(((*name).to_owned(), vec![5, 8], values.to_vec()));
    }
    let place = tempfile::tempdir().expect("temporary folder");
    folder(place.path(), &json, &all, "F32");
    let checkpoint = Checkpoint::open(place.path())?;
    let config = LlamaConfig::open(&checkpoint)?;
    assert_eq!(checkpoint.config()["tie_word_embeddings"], config.tied_head);
    Ok((config, checkpoint))
}

#[test]
fn the_output_matrix_is_the_embedding_where_transformers_5_says_so() {
    const EMBEDDING: &str = "model.embed_tokens.weight";
    const HEAD: &str = "lm_head.weight";
    let (a, b) = (noise(40), noise(80)[40..].to_vec());
    let mut last = a.clone();
    last[39] += 1e-6;
    let has_head = |checkpoint: &Checkpoint| checkpoint.tensors().any(|tensor| tensor.name == HEAD);
    for head in [&b, &last] {
        let (config, checkpoint) = tied(true, &[(EMBEDDING, &a), (HEAD, head)]).expect("two matrices");
        assert!(!config.tied_head && has_head(&checkpoint));
        assert_eq!(checkpoint.read_f32(HEAD).expect("there"), *head);
    }
    for matrices in [
        &[(EMBEDDING, &a[..]), (HEAD, &a[..])][..],
        &[(EMBEDDING, &a[..])],
        &[(HEAD, &a[..])],
    ] {
        let (config, checkpoint) = tied(true, matrices).expect("one matrix");
        assert!(config.tied_head && !has_head(&checkpoint));
        assert_eq!(checkpoint.read_f32(EMBEDDING).expect("there"), a);
        assert_eq!(checkpoint.read_rows_f32(EMBEDDING, &[1]).expect("there"), a[8..16]);
        assert_eq!(checkpoint.tensor(EMBEDDING).expect("there").shape, [5, 8]);
    }
    // Without a tie two matrices stay two, and one is one too few.
    let (config, checkpoint) = tied(false, &[(EMBEDDING, &a), (HEAD, &a)]).expect("two matrices");
    assert!(!config.tied_head && has_head(&checkpoint));
    assert!(tied(false, &[(EMBEDDING, &a)]).is_err());
    assert!(tied(false, &[(HEAD, &a)]).is_err());
}

#[test]
fn a_gguf_output_matrix_of_equal_values_is_the_embedding() {
    let mut equal = tensors();
    let embedding = equal[0].2.clone();
    tensor(&mut equal, "lm_head.weight").2 = embedding.clone();
    assert!(open_gguf(&gguf(&equal)).expect("whole").tied_head);
    tensor(&mut equal, "lm_head.weight").2[39] *= 0.5;
    assert!(!open_gguf(&gguf(&equal)).expect("whole").tied_head);
    // Equal values in two encodings: halves of small numbers of eighths are exact.
    let eighths: Vec<f32> = (0..40).map(|i| i as f32 / 8.0).collect();
    let mut mixed = tensors();
    mixed.retain(|(name, _, _)| name != "lm_head.weight");
    mixed[0].2.clone_from(&eighths);
    let halves = support::llama::stored(&eighths, "F16");
    assert!(
        open_gguf(&gguf(&mixed).tensor("output.weight", &[8, 5], 1, halves))
            .expect("whole")
            .tied_head
    );
}

#[test]
fn words_of_a_quantisation_that_the_weights_no_longer_have_change_nothing() {
    let with = |quantisation: Value| {
        let mut config = config();
        config["quantization_config"] = quantisation;
        config
    };
    let plain = open(&config(), &tensors()).expect("a Llama");
    for method in ["awq", "bitsandbytes", "fbgemm_fp8", "fp8", "gptq"] {
        let config = with(json!({ "quant_method": method, "bits": 4 }));
        assert_eq!(open(&config, &tensors()).expect(method), plain);
        for left in ["weight_scale", "weight_scale_inv", "scales", "absmax"] {
            let mut stored = tensors();
            stored.push((format!("model.layers.0.mlp.up_proj.{left}"), vec![1], vec![1.0]));
            let error = open(&config, &stored).expect_err(left).to_string();
            assert!(error.contains(left), "{method}: {error}");
        }
    }
    // Fake quantisation of plain weights, and methods that quantise what they load.
    for other in [
        json!({ "quant_method": "compressed-tensors", "config_groups": { "group_0": {} } }),
        json!({ "quant_method": "torchao" }),
        json!({ "quant_method": null }),
        json!({ "bits": 4 }),
        json!("fp8"),
    ] {
        let error = open(&with(other.clone()), &tensors()).expect_err("refused");
        let DataError::Config { source, .. } = error else {
            panic!("{other}: {error}")
        };
        assert!(source.to_string().contains("quantization_config"), "{other}: {source}");
    }
}
