//! Tensor names: GGUF to Hugging Face, for the Llama architecture.

/// Name of the tensor with factors of the rotary frequencies; it is no parameter of the model, see
/// [`rope`](super::rope).
pub(super) const ROPE_FACTORS: &str = "rope_freqs.weight";

/// Whether tensor `name` follows from the metadata, as frequencies that older programs stored; llama.cpp ignores them,
/// too.
pub(super) fn is_ignored(name: &str) -> bool {
    name.starts_with("blk.") && name.ends_with(".attn_rot_embd")
}

/// The attention projection of a tensor whose rotary pairs are stored in GGUF order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rotary {
    Query,
    Key,
}

/// The Hugging Face name of GGUF tensor `name`, and its rotary role; `None` for tensors a Llama model does not have.
pub(super) fn hf_name(name: &str) -> Option<(String, Option<Rotary>)> {
    let (stem, kind) = name.rsplit_once('.')?;
    if !matches!(kind, "weight" | "bias") {
        return None;
    }
    let Some(block) = stem.strip_prefix("blk.") else {
        let stem = match stem {
            "token_embd" => "model.embed_tokens",
            "output_norm" => "model.norm",
            "output" => "lm_head",
            _ => return None,
        };
        return Some((format!("{stem}.{kind}"), None));
    };
    let (number, part) = block.split_once('.')?;
    let layer: u32 = number.parse().ok()?;
    let (part, rotary) = match part {
        "attn_norm" => ("input_layernorm", None),
        "attn_q" => ("self_attn.q_proj", Some(Rotary::Query)),
        "attn_k" => ("self_attn.k_proj", Some(Rotary::Key)),
        "attn_v" => ("self_attn.v_proj", None),
        "attn_output" => ("self_attn.o_proj", None),
        "ffn_norm" => ("post_attention_layernorm", None),
        "ffn_gate" => ("mlp.gate_proj", None),
        "ffn_up" => ("mlp.up_proj", None),
        "ffn_down" => ("mlp.down_proj", None),
        _ => return None,
    };
    // "blk.00" is no second name for layer 0.
    (layer.to_string() == number).then(|| (format!("model.layers.{layer}.{part}.{kind}"), rotary))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_translated() {
        let name = |gguf| hf_name(gguf).map(|(name, _)| name);
        assert_eq!(
            name("blk.12.attn_q.weight").as_deref(),
            Some("model.layers.12.self_attn.q_proj.weight")
        );
        assert_eq!(
            name("blk.0.ffn_down.bias").as_deref(),
            Some("model.layers.0.mlp.down_proj.bias")
        );
        assert_eq!(name("token_embd.weight").as_deref(), Some("model.embed_tokens.weight"));
        assert_eq!(name("output.weight").as_deref(), Some("lm_head.weight"));
        for unknown in [
            "",
            "weight",
            "blk.0.attn_q",
            "blk.00.attn_q.weight",
            "blk.-1.attn_q.weight",
            "blk.0.ffn_gate_exps.weight",
        ] {
            assert_eq!(name(unknown), None, "{unknown:?}");
        }
    }
}
