//! The report for people. What one needs comes last, where a terminal that scrolls still shows it: what is
//! wrong and what helps; above that the ways side by side, and on top what is well on this machine.

use alipes_transport::probe::{Called, Diagnosis, Survey, Weight};

use super::matrix;
use super::report::{Check, Report, Status};
use crate::calls::line::{Page, called};

/// Everything that `doctor` says, line by line, for a terminal of so many rows.
pub(super) fn lines(
    report: &Report,
    survey: Option<&Survey>,
    page: &Page,
    rows: Option<usize>,
) -> Vec<String> {
    let of = |checks: &[&Check]| -> Vec<String> {
        let lines = checks.iter().flat_map(|check| of_check(check, page));
        lines.collect()
    };
    let (well, wrong): (Vec<&Check>, Vec<&Check>) = report
        .local
        .iter()
        .partition(|check| check.status == Status::Ok);
    let below = [of(&wrong), told(report, page)];
    let ways = survey.map(|survey| {
        let taken: usize = below.iter().map(Vec::len).sum();
        ways(survey, page, rows.map(|rows| rows.saturating_sub(taken)))
    });
    let parts = std::iter::once(of(&well)).chain(ways).chain(below);
    let parts: Vec<Vec<String>> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(&String::new())
}

/// The matrix, where so many rows are left for it.
fn ways(survey: &Survey, page: &Page, rows: Option<usize>) -> Vec<String> {
    let head = format!("{} at {}", survey.endpoint, survey.base_url);
    let mut lines = page.wrapped(&page.clean(&head), 2);
    let once = matrix::lines(survey, page, false);
    // Empty lines around it, and the prompt that follows.
    let fits = rows.is_none_or(|rows| once.len() + 3 <= rows);
    lines.extend(match fits {
        true => once,
        false => matrix::lines(survey, page, true),
    });
    lines
}

/// What was done, what is wrong, what helps.
fn told(report: &Report, page: &Page) -> Vec<String> {
    let fixed = report.fixed.iter();
    let fixed = fixed.flat_map(|fixed| page.wrapped(&format!("mended: {}", page.clean(fixed)), 2));
    let found = report.diagnoses.iter();
    let found = found.flat_map(|diagnosis| of_diagnosis(diagnosis, page));
    fixed.chain(found).collect()
}

fn of_check(check: &Check, page: &Page) -> Vec<String> {
    let mark = match check.status {
        Status::Ok => page.style.good("✓"),
        Status::Warning => page.style.warning("!"),
        Status::Fail => page.style.error("✗"),
    };
    let name = name(&check.id);
    let text = format!("{name:10} {}", page.clean(&check.summary));
    let mut lines = marked(&mark, &text, page);
    if let Some(help) = check
        .remediation
        .as_ref()
        .filter(|_| check.status > Status::Ok)
    {
        let text = format!("    → {}", page.clean(help));
        lines.extend(page.wrapped(&text, 6));
    }
    lines
}

/// What people call it.
fn name(id: &str) -> &str {
    match id {
        "account.quota" => "plan",
        "auth.modes" => "keys",
        "codex.installed" => "codex",
        "config.load" => "config",
        "disk.space" => "disk",
        "memory.endpoints" => "memory",
        "network.env" => "variables",
        "network.proxy" => "proxy",
        "network.setup" => "network",
        "provider.app_server" | "provider.configuration" => "provider",
        "sandbox.helpers" => "sandbox",
        "store.integrity" => "store",
        "system.version" => "version",
        "terminal.env" => "terminal",
        other => other,
    }
}

fn of_diagnosis(diagnosis: &Diagnosis, page: &Page) -> Vec<String> {
    let mark = match diagnosis.weight {
        Weight::Fine => page.style.good("✓"),
        Weight::Warning => page.style.warning("!"),
        Weight::Fault => page.style.error("✗"),
    };
    let says = page.clean(&diagnosis.says);
    let mut lines = marked(&mark, &says, page);
    if let Some(Called { phase, cause }) = diagnosis.called {
        let (blame, scope) = (cause.blame().as_str(), cause.scope().as_str());
        let text = called([cause.as_str(), phase.as_str(), blame, scope]);
        let text = page.wrapped(&format!("    {text}"), 4).into_iter();
        lines.extend(text.map(|line| page.style.faint(line)));
    }
    for help in &diagnosis.helps {
        let text = format!("    → {}", page.clean(help));
        lines.extend(page.wrapped(&text, 6));
    }
    lines
}

/// A mark has no width of its own when it is coloured, so it is put before the lines afterwards.
fn marked(mark: &str, text: &str, page: &Page) -> Vec<String> {
    let lines = page.wrapped(&format!("  ? {text}"), 4);
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    let first = first.replacen('?', mark, 1);
    std::iter::once(first).chain(lines).collect()
}
