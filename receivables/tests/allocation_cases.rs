//! Reads `allocation_cases.txt`, which explains itself, and holds the rules to it.

use std::collections::{BTreeMap, BTreeSet};

use receivables::allocation::{
    AccountSnapshot, AllocationOrder, DirectedAmount, Direction, Overpayment, PaymentRules, Reason,
    RestOfDirection, allocate, preview,
};
use receivables::calendar::CivilDate;
use receivables::ids::BillId;
use receivables::money::{Currency, MinorUnits, Money};
use receivables::open_item::{OpenItem, PartPayment, Standing};
use receivables::typed_amount::{NumberStyle, parse_typed_amount};
use receivables::words::{Language, preview_refusal};

const CASES: &str = include_str!("../allocation_cases.txt");

/// A case as written, with nothing decided yet.
struct Case {
    title: String,
    currency: Currency,
    items: Vec<OpenItem>,
    names: BTreeMap<BillId, String>,
    direction: Direction,
    rules: PaymentRules,
    amount: MinorUnits,
    received: bool,
    expected: Vec<String>,
}

impl Case {
    fn new(title: &str) -> Self {
        Self {
            title: title.to_owned(),
            currency: Currency::USD,
            items: Vec::new(),
            names: BTreeMap::new(),
            direction: Direction::default(),
            rules: PaymentRules {
                order: AllocationOrder::OldestDueFirst,
                overpayment: Overpayment::Refuse,
                directions: true,
                smallest_payment: MinorUnits::new(50),
                gateway_minimum: MinorUnits::new(50),
                largest_payment: MinorUnits::new(1_000_000),
            },
            amount: MinorUnits::ZERO,
            received: false,
            expected: Vec::new(),
        }
    }

    fn take(&mut self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "bill" => self.take_bill(rest)?,
            "currency" => self.currency = Currency::parse(rest).map_err(|e| e.to_string())?,
            "order" => {
                let code = rest.replace(' ', "_");
                self.rules.order = AllocationOrder::parse(&code).ok_or("no such order")?;
            }
            "overpayment" if rest == "credit" => self.rules.overpayment = Overpayment::Credit,
            "directions" if rest == "off" => self.rules.directions = false,
            "smallest" => self.rules.smallest_payment = self.money(rest)?,
            "largest" => self.rules.largest_payment = self.money(rest)?,
            "choose" => {
                let (name, amount) = rest.split_once(' ').ok_or("choose BILL AMOUNT")?;
                let bill_id = self.bill_named(name)?;
                self.direction.bills.push(DirectedAmount { bill_id, amount: self.money(amount)? });
            }
            "rest" if rest == "stays on account" => {
                self.direction.rest = RestOfDirection::StaysOnAccount;
            }
            "pay" => self.amount = self.money(rest)?,
            "received" => (self.amount, self.received) = (self.money(rest)?, true),
            "gives" | "credit" | "owes" | "refused" => self.expected.push(line.to_owned()),
            _ => return Err("nobody knows this word".into()),
        }
        Ok(())
    }

    /// `NAME issued DAY due DAY left AMOUNT, …`
    fn take_bill(&mut self, text: &str) -> Result<(), String> {
        let mut parts = text.split(", ");
        let words: Vec<&str> = parts.next().unwrap_or("").split_whitespace().collect();
        let [name, "issued", issued, "due", due, "left", left] = words[..] else {
            return Err("bill NAME issued DAY due DAY left AMOUNT".into());
        };
        let day = |text| CivilDate::parse(text).map_err(|e| e.to_string());
        let open = self.money(left)?;
        let mut item = OpenItem {
            bill_id: bill_id(100 + self.items.len() as u64),
            bill_number: name.to_owned(),
            issued_on: day(issued)?,
            due_on: if due == "never" { None } else { Some(day(due)?) },
            total: open,
            open,
            in_flight: MinorUnits::ZERO,
            standing: Standing::Issued,
            part_payment: PartPayment::Any,
        };
        for part in parts {
            let (said, last) = part.rsplit_once(' ').unwrap_or((part, ""));
            match (part, said) {
                ("in dispute", _) => item.standing = Standing::InDispute,
                ("cancelled", _) => item.standing = Standing::Cancelled,
                ("written off", _) => item.standing = Standing::WrittenOff,
                ("draft", _) => item.standing = Standing::Draft,
                ("whole only", _) => item.part_payment = PartPayment::Never,
                (_, "at least") => item.part_payment = PartPayment::AtLeast(self.money(last)?),
                (_, "in flight") => item.in_flight = self.money(last)?,
                (_, "number") => item.bill_number = last.to_owned(),
                (_, "id") => item.bill_id = bill_id(last.parse().map_err(|_| "not an id")?),
                _ => return Err(format!("nobody knows what {part:?} means of a bill")),
            }
        }
        self.names.insert(item.bill_id, name.to_owned());
        self.items.push(item);
        Ok(())
    }

    fn money(&self, text: &str) -> Result<MinorUnits, String> {
        parse_typed_amount(text, self.currency, NumberStyle::ENGLISH)
            .map_err(|error| format!("{text:?}: {error}"))
    }

    fn bill_named(&self, name: &str) -> Result<BillId, String> {
        let mut ids = self.names.iter().filter(|(_, known)| *known == name).map(|(id, _)| *id);
        ids.next().ok_or_else(|| format!("no bill {name}"))
    }

    /// What the rules say to this case, in the words of the file.
    fn answer(&self) -> Vec<String> {
        let (items, rules) = (&self.items, self.rules);
        let today = CivilDate::from_jiff(jiff::civil::date(2026, 11, 22));
        let split = allocate(rules.order, items, self.amount, &self.direction, today);
        let mut answer = Vec::new();
        for line in &split.lines {
            let reason = line.reason.code().replace('_', " ");
            let name = &self.names[&line.bill_id];
            answer.push(format!("gives {name} {} {reason}", self.shown(line.amount)));
        }
        answer.push(format!("credit {}", self.shown(split.credit_on_account)));
        if self.received {
            return answer;
        }
        let account = AccountSnapshot {
            currency: self.currency,
            items,
            credit_on_account: MinorUnits::ZERO,
            rules,
            today,
        };
        match preview(&account, self.amount, &self.direction) {
            Ok(preview) => answer.push(format!("owes {}", self.shown(preview.owed_after))),
            Err(refusal) => {
                let words = preview_refusal(Language::EnglishUs, &refusal, self.currency, |id| {
                    self.names.get(&id).cloned()
                });
                // A code and its number are kept on one line by a no-break space.
                let words = words.replace('\u{a0}', " ");
                answer = vec![format!("refused {} {words}", refusal.code())];
            }
        }
        answer
    }

    fn shown(&self, amount: MinorUnits) -> String {
        Money::new(amount, self.currency).number_text().replace(',', "")
    }

    fn check(&self) -> Result<(), String> {
        let mut answer = self.answer();
        if !self.expected.iter().any(|line| line.starts_with("owes ")) {
            answer.retain(|line| !line.starts_with("owes "));
        }
        if answer == self.expected {
            return Ok(());
        }
        let (expected, answer) = (self.expected.join("\n  "), answer.join("\n  "));
        Err(format!("case {}\n expected\n  {expected}\n got\n  {answer}", self.title))
    }
}

fn bill_id(number: u64) -> BillId {
    BillId::from_parts(number, &[0; 10])
}

fn cases(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#']) || line.starts_with("--") {
            continue;
        }
        if let Some(title) = line.strip_prefix("case ") {
            cases.push(Case::new(title));
            continue;
        }
        let case = cases.last_mut().ok_or(format!("line {number}: no case yet"))?;
        case.take(line).map_err(|error| format!("line {number} of {:?}: {error}", case.title))?;
    }
    Ok(cases)
}

#[test]
fn every_case_of_the_rule_book_comes_out_as_written() {
    let cases = cases(CASES).unwrap();
    let wrong: Vec<String> = cases.iter().filter_map(|case| case.check().err()).collect();
    assert!(wrong.is_empty(), "{} of {} wrong\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    assert!(cases.len() >= 75, "only {} cases", cases.len());
    let titles: BTreeSet<&str> = cases.iter().map(|case| case.title.as_str()).collect();
    assert_eq!(titles.len(), cases.len(), "two cases have one title");
}

#[test]
fn the_rule_book_has_a_case_for_every_order_reason_and_refusal() {
    let cases = cases(CASES).unwrap();
    for order in AllocationOrder::ALL {
        assert!(cases.iter().any(|case| case.rules.order == order), "no case by {order:?}");
    }
    let expected: Vec<&String> = cases.iter().flat_map(|case| &case.expected).collect();
    // "Your credit" is not a reason an allocation gives: it is written when credit is applied.
    for reason in Reason::ALL.into_iter().filter(|reason| *reason != Reason::YourCredit) {
        let words = reason.code().replace('_', " ");
        assert!(expected.iter().any(|line| line.ends_with(&words)), "no line {words:?}");
    }
    for code in [
        "amount-too-small",
        "amount-too-large",
        "exceeds-due",
        "remainder-too-small",
        "part-not-accepted",
        "nothing-to-pay",
        "balance-too-small",
        "directions-off",
        "duplicate-bill",
        "bill-not-payable",
        "directions-exceed-payment",
    ] {
        let refused = format!("refused {code} ");
        assert!(expected.iter().any(|line| line.starts_with(&refused)), "no case refused {code}");
    }
}

#[test]
fn a_wrong_cell_fails_with_the_name_of_its_case() {
    for (right, wrong) in [
        ("gives Aug 80.00 oldest overdue", "gives Aug 80.01 oldest overdue"),
        ("gives Sep 20.00 oldest overdue", "gives Sep 20.00 next due"),
        ("credit 0.00", "credit 0.01"),
        ("owes 55.00", "owes 54.99"),
        ("pay 100.00", "pay 100.01"),
        ("left 80.00", "left 79.00"),
    ] {
        let text = CASES.replacen(right, wrong, 1);
        let failures: Vec<String> =
            cases(&text).unwrap().iter().filter_map(|case| case.check().err()).collect();
        let [failure] = &failures[..] else { panic!("{wrong}: {} fail", failures.len()) };
        assert!(failure.starts_with("case A part payment settles the oldest past due bill"));
    }
    let unknown = CASES.replacen("  pay 100.00", "  pays 100.00", 1);
    let error = cases(&unknown).err().unwrap();
    assert!(error.contains("A part payment settles"), "{error}");
}
