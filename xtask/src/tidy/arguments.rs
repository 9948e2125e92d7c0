//! The rule against tuples as arguments: a function that needs more values takes a struct with named fields.

use super::Finding;
use crate::house::functions::Functions;
use crate::tree::{Source, Tree};

/// The share of functions that may have a tuple as an argument, in percent.
const MOST_TUPLES: usize = 1;

pub fn check(tree: &Tree) -> Vec<Finding> {
    let sources: Vec<Source> = tree.sources().collect();
    let functions = Functions::read(&sources);
    let Functions { count, with_tuple, .. } = &functions;
    if 100 * with_tuple.len() <= MOST_TUPLES * count {
        return Vec::new();
    }
    let message = format!(
        "{} of {count} functions have a tuple as an argument, more than {MOST_TUPLES} %: `cargo xtask house --list` names \
         them",
        with_tuple.len()
    );
    vec![Finding::in_file("crates", message)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_in_a_hundred_is_allowed() {
        let tree = |n_others: usize| {
            let text = "fn a(b: (u8, u8)) {}\n".to_owned() + &"fn c(d: u8) {}\n".repeat(n_others);
            check(&Tree::of(&[("crates/a/src/lib.rs", &text)])).len()
        };
        assert_eq!([tree(98), tree(99)], [1, 0]);
    }
}
