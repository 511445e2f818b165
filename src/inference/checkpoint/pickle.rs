//! The pickle machine (PEP 3154 and before) over inert values. Nothing is imported, called or compared.

use std::collections::HashMap;

use crate::inference::checkpoint::reader::Reader;
use crate::inference::checkpoint::{CheckpointError, Result};

/// A DenseNet-201 has some 60,000 opcodes.
const MAX_STEPS: usize = 20_000_000;
const MAX_VALUES: usize = 5_000_000;
const MAX_TEXT: usize = 1 << 20;

/// Index into a program's values.
pub type Id = usize;

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    None,
    Int(i64),
    Text(String),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    /// Module and name of what would be imported.
    Global(String, String),
    /// What stands for something outside of the pickle, such as a storage.
    Persistent(Id),
    /// A call that was not made: callee, arguments, and the state that would be set.
    Object {
        callee: Id,
        arguments: Id,
        state: Option<Id>,
        items: Vec<(Id, Id)>,
    },
    /// Something that no weight is made of: floats, bytes, sets.
    Other,
}

/// Every value that a pickle made, and the last one.
#[derive(Debug)]
pub struct Program {
    values: Vec<Value>,
    pub top: Id,
}

impl Program {
    pub fn values(&self) -> &[Value] {
        &self.values
    }

    pub fn get(&self, id: Id) -> &Value {
        self.values.get(id).unwrap_or(&Value::None)
    }
}

/// Runs the pickle that begins at `at`, and moves `at` behind it.
pub fn run(bytes: &[u8], at: &mut usize) -> Result<Program> {
    let mut machine =
        Machine { reader: Reader::new(bytes, *at), values: Vec::new(), stack: Vec::new(), memo: HashMap::new() };
    for _ in 0..MAX_STEPS {
        let opcode = machine.reader.byte()?;
        if opcode == b'.' {
            let top = machine.pop()?;
            *at = machine.reader.at;
            return Ok(Program { values: machine.values, top });
        }
        machine.step(opcode)?;
    }
    Err(CheckpointError::TooMuch("opcodes"))
}

enum Slot {
    Mark,
    Value(Id),
}

struct Machine<'a> {
    reader: Reader<'a>,
    values: Vec<Value>,
    stack: Vec<Slot>,
    memo: HashMap<u64, Id>,
}

impl Machine<'_> {
    fn push(&mut self, value: Value) -> Result<()> {
        if self.values.len() >= MAX_VALUES {
            return Err(CheckpointError::TooMuch("values"));
        }
        self.values.push(value);
        self.stack.push(Slot::Value(self.values.len() - 1));
        Ok(())
    }

    fn pop(&mut self) -> Result<Id> {
        match self.stack.pop() {
            Some(Slot::Value(id)) => Ok(id),
            _ => Err(CheckpointError::Damaged("its stack is empty")),
        }
    }

    fn peek(&self) -> Result<Id> {
        match self.stack.last() {
            Some(Slot::Value(id)) => Ok(*id),
            _ => Err(CheckpointError::Damaged("its stack is empty")),
        }
    }

    /// Everything above the last mark, in order; the mark goes too.
    fn pop_marked(&mut self) -> Result<Vec<Id>> {
        let mark = self.stack.iter().rposition(|slot| matches!(slot, Slot::Mark));
        let mark = mark.ok_or(CheckpointError::Damaged("its stack has no mark"))?;
        let above = self.stack.split_off(mark);
        Ok(above.into_iter().filter_map(|slot| if let Slot::Value(id) = slot { Some(id) } else { None }).collect())
    }

    fn tuple(&mut self, n: usize) -> Result<()> {
        let mut parts = (0..n).map(|_| self.pop()).collect::<Result<Vec<Id>>>()?;
        parts.reverse();
        self.push(Value::Tuple(parts))
    }

    fn text(&mut self, bytes: &[u8]) -> Result<()> {
        if bytes.len() > MAX_TEXT {
            return Err(CheckpointError::TooMuch("text"));
        }
        self.push(Value::Text(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn sized_text(&mut self, n_bytes: usize) -> Result<()> {
        let n = self.reader.size(n_bytes)?;
        let text = self.reader.take(n)?.to_vec();
        self.text(&text)
    }

    fn skip_sized(&mut self, n_bytes: usize) -> Result<()> {
        let n = self.reader.size(n_bytes)?;
        self.reader.take(n)?;
        self.push(Value::Other)
    }

    fn memoize(&mut self, key: u64) -> Result<()> {
        let id = self.peek()?;
        self.memo.insert(key, id);
        Ok(())
    }

    fn recall(&mut self, key: u64) -> Result<()> {
        let id = self.memo.get(&key).ok_or(CheckpointError::Damaged("it recalls what it has not kept"))?;
        self.stack.push(Slot::Value(*id));
        Ok(())
    }

    fn line_number(&mut self) -> Result<u64> {
        let line = self.reader.line()?;
        let number = std::str::from_utf8(line).ok().and_then(|text| text.trim().parse().ok());
        number.ok_or(CheckpointError::Damaged("a number"))
    }

    fn call(&mut self) -> Result<()> {
        let (arguments, callee) = (self.pop()?, self.pop()?);
        self.push(Value::Object { callee, arguments, state: None, items: Vec::new() })
    }

    /// Adds to what lies under the mark, or under two values without one.
    fn set_items(&mut self, pairs: &[Id]) -> Result<()> {
        let target = self.peek()?;
        let added = pairs.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?)));
        match self.values.get_mut(target) {
            Some(Value::Dict(items) | Value::Object { items, .. }) => items.extend(added),
            _ => return Err(CheckpointError::Damaged("items of what is no dictionary")),
        }
        Ok(())
    }

    fn append(&mut self, added: Vec<Id>) -> Result<()> {
        let target = self.peek()?;
        match self.values.get_mut(target) {
            Some(Value::List(items)) => items.extend(added),
            // Of a list's subclass, or a set: nothing a weight is made of.
            Some(Value::Object { .. } | Value::Other) => {}
            _ => return Err(CheckpointError::Damaged("items of what is no list")),
        }
        Ok(())
    }

    fn step(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            0x80 => self.reader.byte().map(|_| ()),
            0x95 => self.reader.take(8).map(|_| ()),
            b'(' => {
                self.stack.push(Slot::Mark);
                Ok(())
            }
            b'0' => self.stack.pop().map(|_| ()).ok_or(CheckpointError::Damaged("its stack is empty")),
            b'1' => self.pop_marked().map(|_| ()),
            b'2' => {
                let id = self.peek()?;
                self.stack.push(Slot::Value(id));
                Ok(())
            }
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Int(1)),
            0x89 => self.push(Value::Int(0)),
            b'G' => {
                self.reader.take(8)?;
                self.push(Value::Other)
            }
            b'F' => {
                self.reader.line()?;
                self.push(Value::Other)
            }
            b'I' | b'L' | b'J' | b'K' | b'M' | 0x8a | 0x8b => self.integer(opcode),
            b'S' | b'T' | b'U' | b'V' | b'X' | 0x8c | 0x8d => self.text_of(opcode),
            b'B' => self.skip_sized(4),
            b'C' => self.skip_sized(1),
            0x8e | 0x96 => self.skip_sized(8),
            b'q' | b'r' | b'p' | b'h' | b'j' | b'g' | 0x94 => self.remember(opcode),
            b'c' | 0x93 => self.global(opcode),
            b'Q' => {
                let id = self.pop()?;
                self.push(Value::Persistent(id))
            }
            _ => self.build(opcode),
        }
    }

    fn build(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            b'}' => self.push(Value::Dict(Vec::new())),
            b']' => self.push(Value::List(Vec::new())),
            b')' => self.push(Value::Tuple(Vec::new())),
            0x8f => self.push(Value::Other),
            b't' => {
                let parts = self.pop_marked()?;
                self.push(Value::Tuple(parts))
            }
            0x85 => self.tuple(1),
            0x86 => self.tuple(2),
            0x87 => self.tuple(3),
            b'l' => {
                let items = self.pop_marked()?;
                self.push(Value::List(items))
            }
            b'd' => {
                let pairs = self.pop_marked()?;
                self.push(Value::Dict(Vec::new()))?;
                self.set_items(&pairs)
            }
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set_items(&[key, value])
            }
            b'u' => {
                let pairs = self.pop_marked()?;
                self.set_items(&pairs)
            }
            b'a' => {
                let item = self.pop()?;
                self.append(vec![item])
            }
            b'e' | 0x90 => {
                let items = self.pop_marked()?;
                self.append(items)
            }
            0x91 => {
                self.pop_marked()?;
                self.push(Value::Other)
            }
            b'R' | 0x81 => self.call(),
            0x92 => {
                // Keyword arguments build no tensor.
                self.pop()?;
                self.call()
            }
            b'b' => {
                let state = self.pop()?;
                let target = self.peek()?;
                if let Some(Value::Object { state: kept, .. }) = self.values.get_mut(target) {
                    *kept = Some(state);
                }
                Ok(())
            }
            _ => Err(CheckpointError::Unsupported(format!("the pickle opcode 0x{opcode:02x}"))),
        }
    }

    fn integer(&mut self, opcode: u8) -> Result<()> {
        let value = match opcode {
            b'K' => i64::from(self.reader.byte()?),
            b'M' => self.reader.unsigned(2)?.cast_signed(),
            b'J' => i64::from((self.reader.unsigned(4)? as u32).cast_signed()),
            b'I' | b'L' => {
                let line = self.reader.line()?;
                let text = std::str::from_utf8(line).unwrap_or_default().trim().trim_end_matches('L');
                // Numbers too long for any size, such as the old format's magic, count as nothing.
                text.parse().unwrap_or(0)
            }
            _ => {
                let n = self.reader.size(if opcode == 0x8a { 1 } else { 4 })?;
                let bytes = self.reader.take(n)?;
                let sign = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
                match n {
                    0 => 0,
                    1..=8 => {
                        let start = if sign { -1_i64 } else { 0 };
                        bytes.iter().rev().fold(start, |value, byte| value << 8 | i64::from(*byte))
                    }
                    _ => 0,
                }
            }
        };
        self.push(Value::Int(value))
    }

    fn text_of(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            b'U' | 0x8c => self.sized_text(1),
            b'T' | b'X' => self.sized_text(4),
            0x8d => self.sized_text(8),
            _ => {
                let line = self.reader.line()?.to_vec();
                let quotes = b"'\"";
                let start = usize::from(line.first().is_some_and(|byte| opcode == b'S' && quotes.contains(byte)));
                let inner = line.get(start..line.len().saturating_sub(start)).unwrap_or_default();
                self.text(inner)
            }
        }
    }

    fn remember(&mut self, opcode: u8) -> Result<()> {
        match opcode {
            b'q' => {
                let key = self.reader.unsigned(1)?;
                self.memoize(key)
            }
            b'r' => {
                let key = self.reader.unsigned(4)?;
                self.memoize(key)
            }
            b'p' => {
                let key = self.line_number()?;
                self.memoize(key)
            }
            b'h' => {
                let key = self.reader.unsigned(1)?;
                self.recall(key)
            }
            b'j' => {
                let key = self.reader.unsigned(4)?;
                self.recall(key)
            }
            b'g' => {
                let key = self.line_number()?;
                self.recall(key)
            }
            _ => self.memoize(self.memo.len() as u64),
        }
    }

    fn global(&mut self, opcode: u8) -> Result<()> {
        if opcode == b'c' {
            let text = |line: &[u8]| String::from_utf8_lossy(line).into_owned();
            let (module, name) = (text(self.reader.line()?), text(self.reader.line()?));
            return self.push(Value::Global(module, name));
        }
        let (name, module) = (self.pop()?, self.pop()?);
        match (self.values.get(module), self.values.get(name)) {
            (Some(Value::Text(module)), Some(Value::Text(name))) => {
                let global = Value::Global(module.clone(), name.clone());
                self.push(global)
            }
            _ => Err(CheckpointError::Damaged("a name")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8]) -> Result<Value> {
        run(bytes, &mut 0).map(|program| program.get(program.top).clone())
    }

    #[test]
    fn a_call_is_noted_and_never_made() {
        // import os; os.system("echo hello")
        let program = run(b"cos\nsystem\n(S'echo hello'\ntR.", &mut 0).unwrap();
        let Value::Object { callee, arguments, .. } = program.get(program.top) else { panic!("no note") };
        assert_eq!(program.get(*callee), &Value::Global("os".into(), "system".into()));
        assert!(matches!(program.get(*arguments), Value::Tuple(parts) if parts.len() == 1));
    }

    #[test]
    fn numbers_and_texts_of_every_protocol_are_read() {
        assert_eq!(check(b"I42\n."), Ok(Value::Int(42)));
        assert_eq!(check(b"\x80\x02J\xfe\xff\xff\xff."), Ok(Value::Int(-2)));
        assert_eq!(check(b"\x80\x02\x8a\x02\x00\x80."), Ok(Value::Int(-32768)));
        assert_eq!(check(b"\x80\x02\x8a\x00."), Ok(Value::Int(0)));
        assert_eq!(check(b"S'abc'\n."), Ok(Value::Text("abc".into())));
        assert_eq!(check(b"\x80\x02X\x03\x00\x00\x00abc."), Ok(Value::Text("abc".into())));
        assert_eq!(check(b"\x80\x04\x8c\x03abc\x94."), Ok(Value::Text("abc".into())));
    }

    #[test]
    fn what_is_broken_or_endless_is_refused() {
        let deep: Vec<u8> =
            [b"\x80\x02".to_vec(), vec![b'('; 3_000_000], vec![b't'; 3_000_000], b".".to_vec()].concat();
        assert!(check(&deep).is_ok());
        for bytes in [&b""[..], b".", b"\x80\x02", b"h\x05.", b"t.", b"X\xff\xff\xff\xffab.", b"\xee.", b"0."] {
            assert!(check(bytes).is_err(), "{bytes:?}");
        }
        // Doubles itself through the memo: the values stay few, for nothing is copied.
        let mut bomb = b"\x80\x02]q\x00".to_vec();
        for _ in 0..100 {
            bomb.extend(b"h\x00h\x00\x86q\x00");
        }
        bomb.push(b'.');
        assert!(check(&bomb).is_ok());
    }
}
