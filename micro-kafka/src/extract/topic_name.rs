//! Topic names that handlers may keep, without an allocation for each record.

use std::cell::RefCell;
use std::sync::Arc;

/// More topics than one thread reads in practice; beyond it, names are allocated anew.
const REMEMBERED: usize = 64;

thread_local! {
    static NAMES: RefCell<Vec<Arc<str>>> = const { RefCell::new(Vec::new()) };
}

/// A shared copy of a topic's name.
pub(super) fn shared_topic_name(topic: &str) -> Arc<str> {
    NAMES.with_borrow_mut(|names| {
        if let Some(name) = names.iter().find(|name| &***name == topic) {
            return Arc::clone(name);
        }
        if names.len() == REMEMBERED {
            names.clear();
        }
        let name = Arc::from(topic);
        names.push(Arc::clone(&name));
        name
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_allocated_once_and_the_memory_is_bounded() {
        let name = shared_topic_name("orders");
        assert!(Arc::ptr_eq(&name, &shared_topic_name("orders")));
        for topic in 0..10 * REMEMBERED {
            assert_eq!(&*shared_topic_name(&topic.to_string()), topic.to_string());
        }
        NAMES.with_borrow(|names| assert!(names.len() <= REMEMBERED));
    }
}
