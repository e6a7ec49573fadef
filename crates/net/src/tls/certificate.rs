//! What a person wants to know of a certificate: whose it is, who signed it, from when to when.
//!
//! Read for messages and never to trust anything: whether it is good is for rustls to say. So this
//! walks only as much of the structure (RFC 5280, section 4.1) as lies before those fields, and
//! whatever it cannot read is left out.

use std::time::{Duration, SystemTime};

/// The longest name that is kept, in characters.
const LONGEST: usize = 120;

const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;
const OID: u8 = 0x06;
const BMP_STRING: u8 = 0x1e;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `id-at-commonName` and `id-at-organizationName`.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];

/// A server's own certificate, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Whose it says it is; may be empty.
    pub subject: String,
    /// Who signed it; may be empty.
    pub issuer: String,
    /// From when.
    pub not_before: Option<SystemTime>,
    /// Until when.
    pub not_after: Option<SystemTime>,
}

impl CertificateFacts {
    /// What can be read of a DER certificate.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let mut certificate = Der(Der(der).take(SEQUENCE)?);
        let mut fields = Der(certificate.take(SEQUENCE)?);
        fields.skip_if(VERSION);
        let _serial = fields.next()?;
        let _algorithm = fields.next()?;
        let issuer = fields.take(SEQUENCE)?;
        let mut validity = Der(fields.take(SEQUENCE)?);
        let subject = fields.take(SEQUENCE)?;
        Some(Self {
            subject: name(subject),
            issuer: name(issuer),
            not_before: validity.next().and_then(time),
            not_after: validity.next().and_then(time),
        })
    }
}

/// Values with their tags, one after the other.
struct Der<'d>(&'d [u8]);

impl<'d> Der<'d> {
    /// The next value with its tag.
    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81..=0x84 => {
                let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let add = |sum: usize, digit: &u8| sum << 8 | usize::from(*digit);
                (digits.iter().fold(0, add), rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, value))
    }

    fn take(&mut self, expected: u8) -> Option<&'d [u8]> {
        let (tag, value) = self.next()?;
        (tag == expected).then_some(value)
    }

    fn skip_if(&mut self, tag: u8) {
        if self.0.first() == Some(&tag) {
            let _skipped = self.next();
        }
    }
}

/// `Common Name (Organisation)`, as far as there are both.
fn name(der: &[u8]) -> String {
    let (mut common, mut organisation) = (None, None);
    let mut sets = Der(der);
    while let Some((_, set)) = sets.next() {
        let mut pairs = Der(set);
        while let Some((_, pair)) = pairs.next() {
            let mut pair = Der(pair);
            let (Some(kind), Some(value)) = (pair.take(OID), pair.next()) else {
                continue;
            };
            match kind {
                COMMON_NAME => common = Some(text(value)),
                ORGANISATION => organisation = Some(text(value)),
                _ => {}
            }
        }
    }
    match (common, organisation) {
        (Some(common), Some(organisation)) if common != organisation => {
            format!("{common} ({organisation})")
        }
        (Some(one), _) | (None, Some(one)) => one,
        (None, None) => String::new(),
    }
}

fn text((tag, value): (u8, &[u8])) -> String {
    let whole = match tag {
        BMP_STRING => {
            let units = value.chunks_exact(2);
            let units: Vec<u16> = units
                .map(|unit| u16::from_be_bytes([unit[0], unit[1]]))
                .collect();
            String::from_utf16_lossy(&units)
        }
        _ => String::from_utf8_lossy(value).into_owned(),
    };
    whole.chars().take(LONGEST).collect()
}

/// `YYMMDDHHMMSSZ`, of this century and the one before, or `YYYYMMDDHHMMSSZ`.
fn time((tag, value): (u8, &[u8])) -> Option<SystemTime> {
    let text = std::str::from_utf8(value).ok()?.strip_suffix('Z')?;
    let split = match tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return None,
    };
    let (year, rest) = text.split_at_checked(split)?;
    let two = |at: usize| rest.get(at..at + 2)?.parse::<u64>().ok();
    let year: u64 = year.parse().ok()?;
    // RFC 5280, section 4.1.2.5.1.
    let year = match (tag, year) {
        (UTC_TIME, 50..) => 1_900 + year,
        (UTC_TIME, _) => 2_000 + year,
        _ => year,
    };
    let day = days(year, two(0)?, two(2)?)?;
    let seconds = two(4)? * 3_600 + two(6)? * 60 + two(8)?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(day * 86_400 + seconds))
}

/// Days from the Unix epoch to a date of the Gregorian calendar.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years begin in March, so that the odd day is the last.
    let (year, month) = match month {
        ..=2 => (year.checked_sub(1)?, month + 9),
        _ => (year, month - 3),
    };
    let leap = year / 4 - year / 100 + year / 400;
    let from_zero = 365 * year + leap + (153 * month + 2) / 5 + day - 1;
    // 1 March of year 0 is so many days before 1970.
    from_zero.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, Issuer, KeyPair, date_time_ymd};

    fn der(issuer: &str, until: i32) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        let names = &mut authority.distinguished_name;
        names.push(DnType::OrganizationName, "Evil & Söhne");
        names.push(DnType::CommonName, issuer);
        let mut server = CertificateParams::new(["h".to_owned()]).unwrap();
        server
            .distinguished_name
            .push(DnType::CommonName, "the server");
        server.not_before = date_time_ymd(1999, 12, 31);
        server.not_after = date_time_ymd(until, 2, 29);
        let issuer = Issuer::new(authority, &key);
        let signed = server.signed_by(&KeyPair::generate().unwrap(), &issuer);
        signed.unwrap().der().to_vec()
    }

    fn at(seconds: u64) -> Option<SystemTime> {
        Some(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
    }

    #[test]
    fn names_and_dates_are_read_in_both_forms_of_time() {
        // From 2050 on, dates are written with four digits.
        for (until, seconds) in [(2028, 1_835_395_200), (2096, 3_981_312_000)] {
            let facts = CertificateFacts::read(&der("Company Root", until)).unwrap();
            assert_eq!(facts.issuer, "Company Root (Evil & Söhne)");
            assert_eq!(facts.subject, "the server");
            assert_eq!(facts.not_before, at(946_598_400));
            assert_eq!(facts.not_after, at(seconds), "{until}");
        }
    }

    #[test]
    fn a_certificate_that_is_cut_or_bent_anywhere_does_no_harm() {
        let whole = der(&"x".repeat(300), 2028);
        assert!(CertificateFacts::read(&whole).unwrap().issuer.len() < 200);
        for length in 0..whole.len() {
            let _facts = CertificateFacts::read(&whole[..length]);
        }
        for at in 0..whole.len() {
            let mut bent = whole.clone();
            bent[at] ^= 0xff;
            let _facts = CertificateFacts::read(&bent);
        }
    }
}
