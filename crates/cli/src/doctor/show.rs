//! The report for people: a matrix, what else was looked at, what is wrong, what to do.

use alipes_transport::probe::{Diagnosis, Survey, Weight};

use super::matrix;
use super::report::{Check, Report, Status};
use crate::calls::line::Page;

/// Everything that `doctor` says, line by line.
pub(super) fn lines(report: &Report, survey: Option<&Survey>, page: &Page) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(survey) = survey {
        let head = format!("{} at {}", survey.endpoint, survey.base_url);
        lines.extend(page.wrapped(&page.clean(&head), 2));
        lines.extend(matrix::lines(survey, page));
        lines.push(String::new());
    }
    for check in &report.local {
        lines.extend(of_check(check, page));
    }
    lines.push(String::new());
    for fixed in &report.fixed {
        lines.extend(page.wrapped(&format!("mended: {}", page.clean(fixed)), 2));
    }
    for diagnosis in &report.diagnoses {
        lines.extend(of_diagnosis(diagnosis, page));
    }
    lines
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
