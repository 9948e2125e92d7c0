//! Mixtures of experts in the place of SwiGLU layers.

use serde_json::{Value, json};

use super::error::{ConfigError, bad_value};
use super::fields::Fields;

/// The mixture of experts that every block has instead of one SwiGLU layer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpertsConfig {
    /// Experts of a block, each a SwiGLU layer of width `d_ffn`.
    pub n_experts: usize,
    /// Experts that answer a token.
    pub top_k: usize,
    /// Whether the gates of the experts that answer a token sum to 1, as always in Mixtral; if not, the gates of all
    /// experts do.
    pub normalised: bool,
    /// Weight of the load-balancing loss in training.
    pub balance_weight: f64,
    /// The family, which determines tensor names and attention.
    pub layout: ExpertLayout,
}

/// The families of mixtures of experts that are read and written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpertLayout {
    /// Mixtral: attention as in Llama.
    Mixtral,
    /// OLMoE: queries and keys are normalised before they are split into heads.
    OlMoe,
}

impl ExpertLayout {
    /// The `model_type` of a `config.json`.
    pub fn model_type(self) -> &'static str {
        match self {
            Self::Mixtral => "mixtral",
            Self::OlMoe => "olmoe",
        }
    }

    /// Whether queries and keys are normalised.
    pub fn has_attention_norms(self) -> bool {
        self == Self::OlMoe
    }

    /// The name in files of the parameter that modules call `path`.
    ///
    /// # Examples
    ///
    /// ```
    /// use secateurs_data::llama::ExpertLayout;
    ///
    /// let path = "model.layers.0.moe.experts.3.up_proj.weight";
    /// let name = "model.layers.0.block_sparse_moe.experts.3.w3.weight";
    /// assert_eq!(ExpertLayout::Mixtral.file_name(path), name);
    /// assert_eq!(ExpertLayout::Mixtral.module_path(name), path);
    /// ```
    pub fn file_name(self, path: &str) -> String {
        self.translate(path, |(module, file)| (module, file))
    }

    /// The path in modules of the tensor `name` of a file: the same in all layouts.
    pub fn module_path(self, name: &str) -> String {
        self.translate(name, |(module, file)| (file, module))
    }

    /// Translates the mixture's components of a dotted name; names outside mixtures stay.
    fn translate(self, name: &str, direction: fn(Pair) -> Pair) -> String {
        let pairs = self.components().iter().copied().map(direction);
        let (mixture, _) = direction(self.components()[0]);
        let inside = name.split('.').any(|component| component == mixture);
        let translated = name.split('.').map(|component| {
            let mut pairs = pairs.clone();
            let found = pairs.find(|(from, _)| inside && *from == component);
            found.map_or(component, |(_, to)| to)
        });
        translated.collect::<Vec<_>>().join(".")
    }

    /// Components of names in modules and in files; the mixture itself is the first.
    fn components(self) -> &'static [Pair] {
        match self {
            Self::Mixtral => &[
                (MIXTURE, "block_sparse_moe"),
                ("gate_proj", "w1"),
                ("up_proj", "w3"),
                ("down_proj", "w2"),
            ],
            Self::OlMoe => &[(MIXTURE, "mlp")],
        }
    }
}

/// Name of a mixture in modules.
const MIXTURE: &str = "moe";

type Pair = (&'static str, &'static str);

impl ExpertsConfig {
    /// Reads the fields of `config.json` about experts.
    pub(super) fn from_fields(fields: Fields<'_>, layout: ExpertLayout) -> Result<Self, ConfigError> {
        let normalised = fields.optional_flag("norm_topk_prob")?;
        if layout == ExpertLayout::Mixtral && normalised == Some(false) {
            return Err(bad_value("norm_topk_prob", false, "expected true, as in every Mixtral"));
        }
        let experts = Self {
            n_experts: n_experts(fields, layout)?,
            top_k: count(fields, "num_experts_per_tok")?,
            normalised: layout == ExpertLayout::Mixtral || normalised.unwrap_or(false),
            balance_weight: weight(fields, "router_aux_loss_coef", layout)?,
            layout,
        };
        if experts.top_k > experts.n_experts {
            return Err(bad_value(
                "num_experts_per_tok",
                experts.top_k,
                "expected no more than there are experts",
            ));
        }
        Ok(experts)
    }

    /// Writes the fields that only mixtures have.
    pub(super) fn write(&self, json: &mut Value) {
        let fields = match self.layout {
            ExpertLayout::Mixtral => json!({
                "num_local_experts": self.n_experts,
                "num_experts_per_tok": self.top_k,
                "router_aux_loss_coef": self.balance_weight,
                "sliding_window": null,
            }),
            ExpertLayout::OlMoe => json!({
                "num_experts": self.n_experts,
                "num_experts_per_tok": self.top_k,
                "norm_topk_prob": self.normalised,
                "router_aux_loss_coef": self.balance_weight,
                "attention_bias": false,
                "clip_qkv": null,
            }),
        };
        let fields = fields.as_object().into_iter().flatten();
        fields.for_each(|(field, value)| json[field] = value.clone());
    }
}

/// The number of experts, from this family's field or the other family's, as transformers takes both.
fn n_experts(fields: Fields<'_>, layout: ExpertLayout) -> Result<usize, ConfigError> {
    let (own, other) = match layout {
        ExpertLayout::Mixtral => ("num_local_experts", "num_experts"),
        ExpertLayout::OlMoe => ("num_experts", "num_local_experts"),
    };
    // In transformers the name of the other family is set last, also to null.
    if let Some(field) = [own, other].into_iter().find(|field| fields.is_null(field)) {
        return Err(bad_value(field, "null", "expected 1 to 2^16"));
    }
    match (fields.get(own), fields.get(other)) {
        (None, Some(_)) => count(fields, other),
        (Some(first), Some(second)) if first != second => Err(ConfigError::Disagree {
            first: own.to_owned(),
            second: other.to_owned(),
        }),
        _ => count(fields, own),
    }
}

fn count(fields: Fields<'_>, field: &'static str) -> Result<usize, ConfigError> {
    let count = fields.count(field)?;
    match count < 1 << 16 {
        true => Ok(count),
        false => Err(bad_value(field, count, "expected 1 to 2^16")),
    }
}

/// The weight of the balancing loss; a missing field means transformers' default.
fn weight(fields: Fields<'_>, field: &'static str, layout: ExpertLayout) -> Result<f64, ConfigError> {
    let Some(value) = fields.get(field) else {
        return Ok(match layout {
            ExpertLayout::Mixtral => 0.001,
            ExpertLayout::OlMoe => 0.01,
        });
    };
    let valid = value.as_f64().filter(|weight| weight.is_finite() && *weight >= 0.0);
    valid.ok_or_else(|| fields.bad(field, value, "expected a number of 0 or more"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LAYOUTS: [ExpertLayout; 2] = [ExpertLayout::Mixtral, ExpertLayout::OlMoe];

    #[test]
    fn names_go_there_and_back() {
        let names = [
            ["moe.gate.weight", "block_sparse_moe.gate.weight", "mlp.gate.weight"],
            [
                "model.layers.1.moe.experts.10.gate_proj.weight",
                "model.layers.1.block_sparse_moe.experts.10.w1.weight",
                "model.layers.1.mlp.experts.10.gate_proj.weight",
            ],
            [
                "model.layers.1.moe.experts.0.down_proj.weight",
                "model.layers.1.block_sparse_moe.experts.0.w2.weight",
                "model.layers.1.mlp.experts.0.down_proj.weight",
            ],
            [
                "model.layers.1.self_attn.q_proj.weight",
                "model.layers.1.self_attn.q_proj.weight",
                "model.layers.1.self_attn.q_proj.weight",
            ],
        ];
        for [path, mixtral, olmoe] in names {
            for (layout, name) in LAYOUTS.into_iter().zip([mixtral, olmoe]) {
                assert_eq!(layout.file_name(path), name);
                assert_eq!(layout.module_path(name), path);
            }
        }
    }

    fn read(json: &Value, layout: ExpertLayout) -> Result<ExpertsConfig, ConfigError> {
        ExpertsConfig::from_fields(Fields::of(json)?, layout)
    }

    #[test]
    fn what_is_written_is_read_again() {
        for layout in LAYOUTS {
            for normalised in [true, false] {
                let experts = ExpertsConfig {
                    n_experts: 5,
                    top_k: 2,
                    normalised: normalised || layout == ExpertLayout::Mixtral,
                    balance_weight: 0.25,
                    layout,
                };
                let mut json = json!({});
                experts.write(&mut json);
                assert_eq!(read(&json, layout).expect("it was written"), experts);
            }
        }
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        let wrong = [
            ("num_local_experts", json!(0)),
            ("num_local_experts", Value::Null),
            ("num_experts_per_tok", json!(0)),
            ("num_experts_per_tok", json!(5)),
            ("router_aux_loss_coef", json!(-1.0)),
            ("norm_topk_prob", json!(false)),
            ("num_experts", json!(3)),
        ];
        for (field, value) in wrong {
            let mut json = json!({ "num_local_experts": 4, "num_experts_per_tok": 2 });
            json[field] = value;
            let error = read(&json, ExpertLayout::Mixtral).expect_err(field);
            assert!(error.to_string().contains(field), "{error}");
        }
    }

    #[test]
    fn the_name_of_the_other_family_counts_where_it_is_alone() {
        for (layout, name) in LAYOUTS.into_iter().zip(["num_experts", "num_local_experts"]) {
            let json = json!({ name: 7, "num_experts_per_tok": 2 });
            assert_eq!(read(&json, layout).expect("a mixture").n_experts, 7);
        }
    }
}
