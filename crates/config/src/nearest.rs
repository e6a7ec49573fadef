//! The nearest right name for a misspelt one, or nothing: a far-fetched suggestion misleads.

/// The candidate that `name` is most likely a misspelling of; the first of several equals.
///
/// Case, and `-` for `_`, count as no difference. One edit in three letters is close enough.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = folded(name);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let Some(edits) = edits(&name, &folded(candidate)) else {
            continue;
        };
        if best.is_none_or(|(fewest, _)| edits < fewest) {
            best = Some((edits, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// How many edits lie between two names; `None` if too many for a slip of the hand.
fn edits(name: &str, candidate: &str) -> Option<usize> {
    let length = candidate.chars().count();
    let allowed = match length {
        0..=2 => 0,
        _ => (length / 3).max(1),
    };
    // The distance costs the product of the lengths, and a key may be as long as the file.
    if name.chars().count().abs_diff(length) > allowed {
        return None;
    }
    let edits = strsim::osa_distance(name, candidate);
    (edits <= allowed).then_some(edits)
}

fn folded(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_close_name_is_suggested() {
        let keys = ["base_url", "dialect", "routes", "api_key", "env"];
        for (written, expected) in [
            ("base_urll", Some("base_url")),
            ("base-url", Some("base_url")),
            ("BaseUrl", Some("base_url")),
            ("dailect", Some("dialect")),
            ("route", Some("routes")),
            ("apikey", Some("api_key")),
            ("en", Some("env")),
            ("temperature", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(written, keys), expected, "{written}");
        }
        assert_eq!(nearest(&"a".repeat(1 << 20), keys), None);
    }
}
