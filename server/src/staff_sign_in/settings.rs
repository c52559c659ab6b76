//! What the biller's company says of its identity provider: section `staff_sign_in`.

use receivables::api::roles::StaffRole;
use serde::Deserialize;

use crate::config::Secret;
use crate::sign_in::StaffRoles;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StaffSignInSettings {
    /// Empty: staff cannot sign in here.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub scopes: String,
    pub roles_claim: String,
    pub role_map: RoleMap,
    pub mfa_acr: String,
    pub idle_minutes: i64,
    pub absolute_minutes: i64,
}

/// The provider's words for each of our roles.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleMap {
    clerk: ProviderWords,
    approver: ProviderWords,
    admin: ProviderWords,
    auditor: ProviderWords,
}

/// A list, or in a variable of the environment the same with commas.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "ListOrText")]
struct ProviderWords(Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum ListOrText {
    List(Vec<String>),
    Text(String),
}

impl From<ListOrText> for ProviderWords {
    fn from(words: ListOrText) -> Self {
        let words = match words {
            ListOrText::List(words) => words,
            ListOrText::Text(text) => text.split(',').map(|word| word.trim().to_owned()).collect(),
        };
        Self(words.into_iter().filter(|word| !word.is_empty()).collect())
    }
}

impl RoleMap {
    const fn words_for(&self, role: StaffRole) -> &ProviderWords {
        match role {
            StaffRole::Clerk => &self.clerk,
            StaffRole::Approver => &self.approver,
            StaffRole::Admin => &self.admin,
            StaffRole::Auditor => &self.auditor,
        }
    }

    /// Our roles for somebody of whom the provider says these words; none where they have none.
    pub fn roles_of(&self, words: &[String]) -> Option<StaffRoles> {
        let has =
            |role: &StaffRole| self.words_for(*role).0.iter().any(|word| words.contains(word));
        StaffRoles::of(&StaffRole::ALL.into_iter().filter(has).collect::<Vec<_>>())
    }

    fn is_empty(&self) -> bool {
        StaffRole::ALL.into_iter().all(|role| self.words_for(role).0.is_empty())
    }
}

/// The setting that is wrong, and what it must be.
pub fn wrong_setting(settings: &StaffSignInSettings) -> Option<(&'static str, &'static str)> {
    if !(1..=1_440).contains(&settings.idle_minutes) {
        return Some(("staff_sign_in.idle_minutes", "between 1 and 1440"));
    }
    if !(settings.idle_minutes..=1_440).contains(&settings.absolute_minutes) {
        return Some(("staff_sign_in.absolute_minutes", "between idle_minutes and 1440"));
    }
    if settings.issuer.is_empty() {
        return None;
    }
    if settings.client_id.is_empty() {
        return Some(("staff_sign_in.client_id", "set when staff_sign_in.issuer is"));
    }
    if settings.roles_claim.is_empty() {
        return Some(("staff_sign_in.roles_claim", "the name of a claim"));
    }
    if settings.role_map.is_empty() {
        return Some(("staff_sign_in.role_map", "set when staff_sign_in.issuer is"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(toml: &str) -> RoleMap {
        toml::from_str(toml).unwrap()
    }

    const EMPTY: &str = "clerk = []\napprover = []\nadmin = []\nauditor = []";

    #[test]
    fn roles_are_what_the_map_says_and_nothing_else() {
        let map = map("clerk = [\"Pay Down Clerks\"]\napprover = \"chiefs, 7f0c\"\nadmin = []\n\
             auditor = [\"\"]");
        let roles = |words: &[&str]| {
            let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
            map.roles_of(&words).map(|roles| roles.to_string())
        };
        assert_eq!(roles(&["Pay Down Clerks"]).as_deref(), Some("clerk"));
        assert_eq!(roles(&["x", "7f0c", "Pay Down Clerks"]).as_deref(), Some("clerk,approver"));
        for nobody in [&[][..], &[""], &["clerk"], &["pay down clerks"], &["admin", "auditor"]] {
            assert_eq!(roles(nobody), None, "{nobody:?}");
        }
        assert!(map_is_empty(EMPTY) && !map.is_empty());
    }

    fn map_is_empty(toml: &str) -> bool {
        map(toml).is_empty()
    }
}
