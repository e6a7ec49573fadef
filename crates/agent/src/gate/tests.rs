//! The gate's promises, on tools that do not run.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_base::{Clock, Deadline, Environment, Redactor};
use alipes_tools::{
    Detail, Progress, Root, Sandbox, SandboxChoice, SandboxOptions, Seen, Toolbox, Workbench,
};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use serde_json::json;

use super::*;

/// Gives the same answer to every question, and keeps them.
#[derive(Clone)]
struct Person {
    answer: Approval,
    asked: Arc<Mutex<Vec<Question>>>,
}

impl Person {
    fn who_says(answer: Approval) -> Self {
        let asked = Arc::default();
        Self { answer, asked }
    }

    fn questions(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn last(&self) -> Question {
        self.asked.lock().unwrap().last().unwrap().clone()
    }
}

impl Approver for Person {
    fn ask(&self, question: Question) -> BoxFuture<'_, Approval> {
        self.asked.lock().unwrap().push(question);
        Box::pin(std::future::ready(self.answer))
    }
}

#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<String>>>);

impl RuleBook for Book {
    fn allow(&self, rule: &str) -> Result<(), String> {
        self.0.lock().unwrap().push(rule.to_owned());
        Ok(())
    }
}

fn context(folder: &Path) -> Context {
    let clock = Clock::system();
    Context {
        root: Root::open(folder).unwrap(),
        sandbox: Sandbox::off(),
        environment: Environment::default(),
        deadline: Deadline::after(&clock, "test", Duration::from_secs(60)),
        clock,
        workbench: Workbench::new(&Environment::default()),
        progress: Progress::default(),
        seen: Seen::default(),
        redactor: Redactor::new(),
    }
}

fn rules(lines: &[(&str, Verdict)]) -> Vec<Rule> {
    let rule = |(text, verdict): &(&str, Verdict)| Rule::parse(text, *verdict, "test").unwrap();
    lines.iter().map(rule).collect()
}

fn with_rules(lines: &[(&str, Verdict)]) -> Gate {
    Gate::new(GateOptions {
        rules: rules(lines),
        hint: "ask the user".to_owned(),
        ..GateOptions::default()
    })
}

fn asking(person: &Person) -> GateOptions {
    GateOptions {
        approver: Some(Box::new(person.clone())),
        ..GateOptions::default()
    }
}

async fn call(gate: &Gate, tool: &str, input: Value, context: &Context) -> Decision {
    let toolbox = Toolbox::builtin();
    gate.decide(toolbox.get(tool).unwrap(), &input, context)
        .await
}

async fn shell(gate: &Gate, line: &str) -> Decision {
    let folder = tempfile::tempdir().unwrap();
    call(
        gate,
        "shell",
        json!({"command": line}),
        &context(folder.path()),
    )
    .await
}

async fn write(gate: &Gate, path: &str) -> Decision {
    let folder = tempfile::tempdir().unwrap();
    let input = json!({"path": path, "content": ""});
    call(gate, "write_file", input, &context(folder.path())).await
}

#[tokio::test]
async fn what_a_rule_forbids_by_path_is_met_by_no_search_either() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("secrets")).unwrap();
    std::fs::write(folder.path().join("secrets/a.txt"), "needle").unwrap();
    std::fs::write(folder.path().join("b.txt"), "needle").unwrap();
    let real = std::fs::canonicalize(folder.path()).unwrap();
    let absolute = format!("path {}/secrets", real.display());
    let table = [
        ("path secrets", Verdict::Deny, 1),
        ("path **/a.txt", Verdict::Deny, 1),
        (absolute.as_str(), Verdict::Deny, 1),
        ("search path secrets", Verdict::Deny, 1),
        ("read_file path secrets", Verdict::Deny, 2),
        ("path secrets", Verdict::Allow, 2),
    ];
    for (rule, verdict, expected) in table {
        let gate = with_rules(&[(rule, verdict)]);
        let mut context = context(folder.path());
        let input = json!({"pattern": "needle"});
        assert!(
            call(&gate, "search", input.clone(), &context)
                .await
                .is_allowed()
        );
        context.root = gate.veiled("search", &context.root);
        let toolbox = Toolbox::builtin();
        let found = toolbox.get("search").unwrap().run(input, &context).await;
        let text = found.unwrap().text;
        assert_eq!(text.matches("needle").count(), expected, "{rule}: {text}");
    }
}

#[tokio::test]
async fn without_anyone_to_ask_only_reading_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let gate = with_rules(&[]);
    let input = json!({"command": "ls", "path": "x", "pattern": "x"});
    for tool in ["list_files", "read_file", "search"] {
        let decision = call(&gate, tool, input.clone(), &context).await;
        assert_eq!(
            decision,
            Decision::Allow {
                because: Because::Default(Effect::Reads),
                seen: Seen::default(),
            }
        );
    }
    for tool in ["write_file", "shell"] {
        let Decision::Deny { reason, because } = call(&gate, tool, input.clone(), &context).await
        else {
            panic!("{tool} was allowed");
        };
        assert!(reason.contains("ask the user"), "{reason}");
        assert!(matches!(because, Because::Default(_)));
    }
}

#[tokio::test]
async fn a_grant_opens_one_effect_and_no_other() {
    let gate = Gate::new(GateOptions {
        granted: vec![Effect::Writes],
        ..GateOptions::default()
    });
    let granted = Because::Granted(Effect::Writes);
    assert_eq!(
        write(&gate, "a").await,
        Decision::Allow {
            because: granted,
            seen: Seen::default(),
        }
    );
    assert!(!shell(&gate, "ls").await.is_allowed());
}

#[tokio::test]
async fn the_strictest_rule_counts_and_the_most_specific_explains() {
    use Verdict::{Allow, Ask, Deny};
    let gate = with_rules(&[
        ("shell", Allow),
        ("command git", Ask),
        ("command git push", Deny),
        ("shell command git push --force", Deny),
        ("command cargo", Allow),
    ]);
    let table = [
        ("ls", true, "\"shell\" = \"allow\" (test)"),
        ("cargo test", true, "\"command cargo\" = \"allow\""),
        ("git status", false, "\"command git\" = \"ask\""),
        ("git push", false, "\"command git push\" = \"deny\""),
        (
            "git push --force",
            false,
            "\"shell command git push --force\"",
        ),
        (
            "/usr/bin/git push",
            false,
            "\"command git push\" = \"deny\"",
        ),
    ];
    for (line, is_allowed, explained) in table {
        let decision = shell(&gate, line).await;
        assert_eq!(decision.is_allowed(), is_allowed, "{line}");
        let (Decision::Allow { because, .. } | Decision::Deny { because, .. }) = decision else {
            panic!("{decision:?}");
        };
        assert!(because.to_string().contains(explained), "{line}: {because}");
    }
}

#[tokio::test]
async fn a_command_rule_allows_a_plain_command_and_never_shell_syntax() {
    let gate = with_rules(&[("command cargo test", Verdict::Allow)]);
    for line in ["cargo test", "cargo test -p 'a b'", "  cargo  test"] {
        assert!(shell(&gate, line).await.is_allowed(), "{line}");
    }
    let lines = [
        "cargo test; rm x",
        "cargo test && x",
        "cargo test | tee x",
        "cargo test > x",
        "cargo test $(x)",
        "cargo test `x`",
        "cargo test $X",
        "X=1 cargo test",
        "cargo test *",
        "cargo test\nrm x",
        "cargo tests",
        "cargo",
        "./cargo test",
        "env cargo test",
    ];
    for line in lines {
        assert!(!shell(&gate, line).await.is_allowed(), "{line}");
    }
}

#[tokio::test]
async fn what_is_forbidden_is_not_reached_through_shell_syntax_or_another_program() {
    let gate = with_rules(&[
        ("shell", Verdict::Allow),
        ("command git push", Verdict::Deny),
    ]);
    let lines = [
        "cd x && git push",
        "$(echo git push)",
        "env git push",
        "sudo git push",
        "sh -c 'git push'",
        "nohup /usr/bin/git push",
        "xargs git push",
        "git push",
    ];
    for line in lines {
        assert!(!shell(&gate, line).await.is_allowed(), "{line}");
    }
    assert!(shell(&gate, "git pull").await.is_allowed());
}

#[cfg(unix)]
#[tokio::test]
async fn a_path_rule_is_about_where_a_path_leads() {
    use Verdict::{Allow, Deny};
    let folder = tempfile::tempdir().unwrap();
    for name in ["docs", "secrets"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::os::unix::fs::symlink("../secrets", folder.path().join("docs/link")).unwrap();
    let context = context(folder.path());
    let gate = with_rules(&[
        ("path docs", Allow),
        ("path secrets/**", Deny),
        ("path **/.env", Deny),
    ]);
    let table = [
        ("docs/a.md", true),
        ("./docs/../docs/b/c.md", true),
        ("src/a.rs", false),
        ("docs/../src/a.rs", false),
        ("docs/link/key", false),
        ("docs/.env", false),
        (".env", false),
        ("docs2/a", false),
        ("../docs/a", false),
    ];
    for (path, is_allowed) in table {
        let input = json!({"path": path, "content": ""});
        let decision = call(&gate, "write_file", input, &context).await;
        assert_eq!(decision.is_allowed(), is_allowed, "{path}: {decision:?}");
    }
    let read = call(
        &gate,
        "read_file",
        json!({"path": "docs/link/key"}),
        &context,
    )
    .await;
    assert!(!read.is_allowed(), "{read:?}");
}

#[tokio::test]
async fn a_yes_holds_once_for_the_session_or_for_good() {
    for (answer, questions, written) in [
        (Approval::Once, 2, &[][..]),
        (Approval::Session, 1, &[]),
        (Approval::Always, 1, &["command cargo test 'a b'"]),
        (Approval::No, 2, &[]),
    ] {
        let (person, book) = (Person::who_says(answer), Book::default());
        let gate = Gate::new(GateOptions {
            book: Some(Box::new(book.clone())),
            ..asking(&person)
        });
        for _ in 0..2 {
            let decision = shell(&gate, "cargo test \"a b\"").await;
            assert_eq!(decision.is_allowed(), answer != Approval::No);
        }
        assert_eq!(person.questions(), questions, "{answer:?}");
        assert_eq!(*book.0.lock().unwrap(), written, "{answer:?}");
    }
}

#[tokio::test]
async fn a_lasting_yes_is_offered_only_for_what_can_be_read_in_it() {
    let person = Person::who_says(Approval::Session);
    let gate = Gate::new(asking(&person));
    for line in ["a | b", "sh run.sh", "sudo ls", "env x", "python3 x.py"] {
        shell(&gate, line).await;
        assert_eq!(person.last().offer, None, "{line}");
        // So it is asked about again.
        let before = person.questions();
        shell(&gate, line).await;
        assert_eq!(person.questions(), before + 1, "{line}");
    }
    let asks = Gate::new(GateOptions {
        rules: rules(&[("command make", Verdict::Ask)]),
        ..asking(&person)
    });
    shell(&asks, "make").await;
    assert_eq!(person.last().offer, None);
    assert!(person.last().because.contains("\"command make\" = \"ask\""));
}

#[tokio::test]
async fn a_lasting_yes_to_writing_is_for_one_tool_in_one_folder() {
    let person = Person::who_says(Approval::Session);
    let gate = Gate::new(asking(&person));
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let input = json!({"path": "a", "content": ""});
    for _ in 0..2 {
        call(&gate, "write_file", input.clone(), &context(here.path())).await;
    }
    assert_eq!(person.questions(), 1);
    call(&gate, "write_file", input, &context(there.path())).await;
    assert_eq!(person.questions(), 2);
}

#[tokio::test]
async fn a_command_that_nothing_confines_is_asked_about_every_time() {
    let folder = tempfile::tempdir().unwrap();
    let mut context = context(folder.path());
    context.sandbox = Sandbox::new(SandboxOptions {
        choice: SandboxChoice::Auto,
        temp: folder.path().join("missing"),
        ..SandboxOptions::default()
    });
    let person = Person::who_says(Approval::Always);
    let gate = Gate::new(GateOptions {
        granted: vec![Effect::Executes],
        rules: rules(&[("command ls", Verdict::Allow)]),
        ..asking(&person)
    });
    for number in 1..=2 {
        call(&gate, "shell", json!({"command": "ls"}), &context).await;
        assert_eq!(person.questions(), number);
        assert_eq!(person.last().offer, None);
        assert!(person.last().caution.unwrap().starts_with("not confined"));
    }
    let alone = Gate::new(GateOptions {
        granted: vec![Effect::Executes],
        ..GateOptions::default()
    });
    let decision = call(&alone, "shell", json!({"command": "ls"}), &context).await;
    assert!(matches!(
        decision,
        Decision::Deny {
            because: Because::NotConfined,
            ..
        }
    ));
}

#[tokio::test]
async fn nothing_opens_what_is_never_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let own = std::fs::canonicalize(folder.path()).unwrap().join("own");
    let person = Person::who_says(Approval::Always);
    let gate = Gate::new(GateOptions {
        granted: vec![Effect::Writes, Effect::Executes],
        rules: rules(&[("shell", Verdict::Allow), ("write_file", Verdict::Allow)]),
        own: vec![own.clone()],
        ..asking(&person)
    });
    let named = format!("cat {}/auth.json", own.display());
    for line in [
        "rm -rf /",
        "sudo mkfs.ext4 /dev/sda",
        ":(){ :|:& };:",
        &named,
    ] {
        let decision = call(&gate, "shell", json!({"command": line}), &context).await;
        assert!(
            matches!(
                decision,
                Decision::Deny {
                    because: Because::Never(_),
                    ..
                }
            ),
            "{line}"
        );
    }
    let input = json!({"path": "x/../own/config.toml", "content": ""});
    let decision = call(&gate, "write_file", input, &context).await;
    assert!(matches!(
        decision,
        Decision::Deny {
            because: Because::Never(_),
            ..
        }
    ));
    assert_eq!(person.questions(), 0);
}

#[tokio::test]
async fn what_would_fail_is_not_asked_about() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one\n").unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::Once);
    let gate = Gate::new(asking(&person));
    for (tool, input) in [
        ("write_file", json!({"path": "../x", "content": ""})),
        ("write_file", json!({"path": "a.txt"})),
        (
            "edit",
            json!({"path": "a.txt", "old": "two", "new": "three"}),
        ),
        ("shell", json!({"comand": "ls"})),
    ] {
        let decision = call(&gate, tool, input, &context).await;
        assert!(matches!(decision, Decision::Fails { .. }), "{decision:?}");
    }
    assert_eq!(person.questions(), 0);
}

#[tokio::test]
async fn what_a_rule_asks_about_is_told_nobody_before_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "secret\n").unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::No);
    let gate = Gate::new(GateOptions {
        rules: rules(&[("path a.txt", Verdict::Ask)]),
        ..asking(&person)
    });
    let input = json!({"path": "a.txt", "old": "secre", "new": "secre"});
    let decision = call(&gate, "edit", input, &context).await;
    assert!(matches!(decision, Decision::Deny { .. }), "{decision:?}");
    assert!(person.last().summary.contains("it fails as things stand"));
}

#[tokio::test]
async fn a_yes_to_what_was_shown_to_fail_is_a_yes_to_its_failure_alone() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::Once);
    let gate = Gate::new(GateOptions {
        rules: rules(&[("edit", Verdict::Ask)]),
        ..asking(&person)
    });
    let input = json!({"path": "a.txt", "old": "one", "new": "two"});
    let decision = call(&gate, "edit", input, &context).await;
    let Decision::Fails { reason } = decision else {
        panic!("{decision:?}");
    };
    assert!(person.last().summary.contains("it fails as things stand"));
    assert!(reason.contains("a.txt"), "{reason}");
}

#[tokio::test]
async fn a_question_names_its_file_whole_whatever_is_asked_about_it() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::No);
    let gate = Gate::new(GateOptions {
        rules: rules(&[("path **", Verdict::Ask)]),
        ..asking(&person)
    });
    let path = format!("{}/{}/run-me.sh", "d".repeat(150), "e".repeat(150));
    for (tool, input) in [
        ("read_file", json!({"path": path})),
        ("list_files", json!({"path": path})),
        ("write_file", json!({"path": path, "content": ""})),
        // Which fails as things stand.
        ("edit", json!({"path": path, "old": "one", "new": "two"})),
    ] {
        call(&gate, tool, input, &context).await;
        let summary = person.last().summary;
        assert!(summary.contains(&path), "{summary}");
    }
}

#[tokio::test]
async fn a_question_has_all_of_a_command_and_the_diff_of_an_edit() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.txt"), "one\n").unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::No);
    let gate = Gate::new(asking(&person));
    let line = format!("echo {}; rm tail", "a".repeat(3_000));
    call(&gate, "shell", json!({"command": line}), &context).await;
    assert_eq!(person.last().summary, format!("run \"{line}\""));
    let input = json!({"path": "a.txt", "old": "one", "new": "two"});
    call(&gate, "edit", input, &context).await;
    let Some(Detail::Diff(diff)) = person.last().detail else {
        panic!("{:?}", person.last());
    };
    assert!(diff.ends_with("-one\n+two\n"), "{diff}");
}

#[tokio::test]
async fn no_tool_that_runs_something_goes_round_the_rules_about_commands() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let gate = Gate::new(GateOptions {
        granted: vec![Effect::Executes],
        own: vec![folder.path().join("own")],
        rules: rules(&[("command git push", Verdict::Deny)]),
        ..GateOptions::default()
    });
    let own = format!("cat {}/own/auth.json\n", folder.path().display());
    let lines = [
        "git push origin main\n",
        "git push origin main",
        "cd x\ngit push\n",
        "true; git push\n",
        "rm -rf /\n",
        "mkfs.ext4 /dev/sda\n",
        own.as_str(),
    ];
    let toolbox = Toolbox::builtin();
    let running = toolbox.specs().map(|spec| spec.name);
    for tool in running.filter(|tool| effect(tool) == Effect::Executes) {
        for line in lines {
            let decision = call(&gate, tool, filled(tool, |_| line), &context).await;
            assert!(!decision.is_allowed(), "{tool} {line:?}");
        }
    }
}

#[tokio::test]
async fn no_tool_that_is_given_a_path_goes_round_the_rules_about_paths() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let gate = Gate::new(GateOptions {
        granted: vec![Effect::Writes, Effect::Executes],
        rules: rules(&[("path x", Verdict::Deny)]),
        ..GateOptions::default()
    });
    for spec in Toolbox::builtin().specs() {
        if spec.parameters["properties"].get("path").is_some() {
            let decision = call(&gate, spec.name, filled(spec.name, |_| "x/y"), &context).await;
            assert!(!decision.is_allowed(), "{}", spec.name);
        }
    }
}

#[tokio::test]
async fn what_is_written_to_a_process_is_forbidden_as_a_command_and_allowed_as_none() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::No);
    let with = |lines: &[(&str, Verdict)], granted: &[Effect]| {
        Gate::new(GateOptions {
            rules: rules(lines),
            granted: granted.to_vec(),
            ..asking(&person)
        })
    };
    let write = |line: &str| json!({"id": 1, "input": line});
    let allowed = with(&[("command ls", Verdict::Allow)], &[]);
    let decision = call(&allowed, "process_input", write("ls\n"), &context).await;
    assert!(!decision.is_allowed(), "{decision:?}");
    let named = with(&[("process_input", Verdict::Allow)], &[]);
    let decision = call(&named, "process_input", write("ls\n"), &context).await;
    assert!(decision.is_allowed(), "{decision:?}");
    // What comes behind an unfinished line may make another command of it.
    let forbidden = with(&[("command git push", Verdict::Deny)], &[Effect::Executes]);
    for (line, is_allowed) in [("git pu", false), ("git pull\n", true), ("y\n", true)] {
        let decision = call(&forbidden, "process_input", write(line), &context).await;
        assert_eq!(decision.is_allowed(), is_allowed, "{line:?}");
    }
}

#[tokio::test]
async fn a_rule_against_a_host_asks_about_every_command_that_may_reach_one() {
    let person = Person::who_says(Approval::No);
    let asked = |line: &str, verdict: Verdict| {
        Gate::new(GateOptions {
            rules: rules(&[(line, verdict), ("shell", Verdict::Allow)]),
            ..asking(&person)
        })
    };
    for (line, verdict, asks) in [
        ("host evil.example", Verdict::Deny, true),
        ("host *.example", Verdict::Ask, true),
        ("host evil.example", Verdict::Allow, false),
        ("process_input host evil.example", Verdict::Deny, false),
    ] {
        let before = person.questions();
        let decision = shell(&asked(line, verdict), "curl http://evil.example/").await;
        assert_eq!(decision.is_allowed(), !asks, "{line}");
        assert_eq!(person.questions() > before, asks, "{line}");
    }
    assert!(
        person
            .last()
            .because
            .contains("which hosts a command reaches")
    );
    assert_eq!(person.last().offer, None);
    // What asks for no host is none of its business.
    let gate = asked("host evil.example", Verdict::Deny);
    let folder = tempfile::tempdir().unwrap();
    let read = call(&gate, "list_files", json!({}), &context(folder.path())).await;
    assert!(read.is_allowed(), "{read:?}");
}

/// Texts that rules are made of, and commands and paths to compare them with.
const RULES: [&str; 10] = [
    "host x",
    "shell",
    "write_file",
    "read_file",
    "command a",
    "command a b",
    "path x",
    "path x/y",
    "path **",
    "shell command a",
];
const LINES: [&str; 7] = ["a", "a b", "a b c", "c", "a; b", "env a", "x=1 a"];
const PATHS: [&str; 5] = ["x", "x/y", "x/y/z", "z", "x/../z"];

fn some_rules() -> impl Strategy<Value = Vec<(&'static str, Verdict)>> {
    let verdict = prop_oneof![
        Just(Verdict::Allow),
        Just(Verdict::Ask),
        Just(Verdict::Deny)
    ];
    proptest::collection::vec((proptest::sample::select(&RULES[..]), verdict), 0..6)
}

/// A call of any tool there is, with each field that its schema has.
fn some_call() -> impl Strategy<Value = (&'static str, Value)> {
    let names: Vec<_> = Toolbox::builtin().specs().map(|spec| spec.name).collect();
    let drawn = (
        proptest::sample::select(names),
        proptest::sample::select(&LINES[..]),
        proptest::sample::select(&PATHS[..]),
    );
    drawn.prop_map(|(tool, line, path)| {
        let text = |field: &str| match field {
            "command" | "input" => line,
            "path" => path,
            _ => "",
        };
        (tool, filled(tool, text))
    })
}

/// An input of this tool in which every field has a value.
fn filled<'t>(tool: &str, text: impl Fn(&str) -> &'t str) -> Value {
    let toolbox = Toolbox::builtin();
    let parameters = &toolbox.get(tool).unwrap().spec().parameters;
    let fields = parameters["properties"].as_object().unwrap().iter();
    let fields = fields.map(|(name, schema)| {
        let value = match schema["type"].as_str().unwrap() {
            "string" => json!(text(name)),
            "boolean" => json!(false),
            _ => json!(1),
        };
        (name.clone(), value)
    });
    Value::Object(fields.collect())
}

fn effect(tool: &str) -> Effect {
    Toolbox::builtin().get(tool).unwrap().effect()
}

fn decided(lines: &[(&str, Verdict)], (tool, input): &(&str, Value), folder: &Path) -> bool {
    let (gate, context) = (with_rules(lines), context(folder));
    let decision = call(&gate, tool, input.clone(), &context).now_or_never();
    decision.unwrap().is_allowed()
}

proptest! {
    #[test]
    fn no_rule_more_of_asking_or_denying_ever_allows_a_call(
        lines in some_rules(), more in some_rules(), call in some_call(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let stricter: Vec<_> = more.into_iter().filter(|(_, says)| *says != Verdict::Allow).collect();
        let all = [lines.as_slice(), &stricter].concat();
        let (before, after) = (decided(&lines, &call, folder.path()), decided(&all, &call, folder.path()));
        prop_assert!(before || !after, "{lines:?} {stricter:?} {call:?}");
    }

    #[test]
    fn nothing_that_acts_is_allowed_without_a_rule_that_allows(
        lines in some_rules(), call in some_call(),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let strict: Vec<_> = lines.into_iter().filter(|(_, says)| *says != Verdict::Allow).collect();
        prop_assert!(effect(call.0) == Effect::Reads || !decided(&strict, &call, folder.path()));
    }

    #[test]
    fn a_denied_tool_never_runs(lines in some_rules(), call in some_call()) {
        let folder = tempfile::tempdir().unwrap();
        let all = [lines.as_slice(), &[(call.0, Verdict::Deny)]].concat();
        prop_assert!(!decided(&all, &call, folder.path()));
    }

    #[test]
    fn whatever_is_read_as_plain_a_real_shell_reads_the_same(line in "[ab'\"\\\\ $;|&<>()*?~#=!{}\\[\\]\n\t-]{1,12}") {
        if let Ok(words) = words::plain(&line) {
            let script = format!("set -- {line}\nfor word; do printf '%s\\0' \"$word\"; done");
            let ran = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
            let said = String::from_utf8(ran.stdout).unwrap();
            let read: Vec<&str> = said.split_terminator('\0').collect();
            prop_assert_eq!(read, words, "{:?}", line);
        }
    }
}
