//! Reading and saving real files: what is missing, hostile, shared or linked.

#![cfg(test)]

use std::fs;

use alipes_config::{ConfigError, Document, MAX_BYTES};

#[test]
fn a_missing_file_is_an_empty_document() {
    let folder = tempfile::tempdir().unwrap();
    let document = Document::load(folder.path().join("config.toml")).unwrap();
    assert_eq!(document.text(), "");
}

#[test]
fn what_is_not_a_small_text_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");

    let error = Document::load(folder.path()).unwrap_err();
    assert!(
        matches!(
            error,
            ConfigError::NotAFile {
                found: "a folder",
                ..
            }
        ),
        "{error}"
    );

    fs::write(&path, "# ".repeat(MAX_BYTES / 2 + 1)).unwrap();
    let error = Document::load(&path).unwrap_err();
    assert!(matches!(error, ConfigError::TooLarge { .. }), "{error}");

    fs::write(&path, "#".repeat(MAX_BYTES)).unwrap();
    Document::load(&path).unwrap();

    fs::write(&path, b"a = 1\n# gr\xfc\xdfe\n").unwrap();
    let error = Document::load(&path).unwrap_err();
    let expected = format!(
        "{}:2:5: not UTF-8 text; save the file as UTF-8",
        path.display()
    );
    assert_eq!(error.to_string(), expected);
}

#[cfg(unix)]
#[test]
fn a_pipe_is_refused_without_waiting_for_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let made = std::process::Command::new("mkfifo")
        .arg(&path)
        .status()
        .unwrap();
    assert!(made.success());
    let error = Document::load(&path).unwrap_err();
    assert!(matches!(error, ConfigError::NotAFile { .. }), "{error}");
}

#[test]
fn an_unchanged_document_saves_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    for text in [
        "",
        "\u{feff}a = 1",
        "# only\r\n\r\n[s]  \r\nb.c=1\nb.a = 2 # x\n\n\n",
    ] {
        fs::write(&path, text).unwrap();
        let mut document = Document::load(&path).unwrap();
        document.save().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn a_save_writes_the_edit_creates_the_folder_and_leaves_no_other_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/home/config.toml");
    let mut document = Document::load(&path).unwrap();
    document.set("model.default", "work/gpt-x").unwrap();
    document.save().unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[model]\ndefault = \"work/gpt-x\"\n"
    );
    document.set("model.default", "other/m").unwrap();
    document.save().unwrap();
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        "[model]\ndefault = \"other/m\"\n"
    );
    let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(files, 1);
}

#[test]
fn a_save_does_not_overwrite_what_somebody_else_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    let refused = |document: &mut Document| {
        document.set("a", 1).unwrap();
        let error = document.save().unwrap_err();
        assert!(matches!(error, ConfigError::Changed { .. }), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs = 1\n");
    };

    let mut created_meanwhile = Document::load(&path).unwrap();
    let mut never_read = Document::parse(&path, "").unwrap();
    fs::write(&path, "theirs = 1\n").unwrap();
    refused(&mut created_meanwhile);
    refused(&mut never_read);

    fs::write(&path, "ours = 1\n").unwrap();
    let mut changed_meanwhile = Document::load(&path).unwrap();
    fs::write(&path, "theirs = 1\n").unwrap();
    refused(&mut changed_meanwhile);
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    use std::path::Path;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_and_save(path: &Path) {
        let mut document = Document::load(path).unwrap();
        document.set("a", 2).unwrap();
        document.save().unwrap();
    }

    #[test]
    fn a_new_file_is_its_owners_alone_and_an_old_one_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("home/config.toml");
        set_and_save(&path);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        for kept in [0o600, 0o640, 0o644] {
            fs::write(&path, "a = 1\n").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(kept)).unwrap();
            set_and_save(&path);
            assert_eq!(mode(&path), kept);
        }
    }

    #[test]
    fn a_linked_file_stays_linked() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (
            folder.path().join("dotfiles.toml"),
            folder.path().join("config.toml"),
        );
        fs::write(&real, "a = 1\n").unwrap();
        symlink("dotfiles.toml", &link).unwrap();
        set_and_save(&link);
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "a = 2\n");
    }

    #[test]
    fn a_path_below_a_file_is_not_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        let error = Document::load(file.join("config.toml")).unwrap_err();
        assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
    }

    #[test]
    fn a_link_that_leads_nowhere_is_not_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("config.toml");
        symlink("gone.toml", &link).unwrap();
        let error = Document::load(&link).unwrap_err();
        assert!(matches!(error, ConfigError::Unreadable { .. }), "{error}");
    }
}
