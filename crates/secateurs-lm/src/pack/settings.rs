//! The settings of packing.

use secateurs_sparse::{Format, ValueType};

use crate::pack::error::PackError;

/// Settings of packing.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PackConfig {
    /// Storage of the weights of the blocks.
    pub values: ValueType,
    /// Storage of the embedding and the output matrix. Nothing in them is zero, so they stay dense.
    pub head: ValueType,
    /// The way in which formats are found for the matrices of the blocks.
    pub format: FormatChoice,
    /// Readers for whom the result is laid out.
    pub layout: PackedLayout,
}

/// Readers for whom a packed model is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackedLayout {
    /// For this project alone: in `packed.safetensors`, so that other readers find no weights.
    #[default]
    Own,
    /// Also for compressed-tensors up to 0.14.0.1, which reads `sparse-bitmask`: in `model.safetensors`, with a
    /// `quantization_config`. Needs bitmaps of floats. Newer versions of it ignore the setting, and transformers then takes
    /// random weights.
    CompressedTensors,
}

/// The way in which formats are found for matrices.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum FormatChoice {
    /// By the share of zeros, from which on a format was faster when it was measured once: see
    /// [`choose`](secateurs_sparse::choose). Depends on the weights alone.
    #[default]
    BySparsity,
    /// By timing all formats on this machine, once for matrices of the same shape and share of zeros.
    Measured,
    /// This one for all.
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
    /// Refuses what compressed-tensors could not read.
    pub(crate) fn check_layout(&self) -> Result<(), PackError> {
        let has_floats = [self.values, self.head].iter().all(|values| values.group().is_none());
        let has_bitmaps = self.format == FormatChoice::Always(Format::Bitmap);
        match self.layout {
            PackedLayout::CompressedTensors if !(has_floats && has_bitmaps) => Err(PackError::NotSparseBitmask),
            _ => Ok(()),
        }
    }
}
