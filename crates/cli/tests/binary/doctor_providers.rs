//! What `alipes doctor` says of a plan, and of a provider that is another program of this machine.

use std::os::unix::fs::PermissionsExt as _;

use alipes_simulator::Scenario;

use crate::login;
use crate::machine::{Machine, Ran};
use crate::provider_accounts::{simulator, with_two};

/// The words of a screen, however its lines were broken.
fn words(ran: &Ran) -> String {
    ran.out.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn what_is_left_of_the_plan_is_asked_and_where_it_is_not_told_now_what_was_said_before_counts()
 {
    let simulator = login::issuer().await;
    let machine = login::machine(&simulator);
    login::sign_in(&machine).await.answer();
    let asked = machine.run(&["doctor"]).await;
    let said = words(&asked);
    let told = " % of the plan is used (said just now, anew within ";
    assert!(said.contains("✓ plan"), "{}", asked.out);
    assert!(said.contains(told), "{}", asked.out);
    drop(simulator);
    let unsaid = machine.run(&["doctor"]).await;
    let said = words(&unsaid);
    assert_eq!(unsaid.code, Some(1), "{}", unsaid.out);
    assert!(said.contains("it is not told now ("), "{}", unsaid.out);
    assert!(said.contains(told), "{}", unsaid.out);
}

/// The commands by which a key is saved, as a screen advises them.
fn advised(said: &str) -> Vec<String> {
    let quoted = said.split('`').skip(1).step_by(2);
    let commands = quoted.filter(|text| text.starts_with("alipes providers add "));
    commands.map(str::to_owned).collect()
}

#[tokio::test]
async fn each_of_several_refused_keys_is_told_with_a_command_that_is_accepted() {
    let simulator = simulator().await;
    let machine = with_two(&simulator).await.with("NO_COLOR", "1");
    simulator.set_scenario(Scenario::from_flags(["401"]).unwrap());
    let ran = machine.run(&["doctor"]).await;
    let commands = advised(&words(&ran));
    assert_eq!(
        commands,
        [
            "alipes providers add mine --account default",
            "alipes providers add mine --account work",
        ],
        "{}",
        ran.out
    );
    simulator.set_scenario(Scenario::default());
    for command in commands {
        let words: Vec<&str> = command.split(' ').skip(1).chain(["--key-stdin"]).collect();
        machine.fed(&words, "key-new\n").await.answer();
    }
}

/// A machine whose only provider is the Codex CLI, with this program in its place.
fn driving(program: &str) -> Machine {
    let machine = Machine::configured("[model]\ndefault = \"codex-app-server/gpt-x\"\n");
    let folder = machine.path("bin");
    std::fs::create_dir(&folder).unwrap();
    let path = folder.join("codex");
    if !program.is_empty() {
        std::fs::write(&path, format!("#!/bin/sh\n{program}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let folders = format!("{}:/usr/bin:/bin", folder.display());
    machine.with("PATH", folders).with("NO_COLOR", "1")
}

/// One that answers what it is asked until a conversation begins, with this account and version.
fn answering(account: &str, version: &str) -> String {
    format!(
        r#"while read -r line; do
  id=$(printf %s "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*) said='{{"userAgent":"alipes/{version} (sh)"}}' ;;
    *'"account/read"'*) said='{{"account":{account},"requiresOpenaiAuth":true}}' ;;
    *'"thread/start"'*) said='{{"thread":{{"id":"t"}}}}' ;;
    *) said='{{}}' ;;
  esac
  [ -z "$id" ] || printf '{{"id":%s,"result":%s}}\n' "$id" "$said"
done"#
    )
}

#[tokio::test]
async fn an_installed_codex_that_is_ready_is_told_as_such_and_asked_for_nothing() {
    let machine = driving(&answering(r#"{"type":"chatgpt"}"#, "0.169.0"));
    let ran = machine.run(&["doctor"]).await;
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(
        words(&ran).contains("✓ provider codex-app-server is ready: "),
        "{}",
        ran.out
    );
    assert!(!ran.out.contains("alipes login"), "{}", ran.out);
}

#[tokio::test]
async fn what_keeps_the_installed_codex_from_answering_is_told_with_what_helps() {
    let signed_out = answering("null", "0.169.0");
    let old = answering(r#"{"type":"chatgpt"}"#, "0.99.0");
    for (program, told) in [
        ("", "there is no `codex` in PATH"),
        (&*signed_out, "codex login"),
        (&*old, "0.99.0"),
        ("exit 3", "npm install -g @openai/codex@latest"),
    ] {
        let ran = driving(program).run(&["doctor", "codex-app-server"]).await;
        assert_eq!(ran.code, Some(1), "{}", ran.out);
        assert!(
            words(&ran).contains("✗ provider codex-app-server: "),
            "{}",
            ran.out
        );
        assert!(words(&ran).contains(told), "{told}: {}", ran.out);
    }
}
