//! Tables of the service itself.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::load;
use crate::config::Config;

#[derive(Debug, Deserialize, PartialEq)]
struct Flights {
    base_url: String,
    max_rows: u32,
    ratio: Option<f64>,
    #[serde(default)]
    airlines: BTreeMap<String, Airline>,
    #[serde(default)]
    codes: Vec<u16>,
    mode: Mode,
    missing: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Airline {
    name: String,
}

#[derive(Debug, Deserialize, PartialEq)]
enum Mode {
    Fast,
    VeryCareful { steps: u8 },
    Named(String),
}

const FLIGHTS: &str = r#"
[flights]
base-url = "http://${HOST:localhost}/"
maxRows = "${ROWS:12}"
ratio = 0.5
codes = [1, 2]
mode = "Fast"
[flights.airlines.UA]
name = "United"
[flights.airlines.ua]
name = "other"
"#;

#[test]
fn fields_match_relaxed_keys_and_map_keys_stay_as_they_are() {
    let config = load(FLIGHTS).unwrap();
    let flights: Flights = config.get("flights").unwrap();
    assert_eq!(flights.base_url, "http://localhost/");
    assert_eq!(flights.max_rows, 12);
    assert_eq!(flights.ratio, Some(0.5));
    assert_eq!(flights.codes, [1, 2]);
    assert_eq!(flights.mode, Mode::Fast);
    assert_eq!(flights.missing, None);
    let names: Vec<_> = flights.airlines.keys().collect();
    assert_eq!(names, ["UA", "ua"]);
    assert_eq!(
        config.get::<String>("flights.airlines.UA.name").unwrap(),
        "United"
    );
    assert_eq!(config.get::<u64>("flights.max-rows").unwrap(), 12);
    assert!(config.contains("flights.ratio") && !config.contains("flights.x"));
}

#[test]
fn choices_take_content() {
    let config = load("[a]\nm = { very-careful = { steps = 3 } }\nn = { Named = 'x' }\n").unwrap();
    assert_eq!(
        config.get::<Mode>("a.m").unwrap(),
        Mode::VeryCareful { steps: 3 }
    );
    assert_eq!(config.get::<Mode>("a.n").unwrap(), Mode::Named("x".into()));
}

#[test]
fn values_of_the_program_are_read_as_what_is_asked_for() {
    let config = Config::builder()
        .set("a.numbers", "1, 2,3")
        .set("a.on", true)
        .set("a.none", "")
        .build()
        .unwrap();
    assert_eq!(config.get::<Vec<i32>>("a.numbers").unwrap(), [1, 2, 3]);
    assert!(config.get::<bool>("a.on").unwrap());
    assert!(config.get::<Vec<String>>("a.none").unwrap().is_empty());
}

#[test]
fn a_mistake_names_key_and_place() {
    for (text, part) in [
        (
            "max-rows = 'many'",
            "application.toml:2:12: flights.max-rows: expected u32, found string \"many\"",
        ),
        (
            "max-rows = '3'",
            "application.toml:2:12: flights.max-rows: expected u32",
        ),
        ("max-rows = -1", "application.toml:2:12: flights.max-rows: "),
        (
            "codes = [1, 70000]",
            "application.toml:2:13: flights.codes: ",
        ),
        (
            "airlines.UA = { nam = 'x' }",
            "application.toml:2:17: flights.airlines.UA.nam: unknown key; did you mean \"name\"?",
        ),
        (
            "mode = 'Fsat'",
            "application.toml:2:8: flights.mode: \"Fsat\" is not one of the choices; did you mean \"Fast\"?",
        ),
        (
            "mode = 5",
            "flights.mode: expected one of the choices, found 5",
        ),
        (
            "mode = { Fast = 1 }",
            "flights.mode: the choice \"Fast\" takes no value",
        ),
        (
            "base-url = 'a'\nbase_url = 'b'",
            "application.toml:3:1: flights.base_url: the same key",
        ),
        (
            "base-url = 'a'",
            "application.toml:1:1: flights: the key \"max_rows\" is missing",
        ),
    ] {
        let config = load(&format!("[flights]\n{text}\n")).unwrap();
        let error = config.get::<Flights>("flights").unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn a_table_that_is_not_there_is_named_with_the_nearest_one() {
    let config = load(FLIGHTS).unwrap();
    let error = config.get::<Flights>("flihgts").unwrap_err().to_string();
    assert_eq!(error, "flihgts: not set; did you mean \"flights\"?");
    let error = config.get::<Flights>("zzz").unwrap_err().to_string();
    assert_eq!(error, "zzz: not set; read were application.toml");
}
