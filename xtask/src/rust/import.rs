//! The paths by which a file names items of other files.

use super::file::split;
use super::token::Token;

/// One name that a file imports: `use a::b as c` has the path `a, b` and the alias `c`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import<'a> {
    pub path: Vec<&'a str>,
    /// The name in this file; none for `*`.
    pub alias: Option<&'a str>,
    /// Whether other files may import the name from here.
    pub is_public: bool,
}

/// All paths of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Paths<'a> {
    pub imports: Vec<Import<'a>>,
    /// Paths inside the code, such as `crate::a::b()`.
    pub inline: Vec<Vec<&'a str>>,
    /// The words of the code, where imported names may occur.
    pub words: Vec<&'a str>,
}

/// Reads the imports and the paths in the code.
pub fn read_paths<'a>(tokens: &[Token<'a>]) -> Paths<'a> {
    let mut paths = Paths::default();
    let mut at = 0;
    while at < tokens.len() {
        // `use` in `impl Trait + use<'a>` imports nothing.
        if tokens[at].is("use") && !tokens.get(at + 1).is_some_and(|token| token.is("<")) {
            let length = tokens[at..].iter().take_while(|token| !token.is(";")).count();
            let is_public = at > 0 && (tokens[at - 1].is("pub") || tokens[at - 1].is(")"));
            for mut import in read_tree(&tokens[at + 1..at + length], &[]) {
                import.is_public = is_public;
                paths.imports.push(import);
            }
            at += length;
            continue;
        }
        if tokens[at].is_word() {
            let path = inline_path(&tokens[at..]);
            let length = 2 * path.len() - 1;
            paths.words.push(tokens[at].text);
            if path.len() > 1 {
                paths.inline.push(path);
            }
            at += length;
            continue;
        }
        at += 1;
    }
    paths
}

fn inline_path<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    let mut path = vec![tokens[0].text];
    let mut at = 1;
    while let [sign, word, ..] = &tokens[at..] {
        if !sign.is("::") || !word.is_word() {
            break;
        }
        path.push(word.text);
        at += 2;
    }
    path
}

/// The leaves of `a::{b, c::*, d as e}` below a prefix.
fn read_tree<'a>(tokens: &[Token<'a>], prefix: &[&'a str]) -> Vec<Import<'a>> {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if token.is("{") {
            let inside = &tokens[at + 1..tokens.len() - 1];
            return split(inside, ",")
                .into_iter()
                .flat_map(|part| read_tree(part, &path))
                .collect();
        }
        if token.is("*") {
            return vec![Import {
                path,
                alias: None,
                is_public: false,
            }];
        }
        if token.is("as") {
            let alias = tokens.get(at + 1).map(|token| token.text);
            return vec![Import {
                path,
                alias,
                is_public: false,
            }];
        }
        if token.is_word() && (path.is_empty() || !token.is("self")) {
            path.push(token.text);
        }
        at += 1;
    }
    let alias = path.last().copied();
    vec![Import {
        path,
        alias,
        is_public: false,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust::token::read_tokens;

    #[test]
    fn trees_of_imports_become_leaves() {
        let tokens = read_tokens("pub use crate::a::{self, b::C, d as e, f::*};");
        let paths = read_paths(&tokens);
        let leaves: Vec<_> = paths
            .imports
            .iter()
            .map(|import| (import.path.join("::"), import.alias))
            .collect();
        let expected = [
            ("crate::a", Some("a")),
            ("crate::a::b::C", Some("C")),
            ("crate::a::d", Some("e")),
            ("crate::a::f", None),
        ];
        assert_eq!(leaves, expected.map(|(path, alias)| (path.to_owned(), alias)));
        assert!(paths.imports.iter().all(|import| import.is_public));
    }

    #[test]
    fn paths_in_code_are_read() {
        let paths = read_paths(&read_tokens("fn a() { super::b::c(d); }"));
        assert_eq!(paths.inline, [["super", "b", "c"]]);
        assert_eq!(paths.words, ["fn", "a", "super", "d"]);
    }
}
