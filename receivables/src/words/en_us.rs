//! English as written in the United States.

use super::Message;

pub(super) fn text(message: Message) -> &'static str {
    match message {
        Message::StatusDueSoon => "Due soon",
        Message::StatusDueToday => "Due today",
        Message::StatusOverdue => "Past due",
        Message::StatusPartPaid => "Part paid",
        Message::StatusInProgress => "Payment in progress",
        Message::StatusDisputed => "On hold",
        Message::StatusPaid => "Paid",
        Message::StatusCancelled => "Cancelled",
        Message::StatusWrittenOff => "Written off",
        Message::ReasonOldestOverdue => "because it is the oldest past due",
        Message::ReasonNextDue => "because it is due next",
        Message::ReasonNoDueDate => "because it has no due date",
        Message::ReasonYouChoseIt => "because you chose it",
        Message::ReasonOldestBill => "because it is the oldest bill",
        Message::ReasonNewestBill => "because it is the newest bill",
        Message::ReasonSmallestBill => "because it is the smallest",
        Message::ReasonEqualShare => "its share of your payment",
        Message::ReasonWholeBill => "because your payment covers it whole",
        Message::AmountNothingChosen => "Select how much you want to pay",
        Message::AmountEmpty => "Enter how much you want to pay",
        Message::AmountNotANumber => "Amount must be a number, like 45 or 45.50",
        Message::AmountTooManyDecimals => {
            "Amount must have no more than {decimals} decimal places, like {example}"
        }
        Message::AmountWholeNumber => "Amount must be a whole number of {unit}, like 4500",
        Message::AmountTwoReadings => "We read {typed} in two ways. Enter {grouped} or {decimal}",
        Message::AmountOtherCurrency => "Amount must be in {unit}",
        Message::AmountTooSmall => "Amount must be {smallest} or more",
        Message::AmountTooSmallPayAll => {
            "Amount must be {smallest} or more. To pay all of a smaller balance, choose \"All you owe\""
        }
        Message::AmountRestTooSmall => {
            "This would leave {rest}, less than a card payment allows. Pay {upper} to finish, or {lower} or less"
        }
        Message::AmountRestTooSmallPayAll => {
            "This would leave {rest}, less than a card payment allows. Pay {upper} to finish"
        }
        Message::AmountMoreThanOwed => "Amount must be {available} or less, which is all you owe",
        Message::AmountTooLarge => "Amount must be {largest} or less",
        Message::AmountPartNotAccepted => {
            "Bill {bill} takes {smallest} or more. Change the amount so that it gets that much, or none"
        }
        Message::NothingToPay => "Nothing is left to pay",
        Message::BalanceTooSmall => {
            "You owe {available}. A card payment must be {smallest} or more, so it has to be paid another way"
        }
        Message::AmountSign => "Amount must be without a plus or minus sign, like {example}",
        Message::AmountExponent => "Amount must be in plain digits, like {example}",
        Message::AmountTooLargeToCount => "Amount must be a smaller number",
        Message::AmountRestTooSmallPayLess => {
            "This would leave {rest}, less than a card payment allows. Pay {lower} or less"
        }
        Message::AmountRestTooSmallPayOther => {
            "This would leave {rest}, less than a card payment allows. Enter another amount"
        }
        Message::DirectionSwitchedOff => "Payments go to the oldest bill first",
        Message::DirectionBillNamedTwice => "Choose each bill once",
        Message::DirectionTooManyBills => "Choose 100 bills or fewer",
        Message::DirectionBillNotPayable => "Bill {bill} takes no payment now",
        Message::DirectionNotPositive => "Enter how much to pay on bill {bill}",
        Message::DirectionMoreThanAvailable => {
            "Amount for bill {bill} must be {available} or less, which is all that is left on it"
        }
        Message::DirectionMoreThanPayment => {
            "The amounts for your chosen bills come to more than you pay"
        }
        Message::PayNow => "Pay {amount} now",
    }
}
