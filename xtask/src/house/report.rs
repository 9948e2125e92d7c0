//! The numbers as text.

use std::fmt::Write;

use serde_json::Value;

/// Writes one line per number, and all places if `with_places`.
pub fn write(measures: &Value, with_places: bool) -> String {
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").expect("a string grows");
    let spread = |name: &str| {
        let spread = &measures[name];
        format!("{} / {} / {}", spread["median"], spread["p90"], spread["max"])
    };
    line(format!("files: {}", measures["files"]));
    line(format!(
        "code lines per file, median / p90 / max: {}",
        spread("file_code_lines")
    ));
    line(format!("functions with a body: {}", measures["functions"]));
    line(format!(
        "lines per function, median / p90 / max: {}",
        spread("function_lines")
    ));
    let tuples = &measures["tuple_arguments"];
    line(format!(
        "functions with a tuple as an argument: {} ({} %)",
        tuples["count"],
        percent(tuples)
    ));
    let public = &measures["public_items"];
    line(format!(
        "public items: {}, and {} members",
        public["items"], public["members"]
    ));
    let docs = &measures["docs"];
    line(format!(
        "first sentences that cannot be read alone: {} of {} ({} %)",
        docs["weak"],
        docs["comments"],
        percent(docs)
    ));
    line(format!(
        "folders over 15 files: {}",
        list(&measures["full_folders"]).len()
    ));
    for folder in list(&measures["full_folders"]) {
        line(format!("  {}: {}", words(&folder["path"]), folder["files"]));
    }
    line(format!("circles of files: {}", list(&measures["circles"]).len()));
    for circle in list(&measures["circles"]) {
        line(format!(
            "  {}",
            list(circle).iter().map(words).collect::<Vec<_>>().join(", ")
        ));
    }
    for route in list(&measures["routes"]) {
        line(format!("files {}: {}", words(&route["name"]), route["count"]));
        list(&route["files"])
            .iter()
            .for_each(|file| line(format!("  {}", words(file))));
    }
    line("code lines per crate:".to_owned());
    for (name, lines) in measures["crate_code_lines"].as_object().into_iter().flatten() {
        line(format!("  {name}: {lines}"));
    }
    if with_places {
        line("functions with a tuple as an argument:".to_owned());
        list(&tuples["list"])
            .iter()
            .for_each(|place| line(format!("  {}", words(place))));
        line("first sentences that cannot be read alone:".to_owned());
        list(&docs["list"])
            .iter()
            .for_each(|place| line(format!("  {}", words(place))));
    }
    text
}

fn percent(value: &Value) -> String {
    format!("{:.1}", value["percent"].as_f64().unwrap_or(0.0))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn words(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
