//! One job for all families: found by name or given as a type, with the same result.

use std::fs;
use std::path::Path;

use secateurs_data::Checkpoint;
use secateurs_data::llama::LlamaConfig;
use secateurs_lm::{Method, Overwrite, PruneJob, PruneJobError, Recipe, info, prune_checkpoint, prune_family};
use secateurs_tensor::{Pattern, Sparsity};

use crate::tiny::write_model;

fn recipe(method: Method) -> Recipe {
    Recipe::new(method, Pattern::Unstructured(Sparsity::new(0.5).expect("a share")))
}

/// Runs a job on the model in `folder`.
fn run<T>(
    folder: &Path,
    out: &str,
    recipe: &Recipe,
    job: impl Fn(&PruneJob<'_>) -> Result<T, PruneJobError>,
) -> Result<T, PruneJobError> {
    job(&PruneJob {
        model: &folder.join("model"),
        out: &folder.join(out),
        recipe,
        overwrite: Overwrite::Never,
        device: &secateurs_testkit::device(),
    })
}

#[test]
fn a_family_that_is_given_prunes_to_the_same_bytes_as_one_that_is_found() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    write_model(&folder.path().join("model"), |_, _| {});
    let recipe = recipe(Method::Magnitude);
    run(folder.path(), "found", &recipe, |job| {
        prune_checkpoint(job, &mut |_| {})
    })
    .expect("a Llama");
    run(folder.path(), "given", &recipe, |job| {
        prune_family::<LlamaConfig>(job, &mut |_| {})
    })
    .expect("a Llama");
    let weights = |out: &str| fs::read(folder.path().join(out).join("model.safetensors")).expect("it was written");
    assert_eq!(weights("found"), weights("given"));
}

#[test]
fn blocks_alone_are_not_trained_as_a_whole_model() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    write_model(&folder.path().join("model"), |_, _| {});
    let refused = run(folder.path(), "out", &recipe(Method::Elsa), |job| {
        prune_family::<LlamaConfig>(job, &mut |_| {})
    });
    assert!(matches!(
        refused,
        Err(PruneJobError::NeedsWholeModel { method: Method::Elsa })
    ));
    assert!(!folder.path().join("out").exists());
}

#[test]
fn a_model_of_no_known_family_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let model = folder.path().join("model");
    write_model(&model, |_, _| {});
    let config = fs::read_to_string(model.join("config.json")).expect("it was written");
    fs::write(model.join("config.json"), config.replace("\"llama\"", "\"mamba\"")).expect("it can be written");
    let pruned = run(folder.path(), "out", &recipe(Method::Magnitude), |job| {
        prune_checkpoint(job, &mut |_| {})
    });
    let described = info(&Checkpoint::open(&model).expect("files are there"));
    let errors: [Box<dyn std::error::Error>; 2] = [
        Box::new(pruned.map(drop).expect_err("there is no such family")),
        Box::new(described.map(drop).expect_err("there is no such family")),
    ];
    for error in errors {
        let error: &dyn std::error::Error = &*error;
        let chain: Vec<String> = std::iter::successors(Some(error), |error| error.source())
            .map(ToString::to_string)
            .collect();
        assert!(chain.iter().any(|cause| cause.contains("mamba")), "{chain:?}");
    }
}
