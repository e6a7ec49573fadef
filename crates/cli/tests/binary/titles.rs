//! A conversation's title: by the auxiliary model when the turn has ended, else the first line.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

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
            let said = match read(&mut stream).await.contains(ASKED) {
                true => title,
                false => "the answer",
            };
            let item = serde_json::json!({
                "type": "message", "role": "assistant",
                "content": [{"type": "output_text", "text": said}],
            });
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n\
                 data: {{\"type\":\"response.output_item.done\",\"item\":{item}}}\n\n\
                 data: {{\"type\":\"response.completed\",\"response\":{{\"id\":\"r\",\"status\":\"completed\"}}}}\n\n"
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

/// The list after a turn with this model, which is asked for titles too if it `is_auxiliary`.
async fn listed(title: &'static str, is_auxiliary: bool) -> String {
    let (base_url, _server) = model(title).await;
    let auxiliary = if is_auxiliary {
        "auxiliary = \"s/m\"\n"
    } else {
        ""
    };
    let machine = Machine::configured(&format!(
        "[providers.s]\nbase_url = \"{base_url}\"\nroutes = [\"sse\"]\n\
         [model]\ndefault = \"s/m\"\n{auxiliary}"
    ));
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
