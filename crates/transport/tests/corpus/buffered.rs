//! A way that holds answers back until they are whole: noticed once, and borne with.

use std::time::Duration;

use alipes_transport::{Profile, Reader, Route, Session, Trace, Update};
use alipes_wire::Item;

use crate::stage::{Cast, STEP, Stage, request, virtual_time};

/// A server behind something that lets no answer pass before its end, and its client; the routes in
/// this order.
fn stage(routes: &[Route], patience: Duration) -> (Stage, Session) {
    let stage = Stage::set(&Cast {
        faults: vec!["sse-late-first-event".to_owned()],
        ..Cast::default()
    });
    let mut profile = Profile::named("openai-codex").unwrap();
    profile.routes = routes.to_vec();
    profile.first_output_timeout = patience;
    let session = stage.session_with(profile);
    (stage, session)
}

/// What is seen of one step.
#[derive(Debug)]
struct Seen {
    route: Route,
    attempts: usize,
    /// Whether its way was said to hold answers back.
    told: bool,
}

async fn ask(stage: &Stage, session: &mut Session) -> Seen {
    let hello = [Item::user(
        "hello, whoever you are, and whatever you can do for me",
    )];
    let mut stream = session.stream(request(&hello, Reader::Replaces), stage.deadline(STEP));
    let (mut attempts, mut told) = (0, false);
    while let Some(update) = stream.next().await {
        match update {
            Update::Trace(Trace::AttemptStarted { .. }) => attempts += 1,
            Update::Trace(Trace::HeldBack { .. }) => told = true,
            _ => {}
        }
    }
    let route = stream.outcome().await.unwrap().route;
    Seen {
        route,
        attempts,
        told,
    }
}

#[test]
fn a_way_that_holds_answers_back_is_told_once_and_not_left_for_silence() {
    virtual_time().block_on(async {
        let (stage, mut session) = stage(&[Route::Sse], Duration::from_secs(5));
        let first = ask(&stage, &mut session).await;
        assert!(first.told && first.attempts == 2, "{first:?}");
        for _ in 0..2 {
            let next = ask(&stage, &mut session).await;
            assert!(!next.told && next.attempts == 1, "{next:?}");
        }
    });
}

#[test]
fn a_way_that_holds_answers_back_makes_the_websocket_the_better_route() {
    virtual_time().block_on(async {
        // Silence that ends patience would be joined by a request on the other route.
        let routes = [Route::Sse, Route::WebSocket];
        let (stage, mut session) = stage(&routes, Duration::from_secs(30));
        let first = ask(&stage, &mut session).await;
        assert!(first.told && first.route == Route::Sse, "{first:?}");
        let next = ask(&stage, &mut session).await;
        assert!(!next.told && next.route == Route::WebSocket, "{next:?}");
    });
}
