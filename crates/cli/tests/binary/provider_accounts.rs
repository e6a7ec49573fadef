//! Several keys with one provider: added, listed, asked with, and taken away.

use alipes_base::{Clock, Rng};
use alipes_simulator::{Options, Scenario, Simulator};

use crate::machine::{Machine, Ran};

pub(crate) async fn simulator() -> Simulator {
    let options = Options::local(Clock::system(), Rng::from_entropy());
    Simulator::start(options).await.unwrap()
}

fn config(machine: &Machine) -> String {
    std::fs::read_to_string(machine.home("config.toml")).unwrap()
}

async fn add(machine: &Machine, key: &str, more: &[&str]) -> Ran {
    let fixed = ["providers", "add", "mine", "--key-stdin"];
    let arguments = [&fixed[..], more].concat();
    machine.fed(&arguments, format!("{key}\n")).await
}

pub(crate) async fn with_two(simulator: &Simulator) -> Machine {
    let machine = Machine::configured("[model]\ndefault = \"mine/m\"\n");
    let url = simulator.base_url();
    add(&machine, "key-first", &["--base-url", &url])
        .await
        .answer();
    let ran = add(&machine, "key-work", &["--account", "work"]).await;
    ran.answer();
    let said: Vec<&str> = ran.err.lines().collect();
    assert_eq!(
        said[..2],
        [
            "mine accepts the key and has 2 models",
            "the key that mine had becomes its account default",
        ]
    );
    assert!(
        said[2].starts_with("the account work of mine is saved in "),
        "{}",
        ran.err
    );
    machine
}

#[tokio::test]
async fn a_second_key_is_an_account_beside_the_first_and_takes_over_from_it() {
    let simulator = simulator().await;
    let machine = with_two(&simulator).await;
    let text = config(&machine);
    assert!(!text.contains("api_key"), "{text}");
    for line in [
        "default = { file = \"keys/mine.key\" }",
        "work = { file = \"keys/mine@work.key\" }",
    ] {
        assert!(text.contains(line), "{text}");
    }
    let list = machine.run(&["providers"]).await;
    let told: Vec<&str> = list.answer().lines().skip(1).collect();
    assert!(told[0].contains("2 accounts"), "{}", list.out);
    assert_eq!(
        told[1..],
        [
            "  default  keys/mine.key       next (in-order)",
            "  work     keys/mine@work.key",
        ]
    );

    simulator.set_scenario(Scenario::from_flags(["sse-usage-limit@1"]).unwrap());
    let before = simulator.seen().len();
    let ran = machine.run(&["exec", "hi"]).await;
    assert!(ran.answer().contains("simulated"), "{}", ran.err);
    let keys: Vec<String> = simulator.seen()[before..]
        .iter()
        .filter_map(|seen| seen.header("authorization").map(str::to_owned))
        .collect();
    assert_eq!(keys, ["Bearer key-first", "Bearer key-work"]);
}

#[tokio::test]
async fn an_account_is_taken_away_with_its_key_and_the_others_stay() {
    let simulator = simulator().await;
    let machine = with_two(&simulator).await;
    let remove = ["providers", "remove", "mine", "--account"];
    let refused = machine.refused(2, &[&remove[..], &["home"]].concat()).await;
    assert_eq!(
        refused,
        "error: mine has no account \"home\"; its accounts: default, work\n"
    );
    machine
        .run(&[&remove[..], &["work"]].concat())
        .await
        .answer();
    assert!(!machine.home("keys/mine@work.key").exists());
    assert!(machine.home("keys/mine.key").exists());
    assert!(!config(&machine).contains("work"));
    machine
        .run(&[&remove[..], &["default"]].concat())
        .await
        .answer();
    assert!(!machine.home("keys/mine.key").exists());
    add(&machine, "key-first", &[]).await.answer();
    add(&machine, "key-work", &["--account", "work"])
        .await
        .answer();
    machine.run(&["providers", "remove", "mine"]).await.answer();
    for key in ["keys/mine.key", "keys/mine@work.key"] {
        assert!(!machine.home(key).exists(), "{key}");
    }
    assert_eq!(config(&machine), "[model]\ndefault = \"mine/m\"\n");
}

async fn add_to_groq(machine: &Machine, account: &str) -> Ran {
    let fixed = ["providers", "add", "groq", "--key-stdin", "--unchecked"];
    let arguments = [&fixed[..], &["--account", account]].concat();
    machine.fed(&arguments, "key-work\n").await
}

#[tokio::test]
async fn the_key_in_the_usual_variable_is_asked_with_beside_the_new_one() {
    let machine = Machine::new().with("GROQ_API_KEY", "key-variable");
    let ran = add_to_groq(&machine, "work").await;
    assert!(
        ran.err.contains("groq had becomes its account default"),
        "{}",
        ran.err
    );
    let list = machine.run(&["providers"]).await;
    assert!(
        list.answer()
            .contains("  default  GROQ_API_KEY        next (in-order)"),
        "{}",
        list.out
    );
}

#[tokio::test]
async fn the_name_that_the_first_key_gets_is_refused_and_no_key_is_left_behind() {
    let machine = Machine::new().with("GROQ_API_KEY", "key-variable");
    let refused = add_to_groq(&machine, "default").await.refused(2);
    insta::assert_snapshot!(refused, @"error: groq has a key already, which becomes its account default; give the new one another name");
    assert!(!machine.home("keys").exists());
}

#[tokio::test]
async fn what_an_account_cannot_be_is_said_before_anything_is_saved() {
    let machine = with_two(&simulator().await).await;
    let before = config(&machine);
    let mut messages = add(&machine, "key-new", &[]).await.refused(2);
    for arguments in [
        &["openai-codex", "--account", "work", "--key-stdin"][..],
        &["ollama", "--account", "work"],
    ] {
        let arguments = [&["providers", "add"], arguments].concat();
        messages.push_str(&machine.refused(2, &arguments).await);
    }
    insta::assert_snapshot!(messages, @"
    error: mine has accounts; say with --account NAME which one the key is for
    error: openai-codex takes no key: sign in with `alipes login --account NAME`
    error: the account work is nothing without a key; give it with --key-stdin, --key-env VAR or --key-file PATH
    ");
    assert_eq!(config(&machine), before);
    let bad = machine
        .run(&[
            "providers",
            "add",
            "mine",
            "--account",
            "a@b",
            "--key-stdin",
        ])
        .await;
    assert_eq!(bad.code, Some(2));
}
