//! Canaries in every spelling that JSON, URLs and HTML have for them.

use super::*;

#[test]
fn known_secrets_and_known_shapes_are_blanked() {
    let redactor = Redactor::new();
    redactor.learn(&Secret::new("hunter22".to_owned()));
    let shown = redactor.redact("key hunter22, Authorization: Bearer abcdef0123456789xyz.");
    assert_eq!(shown, "key [redacted], Authorization: Bearer [redacted]");
}

#[test]
fn a_place_within_a_secret_is_known_with_all_that_is_blanked_around_it() {
    let redactor = Redactor::new();
    redactor.learn(&Secret::new("hunter22-and-more".to_owned()));
    redactor.learn(&Secret::new("more-of-it".to_owned()));
    let text = "ü key hunter22-and-more-of-it, sk-abcdefghijklmn";
    let (start, end) = (text.find("hunter").unwrap(), text.find(',').unwrap());
    for at in 0..=text.find("abc").unwrap() {
        let within = start < at && at < end;
        let expected = if within { start..end } else { at..at };
        assert_eq!(redactor.around(text, at), expected, "{at}");
    }
    assert_eq!(
        redactor.around(text, text.len() - 1),
        text.len() - 14..text.len()
    );
}

#[test]
fn ordinary_words_stay() {
    let redactor = Redactor::new();
    redactor.learn(&Secret::new("the".to_owned()));
    let text =
        "the Bearer token is missing; sk-1 is too short; task-list/src/main.rs, disk-usage-2024";
    assert_eq!(redactor.redact(text), text);
}

#[test]
fn a_token_that_an_escape_runs_into_is_blanked_all_the_same() {
    let shown = Redactor::new().redact(r"\nsk-proj-0A1b2C3d4E5f6G");
    assert_eq!(shown, r"\nsk-[redacted]");
}

#[test]
fn only_what_was_learnt_counts_as_a_secret_of_this_process() {
    let redactor = Redactor::new();
    redactor.clone().learn(&Secret::new("hunter22".to_owned()));
    assert!(redactor.holds_secret("--password=hunter22"));
    assert!(!redactor.holds_secret("hunter2 Bearer abcdef0123456789xyz"));
}

/// Keys with every character that somebody escapes.
const CANARIES: [&str; 6] = [
    "AbC/dEf/GhI/jKl+mNo/pQr12",
    r#"quo"ted"and'so"on&<more>"#,
    r"back\slash\new\u0041\",
    "clé-à-molette-Ünïcode-😀-日本",
    "100%25/percent%2Bsure%",
    "correct horse battery+staple",
];

/// A name, and a way to spell a text.
type Spelling = (&'static str, fn(&str) -> String);

/// One layer of each.
fn spellings() -> Vec<Spelling> {
    fn each(text: &str, spell: fn(char) -> String) -> String {
        text.chars().map(spell).collect()
    }
    fn utf16(c: char, digits: fn(u16) -> String) -> String {
        let mut units = [0; 2];
        c.encode_utf16(&mut units)
            .iter()
            .map(|unit| digits(*unit))
            .collect()
    }
    fn json(c: char) -> String {
        match c {
            '"' | '\\' => format!("\\{c}"),
            c => c.to_string(),
        }
    }
    fn url(text: &str, is_plain: fn(&u8) -> bool, lower: bool) -> String {
        let byte = |byte: u8| match (is_plain(&byte), lower) {
            (true, _) => char::from(byte).to_string(),
            (false, true) => format!("%{byte:02x}"),
            (false, false) => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    }
    fn html(c: char) -> String {
        match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            '\'' => "&#39;".to_owned(),
            c => c.to_string(),
        }
    }
    vec![
        ("as it is", str::to_owned),
        ("JSON", |text| each(text, json)),
        ("JSON as PHP has it", |text| {
            each(text, json).replace('/', r"\/")
        }),
        ("JSON in ASCII", |text| {
            each(text, |c| match c.is_ascii() {
                true => json(c),
                false => utf16(c, |unit| format!("\\u{unit:04x}")),
            })
        }),
        ("JSON, all of it escaped", |text| {
            each(text, |c| utf16(c, |unit| format!("\\u{unit:04X}")))
        }),
        ("JSON as Go has it", |text| {
            each(text, json)
                .replace('&', "\\u0026")
                .replace('<', "\\u003c")
                .replace('>', "\\u003e")
        }),
        ("what Rust shows", |text| text.escape_unicode().to_string()),
        ("URL", |text| url(text, u8::is_ascii_alphanumeric, false)),
        ("URL in small letters", |text| {
            url(text, u8::is_ascii_alphanumeric, true)
        }),
        ("URL, all of it escaped", |text| url(text, |_| false, false)),
        ("form", |text| {
            url(text, |b| b.is_ascii_alphanumeric() || *b == b' ', false).replace(' ', "+")
        }),
        ("HTML", |text| each(text, html)),
        ("HTML by numbers", |text| {
            each(text, |c| format!("&#{};", u32::from(c)))
        }),
        ("HTML by hexadecimal numbers", |text| {
            each(text, |c| format!("&#x{:X};", u32::from(c)))
        }),
        ("HTML by names", |text| {
            each(text, |c| match c {
                '/' => "&sol;".to_owned(),
                '+' => "&plus;".to_owned(),
                '%' => "&percnt;".to_owned(),
                'é' => "&eacute;".to_owned(),
                'à' => "&agrave;".to_owned(),
                'Ü' => "&Uuml;".to_owned(),
                'ï' => "&iuml;".to_owned(),
                '\\' => "&bsol;".to_owned(),
                c => html(c),
            })
        }),
    ]
}

/// A redactor that knows one key.
fn knowing(key: &str) -> Redactor {
    let redactor = Redactor::new();
    redactor.learn(&Secret::new(key.to_owned()));
    redactor
}

#[test]
fn a_key_is_blanked_however_it_is_spelt() {
    for canary in CANARIES {
        let redactor = knowing(canary);
        for (name, spell) in spellings() {
            let text = format!(r#"{{"no":"{}","é":1}}"#, spell(canary));
            let shown = redactor.redact(&text);
            assert_eq!(shown, r#"{"no":"[redacted]","é":1}"#, "{name} of {text}");
            assert!(redactor.holds_secret(&text), "{name} of {text}");
        }
    }
}

#[test]
fn a_key_is_blanked_where_one_spelling_holds_another() {
    for canary in CANARIES {
        let redactor = knowing(canary);
        for (outer, spell_outer) in spellings() {
            for (inner, spell_inner) in spellings() {
                let text = format!("<é {} &>", spell_outer(&spell_inner(canary)));
                let shown = redactor.redact(&text);
                assert_eq!(shown, "<é [redacted] &>", "{inner} in {outer}: {text}");
            }
        }
    }
}

#[test]
fn a_token_of_a_known_shape_is_blanked_however_it_is_spelt() {
    let token = "Bearer AbC/dEf/GhI/jKl+mNo";
    for (name, spell) in spellings() {
        let text = format!("<é {} >", spell(token));
        let shown = Redactor::new().redact(&text);
        assert!(shown.ends_with("[redacted] >"), "{name}: {shown}");
    }
}

#[test]
fn what_only_looks_escaped_stays() {
    let redactor = knowing("hunter22");
    let broken = r#"100 % of \q, %zz %4 \u12 \ud83d x \x4 &#; &#x; &nothing; &; é\é%é&é \u{1234567} &#99999999; %"#;
    assert_eq!(redactor.redact(broken), broken);
    let whole = r#"{"a":"\u00e9 \n \\ %20 &amp;"}"#;
    assert_eq!(redactor.redact(whole), whole);
    assert_eq!(redactor.redact(r"C:\nhunter22"), r"C:\n[redacted]");
}

#[test]
fn what_is_escaped_without_end_is_looked_at_so_many_times_only() {
    let redactor = knowing("hunter22");
    let deep =
        "\\".repeat(1 << 12) + "hunter22" + &"%25".repeat(1 << 12) + &"&amp;".repeat(1 << 12);
    assert!(!redactor.redact(&deep).contains("hunter22"));
    assert_eq!(
        layers(&format!("%{}41", "25".repeat(100))).count(),
        spelling::DEEPEST + 1
    );
}

/// A run of letters and digits of this length.
fn random(length: usize) -> String {
    "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT"
        .chars()
        .cycle()
        .take(length)
        .collect()
}

#[test]
fn keys_of_many_makers_are_known_by_what_they_begin_with() {
    for (prefix, length) in [
        ("gsk_", 52),
        ("AIza", 35),
        ("xai-", 80),
        ("nvapi-", 64),
        ("fw_", 22),
        ("tgp_v1_", 43),
        ("ghp_", 36),
        ("gho_", 36),
        ("github_pat_", 82),
        ("glpat-", 20),
        ("hf_", 34),
        ("npm_", 36),
        ("xoxb-123456789012-", 30),
        ("AKIA", 16),
        ("sk_live_", 24),
        ("110201543:A", 34),
        ("https://api.telegram.org/bot7213808860:A", 34),
    ] {
        let key = random(length);
        for text in [
            format!("{prefix}{key}"),
            format!("key={prefix}{key}; more"),
            format!(r#"{{"k":"a\n{prefix}{key}"}}"#),
        ] {
            let shown = Redactor::new().redact(&text);
            assert!(!shown.contains(&key[1..]), "{shown}");
            assert!(shown.contains("[redacted]"), "{shown}");
        }
    }
}

#[test]
fn a_private_key_is_blanked_between_its_lines_and_where_it_is_cut() {
    let body = format!("{}\n{}\n", random(64), random(40));
    for label in ["PRIVATE KEY", "RSA PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        let whole = format!("a\n-----BEGIN {label}-----\n{body}-----END {label}-----\nb");
        for text in [
            whole.clone(),
            whole.replace('\n', r"\n"),
            whole.replace('\n', "\r\n"),
        ] {
            let shown = Redactor::new().redact(&text);
            assert!(!shown.contains("0aB1"), "{shown}");
            assert!(
                shown.contains("-----END") && shown.ends_with('b'),
                "{shown}"
            );
        }
        let cut = &whole[..whole.len() - 50];
        assert!(!Redactor::new().redact(cut).contains("0aB1"), "{cut}");
    }
    for text in [
        "-----BEGIN CERTIFICATE-----\nMIIB0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0aB1cD2eF3gH4iJ5\n-----END CERTIFICATE-----",
        "it begins with \"-----BEGIN PRIVATE KEY-----\", and goes on with what nobody should see",
        "-----BEGIN ",
        "-----BEGIN PRIVATE KEY-----",
    ] {
        assert_eq!(Redactor::new().redact(text), text);
    }
}

#[test]
fn names_in_code_that_begin_like_keys_stay() {
    for text in [
        "hf_hub_download_a_whole_snapshot_of_a_model, hf_transfer",
        "gsk_context_new_with_a_very_long_name_indeed_and_more",
        "npm_config_registry npm_package_dependencies_something_else",
        "let fw_update = fw_update_version_2_of_the_firmware;",
        "xai-org/grok-1 and pypi-publish, AIzawa, AKIA, ASIA 2026",
        "at 12:30:45, port 8080:80, sha256:0123456789abcdef, 1234567:abcdefghijklmnop",
        "magsk_0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0aB1",
    ] {
        assert_eq!(Redactor::new().redact(text), text);
    }
}
