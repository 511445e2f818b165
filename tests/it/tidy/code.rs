//! Rust source as the law reads it: without comments and texts, with its paths spelled out.

/// A path as written in code, such as `crate::domain::mask`, with the line it stands on (from 1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodePath {
    pub line: usize,
    pub segments: Vec<String>,
}

impl CodePath {
    pub fn starts_with(&self, prefix: &[&str]) -> bool {
        self.segments.len() >= prefix.len() && self.segments.iter().zip(prefix).all(|(a, b)| a == b)
    }

    pub fn segment(&self, index: usize) -> &str {
        self.segments.get(index).map_or("", String::as_str)
    }
}

/// The same text with comments, string and char literals blanked out; lines stay where they are.
pub fn without_comments_and_texts(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    while at < chars.len() {
        let end = end_of_blank(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

/// Where the comment or literal that begins at `at` ends; `at` itself when none begins there.
fn end_of_blank(chars: &[char], at: usize) -> usize {
    let next = chars.get(at + 1).copied().unwrap_or(' ');
    let is_word = at > 0 && is_identifier(chars[at - 1]);
    match chars[at] {
        '/' if next == '/' => position_from(chars, at, |c| c == '\n'),
        '/' if next == '*' => end_of_block_comment(chars, at),
        '"' => end_of_string(chars, at + 1),
        'r' if !is_word && (next == '"' || next == '#') => end_of_raw_string(chars, at),
        '\'' => end_of_char(chars, at),
        _ => at,
    }
}

fn position_from(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|index| wanted(chars[*index])).unwrap_or(chars.len())
}

fn end_of_block_comment(chars: &[char], from: usize) -> usize {
    let mut depth = 0;
    let mut at = from;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at.min(chars.len())
}

fn end_of_string(chars: &[char], from: usize) -> usize {
    let mut at = from;
    while at < chars.len() && chars[at] != '"' {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(chars.len())
}

fn end_of_raw_string(chars: &[char], from: usize) -> usize {
    let n_hashes = chars[from + 1..].iter().take_while(|c| **c == '#').count();
    let open = from + 1 + n_hashes;
    if chars.get(open) != Some(&'"') {
        return from;
    }
    let closes = |at: usize| {
        chars[at] == '"' && chars[at + 1..].iter().take(n_hashes).filter(|c| **c == '#').count() == n_hashes
    };
    (open + 1..chars.len()).find(|at| closes(*at)).map_or(chars.len(), |at| at + 1 + n_hashes)
}

/// A quote that is no lifetime: `'x'` or `'\…'`.
fn end_of_char(chars: &[char], from: usize) -> usize {
    match chars.get(from + 1) {
        Some('\\') => (position_from(chars, from + 3, |c| c == '\'') + 1).min(chars.len()),
        Some(_) if chars.get(from + 2) == Some(&'\'') => from + 3,
        _ => from,
    }
}

fn is_identifier(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// `code` with every item under `#[cfg(test)]` blanked out.
pub fn without_tests(code: &str) -> String {
    let mut kept = code.to_owned();
    while let Some(start) = kept.find("#[cfg(test)]") {
        let end = end_of_item(&kept, start);
        let blank: String = kept[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        kept.replace_range(start..end, &blank);
    }
    kept
}

/// The end of the item that begins at `start`: behind its closing brace, or its semicolon.
pub fn end_of_item(code: &str, start: usize) -> usize {
    let mut braces = 0_i32;
    let mut brackets = 0_i32;
    for (offset, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        let ends = (c == '}' || c == ';') && braces == 0 && brackets == 0;
        if ends {
            return start + offset + 1;
        }
    }
    code.len()
}

/// Every path in `code`: `use` trees spelled out one by one, and paths inside expressions and types.
pub fn paths(code: &str) -> Vec<CodePath> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let (line, token) = &tokens[at];
        // `impl Trait + use<'a>` captures; it names no path.
        let is_capture = tokens.get(at + 1).is_some_and(|(_, next)| next == "<");
        if token == "use" && !is_capture {
            let end = (at..tokens.len()).find(|index| tokens[*index].1 == ";").unwrap_or(tokens.len());
            expand_tree(&tokens[at + 1..end], &[], *line, &mut found);
            at = end;
        } else if token.starts_with(is_identifier) {
            let segments = chain(&tokens[at..]);
            at += segments.len() * 2 - 1;
            if segments.len() > 1 {
                found.push(CodePath { line: *line, segments });
            }
        } else {
            at += 1;
        }
    }
    found
}

/// Identifiers, `::` and single characters, each with its line.
fn tokens(code: &str) -> Vec<(usize, String)> {
    let mut tokens: Vec<(usize, String)> = Vec::new();
    let mut line = 1;
    let mut rest = code.chars().peekable();
    while let Some(c) = rest.next() {
        if c == '\n' {
            line += 1;
        } else if is_identifier(c) {
            let mut word = String::from(c);
            while let Some(next) = rest.next_if(|next| is_identifier(*next)) {
                word.push(next);
            }
            tokens.push((line, word));
        } else if c == ':' && rest.next_if_eq(&':').is_some() {
            tokens.push((line, "::".into()));
        } else if !c.is_whitespace() {
            tokens.push((line, c.into()));
        }
    }
    tokens
}

/// `a :: b :: c` at the start of `tokens`.
fn chain(tokens: &[(usize, String)]) -> Vec<String> {
    let mut segments = vec![tokens[0].1.clone()];
    let mut at = 1;
    while tokens.get(at).is_some_and(|(_, token)| token == "::") {
        match tokens.get(at + 1) {
            Some((_, word)) if word.starts_with(is_identifier) => segments.push(word.clone()),
            _ => break,
        }
        at += 2;
    }
    segments
}

fn expand_tree(tree: &[(usize, String)], prefix: &[String], line: usize, found: &mut Vec<CodePath>) {
    let mut segments = prefix.to_vec();
    let mut at = 0;
    while at < tree.len() {
        let (line, token) = &tree[at];
        match token.as_str() {
            "{" => {
                let close = tree.len() - 1;
                for part in comma_parts(&tree[at + 1..close]) {
                    expand_tree(part, &segments, *line, found);
                }
                return;
            }
            "as" => break,
            "::" => {}
            word => segments.push(word.to_owned()),
        }
        at += 1;
    }
    if segments.len() > prefix.len() {
        found.push(CodePath { line, segments });
    }
}

fn comma_parts(tree: &[(usize, String)]) -> Vec<&[(usize, String)]> {
    let mut depth = 0;
    tree.split(|(_, token)| {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ => {}
        }
        depth == 0 && token == ","
    })
    .collect()
}

/// Name, first line and number of lines of every function in `code`.
pub fn functions(code: &str) -> Vec<(String, usize, usize)> {
    let bytes = code.as_bytes();
    let is_word_edge = |index: usize| index == 0 || !is_identifier(char::from(bytes[index - 1]));
    code.match_indices("fn ")
        .filter(|(start, _)| is_word_edge(*start))
        .filter_map(|(start, _)| {
            let name: String = code[start + 3..].chars().take_while(|c| is_identifier(*c)).collect();
            let item = &code[start..end_of_item(code, start)];
            let first_line = code[..start].matches('\n').count() + 1;
            (!name.is_empty()).then(|| (name, first_line, item.matches('\n').count() + 1))
        })
        .collect()
}
