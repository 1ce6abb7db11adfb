//! How error messages name a type.

/// The type as a user would write it: without the paths of the framework's and std's own types.
pub(super) fn type_label<T>() -> String {
    let mut label = std::any::type_name::<T>().to_owned();
    for path in [
        "micro_kafka::codec::wrap::",
        "micro_kafka::extract::header::",
        "core::option::",
        "alloc::string::",
        "alloc::vec::",
    ] {
        label = label.replace(path, "");
    }
    label
}
