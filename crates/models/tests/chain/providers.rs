//! Providers one behind the other, each with one account.

use alipes_models::Chain;
use alipes_simulator::Simulator;
use alipes_transport::Cause;
use alipes_wire::Item;

use crate::common::{
    ask, auxiliary, configured, go_on, reasoning, reasoning_sent, simulator, transport,
};

/// `first/m`, and behind it `second/m`.
fn chain(first: &Simulator, second: &Simulator) -> Chain {
    let (first, second) = (first.base_url(), second.base_url());
    let text = format!(
        "[providers.first]\nbase_url = \"{first}\"\n[providers.second]\nbase_url = \"{second}\"\n\
         [model]\ndefault = \"first/m\"\nfallback = [\"second/m\"]\n"
    );
    configured(&text, &[], &transport())
}

#[tokio::test]
async fn a_provider_that_cannot_answer_is_followed_by_the_next_and_rests() {
    for fault in [
        "sse-usage-limit",
        "sse-challenge",
        "sse-500",
        "sse-401",
        "sse-421",
        "sse-json",
        "sse-encoded",
    ] {
        let (broken, healthy) = (simulator(&[fault]).await, simulator(&[]).await);
        let mut chain = chain(&broken, &healthy);
        let seen = ask(&mut chain, true).await;
        assert!(seen.result.is_ok(), "{fault}: {:?}", seen.result);
        assert_eq!(seen.turned_to, ["second/m"], "{fault}");
        let asked = broken.seen().len();
        assert!(asked <= 2, "{fault}: {asked} requests to the broken one");
        ask(&mut chain, true).await.result.unwrap();
        assert_eq!(broken.seen().len(), asked, "{fault}: it rests");
    }
}

#[tokio::test]
async fn the_next_provider_is_asked_before_a_server_that_wants_20_s() {
    for fault in ["sse-500-later", "sse-503-later"] {
        let (busy, healthy) = (simulator(&[fault]).await, simulator(&[]).await);
        let seen = ask(&mut chain(&busy, &healthy), true).await;
        assert!(seen.result.is_ok(), "{fault}: {:?}", seen.result);
        assert_eq!(seen.turned_to, ["second/m"], "{fault}");
        assert_eq!((seen.waits, busy.seen().len()), (0, 1), "{fault}");
    }
}

#[tokio::test]
async fn text_of_a_broken_provider_is_replaced_and_not_repeated() {
    let (broken, healthy) = (
        simulator(&["sse-cut-after-text"]).await,
        simulator(&[]).await,
    );
    let expected = ask(&mut chain(&healthy, &healthy), true).await.text;
    let seen = ask(&mut chain(&broken, &healthy), true).await;
    assert_eq!((seen.text, seen.restarts), (expected, 2));
}

#[tokio::test]
async fn what_a_reader_cannot_take_back_goes_to_no_other_provider() {
    let (broken, healthy) = (
        simulator(&["sse-cut-after-text"]).await,
        simulator(&[]).await,
    );
    let seen = ask(&mut chain(&broken, &healthy), false).await;
    assert_eq!(seen.result.unwrap_err().cause, Cause::Cut);
    assert!(healthy.seen().is_empty());
}

#[tokio::test]
async fn a_request_that_is_wrong_everywhere_is_not_passed_on() {
    let (broken, healthy) = (simulator(&["sse-400"]).await, simulator(&[]).await);
    let seen = ask(&mut chain(&broken, &healthy), true).await;
    assert_eq!(seen.result.unwrap_err().cause, Cause::InvalidRequest);
    assert!(healthy.seen().is_empty());
}

#[tokio::test]
async fn a_provider_that_has_no_place_for_what_is_asked_is_passed_over() {
    let (chat, own) = (simulator(&[]).await, simulator(&[]).await);
    let text = format!(
        "[providers.chat]\nbase_url = \"{}\"\ndialect = \"chat\"\n[providers.own]\n\
         base_url = \"{}\"\n[model]\ndefault = \"chat/m\"\nfallback = [\"own/m\"]\n",
        chat.base_url(),
        own.base_url()
    );
    let image =
        r#"{"type":"message","role":"user","content":[{"type":"input_image","file_id":"f"}]}"#;
    let input = [Item::user("hello"), Item::parse(image).unwrap()];
    let mut chain = configured(&text, &[], &transport());
    let seen = go_on(&mut chain, &input, true).await;
    assert!(seen.result.is_ok(), "{:?}", seen.result);
    assert_eq!((chat.seen().len(), own.seen().len()), (0, 1));
    assert!(ask(&mut chain, true).await.result.is_ok());
}

#[tokio::test]
async fn reasoning_that_a_provider_cannot_read_is_never_sent_to_it_again() {
    let refuses = simulator(&["sse-invalid-encrypted-content@2"]).await;
    let mut chain = chain(&refuses, &simulator(&[]).await);
    let mut input = vec![Item::user("hello")];
    go_on(&mut chain, &input, true).await.result.unwrap();
    for id in ["rs_1", "rs_2"] {
        input.extend([reasoning(id), Item::user("go on")]);
        let seen = go_on(&mut chain, &input, true).await;
        assert!(seen.result.is_ok() && seen.turned_to.is_empty());
    }
    let sent: [&[&str]; 4] = [&[], &["rs_1"], &[], &["rs_2"]];
    assert_eq!(reasoning_sent(&refuses), sent);
}

#[tokio::test]
async fn a_provider_never_gets_the_reasoning_of_another() {
    let (once_broken, healthy) = (simulator(&["sse-403@2"]).await, simulator(&[]).await);
    let mut chain = chain(&once_broken, &healthy);
    let mut input = vec![Item::user("hello")];
    for id in ["rs_1", "rs_2", "rs_3"] {
        go_on(&mut chain, &input, true).await.result.unwrap();
        input.extend([reasoning(id), Item::user("go on")]);
    }
    // `rs_1` is the first one's own; the second has made `rs_2`, and is asked from then on.
    assert_eq!(reasoning_sent(&once_broken), [&[][..], &["rs_1"]]);
    assert_eq!(reasoning_sent(&healthy), [&[][..], &["rs_2"]]);
}

#[tokio::test]
async fn where_all_are_left_alone_the_least_bad_is_asked() {
    let (first, second) = (
        simulator(&["challenge"]).await,
        simulator(&["challenge"]).await,
    );
    let mut chain = chain(&first, &second);
    let refused = ask(&mut chain, true).await.result.unwrap_err();
    assert_eq!(refused.cause, Cause::Challenge);
    let asked = (first.seen().len(), second.seen().len());
    ask(&mut chain, true).await.result.unwrap_err();
    // The first one's ten minutes end first.
    assert_eq!(
        (first.seen().len(), second.seen().len()),
        (asked.0 + 1, asked.1)
    );
}

#[tokio::test]
async fn the_nearest_setting_says_how_hard_to_think() {
    let (first, second) = (simulator(&["sse-500"]).await, simulator(&[]).await);
    let text = format!(
        "[providers.first]\nbase_url = \"{}\"\nreasoning = \"high\"\n[providers.second]\n\
         base_url = \"{}\"\n[model]\ndefault = \"first/m\"\nfallback = [\"second/m\"]\n\
         reasoning = \"low\"\n",
        first.base_url(),
        second.base_url()
    );
    let mut chain = configured(&text, &[], &transport());
    ask(&mut chain, true).await.result.unwrap();
    let effort = |simulator: &Simulator| {
        simulator.seen()[0].body.clone().unwrap()["reasoning"]["effort"].clone()
    };
    assert_eq!(
        (effort(&first), effort(&second)),
        ("high".into(), "low".into())
    );
}

#[tokio::test]
async fn what_is_asked_beside_a_turn_has_a_model_of_its_own_and_those_of_the_turn_behind_it() {
    let (small, large) = (simulator(&["sse-500"]).await, simulator(&[]).await);
    let text = format!(
        "[providers.small]\nbase_url = \"{}\"\n[providers.large]\nbase_url = \"{}\"\n\
         [model]\ndefault = \"large/m\"\nauxiliary = \"small/s\"\n",
        small.base_url(),
        large.base_url()
    );
    let seen = ask(&mut auxiliary(&text, &transport()), true).await;
    assert!(seen.result.is_ok() && !small.seen().is_empty());
    assert_eq!(seen.turned_to, ["large/m"]);
}
