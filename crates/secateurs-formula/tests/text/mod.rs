//! A reader of formulas as text, written from what `Syntax::Text` and `text_name` document.

use std::collections::BTreeSet;

/// What was read.
pub enum Term {
    Number(f64),
    Name(String),
    Add(Box<Term>, Box<Term>),
    Subtract(Box<Term>, Box<Term>),
    Multiply(Box<Term>, Box<Term>),
    Divide(Box<Term>, Box<Term>),
    Raise(Box<Term>, Box<Term>),
    Negate(Box<Term>),
    Exp(Box<Term>),
}

type Read = Result<Term, String>;

pub fn read(text: &str) -> Read {
    let mut reader = Reader {
        left: text.chars().collect(),
        at: 0,
    };
    let term = reader.sum()?;
    match reader.peek() {
        None => Ok(term),
        Some(c) => Err(format!("{c:?} after the end")),
    }
}

impl Term {
    pub fn names(&self) -> BTreeSet<String> {
        match self {
            Self::Number(_) => BTreeSet::new(),
            Self::Name(name) => BTreeSet::from([name.clone()]),
            Self::Negate(a) | Self::Exp(a) => a.names(),
            Self::Add(a, b) | Self::Subtract(a, b) | Self::Multiply(a, b) | Self::Divide(a, b) | Self::Raise(a, b) => {
                a.names().union(&b.names()).cloned().collect()
            }
        }
    }

    pub fn at(&self, value: &dyn Fn(&str) -> Option<f64>) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Name(name) => value(name).unwrap_or(f64::NAN),
            Self::Add(a, b) => a.at(value) + b.at(value),
            Self::Subtract(a, b) => a.at(value) - b.at(value),
            Self::Multiply(a, b) => a.at(value) * b.at(value),
            Self::Divide(a, b) => a.at(value) / b.at(value),
            Self::Raise(a, b) => a.at(value).powf(b.at(value)),
            Self::Negate(a) => -a.at(value),
            Self::Exp(a) => a.at(value).exp(),
        }
    }
}

struct Reader {
    left: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.left.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        self.at += 1;
        self.left.get(self.at - 1).copied()
    }

    fn takes(&mut self, text: &str) -> bool {
        let has = self.left[self.at.min(self.left.len())..]
            .iter()
            .take(text.len())
            .collect::<String>()
            == text;
        self.at += if has { text.len() } else { 0 };
        has
    }

    fn sum(&mut self) -> Read {
        let mut sum = self.product()?;
        loop {
            if self.takes(" + ") {
                sum = Term::Add(Box::new(sum), Box::new(self.product()?));
            } else if self.takes(" - ") {
                sum = Term::Subtract(Box::new(sum), Box::new(self.product()?));
            } else {
                return Ok(sum);
            }
        }
    }

    fn product(&mut self) -> Read {
        if self.takes("-") {
            return Ok(Term::Negate(Box::new(self.product()?)));
        }
        let mut product = self.power()?;
        loop {
            if self.takes("*") {
                product = Term::Multiply(Box::new(product), Box::new(self.power()?));
            } else if self.takes("/") {
                product = Term::Divide(Box::new(product), Box::new(self.power()?));
            } else {
                return Ok(product);
            }
        }
    }

    fn power(&mut self) -> Read {
        let base = self.atom()?;
        match self.takes("^") {
            true => Ok(Term::Raise(Box::new(base), Box::new(self.atom()?))),
            false => Ok(base),
        }
    }

    fn atom(&mut self) -> Read {
        match self.peek() {
            Some('(') => self.within(),
            Some('`') => self.quoted(),
            Some(c) if c.is_ascii_digit() => self.number(),
            Some(c) if c == '_' || c.is_alphabetic() => self.word(),
            other => Err(format!("{other:?} at {}", self.at)),
        }
    }

    fn within(&mut self) -> Read {
        self.next();
        let inner = self.sum()?;
        match self.takes(")") {
            true => Ok(inner),
            false => Err("no end of parentheses".to_owned()),
        }
    }

    fn number(&mut self) -> Read {
        let mut text = String::new();
        while let Some(c) = self.peek() {
            let is_sign = c == '-' && text.ends_with('e');
            if !(c.is_ascii_digit() || c == '.' || c == 'e' || is_sign) {
                break;
            }
            text.push(c);
            self.next();
        }
        text.parse().map(Term::Number).map_err(|_| text)
    }

    fn word(&mut self) -> Read {
        let mut text = String::new();
        while let Some(c) = self
            .peek()
            .filter(|c| *c == '_' || c.is_alphabetic() || c.is_ascii_digit())
        {
            text.push(c);
            self.next();
        }
        match (text.as_str(), self.peek()) {
            ("exp", Some('(')) => Ok(Term::Exp(Box::new(self.within()?))),
            ("sqrt", Some('(')) => Ok(Term::Raise(Box::new(self.within()?), Box::new(Term::Number(0.5)))),
            ("exp" | "sqrt" | "e" | "pi", _) => Err(format!("{text} is no variable")),
            _ => Ok(Term::Name(text)),
        }
    }

    fn quoted(&mut self) -> Read {
        self.next();
        let mut name = String::new();
        loop {
            match self.next().ok_or("no end of a name")? {
                '`' => return Ok(Term::Name(name)),
                '\\' => name.push(self.escaped()?),
                c => name.push(c),
            }
        }
    }

    fn escaped(&mut self) -> Result<char, String> {
        match self.next().ok_or("no end of a name")? {
            'n' => Ok('\n'),
            'r' => Ok('\r'),
            't' => Ok('\t'),
            'u' => {
                let mut code = String::new();
                while let Some(c) = self.next().filter(|c| *c != '}') {
                    code.extend(Some(c).filter(|c| *c != '{'));
                }
                let code = u32::from_str_radix(&code, 16).map_err(|_| code)?;
                char::from_u32(code).ok_or_else(|| format!("{code} is no character"))
            }
            c => Ok(c),
        }
    }
}
