//! Puts a table into a Markdown file, between the markers that wait for it there.

use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace;

/// Prints a bench's table, and writes it into `docs/benchmarks.md` if asked to.
pub(super) fn publish(name: &str, table: &str, write: bool) -> Result<()> {
    println!("{table}");
    if write {
        let file = workspace::root()?.join("docs").join("benchmarks.md");
        put(&file, name, table)?;
    }
    Ok(())
}

/// Replaces what stands between the marker `<!-- bench NAME -->` and the next comment, such as `<!-- bench end -->`.
pub(crate) fn put(file: &Path, name: &str, table: &str) -> Result<()> {
    let text =
        std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let marker = format!("<!-- bench {name} -->");
    let text = replaced(&text, &marker, table).with_context(|| {
        format!(
            "{} needs a line `{marker}` and a line `<!-- bench end -->` for the table",
            file.display()
        )
    })?;
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

fn replaced(text: &str, marker: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(marker)?;
    let (_old, after) = rest.split_once("<!--")?;
    Some(format!("{before}{marker}\n\n{table}\n\n<!--{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let put = |text| replaced(text, "<!-- bench start -->", "new");
        let text = "# Title\n<!-- bench start -->\nold\n<!-- bench end -->\nend\n";
        let once = put(text).unwrap();
        assert_eq!(
            once,
            "# Title\n<!-- bench start -->\n\nnew\n\n<!-- bench end -->\nend\n"
        );
        assert_eq!(put(&once).unwrap(), once);
        assert_eq!(put("# Title\n<!-- bench start -->\n"), None);
    }
}
