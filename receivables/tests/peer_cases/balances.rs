//! Cases about what is owed: part payments, money in flight, suggestions, credit, refusals.

use receivables::account_balance::AccountBalance;
use receivables::allocation::{AmountRefusal, DirectionRefusal, PreviewRefusal, SuggestionKind};
use receivables::bill::{BillStatus, status};
use receivables::money::MinorUnits;
use receivables::open_item::Standing;
use receivables::payment::{PaymentEvent, PaymentState};
use serde_json::Value;

use super::book::{Book, day};
use super::facts::{amount, amounts, dated, items, lines, list, text, units};
use super::splits::Run;

pub const CASES: &[Run] = &[
    ("C13", |case| {
        let left = after_payments(case, "/given/total", "/when/payments");
        assert_eq!(left, amount(case, "/expect/open_after"));
    }),
    ("C11", |case| assert_eq!(after_payments(case, "/given/total", "/when/payments"), 0)),
    ("T06", |case| {
        // Up to the shortfall of 1.00, which is for staff to write off and not for a payer.
        let mut book = Book::of(&items(case));
        let mut offered = Vec::new();
        for payment in amounts(case, "/when/payments") {
            offered.push(all_you_owe(&book).unwrap_or(0));
            book.receive(payment);
        }
        assert_eq!(offered, amounts(case, "/expect/amount_offered_before_each"));
        assert_eq!(offered[2], amount(case, "/expect/shortfall_after_second"));
        assert_eq!(book.left(), [amount(case, "/expect/write_off")]);
    }),
    ("E02", |case| {
        let mut book = Book::of(&[("request", amount(case, "/given/request"))]);
        book.receive(units(&case["when"]["payments"][0]));
        let left = amounts(case, "/expect/outstanding");
        assert_eq!(book.left(), [left[0]]);
        assert!(status(&book.items[0], book.today, 7).part_paid);
        let second = all_you_owe(&book).unwrap_or(0);
        assert_eq!(second, amount(case, "/expect/second_amount"));
        book.receive(second);
        assert_eq!(book.left(), [left[1]]);
        assert_eq!(status(&book.items[0], book.today, 7).main, BillStatus::Paid);
    }),
    ("K01", |case| {
        let bills = amounts(case, "/given/bills");
        let mut book = Book::of(&[("1", bills[0]), ("2", bills[1])]);
        // What was received is booked, not what was asked for.
        book.receive_for(units(&serde_json::json!("10.00")), &[("1", bills[0])]);
        assert_eq!(book.left()[0], amounts(case, "/expect/bill1")[0]);
        book.receive_for(bills[1], &[("2", bills[1])]);
        assert_eq!(book.left()[1], amount(case, "/expect/bill2/1"));
        assert_eq!(book.left()[0], amounts(case, "/expect/account")[1]);
        book.receive(book.left()[0]);
        assert_eq!((book.left(), book.credit), (vec![0, 0], 0));
    }),
    ("T13", |case| {
        let mut book = Book::of(&items(case));
        let expected = amounts(case, "/expect/amount_to_pay");
        book.bill("INV").in_flight = MinorUnits::new(units(&case["when"]["steps"][0]));
        let submitted = PaymentState::Created;
        assert!(submitted.is_in_flight());
        assert_eq!(all_you_owe(&book), Some(expected[0]));
        let processing = submitted.on(PaymentEvent::BankIsConfirming);
        assert!(processing.is_ok_and(PaymentState::is_in_flight));
        assert_eq!(all_you_owe(&book), Some(expected[1]));
        let failed = submitted.on(PaymentEvent::RefusedByGateway);
        assert!(failed.is_ok_and(|failed| !failed.is_in_flight()));
        book.bill("INV").in_flight = MinorUnits::ZERO;
        assert_eq!(all_you_owe(&book), Some(expected[2]));
    }),
    ("T14", |case| {
        let mut book = Book::of(&items(case));
        let mut proposed = Vec::new();
        for edit in [1, 3] {
            proposed.push(all_you_owe(&book).unwrap_or(0));
            let edited = units(&case["when"]["steps"][edit]);
            let in_flight = book.bill("INV").in_flight.plus_at_most_max(MinorUnits::new(edited));
            book.bill("INV").in_flight = in_flight;
        }
        assert_eq!(proposed, amounts(case, "/expect/proposed"));
        assert_eq!(all_you_owe(&book), Some(amount(case, "/expect/amount_to_pay")));
    }),
    ("T18", |case| {
        let mut book = Book::of(&items(case));
        let created = amounts_where_any(case, "/expect/created");
        assert_eq!(all_you_owe(&book), created[0]);
        book.bill("LINE").in_flight = MinorUnits::new(units(&case["when"]["steps"][1]));
        assert_eq!(all_you_owe(&book), created[1]);
        let all: i64 = amounts(case, "/expect/final").iter().sum();
        book.bill("LINE").in_flight = MinorUnits::new(all);
        assert_eq!(all_you_owe(&book), created[2]);
    }),
    ("O17", |case| {
        let bill = amount(case, "/given/bill");
        let mut book = Book::of(&[("bill", bill)]);
        book.bill("bill").standing = Standing::Cancelled;
        let posted = PaymentState::Processing.on(PaymentEvent::MoneyReceived);
        assert_eq!(posted, Ok(PaymentState::Posted));
        assert_eq!(book.receive(bill), []);
        let applied = bill - book.credit;
        assert_eq!(applied, amount(case, "/expect/applied"));
    }),
    ("K20", |case| {
        assert_eq!(text(case, "/given/payment_state"), "UNKNOWN");
        assert!(PaymentState::Unknown.is_in_flight());
        let mut book = Book::of(&[("bill", 10_000)]);
        book.bill("bill").in_flight = MinorUnits::new(10_000);
        let refused = book.preview(10_000);
        assert_eq!(refused, Err(PreviewRefusal::Amount(AmountRefusal::NothingToPay)));
    }),
    ("T16", |case| {
        let mut book = Book::of(&items(case));
        let full_line = book.left()[0];
        let elsewhere = amounts(case, "/given/unreconciled_payments")[0];
        book.bill("LINE").in_flight = MinorUnits::new(elsewhere);
        assert!(matches!(
            book.preview(full_line),
            Err(PreviewRefusal::Amount(AmountRefusal::MoreThanOwed { .. }))
        ));
        assert!(book.preview(elsewhere).is_ok());
        book.receive(elsewhere);
        assert!(book.preview(full_line).is_err());
    }),
    ("E15", |case| {
        let free = amount(case, "/given/advance") - amount(case, "/given/used");
        let book = Book::of(&[("bill", 50_000)]);
        let refused = book.preview_for(free, &[("bill", amount(case, "/when/apply"))]);
        let Err(PreviewRefusal::Direction(refusal)) = refused else { panic!("{refused:?}") };
        assert!(matches!(refusal, DirectionRefusal::MoreThanPayment { .. }));
    }),
    ("K19", |_| {
        // The peer's amounts are symbols: B, and B with 10 more.
        let book = Book::of(&[("B", 24_995)]);
        let refused = book.preview(24_995 + 1_000).map_err(|refusal| refusal.code());
        assert_eq!(refused, Err("exceeds-due"));
        assert!(book.preview(24_995).is_ok());
    }),
    ("O02", |case| suggests(case, SuggestionKind::DueNow)),
    ("O04", |case| suggests(case, SuggestionKind::AllYouOwe)),
    ("O05", |case| {
        let book = terms(case);
        let after = book.preview(amount(case, "/when/amount")).map(|preview| preview.owed_after);
        assert_eq!(after, Ok(MinorUnits::new(amount(case, "/expect/difference"))));
    }),
    ("O07", |case| {
        let mut book = percent_terms(case, text(case, "/given/date"));
        book.today = day(text(case, "/when/as_of"));
        let (due_now, all) =
            (amount(case, "/expect/suggested"), amount(case, "/expect/other_choice"));
        let expected = [(SuggestionKind::DueNow, due_now), (SuggestionKind::AllYouOwe, all)];
        assert_eq!(book.suggested(), expected);
    }),
    ("O08", |case| {
        let book = percent_terms(case, text(case, "/given/date"));
        let due = AccountBalance::of(&book.items, day(text(case, "/when/up_to"))).due_now;
        assert_eq!(due.get(), amount(case, "/expect/suggested"));
        assert_eq!(all_you_owe(&book), Some(amount(case, "/expect/other_choice")));
    }),
    ("O11", |case| {
        let mut book = Book::of(&[("bill", amount(case, "/given/total"))]);
        book.receive(amount(case, "/given/paid"));
        assert_eq!(all_you_owe(&book), Some(amount(case, "/expect/amount_to_pay")));
    }),
    ("E07", |case| {
        let mut book = Book::of(&[("bill", amount(case, "/given/total"))]);
        book.receive(amount(case, "/given/paid"));
        assert_eq!(all_you_owe(&book), Some(amount(case, "/expect/amount")));
    }),
    ("E01", |case| {
        let mut book = Book::of(&[("order", amount(case, "/given/total"))]);
        book.bill("order").in_flight = MinorUnits::new(amounts(case, "/given/requests")[0]);
        assert_eq!(all_you_owe(&book), Some(amount(case, "/expect/default")));
        assert!(book.preview(units(&case["when"]["steps"][1])).is_err());
    }),
    ("O14", |case| {
        let mut book = Book::of(&[("bill", amount(case, "/given/bill"))]);
        let expected = amounts(case, "/expect/applied");
        for (credit, expected) in amounts(case, "/given/credits").into_iter().zip(expected) {
            book.credit = credit;
            assert_eq!(book.use_credit(), [("bill".to_owned(), expected)]);
        }
        assert_eq!(book.left(), [amount(case, "/expect/open_after")]);
    }),
    ("O19", |case| {
        let mut book = Book::of(&[("bill", amount(case, "/given/bill"))]);
        book.credit = amount(case, "/given/credit") - amount(case, "/given/used");
        let applied = amount(case, "/expect/applied");
        assert_eq!(book.use_credit(), [("bill".to_owned(), applied)]);
    }),
    ("K10", applies_credit),
    ("K11", applies_credit),
    ("I09", |case| {
        let mut book = Book::of(&[("bill", amount(case, "/given/bill_part"))]);
        book.credit = amount(case, "/given/credit");
        book.use_credit();
        assert_eq!(all_you_owe(&book), Some(amount(case, "/expect/payment_amount")));
    }),
    ("I10", |case| {
        let mut book = Book::of(&[("bill", amount(case, "/given/bill"))]);
        book.credit = amount(case, "/given/credit");
        let used = book.use_credit();
        assert_eq!(used, [("bill".to_owned(), amount(case, "/expect/from_credit"))]);
        assert_eq!(all_you_owe(&book).unwrap_or(0), amount(case, "/expect/cash"));
        assert_eq!(book.credit, amount(case, "/expect/client_credit"));
    }),
    ("I18", |case| {
        let mut book = Book::of(&items(case));
        book.credit = amount(case, "/given/account_credit");
        assert_eq!(book.use_credit(), lines(case, "/expect/allocations"));
        assert_eq!(book.left(), [amount(case, "/expect/open_after/INV")]);
    }),
    ("C06", |case| {
        let mut book = Book::of(&[("bill", amount(case, "/given/total"))]);
        book.receive(amount(case, "/given/already_paid"));
        let preview = book.preview(amount(case, "/when/payment")).map_err(|refusal| refusal.code());
        let line = preview.map(|preview| preview.lines[0].clone());
        let shown = line.map(|line| [book.items[0].total, line.amount, line.after]);
        let expected = ["total", "this_payment", "balance"]
            .map(|fact| MinorUnits::new(amount(case, &format!("/expect/receipt/{fact}"))));
        assert_eq!(shown, Ok(expected));
    }),
    ("K06", |case| {
        let bills = amounts(case, "/given/items");
        let mut book = Book::of(&[("1", bills[0]), ("2", bills[1])]);
        book.receive(amount(case, "/when/payment"));
        let owed = AccountBalance::of(&book.items, book.today).owed;
        assert_eq!(owed.get(), amount(case, "/expect/balance"));
    }),
    ("K07", |case| {
        // The peer's negative balance is our credit on account.
        let mut book = Book::of(&[]);
        book.receive(amount(case, "/when/payment"));
        assert_eq!(book.suggested(), []);
        assert_eq!(format!("-{}.0", book.credit / 100), text(case, "/expect/balance"));
    }),
];

fn all_you_owe(book: &Book) -> Option<i64> {
    let all = book.suggested().into_iter().find(|(kind, _)| *kind == SuggestionKind::AllYouOwe);
    all.map(|(_, amount)| amount)
}

fn after_payments(case: &Value, total: &str, payments: &str) -> i64 {
    let mut book = Book::of(&[("bill", amount(case, total))]);
    for payment in amounts(case, payments) {
        assert!(book.preview(payment).is_ok());
        book.receive(payment);
    }
    book.left()[0]
}

fn applies_credit(case: &Value) {
    let mut book = Book::of(&[("bill", amount(case, "/given/bill"))]);
    book.credit = amount(case, "/when/credit");
    book.use_credit();
    assert_eq!(book.left(), [amount(case, "/expect/balance")]);
    assert_eq!(book.credit, amount(case, "/expect/account_credit"));
}

/// Amounts of which some may be null.
fn amounts_where_any(case: &Value, pointer: &str) -> Vec<Option<i64>> {
    list(case, pointer).iter().map(|fact| (!fact.is_null()).then(|| units(fact))).collect()
}

fn terms(case: &Value) -> Book {
    let mut book = Book::of(&[]);
    for (name, due, amount) in dated(case, "/given/terms") {
        book.add(&name, amount, &due);
    }
    book.today = day(text(case, "/when/as_of"));
    book
}

fn suggests(case: &Value, first: SuggestionKind) {
    let book = terms(case);
    let suggested = book.suggested();
    assert_eq!(suggested.first(), Some(&(first, amount(case, "/expect/suggested"))));
    let other = suggested.get(1).map_or(0, |(_, amount)| *amount);
    assert_eq!(other, amount(case, "/expect/other_choice"));
}

fn percent_terms(case: &Value, issued: &str) -> Book {
    let mut book = Book::of(&[]);
    let numbers =
        |pointer| list(case, pointer).iter().filter_map(Value::as_i64).collect::<Vec<i64>>();
    for total in amounts(case, "/given/bills") {
        for (percent, days) in numbers("/given/terms_percent").iter().zip(numbers("/given/days")) {
            let due = day(issued).plus_days(i32::try_from(days).unwrap_or(0));
            book.add("term", total * percent / 100, &due.to_string());
        }
    }
    book
}
