//! What a conversation is called until somebody calls it otherwise.

/// The longest title, in characters.
const LONGEST: usize = 80;

/// A text as a title: its first line, not too long.
#[must_use]
pub fn title(text: &str) -> String {
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    let line = line.unwrap_or_default();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_first_line_and_not_too_long() {
        assert_eq!(title("\n  fix the bug \nin foo"), "fix the bug");
        let long = title(&"é ".repeat(100));
        assert_eq!(long.chars().count(), LONGEST);
        assert!(long.ends_with("é…"), "{long}");
    }
}
