//! Turns that end well.

use alipes_transport::{Reaction, Trace};
use alipes_wire::{Item, ItemView, ModelEvent, Usage};

use super::{Stage, ask};

const WHOLE: &str = r#"
      tell item/started '"item":{"type":"reasoning","id":"r"}'
      tell item/reasoning/summaryTextDelta '"itemId":"r","summaryIndex":0,"delta":"I think"'
      tell item/started '"item":{"type":"agentMessage","id":"m","text":"","phase":"final_answer"}'
      tell item/agentMessage/delta '"itemId":"m","delta":"Hel"'
      tell item/agentMessage/delta '"itemId":"m","delta":"lo"'
      message Hello
      tell thread/tokenUsage/updated '"tokenUsage":{"total":{"totalTokens":12,"inputTokens":10,"cachedInputTokens":4,"outputTokens":2,"reasoningOutputTokens":1},"last":{}}'
      finish"#;

#[tokio::test]
async fn a_turn_is_reasoning_text_and_tokens() {
    let stage = Stage::new(WHOLE);
    let seen = ask(&mut stage.server(), &[Item::user("hi")]).await;
    assert_eq!(seen.text(), "Hello");
    let reasoning = ModelEvent::ReasoningDelta {
        delta: "I think".to_owned(),
    };
    assert!(seen.events.contains(&reasoning));
    let Some(ModelEvent::Completed { id, usage, .. }) = seen.events.last() else {
        panic!("no end: {:?}", seen.events);
    };
    let expected = Usage {
        input_tokens: 10,
        cached_input_tokens: 4,
        output_tokens: 2,
        reasoning_tokens: 1,
        ..Usage::default()
    };
    assert_eq!((id.as_str(), *usage), ("U", Some(expected)));
    let view = seen.items.last().map(Item::view);
    assert!(
        matches!(view, Some(ItemView::Message { text, phase, .. }) if text == "Hello" && phase.as_deref() == Some("final_answer"))
    );
    assert_eq!(seen.result.unwrap().attempts, 1);
}

#[tokio::test]
async fn a_conversation_that_goes_on_is_told_only_what_is_new() {
    let stage = Stage::new(WHOLE);
    let mut server = stage.server();
    let mut conversation = vec![Item::developer("setting"), Item::user("hi")];
    let first = ask(&mut server, &conversation).await;
    conversation.extend(first.items);
    conversation.extend([Item::developer("a new day"), Item::user("and now?")]);
    let second = ask(&mut server, &conversation).await;
    assert_eq!(second.text(), "Hello");
    // The tokens of this turn, not of the thread.
    assert!(
        matches!(second.events.last(), Some(ModelEvent::Completed { usage: Some(usage), .. }) if *usage == Usage::default())
    );
    assert_eq!(
        (
            stage.read("starts").lines().count(),
            stage.heard("thread/start")
        ),
        (1, 1)
    );
    let heard = stage.read("heard");
    let told: Vec<&str> = heard
        .lines()
        .filter(|line| line.contains("inject"))
        .collect();
    assert!(told[0].contains("setting") && told[1].contains("a new day"));
    assert!(!told[1].contains("setting"));

    // Another past is another thread, in the same program.
    let edited = [Item::user("HI"), Item::user("and now?")];
    ask(&mut server, &edited).await.result.unwrap();
    assert_eq!(
        (
            stage.read("starts").lines().count(),
            stage.heard("thread/start")
        ),
        (1, 2)
    );
}

#[tokio::test]
async fn a_program_that_died_while_idle_is_started_again() {
    let stage = Stage::new(&format!("{WHOLE}\n      exit 0"));
    let mut server = stage.server();
    for _ in 0..2 {
        let seen = ask(&mut server, &[Item::user("hi")]).await;
        assert_eq!(seen.result.unwrap().attempts, 1);
    }
    assert_eq!(stage.read("starts").lines().count(), 2);
}

#[tokio::test]
async fn whatever_it_asks_for_is_declined_and_answered() {
    let stage = Stage::new(
        r#"
      for method in item/commandExecution/requestApproval item/fileChange/requestApproval brand/new; do
        say "{\"method\":\"$method\",\"id\":\"q\",\"params\":{\"threadId\":\"T\"}}"
        read -r answer
        printf '%s\n' "$answer" >> answers
      done
      message done
      finish"#,
    );
    let seen = ask(&mut stage.server(), &[Item::user("hi")]).await;
    assert_eq!(seen.text(), "done");
    let answers = stage.read("answers");
    let answers: Vec<&str> = answers.lines().collect();
    assert_eq!(answers[0], r#"{"id":"q","result":{"decision":"decline"}}"#);
    assert_eq!(answers[1], answers[0]);
    assert!(
        answers[2].starts_with(r#"{"id":"q","error":{"code":-32601"#),
        "{answers:?}"
    );
}

#[tokio::test]
async fn garbage_and_what_nobody_knows_is_passed_over() {
    let stage = Stage::new(
        r#"
      say garbage; say ''; say '[]'; say '{"id":99,"result":1}'; say '{"method":7}'
      printf '\377\376\n'
      tell brand/new '"x":1'
      tell item/started '"item":null'
      tell item/agentMessage/delta '"delta":null'
      tell error '"error":null,"willRetry":false'
      say '{"method":"item/agentMessage/delta","params":{"threadId":"another","delta":"not ours"}}'
      message fine
      finish"#,
    );
    let seen = ask(&mut stage.server(), &[Item::user("hi")]).await;
    assert_eq!(seen.text(), "fine");
    seen.result.unwrap();
}

#[tokio::test]
async fn its_own_retries_are_told_and_what_it_repeats_begins_anew() {
    let stage = Stage::new(
        r#"
      message before
      tell item/started '"item":{"type":"agentMessage","id":"m","text":"","phase":"final_answer"}'
      tell item/agentMessage/delta '"itemId":"m","delta":"half"'
      tell error '"willRetry":true,"error":{"message":"Reconnecting... 1/5","codexErrorInfo":{"responseStreamDisconnected":{"httpStatusCode":null}}}'
      message whole
      finish"#,
    );
    let seen = ask(&mut stage.server(), &[Item::user("hi")]).await;
    assert_eq!(
        (seen.text().as_str(), seen.restarts.as_slice()),
        ("beforewhole", &[true][..])
    );
    assert_eq!(seen.items.len(), 2);
    let again = |trace: &Trace| {
        matches!(
            trace,
            Trace::AttemptFault {
                attempt: 1,
                reaction: Reaction::SameRoute { .. },
                ..
            }
        )
    };
    assert!(seen.traces.iter().any(again));
    assert_eq!(seen.result.unwrap().attempts, 2);
}

#[tokio::test]
async fn neither_our_variables_nor_our_tools_reach_it() {
    let stage = Stage::new(WHOLE);
    ask(&mut stage.server(), &[Item::user("hi")])
        .await
        .result
        .unwrap();
    let variables = stage.read("variables");
    assert!(variables.contains("CODEX_HOME=") && !variables.contains("ALIPES_"));
    let heard = stage.read("heard");
    assert!(!heard.contains("sk-ours") && !heard.contains("tools"));
    let start = heard
        .lines()
        .find(|line| line.contains("thread/start"))
        .unwrap();
    for term in [
        r#""sandbox":"read-only""#,
        r#""approvalPolicy":"untrusted""#,
        r#""ephemeral":true"#,
        r#""mcp_servers":{"files":{"enabled":false}}"#,
    ] {
        assert!(start.contains(term), "{term}: {start}");
    }
}
