//! The tensors of a checkpoint by name.

use std::collections::BTreeMap;

use crate::TensorInfo;

/// The tensors of a checkpoint under the model's names for them, with their places.
#[derive(Debug)]
pub(crate) struct TensorList {
    /// Entries in the order of the files.
    entries: Vec<Entry>,
    /// Index of the entry with each name.
    numbers: BTreeMap<String, usize>,
}

#[derive(Debug)]
struct Entry {
    info: TensorInfo,
    /// Index of the file, and of the tensor in that file.
    place: (usize, usize),
}

impl TensorList {
    /// All tensors of the files.
    pub(crate) fn new<'a>(files: impl Iterator<Item = impl Iterator<Item = &'a TensorInfo>>) -> Self {
        let entries = files.enumerate().flat_map(|(file, tensors)| {
            tensors.enumerate().map(move |(tensor, info)| Entry {
                info: info.clone(),
                place: (file, tensor),
            })
        });
        let mut list = Self {
            entries: entries.collect(),
            numbers: BTreeMap::new(),
        };
        list.count();
        list
    }

    pub(crate) fn infos(&self) -> impl Iterator<Item = &TensorInfo> {
        self.entries.iter().map(|entry| &entry.info)
    }

    pub(crate) fn info(&self, name: &str) -> Option<&TensorInfo> {
        self.numbers.get(name).map(|&number| &self.entries[number].info)
    }

    /// Index of the file that holds the tensor, and of the tensor in that file.
    pub(crate) fn place(&self, name: &str) -> Option<(usize, usize)> {
        self.numbers.get(name).map(|&number| self.entries[number].place)
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.entries.retain(|entry| entry.info.name != name);
        self.count();
    }

    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        for entry in &mut self.entries {
            if entry.info.name == from {
                to.clone_into(&mut entry.info.name);
            }
        }
        self.count();
    }

    fn count(&mut self) {
        let names = self.entries.iter().map(|entry| entry.info.name.clone());
        self.numbers = names.zip(0..).collect();
    }
}
