//! Whether a webhook was sent by the gateway: an HMAC over the raw bytes, made with a secret
//! that only the two of us know.
//!
//! What the caller answers must not tell which check failed; the reasons are for our log.

use hmac::{Hmac, KeyInit, Mac};
use miniserde::json;
use receivables::calendar::Micros;
use sha2::Sha256;
use thiserror::Error;

use super::event::{EventAnswer, EventHint};
use crate::config::Secret;

/// How far the stamp may lie from our clock, before and after: longer, and a recorded webhook
/// could be played again.
const TOLERANCE_SECONDS: i64 = 300;
const LONGEST_HEADER: usize = 16 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SignatureProblem {
    #[error("the signature header is missing")]
    HeaderMissing,
    #[error("the signature header cannot be read")]
    HeaderMalformed,
    #[error("no signature of the scheme v1")]
    NoSignature,
    #[error("no signature was made with a secret of ours")]
    WrongSignature,
    #[error("the stamp is too far from our clock")]
    OutsideTolerance,
    /// Signed with our secret, so really the gateway's, but not an event as we know them.
    #[error("authentic, but not an event")]
    AuthenticButUnreadable,
}

pub(super) fn verify(
    secrets: &[Secret],
    raw: &[u8],
    header: Option<&str>,
    now: Micros,
) -> Result<EventHint, SignatureProblem> {
    let header = header.ok_or(SignatureProblem::HeaderMissing)?;
    let Parts { stamp, signatures } = split(header)?;
    if signatures.is_empty() {
        return Err(SignatureProblem::NoSignature);
    }
    let seconds: i64 = stamp.parse().map_err(|_| SignatureProblem::HeaderMalformed)?;
    let authentic = secrets
        .iter()
        .any(|secret| signatures.iter().any(|sign| made_with(secret, stamp, raw, sign)));
    if !authentic {
        return Err(SignatureProblem::WrongSignature);
    }
    // Tolerance after authenticity: who cannot sign learns nothing about our clock.
    if now.unix_seconds().abs_diff(seconds) > TOLERANCE_SECONDS.unsigned_abs() {
        return Err(SignatureProblem::OutsideTolerance);
    }
    let text = std::str::from_utf8(raw).map_err(|_| SignatureProblem::AuthenticButUnreadable)?;
    json::from_str::<EventAnswer>(text)
        .map(EventHint::from)
        .map_err(|_| SignatureProblem::AuthenticButUnreadable)
}

/// The header that the gateway would send with `raw`; the sandbox signs with it.
pub(super) fn sign(secret: &Secret, raw: &[u8], now: Micros) -> Option<String> {
    let stamp = now.unix_seconds().to_string();
    let signature = hex::encode(mac(secret, &stamp, raw)?.finalize().into_bytes());
    Some(format!("t={stamp},v1={signature}"))
}

struct Parts<'h> {
    stamp: &'h str,
    signatures: Vec<Vec<u8>>,
}

fn split(header: &str) -> Result<Parts<'_>, SignatureProblem> {
    if header.len() > LONGEST_HEADER {
        return Err(SignatureProblem::HeaderMalformed);
    }
    let mut stamp = None;
    let mut signatures = Vec::new();
    for part in header.split(',') {
        match part.trim().split_once('=') {
            Some(("t", value)) if stamp.is_none() && is_digits(value) => stamp = Some(value),
            Some(("t", _)) => return Err(SignatureProblem::HeaderMalformed),
            // The gateway writes lower case; anything else is not its signature.
            Some(("v1", value)) if !value.bytes().any(|b| b.is_ascii_uppercase()) => {
                signatures.extend(hex::decode(value).ok());
            }
            // Other schemes may come; they prove nothing to us and harm nothing.
            _ => {}
        }
    }
    Ok(Parts { stamp: stamp.ok_or(SignatureProblem::HeaderMalformed)?, signatures })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn made_with(secret: &Secret, stamp: &str, raw: &[u8], signature: &[u8]) -> bool {
    // `verify_slice` takes the same time wherever the first difference is.
    mac(secret, stamp, raw).is_some_and(|mac| mac.verify_slice(signature).is_ok())
}

fn mac(secret: &Secret, stamp: &str, raw: &[u8]) -> Option<Hmac<Sha256>> {
    // An HMAC takes a key of any length, so there always is one.
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.reveal().as_bytes()).ok()?;
    mac.update(stamp.as_bytes());
    mac.update(b".");
    mac.update(raw);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stripe_webhook::Webhook;

    const NOW: Micros = Micros(1_795_000_000_000_000);
    const STAMP: i64 = 1_795_000_000;
    const BODY: &str = r#"{"id":"evt_1","object":"event","type":"payment_intent.succeeded",
        "livemode":false,"created":1794999999,"data":{"object":{"id":"pi_1",
        "object":"payment_intent"}}}"#;

    fn secrets() -> Vec<Secret> {
        vec![Secret::new("whsec_primary"), Secret::new("whsec_secondary")]
    }

    /// The published library's header, so that the vectors are not of our own making.
    fn header(secret: &str, stamp: i64) -> String {
        Webhook::generate_test_header(BODY, secret, Some(stamp))
    }

    fn v1(secret: &str, stamp: i64) -> String {
        header(secret, stamp).split_once(",v1=").unwrap().1.to_owned()
    }

    fn check(header: &str) -> Result<EventHint, SignatureProblem> {
        verify(&secrets(), BODY.as_bytes(), Some(header), NOW)
    }

    #[test]
    fn a_webhook_signed_with_either_secret_is_a_hint() {
        for secret in ["whsec_primary", "whsec_secondary"] {
            let hint = check(&header(secret, STAMP)).unwrap();
            assert_eq!(hint.event_id, "evt_1");
            assert_eq!(hint.kind, "payment_intent.succeeded");
            assert_eq!(hint.object_id.as_deref(), Some("pi_1"));
            assert_eq!(hint.object_type.as_deref(), Some("payment_intent"));
            assert_eq!(hint.created, Micros(1_794_999_999_000_000));
            assert!(!hint.livemode);
        }
    }

    #[test]
    fn the_right_signature_counts_wherever_it_stands() {
        let right = v1("whsec_primary", STAMP);
        let wrong = "0".repeat(64);
        let hundred = format!(",v1={wrong}").repeat(99);
        for header in [
            format!("t={STAMP},v1={wrong},v1={right}"),
            format!("t={STAMP}{hundred},v1={right}"),
            format!("v1={right},t={STAMP}"),
            format!("t={STAMP},v0={wrong},v1={right},v2=x"),
            format!("t={STAMP}, v1={right}"),
            format!("t={STAMP},v1=zz,v1=,v1={right}"),
        ] {
            assert!(check(&header).is_ok(), "{header}");
        }
    }

    #[test]
    fn the_stamp_may_be_five_minutes_off_and_no_more() {
        for (stamp, allowed) in
            [(STAMP - 300, true), (STAMP + 300, true), (STAMP - 301, false), (STAMP + 301, false)]
        {
            let seen = check(&header("whsec_primary", stamp));
            match allowed {
                true => assert!(seen.is_ok(), "{stamp}"),
                false => assert_eq!(seen, Err(SignatureProblem::OutsideTolerance), "{stamp}"),
            }
        }
    }

    #[test]
    fn every_bad_header_is_refused() {
        use SignatureProblem::{HeaderMalformed, HeaderMissing, NoSignature, WrongSignature};
        let right = v1("whsec_primary", STAMP);
        let hundred = format!(",v1={}", "ab".repeat(32)).repeat(100);
        assert_eq!(verify(&secrets(), BODY.as_bytes(), None, NOW), Err(HeaderMissing));
        for (header, problem) in [
            (String::new(), HeaderMalformed),
            (format!("v1={right}"), HeaderMalformed),
            (format!("t=,v1={right}"), HeaderMalformed),
            (format!("t=now,v1={right}"), HeaderMalformed),
            (format!("t=-{STAMP},v1={right}"), HeaderMalformed),
            (format!("t=+{STAMP},v1={right}"), HeaderMalformed),
            (format!("t=99999999999999999999,v1={right}"), HeaderMalformed),
            (format!("t={STAMP},t={STAMP},v1={right}"), HeaderMalformed),
            (format!("t={STAMP},v1={}", "a".repeat(20_000)), HeaderMalformed),
            (format!("t={STAMP}"), NoSignature),
            (format!("t={STAMP},v0={right}"), NoSignature),
            (format!("t={STAMP},v1={}", right.to_uppercase()), NoSignature),
            (format!("t={STAMP},v1=xyz"), NoSignature),
            (format!("t={STAMP},v1={}", &right[..62]), WrongSignature),
            (format!("t=0{STAMP},v1={right}"), WrongSignature),
            (format!("t={STAMP}{hundred}"), WrongSignature),
            (header("whsec_another", STAMP), WrongSignature),
            (header("", STAMP), WrongSignature),
            (format!("t={},v1={right}", STAMP + 1), WrongSignature),
        ] {
            assert_eq!(check(&header), Err(problem), "{}", &header[..header.len().min(120)]);
        }
    }

    #[test]
    fn one_byte_changed_anywhere_or_one_byte_more_breaks_the_signature() {
        let good = header("whsec_primary", STAMP);
        let mut bodies: Vec<Vec<u8>> = (0..BODY.len())
            .map(|place| {
                let mut body = BODY.as_bytes().to_vec();
                body[place] ^= 1;
                body
            })
            .collect();
        bodies.push(format!("{BODY}\n").into_bytes());
        bodies.push(Vec::new());
        let again: serde_json::Value = serde_json::from_str(BODY).unwrap();
        bodies.push(serde_json::to_vec(&again).unwrap());
        for body in bodies {
            let seen = verify(&secrets(), &body, Some(&good), NOW);
            assert_eq!(seen, Err(SignatureProblem::WrongSignature));
        }
    }

    #[test]
    fn an_authentic_body_that_is_no_event_is_told_apart_from_a_forgery() {
        for body in ["", "null", "[]", r#"{"id":"evt_1"}"#, "{", "\u{feff}{}"] {
            let header = sign(&secrets()[0], body.as_bytes(), NOW);
            let seen = verify(&secrets(), body.as_bytes(), header.as_deref(), NOW);
            assert_eq!(seen, Err(SignatureProblem::AuthenticButUnreadable), "{body:?}");
        }
    }

    #[test]
    fn without_a_secret_nothing_is_authentic() {
        let good = header("whsec_primary", STAMP);
        let seen = verify(&[], BODY.as_bytes(), Some(&good), NOW);
        assert_eq!(seen, Err(SignatureProblem::WrongSignature));
    }

    #[test]
    fn our_own_signature_is_the_published_one() {
        let ours = sign(&secrets()[0], BODY.as_bytes(), NOW);
        assert_eq!(ours, Some(header("whsec_primary", STAMP)));
    }
}
