//! A tiny Llama of random numbers, as a Hugging Face folder and as a GGUF file.

use std::path::{Path, PathBuf};

use half::{bf16, f16};
use serde_json::{Value, json};

use super::gguf::Builder;
use super::{entry, f32_bytes, noise, safetensors};

pub type Tensors = Vec<(String, Vec<usize>, Vec<f32>)>;

pub fn config() -> Value {
    json!({
        "model_type": "llama", "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 4, "vocab_size": 5, "rms_norm_eps": 1e-5,
        "max_position_embeddings": 64, "tie_word_embeddings": false,
    })
}

/// Name, shape and values of every tensor of [`config`], written out by hand.
pub fn tensors() -> Tensors {
    let mut shapes = vec![("model.embed_tokens.weight".to_owned(), vec![5, 8])];
    for block in 0..2 {
        let parts: [(&str, &[usize]); 9] = [
            ("input_layernorm", &[8]),
            ("self_attn.q_proj", &[8, 8]),
            ("self_attn.k_proj", &[4, 8]),
            ("self_attn.v_proj", &[4, 8]),
            ("self_attn.o_proj", &[8, 8]),
            ("post_attention_layernorm", &[8]),
            ("mlp.gate_proj", &[12, 8]),
            ("mlp.up_proj", &[12, 8]),
            ("mlp.down_proj", &[8, 12]),
        ];
        let named = parts.into_iter();
        shapes.extend(named.map(|(part, shape)| (format!("model.layers.{block}.{part}.weight"), shape.to_vec())));
    }
    shapes.push(("model.norm.weight".to_owned(), vec![8]));
    shapes.push(("lm_head.weight".to_owned(), vec![5, 8]));
    let mut start = 0;
    let filled = shapes.into_iter().map(|(name, shape)| {
        let n = shape.iter().product::<usize>();
        start += 1;
        (name, shape, noise(n + start)[start..].to_vec())
    });
    filled.collect()
}

pub fn tensor<'a>(tensors: &'a mut Tensors, name: &str) -> &'a mut (String, Vec<usize>, Vec<f32>) {
    tensors
        .iter_mut()
        .find(|(known, _, _)| known == name)
        .expect("a tensor of the model")
}

/// Stores values as `F32`, `F16` or `BF16`.
pub fn stored(values: &[f32], dtype: &str) -> Vec<u8> {
    match dtype {
        "F16" => values
            .iter()
            .flat_map(|value| f16::from_f32(*value).to_le_bytes())
            .collect(),
        "BF16" => values
            .iter()
            .flat_map(|value| bf16::from_f32(*value).to_le_bytes())
            .collect(),
        _ => f32_bytes(values),
    }
}

/// Writes a Hugging Face folder.
pub fn folder(path: &Path, config: &Value, tensors: &Tensors, dtype: &str) {
    let (mut header, mut data) = (json!({}), Vec::new());
    for (name, shape, values) in tensors {
        let bytes = stored(values, dtype);
        header[name] = entry(dtype, shape, data.len(), data.len() + bytes.len());
        data.extend(bytes);
    }
    std::fs::create_dir_all(path).expect("writable");
    std::fs::write(path.join("config.json"), config.to_string()).expect("writable");
    std::fs::write(path.join("model.safetensors"), safetensors(&header.to_string(), &data)).expect("writable");
}

/// The name of a tensor in a GGUF file.
pub fn gguf_name(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('.').collect();
    let kind = parts.pop().expect("a kind");
    let stem = match parts.join(".").as_str() {
        "model.embed_tokens" => "token_embd".to_owned(),
        "model.norm" => "output_norm".to_owned(),
        "lm_head" => "output".to_owned(),
        _ => {
            let part = match parts[3..].join(".").as_str() {
                "input_layernorm" => "attn_norm",
                "post_attention_layernorm" => "ffn_norm",
                "self_attn.q_proj" => "attn_q",
                "self_attn.k_proj" => "attn_k",
                "self_attn.v_proj" => "attn_v",
                "self_attn.o_proj" => "attn_output",
                "mlp.gate_proj" => "ffn_gate",
                "mlp.up_proj" => "ffn_up",
                _ => "ffn_down",
            };
            format!("blk.{}.{part}", parts[2])
        }
    };
    format!("{stem}.{kind}")
}

/// A GGUF file of the tensors as they are, whose queries and keys are therefore in another order.
pub fn gguf(tensors: &Tensors) -> Builder {
    let start = Builder::llama().set("llama.block_count", super::gguf::u32(2));
    tensors.iter().fold(start, |file, (name, shape, values)| {
        let dims: Vec<u64> = shape.iter().rev().map(|size| *size as u64).collect();
        file.f32(&gguf_name(name), &dims, values)
    })
}

/// Writes a GGUF file.
pub fn write_gguf(folder: &Path, file: &Builder) -> PathBuf {
    let path = folder.join("model.gguf");
    std::fs::write(&path, file.build()).expect("writable");
    path
}
