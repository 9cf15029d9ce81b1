//! The stack machine that a pickle is a program for, without any way to run what it names.

use super::call::{Called, call};
use super::error::PickleError;
use super::global::Global;
use super::opcode as op;
use super::storage::Storage;
use super::value::{Node, NodeId, Value};

/// Most nodes that a pickle may build: a tensor takes about six.
const MAX_NODES: usize = 1 << 20;

/// A pickle that was read to its end.
#[derive(Debug)]
pub(super) struct Pickled<'a> {
    pub value: Value<'a>,
    pub nodes: Vec<Node<'a>>,
    /// Bytes up to the end of the pickle.
    pub length: usize,
}

/// Reads one pickle from the beginning of `bytes`.
///
/// # Errors
/// [`PickleError::Broken`] or [`PickleError::ForbiddenName`].
pub(super) fn read_pickle(bytes: &[u8]) -> Result<Pickled<'_>, PickleError> {
    let mut machine = Machine {
        bytes,
        at: 0,
        stack: Vec::new(),
        marks: Vec::new(),
        memo: Vec::new(),
        nodes: Vec::new(),
    };
    loop {
        let at = machine.at;
        match machine.step() {
            Ok(None) => {}
            Ok(Some(value)) => {
                return Ok(Pickled {
                    value,
                    nodes: machine.nodes,
                    length: machine.at,
                });
            }
            Err(Stop::Forbidden(name)) => return Err(PickleError::ForbiddenName { name }),
            Err(Stop::Broken(reason)) => return Err(PickleError::Broken { at, reason }),
        }
    }
}

enum Stop {
    Forbidden(String),
    Broken(String),
}

impl<T: Into<String>> From<T> for Stop {
    fn from(reason: T) -> Self {
        Self::Broken(reason.into())
    }
}

/// Every instruction takes a byte or more of the pickle and puts at most one value on the stack, so that the
/// length of the pickle bounds stack, memo and steps.
struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value<'a>>,
    /// Heights of the stack.
    marks: Vec<usize>,
    memo: Vec<Value<'a>>,
    nodes: Vec<Node<'a>>,
}

impl<'a> Machine<'a> {
    /// Carries out one instruction; returns the value of the pickle at its end.
    fn step(&mut self) -> Result<Option<Value<'a>>, Stop> {
        let code = self.byte()?;
        match code {
            op::STOP => return self.pop().map(Some),
            op::PROTO => self.protocol()?,
            op::FRAME => drop(self.take(8)?),
            op::MARK => self.marks.push(self.stack.len()),
            op::POP => drop(self.pop()?),
            op::POP_MARK => drop(self.pop_mark()?),
            op::DUP => self.push(self.top()?),
            op::BINPUT | op::LONG_BINPUT | op::MEMOIZE => self.remember(code)?,
            op::BINGET | op::LONG_BINGET => self.recall(code)?,
            op::APPEND | op::APPENDS | op::ADDITEMS => self.append(code)?,
            op::SETITEM | op::SETITEMS => self.set_items(code)?,
            op::GLOBAL | op::STACK_GLOBAL => self.global(code)?,
            op::REDUCE | op::NEWOBJ => self.call()?,
            // The attributes of an object: a state dict has its `_metadata` there.
            op::BUILD => drop(self.pop()?),
            op::BINPERSID => self.storage()?,
            _ => return self.build(code).map(|()| None),
        }
        Ok(None)
    }

    /// Carries out an instruction that puts new data on the stack.
    fn build(&mut self, code: u8) -> Result<(), Stop> {
        let value = match code {
            op::NONE => Value::None,
            op::NEWTRUE => Value::Bool(true),
            op::NEWFALSE => Value::Bool(false),
            op::BININT | op::BININT1 | op::BININT2 | op::LONG1 | op::LONG4 => self.integer(code)?,
            op::BINFLOAT => self.take(8).map(|_| Value::Opaque)?,
            op::BINUNICODE | op::SHORT_BINUNICODE | op::BINUNICODE8 => self.text(code)?,
            op::BINSTRING | op::SHORT_BINSTRING => self.text(code)?,
            op::BINBYTES | op::SHORT_BINBYTES | op::BINBYTES8 => {
                let length = self.length(code)?;
                self.take(length).map(|_| Value::Opaque)?
            }
            op::EMPTY_LIST => self.node(Node::List(Vec::new()))?,
            op::EMPTY_DICT => self.node(Node::Dict(Vec::new()))?,
            op::EMPTY_SET => Value::Opaque,
            op::FROZENSET => self.pop_mark().map(|_| Value::Opaque)?,
            op::EMPTY_TUPLE | op::TUPLE | op::TUPLE1 | op::TUPLE2 | op::TUPLE3 => {
                let items = self.tuple_items(code)?;
                self.node(Node::Tuple(items))?
            }
            _ => return Err(format!("instruction {code:#04x} is not known").into()),
        };
        self.push(value);
        Ok(())
    }

    fn protocol(&mut self) -> Result<(), Stop> {
        match self.byte()? {
            2..=5 => Ok(()),
            other => Err(format!("protocol {other} is not known").into()),
        }
    }

    fn integer(&mut self, code: u8) -> Result<Value<'a>, Stop> {
        let length = match code {
            op::BININT1 => return Ok(Value::Int(self.byte()?.into())),
            op::BININT2 => return Ok(Value::Int(u16::from_le_bytes(self.array()?).into())),
            op::BININT => return Ok(Value::Int(i32::from_le_bytes(self.array()?).into())),
            op::LONG1 => self.byte()?.into(),
            _ => usize_of(u32::from_le_bytes(self.array()?).into())?,
        };
        let bytes = self.take(length)?;
        let Some(&last) = bytes.last() else {
            return Ok(Value::Int(0));
        };
        if length > 8 {
            return Ok(Value::Long(bytes));
        }
        // Two's complement of any length: the sign fills what is missing.
        let mut wide = [if last & 0x80 == 0 { 0 } else { 0xff }; 8];
        wide[..length].copy_from_slice(bytes);
        Ok(Value::Int(i64::from_le_bytes(wide)))
    }

    fn text(&mut self, code: u8) -> Result<Value<'a>, Stop> {
        let length = self.length(code)?;
        let bytes = self.take(length)?;
        let text = std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?;
        Ok(Value::Text(text))
    }

    /// Reads the length in front of a text or of bytes.
    fn length(&mut self, code: u8) -> Result<usize, Stop> {
        match code {
            op::SHORT_BINUNICODE | op::SHORT_BINBYTES | op::SHORT_BINSTRING => {
                Ok(self.byte()?.into())
            }
            op::BINUNICODE8 | op::BINBYTES8 => usize_of(u64::from_le_bytes(self.array()?)),
            _ => usize_of(u32::from_le_bytes(self.array()?).into()),
        }
    }

    fn tuple_items(&mut self, code: u8) -> Result<Vec<Value<'a>>, Stop> {
        let count = match code {
            op::EMPTY_TUPLE => 0,
            op::TUPLE1 => 1,
            op::TUPLE2 => 2,
            op::TUPLE3 => 3,
            _ => return self.pop_mark(),
        };
        self.split(self.stack.len().wrapping_sub(count))
    }

    fn remember(&mut self, code: u8) -> Result<(), Stop> {
        let place = match code {
            op::BINPUT => self.byte()?.into(),
            op::LONG_BINPUT => usize_of(u32::from_le_bytes(self.array()?).into())?,
            _ => self.memo.len(),
        };
        let value = self.top()?;
        // Picklers number what they remember from 0 on.
        match place.cmp(&self.memo.len()) {
            std::cmp::Ordering::Less => self.memo[place] = value,
            std::cmp::Ordering::Equal => self.memo.push(value),
            std::cmp::Ordering::Greater => return Err("the memo has a gap".into()),
        }
        Ok(())
    }

    fn recall(&mut self, code: u8) -> Result<(), Stop> {
        let place = match code {
            op::BINGET => self.byte()?.into(),
            _ => usize_of(u32::from_le_bytes(self.array()?).into())?,
        };
        let value = self.memo.get(place).copied();
        self.push(value.ok_or("a value is recalled that was not remembered")?);
        Ok(())
    }

    fn append(&mut self, code: u8) -> Result<(), Stop> {
        let items = match code {
            op::APPEND => vec![self.pop()?],
            _ => self.pop_mark()?,
        };
        match self.top()? {
            Value::Node(id) => match &mut self.nodes[id.0 as usize] {
                Node::List(list) => list.extend(items),
                _ => return Err("values are appended to what is no list".into()),
            },
            Value::Opaque => {}
            _ => return Err("values are appended to what is no list".into()),
        }
        Ok(())
    }

    fn set_items(&mut self, code: u8) -> Result<(), Stop> {
        let items = match code {
            op::SETITEM => self.split(self.stack.len().wrapping_sub(2))?,
            _ => self.pop_mark()?,
        };
        let (pairs, []) = items.as_chunks::<2>() else {
            return Err("a key has no value".into());
        };
        match self.top()? {
            Value::Node(id) => match &mut self.nodes[id.0 as usize] {
                Node::Dict(dict) => dict.extend(pairs.iter().map(|&[key, value]| (key, value))),
                _ => return Err("a key is set in what is no dict".into()),
            },
            Value::Opaque => {}
            _ => return Err("a key is set in what is no dict".into()),
        }
        Ok(())
    }

    fn global(&mut self, code: u8) -> Result<(), Stop> {
        let (module, name) = if code == op::GLOBAL {
            (self.line()?, self.line()?)
        } else {
            match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => (module, name),
                _ => return Err("a name is no text".into()),
            }
        };
        let global = Global::named(module, name)
            .ok_or_else(|| Stop::Forbidden(shortened(&format!("{module}.{name}"))))?;
        self.push(Value::Global(global));
        Ok(())
    }

    fn call(&mut self) -> Result<(), Stop> {
        let (arguments, function) = (self.pop()?, self.pop()?);
        let Value::Global(global) = function else {
            return Err("what is called is no function".into());
        };
        let called = match arguments {
            Value::Node(id) => match &self.nodes[id.0 as usize] {
                Node::Tuple(arguments) => call(global, arguments, &self.nodes)?,
                _ => return Err("the arguments of a call are no tuple".into()),
            },
            _ => return Err("the arguments of a call are no tuple".into()),
        };
        let value = match called {
            Called::Value(value) => value,
            Called::Node(node) => self.node(node)?,
        };
        self.push(value);
        Ok(())
    }

    /// Reads what stands for a storage: `("storage", class, key, device, values)`, and in older files a sixth item,
    /// none or the view of a larger storage: `(key, first, values)`.
    fn storage(&mut self) -> Result<(), Stop> {
        let id = self.pop()?;
        let items = self.tuple(id).ok_or("a storage is no tuple")?;
        let (whole, view) = items.split_at_checked(5).ok_or("a storage is too short")?;
        let &[
            Value::Text("storage"),
            Value::Global(Global::Storage(kind)),
            Value::Text(key),
            _,
            values,
        ] = whole
        else {
            return Err("something is to be loaded that is no storage".into());
        };
        let mut storage = Storage {
            key,
            kind,
            first: 0,
            values: values.count().ok_or("a storage has no size")?,
        };
        if let Some(&view @ Value::Node(_)) = view.first() {
            match self.tuple(view) {
                Some(&[_, first, values]) => {
                    storage.first = first.count().ok_or("a view begins nowhere")?;
                    storage.values = values.count().ok_or("a view has no size")?;
                }
                _ => return Err("a view of a storage is no tuple of three".into()),
            }
        }
        let value = self.node(Node::Storage(storage))?;
        self.push(value);
        Ok(())
    }

    fn tuple(&self, value: Value<'a>) -> Option<&[Value<'a>]> {
        match value {
            Value::Node(NodeId(id)) => match &self.nodes[id as usize] {
                Node::Tuple(items) => Some(items),
                _ => None,
            },
            _ => None,
        }
    }

    fn node(&mut self, node: Node<'a>) -> Result<Value<'a>, Stop> {
        if self.nodes.len() >= MAX_NODES {
            return Err(format!("it builds more than {MAX_NODES} objects").into());
        }
        let id = u32::try_from(self.nodes.len()).map_err(|e| e.to_string())?;
        self.nodes.push(node);
        Ok(Value::Node(NodeId(id)))
    }

    fn push(&mut self, value: Value<'a>) {
        self.stack.push(value);
    }

    /// Values below the last mark belong to what was begun before it.
    fn floor(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn top(&self) -> Result<Value<'a>, Stop> {
        let top = self.stack.get(self.floor()..).and_then(|s| s.last());
        top.copied().ok_or_else(|| "the stack is empty".into())
    }

    fn pop(&mut self) -> Result<Value<'a>, Stop> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_mark(&mut self) -> Result<Vec<Value<'a>>, Stop> {
        let mark = self.marks.pop().ok_or("there is no mark")?;
        self.split(mark)
    }

    /// Takes everything from `height` on off the stack.
    fn split(&mut self, height: usize) -> Result<Vec<Value<'a>>, Stop> {
        if height > self.stack.len() || height < self.floor() {
            return Err("the stack has too few values".into());
        }
        Ok(self.stack.split_off(height))
    }

    fn byte(&mut self) -> Result<u8, Stop> {
        self.array().map(|[byte]| byte)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Stop> {
        let bytes = self.take(N)?;
        bytes.try_into().map_err(|_| "it ends too early".into())
    }

    fn take(&mut self, length: usize) -> Result<&'a [u8], Stop> {
        let rest = &self.bytes[self.at..];
        let taken = rest.get(..length).ok_or("it ends too early")?;
        self.at += length;
        Ok(taken)
    }

    /// Reads up to the end of a line.
    fn line(&mut self) -> Result<&'a str, Stop> {
        let rest = &self.bytes[self.at..];
        let length = memchr::memchr(b'\n', rest).ok_or("it ends too early")?;
        self.at += length + 1;
        std::str::from_utf8(&rest[..length]).map_err(|_| "a name is not UTF-8".into())
    }
}

fn usize_of(value: u64) -> Result<usize, Stop> {
    usize::try_from(value).map_err(|_| "it ends too early".into())
}

/// Returns a name that fits into a message.
fn shortened(name: &str) -> String {
    name.chars().take(200).collect()
}
