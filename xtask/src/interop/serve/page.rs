//! The table: a row for each client, a column for each trouble, and in it how the client fared alone and behind our server.

use super::clients::CLIENTS;
use super::faults::FAULTS;
use super::outcome::Outcome;

/// One client in one trouble.
#[derive(Debug)]
pub(super) struct Meeting {
    pub(super) client: &'static str,
    pub(super) fault: &'static str,
    pub(super) alone: Outcome,
    pub(super) served: Outcome,
}

/// Those that met, in the order of the clients and of the faults.
pub(super) fn table(meetings: &[Meeting]) -> String {
    let names = |kind: fn(&Meeting) -> &'static str,
                 all: &mut dyn Iterator<Item = &'static str>| {
        let met = |name: &&str| meetings.iter().any(|meeting| kind(meeting) == *name);
        all.filter(met).collect::<Vec<_>>()
    };
    let clients = names(
        |meeting| meeting.client,
        &mut CLIENTS.iter().map(|client| client.name),
    );
    let faults = names(
        |meeting| meeting.fault,
        &mut FAULTS.iter().map(|fault| fault.name),
    );
    let line = |client: &&str| {
        let cells: String = faults
            .iter()
            .map(|fault| cell(meetings, client, fault))
            .collect();
        format!("\n| {client} |{cells}")
    };
    let lines: String = clients.iter().map(line).collect();
    let rule = "---|".repeat(faults.len());
    format!("| Client | {} |\n|---|{rule}{lines}", faults.join(" | "))
}

fn cell(meetings: &[Meeting], client: &str, fault: &str) -> String {
    let met = |meeting: &&Meeting| meeting.client == client && meeting.fault == fault;
    match meetings.iter().find(met) {
        Some(Meeting { alone, served, .. }) => format!(" {alone} → {served} |"),
        None => " – |".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_did_not_meet_is_a_dash() {
        let (client, other) = (CLIENTS[0].name, CLIENTS[1].name);
        let (fault, second) = (FAULTS[0].name, FAULTS[1].name);
        let meeting = |client, fault| Meeting {
            client,
            fault,
            alone: Outcome::Stopped(Duration::from_secs(60)),
            served: Outcome::Answered(Duration::from_millis(1500)),
        };
        let table = table(&[meeting(other, second), meeting(client, fault)]);
        let lines: Vec<&str> = table.lines().skip(2).collect();
        let met = "**hangs** → ok 1.5 s";
        assert_eq!(
            lines,
            [
                format!("| {client} | {met} | – |"),
                format!("| {other} | – | {met} |")
            ]
        );
    }
}
