//! Documents as the server sends them, read by our own reader.

use receivables::open_item::PartPayment;
use serde::Deserialize;

use super::*;

#[derive(Debug, PartialEq, Deserialize)]
struct Sample {
    number: i64,
    name: String,
    part: PartPayment,
    more: Option<Vec<Sample>>,
    #[serde(default)]
    yes: bool,
}

fn both(text: &str) -> Option<Sample> {
    let ours = read::<Sample>(text).ok();
    assert_eq!(ours, serde_json::from_str(text).ok(), "{text}");
    ours
}

#[test]
fn it_reads_what_the_general_reader_reads() {
    let inner = r#"{"number":-7,"name":"a\"\\\u00e9\ud83d\ude00\n","part":"any"}"#;
    let outer = format!(
        r#" {{ "part" : {{"at_least": 500 }}, "new" : [1,{{"x":null}},"y"], "number":
        9223372036854775807, "name":"", "yes":true, "more":[{inner},{inner}] }} "#
    );
    assert!(both(inner).is_some());
    assert!(both(&outer).is_some());
    assert_eq!(both(inner).map(|sample| sample.name).as_deref(), Some("a\"\\é😀\n"));
}

#[test]
fn it_refuses_what_the_general_reader_refuses() {
    for text in [
        "",
        "{}",
        "[]",
        r#"{"number":1,"name":"x","part":"any"} x"#,
        r#"{"number":1,"name":"x","part":"any""#,
        r#"{"number":1,"name":"x","part":"some"}"#,
        r#"{"number":1 "name":"x","part":"any"}"#,
        r#"{"number":9223372036854775808,"name":"x","part":"any"}"#,
        r#"{"number":1.5,"name":"x","part":"any"}"#,
        r#"{"number":"1","name":"x","part":"any"}"#,
        r#"{"number":1,"name":"\ud83dx","part":"any"}"#,
        r#"{"number":1,"name":"x","part":{"at_least":1},}"#,
    ] {
        assert_eq!(both(text), None);
    }
}

#[test]
fn an_endless_nest_is_refused_before_it_fills_the_stack() {
    let nest = format!(r#"{{"new":{}"#, "[".repeat(10_000));
    assert_eq!(read::<Sample>(&nest), Err(NotThisDocument));
}

#[test]
fn a_part_that_says_its_own_kind_is_read() {
    use receivables::api::search::SearchAnswer;
    let found = [
        r#"{"kind":"account"}"#,
        r#"{"kind":"bill","bill_id":"bill_00000000000000010101010101010101","number":"B \"1\"","total":7512}"#,
        r#"{"total":7512,"number":"B-1","bill_id":"bill_00000000000000010101010101010101","kind":"bill"}"#,
    ];
    for found in found {
        let text = format!(
            r#"{{"items":[{{"found":{found},"account_id":"acc_00000000000000010101010101010101",
            "account_number":"1","account_name":"Ada","currency":"USD","owed":1,"past_due":0,
            "last_paid_on":null}}],"is_more":false}}"#
        );
        let general: SearchAnswer = serde_json::from_str(&text).unwrap();
        assert_eq!(read::<SearchAnswer>(&text), Ok(general), "{found}");
    }
}
