//! Conversations whose beginning only the account that made it shorter can read.

use alipes_models::{Chain, Model as _, Prompt, Sealed};
use alipes_simulator::Simulator;
use alipes_transport::Cause;
use alipes_wire::Item;

use crate::common::{Seen, configured, deadline, prompt, simulator, step, transport};

const KEYS: [(&str, &str); 2] = [("HOME_KEY", "key-home"), ("WORK_KEY", "key-work")];

/// A provider that makes conversations shorter, with these accounts.
fn chain(simulator: &Simulator, accounts: &[&str]) -> Chain {
    let accounts = accounts.iter().map(|name| {
        let variable = name.to_uppercase();
        format!("{name} = {{ env = \"{variable}_KEY\" }}\n")
    });
    let accounts: String = accounts.collect();
    let text = format!(
        "[providers.first]\nbase_url = \"{}\"\nprofile = \"openai-codex\"\n\
         [providers.first.endpoint]\nroutes = [\"sse\"]\n\
         [providers.first.accounts]\n{accounts}[model]\ndefault = \"first/m\"\n",
        simulator.base_url()
    );
    configured(&text, &KEYS, &transport())
}

/// The next step of a conversation that its provider has made shorter.
async fn go_on_sealed(chain: &mut Chain) -> Seen {
    let input = [Item::user("hello"), Item::user("go on")];
    let question = chain.compact(&prompt(&input)).unwrap();
    let Sealed { items, maker, .. } = question.ask(deadline()).await.unwrap();
    let sealed = Prompt {
        maker: Some(&maker),
        ..prompt(&items)
    };
    step(chain, &sealed, true).await
}

#[tokio::test]
async fn an_outage_is_waited_for_where_only_another_account_cannot_read_the_beginning() {
    let first = simulator(&["sse-500@1-2"]).await;
    let seen = go_on_sealed(&mut chain(&first, &["home", "work"])).await;
    assert!(seen.result.is_ok(), "{:?}", seen.result);
    assert!(!seen.unreadable && seen.turned_to.is_empty());
}

#[tokio::test]
async fn what_another_account_might_answer_is_said_anew_for_it() {
    let first = simulator(&["sse-usage-limit"]).await;
    let seen = go_on_sealed(&mut chain(&first, &["home", "work"])).await;
    assert_eq!(seen.result.unwrap_err().cause, Cause::UsageLimit);
    assert!(seen.unreadable);
    let seen = go_on_sealed(&mut chain(&first, &["home"])).await;
    assert!(seen.result.is_err() && !seen.unreadable);
}

#[tokio::test]
async fn what_its_own_maker_cannot_read_any_more_is_said_anew_and_nobody_rests_for_it() {
    let first = simulator(&["sse-invalid-encrypted-content@1"]).await;
    let mut chain = chain(&first, &["home", "work"]);
    let seen = go_on_sealed(&mut chain).await;
    let refused = seen.result.unwrap_err();
    assert_eq!(refused.cause, Cause::InvalidEncryptedContent);
    assert!(seen.unreadable);
    let words = [Item::user("hello"), Item::user("go on")];
    let anew = step(&mut chain, &prompt(&words), true).await;
    assert!(anew.result.is_ok() && anew.turned_to.is_empty());
    let seen = first.seen();
    let keys = seen.iter().filter_map(|seen| seen.header("authorization"));
    assert!(keys.clone().count() > 2 && keys.clone().all(|key| key == "Bearer key-home"));
}

#[tokio::test]
async fn a_provider_that_shortens_gets_nothing_that_only_another_dialect_knows() {
    let first = simulator(&[]).await;
    let mut chain = chain(&first, &["home"]);
    let said = |content: &str| {
        let item = format!(r#"{{"role":"user","x_chat":{{"name":"n"}},"content":[{content}]}}"#);
        [Item::parse(&item).unwrap()]
    };
    // The simulator gives back what users said as it came.
    let text = said(r#"{"type":"input_text","text":"hello"}"#);
    let question = chain.compact(&prompt(&text)).unwrap();
    let told = question.ask(deadline()).await.unwrap().items;
    assert!(told[0].json().contains("hello"), "{told:?}");
    assert!(!told[0].json().contains("x_chat"), "{told:?}");
    let audio = said(r#"{"type":"x_chat","x_chat":{"type":"input_audio"}}"#);
    assert!(chain.compact(&prompt(&audio)).is_none());
}
