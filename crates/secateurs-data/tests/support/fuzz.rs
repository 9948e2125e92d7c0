//! Many cases of bad input.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// Cases of each kind.
const CASES: u32 = 10_000;

/// Runs `CASES` cases; a failure is shrunk and reported.
pub fn run<S: Strategy>(strategy: S, check: impl Fn(S::Value)) {
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let mut runner = TestRunner::new(config);
    let outcome = runner.run(&strategy, |value| {
        check(value);
        Ok(())
    });
    outcome.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Writes in place: common file systems flush a file to disk that is truncated and written again, 4 ms each time.
pub fn overwrite(path: &Path, content: &[u8]) {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .expect("writable");
    file.write_all(content).expect("writable");
    file.set_len(content.len() as u64).expect("writable");
}

/// One change of a file: where (as a fraction), what, and whether to replace, insert or cut off.
#[derive(Debug, Clone)]
pub enum Change {
    Replace(prop::sample::Index, u8),
    ReplaceMany(prop::sample::Index, Vec<u8>),
    Insert(prop::sample::Index, Vec<u8>),
    Cut(prop::sample::Index),
}

pub fn change() -> impl Strategy<Value = Change> {
    let at = any::<prop::sample::Index>;
    // Counts and sizes are little-endian: values around the extremes matter more than random ones.
    let extreme = prop_oneof![
        Just(u64::MAX.to_le_bytes().to_vec()),
        Just((1u64 << 32).to_le_bytes().to_vec()),
        Just((1u64 << 61).to_le_bytes().to_vec()),
        Just(0u64.to_le_bytes().to_vec()),
        vec(any::<u8>(), 1..9),
    ];
    prop_oneof![
        8 => (at(), any::<u8>()).prop_map(|(at, byte)| Change::Replace(at, byte)),
        4 => (at(), extreme).prop_map(|(at, bytes)| Change::ReplaceMany(at, bytes)),
        2 => (at(), vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Change::Insert(at, bytes)),
        1 => at().prop_map(Change::Cut),
    ]
}

pub fn apply(mut file: Vec<u8>, changes: &[Change]) -> Vec<u8> {
    for change in changes {
        let length = file.len().max(1);
        match change {
            Change::Replace(at, byte) => file
                .iter_mut()
                .skip(at.index(length))
                .take(1)
                .for_each(|old| *old = *byte),
            Change::ReplaceMany(at, bytes) => {
                file.iter_mut()
                    .skip(at.index(length))
                    .zip(bytes)
                    .for_each(|(old, new)| *old = *new);
            }
            Change::Insert(at, bytes) => {
                let at = at.index(length).min(file.len());
                file.splice(at..at, bytes.iter().copied());
            }
            Change::Cut(at) => file.truncate(at.index(length)),
        }
    }
    file
}
