//! Every command that a message or a document names is one that this binary takes, so that advice
//! cannot go stale.

use std::path::{Path, PathBuf};

use alipes_simulator::Scenario;
use clap::Parser as _;
use clap::error::ErrorKind;

use super::{Cli, Command};

/// How a command begins, and what stands for the binary in it.
const OPENINGS: [&str; 2] = ["alipes ", "cargo run --release -- "];

/// A command and where it is named.
struct Named {
    place: String,
    command: String,
}

#[test]
fn every_command_that_is_named_somewhere_parses() {
    let named: Vec<Named> = files().iter().flat_map(|file| commands(file)).collect();
    assert!(named.len() > 20, "only {} commands were found", named.len());
    for Named { place, command } in named {
        let words = ["alipes".to_owned()].into_iter().chain(words(&command));
        match Cli::try_parse_from(words) {
            Ok(cli) => faults_exist(&cli, &place),
            Err(error) => {
                assert!(is_help(error.kind()), "{place}: {error}");
            }
        }
    }
}

/// Help and version are answers, and a family of commands may be named as one.
fn is_help(kind: ErrorKind) -> bool {
    use ErrorKind::{DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion};
    matches!(
        kind,
        DisplayHelp | DisplayVersion | DisplayHelpOnMissingArgumentOrSubcommand
    )
}

/// A name in capitals stands for any.
fn faults_exist(cli: &Cli, place: &str) {
    if let Some(Command::Simulate(simulate)) = &cli.command {
        let meant = |fault: &&String| fault.contains(|c: char| c.is_ascii_lowercase());
        let scenario = Scenario::from_flags(simulate.faults.iter().filter(meant));
        assert!(scenario.is_ok(), "{place}: {scenario:?}");
    }
}

/// The documents at the root and below `docs`, and the sources of every room.
fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut files = Vec::new();
    for room in list(&root.join("crates")) {
        below(&room.join("src"), "rs", &mut files);
    }
    below(&root.join("docs"), "md", &mut files);
    let documents = list(&root).into_iter().filter(|path| has(path, "md"));
    files.extend(documents);
    files
}

fn below(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    for path in list(folder) {
        if path.is_dir() {
            below(&path, extension, files);
        } else if has(&path, extension) {
            files.push(path);
        }
    }
}

fn list(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

fn has(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|found| found == extension)
}

/// The commands in a file: between backticks, or lines of a document's code.
fn commands(file: &Path) -> Vec<Named> {
    let text = std::fs::read_to_string(file).unwrap();
    let is_document = has(file, "md");
    let mut fenced = false;
    let mut named = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if line.starts_with("```") {
            fenced = !fenced;
        }
        let line = line.replace("\\\"", "\"").replace("\\|", "|");
        let pieces: Vec<&str> = match is_document && fenced {
            true => vec![&line],
            false => line.split('`').skip(1).step_by(2).collect(),
        };
        named.extend(pieces.into_iter().filter_map(|piece| {
            let place = format!("{}:{number}", file.display());
            let command = command(piece)?;
            Some(Named { place, command })
        }));
    }
    named
}

/// The command in a piece of code, after a pipe too, and without the remark behind it.
fn command(code: &str) -> Option<String> {
    let code = code.rsplit(" | ").next()?.trim();
    let code = code.split(" # ").next()?;
    let arguments = OPENINGS
        .iter()
        .find_map(|opening| code.strip_prefix(opening));
    arguments.map(ToOwned::to_owned)
}

/// The words of a command as a shell splits it.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in command.chars() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (' ', None) => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[test]
fn words_are_split_as_a_shell_does() {
    let split = words(r#"exec --allow write,shell "read  it" '' -"#);
    assert_eq!(
        split,
        ["exec", "--allow", "write,shell", "read  it", "", "-"]
    );
}
