//! Keys in, text and cursor out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::*;

const COLUMNS: usize = 10;

fn press(editor: &mut Editor, code: KeyCode, modifiers: KeyModifiers) -> Key {
    editor.key(KeyEvent::new(code, modifiers), COLUMNS)
}

fn typed(text: &str) -> Editor {
    let mut editor = Editor::default();
    for c in text.chars() {
        let code = match c {
            '\n' => KeyCode::Enter,
            c => KeyCode::Char(c),
        };
        let modifiers = match c {
            '\n' => KeyModifiers::ALT,
            _ => KeyModifiers::NONE,
        };
        assert_eq!(press(&mut editor, code, modifiers), Key::Taken);
    }
    editor
}

/// The text with a bar for the cursor.
fn shown(editor: &Editor) -> String {
    format!("{}|{}", editor.before(), &editor.text[editor.at..])
}

#[test]
fn keys_move_and_delete_by_character_word_and_line() {
    use KeyCode::{Backspace, Char, Delete, End, Home, Left, Right};
    let (plain, control, alt) = (KeyModifiers::NONE, KeyModifiers::CONTROL, KeyModifiers::ALT);
    for (code, modifiers, expected) in [
        (Left, plain, "one two\nthré|e"),
        (Left, control, "one two\n|thrée"),
        (Char('b'), alt, "one two\n|thrée"),
        (Char('w'), control, "one two\n|"),
        (Char('u'), control, "one two\n|"),
        (Home, plain, "one two\n|thrée"),
        (Char('a'), control, "one two\n|thrée"),
        (Backspace, plain, "one two\nthré|"),
        (Delete, plain, "one two\nthrée|"),
        (Right, plain, "one two\nthrée|"),
        (End, plain, "one two\nthrée|"),
        (KeyCode::Up, plain, "one t|wo\nthrée"),
    ] {
        let mut editor = typed("one two\nthrée");
        assert_eq!(press(&mut editor, code, modifiers), Key::Taken);
        assert_eq!(shown(&editor), expected, "{code:?} {modifiers:?}");
    }
}

#[test]
fn a_character_of_several_code_points_goes_as_one() {
    let mut editor = typed("a👩\u{200d}💻");
    press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE);
    assert_eq!(shown(&editor), "a|");
}

#[test]
fn enter_sends_and_a_backslash_before_it_does_not() {
    let mut editor = typed("a\\");
    assert_eq!(
        press(&mut editor, KeyCode::Enter, KeyModifiers::NONE),
        Key::Taken
    );
    assert_eq!(shown(&editor), "a\n|");
    assert_eq!(
        press(&mut editor, KeyCode::Enter, KeyModifiers::NONE),
        Key::Send
    );
}

#[test]
fn a_paste_of_a_megabyte_survives_and_is_shown_by_its_size() {
    let mut editor = typed("see ");
    let paste = "0123456789abcde\r\n".repeat(1 << 16);
    editor.paste(&paste).unwrap();
    editor.insert(" end");
    let layout = Layout::of(&editor, 60);
    let shown = layout.rows[0].to_string();
    assert_eq!(shown, "see [pasted 1.0 MB, 65536 lines] end");
    let expected = format!("see {} end", paste.replace("\r\n", "\n"));
    assert_eq!(editor.take(), expected);
    press(&mut editor, KeyCode::Up, KeyModifiers::NONE);
    assert_eq!(editor.take(), expected);
}

#[test]
fn a_paste_is_deleted_as_one() {
    let mut editor = Editor::default();
    editor.paste(&"x\n".repeat(100)).unwrap();
    press(&mut editor, KeyCode::Backspace, KeyModifiers::NONE);
    assert!(editor.is_empty());
}

#[test]
fn more_than_a_prompt_holds_is_refused_with_a_reason() {
    let mut editor = Editor::default();
    let reason = editor.paste(&"x".repeat(LONGEST + 1)).unwrap_err();
    assert!(reason.contains("15 MiB"), "{reason}");
}

#[test]
fn text_from_elsewhere_cannot_pose_as_a_paste_or_steer() {
    let mut editor = Editor::default();
    editor.paste("a\u{100000}\x1b[2Jb").unwrap();
    assert_eq!(editor.take(), "a[2Jb");
}

#[test]
fn earlier_prompts_come_back_and_what_was_begun_is_not_lost() {
    let mut editor = typed("first");
    editor.take();
    editor.insert("second");
    editor.take();
    editor.insert("draft");
    for (code, expected) in [
        (KeyCode::Up, "second"),
        (KeyCode::Up, "first"),
        (KeyCode::Up, "first"),
        (KeyCode::Down, "second"),
        (KeyCode::Down, "draft"),
    ] {
        press(&mut editor, code, KeyModifiers::NONE);
        assert_eq!(editor.text(), expected);
    }
}

#[test]
fn the_cursor_stands_where_the_next_character_will() {
    for (text, cursor) in [
        ("", (0, 0)),
        ("abc", (0, 3)),
        ("0123456789", (1, 0)),
        ("日本語日本", (1, 0)),
        ("a日本語日本", (1, 2)),
        ("a\n", (1, 0)),
    ] {
        let layout = Layout::of(&typed(text), COLUMNS);
        assert_eq!(layout.cursor, cursor, "{text:?}");
        assert_eq!(layout.rows.len(), cursor.0 + 1, "{text:?}");
    }
}

#[test]
fn what_was_typed_comes_back_as_text_and_only_what_was_pasted_as_a_sign() {
    let lines: Vec<String> = (1..=11).map(|n| format!("line {n}")).collect();
    let mut editor = typed("first");
    editor.take();
    editor.insert(&lines.join("\n"));
    press(&mut editor, KeyCode::Char('p'), KeyModifiers::CONTROL);
    assert_eq!(editor.text(), "first");
    press(&mut editor, KeyCode::Char('n'), KeyModifiers::CONTROL);
    assert_eq!(editor.text(), lines.join("\n"));
    // A paste stays one within what was typed around it.
    editor.clear();
    editor.insert("see ");
    editor.paste(&"x\n".repeat(100)).unwrap();
    let sent = editor.take();
    press(&mut editor, KeyCode::Up, KeyModifiers::NONE);
    let shown = Layout::of(&editor, 60).rows[0].to_string();
    assert_eq!(shown, "see [pasted 0.2 kB, 100 lines]");
    assert_eq!(editor.take(), sent);
    // What was to be sent comes back in front of what was begun, whatever it is and however long.
    editor.insert("begun");
    editor.put_back(&lines.join("\n"));
    assert_eq!(editor.text(), format!("{}\nbegun", lines.join("\n")));
    assert!(editor.before().ends_with("line 11"));
    editor.clear();
    editor.insert("begun");
    editor.put_back(&"x".repeat(LONGEST));
    assert_eq!(editor.take().len(), LONGEST + "\nbegun".len());
}
