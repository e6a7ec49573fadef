//! An undisturbed conversation.

use super::tmux::Tmux;
use super::{READY, count, opened, simulated};
use crate::exfiltration::{nobody_came, with_an_image};
use crate::machine::Machine;

#[tokio::test]
async fn what_is_asked_is_answered_and_stays_when_the_chat_has_gone() {
    let machine = Machine::new();
    machine.file("notes.md", "# Notes\n\n- one\n- two 日本語\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("read notes.md");
    chat.until("✓ read notes.md").await;
    chat.until_done("• two 日本語").await;
    chat.says("/quit");
    assert_eq!(chat.end().await, 0);
    let everything = chat.everything();
    for once in [
        "› read notes.md",
        "✓ read notes.md",
        "• two 日本語",
        "to go on: alipes chat --resume ",
        " --simulate",
    ] {
        assert_eq!(count(&everything, once), 1, "{once:?}:\n{everything}");
    }
    // The chat's own rows have gone.
    assert_eq!(count(&everything, "simulated/planner"), 0, "{everything}");
}

#[tokio::test]
async fn an_image_in_an_answer_is_shown_as_text_and_not_fetched() {
    let (machine, listener, url) = with_an_image();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("read notes.md");
    chat.until_done("image: alt").await;
    chat.says("/quit");
    assert_eq!(chat.end().await, 0);
    assert!(chat.everything().contains(&url), "{}", chat.everything());
    nobody_came(&listener);
}

#[tokio::test]
async fn a_conversation_is_taken_up_with_what_was_said() {
    let machine = Machine::new();
    machine.file("notes.md", "remember this\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.says("read notes.md");
    chat.until_done("remember this").await;
    chat.press("C-d");
    assert_eq!(chat.end().await, 0);
    let arguments = ["chat", "--simulate", "--resume", "last"];
    let chat = opened(&machine, &arguments, 80, 24).await;
    chat.until("resuming ").await;
    chat.until("remember this").await;
    chat.press("Up");
    chat.until("› read notes.md\nsimulated").await;
}

#[tokio::test]
async fn a_command_runs_only_after_a_yes() {
    for (key, ran) in [("y", true), ("n", false)] {
        let machine = Machine::new();
        let chat = simulated(&machine, 40, 20).await;
        chat.says("run the command echo ran > ran.txt");
        chat.until("y once").await;
        assert!(!machine.path("ran.txt").exists());
        chat.says(key);
        let end = if ran { "✓ run" } else { "– run" };
        chat.until(end).await;
        chat.until_done("said:").await;
        assert_eq!(machine.path("ran.txt").exists(), ran, "{key}");
    }
}

#[tokio::test]
async fn always_writes_the_rule_down_and_does_not_ask_again() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("write hello to a.txt");
    chat.until("a always").await;
    chat.says("a");
    chat.until("written to ").await;
    chat.until_done("created a.txt").await;
    let rules = std::fs::read_to_string(machine.home("config.toml")).unwrap();
    assert!(rules.contains("write_file path"), "{rules}");
    chat.says("/approvals");
    // As the rule that it has become.
    chat.until("\"allow\"").await;
}

#[tokio::test]
async fn typing_while_it_works_steers_the_turn_or_lines_up_behind_it() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("run the command sleep 0.1; echo first");
    chat.until("y once").await;
    // What is more than an answer is text.
    chat.types("(then) list the files");
    chat.press("Tab");
    chat.until("next: (then) list the files").await;
    chat.says("(no) say hello");
    chat.until("soon: (no) say hello").await;
    chat.until("y once").await;
    chat.says("y");
    chat.until_done("You said “(then) list the files”").await;
    let everything = chat.everything();
    let places = [
        "✓ run",
        "› (no) say hello",
        "You said “(no) say hello”",
        "› (then) list the files",
    ];
    for once in places {
        assert_eq!(count(&everything, once), 1, "{once:?}:\n{everything}");
    }
    let places = places.map(|text| everything.find(text));
    assert!(places.is_sorted(), "{everything}");
    // What was asked first was steered, so nothing is said of it.
    assert!(!everything.contains("`shell`"), "{everything}");
}

#[tokio::test]
async fn a_paste_of_a_megabyte_survives() {
    let machine = Machine::new();
    let chat = simulated(&machine, 40, 20).await;
    chat.pastes(&"0123456789abcdef\n".repeat(1 << 16));
    chat.until("[pasted 1.1 MB, 65536 lines]").await;
    chat.types(" what is it?");
    chat.press("Enter");
    chat.until("… 65537 lines").await;
    chat.until_it("answered", |screen| screen.contains("(simulated)"))
        .await;
}

#[tokio::test]
async fn files_are_completed_and_commands_too() {
    let machine = Machine::new();
    machine.file("a-rather-long-name.md", "x\n");
    let chat = simulated(&machine, 40, 20).await;
    chat.types("read @arath");
    chat.until("  a-rather-long-name.md").await;
    chat.press("Tab");
    chat.until("› read @a-rather-long-name.md").await;
    chat.press("C-u");
    chat.says("/stat");
    chat.until("conversation").await;
}

#[tokio::test]
async fn a_file_that_is_offered_is_put_in_where_somebody_chose_it_and_else_what_was_typed_is_sent()
{
    let machine = Machine::new();
    machine.file("arath-one.md", "x\n");
    machine.file("arath-two.md", "x\n");
    let chat = simulated(&machine, 80, 24).await;
    chat.types("ask @arath");
    chat.until("  arath-one.md").await;
    chat.press("Enter");
    chat.until_done("You said “ask @arath”").await;
    chat.types("ask @arath");
    chat.until("  arath-two.md").await;
    chat.press("Down");
    chat.press("Down");
    chat.press("Enter");
    chat.until("› ask @arath-two.md").await;
    chat.press("Enter");
    chat.until_done("You said “ask @arath-two.md").await;
}

#[tokio::test]
async fn who_has_configured_nothing_is_told_what_to_do_first() {
    let machine = Machine::new();
    let chat = Tmux::run(&machine.command(&[]), 80, 24);
    assert_eq!(chat.end().await, 2);
    let told = chat.everything();
    for step in [
        "`alipes login`",
        "`alipes demo`",
        "`alipes chat --simulate`",
    ] {
        assert!(told.contains(step), "{told}");
    }
}

#[tokio::test]
async fn what_a_rule_hides_is_neither_completed_nor_read_as_the_projects_notes() {
    let machine = Machine::new();
    machine.file("alpha-secret.md", "x\n");
    machine.file("alpha-open.md", "x\n");
    machine.file("AGENTS.md", "notes that nobody shall read\n");
    let rules = "[approvals]\n\"path alpha-secret.md\" = \"deny\"\n\"path AGENTS.md\" = \"deny\"\n";
    std::fs::write(machine.home("config.toml"), rules).unwrap();
    let chat = simulated(&machine, 40, 20).await;
    chat.types("read @alpha");
    chat.until("  alpha-open.md").await;
    assert!(!chat.screen().contains("secret"), "{}", chat.screen());
    chat.press("C-u");
    chat.says("hello");
    chat.until_done("You said “hello”").await;
    assert!(!chat.everything().contains("project notes"));
    chat.says("/quit");
    assert_eq!(chat.end().await, 0);
    let export = ["sessions", "export", "last", "--format", "jsonl"];
    let journal = machine.run(&export).await;
    assert!(!journal.answer().contains("nobody shall read"));
}

#[tokio::test]
async fn no_color_means_none_and_at_forty_columns_nothing_is_cut_in_half() {
    let machine = Machine::new().with("NO_COLOR", "1");
    machine.file(
        "wide.md",
        "日本語のとても長い行は端で折り返されますが半分にはなりません\n",
    );
    let chat = simulated(&machine, 40, 20).await;
    chat.says("read wide.md");
    chat.until_done("said:").await;
    let written = chat.written();
    for colour in [";31m", ";32m", ";33m", ";34m", ";35m", ";36m"] {
        assert!(!written.contains(colour), "{colour:?}");
    }
    let everything = chat.everything().replace('\n', "");
    assert!(
        everything.contains("日本語のとても長い行は端で折り返されますが半分にはなりません"),
        "{everything}"
    );
}

#[tokio::test]
async fn what_a_tool_reads_cannot_steer_the_terminal() {
    let machine = Machine::new();
    machine.file(
        "evil.md",
        "a\x1b]52;c;ZXZpbA==\x07b\u{9b}2J\u{202e}c\x1b[8m hidden\n",
    );
    let chat = simulated(&machine, 80, 24).await;
    chat.says("read evil.md");
    chat.until_done("said:").await;
    chat.press("C-o");
    chat.until("hidden").await;
    let written = chat.written();
    for steering in ["\x1b]", "\x07", "\u{9b}", "\u{202e}", "\x1b[8m"] {
        assert!(!written.contains(steering), "{steering:?}");
    }
}

#[tokio::test]
async fn the_terminal_is_given_back_as_it_was() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.press("C-c");
    chat.until("Ctrl-C again leaves").await;
    chat.press("C-c");
    assert_eq!(chat.end().await, 0);
    let written = chat.written();
    let last = |on: &str, off: &str| written.rfind(off) > written.rfind(on);
    assert!(
        last("\x1b[?2004h", "\x1b[?2004l"),
        "bracketed paste is left on"
    );
    assert!(last("\x1b[?25l", "\x1b[?25h"), "the cursor is left hidden");
    assert!(!chat.screen().contains(READY), "{}", chat.screen());
}

#[tokio::test]
async fn the_calls_of_a_chat_are_on_record() {
    let machine = Machine::new();
    let chat = simulated(&machine, 80, 24).await;
    chat.says("hello");
    chat.until_done("said").await;
    chat.says("/calls");
    chat.until("answered  simulated/planner, chat").await;
    chat.says("/quit");
    assert_eq!(chat.end().await, 0);
    let listed = machine.run(&["calls"]).await.out;
    assert_eq!(count(&listed, "answered  simulated/planner, chat"), 1);
}

#[tokio::test]
async fn a_key_that_nobody_has_set_is_told_before_anything_is_asked() {
    let config = "[providers.sim]\nbase_url = \"http://127.0.0.1:1/v1\"\n\
                  api_key = { env = \"SIMKEY\" }\n[model]\ndefault = \"sim/m\"\n";
    let machine = Machine::configured(config);
    let chat = opened(&machine, &["chat"], 80, 24).await;
    chat.until("! sim/m cannot be asked: the variable SIMKEY is not set; set SIMKEY")
        .await;
    let machine = Machine::configured(config).with("SIMKEY", "sk-1");
    let chat = opened(&machine, &["chat"], 80, 24).await;
    assert!(!chat.screen().contains("SIMKEY"), "{}", chat.screen());
}
