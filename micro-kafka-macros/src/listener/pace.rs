//! How long an attempt may take, and how many begin in a time.

use syn::LitStr;

use super::args::named;
use crate::ctxt::Ctxt;
use crate::setting::Setting;
use crate::text::{has_placeholder, millis};

const RATE: &str =
    "not a rate: write how many records in which time, as in `\"100/s\"` or `\"1000/500ms\"`";
/// More than one in a microsecond cannot be told apart.
const MOST_IN_A_MILLISECOND: u64 = 1_000;

/// `timeout = "5s"`.
pub(super) fn timeout(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    checked(setting, ctxt, |text| match millis(text)? {
        0 => Err("a timeout must be longer than 0".into()),
        _ => Ok(()),
    })
}

/// `rate_limit = "100/s"`.
pub(super) fn rate_limit(setting: &Setting, ctxt: &mut Ctxt) -> Option<LitStr> {
    checked(setting, ctxt, |text| rate(text).ok_or_else(|| RATE.into()))
}

fn rate(text: &str) -> Option<()> {
    let (records, time) = text.split_once('/')?;
    let records = records.trim().parse::<u32>().ok()?;
    let time = time.trim();
    let millis = match time.starts_with(|first: char| first.is_ascii_digit()) {
        true => millis(time),
        false => millis(&format!("1{time}")),
    };
    let most = millis.ok()?.saturating_mul(MOST_IN_A_MILLISECOND);
    (records > 0 && u64::from(records) <= most).then_some(())
}

/// A text that is right unless placeholders leave that to the settings.
fn checked(
    setting: &Setting,
    ctxt: &mut Ctxt,
    check: impl FnOnce(&str) -> Result<(), String>,
) -> Option<LitStr> {
    let text = named(setting, ctxt)?;
    if !has_placeholder(&text.value())
        && let Err(message) = check(&text.value())
    {
        ctxt.error(text.span(), message);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_a_number_and_a_time() {
        for right in ["100/s", "30/m", "1000/500ms", "1 / 2h", "1000000/s"] {
            assert_eq!(rate(right), Some(()), "{right}");
        }
        for wrong in ["", "100", "0/s", "1/0s", "1/x", "-1/s", "1000001/s"] {
            assert_eq!(rate(wrong), None, "{wrong}");
        }
    }
}
