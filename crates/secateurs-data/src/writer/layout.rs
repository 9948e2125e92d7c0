//! The layout of planned tensors: the shards, their headers and the position of every tensor.

use std::collections::BTreeMap;

use super::PlannedTensor;
use crate::safetensors::{INDEX_FILE, MODEL_FILE, header_bytes, index_json};
use crate::{DataError, FloatType, Result};

/// All facts about the files that follow from the plan.
#[derive(Debug)]
pub(super) struct Layout {
    pub(super) shards: Vec<Shard>,
    pub(super) places: BTreeMap<String, Place>,
    /// Name and content of the index, if there is more than one shard.
    pub(super) index: Option<(&'static str, Vec<u8>)>,
}

/// One safetensors file.
#[derive(Debug)]
pub(super) struct Shard {
    pub(super) file_name: String,
    pub(super) header: Vec<u8>,
    pub(super) file_bytes: u64,
}

/// The place of a tensor's values.
#[derive(Debug)]
pub(super) struct Place {
    /// Index in the plan.
    pub(super) planned: usize,
    pub(super) shard: usize,
    /// Position in the shard's file.
    pub(super) offset: u64,
}

impl Layout {
    pub(super) fn new(plan: &[PlannedTensor], float_type: FloatType, max_shard_bytes: u64) -> Result<Self> {
        let groups = group(plan, float_type, max_shard_bytes)?;
        let mut layout = Self {
            shards: Vec::new(),
            places: BTreeMap::new(),
            index: None,
        };
        let mut planned = 0;
        for (number, group) in groups.iter().enumerate() {
            let names = group
                .iter()
                .map(|tensor| (tensor.name.as_str(), tensor.shape.as_slice()));
            let header = header_bytes(names, float_type.safetensors_name())?;
            let mut offset = header.len() as u64;
            for tensor in *group {
                let place = Place {
                    planned,
                    shard: number,
                    offset,
                };
                if layout.places.insert(tensor.name.clone(), place).is_some() {
                    return Err(invalid(tensor, "its name is taken"));
                }
                planned += 1;
                offset += bytes_of(tensor, float_type)?;
            }
            let file_name = shard_name(number, groups.len());
            layout.shards.push(Shard {
                file_name,
                header,
                file_bytes: offset,
            });
        }
        if layout.shards.len() > 1 {
            layout.index = Some((INDEX_FILE, layout.index_content()));
        }
        Ok(layout)
    }

    fn index_content(&self) -> Vec<u8> {
        let data: u64 = self
            .shards
            .iter()
            .map(|shard| shard.file_bytes - shard.header.len() as u64)
            .sum();
        let files = self
            .places
            .iter()
            .map(|(name, place)| (name.as_str(), self.shards[place.shard].file_name.clone()));
        index_json(files, data)
    }

    /// Bytes of all files together.
    pub(super) fn total_bytes(&self) -> u64 {
        self.shards
            .iter()
            .map(|shard| shard.file_bytes)
            .fold(0, u64::saturating_add)
    }
}

/// Splits the plan, in order, so that each part but a single large tensor stays within `max_bytes`.
fn group(plan: &[PlannedTensor], float_type: FloatType, max_bytes: u64) -> Result<Vec<&[PlannedTensor]>> {
    let mut groups = Vec::new();
    let mut start = 0;
    let mut size = 0u64;
    for (i, tensor) in plan.iter().enumerate() {
        let bytes = bytes_of(tensor, float_type)?;
        let grown = size
            .checked_add(bytes)
            .ok_or_else(|| invalid(tensor, "it is too large"))?;
        if grown > max_bytes && i > start {
            groups.push(&plan[start..i]);
            start = i;
            size = bytes;
        } else {
            size = grown;
        }
    }
    groups.push(&plan[start..]);
    Ok(groups)
}

fn bytes_of(tensor: &PlannedTensor, float_type: FloatType) -> Result<u64> {
    let values = tensor.shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
    values
        .and_then(|values| (values as u64).checked_mul(float_type.size() as u64))
        // Files and slices are limited to half of the address space.
        .filter(|&bytes| bytes <= isize::MAX as u64)
        .ok_or_else(|| invalid(tensor, "it is too large"))
}

fn invalid(tensor: &PlannedTensor, problem: &'static str) -> DataError {
    DataError::InvalidPlan {
        name: tensor.name.clone(),
        shape: tensor.shape.clone(),
        problem,
    }
}

fn shard_name(number: usize, of: usize) -> String {
    if of == 1 {
        MODEL_FILE.to_owned()
    } else {
        format!("model-{:05}-of-{of:05}.safetensors", number + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(sizes: &[usize]) -> Vec<PlannedTensor> {
        let tensor = |(i, &n)| PlannedTensor {
            name: format!("t{i}"),
            shape: vec![n],
        };
        sizes.iter().enumerate().map(tensor).collect()
    }

    #[test]
    fn shards_fill_up_to_the_limit_and_no_further() {
        let layout = Layout::new(&plan(&[2, 2, 1, 9, 1]), FloatType::F32, 16).expect("valid");
        let shards: Vec<usize> = (0..5).map(|i| layout.places[&format!("t{i}")].shard).collect();
        assert_eq!(shards, [0, 0, 1, 2, 3]);
        assert_eq!(layout.shards[2].file_name, "model-00003-of-00004.safetensors");
    }

    #[test]
    fn an_impossible_plan_is_refused() {
        for shape in [vec![usize::MAX, 2], vec![usize::MAX], vec![1 << 40, 1 << 40]] {
            let plan = [PlannedTensor {
                name: "w".into(),
                shape,
            }];
            assert!(matches!(
                Layout::new(&plan, FloatType::F16, 1),
                Err(DataError::InvalidPlan { .. })
            ));
        }
        let twice = [plan(&[1]), plan(&[1])].concat();
        for max in [1, 100] {
            assert!(matches!(
                Layout::new(&twice, FloatType::F16, max),
                Err(DataError::InvalidPlan { .. })
            ));
        }
    }

    #[test]
    fn an_empty_plan_is_one_empty_file() {
        let layout = Layout::new(&[], FloatType::F16, 1).expect("valid");
        assert_eq!(layout.shards.len(), 1);
        assert_eq!(layout.shards[0].file_bytes, layout.shards[0].header.len() as u64);
    }
}
