//! Offsets that a consumer asks for, or knows.

use rdkafka::bindings as rdsys;
use rdsys::rd_kafka_OffsetSpec_t as Spec;
use rdsys::rd_kafka_resp_err_t as Code;

use super::consumer::KafkaConsumer;
use super::handle::check;
use super::partition_list::NO_OFFSET;
use super::start_offsets;
use super::{ClientError, RecordSource as _, Slot, Spot};

impl KafkaConsumer {
    /// What the group has committed; partitions without a commit are left out.
    pub(super) fn ask_committed(
        &mut self,
        slots: &[Slot],
    ) -> Result<Vec<(Slot, i64)>, ClientError> {
        let mut list = self.list(slots)?;
        start_offsets::committed(&self.client, &mut list)?;
        let committed = slots.iter().zip(list.entries());
        let committed = committed.filter_map(|(slot, entry)| Some((*slot, entry.offset()?)));
        Ok(committed.collect())
    }

    /// What the group has committed of one partition, and the note beside it.
    pub(super) fn ask_note(
        &mut self,
        slot: Slot,
    ) -> Result<Option<(i64, Option<String>)>, ClientError> {
        let mut list = self.list(&[slot])?;
        start_offsets::committed(&self.client, &mut list)?;
        let found = list.entries().next().and_then(|entry| {
            let note = entry.metadata().map(str::to_owned);
            Some((entry.offset()?, note))
        });
        Ok(found)
    }

    /// The offsets that lie there now. Where nothing is as late as a timestamp, it is the end.
    pub(super) fn offsets_at(
        &mut self,
        slots: &[Slot],
        spot: Spot,
    ) -> Result<Vec<(Slot, i64)>, ClientError> {
        let mut list = self.list(slots)?;
        let all = (0..slots.len()).collect::<Vec<_>>();
        let spec = match spot {
            Spot::Beginning => i64::from(Spec::RD_KAFKA_OFFSET_SPEC_EARLIEST as i32),
            Spot::End => i64::from(Spec::RD_KAFKA_OFFSET_SPEC_LATEST as i32),
            Spot::Timestamp(millis) => millis.max(0),
        };
        let isolation = self.isolation;
        let mut found =
            start_offsets::list_offsets(&self.client, &mut list, &all, spec, isolation)?;
        let mut offsets = Vec::with_capacity(slots.len());
        let mut open = Vec::new();
        for slot in slots {
            let name = self.name(*slot);
            let entry = found.find(&name.c_topic, name.partition);
            match entry.and_then(|entry| entry.offset()) {
                Some(offset) => offsets.push((*slot, offset)),
                None => open.push(*slot),
            }
        }
        if matches!(spot, Spot::Timestamp(_)) && !open.is_empty() {
            offsets.extend(self.offsets_at(&open, Spot::End)?);
        }
        Ok(offsets)
    }

    /// The end of a partition as the last answer to a fetch told it.
    pub(super) fn end_as_told(&self, slot: Slot) -> Option<i64> {
        let name = self.name(slot);
        let (mut low, mut high) = (NO_OFFSET, NO_OFFSET);
        // SAFETY: client and name are alive; the out pointers are ours.
        let code = unsafe {
            rdsys::rd_kafka_get_watermark_offsets(
                self.client.raw(),
                name.c_topic.as_ptr(),
                name.partition,
                &raw mut low,
                &raw mut high,
            )
        };
        (code == Code::RD_KAFKA_RESP_ERR_NO_ERROR && high >= 0).then_some(high)
    }

    /// The offset of the next record that has not been handed out.
    pub(super) fn position_of(&self, slot: Slot) -> Option<i64> {
        // librdkafka has handed those out already.
        if let Some(first) = self.intake.first_in_hand(slot) {
            return Some(first);
        }
        let mut list = self.list(&[slot]).ok()?;
        // SAFETY: client and list are alive.
        let code = unsafe { rdsys::rd_kafka_position(self.client.raw(), list.raw()) };
        check("rd_kafka_position", code).ok()?;
        list.entries().next()?.offset()
    }
}
