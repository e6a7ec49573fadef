//! What one conversation has met, all others of the process know.

use std::sync::Mutex;
use std::time::SystemTime;

use crate::common::{
    Outcome, PATIENCE, ask_for, endpoint, new_transport, say, session_over, simulator, step,
};
use alipes_base::{Clock, Deadline};
use alipes_simulator::Simulator;
use alipes_transport::{
    Alternatives, Cause, MemoryStore, MemoryWarning, Phase, Profile, Request, Route, Snapshot,
    Trace, Transport, Update,
};
use alipes_wire::Item;
use futures_util::future::BoxFuture;

const SSE: &[Route] = &[Route::Sse];
const BOTH: &[Route] = &[Route::WebSocket, Route::Sse];

/// A first step of a new conversation.
pub(crate) async fn new_conversation(
    transport: &Transport,
    simulator: &Simulator,
    routes: &[Route],
    has_alternative: bool,
) -> Outcome {
    let change = |profile: Profile| profile.with_patience(PATIENCE);
    let endpoint = endpoint(&simulator.base_url(), routes, change);
    let request = Request {
        alternatives: Alternatives {
            account: false,
            provider: has_alternative,
            here: false,
        },
        ..step(&[Item::user("hello")])
    };
    ask_for(&mut session_over(transport, endpoint), request).await
}

#[tokio::test]
async fn a_refused_upgrade_is_not_tried_by_another_conversation() {
    let simulator = simulator(&["websocket-refused-403"]).await;
    let transport = new_transport();
    let first = new_conversation(&transport, &simulator, BOTH, false).await;
    assert_eq!(first.faults(), ["upgrade/upgrade-refused"]);
    let second = new_conversation(&transport, &simulator, BOTH, false).await;
    assert!(second.faults().is_empty(), "{:?}", second.faults());
    assert_eq!(second.result.unwrap().route, Route::Sse);
}

#[tokio::test]
async fn a_challenged_route_is_left_for_the_other_at_once() {
    let simulator = simulator(&["websocket-challenge"]).await;
    let transport = new_transport();
    for expected in [2, 1] {
        let outcome = new_conversation(&transport, &simulator, BOTH, false).await;
        assert_eq!(outcome.result.unwrap().attempts, expected);
    }
}

#[tokio::test]
async fn where_both_are_challenged_the_next_provider_is_asked_without_a_word() {
    let simulator = simulator(&["challenge"]).await;
    let transport = new_transport();
    let first = new_conversation(&transport, &simulator, BOTH, true).await;
    assert_eq!(first.result.unwrap_err().cause, Cause::Challenge);
    let seen = simulator.seen().len();
    let second = new_conversation(&transport, &simulator, BOTH, true).await;
    let fault = second.result.unwrap_err();
    assert_eq!((fault.phase, fault.cause), (Phase::Queue, Cause::Challenge));
    assert!(fault.evidence.cf_ray.is_some(), "{fault}");
    assert!(
        fault.to_string().contains("not tried: that was 0 s ago"),
        "{fault}"
    );
    assert!(matches!(second.traces[..], [Trace::NotTried { .. }]));
    assert_eq!(simulator.seen().len(), seen, "nothing was sent");
}

#[tokio::test]
async fn where_there_is_nobody_else_one_real_request_probes() {
    let simulator = simulator(&["challenge@1-2"]).await;
    let transport = new_transport();
    let first = new_conversation(&transport, &simulator, BOTH, false).await;
    assert_eq!(first.faults(), ["upgrade/challenge", "headers/challenge"]);
    let second = new_conversation(&transport, &simulator, BOTH, false).await;
    assert_eq!(second.result.unwrap().attempts, 1);
    // It has proven that the route is open again.
    let third = new_conversation(&transport, &simulator, BOTH, true).await;
    assert!(third.result.is_ok());
}

#[tokio::test]
async fn an_endpoint_that_fails_again_and_again_is_left_alone_while_there_is_another() {
    let simulator = simulator(&["sse-500"]).await;
    let transport = new_transport();
    let mut asked_first = 0;
    for _ in 0..6 {
        let fault = new_conversation(&transport, &simulator, SSE, true).await;
        assert_eq!(fault.result.unwrap_err().cause, Cause::ServerError);
        asked_first = simulator.seen().len();
    }
    assert_eq!(
        asked_first, 6,
        "twice for each of three steps, then no more"
    );
    let alone = new_conversation(&transport, &simulator, SSE, false).await;
    assert_eq!(alone.result.unwrap_err().phase, Phase::Headers);
    assert!(simulator.seen().len() > asked_first, "nobody else is left");
}

#[tokio::test]
async fn one_account_has_as_many_requests_under_way_as_the_profile_says() {
    let simulator = simulator(&["sse-stall-before-headers@1"]).await;
    let transport = new_transport();
    let narrow = |profile: Profile| {
        let mut profile = profile.with_patience(PATIENCE);
        (profile.concurrency, profile.hedge) = (1, false);
        profile
    };
    let endpoint = endpoint(&simulator.base_url(), SSE, narrow);
    let mut first = session_over(&transport, endpoint.clone());
    let mut second = session_over(&transport, endpoint);
    let waits = async {
        // It begins when the first one has taken its place, and waits for nothing.
        while simulator.seen().is_empty() {
            tokio::task::yield_now().await;
        }
        say(&mut second, "hello").await
    };
    let (first, second) = tokio::join!(say(&mut first, "hello"), waits);
    assert_eq!(first.faults(), ["headers/silent"]);
    assert!(first.result.is_ok() && second.result.is_ok());
    let queued = |trace: &&Trace| matches!(trace, Trace::Waiting { limit: "queue", .. });
    assert_eq!(second.traces.iter().filter(queued).count(), 1);
    assert!(second.faults().is_empty());
}

/// What was stored last.
#[derive(Default)]
struct Shelf(Mutex<Snapshot>);

impl MemoryStore for Shelf {
    fn load(&self) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(async { Ok(self.0.lock().unwrap().clone()) })
    }

    fn save(
        &self,
        ours: Snapshot,
        _now: SystemTime,
    ) -> BoxFuture<'_, Result<Snapshot, MemoryWarning>> {
        Box::pin(async move {
            *self.0.lock().unwrap() = ours.clone();
            Ok(ours)
        })
    }
}

/// What a transport would tell the next process about waits: by stage, whether each was seen to its
/// end.
async fn waits(transport: &Transport) -> Vec<Vec<bool>> {
    let shelf = Shelf::default();
    assert!(transport.keep(&shelf).await.is_none());
    let rows = shelf.0.into_inner().unwrap().rows();
    let known = rows.iter().map(|row| serde_json::from_str(&row.known));
    let known: Vec<serde_json::Value> = known.collect::<Result<_, _>>().unwrap();
    // What is known of waits is a list; of a fact it is an object.
    let stages = known.iter().filter_map(|known| known.as_array()).flatten();
    let seen = |sample: &serde_json::Value| sample[2] == 0;
    stages
        .map(|stage| stage.as_array().unwrap().iter().map(seen).collect())
        .collect()
}

#[tokio::test]
async fn an_answer_teaches_how_long_to_wait_and_a_fault_does_not() {
    let (healthy, broken) = (simulator(&[]).await, simulator(&["sse-500"]).await);
    let transport = new_transport();
    let fault = new_conversation(&transport, &broken, SSE, true).await;
    assert!(fault.result.is_err());
    assert_eq!(waits(&transport).await, Vec::<Vec<bool>>::new());
    let answer = new_conversation(&transport, &healthy, SSE, true).await;
    assert!(answer.result.is_ok());
    let learnt = waits(&transport).await;
    assert_eq!(learnt.len(), 4, "one kind of request, four stages");
    assert_eq!(learnt[3], [true], "the text has come to its end");
}

#[tokio::test]
async fn a_cancelled_wait_teaches_that_it_takes_at_least_so_long() {
    let simulator = simulator(&["sse-stall-after-created"]).await;
    let transport = new_transport();
    let endpoint = endpoint(&simulator.base_url(), SSE, |profile| profile);
    let mut session = session_over(&transport, endpoint);
    let deadline = Deadline::after(&Clock::system(), "test", PATIENCE * 40);
    let mut stream = session.stream(step(&[Item::user("hello")]), deadline);
    loop {
        if let Some(Update::Event(_)) = stream.next().await {
            break;
        }
    }
    drop(stream);
    assert_eq!(
        waits(&transport).await[1],
        [false],
        "the first output never came"
    );
}
