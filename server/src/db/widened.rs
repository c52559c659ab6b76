//! One SQL text for one row, widened to many: fewer and larger statements are what makes a
//! batch quick on both engines.

/// The engines allow 32,766 placeholders a statement; no batch comes near.
pub const ROWS_AT_MOST: usize = 200;

/// `insert … values ($1, $2)` for `rows` rows, or `… in ($2)` for `rows` values: the last
/// bracketed group of placeholders after `values` or `in` is repeated, its numbers going on.
///
/// The group's own numbers must be the text's highest, in order, as in every text it is used
/// with; a test prepares the result on both engines.
pub fn widened(one_row: &str, rows: usize) -> String {
    let opening = |word: &str| {
        let (before, after) = one_row.rsplit_once(word)?;
        let spaces = after.len().saturating_sub(after.trim_start().len());
        let is_open = after.trim_start().starts_with('(');
        let place = before.len().saturating_add(word.len()).saturating_add(spaces);
        is_open.then(|| place.saturating_add(1))
    };
    let (values, list) = (opening("values"), opening(" in"));
    let Some((head, tail)) = values.max(list).and_then(|at| one_row.split_at_checked(at)) else {
        return one_row.to_owned();
    };
    let Some((group, end)) = tail.split_once(')') else { return one_row.to_owned() };
    let columns = group.matches('$').count();
    let before = head.matches('$').count();
    let is_list = list > values;
    let mut text = head.to_owned();
    for row in 0..rows {
        if row > 0 {
            text.push_str(if is_list { ", " } else { "), (" });
        }
        for column in 0..columns {
            if column > 0 {
                text.push_str(", ");
            }
            let number = before.saturating_add(row.saturating_mul(columns)).saturating_add(column);
            text.push('$');
            text.push_str(&number.saturating_add(1).to_string());
        }
    }
    text.push(')');
    text.push_str(end);
    text
}

#[cfg(test)]
mod tests {
    use super::widened;

    #[test]
    fn values_repeat_with_their_numbers_going_on() {
        let one = "insert into t (a, b) values ($1, $2) on conflict (a) do nothing";
        assert_eq!(
            widened(one, 3),
            "insert into t (a, b) values ($1, $2), ($3, $4), ($5, $6) on conflict (a) do nothing"
        );
        assert_eq!(widened(one, 1), one);
        assert_eq!(widened("insert into t\nvalues\n  ($1,\n   $2)", 2).lines().count(), 3);
    }

    #[test]
    fn a_list_follows_what_stands_before_it() {
        let one = "select n from t where a = $1 and n in ($2)";
        assert_eq!(widened(one, 3), "select n from t where a = $1 and n in ($2, $3, $4)");
    }
}
