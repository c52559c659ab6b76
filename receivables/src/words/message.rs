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
    StatusDueSoon, StatusDueToday, StatusOverdue, StatusPartPaid, StatusInProgress, StatusDisputed,
    StatusPaid, StatusCancelled, StatusWrittenOff,
    // Why a line of an allocation is there
    ReasonOldestOverdue, ReasonNextDue, ReasonNoDueDate, ReasonYouChoseIt, ReasonYourCredit, ReasonOldestBill,
    ReasonNewestBill, ReasonSmallestBill, ReasonEqualShare, ReasonWholeBill,
    // What is wrong with a typed amount
    AmountNothingChosen, AmountEmpty, AmountNotANumber, AmountTooManyDecimals, AmountWholeNumber,
    AmountTwoReadings, AmountOtherCurrency, AmountTooSmall, AmountTooSmallPayAll,
    AmountRestTooSmall, AmountRestTooSmallPayAll, AmountMoreThanOwed, AmountTooLarge,
    AmountPartNotAccepted, NothingToPay, BalanceTooSmall, AmountSign,
    AmountExponent, AmountTooLargeToCount, AmountRestTooSmallPayLess, AmountRestTooSmallPayOther, NoBillChosen,
    // What is wrong with a direction
    DirectionSwitchedOff, DirectionBillNamedTwice, DirectionTooManyBills, DirectionBillNotPayable,
    DirectionNotPositive, DirectionMoreThanAvailable, DirectionMoreThanPayment,
    // The frame around every page
    SkipToContent, MainMenu, WhatYouOwe, PastBills, Payments, SignOut, Demo, DemoLabel, DemoBanner,
    TestBanner, HelpTitle, HelpIntro, OtherWaysToPay, OpenMailbox, Loading, TryAgain,
    BackToWhatYouOwe, ShowMore, ShownOf, NotFoundTitle, NotFound, ErrorSummaryTitle, TitleError,
    NoAnswerTitle, NoAnswer, SignedOutTitle, SignedOut, RefusedTitle, ServiceFaultTitle,
    ServiceFault, RequestReference, TimeLimitTitle, TimeLimit, StaySignedIn, TimeIsUpTitle, TimeIsUp,
    // Days
    DayToday, DayTomorrow, DayYesterday, DaysAhead, DaysAgo, NoDueDate, DueOn, WasDueOn, DueDay,
    // Signing in
    SignInTitle, SignInIntro, EmailLabel, EmailHint, EmailNotAnAddress, SendCode, Sending,
    CheckYourMail, CodeSent, CodeLabel, CodeHint, CodeEmpty, CodeInvalid, SignIn, SigningIn,
    AnotherAddress, LinkTitle, LinkIntro, LinkInvalidTitle, LinkInvalid, AskForNewCode,
    RememberDevice, PasskeySignIn, PasskeyNotChosen, PasskeyOfferTitle, PasskeyOffer, AddPasskey,
    NotNow, PasskeyAddedTitle, PasskeyAdded,
    // Invited
    InvitationTitle, InvitationIntro, AccountNumberLabel, AccountNumberHint, AccountNumberEmpty,
    SeeMyBills, BeenHereBefore,
    // Your sign-in
    YourSignIn, StepUpTitle, StepUp, SignInAgain, ChangeEmail, NewEmailLabel, NewEmailHint,
    EmailCodeSent, ConfirmEmail, EmailChangeWaits, KeepEmail, Passkeys, NoPasskeys, Remove,
    NotYet, WhereSignedIn, ThisDevice, UnknownDevice, EndSession, SignOutEverywhere, ByCode,
    ByLink, ByInvitation, ByPasskey, ColumnDevice, ColumnAdded, ColumnUsed, ColumnSignedIn,
    ColumnLastSeen, ColumnAct,
    // Accounts
    AccountNumber, YourAccounts, NoAccountTitle, NoAccount, YouOwe, YouAreInCredit,
    NothingToPayNow, AmountPastDue, NextDueIs, AmountInProgress, AmountOnHold, CreditOnAccountIs,
    AllInProgress, MakeAPayment, MoreOnThisAccount, SeePastBills, SeePayments, InProgressTitle,
    SentNotConfirmed, StartedNotFinished,
    // Credit on account when paying
    UseMyCredit, UseMyCreditHint, CreditCoversAll, CreditCoversAllExplained, UseCreditNow,
    // Bills
    DuePeriodsTitle, OneBillOldestFirst, BillsOldestFirst, NothingDueTitle, NothingDue, LeftToPay,
    SeeBill, BillNumber, BillNumberAndTotal, PaidSoFar, OnHoldLine, HoldReason, BillFor,
    FactBillNumber, FactIssued, FactDue, FactBilled, FactPaid, BillLinesCaption,
    BillPaymentsCaption, NoPaymentsOnBill, QuantityTimes, LessDiscount, Total, ColumnWhat,
    ColumnTax, ColumnAmount, ColumnPaid, ColumnDay, ColumnReceipt, ColumnPeriod, ColumnDue,
    ColumnPaidOn, PastBillsCaption, NoPastBills,
    // How much
    HowMuchTitle, ChoiceDueNow, ChoiceAllOwed, ChoiceAllIsDue, ChoiceAnother, ChoiceBills,
    AmountLabel, AmountReading, ChooseBillsHint, PayOnBill, ChosenSum, TotalLabel, TotalHint,
    Continue, EarlierPaymentTitle, EarlierPayment, OfflineTitle, OfflineExplained,
    OfflineCannotPay,
    // What a payment would settle
    PreviewLabel, PreviewCaption, PreviewCaptionEmpty, PreviewEmpty, PreviewNews, ColumnLeftNow,
    ColumnThisPayment, ColumnLeftAfter, ColumnLeftBefore, NothingOnThis, Settled, LeftOutOnHold,
    LeftOutOnHoldBecause, LeftOutInProgress, LeftOutShort, CreditOnAccount, LeftToPayAfter,
    PastDueAfter, NothingLeftAfter, NoLongerPastDue, StillPastDue, OneStaysPastDue,
    SomeStayPastDue, MoreThanOwedStays, AmountOnDay, OneSettled, SomeSettled, GoesTowards,
    OneGetsAPart, SomeGetAPart, ResultLine, SeeTheSplit, LongListSummary,
    // Check and pay
    CheckTitle, CheckCaption, Change, ChangeAmount, ChangeSplit, FactAccount, FactReceiptGoesTo,
    CardTitle, TestCardsLegend, TestCardsHint, Paying, ChooseFirstTitle, ChooseFirst,
    ChooseHowMuch, NoLongerWorksTitle, AlreadyDoneTitle, AlreadyDone, ChangedTitle, Changed,
    ChangedFrom, NewInThisPayment, NoLongerInThisPayment, OneMoreBill, MoreBills, ReservedTitle,
    Reserved, SeeThatPayment, NotReached, DeclinedTryAgain, CardFieldsUnavailableTitle,
    CardFieldsUnavailable, CardFieldsWrongTitle, BankAsksTitle, BankAsks, BankApprove, BankRefuse,
    StartingPayment, WaitingForYou, WaitingForBank, WaitingLonger, WaitingSafeToClose,
    // How a payment came out
    StageNotFinished, StageDeclined, StageInProgress, StageChecking, StagePaid, StageFailed,
    StageCancelled, StageExpired, ResultPaid, ResultInProgress, ResultBankStarted, ResultChecking,
    ResultDeclined, ResultFailed, ResultCancelled, ResultExpired, ResultNotFinished, MoneyNotTaken,
    MoneyTaken, MoneyUnknown, WeTook, ReceiptSent, BankConfirming, BankTakesDays,
    CheckingExplained, DeclinedExplained, FailedExplained, CancelledExplained, ExpiredExplained,
    NotFinishedExplained, RefundDone, RefundUnderWay, RefundCameBack, PaymentDisputed,
    PaymentWithdrawn, RowRefunded, RowWithdrawn, PaymentReference, UseAnotherCard, FinishPayment, StartAgain,
    CancelPayment, SeePayment, PaymentsCaption, NoPayments, ColumnMethod, ColumnStatus, TenderCard,
    TenderBankDebit, TenderCash, TenderCheque, TenderTransfer, TenderTerminal, TenderOtherPortal,
    // Receipts
    ReceiptTitle, ReceiptCaption, ReceiptDiffers, DemoReceipt, FactReceipt, FactPaidOn, FactMethod,
    FactAmount, FactLeftToPay, FactPastDue, FactNextDue, FactRefunded, FactWithdrawn, PrintOrSave, SeeReceipt,
    // Acts
    PayNow,
}
