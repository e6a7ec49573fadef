//! Whatever a server, a certificate or a configuration says, nothing of it steers a terminal that the
//! report is shown on, and no line is wider than the page: by field.

use alipes_base::{Environment, Redactor};
use alipes_transport::probe::{Diagnosis, Weight};
use unicode_width::UnicodeWidthStr as _;

use super::report::{Check, Report, Status};
use super::show;
use crate::calls::line::Page;
use crate::style::Style;

type Field = fn(&mut Report, String);

const FIELDS: [Field; 8] = [
    |report, evil| report.local[0].summary = evil,
    |report, evil| report.local[0].remediation = Some(evil),
    |report, evil| report.local[0].details.push(("detail", evil)),
    |report, evil| report.network[0].summary = evil,
    |report, evil| report.network[0].details.push(("detail", evil)),
    |report, evil| report.diagnoses[0].says = evil,
    |report, evil| report.diagnoses[0].helps = vec![evil; 2],
    |report, evil| report.fixed.push(evil),
];

fn report() -> Report {
    Report {
        local: vec![Check::new("config.load", "config", Status::Fail, "broken")],
        network: vec![Check::new(
            "network.direct.sse",
            "network",
            Status::Fail,
            "broken",
        )],
        diagnoses: vec![Diagnosis {
            id: "silent",
            weight: Weight::Fault,
            says: "it hangs".to_owned(),
            helps: Vec::new(),
        }],
        fixed: Vec::new(),
    }
}

#[test]
fn nobodys_words_steer_the_terminal_or_fill_it_in_whatever_field_they_come() {
    let harmful = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}');
    let long = "wide 日本 ".repeat(1 << 17);
    for evil in ["\u{1b}[2J\u{1b}]0;x\u{7}\u{202e}\r\n\u{9b}31m\0", &long] {
        for (field, columns) in FIELDS.iter().flat_map(|field| [(field, 40), (field, 80)]) {
            let page = Page {
                columns,
                style: Style::of_stdout(&Environment::new([("NO_COLOR", "1")], "/".into())),
                redactor: Redactor::new(),
                now_ms: 0,
            };
            let mut report = report();
            field(&mut report, evil.to_owned());
            let lines = show::lines(&report, None, &page);
            assert!(lines.len() < 250, "{} lines", lines.len());
            for line in lines {
                assert!(!line.contains(harmful), "{line:?}");
                assert!(line.width() <= columns, "{line}");
            }
            let json = report.as_json(&page).to_string();
            assert!(!json.contains(harmful), "{json:?}");
        }
    }
}
