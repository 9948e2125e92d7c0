//! NaN and infinity are found in every tensor, encoding and place.

mod support;

use secateurs_data::llama::LlamaConfig;
use secateurs_data::{Checkpoint, DataError};
use support::gguf::Builder;
use support::llama::{config, folder, tensor, tensors, write_gguf};

#[test]
fn every_weight_that_is_not_finite_is_named() {
    for dtype in ["F32", "F16", "BF16"] {
        for (name, shape, values) in tensors() {
            for (bad, at) in [
                (f32::NAN, 0),
                (f32::INFINITY, values.len() - 1),
                (f32::NEG_INFINITY, values.len() / 2),
            ] {
                let mut broken = tensors();
                tensor(&mut broken, &name).2[at] = bad;
                let place = tempfile::tempdir().expect("temporary folder");
                folder(place.path(), &config(), &broken, dtype);
                let checkpoint = Checkpoint::open(place.path()).expect("readable");
                LlamaConfig::describe(&checkpoint).expect("its shape is right");
                for _ in 0..2 {
                    let error = LlamaConfig::open(&checkpoint).expect_err(&name);
                    let is_right = matches!(&error, DataError::NotFinite { name: of, index, value, .. }
                        if *of == name && *index == at && value.to_bits() & 0x7fff_ffff == bad.to_bits() & 0x7fff_ffff);
                    assert!(is_right, "{dtype} {name} {shape:?} {at}: {error}");
                }
            }
        }
    }
}

#[test]
fn a_quantised_block_is_judged_by_its_scales() {
    // Number, values and bytes of a block, and where its halves lie.
    let encodings: [(u32, u64, usize, &[usize]); 8] = [
        (2, 32, 18, &[0]),
        (3, 32, 20, &[0, 2]),
        (6, 32, 22, &[0]),
        (7, 32, 24, &[0, 2]),
        (8, 32, 34, &[0]),
        (12, 256, 144, &[0, 2]),
        (13, 256, 176, &[0, 2]),
        (14, 256, 210, &[208]),
    ];
    for (kind, n_values, n_bytes, halves) in encodings {
        let place = tempfile::tempdir().expect("temporary folder");
        let finite = |data: Vec<u8>| {
            let file = Builder::llama_with_embedding().tensor("output.weight", &[n_values, 3], kind, data);
            let checkpoint = Checkpoint::open(&write_gguf(place.path(), &file)).expect("readable");
            let all = checkpoint
                .read_f32("lm_head.weight")
                .expect("there")
                .iter()
                .all(|value| value.is_finite());
            let result = checkpoint.check_finite();
            assert_eq!(result.is_ok(), all, "encoding {kind}");
            if let Err(error) = result {
                let index = 2 * n_values as usize;
                let is_right = matches!(&error, DataError::NotFinite { name, index: at, .. }
                    if name == "output.weight" && *at >= index);
                assert!(is_right, "encoding {kind}: {error}");
            }
            all
        };
        // All other bytes may be anything: the largest halves times the largest integers are finite.
        for fill in [0x00, 0x5a, 0x7b] {
            let data = vec![fill; 3 * n_bytes];
            assert!(finite(data.clone()), "encoding {kind}");
            for &at in halves {
                for bad in [0x7c00u16, 0xfc00, 0x7e00, 0xffff] {
                    let mut broken = data.clone();
                    broken[2 * n_bytes + at..][..2].copy_from_slice(&bad.to_le_bytes());
                    assert!(!finite(broken), "encoding {kind}, {bad:#x} at {at}");
                }
            }
        }
    }
}
