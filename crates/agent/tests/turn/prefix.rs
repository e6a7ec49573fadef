//! What a provider has in its cache stays usable: each request begins, byte for byte, with the one
//! before it.

use alipes_agent::ProjectText;
use alipes_store::Entry;
use alipes_tools::Effect;
use alipes_wire::Item;

use crate::script::{Script, call, response, says};
use crate::work::{Setup, Work};

/// A request around its items: what comes before them, they themselves, and what comes after.
fn parts(request: &str) -> (&str, &str, &str) {
    let begin = request.find(r#""input":["#).unwrap() + r#""input":["#.len();
    let mut items = serde_json::Deserializer::from_str(&request[begin - 1..])
        .into_iter::<Box<serde_json::value::RawValue>>();
    let input = items.next().unwrap().unwrap();
    let input = input.get().len();
    let end = begin - 1 + input - 1;
    (&request[..begin], &request[begin..end], &request[end..])
}

fn assert_prefixes(script: &Script) {
    for number in 1..script.asked() {
        let (before, after) = (script.request(number - 1), script.request(number));
        let (before, after) = (parts(&before), parts(&after));
        assert_eq!((before.0, before.2), (after.0, after.2), "{number}");
        assert!(
            after.1.starts_with(before.1) && after.1.len() > before.1.len(),
            "{number}: {} is not how {} begins",
            before.1,
            after.1
        );
    }
}

#[tokio::test]
async fn every_request_of_a_conversation_begins_with_the_one_before() {
    let script = Script::of(&[
        response(&[call(
            "c1",
            "write_file",
            r#"{"path":"AGENTS.md","content":"new"}"#,
        )]),
        response(&[says("done")]),
        response(&[says("again")]),
    ])
    .await;
    let mut work = Work::granted(&script.base_url, &[Effect::Writes]);
    work.file("AGENTS.md", "old");
    let folder = std::fs::canonicalize(work.path(".")).unwrap();
    work.agent = work
        .agent
        .with_project(ProjectText::read(&folder, [], None, |_| false));
    work.answer("write").await;
    work.answer("and now").await;
    work.answer("and then").await;
    assert_eq!(script.asked(), 4);
    assert_prefixes(&script);
    // What the project said when the conversation began is what it is told.
    assert_eq!(script.request(3).matches("AGENTS.md\\\">").count(), 1);
}

#[tokio::test]
async fn a_conversation_that_goes_on_another_day_keeps_its_beginning() {
    let script = Script::of(&[response(&[says("yesterday")]), response(&[says("today")])]).await;
    let mut before = Work::with(&script.base_url);
    before.file("AGENTS.md", "old notes");
    let folder = std::fs::canonicalize(before.path(".")).unwrap();
    before.agent = before
        .agent
        .with_project(ProjectText::read(&folder, [], None, |_| false));
    before.answer("one").await;
    let mut transcript = before.agent.transcript().clone();
    transcript.add(Entry::Setting(Item::developer("Date: yesterday")));
    before.file("AGENTS.md", "new notes");
    let setup = Setup {
        transcript,
        ..Setup::default()
    };
    let mut after = Work::set_up(&script.base_url, setup);
    after.agent = after
        .agent
        .with_project(ProjectText::read(&folder, [], None, |_| false));
    after.answer("second question").await;
    assert_prefixes(&script);
    let request = script.request(1);
    let places = ["old notes", "yesterday", "new notes", "second question"];
    let places = places.map(|text| request.find(text));
    assert!(places.is_sorted() && places[0].is_some(), "{request}");
}
