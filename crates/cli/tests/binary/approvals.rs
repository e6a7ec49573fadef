//! Rules about tools: from the configuration, by flags, and by what a person says when asked.

use crate::machine::{Machine, Ran};
use crate::terminal::Terminal;

/// A turn in which the model runs a command, with nobody to ask.
async fn command(machine: &Machine, line: &str, more: &[&str]) -> Ran {
    let prompt = format!("run the command {line}");
    let arguments = [&["exec", "--simulate"], more, &[&prompt]].concat();
    machine.run(&arguments).await
}

#[tokio::test]
async fn a_rule_allows_a_plain_command_and_the_refusal_of_another_names_what_decided() {
    let machine = Machine::configured("[approvals]\n\"command touch made\" = \"allow\"\n");
    command(&machine, "touch made", &[]).await.answer();
    assert_eq!(machine.names(), ["made"]);
    let refused = command(&machine, "touch other", &[]).await;
    assert!(
        refused
            .answer()
            .contains("no rule is about it, and it executes"),
        "{refused:?}"
    );
    let refused = command(&machine, "touch made; touch other", &[]).await;
    assert!(
        refused.answer().contains("nobody can be asked here"),
        "{refused:?}"
    );
    assert_eq!(machine.names(), ["made"]);
}

#[tokio::test]
async fn a_rule_that_denies_is_stronger_than_a_flag_and_is_named_with_its_line() {
    let machine = Machine::configured("[approvals]\n\"command touch\" = \"deny\"\n");
    let refused = command(&machine, "touch made", &["--allow", "shell"]).await;
    let told = "the rule \"command touch\" = \"deny\"";
    assert!(refused.answer().contains(told), "{refused:?}");
    assert!(refused.out.contains("config.toml:2"), "{refused:?}");
    assert!(machine.names().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_host_that_is_denied_is_asked_about_where_commands_reach_the_network() {
    let machine = Machine::configured("[approvals]\n\"host 127.0.0.1\" = \"deny\"\n");
    let refused = command(&machine, "touch made", &["--allow", "shell,network"]).await;
    let told = "the rule \"host 127.0.0.1\" = \"deny\"";
    assert!(refused.answer().contains(told), "{refused:?}");
    assert!(
        refused.out.contains("which hosts a command reaches"),
        "{refused:?}"
    );
    assert!(machine.names().is_empty());
    // Without a network there is no host that it could reach.
    command(&machine, "touch made", &["--allow", "shell"])
        .await
        .answer();
    assert_eq!(machine.names(), ["made"]);
}

#[tokio::test]
async fn a_path_that_is_denied_is_met_by_no_search_of_the_folder_around_it() {
    let machine = Machine::configured("[approvals]\n\"path keys\" = \"deny\"\n");
    machine.file("notes.txt", "needle in the notes\n");
    std::fs::create_dir(machine.path("keys")).unwrap();
    machine.file("keys/a.txt", "needle in the keys\n");
    let arguments = ["exec", "--simulate", "search for needle"];
    let found = machine.run(&arguments).await;
    assert!(found.answer().contains("needle in the notes"), "{found:?}");
    assert!(!found.answer().contains("in the keys"), "{found:?}");
    assert!(found.answer().contains("that a rule forbids"), "{found:?}");
}

#[tokio::test]
async fn what_is_never_allowed_no_flag_opens() {
    let machine = Machine::configured("[approvals]\n\"shell\" = \"allow\"\n");
    for more in [
        &["--allow", "shell"][..],
        &["--allow", "shell", "--sandbox", "off"],
    ] {
        let refused = command(&machine, "touch made; rm -rf /", more).await;
        assert!(
            refused.answer().contains("nothing can allow it"),
            "{refused:?}"
        );
    }
    assert!(machine.names().is_empty());
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_agents_commands_are_confined_unless_that_is_switched_off() {
    let machine = Machine::new();
    let outside = tempfile::tempdir().unwrap();
    let made = outside.path().join("made");
    let line = format!("touch here {}", made.display());
    let confined = command(&machine, &line, &["--allow", "shell"]).await;
    assert!(
        confined
            .answer()
            .contains("commands are confined: no network"),
        "{confined:?}"
    );
    assert!(!made.exists() && machine.path("here").exists());
    command(&machine, &line, &["--allow", "shell", "--sandbox", "off"]).await;
    assert!(made.exists());
}

#[tokio::test]
async fn a_rule_that_cannot_be_read_is_told_before_anything_runs() {
    for (line, told) in [
        ("\"command a | b\" = \"allow\"", "names no plain command"),
        ("\"path ~/secret\" = \"deny\"", "write the path in full"),
        ("\"shel\" = \"deny\"", "did you mean shell?"),
        ("\"host https://x\" = \"deny\"", "names no host"),
        ("\"write_file command rm\" = \"deny\"", "can never be true"),
        ("\"shell\" = \"alow\"", "did you mean \"allow\"?"),
        ("\"shell\" = 1", "must be a string"),
    ] {
        let machine = Machine::configured(&format!("[approvals]\n{line}\n"));
        let message = machine.refused(2, &["exec", "--simulate", "hi"]).await;
        assert!(message.contains(told), "{message}");
    }
}

#[tokio::test]
async fn always_is_written_to_the_configuration_and_asks_no_more() {
    let before =
        "# mine\n[approvals]\n# kept\n\"read_file\" = \"allow\"\n\n[store]\nkeep = \"9d\" # too\n";
    let machine = Machine::configured(before);
    let arguments = ["exec", "--simulate", "run the command touch 'a b'"];
    let mut terminal = Terminal::run(machine.command(&arguments), 30);
    terminal.until("always a:").await;
    terminal.types("a\n");
    assert_eq!(terminal.end().await, Some(0), "{}", terminal.lines());
    assert_eq!(machine.names(), ["a b"]);
    let after = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    let rule = "\"command exactly touch 'a b'\" = \"allow\"\n";
    assert_eq!(after.replace(rule, ""), before);
    assert_ne!(after, before);
    std::fs::remove_file(machine.path("a b")).unwrap();
    command(&machine, "touch 'a b'", &[]).await.answer();
    assert_eq!(machine.names(), ["a b"]);
}
