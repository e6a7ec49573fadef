//! The turn against the simulator, by either route and through faults: the same answer, and every tool
//! once.

use alipes_base::{Clock, Rng};
use alipes_simulator::{Options, Scenario, Simulator};
use alipes_tools::Effect;
use alipes_transport::Route;

use crate::work::{Setup, Work};

async fn simulator(faults: &[&str]) -> Simulator {
    let options = Options {
        scenario: Scenario::from_flags(faults).unwrap(),
        ..Options::local(Clock::system(), Rng::seeded(1))
    };
    Simulator::start(options).await.unwrap()
}

fn work(simulator: &Simulator, routes: &[Route]) -> Work {
    let setup = Setup {
        granted: vec![Effect::Writes, Effect::Executes],
        routes: routes.to_vec(),
        ..Setup::default()
    };
    Work::set_up(&simulator.base_url(), setup)
}

#[tokio::test]
async fn a_turn_reads_real_files_by_either_route() {
    for route in [Route::Sse, Route::WebSocket] {
        let simulator = simulator(&[]).await;
        let mut work = work(&simulator, &[route]);
        work.file("notes.txt", "the cat sat\n");
        let answer = work.answer("read notes.txt").await;
        assert!(answer.text.contains("the cat sat"), "{}", answer.text);
        assert_eq!((answer.steps, answer.attempts), (2, 2), "{route}");
    }
}

#[tokio::test]
async fn a_command_runs_once_whatever_happens_to_the_connection() {
    let table = [
        (Route::WebSocket, "websocket-cut-after-text@1-2"),
        (Route::WebSocket, "websocket-reset-after-created@2"),
        (Route::Sse, "sse-cut-after-text@1"),
        (Route::Sse, "sse-failed@2"),
        (Route::Sse, "sse-completed-twice"),
    ];
    for (route, fault) in table {
        let simulator = simulator(&[fault]).await;
        let mut work = work(&simulator, &[route, Route::Sse]);
        let answer = work.answer("run the command echo once >> log").await;
        assert_eq!(answer.steps, 2, "{fault}");
        let log = std::fs::read_to_string(work.path("log")).unwrap();
        assert_eq!(log, "once\n", "{fault}");
    }
}

#[tokio::test]
async fn a_conversation_goes_on_over_one_socket() {
    let simulator = simulator(&[]).await;
    let mut work = work(&simulator, &[Route::WebSocket]);
    work.file("a.txt", "first\n");
    work.file("b.txt", "second\n");
    assert!(work.answer("read a.txt").await.text.contains("first"));
    assert!(work.answer("read b.txt").await.text.contains("second"));
    let seen = simulator.seen();
    assert!(
        seen.iter().all(|request| request.connection == 1),
        "{seen:?}"
    );
}
