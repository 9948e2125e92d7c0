//! Ways of byte-level BPE to cut text into words before merging, by their names in GGUF files.

use serde_json::{Value as Json, json};

/// Pattern of GPT-2: letters, digits and the rest, each with one space before it. Spaces before a word leave one for
/// the word.
const GPT2_LIKE: &str = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)";

/// Pattern of Llama 3: contractions in any case, up to three digits, line breaks separately.
const LLAMA3: &str = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

/// A way to cut text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Splitter {
    Gpt2,
    SmolLm,
    Llama3,
    /// The way of GGUF files that name nothing or `default`.
    Default,
}

impl Splitter {
    /// The splitter with this name in `tokenizer.ggml.pre`; a file without the entry means `default`.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "gpt-2" => Some(Self::Gpt2),
            "smollm" => Some(Self::SmolLm),
            "llama-bpe" => Some(Self::Llama3),
            "default" => Some(Self::Default),
            _ => None,
        }
    }

    /// Whether a word that is a whole token is taken as it is, without merging.
    pub(super) fn takes_whole_words(self) -> bool {
        self == Self::Llama3
    }

    /// The `pre_tokenizer` of a `tokenizer.json`.
    pub(super) fn pre_tokenizer(self) -> Json {
        match self {
            Self::Gpt2 => byte_level(true),
            Self::SmolLm => sequence(vec![
                json!({ "type": "Digits", "individual_digits": true }),
                byte_level(true),
            ]),
            Self::Llama3 => sequence(vec![isolated(LLAMA3), byte_level(false)]),
            Self::Default => sequence(vec![
                isolated(r"[\p{P}\$\+<=>\^~\|]+"),
                isolated(GPT2_LIKE),
                isolated(r"\p{N}+"),
                isolated(r"[0-9][0-9][0-9]"),
                byte_level(false),
            ]),
        }
    }
}

/// Bytes as printable characters; `cut` also cuts as GPT-2 does.
fn byte_level(cut: bool) -> Json {
    json!({ "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": cut })
}

/// A step in which each match is a word, and so is the text between two matches.
fn isolated(pattern: &str) -> Json {
    json!({ "type": "Split", "pattern": { "Regex": pattern }, "behavior": "Isolated", "invert": false })
}

fn sequence(steps: Vec<Json>) -> Json {
    json!({ "type": "Sequence", "pretokenizers": steps })
}

#[cfg(test)]
mod tests {
    use tokenizers::pre_tokenizers::PreTokenizerWrapper;
    use tokenizers::{OffsetReferential, OffsetType, PreTokenizedString, PreTokenizer};

    use super::*;

    fn words(splitter: Splitter, text: &str) -> Vec<String> {
        let cutter: PreTokenizerWrapper = serde_json::from_value(splitter.pre_tokenizer()).expect("valid");
        let mut cut = PreTokenizedString::from(text);
        cutter.pre_tokenize(&mut cut).expect("cuts");
        // The words are spelled in byte characters; their positions are those in the text.
        let splits = cut.get_splits(OffsetReferential::Original, OffsetType::Byte);
        splits
            .into_iter()
            .map(|(_, (from, to), _)| text[from..to].to_owned())
            .collect()
    }

    #[test]
    fn words_are_those_of_an_independent_regular_expression_library() {
        let golden: Json = serde_json::from_str(include_str!("../../tests/golden/splits.json")).expect("valid");
        let texts = golden["texts"].as_array().expect("list");
        for name in ["gpt-2", "smollm", "llama-bpe", "default"] {
            let splitter = Splitter::named(name).expect("known");
            for (text, expected) in texts.iter().zip(golden["words"][name].as_array().expect("list")) {
                let words = words(splitter, text.as_str().expect("text"));
                assert_eq!(json!(words), *expected, "{name} {text}");
            }
        }
    }
}
