//! Rotary settings of `config.json`: the base and the stretching of frequencies.
//!
//! Files give them in up to three places. As in transformers 5, `rope_scaling` counts before `rope_parameters` (the other one
//! is then not read at all), and a base inside them before the one outside.

use serde_json::{Value, json};

use super::error::{ConfigError, unknown_field};
use super::fields::Fields;

/// Stretching of rotary frequencies for long contexts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RopeScaling {
    /// Linear: every frequency is divided by `factor`.
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

/// Settings of the rotary positions in `config.json`.
pub(super) struct Rotary {
    pub(super) theta: f64,
    pub(super) scaling: Option<RopeScaling>,
}

impl Rotary {
    /// Reads the settings; `default_theta` is the base of a family whose file does not name one.
    pub(super) fn from_fields(fields: Fields<'_>, default_theta: f64) -> Result<Self, ConfigError> {
        let scaling = fields.inside("rope_scaling", "rope_scaling.")?;
        let parameters = fields.inside("rope_parameters", "rope_parameters.")?;
        let inner = scaling.or(parameters);
        let theta_inside = inner.map(|inner| inner.optional_number("rope_theta")).transpose()?;
        let theta_outside = fields.optional_number("rope_theta")?;
        let is_null = match inner.filter(|inner| inner.is_null("rope_theta")) {
            Some(_) => true,
            None => theta_inside.flatten().is_none() && fields.is_null("rope_theta"),
        };
        if is_null {
            return Err(fields.bad("rope_theta", &Value::Null, "expected a number above 1"));
        }
        Ok(Self {
            theta: theta_inside.flatten().or(theta_outside).unwrap_or(default_theta),
            scaling: inner.map(|inner| read_scaling(inner, fields)).transpose()?.flatten(),
        })
    }
}

/// Fields of every kind of stretching.
const COMMON: [&str; 4] = ["rope_type", "type", "rope_theta", "original_max_position_embeddings"];

/// Reads the stretching of frequencies from the object `inner` of the configuration `outer`.
fn read_scaling(inner: Fields<'_>, outer: Fields<'_>) -> Result<Option<RopeScaling>, ConfigError> {
    let name = if inner.get("rope_type").is_some() || inner.is_null("rope_type") {
        "rope_type"
    } else {
        "type"
    };
    if inner.is_null(name) {
        return Err(inner.bad(name, &Value::Null, "expected default, linear or llama3"));
    }
    let kind = inner.optional_text(name)?;
    match kind {
        None | Some("default") => {
            check_inside(inner, &[])?;
            Ok(None)
        }
        Some("linear") => {
            check_inside(inner, &["factor"])?;
            let factor = inner.number("factor")?;
            Ok(Some(RopeScaling::Linear { factor }))
        }
        Some("llama3") => {
            check_inside(inner, &["factor", "low_freq_factor", "high_freq_factor"])?;
            read_llama3(inner, outer).map(Some)
        }
        Some(other) => Err(inner.bad(name, &other.into(), "expected default, linear or llama3")),
    }
}

/// Refuses settings of other kinds of stretching. A factor of 1 and a whole head that turns are the same in every kind.
fn check_inside(inner: Fields<'_>, used: &[&str]) -> Result<(), ConfigError> {
    for (field, value) in inner.iter() {
        let is_one = matches!(field, "factor" | "partial_rotary_factor") && value.as_f64() == Some(1.0);
        if !(COMMON.contains(&field) || used.contains(&field) || is_one || value.is_null()) {
            return Err(unknown_field(inner.name(field), value));
        }
    }
    Ok(())
}

fn read_llama3(inner: Fields<'_>, outer: Fields<'_>) -> Result<RopeScaling, ConfigError> {
    const ORIGINAL: &str = "original_max_position_embeddings";
    let (inside, outside) = (inner.optional_number(ORIGINAL)?, outer.optional_number(ORIGINAL)?);
    if inside.zip(outside).is_some_and(|(inside, outside)| inside != outside) || outer.is_null(ORIGINAL) {
        // Versions 4 and 5 of transformers differ in which one counts.
        return Err(ConfigError::Disagree {
            first: inner.name(ORIGINAL),
            second: ORIGINAL.to_owned(),
        });
    }
    let original = inside.or(outside).ok_or_else(|| inner.missing(ORIGINAL))?;
    let (low, high) = (inner.number("low_freq_factor")?, inner.number("high_freq_factor")?);
    if high <= low {
        let expected = "expected a number above low_freq_factor";
        return Err(inner.bad("high_freq_factor", &json!(high), expected));
    }
    Ok(RopeScaling::Llama3 {
        factor: inner.number("factor")?,
        low_freq_factor: low,
        high_freq_factor: high,
        original_positions: original,
    })
}

impl RopeScaling {
    /// The `rope_scaling` of a `config.json`.
    pub(super) fn to_json(self) -> Value {
        match self {
            Self::Linear { factor } => json!({ "rope_type": "linear", "factor": factor }),
            Self::Llama3 {
                factor,
                low_freq_factor,
                high_freq_factor,
                original_positions,
            } => json!({
                "rope_type": "llama3",
                "factor": factor,
                "low_freq_factor": low_freq_factor,
                "high_freq_factor": high_freq_factor,
                "original_max_position_embeddings": whole(original_positions),
            }),
        }
    }
}

/// A whole number without a decimal point, as programs expect here.
fn whole(number: f64) -> Value {
    let rounded = number as u64;
    match rounded as f64 == number {
        true => rounded.into(),
        false => number.into(),
    }
}
