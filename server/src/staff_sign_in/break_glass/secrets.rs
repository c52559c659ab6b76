//! The password's hash, and the seed sealed under the password: whoever reads the database has
//! neither.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use super::totp::Seed;
use crate::clock::Chance;

/// OWASP's: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Enough to be drawn and never guessed; nobody chooses one.
const PASSWORD_BYTES: usize = 16;

/// What is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    pub password_hash: String,
    pub seed_salt: String,
    pub seed_sealed: String,
}

pub fn draw_password(chance: &dyn Chance) -> String {
    let mut bytes = [0; PASSWORD_BYTES];
    chance.fill(&mut bytes);
    // In groups, as it is read from paper.
    let text = hex::encode(bytes);
    let groups: Vec<_> = text.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
    groups.join("-")
}

fn argon2() -> Option<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).ok()?;
    Some(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn salt(chance: &dyn Chance) -> [u8; SALT_BYTES] {
    let mut salt = [0; SALT_BYTES];
    chance.fill(&mut salt);
    salt
}

/// None where the parameters do not go, which a test would have told.
pub fn seal(password: &str, seed: &Seed, chance: &dyn Chance) -> Option<Sealed> {
    let argon2 = argon2()?;
    let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt(chance)).ok()?;
    let seed_salt = salt(chance);
    let mut sealed = seed.reveal().to_vec();
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    key(password, &seed_salt)?.seal_in_place_append_tag(nonce, Aad::empty(), &mut sealed).ok()?;
    Some(Sealed {
        password_hash: hash.to_string(),
        seed_salt: hex::encode(seed_salt),
        seed_sealed: hex::encode(sealed),
    })
}

/// The seed, if the password is the right one. Takes as long for a wrong one.
pub fn open(password: &str, sealed: &Sealed) -> Option<Seed> {
    let hash = PasswordHash::new(&sealed.password_hash).ok()?;
    let is_right = argon2()?.verify_password(password.as_bytes(), &hash).is_ok();
    let key = key(password, &hex::decode(&sealed.seed_salt).ok()?)?;
    let mut bytes = hex::decode(&sealed.seed_sealed).ok()?;
    let nonce = Nonce::assume_unique_for_key([0; 12]);
    let opened = key.open_in_place(nonce, Aad::empty(), &mut bytes).ok()?;
    Seed::read(opened).filter(|_| is_right)
}

/// A key that seals once: its salt is drawn for it, so its nonce may be any.
fn key(password: &str, salt: &[u8]) -> Option<LessSafeKey> {
    let mut bytes = [0; 32];
    argon2()?.hash_password_into(password.as_bytes(), salt, &mut bytes).ok()?;
    UnboundKey::new(&CHACHA20_POLY1305, &bytes).ok().map(LessSafeKey::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SystemChance;

    #[test]
    fn only_the_password_opens_the_seed_and_nothing_of_it_is_stored() {
        let seed = Seed::draw(&SystemChance);
        let password = draw_password(&SystemChance);
        let sealed = seal(&password, &seed, &SystemChance).unwrap();
        assert!(sealed.password_hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{sealed:?}");
        assert!(open(&password, &sealed) == Some(seed.clone()));
        for wrong in ["", &password[1..], &password.to_uppercase(), &format!("{password} ")] {
            assert!(open(wrong, &sealed).is_none(), "{wrong}");
        }
        let stored = format!("{sealed:?}");
        assert!(!stored.contains(&password) && !stored.contains(&hex::encode(seed.reveal())));
    }

    #[test]
    fn a_password_is_128_bits_of_chance_in_groups_of_four() {
        let (one, other) = (draw_password(&SystemChance), draw_password(&SystemChance));
        assert_ne!(one, other);
        assert_eq!((one.len(), one.split('-').count()), (39, 8));
    }
}
