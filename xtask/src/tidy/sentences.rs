//! The rule for first sentences of documentation: a noun phrase or a verb with its object, readable alone.

use super::Finding;
use crate::house::docs::{self, WeakSentence};
use crate::tree::{Source, Tree};

/// The share of doc comments that exceptions may cover, in percent.
const MOST_EXCEPTIONS: usize = 2;

/// First sentences that may stay, with the reason.
struct Exception {
    /// Start of the path.
    path: &'static str,
    /// Start of the sentence; empty for all sentences of the path.
    start: &'static str,
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 3] = [
    owed("crates/secateurs-experiments/"),
    owed("crates/secateurs-cli/"),
    owed("xtask/src/"),
];

const fn owed(path: &'static str) -> Exception {
    Exception {
        path,
        start: "",
        reason: "the first sentences there are being mended",
    }
}

pub fn check(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<Source> = tree.sources().collect();
    let weak: Vec<WeakSentence> = docs::find_weak(&sources).collect();
    let (excepted, refused): (Vec<_>, Vec<_>) = weak
        .iter()
        .partition(|sentence| EXCEPTIONS.iter().any(|exception| exception.covers(sentence)));
    let mut findings: Vec<Finding> = refused.into_iter().map(refuse).collect();
    let count = docs::count(&sources);
    if 100 * excepted.len() > MOST_EXCEPTIONS * count {
        let message = format!(
            "exceptions cover {} of {count} first sentences, more than {MOST_EXCEPTIONS} %",
            excepted.len()
        );
        findings.push(Finding::in_file("xtask/src/tidy/sentences.rs", message));
    }
    findings
}

fn refuse(sentence: &WeakSentence) -> Finding {
    let message = format!(
        "the first sentence has {:?}: begin with a noun or a verb, and name what is meant: {:?}",
        sentence.fault, sentence.text
    );
    Finding::at(sentence.path, sentence.line, message)
}

impl Exception {
    fn covers(&self, sentence: &WeakSentence) -> bool {
        sentence.path.starts_with(self.path) && sentence.text.starts_with(self.start) && !self.reason.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weak_sentence_is_found_with_its_line() {
        let text = "//! Seeds.\n\n/// Of the sampler.\nfn a() {}\n";
        let findings = check(&Tree::of(&[("crates/secateurs-tensor/src/a.rs", text)]));
        assert_eq!(
            findings.iter().map(|finding| finding.line).collect::<Vec<_>>(),
            [Some(3)]
        );
        assert!(findings[0].message.contains("Of the sampler."), "{}", findings[0]);
    }
}
