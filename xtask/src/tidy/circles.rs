//! The rule against circles of files: files that need one another cannot be read one after the other.

use super::Finding;
use crate::rust::circle::find_circles;
use crate::rust::graph::Graph;
use crate::tree::Tree;

/// A circle that may stay, with the reason.
struct Exception {
    files: &'static [&'static str],
    reason: &'static str,
}

const EXCEPTIONS: [Exception; 2] = [
    Exception {
        files: &[
            "crates/secateurs-runtime/src/chat/jinja/filters.rs",
            "crates/secateurs-runtime/src/chat/jinja/predicates.rs",
            "crates/secateurs-runtime/src/chat/jinja/selections.rs",
            "crates/secateurs-runtime/src/chat/jinja/sequences.rs",
        ],
        reason: "a filter of templates applies tests and filters that it is given by name",
    },
    Exception {
        files: &[
            "crates/secateurs-runtime/src/chat/python/arguments.rs",
            "crates/secateurs-runtime/src/chat/python/dict.rs",
            "crates/secateurs-runtime/src/chat/python/formats.rs",
            "crates/secateurs-runtime/src/chat/python/methods.rs",
            "crates/secateurs-runtime/src/chat/python/numbers.rs",
            "crates/secateurs-runtime/src/chat/python/operators.rs",
            "crates/secateurs-runtime/src/chat/python/printf.rs",
            "crates/secateurs-runtime/src/chat/python/text.rs",
            "crates/secateurs-runtime/src/chat/python/text_methods.rs",
            "crates/secateurs-runtime/src/chat/python/values.rs",
            "crates/secateurs-runtime/src/chat/python/words.rs",
        ],
        reason: "the operators, formats and methods of Python's values are defined by one another",
    },
];

pub fn check(tree: &Tree) -> Vec<Finding> {
    let circles = find_circles(&Graph::read(tree.sources()));
    let mut findings = check_circles(&circles);
    findings.extend(check_exceptions(&circles));
    findings
}

fn check_circles(circles: &[Vec<&str>]) -> Vec<Finding> {
    let is_excused = |circle: &Vec<&str>| EXCEPTIONS.iter().any(|exception| exception.files == &circle[..]);
    let unexcused = circles.iter().filter(|circle| !is_excused(circle));
    let finding = unexcused.map(|circle| {
        let message = format!("needs, and is needed by, {}", circle[1..].join(", "));
        Finding::in_file(circle[0], message)
    });
    finding.collect()
}

/// Checks that an exception is needed and has a reason.
fn check_exceptions(circles: &[Vec<&str>]) -> Vec<Finding> {
    let is_idle = |exception: &&Exception| {
        exception.reason.is_empty() || !circles.iter().any(|circle| exception.files == &circle[..])
    };
    let idle = EXCEPTIONS.iter().filter(is_idle);
    idle.map(|exception| Finding::in_file(exception.files[0], "needs no exception in `tidy`, or one with a reason"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(files: &[(&str, &str)]) -> Vec<Finding> {
        check_circles(&find_circles(&Graph::read(Tree::of(files).sources())))
    }

    #[test]
    fn circles_are_found_and_rooms_are_not() {
        let circle = [
            ("crates/a/src/b.rs", "use crate::c::C; pub struct B;"),
            ("crates/a/src/c.rs", "use crate::b::B; pub struct C;"),
        ];
        let found = find(&circle);
        assert_eq!(found.len(), 1);
        assert!(found[0].message.contains("crates/a/src/c.rs"));
        let room = [
            ("crates/a/src/b.rs", "mod c; fn d() { c::e(); } pub struct B;"),
            ("crates/a/src/b/c.rs", "use super::B; pub fn e() {}"),
        ];
        assert!(find(&room).is_empty());
    }
}
