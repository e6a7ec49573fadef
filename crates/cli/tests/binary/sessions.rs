//! Past conversations as a person and a program find them.

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use crate::machine::{LIMIT, Machine};

/// A machine with two conversations.
async fn machine() -> Machine {
    let machine = Machine::new();
    machine.file("notes.txt", "the cat sat\n");
    for prompt in ["read notes.txt", "list the files"] {
        machine.run(&["exec", "--simulate", prompt]).await.answer();
    }
    machine
}

#[tokio::test]
async fn the_last_used_is_listed_first() {
    let machine = machine().await;
    let list = machine.run(&["sessions", "list"]).await;
    let lines: Vec<&str> = list.answer().lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].ends_with("now    1 turn  list the files"),
        "{}",
        lines[0]
    );
    assert!(
        lines[1].ends_with("now    1 turn  read notes.txt"),
        "{}",
        lines[1]
    );
    let one = machine.run(&["sessions", "list", "-n", "1"]).await;
    assert_eq!(one.answer().lines().count(), 1);
    assert!(one.err.contains("--all"), "{}", one.err);
}

#[tokio::test]
async fn words_of_a_tools_output_are_found() {
    let machine = machine().await;
    let found = machine.run(&["sessions", "search", "cat", "sat"]).await;
    assert!(found.answer().contains("read notes.txt"), "{}", found.out);
    assert!(found.out.contains("the cat sat"), "{}", found.out);
    assert_eq!(found.out.lines().count(), 2);
    let none = machine.run(&["sessions", "search", "unheard"]).await;
    assert_eq!(
        (none.answer(), none.err.as_str()),
        ("", "nothing was found\n")
    );
}

#[tokio::test]
async fn before_the_first_conversation_there_is_nothing_to_see_and_nothing_is_made() {
    let machine = Machine::new();
    for command in ["list", "search"] {
        let words: &[&str] = if command == "search" { &["x"] } else { &[] };
        let ran = machine.run(&[&["sessions", command], words].concat()).await;
        assert_eq!(ran.answer(), "");
        assert_eq!(ran.err, "there are no conversations yet\n");
    }
    machine.refused(1, &["sessions", "show", "last"]).await;
    machine.refused(1, &["store", "check"]).await;
    assert!(!machine.home("store").exists());
}

#[tokio::test]
async fn a_conversation_is_renamed_and_deleted_for_good() {
    let machine = machine().await;
    let rename = ["sessions", "rename", "last", "my \u{1b}[31mfiles"];
    machine.run(&rename).await.answer();
    let list = machine.run(&["sessions", "list"]).await;
    assert!(list.answer().contains("my [31mfiles"), "{}", list.out);
    machine.run(&["sessions", "delete", "last", "last"]).await;
    let list = machine.run(&["sessions", "list"]).await;
    assert_eq!(list.answer().lines().count(), 1, "{}", list.out);
    assert!(list.out.contains("read notes.txt"));
}

#[tokio::test]
async fn a_conversation_that_is_named_twice_is_deleted_once_and_told_once() {
    let machine = machine().await;
    let before = machine.run(&["sessions", "list", "--all"]).await;
    let deleted = machine.run(&["sessions", "delete", "last", "last"]).await;
    assert_eq!((deleted.code, &*deleted.out), (Some(0), ""), "{deleted:?}");
    assert_eq!(deleted.err.matches("deleted ").count(), 1, "{deleted:?}");
    let after = machine.run(&["sessions", "list", "--all"]).await;
    let count = |ran: &crate::machine::Ran| ran.answer().lines().count();
    assert_eq!(count(&after), count(&before) - 1);
}

#[tokio::test]
async fn a_conversation_is_exported_for_people() {
    let machine = machine().await;
    let id = &machine.run(&["sessions", "list"]).await.out;
    let id = id.lines().nth(1).unwrap().split(' ').next().unwrap();
    let ran = machine.run(&["sessions", "export", id]).await;
    let (head, rest) = ran.answer().split_once("\n\n## You").unwrap();
    assert!(
        head.contains(", begun ") && head.contains("with simulated/planner"),
        "{head}"
    );
    insta::assert_snapshot!(rest.trim(), @r#"
    read notes.txt

    ## alipes

    (simulated) I call read_file.

    **read_file** `{"path":"notes.txt"}`

    ```text
    notes.txt: all of 1 line
    the cat sat
    ```

    ## alipes

    (simulated) `read_file` {"path":"notes.txt"} said:

    notes.txt: all of 1 line
    the cat sat
    "#);
}

#[tokio::test]
async fn a_conversation_is_exported_for_programs_entry_by_entry() {
    let machine = machine().await;
    let file = machine.path("out.jsonl");
    let out = file.to_str().unwrap();
    let arguments = ["sessions", "export", "last", "--format", "jsonl", "-o", out];
    assert_eq!(machine.run(&arguments).await.answer(), "");
    let text = std::fs::read_to_string(&file).unwrap();
    let kinds: Vec<String> = text
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .map(|line| line["kind"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        kinds,
        [
            "conversation",
            "setting",
            "user",
            "attempt",
            "count",
            "model",
            "model",
            "decision",
            "intent",
            "result",
            "attempt",
            "count",
            "model",
            "ended"
        ]
    );
    let again = machine.refused(1, &arguments).await;
    assert!(again.contains("name another file"), "{again}");
    let nowhere = ["sessions", "export", "-o", "no/such/folder/x.md"];
    let nowhere = machine.refused(1, &nowhere).await;
    assert!(nowhere.contains("there is no such folder"), "{nowhere}");
}

#[tokio::test]
async fn without_a_command_they_are_listed_and_programs_get_a_line_of_json_for_each() {
    let machine = machine().await;
    let list = machine.run(&["sessions"]).await;
    assert_eq!(list.answer().lines().count(), 2, "{}", list.out);
    let parse = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let json = machine.run(&["sessions", "list", "--json"]).await;
    let lines: Vec<_> = json.answer().lines().map(parse).collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["title"], "list the files");
    assert_eq!(
        (&lines[0]["turns"], &lines[0]["standing"]),
        (&1.into(), &"ended".into())
    );
    let found = ["sessions", "search", "--json", "cat"];
    let found = machine.run(&found).await;
    let found: Vec<_> = found.answer().lines().map(parse).collect();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["id"], lines[1]["id"]);
}

#[tokio::test]
async fn whatever_is_searched_for_is_found_or_named() {
    let machine = Machine::new();
    for prompt in [
        "say \"naïve café\" (x*y)",
        "שלום עולם مرحبا",
        "thumbs 👍 up",
    ] {
        machine.run(&["exec", "--simulate", prompt]).await.answer();
    }
    let table = [
        (&["\"naive"][..], "café"),
        (&["'cafe\"", "AND*"], ""),
        (&["caf*", "-", "\""], "café"),
        (&["x*y", "NEAR("], ""),
        (&["שלום"], "מ"),
        (&["مرح*"], "שלום"),
        (&["👍", "thumbs"], "👍"),
        (&["title:x", "OR", "^a"], ""),
    ];
    for (words, expected) in table {
        let ran = machine
            .run(&[&["sessions", "search"], words].concat())
            .await;
        let found = ran.answer();
        assert_eq!(found.is_empty(), expected.is_empty(), "{words:?}: {found}");
        assert!(
            expected == "מ" || found.contains(expected),
            "{words:?}: {found}"
        );
    }
    for words in ["👍", "*", "\"", "", "()"] {
        let refused = machine.refused(2, &["sessions", "search", words]).await;
        assert!(refused.contains("letters or digits"), "{words}: {refused}");
    }
}

#[tokio::test]
async fn a_title_of_nothing_is_refused_and_what_is_open_is_not_deleted() {
    let machine = machine().await;
    for title in ["", "  \t "] {
        let refused = machine
            .refused(2, &["sessions", "rename", "last", title])
            .await;
        assert!(refused.contains("the title is empty"), "{refused}");
    }
    mkfifo(&machine.path("pipe"), Mode::S_IRWXU).unwrap();
    let turn = [
        "exec",
        "--simulate",
        "--allow",
        "shell",
        "run the command cat pipe",
    ];
    let mut working = machine.command(&turn).spawn().unwrap();
    let pipe = machine.path("pipe");
    // Opening it waits until the turn is at its command.
    let opened = tokio::task::spawn_blocking(move || std::fs::File::create(pipe).unwrap());
    let opened = tokio::time::timeout(LIMIT, opened).await.unwrap().unwrap();
    let refused = machine.refused(1, &["sessions", "delete", "last"]).await;
    assert!(refused.contains("open in another alipes"), "{refused}");
    let list = machine.run(&["sessions", "list", "--json"]).await;
    assert!(
        list.answer().contains(r#""standing":"at-work""#),
        "{}",
        list.out
    );
    drop(opened);
    assert!(working.wait().await.unwrap().success());
    machine.run(&["sessions", "delete", "last"]).await.answer();
}

#[tokio::test]
async fn what_pruning_would_delete_is_listed_without_deleting_it() {
    let machine = machine().await;
    let dry = ["store", "prune", "--keep", "1d", "--dry-run"];
    let dry = machine.run(&dry).await;
    assert_eq!(
        (dry.answer(), &*dry.err),
        ("", "nothing would be deleted\n")
    );
}

#[tokio::test]
async fn keys_are_not_shown_again() {
    let machine = Machine::configured(
        "[providers.w]\nbase_url = \"http://127.0.0.1:1/v1\"\napi_key = { env = \"KEY\" }\n",
    )
    .with("KEY", "canary-0123456789");
    let prompt = "my key is canary-0123456789";
    machine.run(&["exec", "--simulate", prompt]).await.answer();
    for command in [
        &["list"][..],
        &["show", "last"],
        &["search", "canary"],
        &["export", "last"],
        &["export", "last", "--format", "jsonl"],
    ] {
        let ran = machine.run(&[&["sessions"], command].concat()).await;
        assert!(!ran.answer().contains("canary-0123456789"), "{command:?}");
        assert!(ran.out.contains("[redacted]"), "{command:?}: {}", ran.out);
    }
}

#[tokio::test]
async fn the_store_is_checked_backed_up_pruned_and_repaired() {
    let machine = machine().await;
    let sound = machine.run(&["store", "check"]).await;
    assert!(
        sound
            .answer()
            .starts_with("the store is sound: 2 conversations")
    );
    machine.run(&["store", "backup", "copy.db"]).await.answer();
    assert!(machine.path("copy.db").metadata().unwrap().len() > 10_000);
    let pruned = machine.run(&["store", "prune", "--keep", "30d"]).await;
    assert_eq!(pruned.answer(), "deleted 0 conversations\n");
    let repaired = machine.run(&["store", "repair"]).await;
    assert!(repaired.answer().contains("is sound"), "{}", repaired.out);
}
