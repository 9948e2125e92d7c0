//! The shape of a Llama, as `config.json` of a Hugging Face folder gives it.

use serde_json::Value;

use super::error::{ConfigError, bad_value};
use super::experts::{ExpertLayout, ExpertsConfig};
use super::fields::Fields;
use super::keys::{check_keys, is_silu};
use super::scaling::{RopeScaling, Rotary};
use super::token_ids::check_token_ids;

/// The shape of a Llama.
///
/// Read from the fields of the same meaning in a Hugging Face `config.json`; the names here are the project's.
///
/// # Examples
///
/// ```
/// use secateurs_data::llama::LlamaConfig;
///
/// let json = serde_json::json!({
///     "model_type": "llama", "hidden_size": 8, "intermediate_size": 16, "num_hidden_layers": 2,
///     "num_attention_heads": 2, "num_key_value_heads": 1, "vocab_size": 32, "rms_norm_eps": 1e-5,
///     "max_position_embeddings": 64, "tie_word_embeddings": true
/// });
/// let config = LlamaConfig::from_json(&json)?;
/// assert_eq!(config.d_head, 4);
/// assert_eq!(config.rope_theta, 10_000.0);
/// # Ok::<(), secateurs_data::llama::ConfigError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct LlamaConfig {
    /// Width of the residual stream.
    pub d_model: usize,
    /// Width of the SwiGLU layer, or of one expert.
    pub d_ffn: usize,
    /// Number of transformer blocks.
    pub n_blocks: usize,
    /// Number of query heads.
    pub n_heads: usize,
    /// Number of key and value heads; divides `n_heads`.
    pub n_kv_heads: usize,
    /// Width of a head; even, since rotary positions rotate pairs.
    pub d_head: usize,
    /// Number of tokens the model knows.
    pub vocab_size: usize,
    /// Longest sequence the model was made for.
    pub max_positions: usize,
    /// The epsilon of RMSNorm.
    pub norm_eps: f64,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// Stretching of the rotary frequencies, if there is one.
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the output matrix is the embedding matrix.
    pub tied_head: bool,
    /// The mixture of experts in the place of the SwiGLU layer, if there is one.
    pub experts: Option<ExpertsConfig>,
}

impl LlamaConfig {
    /// Reads the configuration out of a parsed `config.json`; [`open`](Self::open) checks that a model is really one.
    ///
    /// # Errors
    ///
    /// If a field is missing, of the wrong type, describes a model that is not a Llama as built here, or is neither used nor
    /// known to be harmless: see the lists in the README of this crate.
    pub fn from_json(json: &Value) -> Result<Self, ConfigError> {
        let fields = Fields::of(json)?;
        let layout = layout_of(fields)?;
        check_keys(fields, layout)?;
        check_kind(fields)?;
        let n_heads = fields.count("num_attention_heads")?;
        let rotary = Rotary::from_fields(fields, default_theta(layout))?;
        let config = Self {
            d_model: fields.count("hidden_size")?,
            d_ffn: fields.count("intermediate_size")?,
            n_blocks: fields.count("num_hidden_layers")?,
            n_heads,
            n_kv_heads: n_kv_heads(fields, layout)?.unwrap_or(n_heads),
            d_head: d_head(fields, n_heads)?,
            vocab_size: fields.count("vocab_size")?,
            max_positions: match fields.is_absent("max_position_embeddings") {
                true => default_positions(layout),
                false => fields.count("max_position_embeddings")?,
            },
            norm_eps: match fields.is_absent("rms_norm_eps") {
                true => default_epsilon(layout),
                false => fields.number("rms_norm_eps")?,
            },
            rope_theta: rotary.theta,
            rope_scaling: rotary.scaling,
            tied_head: fields.optional_flag("tie_word_embeddings")?.unwrap_or(false),
            experts: layout
                .map(|layout| ExpertsConfig::from_fields(fields, layout))
                .transpose()?,
        };
        config.check()?;
        check_token_ids(fields, config.vocab_size)?;
        Ok(config)
    }

    /// The `config.json` of this shape, in the form that transformers reads.
    pub fn to_json(&self) -> Value {
        let layout = self.layout();
        let model_type = model_type_of(layout);
        let mut json = serde_json::json!({
            "architectures": [architecture(layout)],
            "model_type": model_type,
            "hidden_act": "silu",
            "hidden_size": self.d_model,
            "intermediate_size": self.d_ffn,
            "num_hidden_layers": self.n_blocks,
            "num_attention_heads": self.n_heads,
            "num_key_value_heads": self.n_kv_heads,
            "head_dim": self.d_head,
            "vocab_size": self.vocab_size,
            "max_position_embeddings": self.max_positions,
            "rms_norm_eps": self.norm_eps,
            "rope_theta": self.rope_theta,
        });
        match &self.experts {
            Some(experts) => experts.write(&mut json),
            None => {
                json["attention_bias"] = false.into();
                json["mlp_bias"] = false.into();
            }
        }
        json["tie_word_embeddings"] = self.tied_head.into();
        if let Some(scaling) = self.rope_scaling {
            json["rope_scaling"] = scaling.to_json();
        }
        json
    }

    /// The family of a mixture of experts, which determines tensor names; `None` for a dense model.
    pub fn layout(&self) -> Option<ExpertLayout> {
        self.experts.map(|experts| experts.layout)
    }

    /// Whether a `model_type` of a `config.json` belongs to this family.
    pub fn has_model_type(model_type: &str) -> bool {
        layout_named(model_type).is_some()
    }

    /// The path in modules of the tensor `name` of a file; rules select parameters by it.
    pub fn module_path(&self, name: &str) -> String {
        self.layout()
            .map_or_else(|| name.to_owned(), |layout| layout.module_path(name))
    }

    /// Refuses mixtures of experts for the job `what`, which handles dense models only.
    ///
    /// # Errors
    ///
    /// If the model is one.
    pub fn check_dense(&self, what: &'static str) -> Result<(), ConfigError> {
        match self.experts {
            None => Ok(()),
            Some(ExpertsConfig { n_experts, layout, .. }) => Err(ConfigError::Experts {
                n_experts,
                model_type: layout.model_type(),
                what,
            }),
        }
    }

    fn check(&self) -> Result<(), ConfigError> {
        let limited = [
            ("hidden_size", self.d_model, MAX_WIDTH),
            ("intermediate_size", self.d_ffn, MAX_WIDTH),
            ("num_hidden_layers", self.n_blocks, MAX_BLOCKS),
            ("num_attention_heads", self.n_heads, MAX_HEADS),
            ("head_dim", self.d_head, MAX_HEADS),
        ];
        for (field, value, most) in limited {
            if value > most {
                return Err(bad_value(field, value, "more than any model has"));
            }
        }
        if self.d_head == 0 || !self.d_head.is_multiple_of(2) {
            return Err(bad_value("head_dim", self.d_head, "expected an even number"));
        }
        if !self.n_heads.is_multiple_of(self.n_kv_heads) {
            return Err(bad_value(
                "num_key_value_heads",
                self.n_kv_heads,
                "expected a divisor of num_attention_heads",
            ));
        }
        if !(self.norm_eps > 0.0 && self.norm_eps < 1.0) {
            return Err(bad_value(
                "rms_norm_eps",
                self.norm_eps,
                "expected a small positive number",
            ));
        }
        if !(self.rope_theta > 1.0 && self.rope_theta.is_finite()) {
            return Err(bad_value("rope_theta", self.rope_theta, "expected a number above 1"));
        }
        Ok(())
    }
}

/// Largest dimension: far above every model, and low enough that no product of two overflows.
const MAX_WIDTH: usize = 1 << 24;
const MAX_BLOCKS: usize = 1 << 16;
const MAX_HEADS: usize = 1 << 16;

/// The layout of the experts; none for a dense model.
fn layout_of(fields: Fields<'_>) -> Result<Option<ExpertLayout>, ConfigError> {
    let Some(found) = fields.optional_text("model_type")? else {
        return Ok(None);
    };
    layout_named(found).ok_or_else(|| ConfigError::UnknownFamily { found: found.into() })
}

/// The layout of the experts of a `model_type`, if it belongs to this family.
fn layout_named(model_type: &str) -> Option<Option<ExpertLayout>> {
    let layouts = [None, Some(ExpertLayout::Mixtral), Some(ExpertLayout::OlMoe)];
    layouts.into_iter().find(|layout| model_type_of(*layout) == model_type)
}

fn model_type_of(layout: Option<ExpertLayout>) -> &'static str {
    layout.map_or("llama", ExpertLayout::model_type)
}

fn architecture(layout: Option<ExpertLayout>) -> &'static str {
    match layout {
        None => "LlamaForCausalLM",
        Some(ExpertLayout::Mixtral) => "MixtralForCausalLM",
        Some(ExpertLayout::OlMoe) => "OlmoeForCausalLM",
    }
}

/// The default of transformers for a missing base of the rotary frequencies.
fn default_theta(layout: Option<ExpertLayout>) -> f64 {
    match layout {
        Some(ExpertLayout::Mixtral) => 1e6,
        Some(ExpertLayout::OlMoe) | None => 10_000.0,
    }
}

/// The default of transformers for missing positions.
fn default_positions(layout: Option<ExpertLayout>) -> usize {
    match layout {
        None => 2048,
        Some(ExpertLayout::Mixtral) => 131_072,
        Some(ExpertLayout::OlMoe) => 4096,
    }
}

/// The default of transformers for a missing epsilon.
fn default_epsilon(layout: Option<ExpertLayout>) -> f64 {
    match layout {
        None => 1e-6,
        Some(_) => 1e-5,
    }
}

/// Refuses variants of the family that this implementation would silently compute wrongly.
fn check_kind(fields: Fields<'_>) -> Result<(), ConfigError> {
    let act = fields.optional_text("hidden_act")?.unwrap_or("silu");
    if fields.is_null("hidden_act") || !is_silu(act) {
        let act = if fields.is_null("hidden_act") { "null" } else { act };
        return Err(bad_value("hidden_act", act, "expected silu"));
    }
    if let Some(architectures) = fields.get("architectures") {
        let names = architectures.as_array().map(Vec::as_slice);
        // Which of them it is says model_type; anything else may be no causal language model.
        if !names.is_some_and(|names| names.is_empty() || names.iter().any(is_causal)) {
            let expected = "expected LlamaForCausalLM, MixtralForCausalLM or OlmoeForCausalLM";
            return Err(fields.bad("architectures", architectures, expected));
        }
    }
    if let Some(quantisation) = fields.get("quantization_config") {
        check_quantisation(fields, quantisation)?;
    }
    Ok(())
}

/// Whether a class name stands for the computation of this crate. The first Llamas were called LLaMA.
fn is_causal(name: &Value) -> bool {
    let known = [None, Some(ExpertLayout::Mixtral), Some(ExpertLayout::OlMoe)].map(architecture);
    let is_known = |name: &str| known.iter().any(|known| name.eq_ignore_ascii_case(known));
    name.as_str().is_some_and(is_known)
}

/// Quantisation methods whose weights have other names or number formats than plain ones. A model of plain weights that
/// names one of them was dequantised since and only kept the words: any remainder of the method would be a tensor that
/// is refused.
const STORED_OTHERWISE: [&str; 5] = ["awq", "bitsandbytes", "fbgemm_fp8", "fp8", "gptq"];

/// Refuses quantised weights that look like plain ones; packed zeros are accepted.
fn check_quantisation(fields: Fields<'_>, quantisation: &Value) -> Result<(), ConfigError> {
    let says = |field: &str| quantisation.get(field).filter(|value| !value.is_null());
    let is_empty =
        |field: &str| says(field).is_none_or(|value| value.as_object().is_some_and(serde_json::Map::is_empty));
    let text = |field: &str| says(field).and_then(Value::as_str);
    if text("quant_method").is_some_and(|method| STORED_OTHERWISE.contains(&method)) {
        return Ok(());
    }
    let sparsity = says("sparsity_config").unwrap_or(&Value::Null);
    let plain_format = matches!(text("format"), None | Some("dense"));
    let format_is_text = says("format").is_none_or(Value::is_string);
    let known_sparsity = is_empty("sparsity_config")
        || matches!(
            sparsity.get("format").and_then(Value::as_str),
            Some("dense" | "sparse-bitmask")
        );
    let is_plain = text("quant_method") == Some("compressed-tensors")
        && plain_format
        && format_is_text
        && known_sparsity
        && is_empty("config_groups")
        && is_empty("kv_cache_scheme")
        && is_empty("transform_config");
    if is_plain {
        return Ok(());
    }
    let expected = "expected none, compressed-tensors with dense weights or sparse-bitmask, or a method that the weights no longer show";
    Err(fields.bad("quantization_config", quantisation, expected))
}

/// The number of key and value heads: without the field a Mixtral has 8, and null means as many as query heads.
fn n_kv_heads(fields: Fields<'_>, layout: Option<ExpertLayout>) -> Result<Option<usize>, ConfigError> {
    let given = fields.optional_count("num_key_value_heads")?;
    let is_absent = given.is_none() && !fields.is_null("num_key_value_heads");
    match layout {
        Some(ExpertLayout::Mixtral) if is_absent => Ok(Some(8)),
        _ => Ok(given),
    }
}

fn d_head(fields: Fields<'_>, n_heads: usize) -> Result<usize, ConfigError> {
    if let Some(given) = fields.optional_count("head_dim")? {
        return Ok(given);
    }
    let d_model = fields.count("hidden_size")?;
    if !d_model.is_multiple_of(n_heads) {
        return Err(bad_value(
            "num_attention_heads",
            n_heads,
            "expected a divisor of hidden_size, as there is no head_dim",
        ));
    }
    Ok(d_model / n_heads)
}
