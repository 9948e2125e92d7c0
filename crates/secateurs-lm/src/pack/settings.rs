//! The settings of packing.

use secateurs_sparse::{Format, ValueType};

use crate::pack::error::PackError;

/// Settings of packing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PackConfig {
    /// Storage type of the weights of the blocks.
    pub values: ValueType,
    /// Storage type of the embedding and the output matrix. Nothing in them is zero, so they stay dense.
    pub head: ValueType,
    /// The choice of formats for the matrices of the blocks.
    pub format: FormatChoice,
    /// Readers of the result.
    pub layout: PackedLayout,
}

/// Readers of a packed model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackedLayout {
    /// This project alone: writes `packed.safetensors`, so that other readers find no weights.
    #[default]
    Own,
    /// This project and compressed-tensors up to 0.14.0.1, which reads `sparse-bitmask`: writes `model.safetensors`,
    /// with a `quantization_config`. Needs bitmaps of floats. Newer versions of it ignore the setting, and transformers
    /// then takes random weights.
    CompressedTensors,
}

/// The choice of formats for matrices.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FormatChoice {
    /// The format that was fastest in past measurements at this share of zeros: see
    /// [`choose`](secateurs_sparse::choose). Depends on the weights alone.
    #[default]
    BySparsity,
    /// The format that is fastest on this machine, timed once for matrices of the same shape and share of zeros.
    Measured,
    /// One format for all matrices.
    Always(Format),
}

impl Default for PackConfig {
    fn default() -> Self {
        Self {
            values: ValueType::F16,
            head: ValueType::F16,
            format: FormatChoice::BySparsity,
            layout: PackedLayout::Own,
        }
    }
}

impl PackConfig {
    /// Refuses settings that compressed-tensors could not read.
    pub(crate) fn check_layout(&self) -> Result<(), PackError> {
        let has_floats = [self.values, self.head].iter().all(|values| values.group().is_none());
        let has_bitmaps = self.format == FormatChoice::Always(Format::Bitmap);
        match self.layout {
            PackedLayout::CompressedTensors if !(has_floats && has_bitmaps) => Err(PackError::NotSparseBitmask),
            _ => Ok(()),
        }
    }
}
