//! The places of a model's chat templates, and the choice among several.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::checkpoint::find_json;
use crate::error::IoContext;
use crate::{DataError, Result, read_text};

/// Name of the template for plain messages.
const DEFAULT: &str = "default";

/// Folder of further templates, which must not hide the one for plain messages.
const MORE: &str = "additional_chat_templates";

/// The template of a Hugging Face folder, from the first place that holds any.
pub(crate) fn of_folder(folder: &Path) -> Result<Option<String>> {
    let files = template_files(folder)?;
    if !files.is_empty() {
        return default_of(files, &folder.join(MORE)).map(Some);
    }
    let config_path = folder.join("tokenizer_config.json");
    let config = find_json(&config_path)?.unwrap_or(Json::Null);
    if let Some(template) = of_config(&config, &config_path)? {
        return Ok(Some(template));
    }
    let processor_path = folder.join("chat_template.json");
    match find_json(&processor_path)? {
        Some(processor) => of_config(&processor, &processor_path),
        None => Ok(None),
    }
}

/// The entry `chat_template` of a configuration: a template, a list of named ones, or an object of them.
pub(crate) fn of_config(config: &Json, path: &Path) -> Result<Option<String>> {
    let bad = |problem: &str| DataError::ChatTemplate {
        path: path.to_owned(),
        problem: problem.to_owned(),
    };
    let text = |template: &Json| template.as_str().map(str::to_owned);
    let named: Option<BTreeMap<String, String>> = match config.get("chat_template") {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::String(template)) => return Ok(Some(template.clone())),
        Some(Json::Array(templates)) => {
            let named = templates
                .iter()
                .map(|entry| Some((text(entry.get("name")?)?, text(entry.get("template")?)?)));
            named.collect()
        }
        Some(Json::Object(templates)) => {
            let named = templates
                .iter()
                .map(|(name, template)| Some((name.clone(), text(template)?)));
            named.collect()
        }
        Some(_) => None,
    };
    let named = named.ok_or_else(|| bad("\"chat_template\" is neither a text nor a list of names and templates"))?;
    default_of(named, path).map(Some)
}

/// The templates in separate files, by name.
fn template_files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut files = BTreeMap::new();
    let more = folder.join(MORE);
    if more.is_dir() {
        for entry in std::fs::read_dir(&more).during("list", &more)? {
            let path = entry.during("list", &more)?.path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .and_then(|name| name.strip_suffix(".jinja"));
            if let Some(name) = name {
                files.insert(name.to_owned(), read_text(&path)?);
            }
        }
    }
    let main = folder.join("chat_template.jinja");
    if main.is_file() {
        files.entry(DEFAULT.to_owned()).or_insert(read_text(&main)?);
    }
    Ok(files)
}

fn default_of(mut named: BTreeMap<String, String>, path: &Path) -> Result<String> {
    named.remove(DEFAULT).ok_or_else(|| {
        let names: Vec<&str> = named.keys().map(String::as_str).collect();
        DataError::ChatTemplate {
            path: path.to_owned(),
            problem: format!(
                "none is named {DEFAULT:?}, and only others are there ({})",
                names.join(", ")
            ),
        }
    })
}
