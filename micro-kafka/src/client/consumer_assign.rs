//! Partitions that a consumer takes over.

use rdkafka::bindings as rdsys;

use super::consumer::KafkaConsumer;
use super::consumer_close::Leaving;
use super::handle::{check, check_error};
use super::partition_list::NO_OFFSET;
use super::start_offsets::{self, Reset};
use super::{ClientError, RecordSource as _, Slot, Start};

impl KafkaConsumer {
    /// Takes partitions over, from where the group or the reset policy says.
    pub(super) fn begin_assignment(&mut self, slots: &[Slot]) -> Result<Vec<Start>, ClientError> {
        if !self.answers() {
            return Ok(Vec::new());
        }
        let mut list = self.list(slots)?;
        for slot in slots {
            self.intake.forget(*slot, false);
        }
        let mut fresh = Vec::new();
        // A closing consumer gives up what it is offered.
        if !slots.is_empty() && self.leaving == Leaving::No {
            match start_offsets::resolve(&self.client, &mut list, self.reset, self.isolation) {
                Ok(found) => fresh = found,
                Err(error) => {
                    tracing::warn!(%error, "start offsets are unknown: librdkafka goes on trying");
                    // What the failed question left behind is no position.
                    for mut entry in list.entries() {
                        let offset = entry.offset().unwrap_or(NO_OFFSET);
                        entry.set_offset(offset);
                    }
                }
            }
        }
        if !self.by_hand.is_empty() {
            for (slot, offset) in self.beginnings(slots)? {
                let name = self.name(slot);
                if let Some(mut entry) = list.find(&name.c_topic, name.partition) {
                    entry.set_offset(offset);
                    entry.set_leader_epoch(-1);
                }
            }
        }
        let starts = (0..).zip(slots).zip(list.entries());
        let starts = starts.map(|((index, slot), entry)| Start {
            slot: *slot,
            offset: entry.offset(),
            commit: self.reset == Reset::Latest && fresh.contains(&index),
            metadata: entry.metadata().map(str::to_owned),
        });
        let starts = starts.collect();
        if self.cooperative {
            // SAFETY: client and list are alive.
            let error =
                unsafe { rdsys::rd_kafka_incremental_assign(self.client.raw(), list.raw()) };
            check_error("rd_kafka_incremental_assign", error)?;
        } else {
            // SAFETY: client and list are alive.
            let code = unsafe { rdsys::rd_kafka_assign(self.client.raw(), list.raw()) };
            check("rd_kafka_assign", code)?;
        }
        // Not earlier: a stop of fetching that is under way would undo it.
        for slot in slots {
            self.intake.begin(*slot);
        }
        Ok(starts)
    }
}
