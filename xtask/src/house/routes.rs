//! Routes of a reader: the files on the way from a program's `main` to its computation.

use serde_json::{Value, json};

use crate::rust::graph::Graph;

/// A route through the files, by landmarks: the shortest way from each landmark to the next counts.
struct Route {
    name: &'static str,
    landmarks: &'static [Landmark],
}

/// A place on a way.
enum Landmark {
    /// The file with this ending of its path.
    File(&'static str),
    /// The file that defines one of these names; older names stay, so that older commits can be measured.
    Item(&'static [&'static str]),
}

const ROUTES: [Route; 2] = [
    Route {
        name: "from `main` to the solver in `secateurs prune`",
        landmarks: &[
            Landmark::File("secateurs-cli/src/main.rs"),
            Landmark::Item(&["PruneJob"]),
            Landmark::Item(&["SparseGpt"]),
        ],
    },
    Route {
        name: "from `main` to the first number of `reproduce`",
        landmarks: &[
            Landmark::File("secateurs-experiments/src/main.rs"),
            Landmark::File("/layerwise.rs"),
            Landmark::Item(&["Evaluation"]),
        ],
    },
];

/// Measures the files of each route; null if a landmark is missing or cannot be reached.
pub fn measure(graph: &Graph) -> Value {
    let routes = ROUTES.iter().map(|route| {
        let files = walk(graph, route.landmarks);
        json!({ "name": route.name, "count": files.as_ref().map(Vec::len), "files": files })
    });
    Value::Array(routes.collect())
}

fn walk<'a>(graph: &Graph<'a>, landmarks: &[Landmark]) -> Option<Vec<&'a str>> {
    let (first, others) = landmarks.split_first()?;
    let mut way = vec![*find(graph, first).first()?];
    for landmark in others {
        let next = graph.shortest(*way.last()?, &find(graph, landmark))?;
        way.extend(&next[1..]);
    }
    Some(way.into_iter().map(|index| graph.path(index)).collect())
}

fn find(graph: &Graph, landmark: &Landmark) -> Vec<usize> {
    match landmark {
        Landmark::File(suffix) => graph.ending_with(suffix),
        Landmark::Item(names) => names.iter().flat_map(|name| graph.defining(name)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn a_way_goes_by_its_landmarks() {
        let tree = Tree::of(&[
            (
                "crates/secateurs-cli/src/main.rs",
                "mod prune; fn main() { prune::run(); }",
            ),
            (
                "crates/secateurs-cli/src/prune.rs",
                "use secateurs::PruneJob; pub fn run() {}",
            ),
            (
                "crates/secateurs/src/lib.rs",
                "mod job; pub use job::PruneJob; pub use secateurs_prune as prune;",
            ),
            (
                "crates/secateurs/src/job.rs",
                "use crate::prune::SparseGpt; pub struct PruneJob;",
            ),
            (
                "crates/secateurs-prune/src/lib.rs",
                "mod sparsegpt; pub use sparsegpt::SparseGpt;",
            ),
            ("crates/secateurs-prune/src/sparsegpt.rs", "pub struct SparseGpt;"),
        ]);
        let routes = measure(&Graph::read(tree.sources()));
        assert_eq!(routes[0]["count"], 4, "{routes:#}");
        assert_eq!(routes[1]["files"], Value::Null);
    }
}
