//! The same model is recognised, another one is not.

mod support;

use secateurs_data::Checkpoint;
use support::llama::{Tensors, config, folder, gguf, tensors, write_gguf};

#[test]
fn every_byte_of_a_model_counts() {
    let place = tempfile::tempdir().expect("temporary folder");
    let folder_print = |tensors: &Tensors| {
        folder(place.path(), &config(), tensors, "F32");
        Checkpoint::open(place.path()).and_then(|model| model.fingerprint())
    };
    let gguf_print = |tensors: &Tensors| {
        let other = tempfile::tempdir().expect("temporary folder");
        Checkpoint::open(&write_gguf(other.path(), &gguf(tensors))).and_then(|model| model.fingerprint())
    };
    let large = || {
        let mut all = tensors();
        // Longer than what a quick look at the start of each tensor would see.
        all[0].1 = vec![4096, all[0].1[1]];
        all[0].2 = vec![0.5; all[0].1.iter().product()];
        all
    };
    let (first, first_gguf) = (
        folder_print(&large()).expect("whole"),
        gguf_print(&large()).expect("whole"),
    );
    assert_eq!(folder_print(&large()).expect("whole"), first);
    for tensor in 0..large().len() {
        for at_end in [false, true] {
            let mut changed = large();
            let values = &mut changed[tensor].2;
            let at = if at_end { values.len() - 1 } else { values.len() / 2 };
            values[at] += 0.25;
            assert_ne!(folder_print(&changed).expect("whole"), first, "{tensor} {at}");
            assert_ne!(gguf_print(&changed).expect("whole"), first_gguf, "{tensor} {at}");
        }
    }
}
