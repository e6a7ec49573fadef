//! Whatever two texts differ by: the patch between them, in either format, makes the one into the
//! other.

use proptest::prelude::*;
use similar::{ChangeTag, TextDiff};

use super::change::Change;
use super::document::Document;
use super::hunk::carry_out;
use super::read;
use crate::disk::on_disk;
use crate::{Context, Root, ToolError};

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

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
