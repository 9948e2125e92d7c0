//! Reading GGUF: translation to Hugging Face terms, and refusal of files that contradict themselves.

mod support;

use secateurs_data::{Checkpoint, DataError};
use support::gguf::{Builder, array, f32 as number, f32s, text, u32 as count};
use support::noise;

fn open(file: &[u8]) -> Result<Checkpoint, DataError> {
    let folder = tempfile::tempdir().expect("temporary folder");
    std::fs::write(folder.path().join("model.gguf"), file).expect("writable");
    Checkpoint::open(folder.path())
}

#[test]
fn names_and_shapes_are_those_of_hugging_face() {
    let up = noise(8 * 12);
    let file = Builder::llama_with_embedding()
        .f32("blk.0.ffn_up.weight", &[8, 12], &up)
        .f32("blk.0.attn_norm.weight", &[8], &up[..8])
        .f32("output_norm.weight", &[8], &up[8..16]);
    let checkpoint = open(&file.build()).expect("valid");
    assert_eq!(checkpoint.description(), "GGUF F32");
    let info = checkpoint.tensor("model.layers.0.mlp.up_proj.weight").expect("there");
    assert_eq!(
        (info.shape.as_slice(), info.encoding.as_str(), info.bytes),
        (&[12, 8][..], "F32", 384)
    );
    assert_eq!(
        checkpoint.read_f32("model.layers.0.mlp.up_proj.weight").expect("there"),
        up
    );
    assert_eq!(
        checkpoint
            .read_rows_f32("model.layers.0.mlp.up_proj.weight", &[11, 1])
            .expect("there"),
        [&up[88..], &up[8..16]].concat()
    );
    assert_eq!(
        checkpoint.read_rows_f32("model.norm.weight", &[7]).expect("there"),
        [up[15]]
    );
    assert!(matches!(
        checkpoint.read_rows_f32("model.embed_tokens.weight", &[4, 5]),
        Err(DataError::RowOutOfRange { row: 5, rows: 5, .. })
    ));
    let config = checkpoint.config();
    for (key, value) in [
        ("hidden_size", 8),
        ("num_attention_heads", 2),
        ("num_key_value_heads", 1),
        ("vocab_size", 5),
    ] {
        assert_eq!(config[key], value, "{key}");
    }
    assert_eq!(config["rms_norm_eps"], 1e-5);
    assert_eq!(config["rope_theta"], 100_000.0);
    assert_eq!(config["tie_word_embeddings"], true);
    let untied = Builder::llama_with_embedding()
        .f32("output.weight", &[8, 5], &noise(80)[40..])
        .build();
    assert_eq!(open(&untied).expect("valid").config()["tie_word_embeddings"], false);
}

/// What a converter from Hugging Face does to a query or key projection: reshape to heads x 2 x half, swap the last two.
fn permuted(values: &[f32], n_heads: usize, d_head: usize, d_input: usize) -> Vec<f32> {
    let mut out = Vec::new();
    for head in 0..n_heads {
        for i in 0..d_head / 2 {
            for part in 0..2 {
                let output = head * d_head + part * d_head / 2 + i;
                out.extend(&values[output * d_input..][..d_input]);
            }
        }
    }
    out
}

#[test]
fn query_and_key_outputs_get_their_order_back() {
    let (query, key) = (noise(64), noise(32));
    let bias = noise(8);
    let file = Builder::llama_with_embedding()
        .f32("blk.0.attn_q.weight", &[8, 8], &permuted(&query, 2, 4, 8))
        .f32("blk.0.attn_k.weight", &[8, 4], &permuted(&key, 1, 4, 8))
        .f32("blk.0.attn_v.weight", &[8, 4], &key)
        .f32("blk.0.attn_q.bias", &[8], &permuted(&bias, 2, 4, 1));
    let checkpoint = open(&file.build()).expect("valid");
    let read = |part: &str| {
        checkpoint
            .read_f32(&format!("model.layers.0.self_attn.{part}"))
            .expect("there")
    };
    assert_eq!(read("q_proj.weight"), query);
    assert_eq!(read("k_proj.weight"), key);
    assert_eq!(read("v_proj.weight"), key);
    assert_eq!(read("q_proj.bias"), bias);
    let rows = checkpoint
        .read_rows_f32("model.layers.0.self_attn.q_proj.weight", &[5, 2])
        .expect("there");
    assert_eq!(rows, [&query[40..48], &query[16..24]].concat());
    assert_eq!(
        checkpoint
            .read_rows_f32("model.layers.0.self_attn.q_proj.bias", &[3])
            .expect("there"),
        [bias[3]]
    );
}

#[test]
fn scaled_rotary_frequencies_are_kept_or_refused() {
    let linear = Builder::llama_with_embedding()
        .set("llama.rope.scaling.type", text("linear"))
        .set("llama.rope.scaling.factor", number(4.0));
    assert_eq!(
        open(&linear.build()).expect("valid").config()["rope_scaling"]["factor"],
        4.0
    );
    let none = Builder::llama_with_embedding().set("llama.rope.scaling.type", text("none"));
    assert!(
        open(&none.build())
            .expect("valid")
            .config()
            .get("rope_scaling")
            .is_none()
    );
    let yarn = Builder::llama_with_embedding().set("llama.rope.scaling.type", text("yarn"));
    assert!(matches!(open(&yarn.build()), Err(DataError::Unsupported { .. })));
    let plain = Builder::llama_with_embedding().f32("rope_freqs.weight", &[2], &[1.0, 1.0]);
    assert!(
        open(&plain.build())
            .expect("valid")
            .config()
            .get("rope_scaling")
            .is_none()
    );
    let strange = Builder::llama_with_embedding().f32("rope_freqs.weight", &[2], &[3.0, 1.0]);
    assert!(matches!(open(&strange.build()), Err(DataError::Unsupported { .. })));
}

/// A description, the file, and a part of the expected message.
type Corruption = (&'static str, Vec<u8>, &'static str);

fn corruptions() -> Vec<Corruption> {
    let llama = Builder::llama_with_embedding;
    let valid = llama().build();
    let with = |at: usize, bytes: &[u8]| {
        let mut file = valid.clone();
        file[at..at + bytes.len()].copy_from_slice(bytes);
        file
    };
    let most = u64::MAX.to_le_bytes();
    let nested = (0..100).fold(Vec::new(), |inner, _| {
        [&9u32.to_le_bytes()[..], &1u64.to_le_bytes(), &inner].concat()
    });
    vec![
        ("an empty file", vec![], "ends at byte 0"),
        ("another magic number", with(0, b"GGML"), "start"),
        ("only the magic number", valid[..4].to_vec(), "ends at byte 4"),
        ("a cut header", valid[..300].to_vec(), "ends at byte"),
        ("cut data", valid[..valid.len() - 40].to_vec(), "the file has"),
        ("2^64 - 1 tensors", with(8, &most), "do not fit"),
        ("2^64 - 1 metadata entries", with(16, &most), "larger than"),
        ("a key of 2^64 - 1 bytes", with(24, &most), "larger than"),
        ("a key that is not UTF-8", with(32, &[0xff]), "UTF-8"),
        (
            "an array of 2^40 numbers",
            llama().set("x", array(4, 1 << 40, vec![])).build(),
            "larger than",
        ),
        (
            "an array of unknown type",
            llama().set("x", array(13, 1, vec![0; 8])).build(),
            "unknown type",
        ),
        (
            "arrays in arrays in arrays",
            llama().set("x", array(9, 1, nested)).build(),
            "nested",
        ),
        (
            "a truth value of 2",
            llama().set("x", array(7, 1, vec![2])).build(),
            "truth value",
        ),
        (
            "an alignment of 0",
            llama().set("general.alignment", count(0)).build(),
            "alignment",
        ),
        (
            "an alignment of 24",
            llama().set("general.alignment", count(24)).build(),
            "alignment",
        ),
        (
            "an alignment of 2^31",
            llama().set("general.alignment", count(1 << 31)).build(),
            "alignment",
        ),
        (
            "a tensor twice",
            llama().f32("token_embd.weight", &[8, 5], &noise(40)).build(),
            "twice",
        ),
        (
            "a size of 0",
            llama().f32("output_norm.weight", &[0], &[]).build(),
            "size 0",
        ),
        (
            "five dimensions",
            llama().f32("output_norm.weight", &[1, 1, 1, 1, 1], &[1.0]).build(),
            "5 dimensions",
        ),
        (
            "an overflowing shape",
            llama().f32("output_norm.weight", &[1 << 62, 1 << 62], &[]).build(),
            "impossible",
        ),
        (
            "overflowing bytes",
            llama().f32("output_norm.weight", &[1 << 62], &[]).build(),
            "impossible",
        ),
        (
            "an offset off the alignment",
            llama().f32("output_norm.weight", &[1], &[0.0]).at(8).build(),
            "no multiple",
        ),
        (
            "an offset beyond the file",
            llama().f32("output_norm.weight", &[1], &[0.0]).at(1 << 20).build(),
            "the file has",
        ),
        (
            "an overflowing offset",
            llama().f32("output_norm.weight", &[1], &[0.0]).at(!31).build(),
            "the file has",
        ),
        (
            "an overlap",
            llama().f32("output_norm.weight", &[8], &noise(8)).at(32).build(),
            "overlaps",
        ),
        (
            "part of a block",
            llama().tensor("output_norm.weight", &[40], 8, vec![0; 68]).build(),
            "multiples of 32",
        ),
        (
            "no architecture",
            llama().unset("general.architecture").build(),
            "general.architecture",
        ),
        (
            "no head count",
            llama().unset("llama.attention.head_count").build(),
            "missing",
        ),
        (
            "0 heads",
            llama().set("llama.attention.head_count", count(0)).build(),
            "positive",
        ),
        (
            "3 heads in 8 dimensions",
            llama().set("llama.attention.head_count", count(3)).build(),
            "divide",
        ),
        (
            "heads in text",
            llama().set("llama.attention.head_count", text("2")).build(),
            "positive",
        ),
        (
            "an odd head size",
            llama()
                .set("llama.attention.key_length", count(3))
                .set("llama.attention.value_length", count(3))
                .build(),
            "impossible",
        ),
        (
            "epsilon that is no number",
            llama()
                .set("llama.attention.layer_norm_rms_epsilon", number(f32::NAN))
                .build(),
            "positive",
        ),
        (
            "queries that are not whole heads",
            llama().f32("blk.0.attn_q.weight", &[8, 7], &noise(56)).build(),
            "2 heads of 4",
        ),
        ("no embedding", Builder::llama().build(), "token_embd"),
        (
            "a flat embedding",
            Builder::llama().f32("token_embd.weight", &[40], &noise(40)).build(),
            "token_embd",
        ),
    ]
}

#[test]
fn files_that_contradict_themselves_are_refused_with_the_reason() {
    for (what, file, message) in corruptions() {
        let error = open(&file).expect_err(what);
        assert!(matches!(error, DataError::Malformed { .. }), "{what}: {error:?}");
        assert!(error.to_string().contains(message), "{what}: {error}");
    }
}

#[test]
fn what_is_not_read_is_named() {
    let llama = Builder::llama_with_embedding;
    let version = |version| Builder { version, ..llama() }.build();
    let cases = [
        ("version 1", version(1)),
        ("version 4", version(4)),
        ("big-endian", version(3u32.swap_bytes())),
        ("\"gpt2\"", llama().set("general.architecture", text("gpt2")).build()),
        ("several files", llama().set("split.count", count(2)).build()),
        (
            "Q2_K",
            llama().tensor("output.weight", &[256, 1], 10, vec![0; 84]).build(),
        ),
        (
            "number 77",
            llama().tensor("output.weight", &[256, 1], 77, vec![0; 84]).build(),
        ),
        (
            "blk.0.ffn_gate_exps.weight",
            llama().f32("blk.0.ffn_gate_exps.weight", &[1], &[0.0]).build(),
        ),
    ];
    for (message, file) in cases {
        let error = open(&file).expect_err(message);
        assert!(matches!(error, DataError::Unsupported { .. }), "{error:?}");
        assert!(error.to_string().contains(message), "{message}: {error}");
    }
    // Integers can be listed, but are no weights.
    let file = llama().tensor("output.weight", &[1], 26, vec![0; 4]).build();
    assert!(matches!(
        open(&file).expect("valid").read_f32("lm_head.weight"),
        Err(DataError::Unsupported { .. })
    ));
}

#[test]
fn version_2_and_other_alignments_are_read() {
    let mut file = Builder::llama_with_embedding()
        .set("general.alignment", count(64))
        .set("x", f32s(&[1.0]));
    file.version = 2;
    file.alignment = 64;
    let checkpoint = open(&file.build()).expect("valid");
    assert_eq!(
        checkpoint.read_f32("model.embed_tokens.weight").expect("there"),
        noise(40)
    );
}

#[test]
fn two_files_in_a_folder_are_ambiguous() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for name in ["a.gguf", "b.GGUF"] {
        std::fs::write(folder.path().join(name), Builder::llama_with_embedding().build()).expect("writable");
    }
    assert!(matches!(
        Checkpoint::open(folder.path()),
        Err(DataError::NoModel { .. })
    ));
    assert!(Checkpoint::open(&folder.path().join("b.GGUF")).is_ok());
}
