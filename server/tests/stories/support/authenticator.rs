//! A device that keeps a passkey, and the browser in front of it: what they send by the WebAuthn
//! standard, and what they would send if they lied.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const HAS_KEY: u8 = 0x40;

#[derive(Clone)]
pub struct Device {
    key: SigningKey,
    id: Vec<u8>,
    user: Vec<u8>,
    pub signatures: u32,
    /// Whether it asks for a finger, a face or a PIN.
    pub verifies_user: bool,
    /// Where its browser is.
    pub origin: String,
    rp_id: String,
}

impl Device {
    /// A device of this number, which is its secret too.
    pub fn new(number: u8, origin: &str) -> Self {
        Self {
            key: SigningKey::from_slice(&[number; 32]).unwrap(),
            id: vec![number; 16],
            user: Vec::new(),
            signatures: 0,
            verifies_user: true,
            origin: origin.to_owned(),
            rp_id: String::new(),
        }
    }

    /// Another key under another name, of who says to be the same person.
    pub fn with_key(&self, number: u8) -> Self {
        let key = SigningKey::from_slice(&[number; 32]).unwrap();
        Self { key, id: vec![number; 16], ..self.clone() }
    }

    fn flags(&self) -> u8 {
        USER_PRESENT | if self.verifies_user { USER_VERIFIED } else { 0 }
    }

    fn client(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = &options["challenge"];
        json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false })
            .to_string()
            .into_bytes()
    }

    fn head(&mut self, flags: u8) -> Vec<u8> {
        self.signatures += 1;
        let mut head = Sha256::digest(self.rp_id.as_bytes()).to_vec();
        head.push(flags);
        head.extend(self.signatures.to_be_bytes());
        head
    }

    /// What `navigator.credentials.create` gives.
    pub fn make(&mut self, options: &Value) -> Value {
        self.rp_id = options["rp"]["id"].as_str().unwrap().to_owned();
        self.user = URL_SAFE_NO_PAD.decode(options["user"]["id"].as_str().unwrap()).unwrap();
        let mut data = self.head(self.flags() | HAS_KEY);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        let point = self.key.verifying_key().to_sec1_point(false);
        // {1: 2, 3: -7, -1: 1, -2: x, -3: y}, by hand: five fields need no library.
        data.extend([0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20]);
        data.extend(&point.as_bytes()[1..33]);
        data.extend([0x22, 0x58, 0x20]);
        data.extend(&point.as_bytes()[33..]);
        let mut attestation = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        attestation.push(u8::try_from(data.len()).unwrap());
        attestation.extend(data);
        let client = self.client("webauthn.create", options);
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "attestationObject": text(&attestation),
                "clientDataJSON": text(&client),
                "transports": ["internal"],
            },
        })
    }

    /// What `navigator.credentials.get` gives.
    pub fn sign(&mut self, options: &Value) -> Value {
        let data = self.head(self.flags());
        let client = self.client("webauthn.get", options);
        let signed = [data.clone(), Sha256::digest(&client).to_vec()].concat();
        let signature: Signature = self.key.sign(&signed);
        json!({
            "id": text(&self.id), "rawId": text(&self.id), "type": "public-key",
            "clientExtensionResults": {},
            "response": {
                "authenticatorData": text(&data),
                "clientDataJSON": text(&client),
                "signature": text(signature.to_der().as_bytes()),
                "userHandle": text(&self.user),
            },
        })
    }
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
