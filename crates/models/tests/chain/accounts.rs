//! Several accounts with one provider, and providers behind it.

use alipes_models::Chain;
use alipes_simulator::{Route, Simulator};
use alipes_transport::Transport;
use alipes_wire::Item;

use crate::common::{ask, configured, go_on, reasoning, reasoning_sent, simulator, transport};

const KEYS: [(&str, &str); 2] = [("HOME_KEY", "key-home"), ("WORK_KEY", "key-work")];

/// `first/m` with the accounts `home` and `work`, behind it `second/m` and `third/m`.
fn config(first: &Simulator, others: &[&Simulator], strategy: &str) -> String {
    let mut text = format!(
        "[providers.first]\nbase_url = \"{}\"\nstrategy = \"{strategy}\"\n\
         [providers.first.accounts]\nhome = {{ env = \"HOME_KEY\" }}\nwork = {{ env = \"WORK_KEY\" }}\n",
        first.base_url()
    );
    let names = ["second", "third"];
    for (name, other) in names.iter().zip(others) {
        let url = other.base_url();
        text.push_str(&format!("[providers.{name}]\nbase_url = \"{url}\"\n"));
    }
    let fallback: Vec<String> = names[..others.len()]
        .iter()
        .map(|name| format!("\"{name}/m\""))
        .collect();
    let fallback = fallback.join(", ");
    format!("{text}[model]\ndefault = \"first/m\"\nfallback = [{fallback}]\n")
}

fn chain(first: &Simulator, others: &[&Simulator]) -> Chain {
    configured(&config(first, others, "in-order"), &KEYS, &transport())
}

/// Whose key each request came with.
fn keys(simulator: &Simulator) -> Vec<String> {
    let seen = simulator.seen();
    let key = seen.iter().filter_map(|seen| seen.header("authorization"));
    key.map(|key| key.trim_start_matches("Bearer key-").to_owned())
        .collect()
}

#[tokio::test]
async fn two_accounts_and_three_providers_with_faults_finish_a_turn() {
    // The accounts have reached their limits, the second provider fails inside, the third answers.
    let first = simulator(&["sse-usage-limit"]).await;
    let second = simulator(&["sse-500"]).await;
    let third = simulator(&[]).await;
    let mut chain = chain(&first, &[&second, &third]);
    let input = [Item::user("hello"), reasoning("rs_1"), Item::user("go on")];
    let seen = go_on(&mut chain, &input, true).await;
    assert!(seen.result.is_ok(), "{:?}", seen.result);
    assert_eq!(seen.turned_to, ["first/m as work", "second/m", "third/m"]);
    assert_eq!(keys(&first), ["home", "work"]);
    // The items are the same for everybody; the reasoning of somebody else stays behind, and that is told.
    assert_eq!(seen.left_out, [1, 1, 1]);
    assert_eq!(reasoning_sent(&third), [&[][..] as &[&str]]);
    let body = third.seen()[0].body.clone().unwrap();
    let texts = body["input"].to_string();
    assert!(
        texts.contains("hello") && texts.contains("go on"),
        "{texts}"
    );

    let again = ask(&mut chain, true).await;
    assert!(again.result.is_ok() && again.turned_to.is_empty());
    assert_eq!(keys(&first).len(), 2, "both rest until the hour is over");
}

#[tokio::test]
async fn a_challenge_condemns_no_account() {
    let first = simulator(&["sse-challenge"]).await;
    let second = simulator(&[]).await;
    let mut chain = chain(&first, &[&second]);
    let seen = ask(&mut chain, true).await;
    assert!(seen.result.is_ok(), "{:?}", seen.result);
    assert_eq!(seen.turned_to, ["second/m"]);
    assert_eq!(keys(&first), ["home"]);
}

#[tokio::test]
async fn no_pause_lies_between_an_account_with_too_many_requests_and_the_next() {
    for fault in ["sse-429@1", "sse-usage-limit@1", "sse-quota@1"] {
        let first = simulator(&[fault]).await;
        let seen = ask(&mut chain(&first, &[]), true).await;
        assert!(seen.result.is_ok(), "{fault}: {:?}", seen.result);
        assert_eq!(keys(&first), ["home", "work"], "{fault}");
        assert_eq!(seen.waits, 0, "{fault}");
    }
}

#[tokio::test]
async fn an_outage_is_waited_for_and_costs_no_account_where_there_is_no_other_provider() {
    let first = simulator(&["sse-500@1-3"]).await;
    let seen = ask(&mut chain(&first, &[]), true).await;
    assert!(seen.result.is_ok(), "{:?}", seen.result);
    assert!(seen.turned_to.is_empty(), "{:?}", seen.turned_to);
    assert!(keys(&first).iter().all(|key| key == "home"));
}

#[tokio::test]
async fn another_account_gets_no_reasoning_of_the_first_and_a_connection_of_its_own() {
    let first = simulator(&["sse-usage-limit@2"]).await;
    let mut chain = chain(&first, &[]);
    let mut input = vec![Item::user("hello")];
    for id in ["rs_1", "rs_2", "rs_3"] {
        go_on(&mut chain, &input, true).await.result.unwrap();
        input.extend([reasoning(id), Item::user("go on")]);
    }
    assert_eq!(keys(&first), ["home", "home", "work", "work"]);
    let sent: [&[&str]; 4] = [&[], &["rs_1"], &[], &["rs_2"]];
    assert_eq!(reasoning_sent(&first), sent);
    let seen = first.seen();
    let mut connections: Vec<u64> = seen.iter().map(|seen| seen.connection).collect();
    let of_work = connections.split_off(2);
    assert!(of_work.iter().all(|own| !connections.contains(own)));
}

/// Begins conversations one after the other, and tells who was asked in each.
async fn begun(strategy: &str, transport: &Transport, first: &Simulator) -> Vec<String> {
    for _ in 0..3 {
        let mut chain = configured(&config(first, &[], strategy), &KEYS, transport);
        ask(&mut chain, true).await.result.unwrap();
        ask(&mut chain, true).await.result.unwrap();
    }
    keys(first)
}

#[tokio::test]
async fn conversations_take_turns_and_each_stays_with_its_account() {
    for strategy in ["round-robin", "least-used"] {
        let first = simulator(&[]).await;
        let asked = begun(strategy, &transport(), &first).await;
        let expected = ["home", "home", "work", "work", "home", "home"];
        assert_eq!(asked, expected, "{strategy}");
    }
}

#[tokio::test]
async fn the_account_with_most_left_begins_once_that_is_known() {
    let first = simulator(&[]).await;
    let keys = [
        ("HOME_KEY", "key-home-used-80"),
        ("WORK_KEY", "key-work-used-20"),
    ];
    let text = format!(
        "{}[providers.first.usage]\npath = \"../backend-api/wham/usage\"\n\
         windows = [\"/rate_limit/primary_window\"]\n",
        config(&first, &[], "most-quota-left")
    );
    let transport = transport();
    let mut chain = configured(&text, &keys, &transport);
    ask(&mut chain, true).await.result.unwrap();
    let turns = || {
        first
            .seen()
            .into_iter()
            .filter(|seen| seen.route == Route::Sse)
    };
    let asked_last = || {
        turns()
            .next_back()?
            .header("authorization")
            .map(str::to_owned)
    };
    assert_eq!(asked_last().as_deref(), Some("Bearer key-home-used-80"));
    // The questions go on beside the first conversation; a new one begins by their answers.
    let begins_with_work = async {
        loop {
            let mut another = configured(&text, &keys, &transport);
            ask(&mut another, true).await.result.unwrap();
            if asked_last().as_deref() == Some("Bearer key-work-used-20") {
                break;
            }
        }
    };
    let limit = std::time::Duration::from_secs(20);
    tokio::time::timeout(limit, begins_with_work).await.unwrap();
    drop(chain);
}
