//! Words, quoted and folded texts, and tags.

use super::Parser;

impl Parser<'_> {
    /// Reads a key or a value, and moves behind it.
    pub(super) fn scalar(&mut self, parent: Option<usize>) -> Option<String> {
        match self.rest().chars().next()? {
            '\'' => self.quoted('\''),
            '"' => self.quoted('"'),
            _ => self.plain(parent),
        }
    }

    /// Words up to a colon, or to the end of the lines that are further right than `parent`.
    fn plain(&mut self, parent: Option<usize>) -> Option<String> {
        let rest = self.rest();
        let key = rest.find(": ").or_else(|| rest.strip_suffix(':').map(str::len));
        if let Some(length) = key {
            self.column += length;
            return Some(rest[..length].to_owned());
        }
        let mut text = rest.trim_end().to_owned();
        loop {
            let [line, column] = [self.line, self.column + self.rest().len()];
            self.next_line();
            if self.is_at_end() || parent.is_none_or(|parent| self.column <= parent) {
                (self.line, self.column) = (line, column);
                return Some(text);
            }
            if self.rest().contains(": ") || self.rest().ends_with(':') {
                return None;
            }
            text = format!("{text} {}", self.rest().trim_end());
        }
    }

    fn quoted(&mut self, quote: char) -> Option<String> {
        self.column += 1;
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let mut characters = rest.char_indices().peekable();
            while let Some((at, c)) = characters.next() {
                match c {
                    '\'' if quote == '\'' && rest[at + 1..].starts_with('\'') => {
                        text.push(c);
                        characters.next();
                    }
                    c if c == quote => {
                        self.column += at + 1;
                        return Some(text);
                    }
                    // Escapes only occur in texts that nothing here depends on.
                    '\\' if quote == '"' => text.extend(characters.next().map(|(_, c)| c)),
                    c => text.push(c),
                }
            }
            text.push(' ');
            (self.line, self.column) = (self.line + 1, 0);
            if self.is_at_end() {
                return None;
            }
            self.skip_spaces();
        }
    }

    /// Joins the lines that are further right than `parent`.
    pub(super) fn block_text(&mut self, parent: Option<usize>) -> String {
        let mut text = String::new();
        loop {
            self.next_line();
            if self.is_at_end() || parent.is_some_and(|parent| self.column <= parent) {
                return text;
            }
            text.push_str(self.rest());
            text.push('\n');
        }
    }
}

/// A tag with its `%3C` as characters.
pub(super) fn decoded(tag: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = tag.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let [high, low] = [rest.next()?, rest.next()?].map(|digit| char::from(digit).to_digit(16));
                u8::try_from(16 * high? + low?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}
