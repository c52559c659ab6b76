//! What an account is found by: the words of its number, its name, and its customers' names and
//! addresses. A word is kept as the number that its first letters make, so that all words with
//! one beginning lie side by side, on both engines, whatever language they sort in.

use std::collections::HashMap;

use receivables::ids::{AccountId, CustomerId};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, AnyPool, AssertSqlSafe, Row};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::db::{Command, Database, DbError, ROWS_AT_MOST, widened};

/// 37 to the power of this still fits.
const LETTERS: usize = 12;
const BASE: i64 = 37;
/// As many words as one search looks for at most, beside the first.
pub const WORDS_AT_MOST: usize = 4;
/// More words of one account than begin alike.
const WORDS_OF_ONE: i64 = 20;
const A_COMMIT: i64 = 500;
/// Of an account that is called nothing, so that it is not looked at again and again. No word is.
const NO_WORD: i64 = 0;

const WHAT_IT_IS_CALLED: &str = "
select a.number, a.name, null as email from account a where a.id = $1
union all
select '', c.name, c.email from account_customer x join customer c on c.id = x.customer_id
where x.account_id = $1";

const FORGET: &str = "delete from account_word where account_id = $1";

const INSERT: &str = "
insert into account_word (account_id, word) values ($1, $2)
on conflict (account_id, word) do nothing";

const ACCOUNTS_OF: &str = "
select account_id from account_customer where customer_id = $1 order by account_id";

const WITHOUT_WORDS: &str = "
select a.id from account a
where not exists (select 1 from account_word w where w.account_id = a.id)
order by a.id limit $1";

/// The accounts with a word in each of the ranges, who have the first one exactly first. The words
/// are gone through in their order and no further than is asked for: half of all accounts may
/// begin with what was typed.
const FIND: &str = "
select x.account_id, min(x.word) as first_word from (
select w.account_id, w.word from account_word w
where w.word between $1 and $2
  and exists (select 1 from account_word x
    where x.account_id = w.account_id and x.word between $3 and $4)
  and exists (select 1 from account_word x
    where x.account_id = w.account_id and x.word between $5 and $6)
  and exists (select 1 from account_word x
    where x.account_id = w.account_id and x.word between $7 and $8)
order by w.word, w.account_id
limit $10) x
group by x.account_id
order by first_word, x.account_id
limit $9";

pub(super) const SQL: &[&str] =
    &[WHAT_IT_IS_CALLED, FORGET, INSERT, ACCOUNTS_OF, WITHOUT_WORDS, FIND];

/// The words of a text, without accents and capitals: letters and digits, everything else parts
/// them.
fn words_of(text: &str) -> Vec<String> {
    let plain: String =
        text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase).collect();
    let words = plain.split(|c: char| !c.is_alphanumeric());
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// The places of a word's letters, 1 to 36; a letter of another script takes three.
fn letters(word: &str) -> Vec<i64> {
    let mut places = Vec::new();
    for c in word.chars() {
        match c {
            '0'..='9' => places.push(1 + i64::from(u32::from(c) - u32::from('0'))),
            'a'..='z' => places.push(11 + i64::from(u32::from(c) - u32::from('a'))),
            other => {
                let mut rest = i64::from(u32::from(other));
                for _ in 0..3 {
                    places.push(1 + rest % 36);
                    rest /= 36;
                }
            }
        }
    }
    places.truncate(LETTERS);
    places
}

/// The first and the last number that a word with this beginning can have.
fn range_of(beginning: &str) -> (i64, i64) {
    let places = letters(beginning);
    let first = |fill: i64| {
        let filled = places.iter().copied().chain(std::iter::repeat(fill)).take(LETTERS);
        filled.fold(0_i64, |number, place| number.saturating_mul(BASE).saturating_add(place))
    };
    (first(0), first(BASE - 1))
}

fn number_of(word: &str) -> i64 {
    range_of(word).0
}

/// What is looked up for a name or an address: its words, and all of them in one, as numbers are
/// written with and without their dashes.
fn numbers_of(text: &str) -> Vec<i64> {
    let words = words_of(text);
    let mut numbers: Vec<i64> = words.iter().map(|word| number_of(word)).collect();
    if words.len() > 1 {
        numbers.push(number_of(&words.concat()));
    }
    numbers
}

/// An address by what stands before `@`, and by all of it: half of all people share the rest.
fn numbers_of_email(email: &str) -> Vec<i64> {
    let local = email.split('@').next().unwrap_or_default();
    let mut numbers = numbers_of(local);
    numbers.push(number_of(&words_of(email).concat()));
    numbers
}

/// What was typed into the search box, as ranges of words; none if there is no word in it.
pub fn ranges_of(typed: &str) -> Vec<(i64, i64)> {
    let words = if typed.contains('@') { vec![words_of(typed).concat()] } else { words_of(typed) };
    let mut words: Vec<String> = words.into_iter().filter(|word| !word.is_empty()).collect();
    // The longest says most, so it goes first.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words.truncate(WORDS_AT_MOST);
    words.iter().map(|word| range_of(word)).collect()
}

/// What an account and its customers are called.
#[derive(Default)]
pub(super) struct Called {
    pub names: Vec<String>,
    pub emails: Vec<String>,
}

impl Called {
    fn numbers(&self) -> Vec<i64> {
        let mut numbers: Vec<i64> = self.names.iter().flat_map(|name| numbers_of(name)).collect();
        numbers.extend(self.emails.iter().flat_map(|email| numbers_of_email(email)));
        if numbers.is_empty() {
            numbers.push(NO_WORD);
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }
}

/// Writes what accounts without words are found by.
pub(super) async fn write(
    tx: &mut AnyConnection,
    called: &HashMap<AccountId, Called>,
) -> Result<(), DbError> {
    let words: Vec<(AccountId, i64)> = called
        .iter()
        .flat_map(|(id, called)| called.numbers().into_iter().map(|number| (*id, number)))
        .collect();
    for some in words.chunks(ROWS_AT_MOST) {
        let mut query = sqlx::query(AssertSqlSafe(widened(INSERT, some.len())));
        for (id, number) in some {
            query = query.bind(id.to_string()).bind(*number);
        }
        query.execute(&mut *tx).await?;
    }
    Ok(())
}

/// Writes anew what an account is found by. In the transaction that changed it.
pub(super) async fn rewrite(tx: &mut AnyConnection, account_id: AccountId) -> Result<(), DbError> {
    let key = account_id.to_string();
    let rows = sqlx::query(WHAT_IT_IS_CALLED).bind(&key).fetch_all(&mut *tx).await?;
    let mut called = Called::default();
    for row in &rows {
        called.names.push(row.try_get("number")?);
        called.names.push(row.try_get("name")?);
        let email: Option<String> = row.try_get("email")?;
        called.emails.extend(email);
    }
    sqlx::query(FORGET).bind(&key).execute(&mut *tx).await?;
    write(tx, &HashMap::from([(account_id, called)])).await
}

/// The same for every account of a customer.
pub(super) async fn rewrite_for(tx: &mut AnyConnection, id: CustomerId) -> Result<(), DbError> {
    for account_id in accounts_of(&mut *tx, id).await? {
        rewrite(&mut *tx, account_id).await?;
    }
    Ok(())
}

pub(super) async fn accounts_of(
    tx: &mut AnyConnection,
    id: CustomerId,
) -> Result<Vec<AccountId>, DbError> {
    let rows = sqlx::query(ACCOUNTS_OF).bind(id.to_string()).fetch_all(tx).await?;
    rows.iter().map(|row| account_id(row, "account_id")).collect()
}

/// Gives words to accounts that were opened before there were any, as many as one commit
/// carries.
struct GiveWords;

impl Command for GiveWords {
    type Reply = usize;

    async fn apply(&self, tx: &mut AnyConnection) -> Result<usize, DbError> {
        let rows = sqlx::query(WITHOUT_WORDS).bind(A_COMMIT).fetch_all(&mut *tx).await?;
        for row in &rows {
            rewrite(&mut *tx, account_id(row, "id")?).await?;
        }
        Ok(rows.len())
    }
}

/// Lets every account be found. Quick where all can be.
pub async fn give_words(db: &Database) -> Result<usize, DbError> {
    let mut given = 0;
    loop {
        let some = db.write(GiveWords).await?;
        given += some;
        if some == 0 {
            return Ok(given);
        }
    }
}

/// The accounts that what was typed may mean, who are called exactly so first.
pub async fn find_by_words(
    pool: &AnyPool,
    typed: &str,
    at_most: i64,
) -> Result<Vec<AccountId>, DbError> {
    let ranges = ranges_of(typed);
    if ranges.is_empty() {
        return Ok(Vec::new());
    }
    let any = (i64::MIN, i64::MAX);
    let mut query = sqlx::query(FIND);
    for n in 0..WORDS_AT_MOST {
        let (from, to) = ranges.get(n).copied().unwrap_or(any);
        query = query.bind(from).bind(to);
    }
    let rows = query.bind(at_most).bind(at_most * WORDS_OF_ONE).fetch_all(pool).await?;
    rows.iter().map(|row| account_id(row, "account_id")).collect()
}

fn account_id(row: &AnyRow, column: &str) -> Result<AccountId, DbError> {
    let id: String = row.try_get(column)?;
    AccountId::parse(&id).map_err(|_| DbError::inconsistent("account_word", "account_id", &id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_without_accents_and_capitals() {
        assert_eq!(
            words_of("José-María  O'Brien, 14 Mill"),
            ["jose", "maria", "o", "brien", "14", "mill"]
        );
        assert_eq!(words_of("  \u{200b}--- "), Vec::<String>::new());
        assert_eq!(words_of("ÅNGSTRÖM ﬁrm"), ["angstrom", "firm"]);
    }

    #[test]
    fn a_word_lies_in_the_range_of_each_of_its_beginnings_and_in_no_other() {
        for word in ["miller", "1001", "mill", "z", "0", "a0", "zzzzzzzzzzzz", "москва", "東京"]
        {
            let number = number_of(word);
            for (end, _) in word.char_indices().skip(1) {
                let (from, to) = range_of(&word[..end]);
                assert!((from..=to).contains(&number), "{word} begins with {}", &word[..end]);
            }
            for other in ["millet", "1002", "mim", "y", "00", "a1", "мина"] {
                let (from, to) = range_of(other);
                assert!(!(from..=to).contains(&number), "{word} does not begin with {other}");
            }
        }
    }

    #[test]
    fn the_longest_beginning_still_fits() {
        let (from, to) = range_of(&"z".repeat(40));
        assert_eq!(from, to);
        assert!(to > 0 && to < i64::MAX);
    }

    #[test]
    fn an_address_is_found_by_its_first_half_and_by_all_of_it() {
        let numbers = numbers_of_email("ada.miller@customers.example");
        for typed in ["ada", "Miller", "ada.miller@cust", "ADA.MILLER@customers.example"] {
            let ranges = ranges_of(typed);
            assert!(!ranges.is_empty());
            let lies = |(from, to): &(i64, i64)| numbers.iter().any(|n| (from..=to).contains(&n));
            assert!(ranges.iter().all(lies), "{typed}");
        }
        let (from, to) = ranges_of("customers")[0];
        assert!(!numbers.iter().any(|number| (from..=to).contains(number)));
    }
}
