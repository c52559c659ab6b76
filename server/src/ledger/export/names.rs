//! The names of the book's accounts in a chart that other programs accept.

/// `Assets:Receivable:N4711`; each part is letters, digits and dashes and begins with a capital,
/// which both journal formats take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name(std::borrow::Cow<'static, str>);

impl Name {
    pub const INCOME: Self = Self(std::borrow::Cow::Borrowed("Income:Billing"));

    /// What a book account is called; `number` is the customer account's.
    pub fn of(book_account: &str, number: &str) -> Self {
        let number = part(number);
        Self(
            match book_account.split_once(':') {
                None if book_account == "receivable" => format!("Assets:Receivable:N{number}"),
                None if book_account == "income" => return Self::INCOME,
                None if book_account == "credit_on_account" => {
                    format!("Liabilities:Credit:N{number}")
                }
                None if book_account == "credit_notes" => "Income:Credit-Notes".to_owned(),
                None if book_account == "write_offs" => "Expenses:Write-Offs".to_owned(),
                None => format!("Assets:Other:{}", capital(&part(book_account))),
                Some((kind, through)) => {
                    format!("Assets:{}:{}", capital(&part(kind)), capital(&part(through)))
                }
            }
            .into(),
        )
    }

    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Letters and digits as they are, anything else by its bytes, so that no two become one.
fn part(text: &str) -> String {
    let mut part = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() {
            part.push(char::from(byte));
        } else {
            part.push_str(&format!("-{byte:02X}"));
        }
    }
    part
}

fn capital(text: &str) -> String {
    let mut text = text.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_account_numbers_never_become_one_name() {
        let numbers = ["4711", "47-11", "47 11", "47_11", "47:11", "é", "a1", "A1", "-2D", "-"];
        let names: std::collections::BTreeSet<String> =
            numbers.iter().map(|n| Name::of("receivable", n).text().to_owned()).collect();
        assert_eq!(names.len(), numbers.len(), "{names:?}");
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == ':';
        assert!(names.iter().all(|name| name.chars().all(allowed)));
    }

    #[test]
    fn every_account_of_the_book_has_its_place_in_the_chart() {
        let named = |book_account| Name::of(book_account, "47-1").text().to_owned();
        assert_eq!(named("receivable"), "Assets:Receivable:N47-2D1");
        assert_eq!(named("income"), "Income:Billing");
        assert_eq!(named("credit_on_account"), "Liabilities:Credit:N47-2D1");
        assert_eq!(named("credit_notes"), "Income:Credit-Notes");
        assert_eq!(named("write_offs"), "Expenses:Write-Offs");
        assert_eq!(named("clearing:stripe"), "Assets:Clearing:Stripe");
        assert_eq!(named("something_else"), "Assets:Other:Something-5Felse");
    }
}
