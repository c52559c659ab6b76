//! Card numbers where none belong. People type them into any field; they must not be kept.

/// What payment cards have.
const SHORTEST: usize = 13;
const LONGEST: usize = 19;

/// Does this text hold what can only be the number of a payment card? Digits in one run or in
/// groups, of the length and with the first digit that cards have, whose check digit is right.
/// Digits that are part of a word, as in an id, are none.
pub fn holds_card_number(text: &str) -> bool {
    let mut groups: Vec<Vec<u32>> = Vec::new();
    let mut word = Vec::new();
    let mut is_number = true;
    // A separator at the end closes the last word.
    for c in text.chars().chain(['\n']) {
        if let Some(digit) = digit(c) {
            word.push(digit);
            continue;
        }
        if c.is_alphanumeric() {
            is_number = false;
            continue;
        }
        let joins = is_number && is_separator(c);
        if is_number && !word.is_empty() {
            groups.push(std::mem::take(&mut word));
        }
        if !joins {
            if has_card(&groups) {
                return true;
            }
            groups.clear();
        }
        word.clear();
        is_number = true;
    }
    has_card(&groups)
}

/// ASCII and full-width.
fn digit(c: char) -> Option<u32> {
    c.to_digit(10).or_else(|| match c {
        '０'..='９' => (c as u32).checked_sub('０' as u32),
        _ => None,
    })
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | '-' | '.' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\u{2010}'..='\u{2015}')
}

/// Any neighbouring groups that together are one.
fn has_card(groups: &[Vec<u32>]) -> bool {
    (0..groups.len()).any(|from| {
        let mut digits = Vec::new();
        groups.get(from..).unwrap_or_default().iter().any(|group| {
            digits.extend(group);
            is_card(&digits)
        })
    })
}

fn is_card(digits: &[u32]) -> bool {
    (SHORTEST..=LONGEST).contains(&digits.len())
        && digits.first().is_some_and(|first| (2..=6).contains(first))
        && digits.iter().any(|digit| Some(digit) != digits.first())
        && luhn(digits)
}

/// From the right, every second digit counts twice, by the sum of its digits.
fn luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| match digit.saturating_mul(2) {
            _ if at.is_multiple_of(2) => *digit,
            twice if twice > 9 => twice.saturating_sub(9),
            twice => twice,
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_found_however_they_are_typed() {
        for text in [
            "4242424242424242",
            "4242 4242 4242 4242",
            "my card is 5555-5555-5555-4444, thanks",
            "378282246310005",
            "3782 822463 10005",
            "6011.1111.1111.1117",
            "3056 9300 0902 0004 exp 12/29",
            "order 12 4242\u{a0}4242\u{a0}4242\u{a0}4242",
            "2223003122003222",
            "4222222222222",
            "６０１１１１１１１１１１１１１７",
            "(4000056655665556)",
            "6205500000000000004",
        ] {
            assert!(holds_card_number(text), "{text}");
        }
    }

    #[test]
    fn other_numbers_are_left_alone() {
        for text in [
            "",
            "4242424242424241",
            "paid by transfer on 2026-11-22, 120.00 USD",
            "+1 555 0100",
            "DE89 3704 0044 0532 0130 00",
            "pay_0192f4a6b3c4424242424242424242",
            "0192f4a6-b3c4-7a6b-9d4e-4242424242424242f",
            "7992739871300004",
            "424242424242",
            "42424242424242424242",
            "0000000000000000",
            "5555555555555555555",
            "1234567890123",
            "6666666666666",
            "rooms 4242 4242, 4242 4242",
        ] {
            assert!(!holds_card_number(text), "{text}");
        }
    }
}
