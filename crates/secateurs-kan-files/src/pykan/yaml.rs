//! The YAML that PyYAML writes in block style: mappings, lists, scalars, tags, anchors and aliases.

mod scalars;

use std::collections::BTreeMap;
use std::rc::Rc;

use scalars::decoded;

/// Largest depth of nesting that is read.
const MOST_DEPTH: usize = 64;

/// A value with the name of its Python type, if it has one.
#[derive(Debug)]
pub(super) struct Node {
    /// Name of the type, such as `!!python/tuple`; empty where the value itself shows it.
    pub(super) tag: String,
    pub(super) value: Value,
}

#[derive(Debug)]
pub(super) enum Value {
    /// A number, a word, a quoted or a folded text.
    Scalar(String),
    List(Vec<Rc<Node>>),
    Map(Vec<(String, Rc<Node>)>),
}

impl Node {
    /// The text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list with any tag.
    pub(super) fn items(&self) -> Option<&[Rc<Node>]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The value beside a key of a mapping.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(own, _)| own == key).map(|(_, value)| &**value),
            _ => None,
        }
    }
}

/// The value that a text holds; none if it is not of this style.
pub(super) fn parse(text: &str) -> Option<Rc<Node>> {
    let mut parser = Parser {
        lines: text.lines().collect(),
        line: 0,
        column: 0,
        anchors: BTreeMap::new(),
        depth: 0,
    };
    parser.skip_empty();
    let node = parser.node(None)?;
    parser.skip_empty();
    (parser.line == parser.lines.len()).then_some(node)
}

/// A place in a text. `parent` is the column of the list or mapping around a value; what belongs to the value stands further right.
struct Parser<'a> {
    lines: Vec<&'a str>,
    line: usize,
    column: usize,
    anchors: BTreeMap<&'a str, Rc<Node>>,
    depth: usize,
}

impl<'a> Parser<'a> {
    /// The rest of the line.
    fn rest(&self) -> &'a str {
        let line = self.lines.get(self.line).copied().unwrap_or("");
        line.get(self.column..).unwrap_or("")
    }

    fn skip_spaces(&mut self) {
        self.column += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    fn next_line(&mut self) {
        (self.line, self.column) = (self.line + 1, 0);
        self.skip_empty();
    }

    /// Skips blank lines and comments, up to the first character of a line with content.
    fn skip_empty(&mut self) {
        while self.line < self.lines.len() {
            self.column = 0;
            self.skip_spaces();
            if !self.rest().is_empty() && !self.rest().starts_with('#') {
                return;
            }
            self.line += 1;
        }
        self.column = 0;
    }

    fn is_at_end(&self) -> bool {
        self.line >= self.lines.len()
    }

    fn node(&mut self, parent: Option<usize>) -> Option<Rc<Node>> {
        self.depth += 1;
        if self.depth > MOST_DEPTH {
            return None;
        }
        let (mut tag, mut anchor) = (String::new(), None);
        let started = self.line;
        loop {
            self.skip_spaces();
            let word = self.rest().split(' ').next().unwrap_or("");
            match word.chars().next() {
                Some('*') => {
                    let alias = self.anchors.get(&word[1..]).cloned();
                    self.next_line();
                    self.depth -= 1;
                    return alias;
                }
                Some('!') => tag = decoded(word)?,
                Some('&') => anchor = Some(&word[1..]),
                _ => break,
            }
            self.column += word.len();
        }
        let value = match self.rest() {
            "" => self.below(parent)?,
            _ => self.value(parent, self.line == started)?,
        };
        let node = Rc::new(Node { tag, value });
        if let Some(anchor) = anchor {
            self.anchors.insert(anchor, Rc::clone(&node));
        }
        self.depth -= 1;
        Some(node)
    }

    /// A value on the lines below its key or tag; an empty text if there is none.
    fn below(&mut self, parent: Option<usize>) -> Option<Value> {
        self.next_line();
        let is_item = self.rest() == "-" || self.rest().starts_with("- ");
        // The items of a list may stand right below the key of a mapping.
        let belongs = parent.is_none_or(|parent| self.column > parent || (self.column == parent && is_item));
        if self.is_at_end() || !belongs {
            return Some(Value::Scalar(String::new()));
        }
        self.value(parent, true)
    }

    fn value(&mut self, parent: Option<usize>, may_nest: bool) -> Option<Value> {
        let rest = self.rest();
        match rest {
            "[]" => self.empty(Value::List(Vec::new())),
            "{}" => self.empty(Value::Map(Vec::new())),
            _ if rest == "-" || rest.starts_with("- ") => self.list(),
            _ if rest.starts_with(['|', '>']) => Some(Value::Scalar(self.block_text(parent))),
            // Flow style and keys that are no scalars.
            _ if rest.starts_with(['[', '{', '?', '@', '`', ']', '}']) => None,
            _ => {
                let column = self.column;
                let text = self.scalar(parent)?;
                match self.rest().strip_prefix(':') {
                    Some(after) if may_nest && (after.is_empty() || after.starts_with(' ')) => self.map(column, text),
                    _ if self.rest().trim().is_empty() => {
                        self.next_line();
                        Some(Value::Scalar(text))
                    }
                    _ => None,
                }
            }
        }
    }

    fn empty(&mut self, value: Value) -> Option<Value> {
        self.next_line();
        Some(value)
    }

    fn list(&mut self) -> Option<Value> {
        let column = self.column;
        let mut items = Vec::new();
        while !self.is_at_end() && self.column == column && (self.rest() == "-" || self.rest().starts_with("- ")) {
            self.column += 1;
            items.push(self.node(Some(column))?);
        }
        Some(Value::List(items))
    }

    /// The entries of a mapping, after its first key.
    fn map(&mut self, column: usize, first: String) -> Option<Value> {
        let mut entries = Vec::new();
        let mut key = first;
        loop {
            self.column += 1;
            entries.push((key, self.node(Some(column))?));
            if self.is_at_end() || self.column != column || self.rest().starts_with("- ") {
                return Some(Value::Map(entries));
            }
            key = self.scalar(Some(column))?;
            let after = self.rest().strip_prefix(':')?;
            if !(after.is_empty() || after.starts_with(' ')) {
                return None;
            }
        }
    }
}
