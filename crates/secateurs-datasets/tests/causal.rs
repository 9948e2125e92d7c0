//! IHDP and ACIC 2016: refused without the right files, and read where a mirror has them.

use secateurs_datasets::causal::{CausalDataset, TASKS, TreatmentTable};
use secateurs_datasets::{DatasetError, Resolver};

#[test]
fn missing_and_changed_files_are_named() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mirror = folder.path().join("mirror");
    let resolver = Resolver::new(folder.path().join("cache"))
        .with_mirror(&mirror)
        .offline();
    for (dataset, file) in [
        (CausalDataset::IhdpA, "ihdp/ihdp_a.tar.gz"),
        (CausalDataset::Acic26, "acic2016/x.csv"),
    ] {
        let error = dataset.read(&resolver).expect_err("there is no file");
        assert!(matches!(error, DatasetError::NotResolved { .. }), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains(file) && text.contains("it cannot be downloaded"),
            "{text}"
        );

        let path = mirror.join(file);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(&path, "changed").expect("writable");
        let text = dataset.read(&resolver).expect_err("it is another file").to_string();
        assert!(text.contains("7 bytes") && text.contains("sha256"), "{text}");
    }
}

/// Says so and stops where no mirror has the files.
#[test]
fn published_tasks_have_their_sizes_and_first_values() {
    for dataset in CausalDataset::ALL {
        let tasks = match dataset.read(&Resolver::from_env().offline()) {
            Ok(tasks) => tasks,
            Err(error) => {
                println!("skipped: {error}");
                return;
            }
        };
        let (n_train, n_test) = match dataset {
            CausalDataset::IhdpA => (673, 74),
            CausalDataset::IhdpB => (523, 224),
            _ => (1000, 960),
        };
        for number in [1, TASKS] {
            let task = tasks.task(number).expect("there");
            check(&task.train, n_train);
            check(&task.test, n_test);
        }
        assert!(matches!(tasks.task(0), Err(DatasetError::NoSuchTask { number: 0, .. })));
        assert!(tasks.task(TASKS + 1).is_err());
    }
}

fn check(table: &TreatmentTable, n_units: usize) {
    assert_eq!(table.x.len(), n_units * table.d_input);
    for column in [&table.treatment, &table.outcome, &table.mu0, &table.mu1] {
        assert_eq!(column.len(), n_units);
    }
    assert!(table.treatment.iter().all(|treatment| [0.0, 1.0].contains(treatment)));
    let noise = (0..n_units).map(|unit| {
        let mean = if table.treatment[unit] == 1.0 {
            &table.mu1
        } else {
            &table.mu0
        };
        (table.outcome[unit] - mean[unit]).powi(2)
    });
    // Outcomes are their expectation and noise of deviation 1.
    let variance = noise.sum::<f64>() / n_units as f64;
    assert!((0.5..2.0).contains(&variance), "{variance}");
}
