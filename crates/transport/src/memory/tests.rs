//! What is stored, as rows and as the file of old.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use url::Url;

use super::*;
use crate::breaker::BreakerKey;
use crate::patience::Stage;
use crate::patience::learned::{LearnedPatience, RequestKind};
use crate::patience::samples::Sample;
use crate::reason::Reason;
use crate::{AccountKey, Cause, EndpointKey, PathClass, Route};

const LASTING: Duration = Duration::from_secs(600);

fn now() -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_000_000)
}

fn now_ms() -> u64 {
    1_795_000_000_000
}

fn endpoint() -> EndpointKey {
    EndpointKey::of(&Url::parse("https://h/v1").unwrap())
}

fn snapshot(facts: impl IntoIterator<Item = Fact>) -> Snapshot {
    let reason = Reason {
        cause: Cause::Challenge,
        cf_ray: Some("8f2-SJC".to_owned()),
    };
    let remembered = Remembered {
        reason: Some(reason),
        ..Remembered::for_the_next(LASTING, now_ms())
    };
    Snapshot {
        facts: facts
            .into_iter()
            .map(|fact| (fact, remembered.clone()))
            .collect(),
        patience: Default::default(),
    }
}

fn buffered(egress: String) -> Fact {
    let endpoint = endpoint();
    Fact::BufferedPath { egress, endpoint }
}

/// One fact of every kind.
fn every_kind() -> Vec<Fact> {
    let egress = "direct 192.0.2.7".to_owned();
    let account = AccountKey::of(&endpoint(), "a");
    vec![
        Fact::WebSocketRefused {
            egress: egress.clone(),
            endpoint: endpoint(),
        },
        Fact::Challenged {
            egress: egress.clone(),
            endpoint: endpoint(),
            class: PathClass::Main,
            route: Route::Sse,
        },
        Fact::ClassicalHello {
            egress: egress.clone(),
        },
        Fact::CalmAsked {
            server: "h:443".to_owned(),
        },
        Fact::ZstdRefused {
            endpoint: endpoint(),
        },
        buffered(egress.clone()),
        Fact::ConcurrencyMet {
            endpoint: endpoint(),
            account,
        },
        Fact::BreakerOpen(BreakerKey::Path {
            egress,
            endpoint: endpoint(),
        }),
    ]
}

/// Everything there is to store.
fn everything() -> Snapshot {
    let mut everything = snapshot(every_kind());
    let learned = LearnedPatience::default();
    let kind = RequestKind {
        endpoint: endpoint(),
        route: Route::WebSocket,
        model: "m".to_owned(),
        effort: "high".to_owned(),
        size: 2,
    };
    let sample = Sample::new(now_ms(), Duration::from_millis(1_234), true);
    learned.learn(&kind, vec![(Stage::Output, sample)]);
    everything.patience = learned.all();
    everything
}

#[test]
fn everything_that_is_kept_comes_back_from_its_rows() {
    let rows = everything().rows();
    assert_eq!(rows.len(), every_kind().len() + 1);
    let about: BTreeSet<_> = rows.iter().map(|row| &row.about).collect();
    assert_eq!(about.len(), rows.len(), "each is about something else");
    assert_eq!(Snapshot::of_rows(rows), everything());
}

#[test]
fn what_has_ended_is_dropped_when_it_is_merged() {
    let mut stored = snapshot(every_kind());
    stored.merge(Snapshot::default(), now() + LASTING);
    assert!(stored.is_empty());
}

#[test]
fn a_row_that_cannot_be_read_costs_only_itself() {
    let row = |about: &str, known: &str| MemoryRow {
        about: about.to_owned(),
        known: known.to_owned(),
    };
    let damaged = [
        row("", ""),
        row("7", "null"),
        row("\0", "{}"),
        row(r#"{"fact":"new-kind"}"#, r#"{"noted":1,"until":2}"#),
        row(r#"{"fact":"classical-hello","egress":"a"}"#, "{"),
        row(
            r#"{"fact":"classical-hello","egress":"b"}"#,
            r#"{"noted":1,"until":2,"reason":{"cause":"new-cause"}}"#,
        ),
    ];
    let rows = everything().rows().into_iter().chain(damaged);
    assert_eq!(Snapshot::of_rows(rows), everything());
}

#[test]
fn what_is_believed_is_told_by_its_name_and_whom_it_is_about() {
    let everything = everything();
    let facts = everything.facts(now());
    assert_eq!(facts.len(), every_kind().len());
    let refused = facts.iter().find(|fact| fact.what == "websocket-refused");
    let refused = refused.unwrap();
    assert_eq!(refused.endpoint.as_deref(), Some("https://h"));
    assert_eq!(refused.egress.as_deref(), Some("direct 192.0.2.7"));
    assert_eq!(refused.cause, Some(Cause::Challenge));
    assert_eq!(refused.until_ms - refused.noted_ms, 600_000);
    let calm = facts.iter().find(|fact| fact.what == "calm-asked");
    assert_eq!(calm.unwrap().endpoint.as_deref(), Some("h:443"));
    assert!(facts.iter().any(|fact| fact.what == "breaker-open"));
    assert_eq!(everything.facts(now() + LASTING), []);
}

fn former(home: &tempfile::TempDir, text: &[u8]) -> FormerMemory {
    fs::write(home.path().join("endpoints.json"), text).unwrap();
    FormerMemory::within(home.path())
}

#[test]
fn the_file_of_old_is_read_and_removed() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(FormerMemory::within(home.path()).read(), None);
    let text = format!(
        r#"{{"version":1,"facts":[7,{{"fact":"new-kind"}},{{"fact":"classical-hello","egress":"a","noted":{0},"until":{1},"later":1}}],"patience":[null,{{"endpoint":"https://h#1","route":"sse","model":"m","effort":"","size":0,"waits":[[[{0},9,0]],[],[],[]]}}]}}"#,
        now_ms(),
        now_ms() + 60_000
    );
    let former = former(&home, text.as_bytes());
    let read = former.read().unwrap();
    assert_eq!((read.facts.len(), read.patience.len()), (1, 1));
    former.remove();
    assert_eq!(former.read(), None);
}

#[test]
fn a_damaged_file_of_old_is_an_empty_one() {
    let home = tempfile::tempdir().unwrap();
    let damaged: [&[u8]; 6] = [
        b"",
        b"{",
        b"\0\0\0\0",
        b"[]",
        b"{\"version\":1,\"facts\":7}",
        b"{\"version\":2,\"facts\":[]}",
    ];
    for text in damaged {
        let read = former(&home, text).read().unwrap();
        assert!(read.is_empty(), "{}", text.escape_ascii());
    }
}
