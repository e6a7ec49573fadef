//! A machine on which nothing was ever set up: every command says what is missing and what to do, or that
//! there is nothing, and makes nothing by looking.

use crate::machine::Machine;

#[tokio::test]
async fn who_only_looks_is_told_that_there_is_nothing_and_makes_nothing() {
    let machine = Machine::new();
    let table: [(&[&str], i32, &str); 9] = [
        (&["sessions", "list"], 0, "no conversations yet"),
        (&["sessions", "search", "x"], 0, "no conversations yet"),
        (&["sessions", "show", "last"], 1, "no conversations yet"),
        (&["sessions", "delete", "last"], 1, "no conversations yet"),
        (&["store", "check"], 1, "no conversations yet"),
        (&["store", "prune"], 1, "no conversations yet"),
        (&["calls"], 0, "no calls on record yet"),
        (&["providers"], 0, "alipes login"),
        (&["status"], 1, "alipes login"),
    ];
    for (command, code, says) in table {
        let ran = machine.run(command).await;
        assert_eq!(ran.code, Some(code), "{command:?}: {ran:?}");
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains(says), "{command:?}: {said}");
        assert!(!machine.home("store").exists(), "{command:?}");
    }
}

#[tokio::test]
async fn the_only_provider_that_is_set_up_is_asked_and_else_who_is_set_up_is_named() {
    let machine = Machine::new();
    let server = machine.simulate(&[]).await;
    let provider = |name: &str, more: &str| {
        let url = &server.base_url;
        format!("[providers.{name}]\nbase_url = \"{url}\"\nprofile = \"openai-codex\"\n{more}")
    };
    let configured = |config: String| std::fs::write(machine.home("config.toml"), config).unwrap();
    configured(provider("work", "models = [\"m\"]\n"));
    machine.run(&["exec", "hi"]).await.answer();
    let list = machine.run(&["providers"]).await;
    assert!(
        list.err.contains("asked: work/m, and nobody"),
        "{}",
        list.err
    );
    configured(provider("work", ""));
    let told = machine.refused(2, &["exec", "hi"]).await;
    assert!(
        told.contains("work is asked with -m work/NAME, and `alipes models work`"),
        "{told}"
    );
    configured(provider("work", "models = [\"m\"]\n") + &provider("home", ""));
    let told = machine.refused(2, &["exec", "hi"]).await;
    assert!(
        told.contains("name one with -m PROVIDER/NAME of work, home"),
        "{told}"
    );
}

#[tokio::test]
async fn the_last_of_no_conversations_is_said_to_be_none() {
    let machine = Machine::new();
    machine.run(&["exec", "--simulate", "hi"]).await.answer();
    machine.run(&["sessions", "delete", "last"]).await.answer();
    for command in [
        &["sessions", "show", "last"][..],
        &["exec", "--resume", "last", "hi"],
    ] {
        let refused = machine.refused(2, command).await;
        assert_eq!(
            refused, "error: there are no conversations yet\n",
            "{command:?}"
        );
    }
}
