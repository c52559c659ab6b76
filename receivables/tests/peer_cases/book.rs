//! A little book for the peers' cases: bills by name, money received, what is left.

use receivables::allocation::{
    AccountSnapshot, AllocationOrder, DirectedAmount, Direction, Overpayment, PaymentRules,
    Preview, PreviewRefusal, RestOfDirection, SuggestionKind, allocate, preview, suggested_amounts,
};
use receivables::calendar::CivilDate;
use receivables::ids::BillId;
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::{OpenItem, PartPayment, Standing};

pub struct Book {
    pub items: Vec<OpenItem>,
    pub order: AllocationOrder,
    pub credit: i64,
    pub today: CivilDate,
}

impl Book {
    /// Bills in the order given, each due a day after the one before.
    pub fn of(bills: &[(&str, i64)]) -> Self {
        let (order, today) = (AllocationOrder::OldestDueFirst, day("2026-11-22"));
        let mut book = Self { items: Vec::new(), order, credit: 0, today };
        for (at, (name, left)) in (0..).zip(bills) {
            book.add(name, *left, &today.plus_days(at).to_string());
        }
        book
    }

    pub fn add(&mut self, name: &str, left: i64, due: &str) -> &mut OpenItem {
        let number = self.items.len() as u64;
        self.items.push(OpenItem {
            bill_id: BillId::from_parts(number, &[0; 10]),
            bill_number: name.to_owned(),
            issued_on: day("2010-01-01").plus_days(self.items.len() as i32),
            due_on: Some(day(due)),
            total: MinorUnits::new(left),
            open: MinorUnits::new(left),
            in_flight: MinorUnits::ZERO,
            standing: Standing::Issued,
            part_payment: PartPayment::Any,
        });
        self.items.last_mut().unwrap_or_else(|| unreachable!("just added"))
    }

    pub fn bill(&mut self, name: &str) -> &mut OpenItem {
        let found = self.items.iter_mut().find(|item| item.bill_number == name);
        found.unwrap_or_else(|| panic!("no bill {name}"))
    }

    /// Books money that is here: what it gave each bill, in the order of the split.
    pub fn receive(&mut self, amount: i64) -> Vec<(String, i64)> {
        self.receive_for(amount, &[])
    }

    /// The same with amounts the payer chose; the rest follows the order.
    pub fn receive_for(&mut self, amount: i64, chosen: &[(&str, i64)]) -> Vec<(String, i64)> {
        let direction = self.direction(chosen, RestOfDirection::FollowsOrder);
        self.post(amount, &direction)
    }

    /// The same, and what was not chosen stays on the account.
    pub fn receive_only_for(&mut self, amount: i64, chosen: &[(&str, i64)]) {
        let direction = self.direction(chosen, RestOfDirection::StaysOnAccount);
        self.post(amount, &direction);
    }

    fn post(&mut self, amount: i64, direction: &Direction) -> Vec<(String, i64)> {
        let amount = MinorUnits::new(amount);
        let split = allocate(self.order, &self.items, amount, direction, self.today);
        self.credit += split.credit_on_account.get();
        let mut given = Vec::new();
        for line in split.lines {
            let item = self.items.iter_mut().find(|item| item.bill_id == line.bill_id);
            let item = item.unwrap_or_else(|| panic!("a line for a bill that is not there"));
            item.open = item.open.less(line.amount);
            given.push((item.bill_number.clone(), line.amount.get()));
        }
        given
    }

    /// Uses the credit on account, oldest first.
    pub fn use_credit(&mut self) -> Vec<(String, i64)> {
        let credit = std::mem::take(&mut self.credit);
        self.receive(credit)
    }

    /// What a payer is told who wants to pay this online.
    pub fn preview(&self, amount: i64) -> Result<Preview, PreviewRefusal> {
        self.preview_for(amount, &[])
    }

    pub fn preview_for(
        &self,
        amount: i64,
        chosen: &[(&str, i64)],
    ) -> Result<Preview, PreviewRefusal> {
        let direction = self.direction(chosen, RestOfDirection::FollowsOrder);
        preview(&self.account(), MinorUnits::new(amount), &direction)
    }

    pub fn suggested(&self) -> Vec<(SuggestionKind, i64)> {
        let choices = suggested_amounts(&self.account());
        choices.iter().map(|choice| (choice.kind, choice.amount.get())).collect()
    }

    pub fn left(&self) -> Vec<i64> {
        self.items.iter().map(|item| item.open.get()).collect()
    }

    pub fn paid(&self) -> Vec<i64> {
        self.items.iter().map(|item| item.total.get() - item.open.get()).collect()
    }

    fn account(&self) -> AccountSnapshot<'_> {
        AccountSnapshot {
            currency: Currency::USD,
            items: &self.items,
            credit_on_account: MinorUnits::new(self.credit),
            rules: PaymentRules {
                order: self.order,
                overpayment: Overpayment::Refuse,
                directions: true,
                smallest_payment: MinorUnits::new(1),
                gateway_minimum: MinorUnits::ZERO,
                largest_payment: MinorUnits::MAX,
            },
            today: self.today,
        }
    }

    fn direction(&self, chosen: &[(&str, i64)], rest: RestOfDirection) -> Direction {
        let choice = |(name, amount): &(&str, i64)| {
            let item = self.items.iter().find(|item| item.bill_number == *name);
            let bill_id = item.unwrap_or_else(|| panic!("no bill {name}")).bill_id;
            DirectedAmount { bill_id, amount: MinorUnits::new(*amount) }
        };
        Direction { bills: chosen.iter().map(choice).collect(), rest }
    }
}

pub fn day(text: &str) -> CivilDate {
    CivilDate::parse(text).unwrap_or_else(|_| panic!("{text:?} is not a day"))
}
