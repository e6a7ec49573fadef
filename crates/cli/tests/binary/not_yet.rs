//! What configuration and flags allow and this version cannot do says so.

use crate::machine::Machine;

#[tokio::test]
async fn what_is_planned_is_named_with_what_works_instead() {
    let mut messages = String::new();
    for dialect in ["chat", "messages"] {
        let config = format!(
            "[providers.w]\nbase_url = \"http://127.0.0.1:1/v1\"\ndialect = \"{dialect}\"\n\
             [model]\ndefault = \"w/m\"\n"
        );
        let machine = Machine::configured(&config);
        messages.push_str(&machine.refused(2, &["exec", "hi"]).await);
    }
    let simulated = ["exec", "--simulate", "--dialect", "chat", "hi"];
    messages.push_str(&Machine::new().refused(2, &simulated).await);
    insta::assert_snapshot!(messages, @r#"
    error: the dialect "chat" is not supported yet; use dialect = "responses" where the provider offers it
    error: the dialect "messages" is not supported yet; use dialect = "responses" where the provider offers it
    error: the dialect "chat" is not supported yet; use dialect = "responses" where the provider offers it
    "#);
}
