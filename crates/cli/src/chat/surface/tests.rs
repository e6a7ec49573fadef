//! Held against a terminal's own idea of its screen (vt100).

use std::num::NonZero;

use super::*;

const COLOURLESS: Painter = Painter { colour: false };

struct Screen {
    surface: Surface<Vec<u8>>,
    terminal: vt100::Parser,
    read: usize,
}

impl Screen {
    fn new(columns: u16, rows: u16) -> Self {
        let (height, width) = (NonZero::new(rows).unwrap(), NonZero::new(columns).unwrap());
        Self {
            surface: Surface::new(Vec::new(), COLOURLESS, (columns, rows), false),
            terminal: vt100::Parser::new(height, width, 1_000),
            read: 0,
        }
    }

    fn draw(&mut self, above: &[&str], rows: &[&str], cursor: (u16, u16)) {
        let above: Vec<Line<'static>> = above.iter().map(|text| line(text)).collect();
        let rows = rows.iter().map(|text| line(text)).collect();
        self.surface.draw(&above, &Frame { rows, cursor }).unwrap();
        self.see();
    }

    fn see(&mut self) {
        self.terminal.process(&self.surface.written()[self.read..]);
        self.read = self.surface.written().len();
    }

    fn shows(&self) -> String {
        self.terminal.screen().contents()
    }
}

fn line(text: &str) -> Line<'static> {
    Line::raw(text.to_owned())
}

#[test]
fn what_is_said_stays_above_and_the_rest_is_redrawn_in_place() {
    let mut screen = Screen::new(20, 6);
    screen.draw(&[], &["> a", "status"], (0, 3));
    screen.draw(&["said"], &["busy", "> b", "status"], (1, 3));
    assert_eq!(screen.shows(), "said\nbusy\n> b\nstatus");
    assert_eq!(screen.terminal.screen().cursor_position(), (2, 3));
    screen.draw(&["more"], &["> ", "status"], (0, 2));
    assert_eq!(screen.shows(), "said\nmore\n>\nstatus");
}

#[test]
fn what_leaves_the_screen_is_in_the_scrollback_once() {
    let mut screen = Screen::new(10, 4);
    for number in 0..50 {
        screen.draw(&[&format!("line {number}")], &["> ", "status"], (0, 2));
    }
    let mut all = Vec::new();
    for back in (0..=50).rev() {
        screen.terminal.screen_mut().set_scrollback(back);
        all.extend(screen.shows().lines().next().map(str::to_owned));
    }
    all.dedup();
    let lines: Vec<String> = (0..48).map(|number| format!("line {number}")).collect();
    assert_eq!(&all[..48], &lines[..]);
}

#[test]
fn rows_that_fill_the_screen_to_its_edge_are_kept_whole() {
    let mut screen = Screen::new(5, 4);
    screen.draw(&["abcde", "日本x"], &["12345", "> "], (1, 2));
    assert_eq!(screen.shows(), "abcde\n日本x\n12345\n>");
}

#[test]
fn more_rows_than_the_screen_has_are_not_drawn() {
    let mut screen = Screen::new(5, 2);
    screen.draw(&["above"], &["1", "2", "3"], (2, 0));
    assert_eq!(screen.shows(), "1\n2");
}

#[test]
fn taking_back_leaves_what_was_said() {
    let mut screen = Screen::new(20, 6);
    screen.draw(&["said"], &["busy", "> ", "status"], (1, 2));
    screen.surface.clear().unwrap();
    screen.see();
    assert_eq!(screen.shows(), "said");
}

#[test]
fn on_a_terminal_that_wraps_anew_the_way_up_is_counted_in_its_new_rows() {
    let mut surface = Surface::new(Vec::new(), COLOURLESS, (20, 9), true);
    let rows = vec![line("twelve chars"), line(""), line("> 1234567890")];
    let cursor = (2, 12);
    surface.draw(&[], &Frame { rows, cursor }).unwrap();
    // Two rows of the first, the empty one, and two and a bit before the cursor.
    assert_eq!(surface.rows_above_cursor(10), 2 + 1 + 1);
    assert_eq!(surface.rows_above_cursor(5), 3 + 1 + 2);
    assert_eq!(surface.rows_above_cursor(40), 2);
}

#[test]
fn an_emptied_screen_has_moved_what_was_said_into_the_scrollback_and_nothing_else() {
    let mut screen = Screen::new(20, 6);
    screen.draw(
        &["one", "two", "three"],
        &["busy", "> half", "status"],
        (1, 6),
    );
    screen.surface.wipe().unwrap();
    screen.draw(&[], &["> half", "status"], (0, 6));
    assert_eq!(screen.shows(), "> half\nstatus");
    screen.surface.wipe().unwrap();
    screen.draw(&[], &["> half", "status"], (0, 6));
    screen.terminal.screen_mut().set_scrollback(100);
    assert_eq!(screen.terminal.screen().scrollback(), 3);
    assert_eq!(screen.shows(), "one\ntwo\nthree\n> half\nstatus");
}
