//! Jobs of one process with the same output: while one is at work, the library refuses every other.

use std::path::Path;

use crate::tiny::Tiny;
use secateurs::data::{DataError, FloatType, staging_path};
use secateurs::tensor::Sparsity;
use secateurs::{
    Calibration, Error, ExpertJob, ExpertMethod, ExpertPlan, Method, ModelFileError, Overwrite, PackConfig, PruneJob,
    Recipe, TextCalibration, Training, pack_checkpoint, prune_checkpoint, prune_experts,
};

fn calibration(tiny: &Tiny) -> Calibration {
    Calibration::Text(TextCalibration {
        text: tiny.path("calibration.txt"),
        window: 16,
        windows: 2,
        skip: 0,
    })
}

fn training(tiny: &Tiny) -> Training {
    Training {
        texts: vec![tiny.path("calibration.txt")],
        window: Some(16),
        batch_size: Some(2),
        steps: Some(2),
        ..Training::default()
    }
}

/// Every job tries to write `out` with every answer to earlier output.
fn try_all(tiny: &Tiny, out: &Path, check: &mut dyn FnMut(&str, Option<Error>)) {
    let device = Default::default();
    for overwrite in [Overwrite::Never, Overwrite::Resume, Overwrite::Force] {
        for method in [Method::Magnitude, Method::Elsa] {
            let mut recipe = Recipe::new(method, "2:4".parse().expect("a pattern"));
            recipe.training = method.trains_model().then(|| training(tiny));
            let job = PruneJob {
                model: &tiny.path("model"),
                out,
                recipe: &recipe,
                overwrite,
                device: &device,
            };
            check(
                method.name(),
                prune_checkpoint(&job, &mut |_| ()).err().map(Error::from),
            );
        }
        let job = ExpertJob {
            model: &tiny.path("mixture"),
            out,
            plan: ExpertPlan {
                method: ExpertMethod::Frequency,
                share: Sparsity::new(0.25).expect("valid"),
                seed: 0,
            },
            calibration: &calibration(tiny),
            dtype: FloatType::F32,
            overwrite,
            device: &device,
        };
        check("experts", prune_experts(&job, &mut |_, _| ()).err().map(Error::from));
        let packed = pack_checkpoint(
            &tiny.path("model"),
            out,
            &PackConfig::default(),
            overwrite,
            &mut |_, _| (),
        );
        check("pack", packed.err().map(Error::from));
    }
}

/// Tries all jobs: none may get through, and the job at work must not notice.
fn refuse_all(tiny: &Tiny, out: &Path) {
    let before = std::fs::read_dir(staging_path(out)).expect("work lies there").count();
    try_all(tiny, out, &mut |job, error| {
        let file = error.as_ref().and_then(Error::file);
        let in_use = matches!(file, Some(ModelFileError::Data(DataError::OutputInUse { pid: Some(pid), .. })) if *pid == std::process::id());
        assert!(in_use, "{job}: {error:?}");
    });
    let after = std::fs::read_dir(staging_path(out)).expect("work lies there").count();
    assert_eq!(before, after);
}

#[test]
fn no_job_begins_while_another_works() {
    let tiny = Tiny::new(2);
    tiny.write_mixture("mixture", "olmoe");
    let device = Default::default();
    for method in [Method::Wanda, Method::Safe, Method::WandaFinetune, Method::Elsa] {
        let mut recipe = Recipe::new(method, "50%".parse().expect("a pattern"));
        recipe.calibration = method.needs_calibration().then(|| calibration(&tiny));
        recipe.training = method.trains_model().then(|| training(&tiny));
        recipe.options.safe = (method == Method::Safe).then(|| secateurs::prune::Safe {
            epochs: 1,
            warmup_epochs: 0,
            ..Default::default()
        });
        let out = tiny.path(method.name());
        let job = PruneJob {
            model: &tiny.path("model"),
            out: &out,
            recipe: &recipe,
            overwrite: Overwrite::Never,
            device: &device,
        };
        prune_checkpoint(&job, &mut |_| refuse_all(&tiny, &out)).expect("the first job ends");
        assert!(out.join("report.json").is_file() && !staging_path(&out).exists());
    }
    let out = tiny.path("packed");
    let pack = |listener: &mut dyn FnMut(usize, usize)| {
        pack_checkpoint(
            &tiny.path("model"),
            &out,
            &PackConfig::default(),
            Overwrite::Never,
            listener,
        )
    };
    pack(&mut |_, _| refuse_all(&tiny, &out)).expect("the first job ends");
    assert!(out.join("config.json").is_file() && !staging_path(&out).exists());
}
