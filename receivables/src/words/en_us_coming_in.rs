//! English as written in the United States: signing in, being invited, and one's own sign-in.

/// Adds these words to those of the table, which stays one: a message that is in neither does not
/// compile.
macro_rules! coming_in {
    ($words:ident { $($others:tt)* }) => {
        $words! {
            // Signing in
            SignInTitle: "Sign in",
            SignInIntro: "We send a code to your e-mail address. You need no password.",
            EmailLabel: "E-mail address",
            EmailHint: "The one your bills are sent to.",
            EmailNotAnAddress: "Enter an e-mail address, like name@example.com",
            SendCode: "Send me a code",
            Sending: "Sending…",
            CheckYourMail: "Check your e-mail",
            CodeSent: "If {email} is known to us, a code is on its way to it. It works for 10 minutes.",
            CodeLabel: "Code",
            CodeHint: "From the e-mail. You can paste it.",
            CodeEmpty: "Enter the code from the e-mail",
            CodeInvalid: "This code does not work. Check it, or ask for a new one",
            SignIn: "Sign in",
            SigningIn: "Signing in…",
            AnotherAddress: "Use another address or send a new code",
            LinkTitle: "Sign in with the link",
            LinkIntro: "Press the button to sign in on this device.",
            LinkInvalidTitle: "This link does not work here",
            LinkInvalid:
                "It works once, for 10 minutes, and only in the browser where you asked for it. If you \
                 asked in another browser, go back to it and type the code from the e-mail there.",
            AskForNewCode: "Ask for a new code",
            RememberDevice: "Keep me signed in on this device",
            PasskeySignIn: "Sign in with a passkey",
            PasskeyNotChosen: "No passkey was used. Try again, or go on without one.",
            PasskeyOfferTitle: "Sign in without a mail next time",
            PasskeyOffer:
                "With a passkey you sign in by your fingerprint, your face or your device's PIN. Nothing \
                 of these leaves your device.",
            AddPasskey: "Add a passkey",
            NotNow: "Not now",
            PasskeyAddedTitle: "The passkey is added",
            PasskeyAdded: "Next time, choose “Sign in with a passkey”.",
            // Invited
            InvitationTitle: "See your bills online",
            InvitationIntro:
                "{biller} has invited you. So that nobody else sees your bills, we ask for a number that \
                 stands on them.",
            AccountNumberLabel: "Account number",
            AccountNumberHint: "As on your bill. Capitals, spaces and dashes do not matter.",
            AccountNumberEmpty: "Enter the account number from your bill",
            SeeMyBills: "See my bills",
            BeenHereBefore: "Been here before? Sign in with your e-mail address",
            // Your sign-in
            YourSignIn: "Your sign-in",
            StepUpTitle: "Sign in again to change this",
            StepUp: "You signed in a while ago. So that nobody else changes this, sign in once more.",
            SignInAgain: "Sign in again",
            ChangeEmail: "Change the address",
            NewEmailLabel: "New e-mail address",
            NewEmailHint: "We send a code to it.",
            EmailCodeSent: "We sent a code to {email}. It works for 10 minutes.",
            ConfirmEmail: "Confirm the address",
            EmailChangeWaits: "From {day} on you sign in with {email}. Until then nothing changes.",
            KeepEmail: "Keep the address I have",
            Passkeys: "Passkeys",
            NoPasskeys: "You have none yet.",
            Remove: "Remove",
            NotYet: "Not yet",
            WhereSignedIn: "Where you are signed in",
            ThisDevice: "This one",
            UnknownDevice: "A device we do not know",
            EndSession: "Sign out there",
            SignOutEverywhere: "Sign out everywhere",
            ByCode: "{day}, with a code",
            ByLink: "{day}, with a link",
            ByInvitation: "{day}, by invitation",
            ByPasskey: "{day}, with a passkey",
            ColumnDevice: "Device",
            ColumnAdded: "Added",
            ColumnUsed: "Last used",
            ColumnSignedIn: "Signed in",
            ColumnLastSeen: "Last seen",
            ColumnAct: "Change",
            $($others)*
        }
    };
}

pub(super) use coming_in;
