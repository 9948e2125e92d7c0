//! What a stream gives out is the text of all the tokens, whatever they are.

use proptest::collection::vec;
use proptest::prelude::*;
use secateurs_data::Tokenizer;
use serde_json::{Map, Value as Json, json};

/// Pieces that meet in every way: spaces, nothing, parts of names of bytes, a mark that is also what a broken character is
/// shown as.
const PIECES: [&str; 12] = [
    "a",
    "\u{2581}",
    "\u{2581}b",
    "\u{2581}\u{2581}",
    "\u{e9}",
    "\u{fffd}",
    "<0x4>",
    ",",
    "'",
    "##a",
    "c</w>",
    "\n",
];

fn load(tokens: &[String], decoder: Json) -> Tokenizer {
    let ids: Map<String, Json> = tokens
        .iter()
        .enumerate()
        .map(|(id, token)| (token.clone(), id.into()))
        .collect();
    let definition = json!({
        "version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null,
        "post_processor": null, "decoder": decoder,
        "added_tokens": [{ "id": tokens.len() + 2, "content": "<e>", "single_word": false, "lstrip": false, "rstrip": false,
            "normalized": false, "special": true }],
        "model": { "type": "BPE", "dropout": null, "unk_token": null, "continuing_subword_prefix": null,
            "end_of_word_suffix": null, "fuse_unk": false, "byte_fallback": true, "ignore_merges": false, "vocab": ids,
            "merges": [] },
    });
    let file = tempfile::NamedTempFile::new().expect("a temporary file can be made");
    std::fs::write(file.path(), definition.to_string()).expect("it can be written");
    Tokenizer::from_file(file.path()).expect("a definition")
}

/// Every byte as GPT-2 spells it.
fn byte_letters() -> Vec<String> {
    let is_plain = |byte: &u32| matches!(byte, 33..=126 | 161..=172 | 174..=255);
    let mut spare = 256..;
    let letter = |byte: u32| {
        if is_plain(&byte) {
            byte
        } else {
            spare.next().unwrap_or(byte)
        }
    };
    let letters = (0..256).map(letter).filter_map(char::from_u32);
    letters.map(String::from).collect()
}

fn tokenizers() -> Vec<Tokenizer> {
    let bytes = (0..256).map(|byte| format!("<0x{byte:02X}>"));
    let pieces: Vec<String> = PIECES.map(str::to_owned).into_iter().chain(bytes).collect();
    let replace = json!({ "type": "Replace", "pattern": { "String": "\u{2581}" }, "content": " " });
    let (bytes, fuse) = (json!({ "type": "ByteFallback" }), json!({ "type": "Fuse" }));
    let sequence = |decoders: &[&Json]| json!({ "type": "Sequence", "decoders": decoders });
    let strip = |start: usize| json!({ "type": "Strip", "content": " ", "start": start, "stop": 0 });
    let metaspace =
        json!({ "type": "Metaspace", "replacement": "\u{2581}", "prepend_scheme": "always", "split": true });
    let byte_level = json!({ "type": "ByteLevel", "add_prefix_space": true, "trim_offsets": true, "use_regex": true });
    let decoders = [
        sequence(&[&replace, &bytes, &fuse]),
        sequence(&[&replace, &bytes, &fuse, &strip(1)]),
        sequence(&[&replace, &bytes, &fuse, &strip(3)]),
        sequence(&[&bytes, &metaspace]),
        metaspace,
        fuse,
        json!({ "type": "WordPiece", "prefix": "##", "cleanup": true }),
        json!({ "type": "BPEDecoder", "suffix": "</w>" }),
        Json::Null,
    ];
    let mut tokenizers: Vec<Tokenizer> = decoders.into_iter().map(|decoder| load(&pieces, decoder)).collect();
    let letters = byte_letters()
        .into_iter()
        .chain(["\u{20ac}".to_owned(), "ab".to_owned()]);
    tokenizers.push(load(&letters.collect::<Vec<_>>(), byte_level));
    tokenizers
}

/// Ids of bytes that often make characters, of pieces, and of nothing.
fn id() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0_u32..12, 3 => 12_u32..280, 2 => prop::sample::select(vec![0x0A, 0xC3, 0xA9, 0xE2, 0x82, 0xAC, 0xF0])
        .prop_flat_map(|byte| prop_oneof![Just(byte), Just(byte + 12)])]
}

#[test]
fn streamed_text_is_the_text_of_all_tokens() {
    let tokenizers = tokenizers();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 5_000,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(19),
        ..ProptestConfig::default()
    });
    let law = |ids: Vec<u32>| {
        for (index, tokenizer) in tokenizers.iter().enumerate() {
            let mut stream = tokenizer.stream();
            let mut streamed = String::new();
            for id in &ids {
                streamed += &stream.push(*id).expect("it decodes");
            }
            streamed += &stream.finish().expect("it decodes");
            prop_assert_eq!(
                streamed,
                tokenizer.decode(&ids).expect("it decodes"),
                "tokenizer {}: {:?}",
                index,
                ids
            );
        }
        Ok(())
    };
    runner.run(&vec(id(), 0..24), law).expect("the law holds");
}

#[test]
fn text_is_given_out_as_soon_as_it_is_certain() {
    let tokenizer = &tokenizers()[1];
    let mut stream = tokenizer.stream();
    // A byte waits for the token after its run.
    let byte = |byte: u32| byte + 12;
    let given: Vec<String> = [2, 0, byte(0xC3), byte(0xA9), 0, byte(0x0A), byte(0xC3)]
        .map(|id| stream.push(id).expect("it decodes"))
        .into();
    assert_eq!(given, ["b", "a", "", "", "\u{e9}a", "", ""]);
    assert_eq!(stream.finish().expect("it decodes"), "\u{fffd}\u{fffd}");
}
