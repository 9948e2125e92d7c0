//! First sentences of documentation.

use serde_json::{Value, json};

use crate::tree::Source;

/// Openings after which a sentence is neither a noun phrase nor a verb with its object: question words, pronouns,
/// prepositions and conjunctions.
///
/// Together they stand at 0.4 % of the first sentences of burn, rayon, regex, serde, clap, tokenizers, ndarray and hashbrown,
/// each at less than 0.2 %. `When`, `This` and `Whether` are more frequent there, and allowed.
const OPENINGS: [&[&str]; 5] = [
    &[
        "What", "Whatever", "Whenever", "Where", "Wherever", "Which", "Who", "Whoever", "How", "Why",
    ],
    &[
        "All of", "All that", "Anything", "Her", "His", "It", "Its", "Most", "None", "Nothing", "Same", "Such", "That",
        "The one", "The ones", "The same", "Their", "Them", "There", "These", "They", "Those",
    ],
    &["Everything", "More than", "Something"],
    &[
        "Above", "Across", "After", "Against", "Along", "Around", "As", "At", "Before", "Below", "Beside", "Besides",
        "Between", "Beyond", "By", "During", "For", "From", "In", "Inside", "Into", "Of", "On", "Outside", "Over",
        "Per", "Through", "To", "Under", "Up to", "Upon", "With", "Within", "Without",
    ],
    &[
        "Also", "Although", "And", "Because", "But", "Likewise", "Or", "Since", "So", "Than", "Then", "Though",
        "Unless", "Unlike", "Until", "While",
    ],
];

/// Phrases that leave a noun to the reader, anywhere in the first sentence.
const ELLIPSES: [&str; 10] = [
    "of what",
    "of which",
    "on what",
    "that of",
    "those that",
    "what is",
    "what it",
    "what the",
    "what they",
    "what was",
];

/// A first sentence that cannot be read alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeakSentence<'a> {
    pub path: &'a str,
    /// Line of its first word, from 1.
    pub line: usize,
    pub text: String,
    /// The opening or phrase that the rule refuses.
    pub fault: &'static str,
}

/// Counts doc comments, and lists the ones whose first sentence cannot be read alone.
pub fn measure(sources: &[Source]) -> Value {
    let all = count(sources);
    let weak: Vec<String> = find_weak(sources)
        .map(|sentence| format!("{}:{}: {}", sentence.path, sentence.line, sentence.text))
        .collect();
    let percent = 100.0 * weak.len() as f64 / all.max(1) as f64;
    json!({ "comments": all, "weak": weak.len(), "percent": percent, "list": weak })
}

/// Number of doc comments.
pub fn count(sources: &[Source]) -> usize {
    sources.iter().map(|source| comments(source.text).len()).sum()
}

/// The first sentences that cannot be read alone, file by file.
pub fn find_weak<'a>(sources: &'a [Source<'a>]) -> impl Iterator<Item = WeakSentence<'a>> {
    let comments = sources
        .iter()
        .flat_map(|source| comments(source.text).into_iter().map(|comment| (source.path, comment)));
    comments.filter_map(|(path, Comment { line, lines })| {
        let text = first_sentence(&lines);
        let fault = find_fault(&text)?;
        Some(WeakSentence {
            path,
            line,
            text,
            fault,
        })
    })
}

struct Comment<'a> {
    line: usize,
    lines: Vec<&'a str>,
}

/// The doc comments of a file: groups of consecutive lines.
fn comments(text: &str) -> Vec<Comment<'_>> {
    let mut all: Vec<Comment> = Vec::new();
    let mut was_doc = false;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim_start();
        let doc = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        match (doc, all.last_mut().filter(|_| was_doc)) {
            (Some(doc), Some(comment)) => comment.lines.push(doc.trim()),
            (Some(doc), None) => all.push(Comment {
                line: index + 1,
                lines: vec![doc.trim()],
            }),
            (None, _) => {}
        }
        was_doc = doc.is_some();
    }
    all
}

/// The first sentence of a comment in one line; empty if the comment begins with a heading or a block of code.
fn first_sentence(lines: &[&str]) -> String {
    let is_prose = |line: &&&str| !line.is_empty() && !line.starts_with(['#', '|']) && !line.starts_with("```");
    let paragraph: Vec<&str> = lines.iter().take_while(is_prose).copied().collect();
    let paragraph = paragraph.join(" ");
    let ends = paragraph.match_indices(". ").map(|(index, _)| index + 1);
    let is_end = |end: &usize| !paragraph[..end - 1].ends_with('.') && !is_abbreviated(&paragraph[..*end]);
    let end = ends.into_iter().find(is_end).unwrap_or(paragraph.len());
    paragraph[..end].to_owned()
}

fn is_abbreviated(text: &str) -> bool {
    ["e.g.", "i.e.", "et al.", "etc."]
        .iter()
        .any(|word| text.ends_with(word))
}

/// The opening or phrase that makes a first sentence hard to read alone.
///
/// A label such as `For a text:` may stand before a sentence; the words after it are judged.
pub fn find_fault(sentence: &str) -> Option<&'static str> {
    let labelled = sentence.strip_prefix("For ").and_then(|rest| rest.split_once(": "));
    let sentence = labelled.map_or(sentence, |(_, rest)| rest);
    let mut openings = OPENINGS.into_iter().flatten().copied();
    let opening = openings.find(|opening| begins_with(sentence, opening));
    opening.or_else(|| ELLIPSES.into_iter().find(|phrase| has_phrase(sentence, phrase)))
}

fn begins_with(sentence: &str, opening: &str) -> bool {
    let start = sentence.get(..opening.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(opening)) && ends_word(&sentence[opening.len()..])
}

fn has_phrase(sentence: &str, phrase: &str) -> bool {
    sentence.match_indices(phrase).any(|(start, _)| {
        let begins_word = !sentence[..start].ends_with(|before: char| before.is_alphanumeric());
        begins_word && ends_word(&sentence[start + phrase.len()..])
    })
}

fn ends_word(rest: &str) -> bool {
    !rest.starts_with(|next: char| next.is_alphanumeric() || next == '-' || next == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<&'static str> {
        let source = Source { path: "a.rs", text };
        find_weak(&[source]).map(|sentence| sentence.fault).collect()
    }

    #[test]
    fn only_first_sentences_count() {
        let text = "/// Of the sampler.\n/// What follows.\nfn a() {}\n\n//! Seeds. Of which there are two.\n";
        let source = Source { path: "a.rs", text };
        let expected = json!({ "comments": 2, "weak": 1, "percent": 50.0, "list": ["a.rs:1: Of the sampler."] });
        assert_eq!(measure(&[source]), expected);
    }

    #[test]
    fn openings_are_whole_words_in_any_case() {
        assert_eq!(
            faults("/// In-place sums.\n\n/// Form of it.\n\n/// Byte, e.g. 0.\n"),
            [""; 0]
        );
        assert_eq!(
            faults("/// in place.\n\n/// By\n/// hand.\n\n/// Why.\n"),
            ["In", "By", "Why"]
        );
    }

    #[test]
    fn a_sentence_may_take_several_lines() {
        let text = "/// The error of a model, e.g. of the dense one, and\n/// that of its copy.\n/// Of both.\n";
        assert_eq!(faults(text), ["that of"]);
        assert_eq!(faults("/// Sum of all. Differs from that of others.\n"), [""; 0]);
    }

    #[test]
    fn labels_are_skipped_and_headings_are_no_sentences() {
        let text =
            "/// For a text: its tokens\n\n/// For texts: number of tokens\n\n/// # Safety\n///\n/// As below.\n";
        assert_eq!(faults(text), ["Its"]);
    }
}
