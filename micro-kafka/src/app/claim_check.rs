//! Where the application's large payloads go, by its settings.

use super::error::BootError;
use crate::claim_check::{ClaimCheck, FileClaimStore};
use crate::config::Config;

/// What the program gave, and what the settings say beside it.
pub(super) fn claim_check(
    given: Option<ClaimCheck>,
    config: &Config,
    problems: &mut Vec<BootError>,
) -> Option<ClaimCheck> {
    let settings = &config.kafka().claim_check;
    let folder = settings.directory.as_ref();
    let own = given.or_else(|| folder.map(|folder| ClaimCheck::new(FileClaimStore::new(folder))));
    let above = settings
        .above
        .map(|bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
    if own.is_none() && above.is_some() {
        let place = config.origin("kafka.claim-check.above");
        let place = place.map_or_else(String::new, |place| format!("{place}: "));
        problems.push(BootError::new(format!(
            "{place}kafka.claim-check.above: there is no store for large payloads: set \
             kafka.claim-check.directory, or give one by `KafkaAppBuilder::claim_check`"
        )));
    }
    own.map(|own| own.or_above(above))
}
