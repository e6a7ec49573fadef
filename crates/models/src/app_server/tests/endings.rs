//! What is left when a turn is given up.

use std::time::Duration;

use alipes_transport::{Reader, Update};
use alipes_wire::Item;
use rustix::process::{Pid, test_kill_process};

use super::{LONG, Stage, request, within};

/// It says something, has a child of its own, and goes on for ever.
const ENDLESS: &str = r#"
      sleep 1000 & echo "$!" > grandchild
      tell item/agentMessage/delta '"itemId":"m","delta":"on"'"#;

async fn gone(pid: &str) {
    let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
    let looking = async {
        while test_kill_process(pid).is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(
        tokio::time::timeout(LONG, looking).await.is_ok(),
        "it lives on"
    );
}

#[tokio::test]
async fn a_dropped_turn_is_interrupted_and_nothing_of_the_program_lives_on() {
    let stage = Stage::new(ENDLESS);
    let mut server = stage.server();
    let mut stream = server.stream(request(&[Item::user("hi")]), Reader::Replaces, within(LONG));
    while !matches!(stream.next().await, Some(Update::Event(event)) if event.kind().ends_with("text.delta"))
    {
    }
    drop(stream);
    stage.until("heard", "turn/interrupt").await;
    gone(&stage.read("grandchild")).await;
}

#[tokio::test]
async fn a_program_that_does_not_stop_is_killed() {
    // It neither reads nor ends by itself.
    let stage = Stage::new(&format!("{ENDLESS}\n      trap '' TERM; sleep 1000"));
    let mut server = stage.server();
    let mut stream = server.stream(request(&[Item::user("hi")]), Reader::Replaces, within(LONG));
    while !matches!(stream.next().await, Some(Update::Event(event)) if event.kind().ends_with("text.delta"))
    {
    }
    drop(stream);
    gone(&stage.read("grandchild")).await;
}

#[tokio::test]
async fn an_idle_program_ends_with_its_owner() {
    let stage = Stage::new(&format!("{ENDLESS}\n      finish"));
    let mut server = stage.server();
    super::ask(&mut server, &[Item::user("hi")])
        .await
        .result
        .unwrap();
    drop(server);
    gone(&stage.read("grandchild")).await;
}
