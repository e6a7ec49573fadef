//! Turns that fail, and programs that cannot be asked.

use std::time::Duration;

use alipes_base::Clock;
use alipes_transport::{Cause, Phase, Reader, Replay, Trace, Update};
use alipes_wire::Item;

use super::{LONG, Stage, ask, ask_as, request, within};

async fn fault_of(stage: &Stage) -> alipes_transport::Fault {
    ask(&mut stage.server(), &[Item::user("hi")]).await.fault()
}

#[tokio::test]
async fn a_missing_program_is_named_with_what_to_do() {
    let stage = Stage::new("finish");
    std::fs::remove_file(stage.path("codex")).unwrap();
    let fault = fault_of(&stage).await;
    assert_eq!(
        (fault.cause, fault.replay),
        (Cause::ClientUnavailable, Replay::Free)
    );
    assert!(fault.to_string().contains("no `codex` in PATH"), "{fault}");
    assert!(fault.cause.advice().contains("npm install"));
}

#[tokio::test]
async fn one_that_is_too_old_is_named_with_the_version_that_is_needed() {
    let stage = Stage::with("finish", "0.120.3", false);
    let told = fault_of(&stage).await.to_string();
    assert!(
        told.contains("0.120.3") && told.contains("0.142.0 or newer"),
        "{told}"
    );
    assert_eq!(stage.heard("turn/start"), 0);
}

#[tokio::test]
async fn one_that_knows_no_app_server_is_quoted() {
    let stage = Stage::of_script(
        "echo \"error: unrecognized subcommand '$0', key hunter22\" >&2; exit 2\n",
    );
    let fault = fault_of(&stage).await;
    assert_eq!(fault.cause, Cause::ClientUnavailable);
    let told = fault.to_string();
    assert!(
        told.contains("unrecognized subcommand 'app-server'"),
        "{told}"
    );
    assert!(!told.contains("hunter22"), "{told}");
}

#[tokio::test]
async fn one_that_is_signed_in_to_nothing_says_how_to_sign_in() {
    let stage = Stage::with("finish", "0.169.0", true);
    let fault = fault_of(&stage).await;
    assert_eq!(fault.cause, Cause::ClientUnavailable);
    assert!(fault.to_string().contains("codex login"));
}

#[tokio::test]
async fn its_end_in_the_middle_of_a_turn_is_a_cut_and_nothing_is_asked_again() {
    let stage = Stage::new(
        "tell item/agentMessage/delta '\"itemId\":\"m\",\"delta\":\"half\"'\n echo lost it >&2; exit 1",
    );
    let mut server = stage.server();
    let seen = ask_as(&mut server, &[Item::user("hi")], false, within(LONG)).await;
    assert_eq!(seen.text(), "half");
    let fault = seen.fault();
    assert_eq!(
        (fault.cause, fault.phase, fault.replay),
        (Cause::Cut, Phase::Stream, Replay::Forbidden)
    );
    assert!(fault.to_string().contains("lost it"), "{fault}");
    assert_eq!(stage.heard("turn/start"), 1);
}

#[tokio::test]
async fn a_line_without_end_is_a_fault_and_not_memory() {
    let stage = Stage::new("head -c 10485760 /dev/zero | tr '\\0' x; say ''; finish");
    let fault = fault_of(&stage).await;
    assert_eq!(fault.cause, Cause::Malformed);
    assert!(fault.to_string().contains("8 MiB"), "{fault}");
}

#[tokio::test]
async fn a_silent_one_ends_at_the_deadline_and_is_told_to_stop() {
    let stage = Stage::new("");
    let mut server = stage.server();
    let deadline = within(Duration::from_secs(3));
    let seen = ask_as(&mut server, &[Item::user("hi")], true, deadline).await;
    let fault = seen.fault();
    assert_eq!(fault.cause, Cause::Deadline);
    assert_eq!(fault.limit.map(|limit| limit.limit), Some("test"));
    stage.until("heard", "turn/interrupt").await;
}

#[tokio::test]
async fn a_limit_is_told_with_its_end() {
    let resets_at = Clock::system().unix_ms() / 1_000 + 3_600;
    let stage = Stage::new(&format!(
        "say '{{\"method\":\"account/rateLimits/updated\",\"params\":{{\"rateLimits\":{{\"primary\":\
         {{\"usedPercent\":100,\"windowDurationMins\":300,\"resetsAt\":{resets_at}}},\"secondary\":null}}}}}}'
      tell turn/completed '\"turn\":{{\"id\":\"U\",\"items\":[],\"status\":\"failed\",\"error\":\
         {{\"message\":\"no more\",\"codexErrorInfo\":\"usageLimitExceeded\"}}}}'"
    ));
    let fault = fault_of(&stage).await;
    assert_eq!(
        (fault.cause, fault.replay),
        (Cause::UsageLimit, Replay::Allowed)
    );
    let wait = fault.retry_after.unwrap().as_secs();
    assert!((3_500..=3_600).contains(&wait), "{wait}");
}

#[tokio::test]
async fn a_reader_that_cannot_begin_anew_is_told_nothing_twice() {
    let stage = Stage::new(
        r#"
      tell item/agentMessage/delta '"itemId":"m","delta":"half"'
      tell error '"willRetry":true,"error":{"message":"Reconnecting... 1/5","codexErrorInfo":{"responseStreamDisconnected":{"httpStatusCode":502}}}'
      message whole
      finish"#,
    );
    let mut server = stage.server();
    let seen = ask_as(&mut server, &[Item::user("hi")], false, within(LONG)).await;
    assert_eq!((seen.text().as_str(), seen.restarts.len()), ("half", 0));
    let fault = seen.fault();
    assert_eq!(
        (fault.cause, fault.replay),
        (Cause::ServerError, Replay::Forbidden)
    );
    stage.until("heard", "turn/interrupt").await;
}

#[tokio::test]
async fn what_has_worked_is_done_by_nobody_again() {
    let stage = Stage::new(
        r#"
      tell item/started '"item":{"type":"commandExecution","id":"c"}'
      tell turn/completed '"turn":{"id":"U","items":[],"status":"failed","error":{"message":"m","codexErrorInfo":"serverOverloaded"}}'"#,
    );
    let fault = fault_of(&stage).await;
    assert_eq!(
        (fault.cause, fault.replay),
        (Cause::Overloaded, Replay::Forbidden)
    );
}

#[tokio::test]
async fn what_it_refuses_is_told() {
    let script = super::FRAME
        .replace("VERSION", "0.169.0")
        .replace("SIGNED_OUT", "false")
        .replace(
            r#"\"result\":{\"turn\":{\"id\":\"U\"}}"#,
            r#"\"error\":{\"code\":-32600,\"message\":\"no such model\"}"#,
        )
        .replace("SCENE", ":");
    let fault = fault_of(&Stage::of_script(&script)).await;
    assert_eq!(fault.cause, Cause::InvalidRequest);
    assert!(
        fault.to_string().contains("turn/start: no such model"),
        "{fault}"
    );
}

#[tokio::test]
async fn one_that_tries_again_for_ever_is_left_with_its_own_last_words() {
    let stage = Stage::new(
        r#"
      tell error '"willRetry":true,"error":{"message":"waiting for network","codexErrorInfo":{"responseStreamConnectionFailed":{}}}'"#,
    );
    let mut server = stage.server();
    let mut stream = server.stream(
        request(&[Item::user("hi")]),
        Reader::Replaces,
        within(LONG * 60),
    );
    let is_failure = |update: &Update| matches!(update, Update::Trace(Trace::AttemptFault { .. }));
    while !stream.next().await.as_ref().is_some_and(is_failure) {}
    // From here on nothing but time passes.
    tokio::time::pause();
    while stream.next().await.is_some() {}
    let fault = stream.outcome().await.unwrap_err();
    assert_eq!(
        (fault.cause, fault.replay),
        (Cause::Unreachable, Replay::Allowed)
    );
    assert!(fault.to_string().contains("waiting for network"), "{fault}");
}
