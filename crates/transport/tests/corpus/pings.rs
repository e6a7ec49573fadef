//! What is known of an edge's pings: one that answers none is doubted once, at the price of one more request; one that
//! has answered is not waited for when it does not any more.

use alipes_transport::{Cause, Profile, Reader, Route, Trace, Update};
use alipes_wire::Item;

use crate::observed::step;
use crate::stage::{Cast, STEP, Stage, request, virtual_time};

/// How many requests a step takes whose answer is late.
async fn attempts(stage: &Stage, route: Route) -> usize {
    let mut profile = Profile::named("openai-codex").unwrap();
    profile.routes = vec![route];
    let mut session = stage.session_with(profile);
    let hello = [Item::user("hello")];
    let mut stream = session.stream(request(&hello, Reader::Replaces), stage.deadline(STEP));
    let mut attempts = 0;
    while let Some(update) = stream.next().await {
        let begins = matches!(update, Update::Trace(Trace::AttemptStarted { .. }));
        attempts += usize::from(begins);
    }
    stream.outcome().await.unwrap();
    attempts
}

#[test]
fn an_edge_that_answers_no_pings_costs_a_second_request_once() {
    for (route, name) in [(Route::Sse, "sse"), (Route::WebSocket, "websocket")] {
        let pings = match route {
            Route::Sse => "http2-pings-unanswered",
            _ => "websocket-pings-unanswered",
        };
        let stage = Cast {
            faults: vec![pings.to_owned(), format!("{name}-late-first-event")],
            tls: true,
            ..Cast::default()
        };
        virtual_time().block_on(async {
            let stage = Stage::set(&stage);
            let mut all = Vec::new();
            for _ in 0..3 {
                all.push(attempts(&stage, route).await);
            }
            assert_eq!(all, [2, 1, 1], "{name}");
        });
    }
}

#[test]
fn a_pooled_connection_that_has_ponged_and_died_is_left_within_8_seconds() {
    let cast = Cast {
        tls: true,
        ..Cast::default()
    };
    virtual_time().block_on(async {
        let stage = Stage::set(&cast);
        let mut profile = Profile::named("openai-codex").unwrap();
        profile.routes = vec![Route::Sse];
        profile.hedge = false;
        let mut session = stage.session_with(profile);
        let hello = [Item::user("hello")];
        step(&stage, &mut session, &hello, STEP).await;
        stage.network.go_away();
        stage.network.come_back();
        let next = step(&stage, &mut session, &hello, STEP).await;
        assert!(next.answer.is_some(), "{next:?}");
        assert_eq!(next.faults[0].cause, Cause::EdgeDead, "{next:?}");
        assert!(next.took.as_secs() < 8, "{next:?}");
    });
}
