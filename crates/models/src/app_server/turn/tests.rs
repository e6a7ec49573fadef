//! What the notifications of a turn mean, by table.

use super::*;
use alipes_wire::ItemView;
use serde_json::json;

fn turn() -> Turn {
    Turn::new("t", Usage::default())
}

fn kinds(told: &[Told]) -> Vec<String> {
    let kind = |told: &Told| match told {
        Told::Event(event) => event.kind().trim_start_matches("response.").to_owned(),
        Told::Retrying { repeats, .. } => format!("retry {repeats}"),
        Told::Ended(outcome) => format!("ended {}", outcome.is_ok()),
    };
    told.iter().map(kind).collect()
}

fn say(turn: &mut Turn, method: &str, params: Value) -> Vec<String> {
    kinds(&turn.take(method, &params, SystemTime::UNIX_EPOCH))
}

fn said(turn: &mut Turn, text: &str) -> Vec<String> {
    let item = json!({"item": {"type": "agentMessage", "id": "m", "text": text, "phase": null}});
    say(turn, "item/completed", item)
}

#[test]
fn a_message_without_a_mark_is_a_preamble_if_work_follows() {
    let mut turn = turn();
    assert_eq!(said(&mut turn, "let me look"), ["output_text.delta"]);
    let command = json!({"item": {"type": "commandExecution", "id": "c"}});
    assert_eq!(
        say(&mut turn, "item/started", command),
        ["output_item.done"]
    );
    assert_eq!(said(&mut turn, "found"), ["output_text.delta"]);
    let end = json!({"turn": {"id": "u", "status": "completed", "error": null}});
    let ended = say(&mut turn, "turn/completed", end);
    assert_eq!(ended, ["output_item.done", "completed", "ended true"]);
    let preambles: Vec<bool> = turn
        .answer()
        .iter()
        .map(|item| item.view().is_preamble())
        .collect();
    assert_eq!(preambles, [true, false]);
    assert!(turn.has_worked());
}

#[test]
fn a_message_comes_in_pieces_or_in_one() {
    let mut turn = turn();
    let begins =
        json!({"item": {"type": "agentMessage", "id": "m", "text": "", "phase": "commentary"}});
    assert_eq!(
        say(&mut turn, "item/started", begins),
        ["output_item.added"]
    );
    say(&mut turn, "item/agentMessage/delta", json!({"delta": "a"}));
    let whole = json!({"item": {"type": "agentMessage", "id": "m", "text": "abc"}});
    // The rest that no delta brought, and the mark that only the beginning had.
    assert_eq!(
        say(&mut turn, "item/completed", whole),
        ["output_text.delta", "output_item.done"]
    );
    let answer = turn.answer();
    assert!(matches!(answer[0].view(), ItemView::Message { text, .. } if text == "abc"));
    assert!(answer[0].view().is_preamble() && !turn.has_worked());
}

#[test]
fn the_name_of_the_turn_is_told_once() {
    let mut turn = turn();
    assert_eq!(turn.id(), None);
    assert_eq!(kinds(&turn.named(&json!({"id": "u"}))), ["created"]);
    assert!(say(&mut turn, "turn/started", json!({"turn": {"id": "u"}})).is_empty());
    assert_eq!(turn.id(), Some("u"));
}

#[test]
fn only_text_that_was_begun_is_repeated() {
    let error = json!({"willRetry": true, "error": {"message": "Reconnecting... 1/5"}});
    let mut turn = turn();
    assert_eq!(say(&mut turn, "error", error.clone()), ["retry false"]);
    said(&mut turn, "whole");
    assert_eq!(say(&mut turn, "error", error.clone()), ["retry false"]);
    say(
        &mut turn,
        "item/agentMessage/delta",
        json!({"delta": "half"}),
    );
    assert_eq!(say(&mut turn, "error", error), ["retry true"]);
}

#[test]
fn a_turn_that_ends_otherwise_has_no_answer() {
    for (ended, cause) in [
        (json!({"status": "interrupted", "error": null}), None),
        (json!({"status": "brandNew"}), None),
        (
            json!({"status": "failed", "error": {"message": "m", "codexErrorInfo": "cyberPolicy"}}),
            Some(Cause::Policy),
        ),
    ] {
        let told = turn().take(
            "turn/completed",
            &json!({"turn": ended}),
            SystemTime::UNIX_EPOCH,
        );
        let [Told::Ended(Err(trouble))] = told.as_slice() else {
            panic!("{told:?}");
        };
        let named = match trouble {
            Trouble::Failed(error) => Some(error.cause),
            _ => None,
        };
        assert_eq!(named, cause, "{ended}");
    }
}

#[test]
fn a_limit_lasts_until_the_last_spent_window_begins_anew() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(100);
    let window = |used: u64, resets_at: u64| json!({"usedPercent": used, "resetsAt": resets_at});
    for (limits, wait) in [
        (
            json!({"primary": window(100, 160), "secondary": window(3, 999)}),
            Some(60),
        ),
        (
            json!({"primary": window(100, 160), "secondary": window(100, 400)}),
            Some(300),
        ),
        (
            json!({"primary": window(100, 10), "secondary": null}),
            Some(0),
        ),
        (json!({"primary": window(99, 160)}), None),
        (
            json!({"primary": {"usedPercent": 100, "resetsAt": null}}),
            None,
        ),
        (Value::Null, None),
    ] {
        assert_eq!(
            lifted_in(&limits, now),
            wait.map(Duration::from_secs),
            "{limits}"
        );
    }
}
