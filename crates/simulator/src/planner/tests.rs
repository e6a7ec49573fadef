//! The planner, by table: prompts and what comes of them.

use super::*;

fn tools(names: &[&str]) -> Vec<ToolDefinition> {
    let tool = |name: &&str| ToolDefinition {
        name: (*name).to_owned(),
        description: String::new(),
        parameters: json!({}),
    };
    names.iter().map(tool).collect()
}

fn ours() -> Vec<ToolDefinition> {
    tools(&[
        "list_files",
        "read_file",
        "search",
        "write_file",
        "edit",
        "shell",
    ])
}

fn call(id: &str, name: &str, arguments: &Value) -> Item {
    let arguments = arguments.to_string();
    let item =
        json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments});
    Item::parse(&item.to_string()).unwrap()
}

fn calls(plan: Plan) -> Vec<(&'static str, Value)> {
    match plan {
        Plan::Calls(preamble, calls) => {
            assert!(preamble.starts_with("(simulated)"), "{preamble}");
            calls
                .into_iter()
                .map(|call| (call.name, call.arguments))
                .collect()
        }
        Plan::Answer(text) => panic!("answered {text}"),
    }
}

fn answered(plan: Plan) -> String {
    match plan {
        Plan::Answer(text) => {
            assert!(text.starts_with("(simulated)"), "{text}");
            text
        }
        Plan::Calls(..) => panic!("called {plan:?}"),
    }
}

#[test]
fn plain_requests_become_tool_calls() {
    let table = [
        ("list the files", "list_files", json!({})),
        ("What files are in this folder?", "list_files", json!({})),
        (
            "read Cargo.toml",
            "read_file",
            json!({"path": "Cargo.toml"}),
        ),
        (
            "What is in `src/lib.rs`?",
            "read_file",
            json!({"path": "src/lib.rs"}),
        ),
        (
            "please read the file notes.txt.",
            "read_file",
            json!({"path": "notes.txt"}),
        ),
        ("search for foo", "search", json!({"pattern": "foo"})),
        ("find \"fn main\"", "search", json!({"pattern": "fn main"})),
        (
            "write hello to notes.txt",
            "write_file",
            json!({"path": "notes.txt", "content": "hello\n"}),
        ),
        (
            "change cat to dog in `notes.txt`",
            "edit",
            json!({"path": "notes.txt", "old": "cat", "new": "dog"}),
        ),
        (
            "run the command: echo hi",
            "shell",
            json!({"command": "echo hi"}),
        ),
        (
            "Run `cargo --version`",
            "shell",
            json!({"command": "cargo --version"}),
        ),
    ];
    for (prompt, name, arguments) in table {
        let made = calls(plan(&ours(), &[Item::user(prompt)]));
        assert_eq!(made, [(name, arguments)], "{prompt}");
    }
}

#[test]
fn the_codex_cli_runs_commands_by_its_own_tool() {
    let codex = tools(&["exec_command", "apply_patch"]);
    let table = [
        ("run the command: echo tool-ran-ok", "echo tool-ran-ok"),
        ("list the files", "ls -1"),
        ("read it's.txt", r"cat -- 'it'\''s.txt'"),
    ];
    for (prompt, command) in table {
        let made = calls(plan(
            &codex,
            &[Item::user("<environment>"), Item::user(prompt)],
        ));
        assert_eq!(
            made,
            [("exec_command", json!({"cmd": command}))],
            "{prompt}"
        );
    }
}

#[test]
fn other_clients_run_commands_by_their_own_tools_whatever_they_put_around_the_prompt() {
    let said = json!({"command": "ls -1"});
    let described = json!({"command": "ls -1", "description": "what was asked for"});
    for (tool, prompt, arguments) in [
        (
            "Bash",
            "<system-reminder>\nBe nice.\n</system-reminder>\nlist the files",
            &described,
        ),
        ("bash", "\"list the files\"", &described),
        (
            "terminal",
            "<environment_context>\n<cwd>/</cwd>\n</environment_context>list the files",
            &said,
        ),
        ("terminal", "list the files", &said),
    ] {
        let made = calls(plan(&tools(&[tool]), &[Item::user(prompt)]));
        assert_eq!(made, [(tool, arguments.clone())]);
    }
}

#[test]
fn as_many_steps_are_taken_as_were_asked_for() {
    let mut items = vec![Item::user(
        "run 3 steps: list the files. Then some history.",
    )];
    for step in ["1", "2", "3"] {
        assert_eq!(calls(plan(&ours(), &items)), [("list_files", json!({}))]);
        items.push(call(step, "list_files", &json!({})));
        items.push(Item::function_call_output(step, ".: 1 entries\na (1)"));
    }
    let text = answered(plan(&ours(), &items));
    assert!(text.contains("1 entries"), "{text}");
}

#[test]
fn a_step_can_be_told_from_the_others() {
    let mut items = vec![Item::user("run 2 steps: run the command echo {n} of 2")];
    for step in ["1", "2"] {
        let command = json!({"command": format!("echo {step} of 2")});
        let made = calls(plan(&ours(), &items));
        assert_eq!(made, [("shell", command.clone())]);
        items.push(call(step, "shell", &command));
        items.push(Item::function_call_output(step, "exit code 0"));
    }
}

#[test]
fn the_answer_quotes_what_the_tool_said() {
    let prompt = Item::user("run the command: echo tool-ran-ok");
    for output in [
        "exit code 0\ntool-ran-ok",
        "denied: nobody is here to approve `shell`",
    ] {
        let items = [
            prompt.clone(),
            call("c", "shell", &json!({"command": "echo tool-ran-ok"})),
            Item::function_call_output("c", output),
        ];
        let text = answered(plan(&ours(), &items));
        assert!(text.contains(output), "{text}");
    }
}

#[test]
fn only_the_last_prompt_counts() {
    let items = [
        Item::user("list the files"),
        call("c", "list_files", &json!({})),
        Item::function_call_output("c", ".: 1 entries\na (1)"),
        Item::assistant("(simulated) …"),
        Item::user("say hello"),
    ];
    let text = answered(plan(&ours(), &items));
    assert!(
        text.contains("say hello") && !text.contains("entries"),
        "{text}"
    );
}

#[test]
fn a_folder_is_described_by_its_listing_readme_and_manifest() {
    let mut items = vec![Item::user("Describe this folder.")];
    let first = calls(plan(&ours(), &items));
    assert_eq!(first[0].0, "list_files");
    assert_eq!(
        first[1],
        ("read_file", json!({"path": "README.md", "limit": 40}))
    );
    let listing = ".: 3 entries\nCargo.toml (20)\nREADME.md (10)\nsrc/\n";
    items.extend([
        call("1", "list_files", &first[0].1),
        call("2", "read_file", &first[1].1),
        Item::function_call_output("1", listing),
        Item::function_call_output("2", "README.md: all 1 lines\n# wings\n"),
    ]);
    let second = calls(plan(&ours(), &items));
    assert_eq!(
        second,
        [("read_file", json!({"path": "Cargo.toml", "limit": 40}))]
    );
    items.extend([
        call("3", "read_file", &second[0].1),
        Item::function_call_output(
            "3",
            "Cargo.toml: all 2 lines\n[package]\nname = \"alipes\"\n",
        ),
    ]);
    let text = answered(plan(&ours(), &items));
    for fact in [
        "3 entries",
        "Cargo.toml, README.md, src/",
        "“# wings”",
        "“name = \"alipes\"”",
    ] {
        assert!(text.contains(fact), "{fact} is missing in {text}");
    }
}

#[test]
fn a_folder_without_readme_or_manifest_is_described_all_the_same() {
    let items = [
        Item::user("summarise this project"),
        call("1", "list_files", &json!({})),
        call("2", "read_file", &json!({"path": "README.md", "limit": 40})),
        Item::function_call_output("1", ".: 1 entries\na.txt (5)\n"),
        Item::function_call_output(
            "2",
            "README.md does not exist; `list_files` shows what does",
        ),
    ];
    let text = answered(plan(&ours(), &items));
    assert!(
        text.contains("1 entries") && text.contains("does not exist"),
        "{text}"
    );
}

#[test]
fn without_a_tool_nothing_is_pretended() {
    let text = answered(plan(&[], &[Item::user("run the command: echo hi")]));
    assert!(text.contains("no tool"), "{text}");
    let text = answered(plan(&[], &[]));
    assert!(text.contains("Hello"), "{text}");
}

#[test]
fn a_long_output_is_cut_and_says_so() {
    let long = "line\n".repeat(100);
    let items = [
        Item::user("read a"),
        call("c", "read_file", &json!({"path": "a"})),
        Item::function_call_output("c", &long),
    ];
    let text = answered(plan(&ours(), &items));
    assert!(text.contains("[60 more lines]"), "{text}");
    assert!(answered(plan(&[], &[Item::user(&"é".repeat(500))])).contains("[…]"));
}
