//! librdkafka's list of partitions, owned.

use std::ffi::{CStr, CString};
use std::ptr::NonNull;

use rdkafka::bindings as rdsys;

use super::TopicPartition;

/// No offset: librdkafka finds it out by itself.
pub(super) const NO_OFFSET: i64 = rdsys::RD_KAFKA_OFFSET_INVALID as i64;

/// An owned list.
#[derive(Debug)]
pub(super) struct PartitionList(NonNull<rdsys::rd_kafka_topic_partition_list_t>);

// SAFETY: the list is plain memory with one owner.
unsafe impl Send for PartitionList {}

impl PartitionList {
    /// An empty list; `None` only if librdkafka is out of memory.
    pub(super) fn with_capacity(capacity: usize) -> Option<Self> {
        let capacity = i32::try_from(capacity).unwrap_or(0);
        // SAFETY: no precondition.
        NonNull::new(unsafe { rdsys::rd_kafka_topic_partition_list_new(capacity) }).map(Self)
    }

    /// A list of these partitions without offsets.
    pub(super) fn of<'a>(partitions: impl IntoIterator<Item = &'a TopicPartition>) -> Option<Self> {
        let partitions = partitions.into_iter();
        let mut list = Self::with_capacity(partitions.size_hint().0)?;
        for partition in partitions {
            list.push(partition, NO_OFFSET);
        }
        Some(list)
    }

    pub(super) fn push(&mut self, partition: &TopicPartition, offset: i64) -> Entry<'_> {
        // SAFETY: list and name are alive; librdkafka copies the name.
        let entry = unsafe {
            let entry = rdsys::rd_kafka_topic_partition_list_add(
                self.raw(),
                partition.c_topic.as_ptr(),
                partition.partition,
            );
            (*entry).offset = offset;
            &mut *entry
        };
        Entry(entry)
    }

    /// Adds the partition of an entry of another list, with this offset.
    pub(super) fn copy_from(&mut self, entry: &Entry<'_>, offset: i64) {
        // SAFETY: list and name are alive; librdkafka copies the name.
        unsafe {
            let copy = rdsys::rd_kafka_topic_partition_list_add(
                self.raw(),
                entry.0.topic,
                entry.0.partition,
            );
            (*copy).offset = offset;
        }
    }

    /// Adds a copy of somebody else's entry.
    ///
    /// # Safety
    /// `entry` must be alive.
    pub(super) unsafe fn copy_raw(&mut self, entry: *const rdsys::rd_kafka_topic_partition_t) {
        // SAFETY: promised by the caller; librdkafka copies the name.
        unsafe {
            let copy = rdsys::rd_kafka_topic_partition_list_add(
                self.raw(),
                (*entry).topic,
                (*entry).partition,
            );
            (*copy).offset = (*entry).offset;
            (*copy).err = (*entry).err;
            let epoch = rdsys::rd_kafka_topic_partition_get_leader_epoch(entry);
            rdsys::rd_kafka_topic_partition_set_leader_epoch(copy, epoch);
        }
    }

    pub(super) fn raw(&self) -> *mut rdsys::rd_kafka_topic_partition_list_t {
        self.0.as_ptr()
    }

    pub(super) fn entries(&mut self) -> impl Iterator<Item = Entry<'_>> {
        // SAFETY: the entries are valid and borrowed as long as the list is.
        unsafe { slice_mut(self.raw()) }.iter_mut().map(Entry)
    }

    /// The entry of a partition.
    pub(super) fn find(&mut self, topic: &CStr, partition: i32) -> Option<Entry<'_>> {
        // SAFETY: list and name are alive.
        let entry = unsafe {
            rdsys::rd_kafka_topic_partition_list_find(self.raw(), topic.as_ptr(), partition)
        };
        // SAFETY: null or an entry of this list, borrowed from it.
        unsafe { entry.as_mut() }.map(Entry)
    }
}

impl Drop for PartitionList {
    fn drop(&mut self) {
        // SAFETY: owned, destroyed once.
        unsafe { rdsys::rd_kafka_topic_partition_list_destroy(self.raw()) };
    }
}

/// One partition of a list.
#[derive(Debug)]
pub(super) struct Entry<'l>(&'l mut rdsys::rd_kafka_topic_partition_t);

impl Entry<'_> {
    pub(super) fn topic(&self) -> &CStr {
        // SAFETY: entries have names that live as long as their list.
        unsafe { CStr::from_ptr(self.0.topic) }
    }

    pub(super) fn partition(&self) -> i32 {
        self.0.partition
    }

    /// The offset, if it is one and the broker told no error.
    pub(super) fn offset(&self) -> Option<i64> {
        let fine = self.0.err == rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        (fine && self.0.offset >= 0).then_some(self.0.offset)
    }

    /// What is noted beside the offset; `None` if nothing, or if it is no text.
    pub(super) fn metadata(&self) -> Option<&str> {
        if self.0.metadata.is_null() || self.0.metadata_size == 0 {
            return None;
        }
        // SAFETY: librdkafka keeps so many bytes there as long as the entry lives.
        let bytes = unsafe {
            std::slice::from_raw_parts(self.0.metadata.cast::<u8>(), self.0.metadata_size)
        };
        std::str::from_utf8(bytes).ok()
    }

    /// Notes something beside the offset.
    pub(super) fn set_metadata(&mut self, text: &str) {
        // SAFETY: the entry owns what is there, which librdkafka allocated; the copy is allocated
        // and released by it, too, and as long as its size says.
        unsafe {
            rdsys::rd_kafka_mem_free(std::ptr::null_mut(), self.0.metadata);
            (self.0.metadata, self.0.metadata_size) = (std::ptr::null_mut(), 0);
            let copy = rdsys::rd_kafka_mem_malloc(std::ptr::null_mut(), text.len().max(1));
            if !copy.is_null() {
                std::ptr::copy_nonoverlapping(text.as_ptr(), copy.cast::<u8>(), text.len());
                (self.0.metadata, self.0.metadata_size) = (copy, text.len());
            }
        }
    }

    pub(super) fn error(&self) -> rdsys::rd_kafka_resp_err_t {
        self.0.err
    }

    pub(super) fn set_offset(&mut self, offset: i64) {
        self.0.offset = offset;
        self.0.err = rdsys::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
    }

    /// Marks a position as read from this leader; -1 is unknown.
    pub(super) fn set_leader_epoch(&mut self, epoch: i32) {
        // SAFETY: the entry is alive.
        unsafe { rdsys::rd_kafka_topic_partition_set_leader_epoch(self.0, epoch) };
    }

    pub(super) fn leader_epoch(&self) -> i32 {
        // SAFETY: the entry is alive.
        unsafe { rdsys::rd_kafka_topic_partition_get_leader_epoch(self.0) }
    }
}

/// # Safety
/// `list` must be alive and borrowed by nobody else for `'l`.
unsafe fn slice_mut<'l>(
    list: *mut rdsys::rd_kafka_topic_partition_list_t,
) -> &'l mut [rdsys::rd_kafka_topic_partition_t] {
    // SAFETY: promised by the caller.
    unsafe {
        let count = usize::try_from((*list).cnt).unwrap_or(0);
        if count == 0 {
            return &mut [];
        }
        std::slice::from_raw_parts_mut((*list).elems, count)
    }
}

/// The partitions of somebody else's list.
///
/// # Safety
/// `list` must be null or alive for the call.
pub(super) unsafe fn names(
    list: *mut rdsys::rd_kafka_topic_partition_list_t,
) -> Vec<(String, i32)> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: promised by the caller.
    let entries = unsafe { slice_mut(list) };
    let name = |entry: &mut rdsys::rd_kafka_topic_partition_t| {
        let entry = Entry(entry);
        (
            entry.topic().to_string_lossy().into_owned(),
            entry.partition(),
        )
    };
    entries.iter_mut().map(name).collect()
}

/// A topic's name as librdkafka takes it; a name with a zero byte cannot exist on a broker.
pub(super) fn c_name(name: &str) -> CString {
    CString::new(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_kept_and_replaced() {
        let mut list = PartitionList::with_capacity(1).unwrap();
        let mut entry = list.push(&TopicPartition::new("t", 0), 7);
        assert_eq!(entry.metadata(), None);
        for text in ["first", "ünother", ""] {
            entry.set_metadata(text);
            assert_eq!(entry.metadata().unwrap_or_default(), text);
        }
    }
}
