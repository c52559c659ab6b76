//! JSON read strictly: one object of UTF-8, no name twice, no deep nesting, no NUL.
//!
//! `serde_json` keeps the last of two equal names, and another reader of the same body may keep
//! the first; so a body that says two things is refused as a whole.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

const DEEPEST: usize = 16;

/// Not a body that can mean one thing only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Reads the object that is the whole body.
pub fn read_object(body: &[u8]) -> Result<Value, Malformed> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Strict { depth: 0 }.deserialize(&mut reader).map_err(|_| Malformed)?;
    reader.end().map_err(|_| Malformed)?;
    if value.is_object() { Ok(value) } else { Err(Malformed) }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEEPEST {
            return Err(E::custom("nested too deeply"));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    #[expect(clippy::disallowed_types, reason = "kept as written, so that the field is refused")]
    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        without_nul(value).map(|text| Value::String(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            without_nul::<A::Error>(&name)?;
            let value = fields.next_value_seed(inner)?;
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name appears twice"));
            }
        }
        Ok(Value::Object(map))
    }
}

fn without_nul<E: Error>(text: &str) -> Result<&str, E> {
    if text.contains('\0') { Err(E::custom("a NUL character")) } else { Ok(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_read_as_it_is_written() {
        let value = read_object(br#" {"amount": 12000, "on": null, "rows": [{"a": "\u00e9"}]} "#);
        let expected = serde_json::json!({"amount": 12000, "on": null, "rows": [{"a": "é"}]});
        assert_eq!(value, Ok(expected));
    }

    #[test]
    fn what_is_not_one_clear_object_is_malformed() {
        let deep = format!("{}1{}", "{\"a\":".repeat(17), "}".repeat(17));
        let utf16: Vec<u8> = "{}".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bodies: [&[u8]; 15] = [
            b"",
            b" ",
            b"[]",
            b"null",
            b"12",
            b"{\"a\":1",
            b"{} {}",
            b"{}x",
            b"{\"a\":1,\"a\":1}",
            b"{\"rows\":[{\"a\":1,\"a\":2}]}",
            b"\xef\xbb\xbf{}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\\u0000\"}",
            deep.as_bytes(),
            &utf16,
        ];
        for body in bodies {
            assert_eq!(read_object(body), Err(Malformed), "{body:?}");
        }
        assert_eq!(read_object(b"{\"a\":NaN}"), Err(Malformed));
    }

    #[test]
    fn sixteen_levels_are_not_too_deep() {
        let body = format!("{}1{}", "{\"a\":".repeat(16), "}".repeat(16));
        assert!(read_object(body.as_bytes()).is_ok());
    }
}
