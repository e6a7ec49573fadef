//! The slash commands, typed by a person.

use super::tmux::Tmux;
use super::{count, opened, simulated, troubled};
use crate::machine::{Machine, Serving};

/// A chat whose provider has two models, one of them with a small window.
async fn configured(machine: &Machine) -> (Tmux, Serving) {
    let server = machine.simulate(&[]).await;
    let config = format!(
        "[providers.s]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n\n\
         [model]\ndefault = \"s/small\"\ncontext_window = 9000\n",
        server.base_url
    );
    std::fs::write(machine.home("config.toml"), config).unwrap();
    (opened(machine, &["chat"], 80, 24).await, server)
}

/// Says something of about 1,000 tokens, and waits for the answer.
async fn says_much(chat: &Tmux, word: &str) {
    chat.pastes(&format!("{word} {}", "baa ".repeat(1_000)));
    chat.press("Enter");
    chat.until_done(&format!("You said “{word}")).await;
}

#[tokio::test]
async fn compact_sums_up_once_and_undo_brings_back_what_it_stood_for() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("/compact");
    chat.until("nothing to sum up").await;
    for word in ["one", "two", "three"] {
        says_much(&chat, word).await;
    }
    chat.says("/compact");
    chat.until_done("/undo brings it back").await;
    assert_eq!(count(&chat.everything(), "what is old was"), 1);
    chat.says("/undo");
    chat.until("reads again what was summed up").await;
    chat.says("/undo");
    chat.until("the last turn is taken back").await;
    // The prompt is there to be said differently.
    chat.press("Up");
    chat.until("› [pasted 4.0 kB, 1 line]").await;
    chat.press("C-u");
    for taken_back in 2..=3 {
        chat.says("/undo");
        let is_so = |_: &str| count(&chat.everything(), "the last turn is taken") == taken_back;
        chat.until_it("takes another turn back", is_so).await;
    }
    chat.says("/undo");
    chat.until("there is nothing to take back").await;
}

#[tokio::test]
async fn retry_asks_again_what_was_answered_and_goes_on_with_what_has_failed() {
    let machine = Machine::new();
    let (chat, _server) = troubled(&machine, &["challenge@2"], 80, 24).await;
    chat.says("/retry");
    chat.until("nothing was asked yet").await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    chat.says("/route sse");
    chat.until("way: sse alone").await;
    chat.says("/retry");
    chat.until("✗ ").await;
    assert_eq!(count(&chat.everything(), "› hello"), 2);
    chat.says("/retry");
    let answered = |screen: &str| count(screen, "You said “hello”") == 2;
    chat.until_it("answered again", answered).await;
    // What goes on is not said again.
    assert_eq!(count(&chat.everything(), "› hello"), 2);
}

#[tokio::test]
async fn export_writes_the_conversation_where_it_is_told() {
    let machine = Machine::new();
    machine.file("notes.md", "remember this\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("/export first.md");
    chat.until("nothing to export yet").await;
    chat.says("read notes.md");
    chat.until_done("said:").await;
    chat.says("/export out.md");
    chat.until("written to ").await;
    let written = std::fs::read_to_string(machine.path("out.md")).unwrap();
    for part in ["read notes.md", "remember this"] {
        assert!(written.contains(part), "{written}");
    }
    chat.says("/export out.jsonl");
    chat.until("out.jsonl\n").await;
    chat.until_it("has written twice", |screen| {
        count(screen, "written to ") == 2
    })
    .await;
    let lines = std::fs::read_to_string(machine.path("out.jsonl")).unwrap();
    assert!(lines.starts_with("{"), "{lines}");
    chat.says("/export x.json");
    chat.until("and no .json").await;
    chat.says("/export x.md y");
    chat.until("takes one name").await;
    std::fs::create_dir(machine.path("deep")).unwrap();
    chat.says("/export deep/../plain.md");
    // Said without detours.
    let plain = machine.path("").canonicalize().unwrap().join("plain.md");
    chat.until(&format!("written to {}", plain.display())).await;
    chat.says("/export no/such/folder.md");
    chat.until("✗ ").await;
    // What is there is somebody's.
    chat.says("/export notes.md");
    chat.until("notes.md cannot be written").await;
    let kept = std::fs::read_to_string(machine.path("notes.md")).unwrap();
    assert_eq!(kept, "remember this\n");
}

#[tokio::test]
async fn model_and_route_change_who_is_asked_and_which_way() {
    let machine = Machine::new();
    let (chat, _server) = configured(&machine).await;
    chat.says("/model");
    chat.until("asking s/small").await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    chat.says("/status");
    chat.until("% of 9,000").await;
    chat.says("/model nobody/x");
    chat.until("✗ ").await;
    chat.says("/model s/large");
    chat.until("asking s/large").await;
    chat.says("/route nonsense");
    chat.until("there is no way \"nonsense\"").await;
    chat.says("/route sse");
    chat.until("way: sse alone").await;
    chat.says("more");
    chat.until_done("You said “more”").await;
    chat.says("/status");
    // Another model has another window.
    chat.until("% of 128,000").await;
    let screen = chat.screen();
    let is_so = |name: &str, fact: &str| {
        let mut lines = screen.lines();
        lines.any(|line| line.trim().starts_with(name) && line.ends_with(fact))
    };
    assert!(is_so("model", "s/large"), "{screen}");
    assert!(is_so("route", "sse"), "{screen}");
}

#[tokio::test]
async fn new_begins_another_conversation_and_resume_finds_the_one_before() {
    let machine = Machine::new();
    machine.file("notes.md", "remember this\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("/resume");
    chat.until("no conversations yet").await;
    chat.says("read notes.md");
    chat.until_done("said:").await;
    chat.says("/new");
    chat.until("a new conversation").await;
    chat.says("/undo");
    chat.until("there is nothing to take back").await;
    chat.says("/resume");
    chat.until("/resume ID goes on").await;
    let screen = chat.screen();
    let mut lines = screen.lines().rev();
    let listed = lines
        .find(|line| line.ends_with("  read notes.md"))
        .unwrap();
    let id = listed.split_whitespace().next().unwrap();
    chat.says("/resume nobody");
    chat.until("✗ ").await;
    chat.says(&format!("/resume {id}"));
    chat.until("resuming ").await;
    let everything = chat.everything();
    assert_eq!(count(&everything, "› read notes.md"), 2, "{everything}");
    for own in [id, "last"] {
        chat.says(&format!("/resume {own}"));
        chat.until("this is that conversation").await;
        chat.press("C-l");
    }
    chat.says("/undo");
    chat.until("the last turn is taken back").await;
    chat.press("Up");
    chat.until("› read notes.md\n").await;
}

#[tokio::test]
async fn the_last_that_is_free_is_gone_on_with_and_a_newer_one_that_is_open_is_named() {
    let machine = Machine::new();
    machine.run(&["exec", "--simulate", "first"]).await.answer();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("second");
    chat.until_done("You said “second").await;
    let other = simulated(&machine, 80, 24).await;
    other.says("third");
    other.until_done("You said “third").await;
    chat.says("/resume last");
    chat.until("“first”").await;
    let told = chat.everything();
    assert_eq!(
        count(&told, "“third” is open in another alipes"),
        1,
        "{told}"
    );
    assert_eq!(count(&told, "is open in another"), 1, "{told}");
}

#[tokio::test]
async fn where_nothing_is_to_be_kept_a_conversation_that_is_taken_up_is_the_only_one_that_is() {
    let machine = Machine::new();
    machine.run(&["exec", "--simulate", "hi"]).await.answer();
    let chat = opened(&machine, &["chat", "--simulate", "--ephemeral"], 80, 24).await;
    chat.says("/resume last");
    chat.until("! this one is kept, and so is what is said in it")
        .await;
    chat.says("/new");
    chat.until("a new conversation").await;
    chat.says("a secret");
    chat.until_done("You said “a secret”").await;
    chat.says("/quit");
    chat.end().await;
    let list = machine.run(&["sessions", "list"]).await;
    assert!(list.answer().ends_with("  hi\n"), "{}", list.out);
    assert_eq!(list.out.lines().count(), 1);
}

#[tokio::test]
async fn a_chat_says_who_it_was_held_with_and_leaves_with_the_model_that_was_named() {
    let machine = Machine::new();
    let (chat, _server) = configured(&machine).await;
    chat.says("/model s/large");
    chat.until("asking s/large").await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    chat.says("/quit");
    chat.end().await;
    let everything = chat.everything();
    let (_, way) = everything.split_once("to go on: alipes chat ").unwrap();
    let way = way.lines().next().unwrap();
    assert!(way.ends_with(" -m s/large"), "{way}");
    let chat = opened(&machine, &["chat", "--resume", "last"], 120, 24).await;
    chat.until("! it was last held with s/large, and now s/small answers; -m s/large")
        .await;
    chat.says("/quit");
    chat.end().await;
    assert!(!chat.everything().contains(" -m s/small"));
    let again: Vec<&str> = ["chat"].into_iter().chain(way.split(' ')).collect();
    let chat = opened(&machine, &again, 120, 24).await;
    chat.until("resuming ").await;
    assert!(!chat.everything().contains("held with"));
}

#[tokio::test]
async fn what_ends_in_the_background_with_its_conversation_is_said() {
    let machine = Machine::new();
    let arguments = ["chat", "--simulate", "--allow", "shell"];
    let chat = opened(&machine, &arguments, 80, 100).await;
    for seconds in [1000, 1001] {
        chat.says(&format!("run in the background exec sleep {seconds}"));
        let told = |screen: &str| count(screen, "said:") == seconds - 999;
        chat.until_it("has started it", told).await;
    }
    chat.says("/status");
    for seconds in [1000, 1001] {
        let row = |line: &str| {
            line.trim_start().starts_with("background ")
                && line.ends_with(&format!("run \"exec sleep {seconds}\""))
        };
        chat.until_it("lists it", |screen| screen.lines().any(row))
            .await;
    }
    chat.says("/new");
    chat.until("a new conversation").await;
    chat.until("! 2 background processes were ended:").await;
    chat.until("! run \"exec sleep 1001\"").await;
    chat.says("run in the background exec sleep 1002");
    let told = |screen: &str| count(screen, "said:") == 3;
    chat.until_it("has started it", told).await;
    chat.says("/quit");
    chat.end().await;
    let everything = chat.everything();
    let left = "1 background process was ended: run \"exec sleep 1002\"";
    assert_eq!(count(&everything, left), 1, "{everything}");
}

#[tokio::test]
async fn diff_shows_what_was_edited_and_nothing_else() {
    let machine = Machine::new();
    machine.file("notes.md", "the cat sat\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("/diff");
    chat.until("nothing was edited").await;
    chat.says("change cat to dog in notes.md");
    chat.until("s this session").await;
    chat.says("s");
    chat.until_done("said:").await;
    chat.press("C-l");
    chat.says("/diff");
    chat.until("-the cat sat").await;
    chat.until("+the dog sat").await;
    chat.says("/approvals");
    chat.until("allowed for this session").await;
    // Another conversation has edited nothing, and is allowed nothing.
    chat.press("C-l");
    chat.says("/new");
    chat.until("a new conversation").await;
    chat.says("/diff");
    chat.until("nothing was edited").await;
    chat.says("/approvals");
    chat.until("no rules:").await;
    chat.press("C-o");
    chat.until("nothing to unfold").await;
}

#[tokio::test]
async fn what_is_known_is_told() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("/calls");
    chat.until("no calls on record yet").await;
    chat.says("/tools");
    chat.until("reads: Read a UTF-8 text file").await;
    chat.press("C-l");
    chat.says("/approvals");
    chat.until("no rules:").await;
    chat.says("/status");
    for fact in [
        "model",
        "route",
        "context",
        "tokens",
        "commands",
        "conversation",
    ] {
        chat.until(&format!("\n  {fact} ")).await;
    }
    chat.press("C-l");
    chat.says("/help");
    chat.until("Ctrl-C twice").await;
}

#[tokio::test]
async fn a_turn_that_failed_at_once_is_kept_and_its_chat_tells_the_way_back() {
    let machine = Machine::new();
    let (chat, _server) = troubled(&machine, &["challenge"], 80, 24).await;
    chat.says("hello");
    chat.until("/retry asks again").await;
    chat.says("/status");
    chat.until("conversation").await;
    assert!(!chat.screen().contains("not kept"), "{}", chat.screen());
    chat.says("/quit");
    chat.end().await;
    chat.until("to go on: alipes chat --resume ").await;
}

#[tokio::test]
async fn an_emptied_screen_loses_nothing_and_leaves_nothing_behind() {
    for saves in [true, false] {
        let machine = Machine::new();
        let chat = simulated(&machine, 80, 24).await;
        if !saves {
            chat.keeps_nothing_that_is_erased();
        }
        chat.says("hello");
        chat.until_done("You said “hello”").await;
        chat.types("half typed");
        for _ in 0..2 {
            chat.press("C-l");
            chat.until_it("is empty", |screen| {
                screen.starts_with("\n› half") || screen.starts_with("› half")
            })
            .await;
        }
        chat.until("simulated/planner").await;
        chat.says(" and sent");
        chat.until_done("You said “half typed and sent”").await;
        // The same in a terminal that never saves anything but what scrolls out of it.
        for everything in [chat.everything(), chat.elsewhere(80, 24)] {
            for once in [
                "› hello",
                "You said “hello”",
                "half typed and sent\n",
                "simulated/planner",
            ] {
                assert_eq!(count(&everything, once), 1, "{once:?}:\n{everything}");
            }
        }
    }
}

#[tokio::test]
async fn what_follows_a_command_is_completed() {
    let machine = Machine::new();
    let (chat, _server) = configured(&machine).await;
    chat.says("about eggs");
    chat.until_done("You said “about eggs”").await;
    chat.says("/calls");
    chat.until("marked: of this conversation").await;
    assert_eq!(count(&chat.screen(), "\n  • "), 1, "{}", chat.screen());
    chat.says("/new");
    chat.until("a new conversation").await;
    chat.says("/calls");
    let told = |screen: &str| count(screen, "of this conversation") == 2;
    chat.until_it("lists calls", told).await;
    assert_eq!(count(&chat.screen(), "\n  • "), 1, "{}", chat.screen());
    chat.types("/resume eggs");
    chat.until("  now  about eggs").await;
    chat.press("Tab");
    chat.press("Enter");
    chat.until("resuming ").await;
    chat.types("/route s");
    chat.until("sse alone").await;
    chat.press("Tab");
    chat.until("› /route sse").await;
    chat.press("Enter");
    chat.until("way: sse alone").await;
    chat.types("/model s");
    chat.until("  s/small").await;
    // What was typed is meant: nothing was chosen.
    chat.press("Enter");
    chat.until("s has no default model").await;
    chat.types("/export ");
    chat.until("a line of JSON each").await;
    chat.press("Down");
    chat.press("Down");
    chat.press("Enter");
    chat.until("written to ").await;
    let names = machine.names();
    assert!(
        names.iter().any(|name| name.ends_with(".jsonl")),
        "{names:?}"
    );
}

#[tokio::test]
async fn a_table_can_be_read_on_a_narrow_screen() {
    let machine = Machine::new();
    machine.file(
        "table.md",
        "| file | what it is for |\n|---|---|\n| crates/cli/src/chat/mod.rs | everything |\n| 日本.rs | no |\n",
    );
    for (columns, rows, shown) in [
        (80, 24, "日本.rs                    │ no"),
        (40, 20, "\ncrates/cli/src/chat/mod.rs │ everything\n"),
        (30, 20, "\nwhat it is for: everything\n"),
    ] {
        let chat = simulated(&machine, columns, rows).await;
        chat.says("read table.md");
        chat.until(shown).await;
    }
}

#[tokio::test]
async fn a_call_is_told_in_one_line_of_a_narrow_screen() {
    let machine = Machine::new();
    let (chat, _server) = troubled(&machine, &[], 40, 20).await;
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    chat.says("/calls");
    chat.until_it("tells it in a line", |screen| {
        let mut lines = screen.lines();
        lines.any(|line| line.trim().starts_with("• ") && line.contains("  answered, "))
    })
    .await;
}
