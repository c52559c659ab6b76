//! The keys of the table of words.

macro_rules! messages {
    ($($name:ident),* $(,)?) => {
        /// One thing to say. The words are in the language's own file.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Message { $($name),* }

        impl Message {
            pub const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

messages! {
    // Statuses of a bill
    StatusDueSoon, StatusDueToday, StatusOverdue, StatusPartPaid, StatusInProgress,
    StatusDisputed, StatusPaid, StatusCancelled, StatusWrittenOff,
    // Why a line of an allocation is there
    ReasonOldestOverdue, ReasonNextDue, ReasonNoDueDate, ReasonYouChoseIt, ReasonOldestBill,
    ReasonNewestBill, ReasonSmallestBill, ReasonEqualShare, ReasonWholeBill,
    // What is wrong with a typed amount
    AmountNothingChosen, AmountEmpty, AmountNotANumber, AmountTooManyDecimals,
    AmountWholeNumber, AmountTwoReadings, AmountOtherCurrency, AmountTooSmall,
    AmountTooSmallPayAll, AmountRestTooSmall, AmountRestTooSmallPayAll, AmountMoreThanOwed,
    AmountTooLarge, AmountPartNotAccepted, NothingToPay, BalanceTooSmall, AmountSign,
    AmountExponent, AmountTooLargeToCount, AmountRestTooSmallPayLess, AmountRestTooSmallPayOther,
    // What is wrong with a direction
    DirectionSwitchedOff, DirectionBillNamedTwice, DirectionTooManyBills,
    DirectionBillNotPayable, DirectionNotPositive, DirectionMoreThanAvailable,
    DirectionMoreThanPayment,
    // Acts
    PayNow,
}
