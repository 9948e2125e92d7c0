//! The configuration of a packed model.

use secateurs_data::{FloatType, float_config};
use secateurs_sparse::Format;
use serde_json::{Value, json};

use crate::pack::matrix::{PackedInfo, float_type};
use crate::pack::settings::{PackConfig, PackedLayout};

/// The configuration of the result, with its number format and the mark of packing.
pub(crate) fn packed_config(config: Value, infos: &[PackedInfo], wanted: &PackConfig) -> Value {
    // Integers become single precision when they are read.
    let float_type = float_type(wanted.values).unwrap_or(FloatType::F32);
    let mut config = float_config(config, float_type);
    let Some(fields) = config.as_object_mut() else {
        return config;
    };
    fields.shift_remove("secateurs");
    if infos.iter().all(PackedInfo::is_plain) {
        return config;
    }
    fields.insert("secateurs".to_owned(), json!({ "packed": 1 }));
    if wanted.layout == PackedLayout::CompressedTensors {
        fields.insert("quantization_config".to_owned(), sparse_bitmask(infos));
    }
    config
}

/// The quantisation settings of the result in the terms of compressed-tensors.
fn sparse_bitmask(infos: &[PackedInfo]) -> Value {
    let blocks = infos.iter().filter(|info| info.block.is_some());
    let (zeros, all) = blocks.fold((0.0, 0.0), |(zeros, all), info| {
        let size = (info.dims[0] * info.dims[1]) as f64;
        (zeros + info.sparsity * size, all + size)
    });
    let dense = infos.iter().filter(|info| info.format == Format::Dense);
    let ignore: Vec<&str> = dense.map(|info| info.name.trim_end_matches(".weight")).collect();
    let sparsity = json!({
        "format": "sparse-bitmask",
        "targets": ["Linear"],
        "ignore": ignore,
        "global_sparsity": if all > 0.0 { zeros / all } else { 0.0 },
        "sparsity_structure": "unstructured",
    });
    json!({ "quant_method": "compressed-tensors", "format": "dense", "sparsity_config": sparsity })
}
