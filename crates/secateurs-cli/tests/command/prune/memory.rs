//! A run holds one block, whatever the number of blocks.
//!
//! What the allocator keeps for a second before the system gets it back depends on how fast the machine frees: some
//! 25 MiB here, at any number of blocks. The runs are told to keep nothing, so that what is measured is what is held.
#![cfg(target_os = "linux")]

use crate::tiny::{Tiny, calibration_of};

const MIB: u64 = 1 << 20;

/// Blocks of 3 MiB: 48 of them would add 108 MiB over 12, if they were held.
const D_MODEL: usize = 256;

fn peak_rss(tiny: &Tiny, model: &str, method: &str) -> u64 {
    let out = format!("{model}-{method}");
    let mut command = tiny.command(&[
        "prune",
        model,
        "--method",
        method,
        "--sparsity",
        "0.5",
        "-o",
        &out,
        "--json",
        "--quiet",
    ]);
    command.args(calibration_of(method));
    let report = crate::tiny::json_of(command.env("MIMALLOC_PURGE_DELAY", "0"));
    assert_eq!(report["sparsity"], 0.5);
    report["peak_rss_bytes"].as_u64().expect("Linux tells the peak")
}

#[test]
fn peak_memory_does_not_grow_with_the_number_of_blocks() {
    let tiny = Tiny::new(1);
    tiny.write_wide_model("short", 12, D_MODEL);
    tiny.write_wide_model("long", 48, D_MODEL);
    for method in ["magnitude", "sparsegpt"] {
        let (short, long) = (peak_rss(&tiny, "short", method), peak_rss(&tiny, "long", method));
        assert!(
            long < short + 24 * MIB,
            "{method}: 12 blocks took {} MiB, 48 took {} MiB",
            short / MIB,
            long / MIB
        );
    }
}
