//! No tool is a way round a rule: not a search, not a process that is written to, not one that comes
//! later, since the tools are asked of the toolbox.

use alipes_tools::Toolbox;
use serde_json::json;

use super::*;

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
        ("path secrets", Verdict::Ask, 1),
        ("path **/a.txt", Verdict::Ask, 1),
        ("read_file path secrets", Verdict::Ask, 2),
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
        let subject = alipes_tools::Subject::of(&input);
        context.root = gate.veiled("search", &subject, &context.root);
        let toolbox = Toolbox::builtin();
        let found = toolbox.get("search").unwrap().run(input, &context).await;
        let text = found.unwrap().text;
        assert_eq!(text.matches("needle").count(), expected, "{rule}: {text}");
        let is_told = text.contains("1 item that a rule forbids or asks about left out");
        assert_eq!(is_told, expected == 1, "{rule}: {text}");
    }
}

#[tokio::test]
async fn what_a_rule_asks_about_is_seen_by_the_call_that_names_it_and_by_no_command() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("private")).unwrap();
    std::fs::write(folder.path().join("private/a.txt"), "needle").unwrap();
    let mut context = context(folder.path());
    let bare = context.root.clone();
    let person = Person::who_says(Approval::Once);
    let gate = Gate::new(GateOptions {
        rules: rules(&[("path private", Verdict::Ask)]),
        ..asking(&person)
    });
    let toolbox = Toolbox::builtin();
    for (number, (tool, input)) in [
        ("search", json!({"pattern": "needle", "path": "private"})),
        ("read_file", json!({"path": "private/a.txt"})),
    ]
    .into_iter()
    .enumerate()
    {
        context.root = bare.clone();
        let decision = call(&gate, tool, input.clone(), &context).await;
        assert!(decision.is_allowed(), "{decision:?}");
        assert_eq!(person.questions(), number + 1);
        let tool = toolbox.get(tool).unwrap();
        context.root = gate.veiled(tool.spec().name, &tool.subject(&input), &bare);
        let text = tool.run(input, &context).await.unwrap().text;
        assert!(text.contains("needle"), "{text}");
    }
    let subject = alipes_tools::Subject::of(&json!({"command": "cat private/a.txt"}));
    let real = bare.path().join("private/a.txt");
    assert!(!gate.veiled("shell", &subject, &bare).shows(&real));
    // A person who names it has been asked.
    assert!(gate.readable(&bare).shows(&real));
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
async fn a_line_that_is_written_in_parts_is_forbidden_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let context = context(folder.path());
    let person = Person::who_says(Approval::Once);
    let gate = Gate::new(GateOptions {
        granted: vec![Effect::Executes],
        rules: rules(&[("command git push", Verdict::Deny)]),
        ..asking(&person)
    });
    let toolbox = Toolbox::builtin();
    let mut ids = Vec::new();
    for _ in 0..2 {
        let input = json!({"command": "cat", "background": true});
        let started = toolbox.get("shell").unwrap().run(input, &context).await;
        let text = started.unwrap().text;
        let id = text.split("started process ").nth(1).unwrap();
        ids.push(id.split(' ').next().unwrap().parse::<u64>().unwrap());
    }
    for (process, input, is_allowed, questions) in [
        // What is begun may become anything, so somebody is asked.
        (0, "git ", true, 1),
        (0, "push\n", false, 1),
        // What was refused was not written.
        (0, "pull\n", true, 1),
        (0, "push\n", true, 1),
        (0, "x\ngit ", true, 2),
        (1, "push\n", true, 2),
        (0, "push", false, 2),
    ] {
        let input = json!({"id": ids[process], "input": input});
        let decision = call(&gate, "process_input", input.clone(), &context).await;
        assert_eq!(decision.is_allowed(), is_allowed, "{input}: {decision:?}");
        assert_eq!(person.questions(), questions, "{input}");
    }
}
