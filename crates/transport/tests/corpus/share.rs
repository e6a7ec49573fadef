//! Many sessions in front of one server that fails: together they repeat one request in five.

use alipes_transport::{Profile, Reader, Route};
use alipes_wire::Item;
use futures_util::future::join_all;

use crate::stage::{Cast, STEP, Stage, request, virtual_time};

/// How many there are.
const SESSIONS: usize = 30;

#[test]
fn many_sessions_together_do_not_keep_a_failing_server_down() {
    let (told, requests) = virtual_time().block_on(async {
        let stage = Stage::set(&Cast {
            faults: vec!["sse-500".to_owned()],
            ..Cast::default()
        });
        let step = async || {
            let mut profile = Profile::named("openai-codex").unwrap();
            profile.routes = vec![Route::Sse];
            let mut session = stage.session_with(profile);
            let hello = request(&[Item::user("hello")], Reader::Replaces);
            let stream = session.stream(hello, stage.deadline(STEP));
            stream.finish().await.unwrap_err().to_string()
        };
        let told = join_all((0..SESSIONS).map(|_| step())).await;
        (told, stage.requests())
    });
    // Three steps' budgets, and one in five (`retry_share`).
    assert_eq!(requests, SESSIONS + 21 + SESSIONS / 5);
    let whole = told
        .iter()
        .filter(|fault| !fault.contains("not sent again"));
    assert_eq!(whole.count(), 0, "{told:?}");
}
