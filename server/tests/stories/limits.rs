//! What a payer may pay at least: the gateway's own minimum, in each currency.

use crate::support::{On, TestPortal};
use receivables::allocation::{AmountRefusal, PreviewRefusal, preview};
use receivables::money::{Currency, MinorUnits};
use server::config;

const AUGUST: &str = "2026-09-15";

/// Owed, offered, and what comes of it: the rest that would be stranded, or nothing.
const CASES: [(&str, i64, i64, Option<i64>); 14] = [
    ("USD", 4_520, 4_500, Some(20)),
    ("USD", 4_550, 4_500, None),
    ("GBP", 4_529, 4_500, Some(29)),
    ("GBP", 4_530, 4_500, None),
    ("HUF", 1_017_400, 1_000_000, Some(17_400)),
    ("HUF", 1_017_500, 1_000_000, None),
    ("SEK", 10_299, 10_000, Some(299)),
    ("SEK", 10_300, 10_000, None),
    // No decimals.
    ("JPY", 8_049, 8_000, Some(49)),
    ("JPY", 8_050, 8_000, None),
    ("CLP", 20_599, 20_000, Some(599)),
    // Three decimals.
    ("KWD", 12_190, 12_000, Some(190)),
    ("KWD", 12_200, 12_000, None),
    ("TND", 31_990, 30_000, Some(1_990)),
];

stories! {
    async fn no_rest_is_left_below_what_the_gateway_takes_in_the_accounts_own_currency(
        portal: TestPortal
    ) {
        for (code, owed, offered, stranded) in CASES {
            let currency = Currency::parse(code).unwrap();
            let account = portal.account_in(currency, &[(AUGUST, owed)]).await;
            let view = portal.view(&account).await;
            let offered = MinorUnits::new(offered);
            let answer = preview(&view.snapshot(), offered, &Default::default());
            let rest = match answer {
                Ok(_) => None,
                Err(PreviewRefusal::Amount(AmountRefusal::RestTooSmall { rest, .. })) => {
                    Some(rest.get())
                }
                Err(other) => panic!("{code} {owed}: {other}"),
            };
            assert_eq!(rest, stranded, "{code} {owed}");
        }
    }

    async fn what_the_limits_let_through_the_gateway_takes(portal: TestPortal) {
        for code in ["USD", "GBP", "HUF", "SEK", "JPY", "CLP", "VND", "KWD", "BHD", "TND", "TRY"] {
            let currency = Currency::parse(code).unwrap();
            let least = portal.portal.settings.payment_rules(currency).gateway_minimum;
            let account = portal.account_in(currency, &[(AUGUST, least.get())]).await;
            let started = portal.started(&account, least.get()).await;
            assert!(started.intent.is_some(), "{code}");
            let account = portal.account_in(currency, &[(AUGUST, least.get() - 1)]).await;
            let view = portal.view(&account).await;
            let all = preview(&view.snapshot(), least, &Default::default()).unwrap_err();
            assert_eq!(all.code(), "balance-too-small", "{code}");
        }
    }
}

fn gateway_minimum(setting: &str, amount: &str, code: &str) -> Result<i64, String> {
    let setting = format!("payments.gateway_minimums.{setting}");
    let loaded = config::load(None, &[(&setting, amount.to_owned())]);
    let rules = loaded.map_err(|error| error.to_string())?.settings;
    Ok(rules.payment_rules(Currency::parse(code).unwrap()).gateway_minimum.get())
}

#[test]
fn a_biller_sets_what_the_gateway_takes_in_a_currency_and_the_others_stay() {
    assert_eq!(gateway_minimum("TRY", "2500", "TRY"), Ok(2_500));
    // As a variable of the environment names it.
    assert_eq!(gateway_minimum("jpy", "100", "JPY"), Ok(100));
    assert_eq!(gateway_minimum("TRY", "2500", "USD"), Ok(50));
    for (setting, amount) in
        [("XYZ", "50"), ("USD", "0"), ("USD", "-5"), ("USD", "half"), ("KWD", "205"), ("ISK", "1")]
    {
        let refused = gateway_minimum(setting, amount, "USD").unwrap_err();
        assert!(!refused.is_empty(), "{setting} = {amount}");
    }
}
