//! Whatever two texts differ by: the patch between them, in either format, makes the one into the
//! other. And whatever a patch does to files, it is said before and after.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use serde_json::json;
use similar::{ChangeTag, TextDiff};

use super::change::Change;
use super::document::Document;
use super::hunk::carry_out;
use super::read;
use crate::disk::on_disk;
use crate::{Context, Output, Preview, Root, ToolError, Toolbox};

/// Texts of few different lines, so that places are easily mistaken for each other.
fn texts() -> impl Strategy<Value = (String, String)> {
    let line = prop_oneof![
        Just(""),
        Just("a"),
        Just("  a"),
        Just("b"),
        Just("}"),
        Just("-- x"),
        Just("++ x"),
        Just("@@ x"),
        Just("\\ x")
    ];
    let text = || (prop::collection::vec(line.clone(), 1..14), any::<bool>());
    let ending = prop_oneof![Just("\n"), Just("\r\n")];
    (text(), text(), ending).prop_map(|(old, new, ending)| {
        let text = |(lines, ended): (Vec<&str>, bool)| {
            let end = if ended { ending } else { "" };
            lines.join(ending) + end
        };
        (text(old), text(new))
    })
}

/// What comes of a patch of one file.
fn patched(patch: &str, old: &str) -> Result<String, ToolError> {
    let folder = tempfile::tempdir().unwrap();
    let context = Context::bare(Root::open(folder.path()).unwrap());
    let (patch, old) = (patch.to_owned(), Document::of_text(old.to_owned()));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(on_disk(&context, "", move |_, watch| {
        let changes = read(&patch).unwrap_or_else(|error| panic!("{error:?}\n{patch}"));
        let [Change::Update { hunks, .. }] = changes.as_slice() else {
            panic!("{changes:?}");
        };
        match carry_out(&old, hunks, watch) {
            Ok((document, _)) => Ok(document.body().to_owned()),
            Err(missing) => panic!("{}\n{patch}", missing.told()?),
        }
    }))
}

/// A patch of one hunk, with every line of the file around the changes.
fn begin_patch(old: &str, new: &str) -> String {
    let mut patch = "*** Begin Patch\n*** Update File: x\n@@\n".to_owned();
    for change in TextDiff::from_lines(old, new).iter_all_changes() {
        let mark = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let line = change.value().trim_end_matches(['\r', '\n']);
        patch.push_str(&format!("{mark}{line}\n"));
    }
    patch + "*** End of File\n*** End Patch\n"
}

/// Sections about few files, so that one often is about what another has left.
fn sections() -> impl Strategy<Value = Vec<String>> {
    let name = || prop_oneof![Just("a"), Just("b"), Just("c"), Just("d")];
    let section = prop_oneof![
        name().prop_map(|at| format!("*** Delete File: {at}.txt\n")),
        (name(), 0..3).prop_map(|(at, text)| format!("*** Add File: {at}.txt\n+{text}\n")),
        (name(), name())
            .prop_map(|(at, to)| format!("*** Update File: {at}.txt\n*** Move to: {to}.txt\n")),
        (name(), 0..3)
            .prop_map(|(at, text)| format!("*** Update File: {at}.txt\n@@\n+more {text}\n")),
    ];
    prop::collection::vec(section, 1..6)
}

/// The texts of the files in a folder.
fn texts_in(folder: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let text = |entry: fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        (name, fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(text).collect()
}

/// What is told of a patch before and after it is carried out in the folder; nothing if it is refused.
fn told_of(patch: &str, folder: &Path) -> Option<(Preview, Output)> {
    let context = Context::bare(Root::open(folder).unwrap());
    let input = json!({"patch": patch});
    let toolbox = Toolbox::builtin();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let edit = toolbox.get("edit").unwrap();
        let preview = edit.preview(&input, &context).await.ok()?;
        Some((preview, edit.run(input.clone(), &context).await.unwrap()))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_a_patch_changes_is_named_before_and_after(sections in sections()) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("a.txt", "0\n"), ("b.txt", "1\n"), ("c.txt", "0\n")] {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let before = texts_in(folder.path());
        let patch = format!("*** Begin Patch\n{}*** End Patch\n", sections.concat());
        let told = told_of(&patch, folder.path());
        let after = texts_in(folder.path());
        let names = before.keys().chain(after.keys());
        for name in names.filter(|name| before.get(*name) != after.get(*name)) {
            let (preview, output) = told.as_ref().unwrap();
            for said in [preview.summary.as_deref().unwrap(), &output.text] {
                prop_assert!(said.contains(name.as_str()), "{} in {}\n{}", name, said, patch);
            }
        }
    }

    #[test]
    fn a_unified_diff_makes_the_one_text_into_the_other((old, new) in texts()) {
        // How lines end is the old text's matter, where it says.
        prop_assume!(old != new && (old.contains('\r') || !new.contains('\r')));
        let diff = TextDiff::from_lines(&old, &new)
            .unified_diff()
            .header("a/x", "b/x")
            .missing_newline_hint(true)
            .to_string();
        prop_assert_eq!(patched(&diff, &old).unwrap(), new);
    }

    #[test]
    fn a_patch_without_line_numbers_does_too((old, new) in texts()) {
        // This format cannot say whether the last line ends, so that stays as it was.
        let ended = |text: &str| text.trim_end_matches(['\r', '\n']).to_owned() + "\n";
        let (old, new) = (ended(&old.replace('\r', "")), ended(&new.replace('\r', "")));
        prop_assume!(old != new && old.trim() != "");
        prop_assert_eq!(patched(&begin_patch(&old, &new), &old).unwrap(), new);
    }

    #[test]
    fn no_text_is_too_odd_to_be_read_as_a_patch(text in "(\\*\\*\\* |@@|[-+ ]|[a-z]|\n|\\PC){0,200}") {
        let _ = read(&text);
        let _ = read(&format!("*** Begin Patch\n{text}\n*** End Patch"));
        let _ = read(&format!("--- a/x\n+++ b/x\n{text}"));
    }
}
