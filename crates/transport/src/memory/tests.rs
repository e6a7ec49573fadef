//! The store on a real disk.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, SystemTime};

use alipes_base::Clock;
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

#[test]
fn everything_that_is_kept_comes_back() {
    let home = tempfile::tempdir().unwrap();
    let file = MemoryFile::within(&home.path().join("not/yet/there"));
    assert!(file.load().unwrap().is_empty());
    let mut kept = snapshot(every_kind());
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
    kept.patience = learned.all();
    file.save(kept.clone(), now()).unwrap();
    assert_eq!(file.load().unwrap(), kept);
}

#[cfg(unix)]
#[test]
fn the_file_is_its_owners_alone_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    let file = MemoryFile::within(home.path());
    file.save(snapshot(every_kind()), now()).unwrap();
    let mode = fs::metadata(file.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let names: BTreeSet<_> = fs::read_dir(home.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    let expected = ["endpoints.json", "endpoints.lock"].map(std::ffi::OsString::from);
    assert_eq!(names, BTreeSet::from(expected));
}

#[test]
fn writers_at_the_same_time_lose_nothing() {
    let home = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let file = MemoryFile::within(home.path());
            scope.spawn(move || {
                for n in 0..20 {
                    let fact = buffered(format!("{writer}/{n}"));
                    file.save(snapshot([fact]), now()).unwrap();
                }
            });
        }
    });
    let stored = MemoryFile::within(home.path()).load().unwrap();
    assert_eq!(stored.facts.len(), 80);
}

#[test]
fn a_writer_learns_what_others_have_written() {
    let home = tempfile::tempdir().unwrap();
    let (one, other) = (
        MemoryFile::within(home.path()),
        MemoryFile::within(home.path()),
    );
    one.save(snapshot([buffered("a".to_owned())]), now())
        .unwrap();
    let merged = other
        .save(snapshot([buffered("b".to_owned())]), now())
        .unwrap();
    assert_eq!(merged.facts.len(), 2);
}

#[test]
fn what_has_ended_is_dropped_when_it_is_written() {
    let home = tempfile::tempdir().unwrap();
    let file = MemoryFile::within(home.path());
    file.save(snapshot(every_kind()), now()).unwrap();
    file.save(Snapshot::default(), now() + LASTING).unwrap();
    assert!(file.load().unwrap().is_empty());
}

#[test]
fn a_damaged_or_newer_file_is_named_ignored_and_rebuilt() {
    let home = tempfile::tempdir().unwrap();
    let file = MemoryFile::within(home.path());
    file.save(snapshot(every_kind()), now()).unwrap();
    let whole = fs::read(file.path()).unwrap();
    let damaged: [&[u8]; 7] = [
        b"",
        b"{",
        b"\0\0\0\0",
        b"[]",
        b"{\"version\":\"1\"}",
        b"{\"version\":1,\"facts\":7}",
        &whole[..whole.len() / 2],
    ];
    for text in damaged {
        fs::write(file.path(), text).unwrap();
        let warning = file.load().unwrap_err();
        assert!(matches!(warning.problem(), MemoryProblem::Corrupt));
        assert!(warning.to_string().contains("endpoints.json"));
        file.save(snapshot([buffered("a".to_owned())]), now())
            .unwrap();
        assert_eq!(file.load().unwrap().facts.len(), 1);
    }
    fs::write(file.path(), b"{\"version\":2,\"facts\":{\"new\":true}}").unwrap();
    let warning = file.load().unwrap_err();
    assert!(matches!(
        warning.problem(),
        MemoryProblem::Newer { version: 2 }
    ));
    file.save(snapshot(every_kind()), now()).unwrap();
    assert!(file.load().is_ok());
}

#[test]
fn an_entry_that_cannot_be_read_costs_only_itself() {
    let home = tempfile::tempdir().unwrap();
    let file = MemoryFile::within(home.path());
    let text = format!(
        r#"{{"version":1,"facts":[7,{{"fact":"new-kind"}},{{"fact":"classical-hello","egress":"a","noted":{0},"until":{1},"reason":{{"cause":"new-cause"}}}},{{"fact":"classical-hello","egress":"b","noted":{0},"until":{1},"later":1}}],"patience":[null]}}"#,
        now_ms(),
        now_ms() + 60_000
    );
    fs::write(file.path(), text).unwrap();
    let facts = file.load().unwrap().facts;
    assert_eq!(
        facts.keys().cloned().collect::<Vec<_>>(),
        [Fact::ClassicalHello {
            egress: "b".to_owned()
        }]
    );
}

#[test]
fn a_folder_that_cannot_be_written_is_one_warning() {
    let home = tempfile::tempdir().unwrap();
    let in_the_way = home.path().join("file");
    fs::write(&in_the_way, "").unwrap();
    let file = MemoryFile::within(&in_the_way);
    let warning = file.save(snapshot(every_kind()), now()).unwrap_err();
    assert!(matches!(warning.problem(), MemoryProblem::Unwritable(_)));
}

#[test]
fn a_lock_that_is_never_given_back_is_not_waited_for_forever() {
    let home = tempfile::tempdir().unwrap();
    let file = MemoryFile::within(home.path());
    let lock = fs::File::create(home.path().join("endpoints.lock")).unwrap();
    lock.lock().unwrap();
    let warning = file.save(snapshot(every_kind()), now()).unwrap_err();
    assert!(matches!(warning.problem(), MemoryProblem::Busy));
    drop(lock);
    file.save(snapshot(every_kind()), now()).unwrap();
}

#[tokio::test]
async fn facts_go_through_the_store_and_back() {
    let home = tempfile::tempdir().unwrap();
    let file = MemoryFile::within(home.path());
    let (clock, fact) = (Clock::anchored(now()), buffered("a".to_owned()));
    let (facts, others) = (Facts::new(clock.clone()), Facts::new(clock.clone()));
    facts.note(fact.clone(), LASTING, None);
    let kept = Snapshot {
        facts: facts.all(),
        patience: Default::default(),
    };
    file.save(kept, clock.wall()).unwrap();
    others.merge(file.load().unwrap().facts);
    assert_eq!(others.find(&fact), facts.find(&fact));
}
