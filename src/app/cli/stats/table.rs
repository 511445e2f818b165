//! Plain CSV with a header. What cannot be read is refused with its line and column.

use std::fs;
use std::path::Path;

use thiserror::Error;

/// A study of millions of cases fits; a wrong file does not fill the memory.
const MAX_BYTES: u64 = 2 << 30;

#[derive(Debug, Error, PartialEq, Eq)]
pub enum TableError {
    #[error("the file cannot be read ({0})")]
    Unreadable(String),
    #[error("the file is too large: {0} bytes")]
    TooLarge(u64),
    #[error("the file is not text in UTF-8")]
    NotText,
    #[error("the file has no header line")]
    NoHeader,
    #[error("there is no column '{0}' in the header")]
    NoColumn(String),
    #[error("the header names the column '{0}' twice")]
    TwoColumns(String),
    #[error("line {line}: {found} fields, the header has {expected}")]
    Fields { line: usize, found: usize, expected: usize },
    #[error("line {line}: a quote is not closed")]
    OpenQuote { line: usize },
    #[error("line {line}, column '{column}': {what}")]
    Value { line: usize, column: String, what: String },
    #[error("there is no line below the header")]
    Empty,
}

/// Every row has as many fields as the header.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    header: Vec<String>,
    /// With the line each row stands on, from 1.
    rows: Vec<(usize, Vec<String>)>,
}

impl Table {
    pub fn read(path: &Path) -> Result<Self, TableError> {
        let unreadable = |error: std::io::Error| TableError::Unreadable(error.kind().to_string());
        let n_bytes = fs::metadata(path).map_err(unreadable)?.len();
        if n_bytes > MAX_BYTES {
            return Err(TableError::TooLarge(n_bytes));
        }
        let bytes = fs::read(path).map_err(unreadable)?;
        Self::parse(std::str::from_utf8(&bytes).map_err(|_| TableError::NotText)?)
    }

    pub fn parse(text: &str) -> Result<Self, TableError> {
        let text = text.trim_start_matches('\u{feff}');
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let mut rows = lines.map(|(line, number)| Ok((number, fields(line, number)?)));
        let (_, header) = rows.next().ok_or(TableError::NoHeader)??;
        let header: Vec<String> = header.iter().map(|name| name.trim().to_lowercase()).collect();
        if let Some((_, name)) =
            header.iter().enumerate().find(|(at, name)| header.iter().take(*at).any(|other| other == *name))
        {
            return Err(TableError::TwoColumns(name.clone()));
        }
        let rows = rows.collect::<Result<Vec<_>, TableError>>()?;
        if let Some((line, row)) = rows.iter().find(|(_, row)| row.len() != header.len()) {
            return Err(TableError::Fields { line: *line, found: row.len(), expected: header.len() });
        }
        if rows.is_empty() { Err(TableError::Empty) } else { Ok(Self { header, rows }) }
    }

    pub fn n_rows(&self) -> usize {
        self.rows.len()
    }

    pub fn header(&self) -> &[String] {
        &self.header
    }

    pub fn has(&self, name: &str) -> bool {
        self.header.iter().any(|one| one == name)
    }

    /// The column's fields, trimmed.
    pub fn texts(&self, name: &str) -> Result<Vec<&str>, TableError> {
        let at = self.place(name)?;
        Ok(self.rows.iter().filter_map(|(_, row)| row.get(at)).map(|field| field.trim()).collect())
    }

    pub fn numbers(&self, name: &str) -> Result<Vec<f64>, TableError> {
        self.parsed(name, |text| match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(number),
            _ => Err(format!("'{}' is not a number", shortened(text))),
        })
    }

    /// A number, or nothing.
    pub fn optional_numbers(&self, name: &str) -> Result<Vec<Option<f64>>, TableError> {
        self.parsed(name, |text| match text.parse::<f64>() {
            _ if text.is_empty() => Ok(None),
            Ok(number) if number.is_finite() => Ok(Some(number)),
            _ => Err(format!("'{}' is not a number", shortened(text))),
        })
    }

    pub fn truths(&self, name: &str) -> Result<Vec<bool>, TableError> {
        self.parsed(name, |text| match text.to_lowercase().as_str() {
            "1" | "1.0" | "true" | "yes" | "positive" => Ok(true),
            "0" | "0.0" | "false" | "no" | "negative" => Ok(false),
            _ => Err(format!("'{}' is neither 0 nor 1", shortened(text))),
        })
    }

    /// Each field through `parse`, whose complaint gets its line and column.
    pub fn parsed<T>(&self, name: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, TableError> {
        let at = self.place(name)?;
        let value = |(line, row): &(usize, Vec<String>)| {
            let text = row.get(at).map_or("", |field| field.trim());
            parse(text).map_err(|what| self.value_error(*line, name, what))
        };
        self.rows.iter().map(value).collect()
    }

    /// A complaint about the field of a row, counted from 0.
    pub fn complaint(&self, row: usize, name: &str, what: String) -> TableError {
        self.value_error(self.rows.get(row).map_or(0, |(line, _)| *line), name, what)
    }

    fn value_error(&self, line: usize, name: &str, what: String) -> TableError {
        TableError::Value { line, column: name.to_owned(), what }
    }

    fn place(&self, name: &str) -> Result<usize, TableError> {
        self.header.iter().position(|one| one == name).ok_or_else(|| TableError::NoColumn(name.to_owned()))
    }
}

/// What stands in a file may be long, and may be a name: the beginning is enough to find it.
fn shortened(text: &str) -> String {
    text.chars().take(24).collect()
}

fn fields(line: &str, number: usize) -> Result<Vec<String>, TableError> {
    if !line.contains('"') {
        return Ok(line.split(',').map(str::to_owned).collect());
    }
    let (mut all, mut field, mut is_quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if is_quoted && chars.next_if_eq(&'"').is_some() => field.push('"'),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => all.push(std::mem::take(&mut field)),
            _ => field.push(c),
        }
    }
    if is_quoted {
        return Err(TableError::OpenQuote { line: number });
    }
    all.push(field);
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_names_line_and_column_of_what_it_refuses() {
        let table = Table::parse("truth,\"score, a\"\r\n1,0.5\r\n\r\n0,x\r\n").unwrap();
        assert_eq!(table.header(), ["truth", "score, a"]);
        let error = table.numbers("score, a").unwrap_err();
        assert_eq!(error.to_string(), "line 4, column 'score, a': 'x' is not a number");
        assert_eq!(table.truths("truth"), Ok(vec![true, false]));
        assert_eq!(Table::parse("a,b\n1\n"), Err(TableError::Fields { line: 2, found: 1, expected: 2 }));
        assert_eq!(Table::parse("a,a\n1,2\n"), Err(TableError::TwoColumns("a".to_owned())));
        assert_eq!(Table::parse(""), Err(TableError::NoHeader));
        assert_eq!(Table::parse("a\n"), Err(TableError::Empty));
        assert_eq!(Table::parse("a\n\"x\n"), Err(TableError::OpenQuote { line: 2 }));
        let nan = Table::parse("a\nNaN\n").unwrap();
        assert!(nan.numbers("a").is_err(), "NaN is no number here");
    }
}
