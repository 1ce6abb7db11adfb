//! `#[kafka_test]` hands its test and options to the test kit; here, to one made by hand.

use std::io;

use micro_kafka_macros::kafka_test;

use kit::EmbeddedKafka;

/// Stands in for the test kit.
pub(crate) mod kit {
    /// What tests are given.
    pub(crate) struct EmbeddedKafka {
        pub(crate) options: __private::v1::TestOptions,
    }

    pub(crate) mod __private {
        pub(crate) mod v1 {
            pub(crate) use std::boxed::Box;
            pub(crate) use std::option::Option;

            use super::super::EmbeddedKafka;

            #[derive(Debug)]
            pub(crate) struct TestOptions {
                pub(crate) name: &'static str,
                pub(crate) topics: &'static [&'static str],
                pub(crate) partitions: u32,
                pub(crate) config: Option<&'static str>,
                pub(crate) deadline: Option<&'static str>,
                pub(crate) file: &'static str,
                pub(crate) line: u32,
            }

            pub(crate) fn run<F: Future>(
                options: TestOptions,
                body: impl FnOnce(EmbeddedKafka) -> F,
            ) -> F::Output {
                let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
                runtime.block_on(body(EmbeddedKafka { options }))
            }
        }
    }
}

/// All keys are given.
#[kafka_test(
    topics = ["orders", "refunds"],
    partitions = 3,
    config = "[kafka]\nclient-id = \"a\"",
    deadline = "5m",
    crate = crate::kafka_test::kit,
)]
async fn every_key_reaches_the_test_kit(mut kafka: EmbeddedKafka) {
    tokio::task::yield_now().await;
    kafka.options.partitions += 1;
    let options = kafka.options;
    assert_eq!(options.name, "every_key_reaches_the_test_kit");
    assert_eq!(options.topics, ["orders", "refunds"]);
    assert_eq!(options.partitions, 4);
    assert_eq!(options.config, Some("[kafka]\nclient-id = \"a\""));
    assert_eq!(options.deadline, Some("5m"));
    assert!(options.file.ends_with("kafka_test.rs"));
    let text = include_str!("kafka_test.rs");
    let line = text.lines().position(|line| line == "#[kafka_test(");
    assert_eq!(options.line as usize, line.unwrap() + 1);
}

#[kafka_test(crate = crate::kafka_test::kit)]
async fn nothing_need_be_given(kafka: EmbeddedKafka) -> Result<(), io::Error> {
    assert!(kafka.options.topics.is_empty());
    assert_eq!((kafka.options.partitions, kafka.options.config), (1, None));
    assert_eq!(kafka.options.deadline, None);
    Err(io::Error::other("x")).or(Ok(()))
}

#[kafka_test(topics = "orders", crate = crate::kafka_test::kit)]
#[should_panic(expected = "orders")]
async fn other_attributes_are_kept(kafka: EmbeddedKafka) {
    panic!("{:?}", kafka.options.topics);
}
