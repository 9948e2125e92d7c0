//! A model split over several safetensors files, and the index that lists the file of each tensor.

use std::collections::{BTreeSet, HashSet};
use std::path::{Component, Path, PathBuf};

use serde::Deserialize;

use super::json::UniqueMap;
use super::{MODEL_FILE, PACKED_FILE, SafetensorsFile};
use crate::error::{IoContext, malformed};
use crate::{DataError, Result};

/// File name of the index.
pub(crate) const INDEX_FILE: &str = "model.safetensors.index.json";

/// All files of a model.
#[derive(Debug)]
pub(crate) struct Shards {
    pub(crate) files: Vec<SafetensorsFile>,
}

#[derive(Deserialize)]
struct Index {
    weight_map: UniqueMap<String>,
}

impl Shards {
    /// Opens the model in `folder`: `model.safetensors`, else `packed.safetensors`, else the files in the index.
    pub(crate) fn open(folder: &Path) -> Result<Self> {
        for single in [MODEL_FILE, PACKED_FILE].map(|name| folder.join(name)) {
            if single.exists() {
                return Self::open_single(&single);
            }
        }
        let index = folder.join(INDEX_FILE);
        if index.exists() {
            return Self::open_index(folder, &index);
        }
        Err(DataError::NoModel {
            path: folder.to_owned(),
            looked_for: format!("expected {MODEL_FILE}, {INDEX_FILE} or one .gguf file"),
        })
    }

    fn open_single(path: &Path) -> Result<Self> {
        Ok(Self {
            files: vec![SafetensorsFile::open(path)?],
        })
    }

    /// Opens the files in the index. As in transformers, all their tensors are the model, whether the index names them
    /// or not; a name of the index that its file lacks is missing only to who needs it.
    fn open_index(folder: &Path, path: &Path) -> Result<Self> {
        let bad = |problem| malformed(path, "safetensors index", problem);
        let text = std::fs::read_to_string(path).during("read", path)?;
        let Index {
            weight_map: UniqueMap(entries),
        } = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
        let names: BTreeSet<String> = entries.into_iter().map(|(_, shard)| shard).collect();
        let mut files = Vec::new();
        let mut seen = HashSet::new();
        for shard in &names {
            let shard_path = plain_file(folder, shard).ok_or_else(|| bad(format!("{shard:?} is not a file name")))?;
            let file = SafetensorsFile::open(&shard_path)?;
            if let Some(info) = file.tensors().find(|info| !seen.insert(info.name.clone())) {
                return Err(bad(format!(
                    "tensor {:?} is in {shard} and in another shard",
                    info.name
                )));
            }
            files.push(file);
        }
        Ok(Self { files })
    }
}

/// `folder/name` if `name` names a file directly in the folder, on any system.
fn plain_file(folder: &Path, name: &str) -> Option<PathBuf> {
    let mut components = Path::new(name).components();
    let plain = matches!(
        (components.next(), components.next()),
        (Some(Component::Normal(_)), None)
    );
    (plain && !name.contains(['/', '\\', ':', '\0'])).then(|| folder.join(name))
}

/// The index of `tensors` (name, shard file) with `total_size` bytes of data.
pub(crate) fn index_json<'a>(tensors: impl Iterator<Item = (&'a str, String)>, total_size: u64) -> Vec<u8> {
    let weight_map: serde_json::Map<String, serde_json::Value> =
        tensors.map(|(name, file)| (name.to_owned(), file.into())).collect();
    let index = serde_json::json!({ "metadata": { "total_size": total_size }, "weight_map": weight_map });
    serde_json::to_vec_pretty(&index).expect("strings and numbers serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shard_names_stay_in_their_folder() {
        let folder = Path::new("folder");
        for name in ["", ".", "..", "../a", "a/b", "/a", "a\\b", "C:a", "a/", "./a", "a\0b"] {
            assert_eq!(plain_file(folder, name), None, "{name:?}");
        }
        assert_eq!(
            plain_file(folder, "model-00001-of-00002.safetensors"),
            Some(folder.join("model-00001-of-00002.safetensors"))
        );
    }
}
