//! Topic ids.

use std::fmt;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A 128-bit id; all zeros stands for none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Uuid(pub(crate) [u8; 16]);

impl Uuid {
    /// No id.
    pub(crate) const ZERO: Self = Self([0; 16]);

    /// A random id (version 4), whose text does not begin with a dash, as Kafka's tools want it.
    pub(crate) fn random() -> Self {
        loop {
            let mut bytes: [u8; 16] = rand::random();
            bytes[6] = (bytes[6] & 0x0f) | 0x40;
            bytes[8] = (bytes[8] & 0x3f) | 0x80;
            let id = Self(bytes);
            if !id.to_string().starts_with('-') {
                return id;
            }
        }
    }

    /// Reads Kafka's text form.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() != 22 {
            return None;
        }
        let mut bits = 0u128;
        for (place, letter) in text.bytes().enumerate() {
            let six = ALPHABET.iter().position(|known| *known == letter)?;
            let six = u128::try_from(six).ok()?;
            // The last letter stands for two bits only.
            bits = match place {
                21 if six & 0xf != 0 => return None,
                21 => bits << 2 | six >> 4,
                _ => bits << 6 | six,
            };
        }
        Some(Self(bits.to_be_bytes()))
    }

    /// The form with hyphens and hexadecimal digits, which Kafka uses in member ids.
    pub(crate) fn hyphenated(&self) -> String {
        let hex = format!("{:032x}", u128::from_be_bytes(self.0));
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        let parts = [
            part(0, 8),
            part(8, 12),
            part(12, 16),
            part(16, 20),
            part(20, 32),
        ];
        parts.join("-")
    }

    /// Whether this is no id.
    pub(crate) fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }
}

impl fmt::Display for Uuid {
    /// Kafka's text form: URL-safe base64 without padding, 22 characters.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = u128::from_be_bytes(self.0);
        for place in 0..22_u32 {
            let shift = 122_i32 - 6 * i32::try_from(place).unwrap_or_default();
            let six = if shift >= 0 {
                bits >> shift
            } else {
                bits << -shift
            } & 0x3f;
            let index = usize::try_from(six).unwrap_or_default();
            write!(f, "{}", char::from(ALPHABET[index]))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::Uuid;

    #[test]
    fn text_is_kafkas_base64() {
        assert_eq!(Uuid::ZERO.to_string(), "AAAAAAAAAAAAAAAAAAAAAA");
        let one = Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(one.to_string(), "AAAAAAAAAAAAAAAAAAAAAQ");
        assert_eq!(Uuid([0xff; 16]).to_string(), "_____________________w");
    }

    #[test]
    fn text_is_read_back() {
        for _ in 0..50 {
            let id = Uuid::random();
            assert_eq!(Uuid::parse(&id.to_string()), Some(id));
        }
        for bad in [
            "",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAA=",
        ] {
            assert_eq!(Uuid::parse(bad), None, "{bad}");
        }
    }
}
