//! Cases about what a payment settles: allocation, overpayment, instalments, components.

use receivables::allocation::AllocationOrder;
use receivables::bill::{BillLine, paid_by_line};
use receivables::money::MinorUnits;
use receivables::open_item::Standing;
use serde_json::Value;

use super::book::{Book, day};
use super::facts::{amount, amounts, dated, items, lines, list, table, text, units};

pub type Run = (&'static str, fn(&Value));

pub const CASES: &[Run] = &[
    ("T01", |case| {
        let mut book = Book::of(&[]);
        for (name, left) in items(case) {
            let due = if name == "R2b" { "2026-11-30" } else { "2026-11-01" };
            book.add(name, left, due);
        }
        let given = book.receive(amount(case, "/when/payment"));
        assert_eq!(given, lines(case, "/expect/allocations"));
        assert_eq!(book.credit, amount(case, "/expect/unapplied"));
    }),
    ("T17", |case| {
        let mut book = Book::of(&items(case));
        let chosen: Vec<(&str, i64)> = items(case);
        let given = book.receive_for(amount(case, "/when/payment"), &chosen);
        assert_eq!(given, lines(case, "/expect/allocations"));
        assert_eq!(book.left()[1], amount(case, "/expect/open_after/INV2"));
    }),
    ("E14", |case| {
        let mut book = Book::of(&[("R", amount(case, "/given/receivable"))]);
        let expected = amounts(case, "/expect/receivable_after");
        let advances = amounts(case, "/given/advances");
        book.receive_only_for(advances[0], &[("R", units(&case["when"]["steps"][0]))]);
        assert_eq!(book.left(), [expected[0]]);
        book.receive_only_for(advances[1], &[("R", units(&case["when"]["steps"][1]))]);
        assert_eq!(book.left(), [expected[1]]);
        assert_eq!(book.credit, amount(case, "/expect/unapplied"));
    }),
    ("E16", |case| {
        let payment = amount(case, "/given/payment");
        let terms = amount(case, "/expect/wrong_historic") / 4;
        let mut book = Book::of(&[("A1", terms), ("A2", terms), ("B1", terms), ("B2", terms)]);
        let given: i64 = book.receive(payment).iter().map(|(_, amount)| amount).sum();
        assert!(given <= amount(case, "/expect/sum_allocated_max"));
    }),
    ("K21", |case| {
        let payments = amounts(case, "/when/payments");
        for (payment, expected) in payments.iter().zip(["/expect/case1", "/expect/case2"]) {
            let mut book = Book::of(&items(case));
            book.order = AllocationOrder::OldestBillFirst;
            assert_eq!(book.receive(*payment), lines(case, expected));
            let credit = (*payment - 15_000).max(0);
            assert_eq!(book.credit, credit);
        }
        assert_eq!(amount(case, "/expect/case2_credit"), payments[1] - 15_000);
    }),
    ("I13", |case| {
        let mut book = Book::of(&items(case));
        let chosen = text(case, "/when/chosen");
        let left = book.bill(chosen).open.get();
        let mut given = book.receive_for(amount(case, "/when/payment"), &[(chosen, left)]);
        given.sort();
        let mut expected = lines(case, "/expect/expected");
        expected.sort();
        assert_eq!(given, expected);
    }),
    ("F04", |case| pays_the_plan(case, false)),
    ("F01", |case| pays_the_plan(case, true)),
    ("F15", |case| {
        let mut book = plan(case);
        book.receive(amount(case, "/when/payment"));
        assert_eq!(book.paid(), amounts(case, "/expect/paid"));
    }),
    ("F08", |case| {
        let mut book = plan(case);
        book.receive(12_500);
        book.receive(amount(case, "/when/refund"));
        assert_eq!(book.paid(), amounts(case, "/expect/paid"));
    }),
    ("E04", |case| {
        let terms = amounts(case, "/expect/allocated");
        let mut book = Book::of(&[("1", terms[0]), ("2", terms[1])]);
        let given = book.receive(amount(case, "/when/payment"));
        assert_eq!(given.iter().map(|(_, part)| *part).collect::<Vec<_>>(), terms);
        assert_eq!(book.left(), [0, 0]);
    }),
    ("E09", |case| {
        let terms = amounts(case, "/given/terms");
        let mut book = Book::of(&[("1", terms[0]), ("2", terms[1]), ("3", terms[2])]);
        let total = amount(case, "/expect/amount");
        let given = book.receive_for(total, &[("1", terms[0]), ("3", terms[2])]);
        assert_eq!(given.len() as u64, case["expect"]["lines"].as_u64().unwrap_or(0));
        assert_eq!((book.left(), book.credit), (vec![0, terms[1], 0], 0));
    }),
    ("F11", |case| {
        // Penalties are bills of their own here, due on the day the peer gives them.
        let mut book = plan(case);
        book.add("P3", units(&case["given"]["penalties"]["3"]), "2023-01-20");
        book.add("P4", units(&case["given"]["penalties"]["4"]), "2023-02-10");
        for (at, payment) in amounts(case, "/when/payments").into_iter().enumerate() {
            book.receive(payment);
            let paid = book.paid();
            let (principal, penalty) = paid.split_at(4);
            assert_eq!(principal, table(case, "/expect/principal_paid")[at]);
            assert_eq!(penalty, &table(case, "/expect/penalty_paid")[at][2..]);
            let left: i64 = book.left().iter().sum();
            assert_eq!(left, amounts(case, "/expect/open_after")[at]);
        }
    }),
    ("F13", |case| {
        let mut book = Book::of(&[]);
        book.add("principal", amount(case, "/given/principal"), text(case, "/given/due"));
        book.add("penalty", amount(case, "/given/penalty"), "2023-01-20").standing =
            Standing::Draft;
        let steps = list(case, "/when/payments");
        let mut before = book.paid();
        for (at, step) in steps.iter().enumerate() {
            // A fee that is not charged yet is a draft, and takes nothing.
            if step.as_str().is_some_and(|step| step >= "2023-01-20") {
                book.bill("penalty").standing = Standing::Issued;
            }
            book.receive(units(step));
            let paid = book.paid();
            let expected = ["/expect/principal", "/expect/penalty"];
            let expected = expected.map(|pointer| amounts(case, pointer)[at]);
            assert_eq!([paid[0] - before[0], paid[1] - before[1]], expected);
            before = paid;
        }
        assert_eq!(book.left().iter().sum::<i64>(), amount(case, "/expect/open_after"));
    }),
    ("F14", |case| {
        let mut book = Book::of(&[]);
        let penalties = amounts(case, "/given/penalties");
        book.add("principal", amount(case, "/given/principal_open"), "2023-02-01");
        book.add("today", penalties[0], "2023-01-20");
        book.add("later", penalties[1], "2023-01-23").standing = Standing::Draft;
        book.today = day("2023-01-20");
        book.receive(units(&case["when"]["payment"]));
        let (principal, penalty) =
            (amount(case, "/expect/principal"), amount(case, "/expect/penalty"));
        assert_eq!(book.paid(), [principal, penalty, 0]);
        let (open, later) =
            (amount(case, "/expect/open_principal"), amount(case, "/expect/open_penalty"));
        assert_eq!(book.left(), [open, 0, later]);
    }),
    ("E11", |case| {
        let net = amount(case, "/given/net");
        let percent = case["given"]["tax_percent"].as_i64().unwrap_or(0);
        let (lines, total) = ([net, net * percent / 100], amount(case, "/when/payment"));
        assert_eq!(shares(&lines, lines.iter().sum(), total), amounts(case, "/expect/paid"));
    }),
    ("B01", |case| {
        let mut book = Book::of(&[("invoice", amount(case, "/given/invoice"))]);
        let given = book.receive(amount(case, "/given/payment"));
        assert_eq!(given, [("invoice".to_owned(), amount(case, "/expect/applied"))]);
        assert_eq!(book.credit, amount(case, "/expect/payment_unapplied"));
        assert_eq!(book.left(), [amount(case, "/expect/invoice_open")]);
    }),
    ("T02", gives_and_leaves_credit),
    ("I14", gives_and_leaves_credit),
    ("T03", gives_and_leaves_credit),
    ("C10", |case| {
        let mut book = Book::of(&[("settled", 0)]);
        let payment = amount(case, "/when/payment");
        let given = book.receive(payment);
        assert_eq!(given.len() as u64, case["expect"]["line_allocations"].as_u64().unwrap_or(9));
        assert_eq!(book.credit, payment);
    }),
    ("C01", |case| {
        // Line by line is what the proportional order does between open items.
        let paid = amount(case, "/given/already_paid");
        let lines = amounts(case, "/given/lines");
        let mut book = Book::of(&[("1", lines[0]), ("2", lines[1])]);
        book.order = AllocationOrder::Proportional;
        book.receive(paid);
        for (at, payment) in amounts(case, "/when/payments").into_iter().enumerate() {
            let given: Vec<i64> = book.receive(payment).into_iter().map(|(_, part)| part).collect();
            assert_eq!(given, table(case, "/expect/split")[at]);
        }
        assert_eq!(book.left(), [0, 0]);
    }),
    ("C02", |case| {
        let lines = amounts(case, "/given/lines");
        let total = lines.iter().sum();
        let (mut paid, mut before) = (0, vec![0; lines.len()]);
        for (at, payment) in amounts(case, "/when/payments").into_iter().enumerate() {
            paid += payment;
            let after = shares(&lines, total, paid);
            let split: Vec<i64> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
            assert_eq!(split, table(case, "/expect/split")[at]);
            before = after;
        }
    }),
    ("C03", |case| {
        let payments = table(case, "/when/payments");
        let (first, second) = (payments[0][0] + payments[1][0], payments[0][1] + payments[1][1]);
        let mut book = Book::of(&[("1", first), ("2", second)]);
        for parts in payments {
            let chosen = [("1", parts[0]), ("2", parts[1])];
            assert!(book.preview_for(parts[0] + parts[1], &chosen).is_ok());
            book.receive_for(parts[0] + parts[1], &chosen);
        }
        assert_eq!(book.left(), [0, 0]);
    }),
];

fn gives_and_leaves_credit(case: &Value) {
    let mut book = Book::of(&items(case));
    let given = book.receive(amount(case, "/when/payment"));
    assert_eq!(given, lines(case, "/expect/allocations"));
    assert_eq!(book.credit, amount(case, "/expect/unapplied"));
}

fn plan(case: &Value) -> Book {
    let mut book = Book::of(&[]);
    for (name, due, amount) in dated(case, "/given/plan") {
        book.add(&name, amount, &due);
    }
    book
}

fn pays_the_plan(case: &Value, first_paid: bool) {
    let mut book = plan(case);
    if first_paid {
        book.receive(12_500);
    }
    for (at, payment) in amounts(case, "/when/payments").into_iter().enumerate() {
        book.receive(payment);
        assert_eq!(book.paid(), table(case, "/expect/paid")[at]);
    }
}

fn shares(lines: &[i64], total: i64, paid: i64) -> Vec<i64> {
    let line = |amount: &i64| BillLine {
        description: String::new(),
        quantity: "1".into(),
        unit_price: MinorUnits::new(*amount),
        discount: MinorUnits::ZERO,
        tax_rate: "0".into(),
        tax: MinorUnits::ZERO,
        amount: MinorUnits::new(*amount),
    };
    let lines: Vec<BillLine> = lines.iter().map(line).collect();
    let shares = paid_by_line(&lines, MinorUnits::new(total), MinorUnits::new(paid));
    shares.iter().map(|share| share.get()).collect()
}
