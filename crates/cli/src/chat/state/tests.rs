//! Keys and events in, actions and rows out, under paused time.

use std::time::Duration;

use alipes_agent::{Approval, Question, ToolOutcome, TurnEvent};
use alipes_base::Clock;
use alipes_models::Addressee;
use alipes_tools::{Detail, Effect};
use alipes_wire::Usage;
use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::oneshot;
use tokio::time::advance;

use super::*;
use crate::chat::question::{Asked, PAUSE};
use crate::chat::view;

const SIZE: (u16, u16) = (40, 12);

fn state() -> State {
    let mut state = State::new(Clock::system(), usize::from(SIZE.0));
    state.status.model = "simulated/planner".to_owned();
    state
}

fn press(state: &mut State, code: KeyCode, modifiers: KeyModifiers) -> Option<Action> {
    state.input(Event::Key(KeyEvent::new(code, modifiers)))
}

fn types(state: &mut State, text: &str) -> Option<Action> {
    let mut last = None;
    for c in text.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        last = press(state, code, KeyModifiers::NONE);
    }
    last
}

fn control(state: &mut State, c: char) -> Option<Action> {
    press(state, KeyCode::Char(c), KeyModifiers::CONTROL)
}

/// What is shown, without the empty row above the text.
fn shown(state: &State) -> String {
    let frame = view::frame(state, SIZE);
    let rows: Vec<String> = frame.rows.iter().map(ToString::to_string).collect();
    rows.join("\n").trim_start().to_owned()
}

/// What has gone into the scrollback.
fn said(state: &mut State) -> String {
    let blocks = state.take_said();
    let rows = blocks.iter().flat_map(|block| block.rows(40));
    let rows: Vec<String> = rows.map(|row| row.to_string()).collect();
    rows.join("\n").trim().to_owned()
}

fn delta(text: &str) -> TurnEvent {
    TurnEvent::TextDelta {
        delta: text.to_owned(),
        preamble: false,
    }
}

fn message(text: &str) -> TurnEvent {
    TurnEvent::Message {
        text: text.to_owned(),
        answer: true,
        preamble: false,
    }
}

fn started(call_id: &str) -> TurnEvent {
    TurnEvent::ToolStarted {
        call_id: call_id.to_owned(),
        name: "shell".to_owned(),
        summary: "run \"make\"".to_owned(),
        effect: Some(Effect::Executes),
    }
}

fn asks(state: &mut State, offer: Option<&str>) -> oneshot::Receiver<Approval> {
    let (answer, told) = oneshot::channel();
    let question = Question {
        tool: "shell".to_owned(),
        summary: "run \"make\"".to_owned(),
        detail: None,
        caution: None,
        effect: Effect::Executes,
        because: "no rule is about it".to_owned(),
        offer: offer.map(str::to_owned),
    };
    state.asks(Asked { question, answer });
    told
}

#[tokio::test(start_paused = true)]
async fn what_is_written_is_sent_and_an_empty_line_is_not() {
    let mut state = state();
    assert_eq!(types(&mut state, " \n"), None);
    assert_eq!(
        types(&mut state, "hi\n"),
        Some(Action::Send(" hi".to_owned()))
    );
    assert_eq!(shown(&state), "› \nsimulated/planner");
}

#[tokio::test(start_paused = true)]
async fn a_message_is_the_scrollbacks_only_when_its_response_has_ended() {
    let mut state = state();
    state.begin("working");
    state.event(delta("Hello "));
    state.event(delta("wor"));
    assert_eq!(said(&mut state), "");
    assert!(
        shown(&state).starts_with("Hello wor\n"),
        "{}",
        shown(&state)
    );
    state.event(message("Hello world"));
    assert_eq!(said(&mut state), "Hello world");
    assert!(!shown(&state).contains("Hello"), "{}", shown(&state));
}

#[tokio::test(start_paused = true)]
async fn a_restart_replaces_the_text_that_was_shown() {
    let mut state = state();
    state.begin("working");
    state.event(delta("Hello wor"));
    state.event(TurnEvent::Restarted { delivered: true });
    // Until there is a word of the next try.
    assert!(
        shown(&state).starts_with("Hello wor\n"),
        "{}",
        shown(&state)
    );
    state.event(delta("Hel"));
    assert!(shown(&state).starts_with("Hel\n"), "{}", shown(&state));
    state.event(delta("lo"));
    state.event(message("Hello world"));
    assert_eq!(said(&mut state), "Hello world");
}

#[tokio::test(start_paused = true)]
async fn what_was_shown_stays_where_nothing_replaces_it() {
    let restarted = || TurnEvent::Restarted { delivered: true };
    let mut state = state();
    state.begin_turn();
    state.event(delta("ten paragraphs"));
    state.event(restarted());
    state.event(delta("ten"));
    state.event(restarted());
    state.ended(Err(TurnError::NoAnswer));
    let failed = said(&mut state);
    assert!(
        failed.starts_with("ten paragraphs\n! cut off there\n✗ "),
        "{failed}"
    );
    // The same where it is tried again meanwhile, and where the person ends it.
    state.begin_turn();
    state.event(delta("one paragraph"));
    state.tries_again();
    assert_eq!(said(&mut state), "");
    state.begin_turn();
    assert!(
        shown(&state).starts_with("one paragraph\n"),
        "{}",
        shown(&state)
    );
    state.interrupted();
    assert_eq!(said(&mut state), "one paragraph\n! interrupted");
    // What was replaced does not come back.
    state.begin_turn();
    state.event(delta("ten paragraphs"));
    state.event(restarted());
    state.event(message("done"));
    assert_eq!(said(&mut state), "done");
    state.ended(Err(TurnError::NoAnswer));
    let failed = said(&mut state);
    assert!(failed.starts_with("✗ "), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn what_is_typed_while_it_works_steers_or_lines_up_and_comes_back_when_it_is_interrupted() {
    let mut state = state();
    state.begin_turn();
    assert_eq!(types(&mut state, "now\n"), None);
    types(&mut state, "later");
    press(&mut state, KeyCode::Tab, KeyModifiers::NONE);
    assert_eq!(state.interjections.unheard(), ["now"]);
    assert_eq!(state.queue, ["later"]);
    assert!(shown(&state).contains("soon: now\nnext: later"));
    state.event(delta("half a"));
    assert_eq!(types(&mut state, "\u{1b}"), Some(Action::Interrupt));
    state.interrupted();
    assert_eq!(said(&mut state), "half a\n! interrupted");
    assert!(state.queue.is_empty() && state.interjections.unheard().is_empty());
    assert_eq!(state.editor.text(), "now\nlater");
}

#[tokio::test(start_paused = true)]
async fn what_no_step_has_read_is_sent_next_and_before_what_lined_up() {
    let mut state = state();
    state.begin_turn();
    types(&mut state, "later");
    press(&mut state, KeyCode::Tab, KeyModifiers::NONE);
    types(&mut state, "now\nand now\n");
    state.ended(Ok(()));
    assert_eq!(state.queue, ["now", "and now", "later"]);
    // What is no turn hears nothing.
    state.queue.clear();
    state.begin("starting");
    types(&mut state, "hi\n");
    assert_eq!(state.queue, ["hi"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_turn_that_fails_comes_back_and_is_not_sent() {
    let mut state = state();
    state.begin_turn();
    types(&mut state, "later");
    press(&mut state, KeyCode::Tab, KeyModifiers::NONE);
    types(&mut state, "now\n");
    state.ended(Err(TurnError::NoAnswer));
    assert!(state.queue.is_empty() && state.interjections.unheard().is_empty());
    assert_eq!(state.editor.text(), "now\nlater");
}

#[tokio::test(start_paused = true)]
async fn a_wait_says_for_what_since_when_and_until_when() {
    let mut state = state();
    state.begin("working");
    state.event(TurnEvent::Trace(alipes_transport::Trace::Waiting {
        attempt: 1,
        limit: "first_output",
        length: Duration::from_secs(20),
    }));
    advance(Duration::from_secs(3)).await;
    let frame = view::frame(&state, (90, 12));
    let rows: Vec<String> = frame.rows.iter().map(ToString::to_string).collect();
    let expected = "… waiting since 3 s (at most 20 s) for the first output · Esc interrupts";
    assert!(rows.iter().any(|row| row == expected), "{rows:?}");
    // Where there is little room, what matters stays.
    let narrow = shown(&state);
    assert!(
        narrow.starts_with("… the first output: 3 s of 20 s\n"),
        "{narrow}"
    );
    // While a text comes, nothing is waited for.
    state.event(delta("a word"));
    advance(Duration::from_millis(500)).await;
    assert!(
        shown(&state).contains("… working for 3.0 s · Esc interrupts"),
        "{}",
        shown(&state)
    );
    advance(Duration::from_secs(2)).await;
    assert!(
        shown(&state).contains("the first output: 2 s of 20 s"),
        "{}",
        shown(&state)
    );
}

#[tokio::test(start_paused = true)]
async fn a_tool_runs_in_a_line_and_ends_in_one_that_unfolds() {
    let mut state = state();
    state.begin("working");
    state.event(started("c1"));
    state.event(TurnEvent::ToolProgress {
        call_id: "c1".to_owned(),
        text: "one\ntwo\n".to_owned(),
    });
    assert!(
        shown(&state).starts_with("· run \"make\"\n  two\n"),
        "{}",
        shown(&state)
    );
    control(&mut state, 'o');
    assert!(
        shown(&state).contains("\n  one\n  two\n"),
        "{}",
        shown(&state)
    );
    state.event(TurnEvent::ToolCompleted {
        call_id: "c1".to_owned(),
        name: "shell".to_owned(),
        outcome: ToolOutcome::Done,
        output: "one\ntwo\nthree".to_owned(),
        changes: None,
    });
    assert_eq!(said(&mut state), "✓ run \"make\" · 3 lines");
    control(&mut state, 'o');
    assert_eq!(said(&mut state), "run \"make\"\n  one\n  two\n  three");
}

#[tokio::test(start_paused = true)]
async fn a_letter_of_a_sentence_answers_no_question() {
    let mut state = state();
    state.begin_turn();
    let mut told = asks(&mut state, Some("command make"));
    advance(PAUSE).await;
    types(&mut state, "a");
    // Whoever thinks after the first letter has not answered either.
    advance(PAUSE).await;
    types(&mut state, "ctually stop\n");
    assert!(told.try_recv().is_err());
    assert_eq!(state.interjections.unheard(), ["actually stop"]);
    assert!(state.allowed.is_empty() && state.open.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_question_is_answered_by_a_line_that_was_meant_for_it() {
    let mut state = state();
    state.begin_turn();
    let mut told = asks(&mut state, Some("command make"));
    advance(Duration::from_millis(1)).await;
    // It has come up beneath somebody's fingers.
    types(&mut state, "s\n");
    assert!(told.try_recv().is_err());
    assert!(state.interjections.unheard().is_empty());
    assert!(!shown(&state).contains("y once"));
    advance(PAUSE).await;
    assert!(
        shown(&state).contains("y once · s this session"),
        "{}",
        shown(&state)
    );
    types(&mut state, "\n");
    assert_eq!(told.try_recv(), Ok(Approval::Session));
    assert_eq!(state.editor.text(), "");
    assert_eq!(state.allowed.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_key_from_before_a_question_answers_it_or_goes_to_the_model() {
    for line in ["y", "n", "s", "always"] {
        let mut state = state();
        state.begin_turn();
        assert_eq!(types(&mut state, &format!("{line}\n")), None);
        assert!(state.interjections.unheard().is_empty() && state.queue.is_empty());
        let held = said(&mut state);
        assert!(held.starts_with("nothing is asked yet"), "{held}");
        types(&mut state, line);
        let mut told = asks(&mut state, Some("command make"));
        advance(2 * PAUSE).await;
        types(&mut state, "\n");
        assert!(told.try_recv().is_err() && state.open.is_some());
        assert!(said(&mut state).contains("before the question"));
        // Said again, it counts.
        types(&mut state, &format!("{line}\n"));
        assert!(told.try_recv().is_ok());
    }
    // Who means it as text can say so, and between turns it is one.
    let mut state = state();
    state.begin_turn();
    types(&mut state, "y");
    press(&mut state, KeyCode::Tab, KeyModifiers::NONE);
    assert_eq!(state.queue, ["y"]);
    state.interrupted();
    control(&mut state, 'u');
    assert_eq!(types(&mut state, "n\n"), Some(Action::Send("n".to_owned())));
}

#[tokio::test(start_paused = true)]
async fn a_command_that_has_to_wait_says_which_for_what_and_what_ends_that() {
    let mut state = state();
    state.begin_turn();
    types(&mut state, "/model x\n");
    let told = said(&mut state).replace("\n  ", " ");
    assert!(told.starts_with("/model cannot be done while"), "{told}");
    assert!(told.ends_with("or end it with Esc"), "{told}");
    // Nothing ends the start of the chat: there it waits its turn.
    state.done();
    state.begin(STARTING);
    types(&mut state, "hi\n");
    types(&mut state, "/model x\n");
    assert_eq!(said(&mut state), "");
    assert_eq!(state.queue, ["hi", "/model x"]);
}

#[tokio::test(start_paused = true)]
async fn only_what_was_offered_can_be_answered() {
    for (line, answer) in [
        ("y\n", Some(Approval::Once)),
        ("n\n", Some(Approval::No)),
        ("a\n", None),
    ] {
        let mut state = state();
        state.begin_turn();
        let mut told = asks(&mut state, None);
        advance(PAUSE).await;
        types(&mut state, line);
        assert_eq!(told.try_recv().ok(), answer, "{line}");
        // What is no choice here is no text for the model either.
        assert!(state.interjections.unheard().is_empty());
        assert_eq!(said(&mut state).contains("not offered"), answer.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn a_question_shows_both_ends_of_what_it_is_about_on_any_screen_and_unfolds() {
    let mut state = state();
    state.begin_turn();
    let (answer, _told) = oneshot::channel();
    let question = Question {
        tool: "shell".to_owned(),
        summary: format!("run \"curl {}; rm TAIL\"", "a".repeat(700)),
        detail: None,
        caution: Some("nothing confines commands".to_owned()),
        effect: Effect::Executes,
        because: "no rule is about it".to_owned(),
        offer: None,
    };
    state.asks(Asked { question, answer });
    advance(PAUSE).await;
    for size in [(80, 24), (40, 20), (40, 12), (30, 6)] {
        state.resize(usize::from(size.0));
        let frame = view::frame(&state, size);
        let rows: Vec<String> = frame.rows.iter().map(ToString::to_string).collect();
        let shown = rows.join("\n");
        assert!(shown.contains("? allow: run \"curl"), "{size:?}: {shown}");
        assert!(shown.contains("rm TAIL"), "{size:?}: {shown}");
        assert!(shown.contains("y o"), "{size:?}: {shown}");
    }
    control(&mut state, 'o');
    let unfolded = said(&mut state).replace("\n  ", "");
    assert!(unfolded.contains(&"a".repeat(700)), "{unfolded}");
    assert!(unfolded.contains("nothing confines commands"), "{unfolded}");
}

#[tokio::test(start_paused = true)]
async fn a_question_about_a_diff_shows_its_change_where_there_is_no_room_for_what_stays() {
    let context = |name: &str| (0..8).map(|n| format!(" {name} {n}\n")).collect::<String>();
    let diff = format!(
        "@@ -1,17 +1,17 @@\n{}-the kettle\n+the teapot\n{}",
        context("before"),
        context("after")
    );
    let mut state = state();
    state.begin_turn();
    let (answer, _told) = oneshot::channel();
    let question = Question {
        tool: "edit".to_owned(),
        summary: "change long.md".to_owned(),
        detail: Some(Detail::Diff(diff)),
        caution: None,
        effect: Effect::Writes,
        because: "no rule is about it, and it writes".to_owned(),
        offer: Some("edit path /somewhere".to_owned()),
    };
    state.asks(Asked { question, answer });
    advance(PAUSE).await;
    let frame = view::frame(&state, (40, 14));
    let rows: Vec<String> = frame.rows.iter().map(ToString::to_string).collect();
    let shown = rows.join("\n");
    assert!(shown.contains("  -the kettle\n  +the teapot\n"), "{shown}");
    assert!(
        shown.contains("  y, s, a, n + Enter · Ctrl-O: all of it\n"),
        "{shown}"
    );
    // Esc is a no, and what was asked about is named.
    state.interrupted();
    let told = said(&mut state);
    assert_eq!(told, "! not done: change long.md\n! interrupted");
}

#[tokio::test(start_paused = true)]
async fn a_question_far_longer_than_any_screen_shows_its_ends_and_unfolds_whole() {
    let lines: Vec<String> = (1..=50_000).map(|n| format!("+line {n}.")).collect();
    let one_line = format!("+FIRST {} LAST", "x".repeat(400_000));
    for (diff, first, last) in [
        (lines.join("\n") + "\n", "+line 1.", "+line 50000."),
        (one_line + "\n", "+FIRST", "LAST"),
    ] {
        let mut state = state();
        state.begin_turn();
        let (answer, _told) = oneshot::channel();
        let question = Question {
            tool: "write_file".to_owned(),
            summary: "write it".to_owned(),
            detail: Some(Detail::Diff(diff.clone())),
            caution: None,
            effect: Effect::Writes,
            because: "no rule is about it".to_owned(),
            offer: None,
        };
        state.asks(Asked { question, answer });
        advance(PAUSE).await;
        for size in [(80, 24), (30, 8), (500, 900)] {
            state.resize(usize::from(size.0));
            let frame = view::frame(&state, size);
            let rows: Vec<String> = frame.rows.iter().map(ToString::to_string).collect();
            let shown = rows.join("\n");
            assert!(
                shown.contains(first) && shown.contains(last),
                "{size:?}: {shown}"
            );
            let more = ["bytes more: Ctrl-O", "more rows: Ctrl-O"];
            assert!(
                more.iter().any(|more| shown.contains(more)),
                "{size:?}: {shown}"
            );
            assert!(rows.len() <= usize::from(size.1), "{size:?}");
        }
        state.resize(80);
        control(&mut state, 'o');
        let unfolded = said(&mut state).replace("\n  ", "");
        assert!(unfolded.contains(&diff.replace('\n', "")));
    }
}

#[tokio::test(start_paused = true)]
async fn what_lines_up_is_counted() {
    let mut state = state();
    state.begin_turn();
    for n in 1..=6 {
        types(&mut state, &format!("line {n}"));
        press(&mut state, KeyCode::Tab, KeyModifiers::NONE);
    }
    assert!(
        shown(&state).contains("next: line 3\nand 3 more"),
        "{}",
        shown(&state)
    );
}

#[tokio::test(start_paused = true)]
async fn questions_come_one_after_the_other_and_an_interrupt_is_a_no_to_all() {
    let mut state = state();
    state.begin("working");
    let (mut first, mut second) = (asks(&mut state, None), asks(&mut state, None));
    advance(PAUSE).await;
    types(&mut state, "y\n");
    assert_eq!(first.try_recv(), Ok(Approval::Once));
    assert!(second.try_recv().is_err());
    state.interrupted();
    assert_eq!(second.try_recv(), Err(oneshot::error::TryRecvError::Closed));
}

#[tokio::test(start_paused = true)]
async fn escape_while_it_starts_does_not_end_the_chat() {
    let mut state = state();
    state.begin(STARTING);
    types(&mut state, "my prompt");
    assert_eq!(types(&mut state, "\u{1b}"), None);
    assert_eq!(state.editor.text(), "my prompt");
    assert!(!shown(&state).contains("Esc"), "{}", shown(&state));
    assert_eq!(control(&mut state, 'c'), None);
    assert_eq!(control(&mut state, 'c'), None);
    assert_eq!(control(&mut state, 'c'), Some(Action::Quit));
}

#[tokio::test(start_paused = true)]
async fn one_ctrl_d_does_not_leave_an_answer_that_is_coming() {
    let mut state = state();
    state.begin_turn();
    assert_eq!(control(&mut state, 'd'), None);
    assert!(shown(&state).ends_with("Ctrl-D again leaves"));
    types(&mut state, "x");
    assert_eq!(control(&mut state, 'd'), None);
    control(&mut state, 'u');
    assert_eq!(control(&mut state, 'd'), None);
    assert_eq!(control(&mut state, 'd'), Some(Action::Quit));
}

#[tokio::test(start_paused = true)]
async fn up_passes_a_command_that_was_given() {
    let mut state = state();
    for text in ["older", "/tools"] {
        types(&mut state, &format!("{text}\n"));
    }
    press(&mut state, KeyCode::Up, KeyModifiers::NONE);
    assert_eq!(state.editor.text(), "/tools");
    assert!(!state.menu.is_open());
    press(&mut state, KeyCode::Up, KeyModifiers::NONE);
    assert_eq!(state.editor.text(), "older");
    press(&mut state, KeyCode::Down, KeyModifiers::NONE);
    press(&mut state, KeyCode::Backspace, KeyModifiers::NONE);
    assert!(state.menu.is_open());
}

#[tokio::test(start_paused = true)]
async fn one_ctrl_c_does_not_leave_and_two_do() {
    let mut state = state();
    types(&mut state, "draft");
    assert_eq!(control(&mut state, 'c'), None);
    assert_eq!(state.editor.text(), "");
    assert_eq!(control(&mut state, 'c'), None);
    assert!(shown(&state).ends_with("Ctrl-C again leaves"));
    assert_eq!(control(&mut state, 'c'), Some(Action::Quit));
    assert_eq!(control(&mut state, 'd'), Some(Action::Quit));
}

#[tokio::test(start_paused = true)]
async fn a_command_is_completed_and_what_only_shows_is_done_at_once() {
    let mut state = state();
    types(&mut state, "/hel");
    assert!(shown(&state).contains("/help"), "{}", shown(&state));
    assert_eq!(types(&mut state, "\n"), None);
    assert!(said(&mut state).contains("/export [FILE]"));
    types(&mut state, "/mode");
    press(&mut state, KeyCode::Tab, KeyModifiers::NONE);
    assert_eq!(state.editor.text(), "/model ");
    let called = types(&mut state, "groq/x\n");
    let Some(Action::Call(called)) = called else {
        panic!("{called:?}");
    };
    assert_eq!(called.argument, "groq/x");
    types(&mut state, "/resume\n");
    assert_eq!(state.editor.text(), "");
    // What was typed after a command is meant, unless something else is chosen.
    let typed = types(&mut state, "/route s\n");
    let Some(Action::Call(called)) = typed else {
        panic!("{typed:?}");
    };
    assert_eq!(called.argument, "s");
    types(&mut state, "/route s");
    press(&mut state, KeyCode::Tab, KeyModifiers::NONE);
    assert_eq!(state.editor.text(), "/route sse");
}

#[tokio::test(start_paused = true)]
async fn while_it_works_a_command_that_needs_the_agent_has_to_wait() {
    let mut state = state();
    state.begin("working");
    assert_eq!(types(&mut state, "/new\n"), None);
    assert!(said(&mut state).contains("with Esc"));
    assert_eq!(types(&mut state, "/quit\n"), Some(Action::Quit));
}

#[tokio::test(start_paused = true)]
async fn a_long_message_shows_its_end_and_whatever_the_size_the_cursor_is_in_sight() {
    let mut state = state();
    state.begin("working");
    let lines: String = (0..2_000).map(|n| format!("line {n}\n\n")).collect();
    state.event(delta(&lines));
    types(&mut state, &"wörd 日本 ".repeat(40));
    asks(&mut state, Some("command make"));
    for columns in [1, 2, 5, 40, 300] {
        for rows in [1, 2, 3, 6, 50] {
            state.resize(usize::from(columns));
            let frame = view::frame(&state, (columns, rows));
            let height = u16::try_from(frame.rows.len()).unwrap();
            assert!(height <= rows, "{columns}x{rows}: {height}");
            assert!(
                frame.cursor.0 < height,
                "{columns}x{rows}: {:?}",
                frame.cursor
            );
        }
    }
    state.resize(40);
    let frame = view::frame(&state, (40, 60));
    let rows: Vec<String> = frame.rows.iter().map(ToString::to_string).collect();
    assert!(rows.iter().any(|row| row == "line 1999"), "{rows:?}");
}

#[tokio::test(start_paused = true)]
async fn where_nothing_waits_nothing_is_drawn() {
    let mut state = state();
    let now = state.clock.now();
    assert_eq!(state.changes_at(now), None);
    state.begin("working");
    assert_eq!(state.changes_at(now), Some(now + Duration::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn what_a_step_took_counts_however_its_turn_ends() {
    let mut state = state();
    let step = |tokens: u64| TurnEvent::StepEnded {
        by: Addressee {
            model: "s/m".parse().unwrap(),
            account: String::new(),
        },
        usage: Usage {
            input_tokens: tokens,
            ..Usage::default()
        },
    };
    state.begin_turn();
    state.event(step(1));
    state.interrupted();
    state.begin_turn();
    state.event(step(10));
    state.ended(Err(TurnError::NoAnswer));
    state.begin_turn();
    state.event(step(100));
    state.ended(Ok(()));
    assert_eq!(state.status.usage.input_tokens, 111);
}
