//! Files of a crate that need one another.

use super::graph::Graph;

/// Finds the circles: each file of a circle needs every other, directly or through others, whatever a module does with
/// its own children. Sorted by path.
pub fn find_circles<'a>(graph: &Graph<'a>) -> Vec<Vec<&'a str>> {
    let reached: Vec<Vec<bool>> = (0..graph.len()).map(|start| reach(graph, start)).collect();
    let mut circles = Vec::new();
    for (first, from_first) in reached.iter().enumerate() {
        let both = |other: &usize| from_first[*other] && reached[*other][first];
        let circle: Vec<usize> = (0..graph.len()).filter(both).collect();
        if circle.len() > 1 && circle[0] == first {
            circles.push(circle.into_iter().map(|index| graph.path(index)).collect());
        }
    }
    circles
}

/// The files that a file needs within its crate, directly or through others.
fn reach(graph: &Graph, start: usize) -> Vec<bool> {
    let mut reached = vec![false; graph.len()];
    let mut waiting = vec![start];
    while let Some(index) = waiting.pop() {
        for other in graph.beyond_room(index) {
            if !reached[other] {
                reached[other] = true;
                waiting.push(other);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn a_circle_through_three_files_is_one() {
        let tree = Tree::of(&[
            ("crates/a/src/b.rs", "use crate::c::C; struct B;"),
            ("crates/a/src/c.rs", "use crate::d::D; struct C;"),
            ("crates/a/src/d.rs", "use crate::b::B; struct D;"),
            ("crates/a/src/e.rs", "use crate::b::B;"),
        ]);
        let circles = find_circles(&Graph::read(tree.sources()));
        assert_eq!(
            circles,
            [["crates/a/src/b.rs", "crates/a/src/c.rs", "crates/a/src/d.rs"]]
        );
    }
}
