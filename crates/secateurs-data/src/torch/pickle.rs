//! The few instructions of Python's pickle machine that dictionaries of tensors need.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::shortened;

/// Largest depth of tuples in tuples. Python's own files need three; dropping one takes the stack of its depth.
const MAX_DEPTH: u8 = 32;
/// Largest number of dimensions of a tensor, as in PyTorch.
const MAX_DIMENSIONS: usize = 64;

/// Place of a tensor's elements in a storage.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Stored {
    /// Class of the storage: `FloatStorage`, `DoubleStorage`, ..
    pub(super) kind: Rc<str>,
    /// Name of the archive's entry under `data`.
    pub(super) key: Rc<str>,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) strides: Vec<usize>,
}

/// A value on the machine's stack. Copies are cheap, so that a small pickle cannot fill the memory.
///
/// There is no `Debug`: tuples that share their parts can print as exponentially more than they take.
#[derive(Clone)]
enum Value {
    Number(i64),
    Text(Rc<str>),
    /// Name of a Python object, with its module.
    Global(Rc<str>),
    /// Parts, and the depth: 1 more than the deepest part's.
    Tuple(Rc<[Value]>, u8),
    /// Entries of a dictionary that is being filled; copies from the memo and dictionaries within others are empty.
    Dictionary(Vec<(Value, Value)>),
    /// Class and key of a storage.
    Storage(Rc<str>, Rc<str>),
    Tensor(Rc<Stored>),
    Mark,
    /// Any other value, which is not used.
    Other,
}

impl Value {
    fn tuple(parts: Vec<Value>) -> Result<Self, String> {
        let depth = parts.iter().map(Self::depth).max().unwrap_or(0) + 1;
        if depth > MAX_DEPTH {
            return Err(format!("its pickle has tuples in tuples beyond {MAX_DEPTH} levels"));
        }
        Ok(Self::Tuple(parts.into_iter().map(Self::into_part).collect(), depth))
    }

    fn depth(&self) -> u8 {
        match self {
            Self::Tuple(_, depth) => *depth,
            _ => 0,
        }
    }

    /// The value as a part of another one; the entries of a dictionary are dropped, as they are not used and would
    /// allow any depth.
    fn into_part(self) -> Self {
        match self {
            Self::Dictionary(_) => Self::Dictionary(Vec::new()),
            other => other,
        }
    }

    /// Kind of the value in a word or two, for messages.
    fn kind(&self) -> &'static str {
        match self {
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Global(_) => "a name of code",
            Self::Tuple(..) => "a tuple",
            Self::Dictionary(_) => "a dictionary",
            Self::Storage(..) => "a storage",
            Self::Tensor(_) => "a tensor",
            Self::Mark => "a mark",
            Self::Other => "something else",
        }
    }
}

/// The tensors of the dictionary that a pickle makes.
pub(super) fn dictionary(pickle: &[u8]) -> Result<BTreeMap<Rc<str>, Rc<Stored>>, String> {
    let mut machine = Machine {
        code: pickle,
        at: 0,
        stack: Vec::new(),
        memo: HashMap::new(),
        sizes_left: pickle.len(),
    };
    let Value::Dictionary(entries) = machine.run()? else {
        return Err("it holds no dictionary".into());
    };
    let mut tensors = BTreeMap::new();
    for (name, value) in entries {
        let Value::Text(name) = name else {
            return Err(format!("{} names an entry of its dictionary", name.kind()));
        };
        let Value::Tensor(stored) = value else {
            let (name, kind) = (shortened(&name), value.kind());
            return Err(format!("its entry {name:?} is no tensor but {kind}"));
        };
        // Refused at the first, so that one long name is not compared over and over.
        if tensors.insert(name.clone(), stored).is_some() {
            return Err(format!("its entry {:?} is there twice", shortened(&name)));
        }
    }
    Ok(tensors)
}

struct Machine<'a> {
    code: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memo: HashMap<usize, Value>,
    /// Number of sizes and strides that further tensors may have. Python writes each with at least two bytes; a tuple
    /// from the memo would give any number of them.
    sizes_left: usize,
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
            b')' => self.stack.push(Value::tuple(Vec::new())?),
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
                self.stack.push(Value::tuple(parts)?);
            }
            b't' => {
                let parts = self.pop_to_mark()?;
                self.stack.push(Value::tuple(parts)?);
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
            None => return Err("its pickle stores an empty stack in its memo".into()),
        };
        self.memo.insert(key, value);
        Ok(())
    }

    fn recall(&mut self, length: usize) -> Result<(), String> {
        let key = self.number(length)?;
        let value = self.memo.get(&key).cloned();
        self.stack
            .push(value.ok_or_else(|| format!("its pickle asks for {key}, which is not in its memo"))?);
        Ok(())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack
            .pop()
            .ok_or_else(|| "its pickle takes values from an empty stack".into())
    }

    fn pop_many(&mut self, count: usize) -> Result<Vec<Value>, String> {
        let first = self.stack.len().checked_sub(count);
        Ok(self
            .stack
            .split_off(first.ok_or("its pickle takes values from an empty stack")?))
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
            return Err("its pickle adds entries to a value that is no dictionary".into());
        };
        let mut parts = parts.into_iter();
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            entries.push((key.into_part(), value.into_part()));
        }
        Ok(())
    }

    /// Resolves `('storage', kind, key, place, count)`, which names an entry of the archive.
    fn find_storage(&mut self) -> Result<(), String> {
        let storage = match self.pop()? {
            Value::Tuple(parts, _) => match &parts[..] {
                [Value::Text(_), Value::Global(kind), Value::Text(key), ..] => {
                    Some(Value::Storage(kind.clone(), key.clone()))
                }
                _ => None,
            },
            _ => None,
        };
        self.stack
            .push(storage.ok_or("its pickle refers to a value that is no storage")?);
        Ok(())
    }

    /// Evaluates a call of one of the functions that build dictionaries of tensors; nothing is executed.
    fn call(&mut self) -> Result<(), String> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let (Value::Tuple(arguments, _), Value::Global(function)) = (arguments, function) else {
            return Err("its pickle calls a value that is no function".into());
        };
        let value = match (&*function, &arguments[..]) {
            ("collections OrderedDict", []) => Value::Dictionary(Vec::new()),
            ("torch._utils _rebuild_parameter", [tensor @ Value::Tensor(_), ..]) => tensor.clone(),
            ("torch._utils _rebuild_tensor_v2", arguments) => self.tensor(arguments)?,
            _ => {
                let function = shortened(&function);
                return Err(format!("its pickle calls {function}, which no tensor needs"));
            }
        };
        self.stack.push(value);
        Ok(())
    }

    fn tensor(&mut self, arguments: &[Value]) -> Result<Value, String> {
        let [
            Value::Storage(kind, key),
            offset,
            Value::Tuple(shape, _),
            Value::Tuple(strides, _),
            ..,
        ] = arguments
        else {
            return Err("a tensor of its pickle has unknown arguments".into());
        };
        let dimensions = shape.len().max(strides.len());
        if dimensions > MAX_DIMENSIONS {
            return Err(format!("a tensor of its pickle has {dimensions} dimensions"));
        }
        let left = self.sizes_left.checked_sub(shape.len() + strides.len());
        self.sizes_left = left.ok_or("its tensors have more sizes than its pickle has bytes")?;
        Ok(Value::Tensor(Rc::new(Stored {
            kind: kind.clone(),
            key: key.clone(),
            offset: natural(offset)?,
            shape: shape.iter().map(natural).collect::<Result<_, _>>()?,
            strides: strides.iter().map(natural).collect::<Result<_, _>>()?,
        })))
    }
}

fn natural(value: &Value) -> Result<usize, String> {
    let Value::Number(number) = value else {
        return Err(format!("a tensor of its pickle has {} as a size", value.kind()));
    };
    usize::try_from(*number).map_err(|_| format!("a tensor of its pickle has the size {number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(pickle: &[u8]) -> String {
        let problem = dictionary(pickle).expect_err("it is refused");
        assert!(problem.len() < 200, "a message of {} bytes", problem.len());
        problem
    }

    fn text(text: &str) -> Vec<u8> {
        [b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes()].concat()
    }

    /// A tuple of two equal parts, nested: 2^`levels` numbers if written out. The last is `levels` in the memo.
    fn doubled(levels: u8) -> Vec<u8> {
        let level = |n| [b'h', n, b'h', n, 0x86, b'q', n + 1];
        b"K\0q\0".iter().copied().chain((0..levels).flat_map(level)).collect()
    }

    #[test]
    fn tuples_that_share_parts_print_as_one_word() {
        let levels = MAX_DEPTH;
        let filled = |key: &[u8], value: &[u8]| problem(&[&doubled(levels)[..], b"}", key, value, b"s."].concat());
        let last = [b'h', levels];
        assert!(filled(&text("a"), &last).contains("\"a\" is no tensor but a tuple"));
        assert!(filled(&last, b"N").contains("a tuple names an entry"));
        assert!(problem(&[b"}", &doubled(40)[..], b"Ns."].concat()).contains("levels"));
        let storage = [b"(", &text("storage")[..], b"ctorch\nFloatStorage\n", &text("0"), b"tQ"].concat();
        let tensor = |shape: &[u8]| {
            let tensor = [
                b"ctorch._utils\n_rebuild_tensor_v2\n(",
                &storage[..],
                b"K\0",
                shape,
                b")tR.",
            ]
            .concat();
            problem(&[doubled(levels - 1), tensor].concat())
        };
        assert!(tensor(&[b'h', levels - 2, 0x85]).contains("has a tuple as a size"));
        assert!(tensor(b"J\xff\xff\xff\xff\x85").contains("the size -1"));
    }

    #[test]
    fn long_texts_are_shortened() {
        let long = "x".repeat(1_000_000);
        assert!(problem(&[b"}", &text(&long)[..], b"K\0s."].concat()).contains("no tensor but a number"));
        assert!(problem(&[format!("c{long}\n{long}\n)R.").as_bytes()].concat()).contains("calls xxx"));
    }

    #[test]
    fn deep_tuples_and_dictionaries_do_not_overflow_the_stack() {
        let tuples = |levels: usize| [&b")"[..], &vec![0x85; levels], b"."].concat();
        assert!(problem(&tuples(1_000_000)).contains("levels"));
        let most = usize::from(MAX_DEPTH) - 1;
        assert!(problem(&tuples(most)).contains("no dictionary"));
        assert!(problem(&tuples(most + 1)).contains("levels"));
        let levels = 1_000_000;
        let dictionaries = [
            b"}K\0".repeat(levels),
            b"}".to_vec(),
            b"s".repeat(levels),
            b".".to_vec(),
        ]
        .concat();
        assert!(problem(&dictionaries).contains("a number names an entry"));
        let alternating = [
            b"}K\0".repeat(levels),
            b"}".to_vec(),
            b"\x85s".repeat(levels),
            b".".to_vec(),
        ]
        .concat();
        problem(&alternating);
    }

    #[test]
    fn shapes_from_the_memo_are_limited() {
        let storage = [
            b"(",
            &text("storage")[..],
            b"ctorch\nFloatStorage\n",
            &text("0"),
            b"tQq\0",
        ]
        .concat();
        let shape = |sizes: usize| [&b"("[..], &b"K\x01".repeat(sizes), b"tq\x01"].concat();
        let tensor = b"ctorch._utils\n_rebuild_tensor_v2\nq\x02(h\0K\0h\x01h\x01tR";
        let again = b"h\x02(h\0K\0h\x01h\x01tR".repeat(1000);
        assert!(problem(&[&storage, &shape(65), &tensor[..]].concat()).contains("65 dimensions"));
        assert!(problem(&[&storage, &shape(64), &tensor[..], &again].concat()).contains("more sizes"));
        assert!(problem(&[&storage, &shape(3), &tensor[..], &again, b"."].concat()).contains("no dictionary"));
    }

    #[test]
    fn names_come_once() {
        let storage = [b"(", &text("storage")[..], b"ctorch\nFloatStorage\n", &text("0"), b"tQ"].concat();
        let tensor = [b"ctorch._utils\n_rebuild_tensor_v2\n(", &storage[..], b"K\0))tRq\0"].concat();
        let pickle = [&tensor[..], b"}(", &text("a"), b"h\0", &text("b"), b"h\0"].concat();
        assert_eq!(
            dictionary(&[&pickle[..], b"u."].concat()).expect("it is valid").len(),
            2
        );
        assert!(problem(&[&pickle[..], &text("a"), b"h\0u."].concat()).contains("\"a\" is there twice"));
    }
}
