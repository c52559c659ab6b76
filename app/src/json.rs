//! Reads the documents of the API.
//!
//! A reader of our own: it knows whole numbers only, so no amount can become a float on its
//! way, and its error is one word, because nobody reads why a document of ours is not one. The
//! general one brings sentences and float printing for every way to be wrong, which weighed as
//! much as all reading together.

use std::borrow::Cow;
use std::fmt;

use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, Expected, IntoDeserializer,
    MapAccess, SeqAccess, Unexpected, VariantAccess, Visitor,
};

/// The text is not the document it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotThisDocument;

/// How deep lists and objects may lie in each other.
const DEPTH_AT_MOST: u8 = 32;

pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, NotThisDocument> {
    let mut reader = Reader { rest: text, depth: 0 };
    let document = T::deserialize(&mut reader)?;
    reader.skip_space();
    if reader.rest.is_empty() { Ok(document) } else { Err(NotThisDocument) }
}

struct Reader<'de> {
    rest: &'de str,
    depth: u8,
}

type Read<T> = Result<T, NotThisDocument>;

impl<'de> Reader<'de> {
    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
    }

    fn peek(&mut self) -> Read<u8> {
        self.skip_space();
        self.rest.as_bytes().first().copied().ok_or(NotThisDocument)
    }

    /// Takes the sign if it comes next.
    fn takes(&mut self, sign: char) -> bool {
        self.skip_space();
        let rest = self.rest.strip_prefix(sign);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn expect(&mut self, sign: char) -> Read<()> {
        if self.takes(sign) { Ok(()) } else { Err(NotThisDocument) }
    }

    fn word(&mut self, word: &str) -> Read<()> {
        self.rest = self.rest.strip_prefix(word).ok_or(NotThisDocument)?;
        Ok(())
    }

    fn integer(&mut self) -> Read<i64> {
        self.skip_space();
        let is_part = |c: char| c.is_ascii_digit() || c == '-';
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at(end);
        // A fraction or an exponent is no amount of anything here.
        if rest.starts_with(['.', 'e', 'E']) {
            return Err(NotThisDocument);
        }
        self.rest = rest;
        number.parse().map_err(|_| NotThisDocument)
    }

    fn string(&mut self) -> Read<Cow<'de, str>> {
        self.expect('"')?;
        let end = self.rest.find(['"', '\\']).ok_or(NotThisDocument)?;
        let (plain, rest) = self.rest.split_at(end);
        if let Some(rest) = rest.strip_prefix('"') {
            self.rest = rest;
            return Ok(Cow::Borrowed(plain));
        }
        self.rest = rest;
        let mut text = plain.to_owned();
        loop {
            let mut signs = self.rest.chars();
            let sign = signs.next().ok_or(NotThisDocument)?;
            self.rest = signs.as_str();
            match sign {
                '"' => return Ok(Cow::Owned(text)),
                '\\' => text.push(self.escaped()?),
                sign => text.push(sign),
            }
        }
    }

    fn escaped(&mut self) -> Read<char> {
        let mut signs = self.rest.chars();
        let sign = signs.next().ok_or(NotThisDocument)?;
        self.rest = signs.as_str();
        Ok(match sign {
            '"' | '\\' | '/' => sign,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.escaped_code(),
            _ => return Err(NotThisDocument),
        })
    }

    fn escaped_code(&mut self) -> Read<char> {
        let first = self.four_digits()?;
        if !(0xd800..0xdc00).contains(&first) {
            return char::from_u32(first).ok_or(NotThisDocument);
        }
        self.word("\\u")?;
        let second = self.four_digits()?;
        if !(0xdc00..0xe000).contains(&second) {
            return Err(NotThisDocument);
        }
        char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00))
            .ok_or(NotThisDocument)
    }

    fn four_digits(&mut self) -> Read<u32> {
        let digits = self.rest.get(..4).ok_or(NotThisDocument)?;
        self.rest = self.rest.get(4..).ok_or(NotThisDocument)?;
        u32::from_str_radix(digits, 16).map_err(|_| NotThisDocument)
    }

    /// Passes over one value of any kind.
    fn skip(&mut self) -> Read<()> {
        match self.peek()? {
            b'"' => self.string().map(drop),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            b'{' => self.skip_parts('{', '}'),
            b'[' => self.skip_parts('[', ']'),
            _ => self.skip_number(),
        }
    }

    fn skip_parts(&mut self, open: char, close: char) -> Read<()> {
        self.expect(open)?;
        self.deeper(|reader| {
            let mut parts = Parts { reader, first: true };
            while parts.goes_on(close)? {
                if open == '{' {
                    parts.reader.string()?;
                    parts.reader.expect(':')?;
                }
                parts.reader.skip()?;
            }
            Ok(())
        })
    }

    fn skip_number(&mut self) -> Read<()> {
        let rest = self.rest.trim_start_matches(|c: char| {
            c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E')
        });
        if rest.len() == self.rest.len() {
            return Err(NotThisDocument);
        }
        self.rest = rest;
        Ok(())
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEPTH_AT_MOST {
            return Err(NotThisDocument);
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }
}

/// Kinds that are read like another; whether a number fits, its visitor says.
macro_rules! read_like {
    ($other:ident: $($name:ident)*) => {$(
        fn $name<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
            self.$other(visitor)
        }
    )*};
}

/// Each kind asks its visitor for that kind alone: what is never called is not in the module.
impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = NotThisDocument;

    /// For a part that says itself of what kind it is: the desk has such, the customers' documents
    /// have none, and so none of this in their modules.
    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.peek()? {
            b'"' => self.deserialize_string(visitor),
            b't' | b'f' => self.deserialize_bool(visitor),
            b'n' => self.word("null").and_then(|()| visitor.visit_unit()),
            b'{' => self.deserialize_struct("", &[], visitor),
            b'[' => self.deserialize_seq(visitor),
            _ => self.deserialize_i64(visitor),
        }
    }

    /// What a document says beyond what we know of is dropped.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.skip().and_then(|()| visitor.visit_unit())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        self.expect('{')?;
        self.deeper(|reader| visitor.visit_map(Parts { reader, first: true }))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        self.expect('[')?;
        self.deeper(|reader| visitor.visit_seq(Parts { reader, first: true }))
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_i64(self.integer()?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        visitor.visit_string(self.string()?.into_owned())
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.peek()? {
            b't' => self.word("true").and_then(|()| visitor.visit_bool(true)),
            _ => self.word("false").and_then(|()| visitor.visit_bool(false)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Read<V::Value> {
        match self.peek()? {
            b'n' => self.word("null").and_then(|()| visitor.visit_none()),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Read<V::Value> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        if self.peek()? == b'"' {
            let name = self.string()?;
            return visitor.visit_enum(name.into_deserializer());
        }
        self.expect('{')?;
        let value = visitor.visit_enum(Variant(&mut *self))?;
        self.expect('}')?;
        Ok(value)
    }

    read_like! { deserialize_i64: deserialize_i8 deserialize_i16 deserialize_i32 deserialize_u16 }
    read_like! { deserialize_str: deserialize_identifier }

    // Kinds that stand in none of our documents.
    serde::forward_to_deserialize_any! {
        i128 u8 u32 u64 u128 f32 f64 char bytes byte_buf unit unit_struct tuple tuple_struct map
    }
}

/// The parts of a list or an object, after its opening sign.
struct Parts<'a, 'de> {
    reader: &'a mut Reader<'de>,
    first: bool,
}

impl Parts<'_, '_> {
    /// Is there another part before the closing sign?
    fn goes_on(&mut self, close: char) -> Read<bool> {
        if self.reader.takes(close) {
            return Ok(false);
        }
        if !std::mem::take(&mut self.first) {
            self.reader.expect(',')?;
        }
        Ok(true)
    }
}

impl<'de> SeqAccess<'de> for Parts<'_, 'de> {
    type Error = NotThisDocument;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Read<Option<T::Value>> {
        match self.goes_on(']')? {
            true => seed.deserialize(&mut *self.reader).map(Some),
            false => Ok(None),
        }
    }
}

impl<'de> MapAccess<'de> for Parts<'_, 'de> {
    type Error = NotThisDocument;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Read<Option<K::Value>> {
        match self.goes_on('}')? {
            true => seed.deserialize(&mut *self.reader).map(Some),
            false => Ok(None),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Read<V::Value> {
        self.reader.expect(':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// A variant with what it carries: `{"at_least": 500}`.
struct Variant<'a, 'de>(&'a mut Reader<'de>);

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = NotThisDocument;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Read<(V::Value, Self)> {
        let name = seed.deserialize(&mut *self.0)?;
        self.0.expect(':')?;
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = NotThisDocument;

    fn unit_variant(self) -> Read<()> {
        self.0.skip_space();
        self.0.word("null")
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Read<T::Value> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Read<V::Value> {
        self.0.deserialize_seq(visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Read<V::Value> {
        self.0.deserialize_struct("", fields, visitor)
    }
}

impl fmt::Display for NotThisDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not this document")
    }
}

impl std::error::Error for NotThisDocument {}

/// Every way to be wrong is the same, and none is put into words.
impl de::Error for NotThisDocument {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_value(_: Unexpected<'_>, _: &dyn Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
