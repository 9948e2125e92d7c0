//! The tokens of a Rust file.

/// A word, number, literal or sign of the source, with its line from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub line: usize,
}

/// Kind of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An identifier or a keyword.
    Word,
    /// A string, character, number or lifetime.
    Literal,
    /// A sign; `::`, `->` and `=>` are one each.
    Sign,
}

impl Token<'_> {
    pub fn is(&self, text: &str) -> bool {
        self.kind != Kind::Literal && self.text == text
    }

    pub fn is_word(&self) -> bool {
        self.kind == Kind::Word
    }
}

/// Reads all tokens; comments and white space are left out.
pub fn read_tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < text.len() {
        let (kind, length) = next(&text[at..]);
        let piece = &text[at..at + length];
        if let Some(kind) = kind {
            tokens.push(Token {
                kind,
                text: piece,
                line,
            });
        }
        line += piece.matches('\n').count();
        at += length;
    }
    tokens
}

/// The kind and length of the first token of the text; comments and white space have no kind.
fn next(text: &str) -> (Option<Kind>, usize) {
    let first = text.chars().next().unwrap_or(' ');
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if text.starts_with("//") {
        return (None, text.find('\n').unwrap_or(text.len()));
    }
    if text.starts_with("/*") {
        return (None, block_comment(text));
    }
    if let Some(length) = string(text) {
        return (Some(Kind::Literal), length);
    }
    if first == '\'' {
        return (Some(Kind::Literal), character_or_lifetime(text));
    }
    if first.is_alphanumeric() || first == '_' {
        let kind = if first.is_ascii_digit() {
            Kind::Literal
        } else {
            Kind::Word
        };
        return (Some(kind), word_length(text));
    }
    let is_pair = ["::", "->", "=>"].iter().any(|pair| text.starts_with(pair));
    (Some(Kind::Sign), if is_pair { 2 } else { first.len_utf8() })
}

fn word_length(text: &str) -> usize {
    text.find(|character: char| !character.is_alphanumeric() && character != '_')
        .unwrap_or(text.len())
}

/// The length of a block comment, which may hold others.
fn block_comment(text: &str) -> usize {
    let (mut depth, mut at) = (0usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// The length of a string literal with its prefix and, if raw, its number signs.
fn string(text: &str) -> Option<usize> {
    let prefix = text.find(|character: char| !"bcr".contains(character))?;
    let is_raw = text[..prefix].ends_with('r');
    let body = &text[prefix..];
    let signs = if is_raw {
        body.len() - body.trim_start_matches('#').len()
    } else {
        0
    };
    let inside = body[signs..].strip_prefix('"')?;
    let start = prefix + signs + 1;
    if is_raw {
        let end = format!("\"{}", "#".repeat(signs));
        return Some(inside.find(&end).map_or(text.len(), |found| start + found + end.len()));
    }
    let mut is_escaped = false;
    let end = inside.find(|character| {
        let ends = character == '"' && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends
    });
    Some(end.map_or(text.len(), |found| start + found + 1))
}

fn character_or_lifetime(text: &str) -> usize {
    let mut characters = text[1..].chars();
    let first = characters.next().unwrap_or('\'');
    if first == '\\' {
        let escaped = characters.next().map_or(0, char::len_utf8);
        let rest = &text[2 + escaped..];
        return rest.find('\'').map_or(text.len(), |end| 2 + escaped + end + 1);
    }
    if characters.next() == Some('\'') {
        return 1 + first.len_utf8() + 1;
    }
    1 + word_length(&text[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        read_tokens(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_and_white_space_are_no_tokens() {
        assert_eq!(texts("a // b\n/* c /* d */ */ e"), ["a", "e"]);
    }

    #[test]
    fn literals_hide_signs() {
        assert_eq!(texts(r##"f("{ \" }", r#"a"b"#, b"}", '{', '\'', 'a)"##).len(), 14);
        assert_eq!(texts("&'static str"), ["&", "'static", "str"]);
    }

    #[test]
    fn arrows_are_one_sign_and_lines_are_counted() {
        let tokens = read_tokens("fn a()\n-> b::C {}");
        assert_eq!(tokens[4].text, "->");
        assert_eq!((tokens[6].text, tokens[6].line), ("::", 2));
    }
}
