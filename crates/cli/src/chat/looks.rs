//! How things look. Colour never carries meaning alone: each of these stands beside a word or a sign.

use ratatui_core::style::{Color, Modifier, Style};

pub(super) const PLAIN: Style = Style::new();
pub(super) const FAINT: Style = Style::new().add_modifier(Modifier::DIM);
pub(super) const STRONG: Style = Style::new().add_modifier(Modifier::BOLD);
pub(super) const SLANTED: Style = Style::new().add_modifier(Modifier::ITALIC);
pub(super) const STRUCK: Style = Style::new().add_modifier(Modifier::CROSSED_OUT);
pub(super) const LINK: Style = Style::new().add_modifier(Modifier::UNDERLINED);
pub(super) const CODE: Style = Style::new().fg(Color::Cyan);
pub(super) const GOOD: Style = Style::new().fg(Color::Green);
pub(super) const BAD: Style = Style::new().fg(Color::Red);
pub(super) const WARNING: Style = Style::new().fg(Color::Yellow);
pub(super) const KEYWORD: Style = Style::new().fg(Color::Magenta);
pub(super) const TEXT: Style = Style::new().fg(Color::Green);
pub(super) const NUMBER: Style = Style::new().fg(Color::Yellow);
pub(super) const PLACE: Style = Style::new().fg(Color::Cyan);
pub(super) const CHOSEN: Style = Style::new().add_modifier(Modifier::REVERSED);
