//! First sentences of documentation.

use serde_json::{Value, json};

use crate::tree::Source;

/// Openings of a sentence that cannot be read alone.
const OPENINGS: [&str; 7] = ["What ", "Which ", "How ", "Of ", "Those ", "The same", "By "];

/// Counts doc comments, and those that begin with an opening that cannot be read alone.
pub fn measure(sources: &[Source]) -> Value {
    let firsts = || sources.iter().flat_map(|source| first_lines(source.text));
    let weak = firsts().filter(|(_, line)| first_word_problem(line).is_some()).count();
    let all = firsts().count();
    json!({ "comments": all, "weak_openings": weak, "percent": 100.0 * weak as f64 / all.max(1) as f64 })
}

/// The opening, if the sentence cannot be read alone.
pub fn first_word_problem(line: &str) -> Option<&'static str> {
    OPENINGS.into_iter().find(|opening| line.starts_with(opening))
}

/// The first line of each doc comment, with its number from 1.
pub fn first_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut was_doc = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        let is_first = doc.is_some() && !was_doc;
        was_doc = doc.is_some();
        doc.filter(|_| is_first).map(|doc| (index + 1, doc.trim()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_first_lines_count() {
        let text = "/// Of the sampler.\n/// What follows.\nfn a() {}\n\n//! Seeds.\n";
        let source = Source { path: "a.rs", text };
        let expected = json!({ "comments": 2, "weak_openings": 1, "percent": 50.0 });
        assert_eq!(measure(&[source]), expected);
    }
}
