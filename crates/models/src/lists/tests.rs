//! What is kept is private, whole, and never believed when it cannot be read.

use super::*;
use alipes_wire::ListedModel;

fn list(models: usize) -> KeptList {
    let model = |number| ListedModel {
        name: format!("model-{number}"),
        window: Some(128_000),
        inputs: vec!["text".to_owned(), "image".to_owned()],
        price: "1 in, 2 out".parse().ok(),
        ..ListedModel::default()
    };
    KeptList {
        place: "https://h#1".to_owned(),
        account: "a".to_owned(),
        etag: Some("\"1\"".to_owned()),
        told_at_ms: 1_000,
        models: (0..models).map(model).collect(),
    }
}

#[test]
fn a_list_comes_back_as_it_was_kept() {
    let home = tempfile::tempdir().unwrap();
    let lists = ModelLists::within(home.path());
    assert_eq!(lists.read("work"), None);
    for models in [2, 1_000, 0] {
        lists.keep("work", &list(models)).unwrap();
        assert_eq!(lists.read("work"), Some(list(models)));
    }
    let entries = fs::read_dir(home.path().join("models")).unwrap();
    assert_eq!(entries.count(), 1, "nothing else is left behind");
}

#[test]
fn what_is_damaged_newer_or_too_large_counts_as_none_and_is_put_right() {
    let home = tempfile::tempdir().unwrap();
    let lists = ModelLists::within(home.path());
    lists.keep("work", &list(2)).unwrap();
    let path = home.path().join("models/work.json");
    let whole = fs::read_to_string(&path).unwrap();
    let newer = whole.replace("\"version\":1", "\"version\":2");
    let large = format!("{whole}{}", " ".repeat(LARGEST as usize));
    for text in [
        "",
        "null",
        "\u{0}",
        &whole[..whole.len() / 2],
        &newer,
        &large,
    ] {
        fs::write(&path, text).unwrap();
        assert_eq!(lists.read("work"), None, "{} bytes", text.len());
        lists.keep("work", &list(1)).unwrap();
        assert_eq!(lists.read("work"), Some(list(1)));
    }
}

#[test]
fn a_list_that_would_not_be_read_again_is_not_written() {
    let home = tempfile::tempdir().unwrap();
    let lists = ModelLists::within(home.path());
    lists.keep("work", &list(1)).unwrap();
    assert!(lists.keep("work", &list(100_000)).is_err());
    assert_eq!(lists.read("work"), Some(list(1)));
}

#[test]
fn a_name_that_leads_out_of_the_folder_is_kept_nowhere() {
    let home = tempfile::tempdir().unwrap();
    let lists = ModelLists::within(home.path());
    for name in ["../work", "a b", ".hidden", ""] {
        lists.keep(name, &list(1)).unwrap();
        assert_eq!(lists.read(name), None, "{name:?}");
    }
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn it_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::tempdir().unwrap();
    ModelLists::within(home.path())
        .keep("work", &list(1))
        .unwrap();
    let mode = |path: &str| {
        let facts = fs::metadata(home.path().join(path)).unwrap();
        facts.permissions().mode() & 0o777
    };
    assert_eq!((mode("models/work.json"), mode("models")), (0o600, 0o700));
}
