//! A random Llama so small that a whole run takes a moment, and the binary to run on it.

pub mod running;
pub mod traces;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use secateurs::data::{CheckpointWriter, FloatType};
use secateurs::models::decoder::{LlamaConfig, planned_tensors};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Words that the tokenizer knows; the token after them stands for unknown words.
const N_WORDS: usize = 63;

/// Options that calibrate on the text beside the model.
pub const CALIBRATION: [&str; 6] = ["-c", "calibration.txt", "--window", "32", "--windows", "4"];

/// Options that calibrate a method, none for a method that would refuse them.
pub fn calibration_of(method: &str) -> &'static [&'static str] {
    let idle = ["random", "magnitude", "random+finetune", "elsa", "elsa-l"];
    if idle.contains(&method) { &[] } else { &CALIBRATION }
}

/// A folder with a model and texts, removed at the end of the test.
pub struct Tiny {
    folder: TempDir,
}

impl Tiny {
    /// A model of `n_blocks` blocks in `model`, texts in `calibration.txt` and `test.txt`.
    pub fn new(n_blocks: usize) -> Self {
        let tiny = Self {
            folder: tempfile::tempdir().expect("a temporary folder can be made"),
        };
        tiny.write_model("model", n_blocks, |_, values| values);
        fs::write(tiny.path("calibration.txt"), words(400, 1)).expect("the text can be written");
        fs::write(tiny.path("test.txt"), words(330, 2)).expect("the text can be written");
        tiny
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a model whose tensors pass through `edit`.
    pub fn write_model(&self, name: &str, n_blocks: usize, edit: impl Fn(&str, Vec<f32>) -> Vec<f32>) {
        self.write_config(name, config(n_blocks), edit);
    }

    /// Writes a model of `n_blocks` blocks of about `12 d_model^2` weights each.
    pub fn write_wide_model(&self, name: &str, n_blocks: usize, d_model: usize) {
        let mut json = config(n_blocks);
        json["hidden_size"] = d_model.into();
        json["intermediate_size"] = (3 * d_model).into();
        self.write_config(name, json, |_, values| values);
    }

    /// Writes a mixture of four experts, two for each token.
    pub fn write_mixture(&self, name: &str, model_type: &str) {
        let mut json = config(2);
        json["model_type"] = model_type.into();
        json["num_experts_per_tok"] = 2.into();
        for field in ["num_local_experts", "num_experts"] {
            json[field] = 4.into();
        }
        self.write_config(name, json, |_, values| values);
    }

    fn write_config(&self, name: &str, json: Value, edit: impl Fn(&str, Vec<f32>) -> Vec<f32>) {
        let plan = planned_tensors(&LlamaConfig::from_json(&json).expect("the configuration is valid"));
        let staging = self.path(&format!("{name}.staging"));
        let writer = CheckpointWriter::create(&staging, plan.clone(), FloatType::F32).expect("the plan is valid");
        for (index, tensor) in plan.iter().enumerate() {
            let values = weights(&tensor.name, &tensor.shape, index as u64);
            writer
                .write(&tensor.name, &edit(&tensor.name, values))
                .expect("the tensor is planned");
        }
        writer
            .write_file("config.json", json.to_string().as_bytes())
            .expect("the file can be written");
        writer
            .write_file("tokenizer.json", tokenizer().to_string().as_bytes())
            .expect("the file can be written");
        writer.finish(&self.path(name)).expect("everything is written");
    }

    /// Runs the binary in the folder.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().expect("the binary starts")
    }

    /// The binary with arguments, to run in the folder.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_secateurs"));
        command.args(args).current_dir(self.folder.path());
        command
    }

    /// Runs the binary, which must succeed without a word on standard error; gives standard output.
    pub fn succeed(&self, args: &[&str]) -> String {
        stdout_of(&mut self.command(args))
    }

    /// Runs the binary, which must print a JSON object.
    pub fn json(&self, args: &[&str]) -> Value {
        json_of(&mut self.command(args))
    }

    /// Runs the binary, which must fail with `code` and one line on standard error; gives that line.
    pub fn refuse(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
        assert!(
            stderr.starts_with("error: ") && stderr.ends_with('\n'),
            "{args:?}: {stderr}"
        );
        assert!(!stderr.contains("panicked"), "{args:?}: {stderr}");
        assert_eq!(text(&output.stdout), "", "{args:?}");
        stderr
    }
}

/// Runs a command, which must print a JSON object and no word on standard error.
pub fn json_of(command: &mut Command) -> Value {
    serde_json::from_str(&stdout_of(command)).expect("standard output is JSON")
}

fn stdout_of(command: &mut Command) -> String {
    let output = command.output().expect("the binary starts");
    let stderr = text(&output.stderr);
    assert!(output.status.success(), "{command:?}: {stderr}");
    assert_eq!(stderr, "", "{command:?}");
    text(&output.stdout)
}

/// Reads a file.
pub fn bytes(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.as_ref().display()))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("output is UTF-8")
}

fn config(n_blocks: usize) -> Value {
    json!({
        "architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu",
        "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": n_blocks,
        "num_attention_heads": 4, "num_key_value_heads": 2, "vocab_size": N_WORDS + 1,
        "max_position_embeddings": 64, "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "tie_word_embeddings": true
    })
}

/// One token a word, `w0` to `w62`.
fn tokenizer() -> Value {
    let mut vocab = serde_json::Map::new();
    for word in 0..N_WORDS {
        vocab.insert(format!("w{word}"), word.into());
    }
    vocab.insert("[UNK]".into(), N_WORDS.into());
    json!({
        "version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
        "pre_tokenizer": { "type": "Whitespace" }, "post_processor": null, "decoder": null,
        "model": { "type": "WordLevel", "vocab": vocab, "unk_token": "[UNK]" }
    })
}

fn weights(name: &str, shape: &[usize], seed: u64) -> Vec<f32> {
    let mut noise = Noise(seed);
    let values = (0..shape.iter().product()).map(|_| noise.next());
    if name.ends_with("norm.weight") {
        values.map(|value| 1.0 + 0.1 * value).collect()
    } else {
        values.map(|value| 0.3 * value).collect()
    }
}

/// A text of words that the tokenizer knows.
pub fn words(count: usize, seed: u64) -> String {
    let mut noise = Noise(seed);
    let word = |value: f32| format!("w{}", ((value + 1.0) / 2.0 * N_WORDS as f32) as usize % N_WORDS);
    (0..count).map(|_| word(noise.next())).collect::<Vec<_>>().join(" ")
}

/// A counter hashed by SplitMix64.
struct Noise(u64);

impl Noise {
    /// The next number in (-1, 1), never zero.
    fn next(&mut self) -> f32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        ((z >> 40) as f32 + 0.5) / (1 << 23) as f32 - 1.0
    }
}
