//! The table: each client in each trouble, alone and behind our server.

use super::clients::CLIENTS;
use super::faults::FAULTS;
use super::outcome::Outcome;

/// One client in one trouble.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) client: &'static str,
    pub(super) fault: &'static str,
    pub(super) alone: Outcome,
    pub(super) served: Outcome,
}

/// The rows in the order of the clients and of the faults, whenever each was done.
pub(super) fn table(rows: &[Row]) -> String {
    let place = |row: &&Row| {
        let client = CLIENTS.iter().position(|client| client.name == row.client);
        let fault = FAULTS.iter().position(|fault| fault.name == row.fault);
        (fault, client)
    };
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by_key(place);
    let line = |row: &&Row| {
        let Row {
            client,
            fault,
            alone,
            served,
        } = row;
        format!("\n| {fault} | {client} | {alone} | {served} |")
    };
    let lines: String = sorted.iter().map(line).collect();
    format!("| Trouble | Client | alone | behind `alipes serve` |\n|---|---|---|---|{lines}")
}
