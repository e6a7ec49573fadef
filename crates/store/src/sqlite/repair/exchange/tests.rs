//! A repair that ends after any of its steps.

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use super::super::folded;
use super::*;
use crate::sqlite::connect::{self, Older};

/// Gives the store a conversation, in its log or in the database itself.
fn add(files: &Files, number: i64, in_log: bool) {
    let db = connect::open(&files.database(), OpenFlags::SQLITE_OPEN_READ_WRITE).unwrap();
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, in_log)
        .unwrap();
    let sql = "INSERT INTO conversation VALUES (?1, ?1, '', '', '', 0, 0, 0, 0)";
    db.execute(sql, [number]).unwrap();
}

/// The conversations that whoever opens the store finds.
fn found(files: &Files) -> Vec<i64> {
    let db = connect::to_read(files, Older::Left).unwrap();
    let mut query = db.prepare("SELECT number FROM conversation").unwrap();
    let rows = query.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

/// A store whose conversations 1 and 2 are in the database and in its log, beside it one with 3, and where the
/// first is to be kept.
fn stores(folder: &Path) -> (Files, Files, PathBuf) {
    let files = Files::within(folder);
    let new = files.beside();
    for store in [&files, &new] {
        store.make().unwrap();
        connect::migrate(&store.database()).unwrap();
    }
    add(&files, 1, false);
    add(&files, 2, true);
    add(&new, 3, false);
    assert!(files.log().metadata().unwrap().len() > 0 && !new.log().exists());
    let aside = free_name(&files, 7);
    (files, new, aside)
}

fn planned(files: &Files, new: &Files, aside: &Path) -> Vec<Step> {
    let folded = folded(files, &new.beside()).unwrap();
    assert!(folded.is_some());
    steps(files, (folded.as_deref(), &new.database()), aside)
}

#[test]
fn after_each_step_the_damaged_store_stands_there_as_it_was_or_the_repaired_one() {
    let mut seen = Vec::new();
    for cut_after in 0.. {
        let folder = tempfile::tempdir().unwrap();
        let (files, new, aside) = stores(folder.path());
        let steps = planned(&files, &new, &aside);
        for step in steps.iter().take(cut_after) {
            step.take(new.folder()).unwrap();
        }
        seen.push(found(&files));
        if cut_after == steps.len() {
            break;
        }
        // The next repair begins anew, whatever is left.
        fs::remove_dir_all(new.folder()).unwrap();
        let kept_before = earlier(&files).unwrap();
        assert!(kept_before.len() <= 1, "after {cut_after}: {kept_before:?}");
        let is_whole = |aside: &PathBuf| found_in(aside) == [1, 2];
        assert!(kept_before.iter().all(is_whole), "after {cut_after}");
        let expected: &[i64] = if seen[cut_after] == [3] {
            &[3]
        } else {
            &[1, 2]
        };
        assert_eq!(found(&files), expected, "after {cut_after}");
    }
    let (last, before) = seen.split_last().unwrap();
    assert_eq!(last, &[3]);
    assert!(before.iter().all(|found| found == &[1, 2]), "{seen:?}");
    assert_eq!(seen.len(), 7);
}

/// The conversations of a database that was put aside, with its log.
fn found_in(aside: &Path) -> Vec<i64> {
    let folder = tempfile::tempdir().unwrap();
    let files = Files::within(folder.path());
    fs::copy(aside, files.database()).unwrap();
    fs::copy(log_of(aside), files.log()).unwrap();
    found(&files)
}

#[test]
fn what_is_kept_is_the_damaged_store_byte_by_byte() {
    let folder = tempfile::tempdir().unwrap();
    let (files, new, aside) = stores(folder.path());
    let before = [files.database(), files.log()].map(|file| fs::read(file).unwrap());
    for step in planned(&files, &new, &aside) {
        step.take(new.folder()).unwrap();
    }
    let kept = [aside.clone(), log_of(&aside)].map(|file| fs::read(file).unwrap());
    assert!(before == kept);
    assert_eq!(earlier(&files).unwrap(), [aside]);
    assert!(free_name(&files, 7).ends_with("alipes.damaged-8"));
}

#[test]
fn a_second_name_for_the_stores_own_files_is_taken_away() {
    let folder = tempfile::tempdir().unwrap();
    let (files, new, aside) = stores(folder.path());
    for step in planned(&files, &new, &aside).iter().take(2) {
        step.take(new.folder()).unwrap();
    }
    assert!(aside.exists() && log_of(&aside).exists());
    assert_eq!(earlier(&files).unwrap(), [""; 0].map(PathBuf::from));
    assert!(!aside.exists() && !log_of(&aside).exists());
    assert_eq!(found(&files), [1, 2]);
}
