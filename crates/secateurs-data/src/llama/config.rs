//! The shape of a Llama, as `config.json` of a Hugging Face folder gives it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{ConfigError, bad_value};
use super::experts::{ExpertLayout, ExpertsConfig};

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
    /// Width of a head; even, since rotary positions turn pairs.
    pub d_head: usize,
    /// Number of tokens the model knows.
    pub vocab_size: usize,
    /// Longest sequence the model was made for.
    pub max_positions: usize,
    /// The epsilon of RMSNorm.
    pub norm_eps: f64,
    /// The base of the rotary frequencies.
    pub rope_theta: f64,
    /// How rotary frequencies are stretched, if they are.
    pub rope_scaling: Option<RopeScaling>,
    /// Whether the output matrix is the embedding matrix.
    pub tied_head: bool,
    /// The mixture of experts in the place of the SwiGLU layer, if there is one.
    pub experts: Option<ExpertsConfig>,
}

/// How rotary frequencies are stretched for long contexts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RopeScaling {
    /// Every frequency is divided by `factor`.
    Linear {
        /// The divisor.
        factor: f64,
    },
    /// Llama 3: low frequencies are divided by `factor`, high ones kept, with a linear ramp between.
    Llama3 {
        /// The divisor of the low frequencies.
        factor: f64,
        /// Wavelengths over `original_positions / low_freq_factor` are low.
        low_freq_factor: f64,
        /// Wavelengths under `original_positions / high_freq_factor` are high.
        high_freq_factor: f64,
        /// Context length before stretching.
        original_positions: f64,
    },
}

#[derive(Deserialize, Serialize)]
struct RawConfig {
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    vocab_size: usize,
    max_position_embeddings: usize,
    rms_norm_eps: f64,
    rope_theta: Option<f64>,
    #[serde(default)]
    tie_word_embeddings: bool,
    rope_scaling: Option<Value>,
    rope_parameters: Option<Value>,
    hidden_act: Option<String>,
    #[serde(default)]
    attention_bias: bool,
    #[serde(default)]
    mlp_bias: bool,
}

impl LlamaConfig {
    /// Reads the configuration out of a parsed `config.json`.
    ///
    /// # Errors
    ///
    /// If a field is missing, of the wrong type, or describes a model that is not a Llama as built here.
    pub fn from_json(json: &Value) -> Result<Self, ConfigError> {
        let layout = layout_of(json)?;
        let raw: RawConfig = serde_json::from_value(json.clone()).map_err(ConfigError::Syntax)?;
        check_plain(&raw)?;
        let scaling = raw.rope_parameters.as_ref().or(raw.rope_scaling.as_ref());
        let theta_inside = scaling.and_then(|s| s.get("rope_theta")).and_then(Value::as_f64);
        let config = Self {
            d_model: raw.hidden_size,
            d_ffn: raw.intermediate_size,
            n_blocks: raw.num_hidden_layers,
            n_heads: raw.num_attention_heads,
            n_kv_heads: raw.num_key_value_heads.unwrap_or(raw.num_attention_heads),
            d_head: raw.head_dim.unwrap_or(raw.hidden_size / raw.num_attention_heads.max(1)),
            vocab_size: raw.vocab_size,
            max_positions: raw.max_position_embeddings,
            norm_eps: raw.rms_norm_eps,
            rope_theta: raw.rope_theta.or(theta_inside).unwrap_or(default_theta(layout)),
            rope_scaling: scaling.map(parse_scaling).transpose()?.flatten(),
            tied_head: raw.tie_word_embeddings,
            experts: layout
                .map(|layout| ExpertsConfig::from_json(json, layout))
                .transpose()?,
        };
        config.check()?;
        Ok(config)
    }

    /// The `config.json` of this shape, as transformers reads it.
    pub fn to_json(&self) -> Value {
        let (architecture, model_type) = match self.layout() {
            None => ("LlamaForCausalLM", "llama"),
            Some(layout @ ExpertLayout::Mixtral) => ("MixtralForCausalLM", layout.model_type()),
            Some(layout @ ExpertLayout::OlMoe) => ("OlmoeForCausalLM", layout.model_type()),
        };
        let mut json = serde_json::json!({
            "architectures": [architecture],
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
            json["rope_scaling"] = scaling_json(scaling);
        }
        json
    }

    /// Whose tensor names the model has, if it is a mixture of experts.
    pub fn layout(&self) -> Option<ExpertLayout> {
        self.experts.map(|experts| experts.layout)
    }

    /// What modules call the tensor `name` of a file; what selects parameters is written in these terms.
    pub fn module_path(&self, name: &str) -> String {
        self.layout()
            .map_or_else(|| name.to_owned(), |layout| layout.module_path(name))
    }

    /// Refuses mixtures of experts, for `what` knows dense models only.
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
        let positive = [
            ("hidden_size", self.d_model),
            ("intermediate_size", self.d_ffn),
            ("num_hidden_layers", self.n_blocks),
            ("num_attention_heads", self.n_heads),
            ("num_key_value_heads", self.n_kv_heads),
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_positions),
        ];
        for (field, value) in positive {
            if value == 0 || value > 1 << 32 {
                return Err(bad_value(field, value, "expected 1 to 2^32"));
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

/// The layout of the experts; nothing for a dense model.
fn layout_of(json: &Value) -> Result<Option<ExpertLayout>, ConfigError> {
    match json.get("model_type").and_then(Value::as_str) {
        None | Some("llama") => Ok(None),
        Some("mixtral") => Ok(Some(ExpertLayout::Mixtral)),
        Some("olmoe") => Ok(Some(ExpertLayout::OlMoe)),
        Some(found) => Err(ConfigError::UnknownFamily { found: found.into() }),
    }
}

/// What transformers takes for a missing base of the rotary frequencies.
fn default_theta(layout: Option<ExpertLayout>) -> f64 {
    match layout {
        Some(ExpertLayout::Mixtral) => 1e6,
        Some(ExpertLayout::OlMoe) | None => 10_000.0,
    }
}

/// Refuses variants of the family that this implementation would silently compute wrongly.
fn check_plain(raw: &RawConfig) -> Result<(), ConfigError> {
    if let Some(act) = raw.hidden_act.as_deref()
        && act != "silu"
    {
        return Err(bad_value("hidden_act", act, "expected silu"));
    }
    if raw.attention_bias {
        return Err(bad_value("attention_bias", true, "expected false"));
    }
    if raw.mlp_bias {
        return Err(bad_value("mlp_bias", true, "expected false"));
    }
    Ok(())
}

fn parse_scaling(json: &Value) -> Result<Option<RopeScaling>, ConfigError> {
    let kind = json
        .get("rope_type")
        .or_else(|| json.get("type"))
        .and_then(Value::as_str);
    let number = |field: &'static str| {
        json.get(field)
            .and_then(Value::as_f64)
            .filter(|x| x.is_finite() && *x > 0.0)
            .ok_or_else(|| {
                bad_value(
                    field,
                    json.get(field).unwrap_or(&Value::Null),
                    "expected a positive number",
                )
            })
    };
    match kind {
        None | Some("default") => Ok(None),
        Some("linear") => Ok(Some(RopeScaling::Linear {
            factor: number("factor")?,
        })),
        Some("llama3") => Ok(Some(RopeScaling::Llama3 {
            factor: number("factor")?,
            low_freq_factor: number("low_freq_factor")?,
            high_freq_factor: number("high_freq_factor")?,
            original_positions: number("original_max_position_embeddings")?,
        })),
        Some(other) => Err(bad_value("rope_type", other, "expected default, linear or llama3")),
    }
}

fn scaling_json(scaling: RopeScaling) -> Value {
    match scaling {
        RopeScaling::Linear { factor } => serde_json::json!({ "rope_type": "linear", "factor": factor }),
        RopeScaling::Llama3 {
            factor,
            low_freq_factor,
            high_freq_factor,
            original_positions,
        } => {
            serde_json::json!({
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": low_freq_factor,
                "high_freq_factor": high_freq_factor,
                "original_max_position_embeddings": original_positions as u64,
            })
        }
    }
}
