//! A provider that makes conversations shorter itself: what it makes of one only it can read.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use alipes_agent::{SummedUpBy, TurnEvent, Undone};
use alipes_store::{Entry, Journal, JournalError, MemoryJournal, Transcript};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use serde_json::{Value, json};

use crate::compaction::{SUMMARY, WINDOW, compacted, sheep, summariser};
use crate::script::{Script, response, says};
use crate::work::{Setup, Work, configured, deadline, model, model_with};

/// The profile of an endpoint that offers it.
const OFFERS: &str = "openai-codex";

/// The same of one that takes long requests as they are.
const PLAIN: &str = "openai";

/// What nobody else can read.
const SEALED: &str = r#"{"type":"compaction","id":"cmp_1","encrypted_content":"gAAAsheep"}"#;

/// The provider's answer: messages of the user as they were, and an item for all the rest.
fn shorter() -> Option<Value> {
    let sealed: Value = serde_json::from_str(SEALED).unwrap();
    let said = json!({"type": "message", "role": "user",
        "content": [{"type": "input_text", "text": "a sheep, as it was"}]});
    let told = json!({"type": "message", "role": "developer", "content": []});
    Some(json!({
        "id": "resp_1", "object": "response.compaction", "output": [told, said, sealed],
        "usage": {"input_tokens": 4_711, "output_tokens": 12},
    }))
}

async fn script(compacted: Option<Value>) -> Script {
    let script = Script::of(&[response(&[says("done")])]).await;
    *script.compacted.lock().unwrap() = compacted;
    script
}

/// A journal that can be read when its agent has gone.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<MemoryJournal>>);

impl Kept {
    /// The transcript of what was said before, and of this.
    fn transcript(&self, before: Transcript) -> Transcript {
        let mut transcript = before;
        let entries = self.0.lock().unwrap().entries().to_vec();
        for entry in entries {
            let read = Entry::parse(entry.kind(), &entry.json()).unwrap();
            transcript.add(read);
        }
        transcript
    }
}

impl Journal for Kept {
    fn append(&mut self, entries: Vec<Entry>) -> BoxFuture<'_, Result<(), JournalError>> {
        let kept = self.0.lock().unwrap().append(entries).now_or_never();
        Box::pin(ready(kept.unwrap_or(Ok(()))))
    }

    fn note(&mut self, entry: Entry) {
        self.0.lock().unwrap().note(entry);
    }
}

fn work(script: &Script, transcript: Transcript, journal: Kept) -> Work {
    work_with(OFFERS, script, transcript, journal)
}

fn work_with(
    profile: &'static str,
    script: &Script,
    transcript: Transcript,
    journal: Kept,
) -> Work {
    let setup = Setup {
        transcript,
        journal: Box::new(journal),
        profile: Some(profile),
        ..Setup::default()
    };
    let mut work = Work::set_up(&script.base_url, setup);
    work.agent = work.agent.with_window(WINDOW);
    work
}

async fn compact(work: &mut Work) -> SummedUpBy {
    let (events, _heard) = tokio::sync::mpsc::channel(64);
    let done = work.agent.compact(deadline(), &events).await;
    done.unwrap().by
}

#[tokio::test]
async fn a_provider_that_can_is_asked_and_what_it_makes_is_the_new_beginning() {
    let script = script(shorter()).await;
    let mut work = work(&script, sheep(6), Kept::default());
    let before = work.agent.transcript().items().to_vec();
    assert_eq!(compact(&mut work).await, SummedUpBy::Provider);
    let spent = work.agent.spent_beside();
    assert!(
        matches!(&spent[..], [TurnEvent::SpentBeside { usage, .. }] if usage.input_tokens == 4_711),
        "{spent:?}"
    );
    let asked: Value = serde_json::from_str(&script.request(0)).unwrap();
    let members: Vec<&String> = asked.as_object().unwrap().keys().collect();
    assert_eq!(members, ["model", "input", "instructions"]);
    assert!(script.request(0).contains("sheep 0"));
    work.answer("shear them").await;
    let request = script.request(1);
    let places = ["a sheep, as it was", SEALED, "sheep 5", "shear them"];
    let places = places.map(|text| request.find(text));
    assert!(
        places.is_sorted() && places[0].is_some(),
        "{places:?} {request}"
    );
    assert!(!request.contains("sheep 0"));
    // It can be taken back.
    work.agent.undo_turn().await.unwrap();
    assert_eq!(work.agent.undo().await.unwrap(), Undone::Compaction);
    assert_eq!(work.agent.transcript().items()[..before.len()], before);
}

#[tokio::test]
async fn a_provider_that_refuses_is_not_asked_again_and_a_model_sums_up() {
    for refused in [None, Some(json!({"output": []}))] {
        let script = script(refused).await;
        let aside = summariser().await;
        let mut work = work(&script, sheep(6), Kept::default());
        work.agent = work.agent.with_auxiliary(model(&aside.base_url));
        assert_eq!(compact(&mut work).await, SummedUpBy::Model);
        assert_eq!((script.asked(), aside.asked()), (1, 1));
        assert_eq!(work.agent.undo().await.unwrap(), Undone::Compaction);
        assert_eq!(compact(&mut work).await, SummedUpBy::Model);
        assert_eq!((script.asked(), aside.asked()), (1, 2));
    }
}

#[tokio::test]
async fn without_anybody_else_what_the_provider_refuses_is_shortened_mechanically() {
    let script = script(None).await;
    let mut work = work(&script, sheep(6), Kept::default());
    assert_eq!(compact(&mut work).await, SummedUpBy::Digest);
}

/// Lets time pass only by hand: a blocking task holds the paused clock still while sockets are at work.
async fn with_held_clock<T>(work: impl Future<Output = T>) -> T {
    let (held, holds) = std::sync::mpsc::channel::<()>();
    let holding = tokio::task::spawn_blocking(move || holds.recv());
    let done = work.await;
    drop(held);
    let _ended = holding.await;
    done
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_silent_is_left_for_a_model_which_has_time_of_its_own() {
    let script = script(None).await;
    script.is_silent.store(true, Ordering::SeqCst);
    let aside = summariser().await;
    let mut work = work(&script, sheep(9), Kept::default());
    work.agent = work.agent.with_auxiliary(model(&aside.base_url));
    let waits_in_vain = async {
        while script.asked() == 0 {
            tokio::task::yield_now().await;
        }
        // Longer than a turn waits for a summary.
        tokio::time::advance(Duration::from_secs(31)).await;
    };
    let both = async { tokio::join!(work.turn("shear them"), waits_in_vain).0 };
    let turn = with_held_clock(both).await;
    let by: Vec<SummedUpBy> = compacted(&turn).iter().map(|done| done.by).collect();
    assert_eq!(by, [SummedUpBy::Model]);
    assert_eq!(turn.result.unwrap().text, "done");
    assert_eq!((script.asked(), aside.asked()), (2, 1));
    // And it is not asked again.
    work.agent.undo_turn().await.unwrap();
    assert_eq!(work.agent.undo().await.unwrap(), Undone::Compaction);
    let anew = with_held_clock(compact(&mut work)).await;
    assert_eq!(anew, SummedUpBy::Model);
    assert_eq!((script.asked(), aside.asked()), (2, 2));
}

#[tokio::test]
async fn providers_that_read_only_what_they_have_made_themselves_do_not_take_turns_for_ever() {
    let failed = json!({"type": "response.failed", "response": {
        "id": "resp", "status": "failed",
        "error": {"code": "insufficient_quota", "message": "nothing is left"},
    }});
    let fails = || async {
        let script = Script::of(&[vec![failed.to_string()]]).await;
        *script.compacted.lock().unwrap() = shorter();
        script
    };
    let (first, second) = (fails().await, fails().await);
    let mut work = work(&first, sheep(6), Kept::default());
    let provider = |name: &str, script: &Script| {
        format!(
            "[providers.{name}]\nbase_url = \"{}\"\nprofile = \"{OFFERS}\"\n\
             [providers.{name}.endpoint]\nroutes = [\"sse\"]\n",
            script.base_url
        )
    };
    let chain = configured(&format!(
        "{}{}[model]\ndefault = \"first/m\"\nfallback = [\"second/m\"]\n",
        provider("first", &first),
        provider("second", &second)
    ));
    work.agent.ask_instead(chain, Some(WINDOW), None);
    assert_eq!(compact(&mut work).await, SummedUpBy::Provider);
    let turn = work.turn("shear them").await;
    turn.result.unwrap_err();
    let asked = first.asked() + second.asked();
    assert!(asked <= 8, "{asked}");
}

#[tokio::test]
async fn a_conversation_that_its_provider_made_shorter_is_resumed_there() {
    let script = script(shorter()).await;
    let journal = Kept::default();
    let mut before = work(&script, sheep(6), journal.clone());
    compact(&mut before).await;
    drop(before);
    let mut resumed = work(&script, journal.transcript(sheep(6)), journal);
    resumed.answer("shear them").await;
    let request = script.request(1);
    assert!(
        request.contains(SEALED) && !request.contains("sheep 0"),
        "{request}"
    );
    assert_eq!(script.asked(), 2);
}

#[tokio::test]
async fn another_provider_is_told_in_words_what_the_first_one_alone_can_read() {
    let first = script(shorter()).await;
    let (second, aside) = (script(None).await, summariser().await);
    let mut work = work(&first, sheep(6), Kept::default());
    compact(&mut work).await;
    let auxiliary = Some(model(&aside.base_url));
    let instead = model_with(&second.base_url, OFFERS);
    work.agent.ask_instead(instead, Some(WINDOW), auxiliary);
    let turn = work.turn("shear them").await;
    let [done] = compacted(&turn)[..] else {
        panic!("{:?}", turn.events);
    };
    assert_eq!(done.by, SummedUpBy::Model);
    assert_eq!(turn.result.unwrap().text, "done");
    let request = second.request(second.asked() - 1);
    assert!(
        request.contains(SUMMARY) && request.contains("shear them"),
        "{request}"
    );
    for asked in (0..second.asked()).map(|number| second.request(number)) {
        assert!(!asked.contains("gAAAsheep"), "{asked}");
    }
    assert!(aside.request(0).contains("sheep 0"), "{}", aside.request(0));
}

#[tokio::test]
async fn a_fallback_is_told_in_words_what_the_first_one_alone_can_read() {
    let failed = json!({"type": "response.failed", "response": {
        "id": "resp", "status": "failed",
        "error": {"code": "insufficient_quota", "message": "nothing is left"},
    }});
    let first = Script::of(&[vec![failed.to_string()]]).await;
    *first.compacted.lock().unwrap() = shorter();
    let second = script(None).await;
    let mut work = work(&first, sheep(6), Kept::default());
    let chain = configured(&format!(
        "[providers.first]\nbase_url = \"{}\"\nprofile = \"{OFFERS}\"\n\
         [providers.first.endpoint]\nroutes = [\"sse\"]\n\
         [providers.second]\nbase_url = \"{}\"\n\
         [model]\ndefault = \"first/m\"\nfallback = [\"second/m\"]\n",
        first.base_url, second.base_url
    ));
    work.agent.ask_instead(chain, Some(WINDOW), None);
    assert_eq!(compact(&mut work).await, SummedUpBy::Provider);
    let turn = work.turn("shear them").await;
    assert_eq!(compacted(&turn)[0].by, SummedUpBy::Digest);
    assert_eq!(turn.result.unwrap().text, "done");
    let request = second.request(0);
    assert!(
        request.contains("sheep 0") && request.contains("shear them"),
        "{request}"
    );
    assert!(!request.contains("gAAAsheep"), "{request}");
    assert_eq!((first.asked(), second.asked()), (2, 1));
}

/// A provider that refuses what it has made of a conversation, where that says one of these.
async fn forgetful(lost: &'static [&'static str]) -> Script {
    let refused = json!({"type": "response.failed", "response": {
        "id": "resp", "status": "failed",
        "error": {"code": "invalid_encrypted_content", "message": "not ours"},
    }});
    let script = Script::reading(move |_number, request| {
        match lost.iter().any(|sealed| request.contains(sealed)) {
            true => vec![refused.to_string()],
            false => response(&[says("done")]),
        }
    });
    script.await
}

/// The provider's answer with its present key.
fn shorter_anew() -> Value {
    json!({"output": [{"type": "compaction", "id": "cmp_2", "encrypted_content": "gAAAgoat"}]})
}

#[tokio::test]
async fn what_its_own_provider_cannot_read_any_more_is_made_anew_of_the_journals_words() {
    let script = forgetful(&["gAAAsheep"]).await;
    *script.compacted.lock().unwrap() = shorter();
    let mut work = work(&script, sheep(6), Kept::default());
    assert_eq!(compact(&mut work).await, SummedUpBy::Provider);
    *script.compacted.lock().unwrap() = Some(shorter_anew());
    let turn = work.turn("shear them").await;
    assert_eq!(compacted(&turn)[0].by, SummedUpBy::Provider);
    assert_eq!(turn.result.unwrap().text, "done");
    let asked = script.asked();
    let (anew, answered) = (script.request(asked - 2), script.request(asked - 1));
    assert!(anew.contains("sheep 0") && !anew.contains("gAAA"), "{anew}");
    assert!(
        answered.contains("gAAAgoat") && answered.contains("shear them"),
        "{answered}"
    );
    work.answer("and now?").await;
    assert_eq!(script.asked(), asked + 1, "it is not stuck");
}

#[tokio::test]
async fn a_provider_that_never_reads_what_it_makes_is_told_in_words() {
    let script = forgetful(&["gAAAsheep", "gAAAgoat"]).await;
    *script.compacted.lock().unwrap() = shorter();
    let mut work = work_with(PLAIN, &script, sheep(6), Kept::default());
    compact(&mut work).await;
    *script.compacted.lock().unwrap() = Some(shorter_anew());
    let turn = work.turn("shear them").await;
    let by: Vec<SummedUpBy> = compacted(&turn).iter().map(|done| done.by).collect();
    assert_eq!(by, [SummedUpBy::Provider, SummedUpBy::Digest]);
    assert_eq!(turn.result.unwrap().text, "done");
    let last = script.request(script.asked() - 1);
    assert!(
        last.contains("sheep 0") && last.contains("shear them"),
        "{last}"
    );
    assert!(!last.contains("gAAA"), "{last}");
}
