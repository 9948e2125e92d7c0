//! The tokens of a file without its tests, and where brackets close.

use super::token::{Token, read_tokens};

/// The tokens outside items that are built for tests only.
pub fn tokens_outside_tests(text: &str) -> Vec<Token<'_>> {
    let tokens = read_tokens(text);
    let mut outside = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if is_test_attribute(&tokens[at..]) {
            at = end_of_item(&tokens, at);
        } else {
            outside.push(tokens[at]);
            at += 1;
        }
    }
    outside
}

fn is_test_attribute(tokens: &[Token]) -> bool {
    let attribute = ["#", "[", "cfg", "(", "test", ")", "]"];
    tokens.len() >= attribute.len() && attribute.iter().zip(tokens).all(|(text, token)| token.is(text))
}

/// The index after the item that begins at `start`, its attributes included.
fn end_of_item(tokens: &[Token], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len() {
        match tokens[at].text {
            ";" => return at + 1,
            "{" => return closing(tokens, at) + 1,
            "(" | "[" => at = closing(tokens, at) + 1,
            _ => at += 1,
        }
    }
    at
}

/// The index of the bracket that closes the one at `open`; the last index if none does.
pub fn closing(tokens: &[Token], open: usize) -> usize {
    let mut depth = 0usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        if ["(", "[", "{"].iter().any(|bracket| token.is(bracket)) {
            depth += 1;
        } else if [")", "]", "}"].iter().any(|bracket| token.is(bracket)) {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                return index;
            }
        }
    }
    tokens.len().saturating_sub(1)
}

/// The tokens between signs at the top level, as between the commas of a list of arguments or a tree of imports.
///
/// Angle brackets count as brackets: `it.
pub fn split<'t, 'a>(tokens: &'t [Token<'a>], sign: &str) -> Vec<&'t [Token<'a>]> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (index, token) in tokens.iter().enumerate() {
        if ["(", "[", "{", "<"].iter().any(|bracket| token.is(bracket)) {
            depth += 1;
        } else if [")", "]", "}", ">"].iter().any(|bracket| token.is(bracket)) {
            depth = depth.saturating_sub(1);
        } else if depth == 0 && token.is(sign) {
            parts.push(&tokens[start..index]);
            start = index + 1;
        }
    }
    parts.push(&tokens[start..]);
    parts.retain(|part| !part.is_empty());
    parts
}

/// The names that a file defines at its top level: `struct A`, `pub fn b`, ..
pub fn defined_names<'a>(tokens: &[Token<'a>]) -> Vec<&'a str> {
    const ITEMS: [&str; 9] = [
        "struct",
        "enum",
        "union",
        "trait",
        "fn",
        "const",
        "static",
        "type",
        "macro_rules",
    ];
    let mut names = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at].is("{") {
            at = closing(tokens, at);
        } else if ITEMS.iter().any(|item| tokens[at].is(item)) {
            let name = tokens[at + 1..].iter().find(|token| !token.is("!"));
            names.extend(
                name.filter(|name| name.is_word() && !name.is("fn"))
                    .map(|name| name.text),
            );
        }
        at += 1;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_modules_are_left_out() {
        let tokens = tokens_outside_tests("fn a() {}\n#[cfg(test)]\nmod tests { fn b() { c(); } }\nfn d() {}");
        let words: Vec<_> = tokens
            .iter()
            .filter(|token| token.is_word())
            .map(|token| token.text)
            .collect();
        assert_eq!(words, ["fn", "a", "fn", "d"]);
    }

    #[test]
    fn definitions_are_those_of_the_top_level() {
        let tokens =
            read_tokens("pub struct A { b: C }\nimpl A { fn d() {} }\npub(crate) const fn e() {}\ntype F = A;");
        assert_eq!(defined_names(&tokens), ["A", "e", "F"]);
    }
}
