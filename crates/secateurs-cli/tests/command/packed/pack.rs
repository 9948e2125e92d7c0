//! Results of `secateurs pack`, `generate` and `bench`.

use crate::tiny::Tiny;
use secateurs::data::Checkpoint;
use secateurs::runtime::LlamaWeights;
use secateurs::sparse::{Level, PackedMatrix, ValueType};

const RAW: [&str; 6] = ["--raw", "w1 w2 w3 w4", "-n", "12", "--cache", "f32"];

fn load(tiny: &Tiny, name: &str) -> LlamaWeights {
    let checkpoint = Checkpoint::open(&tiny.path(name)).expect("the output is a model");
    LlamaWeights::load(&checkpoint, ValueType::F32).expect("the weights load")
}

fn pruned(args: &[&str]) -> Tiny {
    let tiny = Tiny::new(2);
    tiny.succeed(&[&["prune", "model", "-m", "magnitude", "-o", "pruned"], args].concat());
    tiny
}

fn format_of(matrix: &PackedMatrix) -> &'static str {
    match matrix {
        PackedMatrix::Dense(_) => "dense",
        PackedMatrix::Bitmap(_) => "bitmap",
        PackedMatrix::Nm(_) => "nm",
        PackedMatrix::Indexed(_) => "indexed",
    }
}

#[test]
fn matrices_are_packed_by_their_sparsity() {
    for (args, expected) in [
        (["-s", "0"], "dense"),
        (["-s", "0.5"], "bitmap"),
        (["-p", "2:4"], "nm"),
        (["-s", "0.9"], "indexed"),
    ] {
        let tiny = pruned(&args);
        let result = tiny.json(&["pack", "pruned", "--values", "f32", "-o", "packed", "--json"]);
        let (pruned, packed) = (load(&tiny, "pruned"), load(&tiny, "packed"));
        for (before, after) in pruned.blocks.iter().zip(&packed.blocks) {
            for (before, after) in before.matrices().into_iter().zip(after.matrices()) {
                assert_eq!(format_of(after), expected);
                assert_eq!(before.unpack(Level::best()), after.unpack(Level::best()));
            }
        }
        let tensors = result["tensors"].as_array().expect("a list");
        assert_eq!(tensors.len(), 15);
        let total: u64 = tensors
            .iter()
            .map(|tensor| tensor["bytes"].as_u64().expect("a number"))
            .sum();
        assert_eq!(result["bytes"], total);
        // The same tokens from both.
        let text = |model| tiny.succeed(&[&["generate", model][..], &RAW].concat());
        assert_eq!(text("pruned"), text("packed"));
        assert_eq!(text("packed").split_whitespace().count(), 12);
    }
}

#[test]
fn packed_models_are_evaluated_by_the_engine() {
    let tiny = pruned(&["-s", "0.6"]);
    tiny.succeed(&["pack", "pruned", "--values", "f32", "-o", "packed"]);
    let evaluate = |model| tiny.json(&["eval", model, "--text", "test.txt", "--window", "40", "--json"]);
    let (pruned, packed) = (evaluate("pruned"), evaluate("packed"));
    let idle = [
        "eval", "packed", "--text", "test.txt", "--window", "40", "--device", "flex",
    ];
    assert!(tiny.refuse(2, &idle).contains("leave --device out"));
    let number = |result: &serde_json::Value, field: &str| result[field].as_f64().expect("a number");
    let (expected, got) = (number(&pruned, "perplexity"), number(&packed, "perplexity"));
    assert!((got / expected - 1.0).abs() < 1e-5, "{got} is not {expected}");
    assert_eq!(pruned["sparsity"], packed["sparsity"]);
    assert_eq!(pruned["windows"], packed["windows"]);
}

#[test]
fn formats_and_values_can_be_chosen() {
    let tiny = pruned(&["-s", "0.5"]);
    for (format, expected) in [("dense", "dense"), ("bitmap", "bitmap"), ("indexed", "indexed")] {
        tiny.succeed(&["pack", "pruned", "--format", format, "-o", format]);
        let weights = load(&tiny, format);
        assert!(
            weights.blocks[1]
                .matrices()
                .into_iter()
                .all(|matrix| format_of(matrix) == expected)
        );
        assert_eq!(weights.embedding.values().value_type(), ValueType::F16);
    }
    tiny.succeed(&["pack", "pruned", "--values", "int8", "--head", "bf16", "-o", "int8"]);
    let weights = load(&tiny, "int8");
    assert_eq!(weights.blocks[0].gate.values().value_type().bits(), 8);
    assert_eq!(weights.embedding.values().value_type(), ValueType::Bf16);
    let crowded = tiny.refuse(1, &["pack", "pruned", "--format", "2:4", "-o", "nm"]);
    assert!(
        crowded.contains("model.layers.0") && crowded.contains("2:4"),
        "{crowded}"
    );
    assert!(!tiny.path("nm").exists());
}

#[test]
fn output_is_kept_unless_forced() {
    let tiny = pruned(&["-s", "0.5"]);
    tiny.succeed(&["pack", "pruned", "-o", "packed"]);
    assert!(tiny.refuse(1, &["pack", "pruned", "-o", "packed"]).contains("--force"));
    assert!(
        tiny.refuse(1, &["pack", "pruned", "--force", "-o", "pruned"])
            .contains("pruned")
    );
    tiny.succeed(&["pack", "pruned", "--force", "--values", "f32", "-o", "packed"]);
    assert_eq!(load(&tiny, "packed").embedding.values().value_type(), ValueType::F32);
    // Nothing but the models is left in the folder.
    let names = std::fs::read_dir(tiny.path(".")).expect("the folder is there");
    assert!(
        names
            .flatten()
            .all(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
    );
}

#[test]
fn prompts_are_answered_together_as_alone() {
    let tiny = Tiny::new(2);
    std::fs::write(tiny.path("prompts.txt"), "w5 w6\n\nw7 w8 w9\n").expect("the file can be written");
    let together = tiny.json(&[
        "generate",
        "model",
        "w1 w2",
        "--prompts-from",
        "prompts.txt",
        "-n",
        "7",
        "--json",
    ]);
    let completions = together["completions"].as_array().expect("a list");
    assert_eq!(completions.len(), 3);
    for (completion, prompt) in completions.iter().zip(["w1 w2", "w5 w6", "w7 w8 w9"]) {
        assert_eq!(completion["prompt"], prompt);
        assert_eq!(completion["stop"], "max-tokens");
        let alone = tiny.json(&["generate", "model", prompt, "-n", "7", "--json"]);
        assert_eq!(alone["completions"][0]["text"], completion["text"]);
    }
    // Forced to portable code: the same text.
    let mut scalar = tiny.command(&["generate", "model", "w1 w2", "-n", "7", "--json"]);
    let scalar = crate::tiny::json_of(scalar.env("SECATEURS_SIMD", "scalar"));
    assert_eq!(scalar["completions"][0]["text"], completions[0]["text"]);
    let sampled = |seed| {
        tiny.succeed(&[
            "generate",
            "model",
            "w1",
            "-n",
            "30",
            "--temperature",
            "1.5",
            "--seed",
            seed,
        ])
    };
    assert_eq!(sampled("1"), sampled("1"));
    assert_ne!(sampled("1"), sampled("2"));
}

#[test]
fn bad_prompts_and_settings_are_refused() {
    let tiny = Tiny::new(1);
    let refuse = |code, args: &[&str]| tiny.refuse(code, &[&["generate", "model"], args].concat());
    assert!(refuse(2, &[]).contains("PROMPT"));
    assert!(refuse(1, &[""]).contains("no tokens"));
    assert!(refuse(1, &["w1", "--temperature", "-1"]).contains("temperature"));
    assert!(refuse(1, &["w1", "--temperature", "1", "--top-p", "0"]).contains("top-p"));
    for idle in ["--top-p", "--top-k", "--seed"] {
        assert!(refuse(2, &["w1", idle, "1"]).contains("--temperature"), "{idle}");
    }
    assert!(refuse(1, &["w1", "--system", "w2"]).contains("chat template"));
    let long = vec!["w1"; 65].join(" ");
    assert!(refuse(1, &[&long]).contains("64 positions"));
    std::fs::write(tiny.path("latin1.txt"), b"caf\xe9\n").expect("the file can be written");
    assert!(refuse(1, &["--prompts-from", "latin1.txt"]).contains("latin1.txt"));
    let mut unknown = tiny.command(&["generate", "model", "w1"]);
    let output = unknown
        .env("SECATEURS_SIMD", "mmx")
        .output()
        .expect("the binary starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("mmx"));
}

/// A byte of each packed tensor changed, or the file cut: an error in one line, or a model that still runs.
#[test]
fn damaged_models_are_refused() {
    let tiny = pruned(&["-s", "0.6"]);
    tiny.succeed(&["pack", "pruned", "-o", "packed"]);
    let file = tiny.path("packed/packed.safetensors");
    let good = crate::tiny::bytes(&file);
    let mut refused = 0;
    for step in 0..60 {
        let mut bad = good.clone();
        if step % 6 == 5 {
            bad.truncate(good.len() * step / 61);
        } else {
            let at = good.len() * step / 60;
            bad[at] ^= 0x81;
        }
        std::fs::write(&file, &bad).expect("the file can be written");
        let output = tiny.run(&["generate", "packed", "w1", "-n", "2", "--raw"]);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        match output.status.code() {
            Some(0) => {}
            Some(1) => {
                assert!(stderr.starts_with("error: ") && stderr.lines().count() == 1, "{stderr}");
                refused += 1;
            }
            code => panic!("{code:?}: {stderr}"),
        }
    }
    assert!(refused >= 10, "only {refused} refused");
}

#[test]
fn speed_is_measured_beside_another_model() {
    let tiny = pruned(&["-s", "0.7"]);
    tiny.succeed(&["pack", "pruned", "-o", "packed"]);
    let args = [
        "bench",
        "packed",
        "--against",
        "model",
        "--prompt-tokens",
        "20",
        "--new-tokens",
        "10",
        "--threads",
        "2",
    ];
    let result = tiny.json(&[&args[..], &["--repeats", "1", "--json"]].concat());
    assert_eq!(result["threads"], 2);
    let models = result["models"].as_array().expect("a list");
    assert_eq!(
        (models.len(), &models[0]["model"], &models[1]["model"]),
        (2, &"packed".into(), &"model".into())
    );
    for model in models {
        for field in [
            "load_seconds",
            "first_token_seconds",
            "prefill_tokens_per_second",
            "decode_tokens_per_second",
            "bytes_per_token",
            "bandwidth_share",
        ] {
            assert!(model[field].as_f64().is_some_and(|value| value > 0.0), "{field}");
        }
    }
    assert!(models[0]["weight_bytes"].as_u64() < models[1]["weight_bytes"].as_u64());
}

/// Unpacked models are the packed ones, bit by bit; a packed model is no input for pruning.
#[test]
fn packed_models_are_unpacked() {
    let tiny = pruned(&["-s", "0.6"]);
    tiny.succeed(&["pack", "pruned", "--values", "f32", "-o", "packed"]);
    tiny.succeed(&[
        "pack", "packed", "--values", "f32", "--format", "dense", "-o", "unpacked",
    ]);
    for model in ["packed", "unpacked"] {
        let compared = tiny.json(&["compare", "pruned", model, "--json"]);
        let tensors = compared["tensors"].as_array().expect("a list");
        assert!(tensors.len() > 10 && tensors.iter().all(|tensor| tensor["identical"] == true));
        assert_eq!(compared["only_first"], compared["only_second"]);
    }
    let config = |model| std::fs::read_to_string(tiny.path(model).join("config.json")).expect("it is there");
    assert!(config("packed").contains("secateurs") && !config("unpacked").contains("secateurs"));
    let dtypes = tiny.json(&["info", "unpacked", "--json"]);
    assert_eq!(dtypes["encodings"].as_object().map(serde_json::Map::len), Some(1));
    let refused = tiny.refuse(1, &["prune", "packed", "-m", "magnitude", "-s", "0.5", "-o", "again"]);
    assert!(
        refused.contains("packed is packed") && refused.contains("--format dense"),
        "{refused}"
    );
}

#[test]
fn packed_models_are_described() {
    let tiny = pruned(&["-s", "0.6"]);
    tiny.succeed(&["pack", "pruned", "-o", "packed"]);
    let [pruned, packed] = ["pruned", "packed"].map(|name| tiny.json(&["info", name, "--json"]));
    for field in ["parameters", "sparsity", "blocks"] {
        assert_eq!(packed[field], pruned[field], "{field}");
    }
    assert!(packed["bytes"].as_u64() < pruned["bytes"].as_u64());
    assert_eq!(packed["linears"][0]["encoding"], "bitmap f16");
    assert_eq!(packed["linears"][0]["dims"], pruned["linears"][0]["dims"]);
}

/// Measured choices keep the weights, whichever format is fastest.
#[test]
fn formats_can_be_measured() {
    let tiny = pruned(&["-s", "0.6"]);
    let packed = tiny.json(&[
        "pack",
        "pruned",
        "--measure",
        "--values",
        "f32",
        "-o",
        "packed",
        "--json",
    ]);
    let first = &packed["tensors"].as_array().expect("a list")[1];
    assert!(
        first["reason"]
            .as_str()
            .is_some_and(|reason| reason.starts_with("measured ")),
        "{first}"
    );
    let compared = tiny.json(&["compare", "pruned", "packed", "--json"]);
    let tensors = compared["tensors"].as_array().expect("a list");
    assert!(tensors.iter().all(|tensor| tensor["identical"] == true));
    tiny.refuse(2, &["pack", "pruned", "--measure", "--format", "dense", "-o", "other"]);
}

/// Every share of zeros is a model; the more zeros, the fewer bytes.
#[test]
fn synthetic_models_are_measured() {
    let tiny = Tiny::new(1);
    let sizes = ["--prompt-tokens", "9", "--new-tokens", "4", "--repeats", "1"];
    let args = ["bench", "--synthetic", "tiny", "--head", "int8", "--json"];
    let result = tiny.json(&[&args[..], &["--sparsity", "0,0.6,0.9"], &sizes].concat());
    let bytes: Vec<u64> = (0..3)
        .map(|index| result["models"][index]["weight_bytes"].as_u64().expect("a number"))
        .collect();
    assert!(bytes[0] > bytes[1] && bytes[1] > bytes[2], "{bytes:?}");
    // Two blocks of (64 + 32 + 32 + 64) x 64 + 3 x 96 x 64 f16 weights, five norms of 64 f32, 256 x (64 + 2) bytes of head.
    assert_eq!(bytes[0], 2 * 2 * (192 * 64 + 3 * 96 * 64) + 5 * 64 * 4 + 256 * (64 + 2));
    for wrong in [
        &["bench", "--synthetic", "tiny", "--sparsity", "1.5"][..],
        &["bench"],
        &["bench", "model", "--synthetic", "tiny"],
    ] {
        tiny.refuse(2, wrong);
    }
}
