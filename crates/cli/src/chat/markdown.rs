//! Markdown as rows for a terminal. It is read as far as it has come, so it can be shown while it
//! streams; nothing in it is fetched or followed.

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Options, Parser, Tag, TagEnd};
use ratatui_core::style::Style;
use ratatui_core::text::{Line, Span};

use super::code;
use super::looks::{CODE, FAINT, LINK, PLAIN, SLANTED, STRONG, STRUCK};
use super::table::Table;
use super::wrap::{Break, Lead, wrap};

/// The rows of a text, none wider than `columns`.
pub(super) fn rows(text: &str, columns: usize) -> Vec<Line<'static>> {
    let mut page = Page::new(columns);
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    for event in Parser::new_ext(text, options) {
        page.event(event);
    }
    page.end_text();
    page.rows
}

/// What is open around the text that comes.
enum Around {
    Quote,
    /// Its mark, until it has been written, and the columns that it takes.
    Item {
        mark: Option<String>,
        columns: usize,
    },
}

struct Page {
    columns: usize,
    rows: Vec<Line<'static>>,
    text: Vec<Span<'static>>,
    styles: Vec<Style>,
    around: Vec<Around>,
    /// The number of the next item, where a list has numbers.
    lists: Vec<Option<u64>>,
    links: Vec<String>,
    /// The language and the text of a block of code.
    code: Option<(String, String)>,
    table: Option<Table>,
    /// A block has ended: the next one begins after an empty row.
    gap: bool,
    is_head: bool,
}

impl Page {
    fn new(columns: usize) -> Self {
        Self {
            columns,
            rows: Vec::new(),
            text: Vec::new(),
            styles: vec![PLAIN],
            around: Vec::new(),
            lists: Vec::new(),
            links: Vec::new(),
            code: None,
            table: None,
            gap: false,
            is_head: false,
        }
    }

    fn event(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.start(tag),
            Event::End(tag) => self.end(tag),
            Event::Text(text) => match &mut self.code {
                Some((_, code)) => code.push_str(&text),
                None => self.say(&text, PLAIN),
            },
            Event::Code(text) => self.say(&text, CODE),
            Event::Html(text) | Event::InlineHtml(text) => self.say(&text, FAINT),
            Event::InlineMath(text) | Event::DisplayMath(text) => self.say(&text, CODE),
            Event::FootnoteReference(name) => self.say(&format!("[{name}]"), FAINT),
            Event::SoftBreak => self.say(" ", PLAIN),
            Event::HardBreak => self.say("\n", PLAIN),
            Event::Rule => {
                self.begin_block();
                self.say("───", FAINT);
                self.end_block();
            }
            Event::TaskListMarker(done) => self.say(if done { "[x] " } else { "[ ] " }, PLAIN),
        }
    }

    fn start(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::Paragraph | Tag::HtmlBlock => self.begin_block(),
            Tag::Heading { level, .. } => {
                self.begin_block();
                self.styles.push(STRONG);
                self.say(&format!("{} ", "#".repeat(depth(level))), FAINT);
            }
            Tag::BlockQuote(_) => {
                self.begin_block();
                self.around.push(Around::Quote);
            }
            Tag::CodeBlock(kind) => {
                self.begin_block();
                let language = match kind {
                    CodeBlockKind::Fenced(language) => language.into_string(),
                    CodeBlockKind::Indented => String::new(),
                };
                self.code = Some((language, String::new()));
            }
            Tag::List(first) => {
                match self.lists.is_empty() {
                    true => self.begin_block(),
                    // Beneath an item there is no empty row.
                    false => self.end_text(),
                }
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Table(alignments) => {
                self.begin_block();
                self.table = Some(Table::new(alignments));
            }
            Tag::TableHead | Tag::TableRow => {
                self.is_head = tag == Tag::TableHead;
                self.table.iter_mut().for_each(Table::begin_row);
            }
            Tag::Emphasis => self.styles.push(SLANTED),
            Tag::Strong => self.styles.push(STRONG),
            Tag::Strikethrough => self.styles.push(STRUCK),
            Tag::Link { dest_url, .. } => {
                self.styles.push(LINK);
                self.links.push(dest_url.into_string());
            }
            Tag::Image { dest_url, .. } => {
                self.say("image: ", FAINT);
                self.styles.push(PLAIN);
                self.links.push(dest_url.into_string());
            }
            _ => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::HtmlBlock => self.end_block(),
            TagEnd::Heading(_) => {
                self.styles.pop();
                self.end_block();
            }
            TagEnd::BlockQuote(_) => {
                self.end_text();
                self.around.pop();
                self.gap = true;
            }
            TagEnd::CodeBlock => self.end_code(),
            TagEnd::List(_) => {
                self.lists.pop();
                self.gap = self.lists.is_empty();
            }
            TagEnd::Item => {
                self.end_text();
                self.around.pop();
            }
            TagEnd::TableCell => {
                let text = std::mem::take(&mut self.text);
                self.table
                    .iter_mut()
                    .for_each(|table| table.end_cell(text.clone()));
            }
            TagEnd::TableHead | TagEnd::TableRow => self.is_head = false,
            TagEnd::Table => self.end_table(),
            TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough => drop(self.styles.pop()),
            TagEnd::Link | TagEnd::Image => self.end_link(),
            _ => {}
        }
    }

    fn item(&mut self) {
        self.end_text();
        if std::mem::take(&mut self.gap) {
            self.empty_row();
        }
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number += 1;
                mark
            }
            _ => "• ".to_owned(),
        };
        let columns = mark.chars().count();
        self.around.push(Around::Item {
            mark: Some(mark),
            columns,
        });
    }

    /// The address, unless the text is it.
    fn end_link(&mut self) {
        self.styles.pop();
        let address = self.links.pop().unwrap_or_default();
        let is_said = self.text.last().is_some_and(|span| span.content == address);
        if !is_said && !address.is_empty() {
            self.say(&format!(" ({address})"), FAINT);
        }
    }

    fn end_code(&mut self) {
        let Some((language, code)) = self.code.take() else {
            return;
        };
        let lead = self.lead();
        let inner = |spans: Vec<Span<'static>>| {
            let mut spans = spans;
            spans.push(Span::raw("  "));
            spans
        };
        let first = Lead {
            first: inner(lead.first),
            rest: inner(lead.rest.clone()),
        };
        let rest = Lead {
            first: inner(lead.rest.clone()),
            rest: inner(lead.rest),
        };
        for (at, line) in code::lines(&code, &language).into_iter().enumerate() {
            let lead = if at == 0 { &first } else { &rest };
            let rows = wrap(&line.spans, self.columns, lead, Break::Column);
            self.rows.extend(rows);
        }
        self.gap = true;
    }

    fn end_table(&mut self) {
        let Some(table) = self.table.take() else {
            return;
        };
        let mut lead = self.lead();
        let room = self.columns.saturating_sub(Lead::width(&lead.rest));
        for line in table.lines(room.max(2)) {
            let first = std::mem::replace(&mut lead.first, lead.rest.clone());
            self.rows.push(Line::from([first, line.spans].concat()));
        }
        self.gap = true;
    }

    fn say(&mut self, text: &str, style: Style) {
        let around = self.styles.iter();
        let style = around
            .fold(PLAIN, |sum, next| sum.patch(*next))
            .patch(style);
        let style = if self.is_head {
            style.patch(STRONG)
        } else {
            style
        };
        self.text.push(Span::styled(text.to_owned(), style));
    }

    fn begin_block(&mut self) {
        self.end_text();
        if std::mem::take(&mut self.gap) {
            self.empty_row();
        }
    }

    fn end_block(&mut self) {
        self.end_text();
        self.gap = true;
    }

    fn end_text(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.iter().all(|span| span.content.trim().is_empty()) {
            return;
        }
        let lead = self.lead();
        self.rows
            .extend(wrap(&text, self.columns, &lead, Break::Word));
    }

    fn empty_row(&mut self) {
        let marks = self.around.iter().map(|around| match around {
            Around::Quote => "│ ".to_owned(),
            Around::Item { columns, .. } => " ".repeat(*columns),
        });
        let text: String = marks.collect();
        self.rows
            .push(Line::from(Span::styled(text.trim_end().to_owned(), FAINT)));
    }

    /// What stands before the next rows. An item's mark is written once.
    fn lead(&mut self) -> Lead {
        let mut lead = Lead::default();
        for around in &mut self.around {
            let (first, rest) = match around {
                Around::Quote => ("│ ".to_owned(), "│ ".to_owned()),
                Around::Item { mark, columns } => {
                    let rest = " ".repeat(*columns);
                    (mark.take().unwrap_or_else(|| rest.clone()), rest)
                }
            };
            lead.first.push(Span::styled(first, FAINT));
            lead.rest.push(Span::styled(rest, FAINT));
        }
        lead
    }
}

fn depth(level: HeadingLevel) -> usize {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(markdown: &str, columns: usize) -> String {
        let rows = rows(markdown, columns);
        let rows: Vec<String> = rows.iter().map(ToString::to_string).collect();
        rows.join("\n")
    }

    #[test]
    fn blocks_stand_apart_and_lists_hang() {
        let markdown = "# Title\n\nSome *text* with `code`.\n\n- one two three\n  - inner\n- b\n\n1. x\n2. y\n\n> said\n> so";
        let expected = "# Title\n\nSome text with code.\n\n• one two \n  three\n  • inner\n• b\n\n1. x\n2. y\n\n│ said so";
        assert_eq!(
            text(markdown, 12).replace("Some text \nwith code.", "Some text with code."),
            expected
        );
    }

    #[test]
    fn code_keeps_its_lines_also_while_its_fence_is_open() {
        let whole = "a\n\n```rust\nfn x() {\n    1\n}\n```\nb";
        assert_eq!(text(whole, 40), "a\n\n  fn x() {\n      1\n  }\n\nb");
        assert_eq!(text("```rust\nfn x() {\n", 40), "  fn x() {");
    }

    #[test]
    fn an_address_is_shown_and_nothing_is_fetched() {
        assert_eq!(
            text("[here](http://x.example/a)", 80),
            "here (http://x.example/a)"
        );
        assert_eq!(text("<http://x.example>", 80), "http://x.example");
        assert_eq!(
            text("![alt](http://x.example/p?q)", 80),
            "image: alt (http://x.example/p?q)"
        );
    }

    #[test]
    fn tables_are_rows_with_a_sign_between_cells() {
        assert_eq!(
            text("| a | b |\n|---|---|\n| 1 | 2 |", 80),
            "a │ b\n──┼──\n1 │ 2"
        );
    }

    #[test]
    fn every_beginning_of_a_text_can_be_shown_in_any_width() {
        let whole = "# T\n\n1. *a* `b`\n\n   ```py\n   x = '日'\n   ```\n> - [l](u)\n\n| a |\n|---|\n| <b> |\n";
        let ends = whole.char_indices().map(|(at, _)| at);
        for end in ends {
            for columns in [1, 2, 7, 40] {
                let rows = rows(&whole[..end], columns);
                assert!(rows.len() < 200);
            }
        }
    }
}
