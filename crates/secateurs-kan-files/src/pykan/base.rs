//! The function that edges add to their splines.

use std::path::Path;

use super::unsupported;
use super::yaml::{Node, Value};
use crate::KanFileError;

/// The function that edges add to their splines, if it is one that networks have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    Silu,
    /// No function.
    Zero,
}

impl Base {
    /// Reads the name of a function, or the object that PyYAML writes for a function or module of Python, as
    /// `prune_input` does.
    pub(super) fn read(node: &Node, path: &Path) -> Result<Self, KanFileError> {
        let refuse = |what: &str| Err(unsupported(path, format!("the base function {what}")));
        let (kind, name) = match (node.tag.as_str(), node.text()) {
            ("", Some(name)) => ("", name),
            (tag, _) => tag.split_once(':').unwrap_or(("", tag)),
        };
        match (kind, name) {
            ("", "silu") => Ok(Self::Silu),
            ("", "zero") => Ok(Self::Zero),
            ("!!python/object", "torch.nn.modules.activation.SiLU") => match find_alteration(node) {
                None => Ok(Self::Silu),
                Some(key) => refuse(&format!("{name} with {key}")),
            },
            ("!!python/name", "torch.nn.functional.silu") => Ok(Self::Silu),
            // The only function of that module that is nameless and a base function: pykan's `zero`.
            ("!!python/name", "kan.MultKAN.<lambda>") => Ok(Self::Zero),
            (_, name) => refuse(name),
        }
    }
}

/// Finds a setting that makes a module another function: one that writes over its input, or one with hooks.
fn find_alteration(module: &Node) -> Option<&str> {
    let Value::Map(settings) = &module.value else {
        return None;
    };
    let is_empty = |node: &Node| match &node.value {
        Value::List(items) => items
            .iter()
            .all(|item| matches!(&item.value, Value::List(items) if items.is_empty())),
        Value::Map(entries) => entries.is_empty(),
        Value::Scalar(text) => text.is_empty() || text == "null",
    };
    let acts = |(key, value): &&(String, std::rc::Rc<Node>)| match key.as_str() {
        "inplace" => value.text() != Some("false"),
        "_forward_hooks" | "_forward_pre_hooks" => !is_empty(value),
        _ => false,
    };
    settings.iter().find(acts).map(|(key, _)| key.as_str())
}
