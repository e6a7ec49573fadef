//! The simulated model: it reads the last prompt, plans real tool calls, and reports what they said.
//!
//! It understands a handful of plain requests and nothing else, always does the same for the same
//! input, and says that it is simulated. What it reports is taken from the tool results alone, so a
//! test or a reader can tell that the tools really ran.

use alipes_wire::{Item, ItemView, ToolDefinition};
use serde_json::{Value, json};

/// What the model does next.
#[derive(Debug, PartialEq)]
pub(crate) enum Plan {
    /// Says a word and calls tools.
    Calls(String, Vec<Call>),
    /// Answers.
    Answer(String),
}

/// One tool call.
#[derive(Debug, PartialEq)]
pub(crate) struct Call {
    pub(crate) name: &'static str,
    pub(crate) arguments: Value,
}

/// What the prompt asks for.
#[derive(Debug, PartialEq)]
enum Wish {
    List,
    Read(String),
    Search(String),
    Write {
        content: String,
        path: String,
    },
    Edit {
        old: String,
        new: String,
        path: String,
    },
    Run(String),
    /// It runs on when the call has ended.
    Start(String),
    /// So many times, with the step's number for `{n}`.
    Steps(usize, String),
    Describe,
    Talk,
}

/// A tool call that has been answered.
struct Done {
    name: String,
    arguments: Value,
    output: String,
}

/// Files that say what a project is, best first.
const MANIFESTS: &str = "Cargo.toml package.json pyproject.toml go.mod pom.xml Makefile";

/// Tools that run a command, and the argument that holds it: the Codex CLI's, ours, Claude Code's, opencode's (these two
/// want a description, too) and Hermes Agent's.
const SHELLS: [(&str, &str); 5] = [
    ("exec_command", "cmd"),
    ("shell", "command"),
    ("Bash", "command"),
    ("bash", "command"),
    ("terminal", "command"),
];

/// Plans the next step of the conversation `items`, with the tools on offer.
pub(crate) fn plan(tools: &[ToolDefinition], items: &[Item]) -> Plan {
    let (prompt, done) = since_last_prompt(items);
    let wish = wish(&prompt);
    let wanted = next_calls(&wish, &done);
    let lacks_tools = !wanted.is_empty() && done.is_empty();
    let offered = |call| offered(tools, call);
    let calls: Vec<Call> = wanted.into_iter().filter_map(offered).collect();
    if !calls.is_empty() {
        let names: Vec<_> = calls.iter().map(|call| call.name).collect();
        let preamble = format!("(simulated) I call {}.", names.join(" and "));
        return Plan::Calls(preamble, calls);
    }
    let text = if lacks_tools {
        "I was offered no tool that can do this, so I did nothing.".to_owned()
    } else {
        answer(&wish, &prompt, &done)
    };
    Plan::Answer(format!("(simulated) {text}"))
}

/// The last user message, and the tool calls answered since.
fn since_last_prompt(items: &[Item]) -> (String, Vec<Done>) {
    let mut prompt = String::new();
    let mut done: Vec<Done> = Vec::new();
    let mut calls: Vec<(String, String, Value)> = Vec::new();
    for item in items {
        match item.view() {
            ItemView::Message { role, text, .. } if role == "user" => {
                prompt = text;
                done.clear();
            }
            ItemView::FunctionCall {
                call_id,
                name,
                arguments,
            } => {
                let arguments = serde_json::from_str(&arguments).unwrap_or_default();
                calls.push((call_id.into_owned(), name.into_owned(), arguments));
            }
            ItemView::FunctionCallOutput { call_id, output } => {
                if let Some(at) = calls.iter().rposition(|(id, ..)| *id == call_id) {
                    let (_, name, arguments) = calls.remove(at);
                    done.push(Done {
                        name,
                        arguments,
                        output,
                    });
                }
            }
            _ => {}
        }
    }
    (prompt, done)
}

/// Reads a prompt: `run 30 steps: read part-{n}.txt`, or a plain wish.
fn wish(prompt: &str) -> Wish {
    let text = bare_prompt(prompt);
    let steps = after(text, "run ").and_then(|rest| rest.split_once(" steps: "));
    let counted = steps.and_then(|(count, wish)| Some((count.parse().ok()?, wish)));
    counted.map_or_else(
        || plain_wish(text),
        |(count, wish)| Wish::Steps(count, wish.to_owned()),
    )
}

/// What a person has typed: Claude Code puts reminders on lines before it, opencode quotes it, and the Codex CLI says where
/// it is in a message of its own, which the Messages dialect makes one with what follows.
fn bare_prompt(prompt: &str) -> &str {
    let told = prompt.rsplit_once("</environment_context>");
    let text = told.map_or(prompt, |(_, typed)| typed).trim();
    let typed = text.strip_prefix("<system-reminder>");
    let text = typed.and_then(|text| text.lines().last()).unwrap_or(text);
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    quoted.unwrap_or(text)
}

/// Reads a wish. Case and politeness do not matter.
fn plain_wish(text: &str) -> Wish {
    let text = after(text, "please |can you |could you ").unwrap_or(text);
    if let Some(command) = after(text, "run the command|run command|run:|run `|execute ") {
        return Wish::Run(command.trim_matches(|c| " :`\n".contains(c)).to_owned());
    }
    if let Some(command) = after(text, "run in the background ") {
        return Wish::Start(bare(command));
    }
    if let Some((content, path)) = after(text, "write ").and_then(|rest| rest.rsplit_once(" to ")) {
        let (content, path) = (bare(content), bare(path));
        return Wish::Write { content, path };
    }
    if let Some(edit) = after(text, "change ").and_then(edit) {
        return edit;
    }
    if let Some(pattern) = after(text, "search for |search |find |grep ") {
        return Wish::Search(bare(pattern));
    }
    let lower = text.to_ascii_lowercase();
    let has = |words: &str| words.split('|').any(|word| lower.contains(word));
    let is_about_folder = has("folder|directory|project|repository");
    if is_about_folder && has("describe|summar|explain|what is this") {
        return Wish::Describe;
    }
    if lower.starts_with("list") || (is_about_folder && lower.starts_with("what")) {
        return Wish::List;
    }
    let path = after(text, "read the file |read |what is in |what's in |show me ");
    path.map_or(Wish::Talk, |path| Wish::Read(bare(path)))
}

/// `cat to dog in notes.txt`
fn edit(rest: &str) -> Option<Wish> {
    let (change, path) = rest.rsplit_once(" in ")?;
    let (old, new) = change.split_once(" to ")?;
    let (old, new, path) = (bare(old), bare(new), bare(path));
    Some(Wish::Edit { old, new, path })
}

/// What follows the first of the `openings` (between bars) that the text has, in whatever case.
fn after<'t>(text: &'t str, openings: &str) -> Option<&'t str> {
    openings.split('|').find_map(|opening| {
        let (head, rest) = text.split_at_checked(opening.len())?;
        head.eq_ignore_ascii_case(opening).then_some(rest)
    })
}

/// A name or text without the quotes and the punctuation around it.
fn bare(text: &str) -> String {
    text.trim()
        .trim_end_matches(['?', '!', '.'])
        .trim_matches(|c| "`'\"".contains(c))
        .to_owned()
}

/// The calls that come next; none when there is enough to answer.
fn next_calls(wish: &Wish, done: &[Done]) -> Vec<Call> {
    let call = |name, arguments| vec![Call { name, arguments }];
    let read = |path: &str| call("read_file", json!({"path": path, "limit": 40}));
    match wish {
        Wish::Describe if done.is_empty() => {
            let mut calls = call("list_files", json!({}));
            calls.extend(read("README.md"));
            calls
        }
        Wish::Describe => manifest(done).map(read).unwrap_or_default(),
        Wish::Steps(count, wish) if done.len() < *count => {
            let step = (done.len() + 1).to_string();
            next_calls(&plain_wish(&wish.replace("{n}", &step)), &[])
        }
        _ if !done.is_empty() => Vec::new(),
        Wish::List => call("list_files", json!({})),
        Wish::Read(path) => call("read_file", json!({"path": path})),
        Wish::Search(pattern) => call("search", json!({"pattern": pattern})),
        Wish::Write { content, path } => call(
            "write_file",
            json!({"path": path, "content": format!("{content}\n")}),
        ),
        Wish::Edit { old, new, path } => {
            call("edit", json!({"path": path, "old": old, "new": new}))
        }
        Wish::Run(command) => call("shell", json!({"command": command})),
        Wish::Start(command) => call("shell", json!({"command": command, "background": true})),
        Wish::Steps(..) | Wish::Talk => Vec::new(),
    }
}

/// The call as it can be made: by its own tool, or as a command.
fn offered(tools: &[ToolDefinition], call: Call) -> Option<Call> {
    let has = |name: &str| tools.iter().any(|tool| tool.name == name);
    if has(call.name) {
        return Some(call);
    }
    let plain = |name: &str| call.arguments[name].as_str().unwrap_or_default();
    let quoted = |name: &str| format!("'{}'", plain(name).replace('\'', r"'\''"));
    let command = match call.name {
        "list_files" => "ls -1".to_owned(),
        "read_file" => format!("cat -- {}", quoted("path")),
        "search" => format!("grep -rn -- {} .", quoted("pattern")),
        "edit" => return None,
        "write_file" => format!("printf %s {} > {}", quoted("content"), quoted("path")),
        _ => plain("command").to_owned(),
    };
    let (name, argument) = SHELLS.into_iter().find(|(name, _)| has(name))?;
    let mut arguments = json!({argument: command});
    if name.eq_ignore_ascii_case("bash") {
        arguments["description"] = json!("what was asked for");
    }
    Some(Call { name, arguments })
}

/// A manifest that was listed, if none has been read yet.
fn manifest(done: &[Done]) -> Option<&'static str> {
    let listing = &done.first()?.output;
    let is_listed = |name: &&str| listing.lines().any(|line| entry_name(line) == *name);
    let is_read = |name| {
        done.iter()
            .any(|done| done.arguments.to_string().contains(name))
    };
    let mut manifests = MANIFESTS.split(' ');
    if manifests.clone().any(is_read) {
        return None;
    }
    manifests.find(is_listed)
}

/// A listed entry without its size.
fn entry_name(line: &str) -> &str {
    line.rsplit_once(" (").map_or(line, |(name, _)| name)
}

/// The answer, from what the tools said.
fn answer(wish: &Wish, prompt: &str, done: &[Done]) -> String {
    if *wish == Wish::Describe && !done.is_empty() {
        return description(done);
    }
    if done.is_empty() {
        let said = excerpt(prompt, 1, 120);
        return format!(
            "Hello! You said “{said}”. I am no real model: ask me to list, read, search, write, \
             change or run something, or to describe this folder."
        );
    }
    let report = |Done {
                      name,
                      arguments,
                      output,
                  }: &Done| {
        format!(
            "`{name}` {arguments} said:\n\n{}",
            excerpt(output, 40, 4_000)
        )
    };
    done.iter().map(report).collect::<Vec<_>>().join("\n\n")
}

/// What the folder is, told by its listing, its readme and its manifest.
fn description(done: &[Done]) -> String {
    let fact = |done: &Done| {
        let said = |lines, characters| excerpt(&done.output, lines, characters);
        let path = done.arguments["path"].as_str().unwrap_or_default();
        match (done.name.as_str(), telling_line(&done.output)) {
            ("list_files", _) => listing(&done.output),
            ("read_file", Some(line)) => format!("{path} says “{line}”."),
            ("read_file", None) => format!("{path} did not tell me more: {}", said(1, 200)),
            (tool, _) => format!("`{tool}` said:\n{}", said(12, 1_000)),
        }
    };
    done.iter().map(fact).collect::<Vec<_>>().join("\n")
}

/// How much a folder holds, without the heading and the notes of its listing.
fn listing(output: &str) -> String {
    let entries = output.lines().skip(1).filter(|line| !line.starts_with('['));
    let first: Vec<_> = entries.clone().map(entry_name).take(8).collect();
    let count = entries.count();
    format!(
        "The folder holds {count} entries, first {}.",
        first.join(", ")
    )
}

/// The line of a readme or manifest that says what it is about.
fn telling_line(file: &str) -> Option<&str> {
    let is_telling = |line: &&str| after(line, "# |name|\"name\"|module").is_some();
    file.lines().skip(1).map(str::trim).find(is_telling)
}

/// The beginning of a text, and how much is left out.
fn excerpt(text: &str, lines: usize, characters: usize) -> String {
    let total = text.lines().count();
    let shown: String = text.lines().take(lines).collect::<Vec<_>>().join("\n");
    let cut: String = shown.chars().take(characters).collect();
    match (total > lines, cut.len() < shown.len()) {
        (false, false) => cut,
        (_, true) => format!("{cut} […]"),
        (true, false) => format!("{cut}\n[{} more lines]", total - lines),
    }
}

#[cfg(test)]
mod tests;
