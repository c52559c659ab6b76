//! Who the demo's customers are and what has happened to them.

use receivables::calendar::CivilDate;
use receivables::ids::BillId;
use receivables::money::{Currency, MinorUnits};
use receivables::open_item::PartPayment;
use receivables::tender::Tender;

use super::Ids;
use super::tariff::{Month, Tariff, bill};
use crate::bills::NewBill;

/// One account of one customer, and its story in order.
pub(super) struct Household {
    pub email: &'static str,
    pub customer_name: &'static str,
    /// What signing in as this customer shows.
    pub situation: &'static str,
    pub account_number: &'static str,
    pub account_name: &'static str,
    pub currency: Currency,
    pub story: Vec<Event>,
}

impl Household {
    pub(super) const fn person(&self) -> (&'static str, &'static str) {
        (self.email, self.situation)
    }
}

pub(super) enum Event {
    Issue(Vec<NewBill>),
    Cancel {
        bill_id: BillId,
        reason: &'static str,
    },
    /// Money that came to the office, over the counter or by post.
    Pay {
        amount: MinorUnits,
        on: CivilDate,
        tender: Tender,
    },
}

pub(super) fn all(today: CivilDate, ids: &Ids) -> Vec<Household> {
    let scene = Scene { today, ids };
    vec![
        scene.ada(),
        scene.ben(),
        scene.cleo(),
        scene.dan(),
        scene.dan_in_kyoto(),
        scene.eve(),
        scene.finn(),
        scene.gina(),
    ]
}

struct Scene<'a> {
    today: CivilDate,
    ids: &'a Ids,
}

impl Scene<'_> {
    fn ada(&self) -> Household {
        let number = "1001";
        Household {
            email: "ada@customers.example",
            customer_name: "Ada Miller",
            situation: "three months, two past due, one of them part paid",
            account_number: number,
            account_name: "Ada Miller, 14 Mill Lane",
            currency: Currency::USD,
            story: [
                self.paid(number, 5, 298),
                self.paid(number, 4, 305),
                self.paid(number, 3, 377),
            ]
            .into_iter()
            .flatten()
            .chain([
                Event::Issue(vec![
                    self.monthly(number, 2, 412),
                    self.monthly(number, 1, 388),
                    self.monthly(number, 0, 351),
                ]),
                self.pay(4_000, 9, Tender::Cash),
            ])
            .collect(),
        }
    }

    fn ben(&self) -> Household {
        let number = "1002";
        let months = [(3, 240), (2, 262), (1, 251), (0, 233)];
        Household {
            email: "ben@customers.example",
            customer_name: "Ben Okafor",
            situation: "nothing owed, past bills paid",
            account_number: number,
            account_name: "Ben Okafor, 3 Weir Street",
            currency: Currency::USD,
            story: months.iter().flat_map(|(ago, kwh)| self.paid(number, *ago, *kwh)).collect(),
        }
    }

    fn cleo(&self) -> Household {
        let number = "1003";
        let twice = self.monthly(number, 2, 275);
        let mut in_doubt = self.monthly(number, 0, 1_904);
        in_doubt.hold_reason = Some("We are checking the meter reading".to_owned());
        let cancel = Event::Cancel { bill_id: twice.id, reason: "Billed twice" };
        Household {
            email: "cleo@customers.example",
            customer_name: "Cleo Brandt",
            situation: "one bill on hold, one past due, one cancelled",
            account_number: number,
            account_name: "Cleo Brandt, 8 Ferry Road",
            currency: Currency::USD,
            story: vec![Event::Issue(vec![twice, self.monthly(number, 1, 290), in_doubt]), cancel],
        }
    }

    fn dan(&self) -> Household {
        let number = "1004";
        let reading = self.fee("1004-meter", "Yearly meter reading", 3_500, Some(25));
        Household {
            email: "dan@customers.example",
            customer_name: "Dan Mori",
            situation: "two accounts, one of them in yen",
            account_number: number,
            account_name: "Dan Mori, 21 Harbour Square",
            currency: Currency::USD,
            story: vec![Event::Issue(vec![self.monthly(number, 0, 198), reading])],
        }
    }

    fn dan_in_kyoto(&self) -> Household {
        let number = "1005";
        let energy = |months, kwh| {
            let tariff = Tariff::of(Currency::JPY);
            let month = Month::ago(self.today, months);
            let code = format!("{number}-{}", month.code());
            month.bill(self.ids, code, vec![tariff.energy(kwh), tariff.service()])
        };
        Household {
            account_number: number,
            account_name: "Dan Mori, Kyoto flat",
            currency: Currency::JPY,
            story: vec![Event::Issue(vec![energy(1, 164), energy(0, 171)])],
            ..self.dan()
        }
    }

    fn eve(&self) -> Household {
        let number = "1006";
        Household {
            email: "eve@customers.example",
            customer_name: "Eve Lindqvist",
            situation: "credit on account",
            account_number: number,
            account_name: "Eve Lindqvist, 5 Orchard Row",
            currency: Currency::USD,
            story: vec![
                Event::Issue(vec![self.monthly(number, 1, 187), self.monthly(number, 0, 174)]),
                self.pay(20_000, 2, Tender::Cheque),
            ],
        }
    }

    fn finn(&self) -> Household {
        let number = "1007";
        let mut connection = self.fee("1007-connection", "Connection fee", 12_000, Some(0));
        connection.part_payment = PartPayment::Never;
        let mut winter = self.monthly(number, 1, 940);
        winter.part_payment = PartPayment::AtLeast(MinorUnits::new(5_000));
        let deposit = self.fee("1007-deposit", "Deposit, asked for in writing", 8_000, None);
        Household {
            email: "finn@customers.example",
            customer_name: "Finn Castellano",
            situation: "one bill to be paid whole, one with a smallest part",
            account_number: number,
            account_name: "Finn Castellano, 2 Station Yard",
            currency: Currency::USD,
            story: vec![Event::Issue(vec![winter, connection, deposit])],
        }
    }

    /// A hundred flats, three months each: more rows than any page draws at once.
    fn gina(&self) -> Household {
        let number = "1008";
        let mut bills = Vec::new();
        for months in [2, 1, 0] {
            let month = Month::ago(self.today, months);
            let tariff = Tariff::of(Currency::USD);
            for flat in 1..=100_i64 {
                let kwh = 90 + (flat * 37 + months * 53) % 310;
                let lines = vec![
                    tariff.line(&format!("Energy, kWh, flat {flat}"), kwh, 17),
                    tariff.service(),
                ];
                let code = format!("{number}-{}-{flat:03}", month.code());
                bills.push(month.bill(self.ids, code, lines));
            }
        }
        Household {
            email: "gina@customers.example",
            customer_name: "Gina Novak",
            situation: "300 open bills of a property manager",
            account_number: number,
            account_name: "Novak Property Management",
            currency: Currency::USD,
            story: vec![Event::Issue(bills)],
        }
    }

    fn monthly(&self, account_number: &str, months: i64, kwh: i64) -> NewBill {
        let tariff = Tariff::of(Currency::USD);
        let month = Month::ago(self.today, months);
        let number = format!("{account_number}-{}", month.code());
        month.bill(self.ids, number, vec![tariff.energy(kwh), tariff.service()])
    }

    /// A month's bill, and the money for it a few days before it was due.
    fn paid(&self, account_number: &str, months: i64, kwh: i64) -> [Event; 2] {
        let bill = self.monthly(account_number, months, kwh);
        let on = bill.due_on.unwrap_or(bill.issued_on).plus_days(-6).max(bill.issued_on);
        let pay = Event::Pay { amount: bill.total, on, tender: Tender::Transfer };
        [Event::Issue(vec![bill]), pay]
    }

    fn pay(&self, amount: i64, days_ago: i32, tender: Tender) -> Event {
        let on = self.today.plus_days(-days_ago);
        Event::Pay { amount: MinorUnits::new(amount), on, tender }
    }

    /// One line without a period, due so many days from today.
    fn fee(&self, number: &str, what: &str, amount: i64, due_in: Option<i32>) -> NewBill {
        let lines = vec![Tariff::of(Currency::USD).line(what, 1, amount)];
        let due_on = due_in.map(|days| self.today.plus_days(days));
        bill(self.ids, number.to_owned(), self.today.plus_days(-10), due_on, lines)
    }
}
