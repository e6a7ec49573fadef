//! `store repair`, killed whenever: the damaged store stands there, or the repaired one.

use std::time::Duration;

use crate::machine::{LIMIT, Machine, ended};

/// How much later each repair is killed than the one before.
const LATER: Duration = Duration::from_millis(4);

/// A machine with a conversation in the database and one in its log, and damage to the first.
async fn damaged() -> Machine {
    let machine = Machine::new();
    let long = format!("one {}", "needle ".repeat(4_000));
    let turn = ["exec", "--simulate", &long];
    machine.run(&turn).await.answer();
    machine.run(&["store", "backup", "copy.db"]).await.answer();
    for name in ["store/alipes.db-wal", "store/alipes.db-shm"] {
        let _ = std::fs::remove_file(machine.home(name));
    }
    let mut bytes = std::fs::read(machine.path("copy.db")).unwrap();
    let at = bytes
        .windows(14)
        .rposition(|text| text == b"needle needle ");
    let at = at.unwrap();
    bytes[at..at + 14].fill(0xA5);
    std::fs::write(machine.home("store/alipes.db"), bytes).unwrap();
    let turn = ["exec", "--simulate", "two"];
    machine.run(&turn).await.answer();
    let log = std::fs::metadata(machine.home("store/alipes.db-wal"));
    assert!(log.unwrap().len() > 0);
    machine
}

#[tokio::test]
async fn whenever_a_repair_is_killed_no_conversation_is_gone() {
    let machine = damaged().await;
    let check = machine.run(&["store", "check"]).await;
    assert_eq!(check.code, Some(1), "{check:?}");
    let listed = |list: &str| (list.lines().count(), list.contains("two"));
    let (mut kills, mut after) = (0, Duration::ZERO);
    let repaired = loop {
        let mut command = machine.command(&["store", "repair"]);
        let mut child = command.spawn().unwrap();
        if tokio::time::timeout(after, child.wait()).await.is_ok() {
            break ended(child).await;
        }
        child.start_kill().unwrap();
        tokio::time::timeout(LIMIT, child.wait())
            .await
            .unwrap()
            .unwrap();
        kills += 1;
        after += LATER;
        let list = machine.run(&["sessions", "list", "--all"]).await;
        assert_eq!(listed(list.answer()), (2, true), "kill {kills}: {list:?}");
    };
    assert!(kills > 3, "{kills}");
    // The last kill may have come when all was done but the telling.
    assert!(repaired.answer().contains("is kept as") || repaired.out.contains("is sound"));
    assert!(repaired.out.contains("alipes.damaged-"), "{}", repaired.out);
    assert!(!machine.home("store/repairing").exists());
    let check = machine.run(&["store", "check"]).await;
    assert!(
        check.answer().starts_with("the store is sound: 2 conv"),
        "{check:?}"
    );
    let shown = machine.run(&["sessions", "search", "two"]).await;
    assert_eq!(listed(shown.answer()), (2, true), "{shown:?}");
}
