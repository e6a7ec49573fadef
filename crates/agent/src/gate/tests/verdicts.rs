//! What the rules say: the strictest counts, what no rule is about is only read, and a rule is about
//! what a command or a path is, not how it is spelt.

use alipes_tools::Seen;
use serde_json::json;

use super::*;

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

#[tokio::test]
async fn what_may_be_a_forbidden_command_is_asked_about() {
    use Verdict::{Allow, Ask, Deny};
    let person = Person::who_says(Approval::No);
    for verdict in [Ask, Deny] {
        let gate = Gate::new(GateOptions {
            rules: rules(&[("shell", Allow), ("command git push", verdict)]),
            ..asking(&person)
        });
        for line in [
            "git -C . push",
            "git --no-pager push origin",
            "git -c a.b=c -C x push",
            "env git -C . push",
            "npx -c 'git push origin main'",
            "npx -c 'cd x && git -C y push'",
            "python3.11 -c 'import os; os.system(\"x\")'",
            "make 'RUN=git push'",
            "sh -c 'git${IFS}push'",
        ] {
            let before = person.questions();
            assert!(!shell(&gate, line).await.is_allowed(), "{line}");
            assert_eq!(person.questions(), before + 1, "{line}");
        }
        for line in [
            "git commit -m push",
            "git log push",
            "git push-x",
            "cargo test -- 'a b'",
        ] {
            let before = person.questions();
            assert!(shell(&gate, line).await.is_allowed(), "{line}");
            assert_eq!(person.questions(), before, "{line}");
        }
    }
}

#[tokio::test]
async fn an_exact_rule_is_about_these_words_and_none_after_them() {
    use Verdict::{Allow, Deny};
    let gate = with_rules(&[("command exactly cargo --version", Allow)]);
    for (line, is_allowed) in [
        ("cargo --version", true),
        ("cargo '--version'", true),
        ("cargo --version --verbose", false),
        ("cargo", false),
        ("cargo --version; x", false),
        ("/bin/cargo --version", false),
    ] {
        assert_eq!(shell(&gate, line).await.is_allowed(), is_allowed, "{line}");
    }
    let gate = with_rules(&[("shell", Allow), ("command exactly git push", Deny)]);
    for (line, is_allowed) in [
        ("git push", false),
        ("/usr/bin/git push", false),
        ("git -C . push", false),
        ("sh -c 'git push'", false),
        ("git push origin", true),
        ("git status", true),
    ] {
        assert_eq!(shell(&gate, line).await.is_allowed(), is_allowed, "{line}");
    }
}

#[tokio::test]
async fn a_flag_is_named_only_where_it_would_help() {
    let folder = tempfile::tempdir().unwrap();
    let gate = |lines: &[(&str, Verdict)]| {
        Gate::new(GateOptions {
            rules: rules(lines),
            granted: vec![Effect::Executes],
            hint: "FLAG".to_owned(),
            unconfined_hint: "OFF".to_owned(),
            ..GateOptions::default()
        })
    };
    let mut unconfined = context(folder.path());
    unconfined.sandbox = alipes_tools::Sandbox::new(alipes_tools::SandboxOptions {
        temp: folder.path().join("missing"),
        ..alipes_tools::SandboxOptions::default()
    });
    let confined = context(folder.path());
    let run = |line: &str| json!({"command": line});
    let ask = [("command git push", Verdict::Ask)];
    let deny = [("command git push", Verdict::Deny)];
    for (tool, input, lines, context, hint) in [
        (
            "write_file",
            json!({"path": "a", "content": ""}),
            &[][..],
            &confined,
            "FLAG",
        ),
        ("shell", run("git push"), &ask, &confined, ""),
        ("shell", run("true; x"), &deny, &confined, ""),
        ("shell", run("ls"), &[], &unconfined, "OFF"),
    ] {
        let decision = call(&gate(lines), tool, input.clone(), context).await;
        let Decision::Deny { reason, .. } = decision else {
            panic!("{input}");
        };
        let told = reason.rsplit("Go on without it.").next().unwrap().trim();
        assert_eq!(told, hint, "{input}: {reason}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_path_rule_is_about_where_a_path_leads() {
    use Verdict::{Allow, Deny};
    let folder = tempfile::tempdir().unwrap();
    for name in ["docs/deep", "secrets", "src"] {
        std::fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    std::os::unix::fs::symlink("../secrets", folder.path().join("docs/link")).unwrap();
    std::os::unix::fs::symlink("../docs/deep", folder.path().join("src/link")).unwrap();
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
        // Where the link leads comes before the dots.
        ("docs/link/../a.md", false),
        ("docs/link/../secrets/key", false),
        ("src/link/../a.md", true),
        ("src/link/../../docs/new/a.md", true),
        ("src/link/../../a.md", false),
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
