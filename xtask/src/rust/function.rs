//! The functions of a file.

use super::file::{closing, split};
use super::token::Token;

/// A function with its place, length and arguments; methods of traits without a body are functions too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function<'a> {
    pub name: &'a str,
    pub line: usize,
    /// Number of lines from `fn` to the closing brace; 0 without a body.
    pub n_lines: usize,
    /// Whether an argument, or the target of its references, is a tuple.
    pub has_tuple: bool,
}

/// Finds all functions, nested ones included.
pub fn find_functions<'a>(tokens: &[Token<'a>]) -> Vec<Function<'a>> {
    let is_function = |index: &usize| tokens[*index].is("fn") && tokens.get(index + 1).is_some_and(Token::is_word);
    let starts = (0..tokens.len()).filter(is_function);
    starts.filter_map(|start| read_function(tokens, start)).collect()
}

fn read_function<'a>(tokens: &[Token<'a>], start: usize) -> Option<Function<'a>> {
    let open = after_generics(tokens, start + 2);
    tokens.get(open).filter(|token| token.is("("))?;
    let close = closing(tokens, open);
    let arguments = split(&tokens[open + 1..close], ",");
    let n_lines = body(tokens, close).map_or(0, |end| tokens[end].line - tokens[start].line + 1);
    Some(Function {
        name: tokens[start + 1].text,
        line: tokens[start].line,
        n_lines,
        has_tuple: arguments.into_iter().any(is_tuple_argument),
    })
}

fn after_generics(tokens: &[Token], start: usize) -> usize {
    let mut depth = 0usize;
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "<" => depth += 1,
            ">" => depth = depth.saturating_sub(1),
            _ if depth == 0 => break,
            _ => {}
        }
        at += 1;
    }
    at
}

/// The index of the closing brace of the body that follows a list of arguments.
fn body(tokens: &[Token], close: usize) -> Option<usize> {
    let mut at = close + 1;
    while let Some(token) = tokens.get(at) {
        match token.text {
            "{" => return Some(closing(tokens, at)),
            ";" => return None,
            "(" | "[" => at = closing(tokens, at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn is_tuple_argument(argument: &[Token]) -> bool {
    let Some((pattern, kind)) = split_at_colon(argument) else {
        return false;
    };
    is_tuple(pattern) || is_tuple(kind)
}

fn split_at_colon<'t, 'a>(argument: &'t [Token<'a>]) -> Option<(&'t [Token<'a>], &'t [Token<'a>])> {
    let kind = split(argument, ":");
    match kind[..] {
        [pattern, kind] => Some((pattern, kind)),
        _ => None,
    }
}

/// Whether a type is a tuple such as `(A, B)`, behind references and `mut`.
fn is_tuple(tokens: &[Token]) -> bool {
    let is_prefix = |token: &&Token| token.is("&") || token.is("mut") || token.text.starts_with('\'');
    let bare = &tokens[tokens.iter().take_while(is_prefix).count()..];
    let inside = match bare {
        [open, inside @ .., close] if open.is("(") && close.is(")") => inside,
        _ => return false,
    };
    split(inside, ",").len() > 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rust::token::read_tokens;

    fn tuples(text: &str) -> Vec<bool> {
        let functions = find_functions(&read_tokens(text));
        functions.into_iter().map(|function| function.has_tuple).collect()
    }

    #[test]
    fn tuples_are_found_in_types_and_patterns() {
        assert_eq!(tuples("fn a(b: (u8, u8)) {}"), [true]);
        assert_eq!(tuples("fn a(self, (b, c): &'x mut (u8, u8)) {}"), [true]);
        assert_eq!(
            tuples("trait T { fn a(&self, Pair(b, c): Pair, d: &[(u8, u8)]); }"),
            [false]
        );
        assert_eq!(
            tuples("fn a<F: Fn((u8, u8)) -> u8>(b: F, c: impl Fn(u8, u8), d: (u8)) {}"),
            [false]
        );
    }

    #[test]
    fn lengths_reach_from_the_name_to_the_brace() {
        let text = "fn a() -> [u8; 2]\nwhere\n    B: C,\n{\n    fn b() {}\n}\ntrait T {\n    fn c();\n}\n";
        let lengths: Vec<_> = find_functions(&read_tokens(text))
            .into_iter()
            .map(|function| (function.name, function.n_lines))
            .collect();
        assert_eq!(lengths, [("a", 6), ("b", 1), ("c", 0)]);
    }
}
