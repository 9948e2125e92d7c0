//! The rule for first sentences of documentation: a noun phrase or a verb with its object, readable alone.

use super::Finding;
use crate::house::docs;
use crate::tree::{Source, Tree};

pub fn check(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<Source> = tree.sources().collect();
    let refuse = |sentence: docs::WeakSentence| {
        let message = format!(
            "the first sentence has {:?}: begin with a noun or a verb, and name what is meant: {:?}",
            sentence.fault, sentence.text
        );
        Finding::at(sentence.path, sentence.line, message)
    };
    docs::find_weak(&sources).map(refuse).collect()
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
