//! The words both engines understand: numbered parameters, whole numbers, text and bytes.
//!
//! Statements are written once, with `?1` for the first parameter; an engine that counts otherwise translates.

use crate::store::error::StoreError;

/// What goes into a statement and comes out of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    Null,
    Int(i64),
    Text(String),
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<const N: usize> From<[u8; N]> for Value {
    fn from(bytes: [u8; N]) -> Self {
        Self::Blob(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Shorthand for a statement's parameters.
macro_rules! values {
    ($($value:expr),* $(,)?) => { &[$($crate::store::sql::Value::from($value)),*] };
}
pub(crate) use values;

/// One row, by position.
#[derive(Clone, Debug)]
pub struct Row(pub Vec<Value>);

impl Row {
    pub fn int(&self, at: usize) -> Result<i64, StoreError> {
        if let Some(Value::Int(number)) = self.0.get(at) { Ok(*number) } else { Err(wrong_type()) }
    }

    pub fn text(&self, at: usize) -> Result<&str, StoreError> {
        if let Some(Value::Text(text)) = self.0.get(at) { Ok(text) } else { Err(wrong_type()) }
    }

    pub fn blob(&self, at: usize) -> Result<&[u8], StoreError> {
        if let Some(Value::Blob(bytes)) = self.0.get(at) { Ok(bytes) } else { Err(wrong_type()) }
    }

    pub fn is_null(&self, at: usize) -> bool {
        matches!(self.0.get(at), Some(Value::Null))
    }
}

fn wrong_type() -> StoreError {
    StoreError::Engine { detail: "a column holds the wrong type".to_owned() }
}

/// An open connection to either engine.
pub trait Sql {
    /// The number of rows changed.
    fn execute(&self, sql: &str, values: &[Value]) -> Result<u64, StoreError>;

    fn rows(&self, sql: &str, values: &[Value]) -> Result<Vec<Row>, StoreError>;

    /// The first row, if there is one.
    fn row(&self, sql: &str, values: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values)?.into_iter().next())
    }

    fn exists(&self, sql: &str, values: &[Value]) -> Result<bool, StoreError> {
        Ok(self.row(sql, values)?.is_some())
    }

    /// Whether pages, guards and whatever else the engine keeps are sound; a sentence for each fault.
    fn engine_faults(&self) -> Result<Vec<String>, StoreError>;
}
