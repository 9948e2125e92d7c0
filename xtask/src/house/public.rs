//! Public items: the names that a user of the crates can use.

use serde_json::{Value, json};

use crate::rust::file::tokens_outside_tests;
use crate::rust::token::Token;
use crate::tree::Source;

const ITEMS: [&str; 7] = ["fn", "struct", "enum", "trait", "const", "type", "static"];

/// Words between `pub` and the kind of an item.
const QUALIFIERS: [&str; 4] = ["async", "unsafe", "extern", "const"];

/// Counts items that are `pub` without restriction, in modules and as methods or constants of types.
///
/// Whether a private module hides an item is not looked at: both commits of a comparison have that error.
pub fn count(sources: &[Source]) -> Value {
    let (mut items, mut members) = (0, 0);
    for source in sources.iter().filter(|source| source.path.starts_with("crates/")) {
        let mut depth = 0usize;
        let tokens = tokens_outside_tests(source.text);
        for (index, token) in tokens.iter().enumerate() {
            depth = match token.text {
                "{" => depth + 1,
                "}" => depth.saturating_sub(1),
                _ => depth,
            };
            if token.is("pub") && is_item(&tokens[index + 1..]) {
                *if depth == 0 { &mut items } else { &mut members } += 1;
            }
        }
    }
    json!({ "items": items, "members": members })
}

fn is_item(after: &[Token]) -> bool {
    let kind = after.iter().find(|token| !QUALIFIERS.iter().any(|word| token.is(word)));
    let is_constant = after.first().is_some_and(|token| token.is("const"));
    is_constant || kind.is_some_and(|kind| ITEMS.iter().any(|item| kind.is(item)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_and_restricted_items_are_not_counted() {
        let text =
            "pub struct A { pub b: C }\nimpl A { pub const fn d() {} pub(crate) fn e() {} }\npub const F: u8 = 0;";
        let source = Source {
            path: "crates/a/src/lib.rs",
            text,
        };
        assert_eq!(count(&[source]), json!({ "items": 2, "members": 1 }));
    }
}
