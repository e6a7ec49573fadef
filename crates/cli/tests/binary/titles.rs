//! A conversation's title: by the auxiliary model when the turn has ended, else the first line.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::chat::opened;
use crate::machine::Machine;

/// What a model is asked for a title with.
const ASKED: &str = "Name the conversation";

/// A model that has one answer to every prompt, and another to who wants a title.
#[expect(clippy::disallowed_methods, reason = "a server to be tested against")]
async fn model(title: &'static str) -> (String, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap());
    let mut server = JoinSet::new();
    server.spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let (said, tokens) = match read(&mut stream).await.contains(ASKED) {
                true => (title, 30),
                false => ("the answer", 4_000),
            };
            let item = serde_json::json!({
                "type": "message", "role": "assistant",
                "content": [{"type": "output_text", "text": said}],
            });
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\
                 data: {{\"type\":\"response.output_item.done\",\"item\":{item}}}\n\n\
                 data: {{\"type\":\"response.completed\",\"response\":{{\"id\":\"r\",\"status\":\"completed\",\
                 \"usage\":{{\"input_tokens\":{tokens},\"output_tokens\":2}}}}}}\n\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    (base_url, server)
}

/// A request, whole.
async fn read(stream: &mut TcpStream) -> String {
    let mut request = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.unwrap();
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            return text;
        }
    }
}

/// A machine that asks this model, for titles too if it `is_auxiliary`.
fn machine(base_url: &str, is_auxiliary: bool) -> Machine {
    let auxiliary = if is_auxiliary {
        "auxiliary = \"s/m\"\n"
    } else {
        ""
    };
    Machine::configured(&format!(
        "[providers.s]\nbase_url = \"{base_url}\"\nroutes = [\"sse\"]\n\
         [model]\ndefault = \"s/m\"\n{auxiliary}"
    ))
}

/// The list after a turn with such a model.
async fn listed(title: &'static str, is_auxiliary: bool) -> String {
    let (base_url, _server) = model(title).await;
    let machine = machine(&base_url, is_auxiliary);
    let ran = machine.run(&["exec", "first line\nand more"]).await;
    assert_eq!(ran.answer(), "the answer\n");
    let list = machine.run(&["sessions", "list"]).await;
    list.answer().to_owned()
}

#[tokio::test]
async fn after_exec_the_auxiliary_model_has_named_the_conversation() {
    let list = listed("“Fix the parser.”", true).await;
    assert!(list.contains("Fix the parser\n"), "{list}");
}

#[tokio::test]
async fn without_an_auxiliary_model_or_a_title_from_it_the_first_line_is_the_title() {
    for (title, is_auxiliary) in [("Unasked", false), ("", true)] {
        let list = listed(title, is_auxiliary).await;
        assert!(list.contains("first line\n"), "{list}");
    }
}

#[tokio::test]
async fn what_a_title_took_is_part_of_what_the_turn_took() {
    let (base_url, _server) = model("Parser").await;
    let machine = machine(&base_url, true);
    let ran = machine.run(&["exec", "--json", "first line"]).await;
    let events = ran.answer().lines();
    let events: Vec<serde_json::Value> = events
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let tokens = |kind: &str| {
        let told = events.iter().filter(|event| event["type"] == kind);
        let tokens = told.map(|event| event["usage"]["input_tokens"].as_u64().unwrap());
        tokens.collect::<Vec<_>>()
    };
    assert_eq!(tokens("step.completed"), [4_000]);
    assert_eq!(tokens("beside.completed"), [30]);
    assert_eq!(tokens("turn.completed"), [4_030]);
}

#[tokio::test]
async fn in_a_chat_the_auxiliary_model_names_the_conversation_and_is_counted() {
    let (base_url, _server) = model("Fix the parser").await;
    let machine = machine(&base_url, true);
    let chat = opened(&machine, &["chat"], 80, 24).await;
    chat.says("first line");
    chat.until_done("the answer").await;
    // What has come beside the turns is taken with the next.
    chat.says("second line");
    chat.until_it("two answers", |all| all.matches("the answer").count() == 2)
        .await;
    chat.says("/status");
    chat.until("8.0k in").await;
    chat.says("/quit");
    chat.end().await;
    let list = machine.run(&["sessions", "list"]).await;
    assert!(list.answer().contains("Fix the parser\n"), "{}", list.out);
}
