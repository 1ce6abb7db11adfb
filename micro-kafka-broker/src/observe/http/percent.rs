//! Percent encoding in addresses.

use super::Refused;

/// Undoes percent encoding.
pub(super) fn decoded(text: &str) -> Result<String, Refused> {
    let wrong = || Refused::Bad(format!("`{text}` is not encoded as an address must be"));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next(), rest.next()].map(|digit| digit.unwrap_or_default());
                let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
                let (high, low) = high.zip(low).ok_or_else(wrong)?;
                u8::try_from(high * 16 + low).map_err(|_| wrong())?
            }
            plain => plain,
        });
    }
    String::from_utf8(bytes).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_digits_stand_for_a_byte() {
        assert_eq!(decoded("a%2Fb%c3%A9+").unwrap(), "a/bé+");
        for bad in ["%", "%2", "%zz", "%ff", "%+1"] {
            assert!(decoded(bad).is_err(), "{bad}");
        }
    }
}
