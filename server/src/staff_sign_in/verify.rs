//! Believing an identity token, or not: who signed it, for whom, for which sign-in, until when,
//! and whether the member proved themselves twice.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use openidconnect::core::{
    CoreGenderClaim, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm,
};
use openidconnect::{
    AdditionalClaims, ClaimsVerificationError, ClientId, IdToken, IdTokenClaims, IdTokenVerifier,
    Nonce, SignatureVerificationError,
};
use receivables::calendar::Micros;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use thiserror::Error;

use super::provider::Metadata;
use super::settings::StaffSignInSettings;

/// Signatures that only the provider can make. Those with a shared secret are not among them: a
/// public key is no secret.
const SIGNATURES: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];
/// Clocks differ a little.
const AHEAD_SECONDS: i64 = 120;
/// OpenID Connect Core, section 2: at most 255 characters.
const LONGEST_SUBJECT: usize = 255;
const LONGEST_NAME: usize = 100;

/// The claims that the standard does not know, among them the roles.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub struct OtherClaims(HashMap<String, Value>);

impl AdditionalClaims for OtherClaims {}

pub type IdentityToken = IdToken<
    OtherClaims,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJwsSigningAlgorithm,
>;
type Claims = IdTokenClaims<OtherClaims, CoreGenderClaim>;

/// What the provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    pub subject: String,
    pub name: String,
    /// The provider's own words for what the member is.
    pub role_words: Vec<String>,
}

#[derive(Debug, PartialEq, Eq, Error)]
pub enum NotProven {
    /// The keys we know may be old ones.
    #[error("no known key fits")]
    UnknownKey,
    #[error("{0}")]
    Untrue(String),
    #[error("no second factor")]
    NoSecondFactor,
}

/// What a token has to fit.
pub struct Expected<'a> {
    pub client_id: &'a ClientId,
    pub nonce: &'a str,
    pub now: Micros,
    pub settings: &'a StaffSignInSettings,
}

pub fn verify(
    token: &IdentityToken,
    metadata: &Metadata,
    expected: &Expected<'_>,
) -> Result<Proven, NotProven> {
    let untrue = |why: &str| NotProven::Untrue(why.to_owned());
    let now = DateTime::<Utc>::from_timestamp_micros(expected.now.0).unwrap_or_default();
    let (client_id, issuer) = (expected.client_id.clone(), metadata.issuer().clone());
    let keys = metadata.jwks().clone();
    // Without the client's secret, a signature made with it cannot even be tried.
    let verifier = IdTokenVerifier::<CoreJsonWebKey>::new_public_client(client_id, issuer, keys)
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || now)
        .set_issue_time_verifier_fn(move |at| {
            let ahead = at.timestamp().saturating_sub(now.timestamp());
            if ahead > AHEAD_SECONDS { Err("issued in the future".to_owned()) } else { Ok(()) }
        });
    let nonce = Nonce::new(expected.nonce.to_owned());
    let claims = token.claims(&verifier, &nonce).map_err(|error| match error {
        ClaimsVerificationError::SignatureVerification(
            SignatureVerificationError::NoMatchingKey,
        ) => NotProven::UnknownKey,
        error => NotProven::Untrue(error.to_string()),
    })?;
    // The library leaves this one to us: issued to us, not only meant for us.
    if claims.authorized_party().is_some_and(|party| party != expected.client_id) {
        return Err(untrue("issued to another client"));
    }
    let subject = claims.subject().as_str();
    if subject.is_empty() || subject.len() > LONGEST_SUBJECT {
        return Err(untrue("its subject is empty or too long"));
    }
    if !has_second_factor(claims, &expected.settings.mfa_acr) {
        return Err(NotProven::NoSecondFactor);
    }
    Ok(Proven {
        subject: subject.to_owned(),
        name: name_of(claims),
        role_words: claims.additional_claims().words(&expected.settings.roles_claim),
    })
}

/// RFC 8176 has the word `mfa` for it; a provider may say it by a class of its own instead.
fn has_second_factor(claims: &Claims, mfa_acr: &str) -> bool {
    let by_method = claims
        .auth_method_refs()
        .is_some_and(|methods| methods.iter().any(|method| method.as_str() == "mfa"));
    let by_class = !mfa_acr.is_empty()
        && claims.auth_context_ref().is_some_and(|class| class.as_str() == mfa_acr);
    by_method || by_class
}

/// To show who is signed in; nobody is found by it.
fn name_of(claims: &Claims) -> String {
    let full = claims.name().and_then(|name| name.get(None)).map(|name| name.as_str());
    let short = claims.preferred_username().map(|name| name.as_str());
    let name = full.or(short).unwrap_or("A member of staff");
    name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect()
}

impl OtherClaims {
    /// The words of a claim, which may be one or a list; `a.b` is b inside a.
    fn words(&self, claim: &str) -> Vec<String> {
        let found = self.0.get(claim).or_else(|| {
            let mut steps = claim.split('.');
            let first = self.0.get(steps.next()?)?;
            steps.try_fold(first, |value, step| value.get(step))
        });
        match found {
            Some(Value::String(word)) => vec![word.clone()],
            Some(Value::Array(all)) => {
                all.iter().filter_map(|word| word.as_str().map(str::to_owned)).collect()
            }
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn roles_are_read_from_a_list_a_word_or_inside_another_claim() {
        let claims = json!({
            "groups": ["clerks", 7, "admins"], "role": "clerks", "https://x.example/r": ["y"],
            "realm_access": { "roles": ["clerks"] },
        });
        let claims: OtherClaims = serde_json::from_value(claims).unwrap();
        assert_eq!(claims.words("groups"), ["clerks", "admins"]);
        assert_eq!(claims.words("role"), ["clerks"]);
        assert_eq!(claims.words("https://x.example/r"), ["y"]);
        assert_eq!(claims.words("realm_access.roles"), ["clerks"]);
        for none in ["", "nothing", "realm_access", "realm_access.roles.deeper", "groups."] {
            assert!(claims.words(none).is_empty(), "{none}");
        }
    }
}
