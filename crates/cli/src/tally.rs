//! What a turn took, in a line: steps, tokens, how many of them came from the provider's cache, and
//! how full the model's window is.

use alipes_agent::{Answer, ContextUse, ProjectFile};
use alipes_wire::Usage;

/// `2 steps, 12,345 tokens read (82 % from the cache) and 345 written, context 10 % of 128,000`
pub(crate) fn of(answer: &Answer) -> String {
    let steps = match answer.steps {
        1 => "1 step".to_owned(),
        steps => format!("{steps} steps"),
    };
    let tokens = tokens(&answer.usage);
    format!("{steps}, {tokens}, context {}", context(answer.context))
}

/// `10 % of 128,000`, with `~` before what is an estimate.
pub(crate) fn context(used: ContextUse) -> String {
    let sign = if used.is_estimate { "~" } else { "" };
    format!("{sign}{} % of {}", used.percent(), thousands(used.window))
}

/// What the model is told of a project's files: where it comes from, and what was left out.
pub(crate) fn project(files: &[ProjectFile]) -> Option<String> {
    let names = files.iter().map(|file| match file.left_out {
        0 => file.path.display().to_string(),
        left_out => {
            let (path, bytes) = (file.path.display(), thousands(file.bytes));
            format!(
                "{path} (without {} of its {bytes} bytes)",
                thousands(left_out)
            )
        }
    });
    let names: Vec<String> = names.collect();
    (!names.is_empty()).then(|| format!("project notes: {}", names.join(", ")))
}

fn tokens(usage: &Usage) -> String {
    let cached = usage.cached_percent();
    match (usage.input_tokens, cached) {
        (0, _) => "tokens not counted by the provider".to_owned(),
        (read, cached) => format!(
            "{} tokens read ({} % from the cache) and {} written",
            thousands(read),
            cached.unwrap_or(0),
            thousands(usage.output_tokens)
        ),
    }
}

/// `12,345`
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_told_in_one_line() {
        let answer = Answer {
            steps: 2,
            usage: Usage {
                input_tokens: 12_345,
                cached_input_tokens: 10_123,
                output_tokens: 999,
                ..Usage::default()
            },
            context: ContextUse {
                tokens: 12_900,
                window: 128_000,
                is_estimate: true,
            },
            ..Answer::default()
        };
        assert_eq!(
            of(&answer),
            "2 steps, 12,345 tokens read (82 % from the cache) and 999 written, context ~10 % of 128,000"
        );
        let nothing = Answer {
            usage: Usage::default(),
            steps: 1,
            ..answer
        };
        assert!(of(&nothing).starts_with("1 step, tokens not counted"));
    }

    #[test]
    fn what_is_left_out_of_a_projects_notes_is_told() {
        let file = |left_out| ProjectFile {
            path: "/p/AGENTS.md".into(),
            bytes: 40_000,
            left_out,
        };
        assert_eq!(project(&[]), None);
        assert_eq!(
            project(&[file(0), file(7_232)]).unwrap(),
            "project notes: /p/AGENTS.md, /p/AGENTS.md (without 7,232 of its 40,000 bytes)"
        );
    }
}
