//! The screens in `docs/chat.md` are what the chat shows: made anew with `INSTA_UPDATE=always`.

use std::path::PathBuf;

use super::{simulated, troubled};
use crate::machine::Machine;

fn page() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/chat.md")
}

/// Compares a screen with the block that follows its name in the page, or replaces that.
fn compare(name: &str, screen: &str) {
    let text = std::fs::read_to_string(page()).unwrap();
    let head = format!("<!-- screen: {name} -->\n```text\n");
    let (before, rest) = text
        .split_once(&head)
        .unwrap_or_else(|| panic!("no screen {name}"));
    let (shown, after) = rest.split_once("\n```\n").unwrap();
    if is_updating() {
        std::fs::write(page(), format!("{before}{head}{screen}\n```\n{after}")).unwrap();
        return;
    }
    assert_eq!(
        shown, screen,
        "docs/chat.md is stale: INSTA_UPDATE=always makes it anew"
    );
}

#[expect(clippy::disallowed_methods, reason = "asked as insta asks")]
fn is_updating() -> bool {
    std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always")
}

/// The screen without what differs from run to run.
fn masked(screen: &str, machine: &Machine) -> String {
    let folder = machine.path("");
    let folder = folder.to_str().unwrap().trim_end_matches('/');
    let lines = screen.lines().map(|line| {
        // A rule has its path in full.
        let line = line.replace(&format!("path {folder}"), "path /FOLDER/notes");
        let line = line.replace(folder, "~/notes");
        // A count of tokens hangs on the machine's own setting.
        match line.split_once(" · ") {
            Some((model, _)) if ["simulated/planner", "x/y"].contains(&model) => model.to_owned(),
            // It is drawn every second.
            Some((waiting, then)) => match waiting.split_once(" s (at most ") {
                Some((_, rest)) if waiting.starts_with("… waiting since ") => {
                    format!("… waiting since 3 s (at most {rest} · {then}")
                }
                _ => line.trim_end().to_owned(),
            },
            None => line.trim_end().to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn the_pages_screens_are_what_is_shown() {
    let machine = Machine::new();
    machine.file(
        "todo.md",
        "# Today\n\n- water the *plants*\n- call `home`\n",
    );
    let chat = simulated(&machine, 80, 24).await;
    chat.says("read todo.md");
    chat.until_done("said:").await;
    compare("answer", &masked(&chat.screen(), &machine));

    let chat = simulated(&machine, 40, 20).await;
    chat.says("write milk to shopping.txt");
    chat.until("a always").await;
    compare("question", &masked(&chat.screen(), &machine));

    let chat = simulated(&machine, 40, 20).await;
    chat.types("/re");
    chat.until("/resume  [ID]").await;
    compare("commands", &masked(&chat.screen(), &machine));

    let faults = [
        "websocket-stall-before-first-event",
        "sse-stall-before-headers",
    ];
    let (chat, _server) = troubled(&machine, &faults, 80, 24).await;
    chat.says("what is there to do today?");
    chat.until("waiting since").await;
    chat.says("in one sentence, please");
    chat.until("soon: in one sentence").await;
    chat.until("waiting since 3 s").await;
    compare("silence", &masked(&chat.screen(), &machine));
}
