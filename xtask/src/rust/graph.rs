//! The graph of files: edges lead from each file to the files that it needs.
//!
//! An edge is a name that a file takes from another one, by an import or a path in its code. Names are followed through
//! re-exports to the file that defines them; a re-export alone is no edge, and neither is `mod a;`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::file::{defined_names, tokens_outside_tests};
use super::import::{Paths, read_paths};
use crate::tree::Source;

/// Largest number of re-exports through which a name is followed.
const DEPTH: usize = 12;

/// The files with their edges.
pub struct Graph<'a> {
    modules: Vec<Module<'a>>,
    places: BTreeMap<Place, usize>,
    edges: Vec<BTreeSet<usize>>,
}

/// A crate's folder and the names from its root to a module.
type Place = Vec<String>;

struct Module<'a> {
    path: &'a str,
    place: Place,
    names: BTreeSet<&'a str>,
    paths: Paths<'a>,
}

impl<'a> Graph<'a> {
    /// Reads all files.
    pub fn read(sources: impl Iterator<Item = Source<'a>>) -> Self {
        let modules: Vec<Module> = sources.filter_map(read_module).collect();
        let places = modules.iter().enumerate();
        let places = places.map(|(index, module)| (module.place.clone(), index)).collect();
        let mut graph = Self {
            modules,
            places,
            edges: Vec::new(),
        };
        graph.edges = (0..graph.modules.len()).map(|index| graph.edges_of(index)).collect();
        graph
    }

    /// Number of files.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// A file's path.
    pub fn path(&self, index: usize) -> &'a str {
        self.modules[index].path
    }

    /// The files of the same crate that a file needs, without its own room's.
    ///
    /// A module and what is declared inside it are one room: children build on their parent, and the parent calls them.
    pub fn beyond_room(&self, index: usize) -> impl Iterator<Item = usize> {
        let own = &self.modules[index].place;
        let edges = self.edges[index].iter().copied();
        edges.filter(move |other| {
            let other = &self.modules[*other].place;
            let is_room = own.starts_with(other) || other.starts_with(own);
            own[0] == other[0] && !is_room
        })
    }

    /// The files whose path ends in `suffix`.
    pub fn ending_with(&self, suffix: &str) -> Vec<usize> {
        let ends = |index: &usize| self.path(*index).ends_with(suffix);
        (0..self.len()).filter(ends).collect()
    }

    /// The files of a crate that define a name at their top level.
    pub fn defining(&self, name: &str) -> Vec<usize> {
        let defines = |index: &usize| self.modules[*index].names.contains(name);
        (0..self.len()).filter(defines).collect()
    }

    /// The shortest path from one file to any of several, both ends included, in which each file needs the next.
    pub fn shortest(&self, from: usize, to: &[usize]) -> Option<Vec<usize>> {
        let mut before = BTreeMap::from([(from, from)]);
        let mut queue = VecDeque::from([from]);
        while let Some(index) = queue.pop_front() {
            if to.contains(&index) {
                return Some(walk_back(&before, index));
            }
            for other in &self.edges[index] {
                if !before.contains_key(other) {
                    before.insert(*other, index);
                    queue.push_back(*other);
                }
            }
        }
        None
    }

    fn edges_of(&self, index: usize) -> BTreeSet<usize> {
        let module = &self.modules[index];
        let Paths { imports, inline, words } = &module.paths;
        let is_used = |alias: &str, is_public: bool| !is_public || words.contains(&alias);
        let used = imports
            .iter()
            .filter(|import| import.alias.is_some_and(|alias| is_used(alias, import.is_public)));
        let paths = used.map(|import| &import.path).chain(inline);
        let targets = paths.filter_map(|path| self.resolve(index, path, DEPTH));
        // Whoever imports a whole module names below what is taken from it.
        let files = targets.filter(|target| !target.is_module).map(|target| target.index);
        files.filter(|target| *target != index).collect()
    }

    /// The file that defines the item that a path in a file stands for.
    fn resolve(&self, from: usize, path: &[&str], depth: usize) -> Option<Target> {
        let mut place = self.modules[from].place.clone();
        let mut rest = path;
        match *path.first()? {
            "crate" => place.truncate(1),
            "self" => {}
            "super" => {
                let up = path.iter().take_while(|name| **name == "super").count();
                place.truncate(place.len().saturating_sub(up).max(1));
                rest = &path[up - 1..];
            }
            first if self.places.contains_key(&vec![crate_folder(first)]) && !self.is_child(&place, first) => {
                place = vec![crate_folder(first)];
            }
            first if self.is_child(&place, first) => place.push(first.to_owned()),
            _ => return self.look_up(from, path, depth),
        }
        self.descend(place, &rest[1..], depth)
    }

    fn descend(&self, mut place: Place, rest: &[&str], depth: usize) -> Option<Target> {
        let mut rest = rest;
        while let Some(name) = rest.first().filter(|name| self.is_child(&place, name)) {
            place.push((*name).to_owned());
            rest = &rest[1..];
        }
        let index = *self.places.get(&place)?;
        if rest.is_empty() {
            // A file `evaluate` that defines `evaluate` is meant by both.
            let is_item = place
                .last()
                .is_some_and(|name| self.modules[index].names.contains(name.as_str()));
            return Some(Target {
                index,
                is_module: !is_item,
            });
        }
        let own = Target {
            index,
            is_module: false,
        };
        if self.modules[index].names.contains(rest[0]) {
            return Some(own);
        }
        Some(self.look_up(index, rest, depth).unwrap_or(own))
    }

    /// The target of a path's first name by a file's imports, and the rest of the path below it.
    fn look_up(&self, index: usize, path: &[&str], depth: usize) -> Option<Target> {
        let depth = depth.checked_sub(1)?;
        let imports = &self.modules[index].paths.imports;
        for import in imports.iter().filter(|import| import.alias == Some(path[0])) {
            let whole: Vec<&str> = import.path.iter().chain(&path[1..]).copied().collect();
            if let Some(target) = self.resolve(index, &whole, depth) {
                return Some(target);
            }
        }
        let globs = imports
            .iter()
            .filter(|import| import.alias.is_none() && import.is_public);
        globs.into_iter().find_map(|import| {
            let module = self
                .resolve(index, &import.path, depth)
                .filter(|target| target.is_module)?;
            let defines = self.modules[module.index].names.contains(path[0]);
            let own = Target {
                is_module: false,
                ..module
            };
            if defines {
                Some(own)
            } else {
                self.look_up(module.index, path, depth)
            }
        })
    }

    fn is_child(&self, place: &[String], name: &str) -> bool {
        let mut child = place.to_vec();
        child.push(name.to_owned());
        self.places.contains_key(&child)
    }
}

#[derive(Clone, Copy)]
struct Target {
    index: usize,
    is_module: bool,
}

fn walk_back(before: &BTreeMap<usize, usize>, end: usize) -> Vec<usize> {
    let mut path = vec![end];
    while let Some(previous) = before
        .get(path.last().unwrap_or(&end))
        .filter(|index| Some(*index) != path.last())
    {
        path.push(*previous);
    }
    path.reverse();
    path
}

fn read_module(source: Source) -> Option<Module> {
    let tokens = tokens_outside_tests(source.text);
    Some(Module {
        path: source.path,
        place: place(source.path)?,
        names: defined_names(&tokens).into_iter().collect(),
        paths: read_paths(&tokens),
    })
}

/// The crate and module of a file: `crates/a/src/b/mod.rs` and `crates/a/src/b.rs` are both `a, b`; benches are crates
/// of one file.
fn place(path: &str) -> Option<Place> {
    let (folder, file) = match path.strip_prefix("crates/") {
        Some(rest) => rest.split_once("/src/")?,
        None => path.split_once("/src/").unwrap_or((path, "lib.rs")),
    };
    let file = file.strip_suffix(".rs")?;
    let mut names: Place = file.split('/').map(str::to_owned).collect();
    if names.last().is_some_and(|name| name == "mod") || ["lib", "main"].contains(&file) {
        names.pop();
    }
    // A program beside a library has its own root.
    let root = if file == "main" && !folder.ends_with("cli") && folder != "xtask" {
        format!("{folder}/main")
    } else {
        folder.to_owned()
    };
    names.insert(0, root);
    Some(names)
}

fn crate_folder(name: &str) -> String {
    name.replace('_', "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    fn edges(files: &[(&str, &str)]) -> Vec<String> {
        let tree = Tree::of(files);
        let graph = Graph::read(tree.sources());
        let edges = (0..graph.len()).flat_map(|from| graph.edges[from].iter().map(move |to| (from, *to)));
        edges
            .map(|(from, to)| format!("{} -> {}", graph.path(from), graph.path(to)))
            .collect()
    }

    #[test]
    fn names_are_followed_through_reexports() {
        let files = [
            ("crates/a/src/lib.rs", "mod b; pub use b::C;"),
            ("crates/a/src/b.rs", "pub struct C;"),
            ("crates/d/src/lib.rs", "pub use a as short; mod e; mod f;"),
            ("crates/d/src/e.rs", "use a::C;"),
            ("crates/d/src/f.rs", "fn g() { crate::short::C; super::e::h(); }"),
        ];
        let expected = [
            "d/src/e.rs -> a/src/b.rs",
            "d/src/f.rs -> a/src/b.rs",
            "d/src/f.rs -> d/src/e.rs",
        ];
        let expected = expected.map(|edge| {
            let (from, to) = edge.split_once(" -> ").expect("an arrow");
            format!("crates/{from} -> crates/{to}")
        });
        assert_eq!(edges(&files), expected);
    }

    #[test]
    fn modules_and_tests_are_no_edges() {
        let files = [
            ("crates/a/src/lib.rs", "mod b;"),
            (
                "crates/a/src/b.rs",
                "use crate::c; #[cfg(test)] mod tests { use crate::c::D; }",
            ),
            ("crates/a/src/c.rs", "pub struct D;"),
        ];
        assert!(edges(&files).is_empty());
    }
}
