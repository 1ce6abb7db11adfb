//! `orders[0-5,7]@latest-10`: the same grammar as in the settings.

use super::{millis, topic};

const EXAMPLE: &str = "write `\"topic[partitions]@start\"`, as in `\"orders[0-5,7]@latest-10\"`";
const HIGHEST: u32 = 99_999;

/// Checks partitions and their start.
pub(crate) fn topic_partitions(text: &str) -> Result<(), String> {
    let (name, rest) = text.split_once('[').ok_or(EXAMPLE)?;
    let (list, start) = rest.split_once(']').ok_or(EXAMPLE)?;
    topic(name.trim())?;
    let mut seen: Vec<u32> = Vec::new();
    let listed = (list.trim() != "*").then(|| list.split(','));
    for part in listed.into_iter().flatten() {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (partition(first)?, partition(last)?);
        if last < first {
            return Err(format!("the range `{}` is upside down", part.trim()));
        }
        for partition in first..=last {
            if seen.contains(&partition) {
                return Err(format!("the partition {partition} is given twice"));
            }
            seen.push(partition);
        }
    }
    match start.trim().strip_prefix('@') {
        Some(start) => check_start(start.trim()),
        None if start.trim().is_empty() => Ok(()),
        None => Err(EXAMPLE.into()),
    }
}

fn partition(text: &str) -> Result<u32, String> {
    let number = text.trim().parse().ok();
    let number = number.filter(|number| *number <= HIGHEST);
    number.ok_or_else(|| format!("`{}` is no partition; {EXAMPLE}", text.trim()))
}

fn check_start(text: &str) -> Result<(), String> {
    let unknown = || {
        format!(
            "`{text}` is no start: one of `committed`, `earliest`, `latest`, `latest-10`, `1234`, \
             `time:1764115200000`, `ago:1h`"
        )
    };
    let number = |text: &str| text.parse::<u32>().map(|_| ()).map_err(|_| unknown());
    if let Some(count) = text.strip_prefix("latest-") {
        return number(count);
    }
    if let Some(duration) = text.strip_prefix("ago:") {
        return millis(duration).map(|_| ());
    }
    let digits = text.strip_prefix("time:").unwrap_or(text);
    match text {
        "committed" | "earliest" | "latest" => Ok(()),
        _ => match digits.parse::<i64>() {
            Ok(0..) => Ok(()),
            _ => Err(unknown()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::topic_partitions;

    #[test]
    fn what_the_settings_take_is_taken() {
        for text in [
            "orders[0]",
            "orders[0-5, 7]",
            "orders[1]@earliest",
            "orders[1]@latest-10",
            "orders[1]@1234",
            "orders[1]@time:17",
            "orders[1] @ ago:1h",
        ] {
            assert_eq!(topic_partitions(text), Ok(()), "{text}");
        }
        for text in [
            "orders",
            "or ders[0]",
            "orders[]",
            "orders[3-1]",
            "orders[0-2,1]",
            "orders[0]@first",
            "orders[0]@-3",
            "orders[0]@ago:3",
            "orders[0]earliest",
        ] {
            assert!(topic_partitions(text).is_err(), "{text}");
        }
    }
}
