//! The few instructions of Python's pickle machine that dictionaries of tensors need.

use std::collections::HashMap;
use std::rc::Rc;

/// Where the elements of a tensor are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    /// `FloatStorage`, `DoubleStorage`, ..
    pub(super) kind: String,
    /// Name of the archive's entry under `data`.
    pub(super) key: String,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// What the machine works with. Copies are cheap, so that a small pickle cannot fill the memory.
#[derive(Debug, Clone)]
enum Value {
    Number(i64),
    Text(Rc<str>),
    /// Module and name.
    Global(Rc<str>),
    Tuple(Rc<[Value]>),
    /// Entries of a dictionary that is being filled; copies from the memo are empty.
    Dictionary(Vec<(Value, Value)>),
    /// Kind and key.
    Storage(Rc<str>, Rc<str>),
    Tensor(Rc<Stored>),
    Mark,
    /// Anything that is of no use.
    Other,
}

/// The tensors of the dictionary that a pickle makes, in its order.
pub(super) fn dictionary(pickle: &[u8]) -> Result<Vec<(String, Stored)>, String> {
    let mut machine = Machine {
        code: pickle,
        at: 0,
        stack: Vec::new(),
        memo: HashMap::new(),
    };
    let Value::Dictionary(entries) = machine.run()? else {
        return Err("it holds no dictionary".into());
    };
    let tensor = |(name, value)| match (name, value) {
        (Value::Text(name), Value::Tensor(stored)) => Ok((name.to_string(), (*stored).clone())),
        (name, _) => Err(format!("its entry {name:?} is no tensor")),
    };
    entries.into_iter().map(tensor).collect()
}

struct Machine<'a> {
    code: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memo: HashMap<usize, Value>,
}

impl Machine<'_> {
    fn run(&mut self) -> Result<Value, String> {
        loop {
            let instruction = self.take(1)?[0];
            if instruction == b'.' {
                return self.pop();
            }
            self.step(instruction)?;
        }
    }

    fn step(&mut self, instruction: u8) -> Result<(), String> {
        match instruction {
            0x80 => self.number(1).map(|_| ())?,
            b'(' => self.stack.push(Value::Mark),
            b'}' => self.stack.push(Value::Dictionary(Vec::new())),
            b')' => self.stack.push(Value::Tuple(Rc::from([]))),
            b'N' | 0x88 | 0x89 | b']' => self.stack.push(Value::Other),
            b'K' | b'M' | b'J' => self.push_number(instruction)?,
            0x8a => self.push_long()?,
            b'X' => {
                let length = self.number(4)?;
                let text = Value::Text(self.text(length)?);
                self.stack.push(text);
            }
            b'c' => self.push_global()?,
            b'q' | b'r' => self.remember(if instruction == b'q' { 1 } else { 4 })?,
            b'h' | b'j' => self.recall(if instruction == b'h' { 1 } else { 4 })?,
            0x85..=0x87 => {
                let parts = self.pop_many(usize::from(instruction - 0x84))?;
                self.stack.push(Value::Tuple(parts.into()));
            }
            b't' => {
                let parts = self.pop_to_mark()?;
                self.stack.push(Value::Tuple(parts.into()));
            }
            b's' => {
                let entry = self.pop_many(2)?;
                self.add_entries(entry)?;
            }
            b'u' => {
                let entries = self.pop_to_mark()?;
                self.add_entries(entries)?;
            }
            // Attributes, such as the versions of modules, are of no use.
            b'b' => self.pop().map(|_| ())?,
            b'Q' => self.find_storage()?,
            b'R' => self.call()?,
            other => {
                let at = self.at - 1;
                return Err(format!(
                    "its pickle has the instruction {other:#04x} at byte {at}, which no tensor needs"
                ));
            }
        }
        Ok(())
    }

    fn take(&mut self, length: usize) -> Result<&[u8], String> {
        let at = self.at;
        let rest = self.code.get(at..).and_then(|rest| rest.get(..length));
        self.at = at.saturating_add(length);
        rest.ok_or_else(|| format!("its pickle ends at byte {} instead of {}", self.code.len(), self.at))
    }

    fn number(&mut self, length: usize) -> Result<usize, String> {
        let digits = self.take(length)?.iter().rev();
        Ok(digits.fold(0, |number, digit| number << 8 | usize::from(*digit)))
    }

    fn text(&mut self, length: usize) -> Result<Rc<str>, String> {
        let at = self.at;
        let text = std::str::from_utf8(self.take(length)?);
        text.map(Rc::from)
            .map_err(|_| format!("the text at byte {at} of its pickle is no UTF-8"))
    }

    fn push_number(&mut self, instruction: u8) -> Result<(), String> {
        let number = match instruction {
            b'K' => self.number(1)? as i64,
            b'M' => self.number(2)? as i64,
            _ => i64::from(self.number(4)? as u32 as i32),
        };
        self.stack.push(Value::Number(number));
        Ok(())
    }

    /// A number of up to eight bytes.
    fn push_long(&mut self) -> Result<(), String> {
        let length = self.number(1)?;
        if length > 8 {
            return Err(format!("a number of {length} bytes in its pickle is too large"));
        }
        let number = self.number(length)? as i64;
        self.stack.push(Value::Number(number));
        Ok(())
    }

    fn push_global(&mut self) -> Result<(), String> {
        let [module, name] = [self.line()?, self.line()?];
        self.stack.push(Value::Global(format!("{module} {name}").into()));
        Ok(())
    }

    fn line(&mut self) -> Result<Rc<str>, String> {
        let rest = self.code.get(self.at..).unwrap_or_default();
        let length = rest.iter().position(|byte| *byte == b'\n');
        let line = self.text(length.ok_or("a name in its pickle has no end")?)?;
        self.at += 1;
        Ok(line)
    }

    fn remember(&mut self, length: usize) -> Result<(), String> {
        let key = self.number(length)?;
        let value = match self.stack.last() {
            Some(Value::Dictionary(_)) => Value::Dictionary(Vec::new()),
            Some(value) => value.clone(),
            None => return Err("its pickle remembers nothing".into()),
        };
        self.memo.insert(key, value);
        Ok(())
    }

    fn recall(&mut self, length: usize) -> Result<(), String> {
        let key = self.number(length)?;
        let value = self.memo.get(&key).cloned();
        self.stack
            .push(value.ok_or_else(|| format!("its pickle never remembered {key}"))?);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack
            .pop()
            .ok_or_else(|| "its pickle takes more than there is".into())
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>, String> {
        let first = self.stack.len().checked_sub(count);
        Ok(self
            .stack
            .split_off(first.ok_or("its pickle takes more than there is")?))
    }

    fn pop_to_mark(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark));
        let mark = mark.ok_or("its pickle looks for a mark that is not there")?;
        let parts = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(parts)
    }

    fn add_entries(&mut self, parts: Vec<Value>) -> Result<(), String> {
        let Some(Value::Dictionary(entries)) = self.stack.last_mut() else {
            return Err("its pickle adds entries to what is no dictionary".into());
        };
        let mut parts = parts.into_iter();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            entries.push((key, value));
        }
        Ok(())
    }

    /// `('storage', kind, key, place, count)` names an entry of the archive.
    fn find_storage(&mut self) -> Result<(), String> {
        let storage = match self.pop()? {
            Value::Tuple(parts) => match &parts[..] {
                [Value::Text(_), Value::Global(kind), Value::Text(key), ..] => {
                    Some(Value::Storage(kind.clone(), key.clone()))
                }
                _ => None,
            },
            _ => None,
        };
        self.stack
            .push(storage.ok_or("its pickle refers to what is no storage")?);
        Ok(())
    }

    /// The functions that dictionaries of tensors are made with; nothing is called.
    fn call(&mut self) -> Result<(), String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Tuple(arguments), Value::Global(function)) = (arguments, function) else {
            return Err("its pickle calls what is no function".into());
        };
        let value = match (&*function, &arguments[..]) {
            ("collections OrderedDict", []) => Value::Dictionary(Vec::new()),
            ("torch._utils _rebuild_parameter", [tensor @ Value::Tensor(_), ..]) => tensor.clone(),
            ("torch._utils _rebuild_tensor_v2", arguments) => tensor(arguments)?,
            _ => return Err(format!("its pickle calls {function}, which no tensor needs")),
        };
        self.stack.push(value);
        Ok(())
    }
}

fn tensor(arguments: &[Value]) -> Result<Value, String> {
    let [
        Value::Storage(kind, key),
        Value::Number(offset),
        Value::Tuple(shape),
        Value::Tuple(strides),
        ..,
    ] = arguments
    else {
        return Err("a tensor of its pickle has unknown arguments".into());
    };
    Ok(Value::Tensor(Rc::new(Stored {
        kind: kind.to_string(),
        key: key.to_string(),
        offset: natural(&Value::Number(*offset))?,
        shape: shape.iter().map(natural).collect::<Result<_, _>>()?,
        strides: strides.iter().map(natural).collect::<Result<_, _>>()?,
    })))
}

fn natural(value: &Value) -> Result<usize, String> {
    match value {
        Value::Number(number) => usize::try_from(*number).ok(),
        _ => None,
    }
    .ok_or_else(|| format!("a tensor of its pickle has the size {value:?}"))
}
