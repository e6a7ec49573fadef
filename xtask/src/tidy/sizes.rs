//! The largest files and functions, printed so that their author can ask whether two things live in one. No verdict.

use super::tree::{File, Tree};

const SHOWN: usize = 10;

/// A function and the lines it takes.
#[derive(Debug, PartialEq, Eq)]
struct Function<'a> {
    name: &'a str,
    line: usize,
    length: usize,
}

/// Prints the largest of both.
pub(super) fn print(tree: &Tree) {
    let mut files: Vec<_> = tree
        .sources()
        .map(|file| (shipped(file).len(), file))
        .collect();
    files.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
    println!("largest files without their tests:");
    for (length, file) in files.iter().take(SHOWN) {
        println!("  {length:5}  {}", file.path.display());
    }
    let mut functions: Vec<_> = files
        .iter()
        .flat_map(|(_, file)| {
            functions(&shipped(file))
                .into_iter()
                .map(move |function| (file, function))
        })
        .collect();
    functions.sort_by_key(|(_, function)| std::cmp::Reverse(function.length));
    println!("largest functions:");
    for (file, function) in functions.iter().take(SHOWN) {
        println!(
            "  {:5}  {}:{} {}",
            function.length,
            file.path.display(),
            function.line,
            function.name
        );
    }
}

/// A file's lines up to its tests.
fn shipped(file: &File) -> Vec<&str> {
    file.text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .collect()
}

/// The functions of a formatted file: rustfmt puts a body's last brace below the line that opened the item.
fn functions<'a>(lines: &[&'a str]) -> Vec<Function<'a>> {
    let starts = lines
        .iter()
        .copied()
        .enumerate()
        .filter_map(|(index, line)| Some((index, name_of(line)?)));
    starts
        .filter_map(|(index, name)| {
            let indent = lines[index].len() - lines[index].trim_start().len();
            let body = lines[index..]
                .iter()
                .position(|line| closes(line, indent))?;
            Some(Function {
                name,
                line: index + 1,
                length: body + 1,
            })
        })
        .collect()
}

fn closes(line: &str, indent: usize) -> bool {
    let trimmed = line.trim_start();
    line.len() - trimmed.len() == indent
        && (trimmed.starts_with('}') || trimmed.ends_with([';', '}']))
}

/// The name of the function that a line begins, if it begins one.
fn name_of(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let words = [
        "pub",
        "const",
        "async",
        "unsafe",
        "extern",
        "pub(crate)",
        "pub(super)",
    ];
    if !before.split_whitespace().all(|word| words.contains(&word)) {
        return None;
    }
    after
        .split(['(', '<'])
        .next()
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_reaches_to_the_brace_below_its_beginning() {
        let text = "fn one() {}\nimpl X {\n    pub(crate) async fn two<T>(\n        x: T,\n    ) -> T {\n        x\n    }\n}\ntrait Y {\n    fn three(&self);\n}\n";
        let lines: Vec<_> = text.lines().collect();
        let found: Vec<_> = functions(&lines)
            .iter()
            .map(|f| (f.name, f.length))
            .collect();
        assert_eq!(found, [("one", 1), ("two", 5), ("three", 1)]);
    }
}
