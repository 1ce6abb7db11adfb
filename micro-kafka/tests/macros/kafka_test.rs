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
                pub(crate) topics: &'static [(&'static str, u32)],
                pub(crate) brokers: u32,
                pub(crate) broker: &'static [(&'static str, &'static str)],
                pub(crate) shared: bool,
                pub(crate) embedded: Option<&'static str>,
                pub(crate) paused: bool,
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

            pub(crate) fn run_embedded<F: Future>(
                options: TestOptions,
                body: impl FnOnce(EmbeddedKafka) -> F,
            ) -> F::Output {
                run(options, body)
            }
        }
    }
}

/// All keys are given, but for `shared`, which excludes `broker`.
#[kafka_test(
    topics = ["orders", "refunds:7"],
    partitions = 3,
    brokers = 3,
    broker = ["log.retention.ms = 1000", "sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256"],
    embedded = "it has its own retention",
    clock = "paused",
    config = "[kafka]\nclient-id = \"a\"",
    deadline = "5m",
    crate = crate::kafka_test::kit,
)]
async fn every_key_reaches_the_test_kit(mut kafka: EmbeddedKafka) {
    tokio::task::yield_now().await;
    kafka.options.line += 1;
    let options = kafka.options;
    assert_eq!(options.name, "every_key_reaches_the_test_kit");
    assert_eq!(options.topics, [("orders", 3), ("refunds", 7)]);
    assert_eq!(options.brokers, 3);
    let mechanisms = ("sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256");
    assert_eq!(options.broker, [("log.retention.ms", "1000"), mechanisms]);
    assert_eq!(options.embedded, Some("it has its own retention"));
    assert!(options.paused && !options.shared);
    assert_eq!(options.config, Some("[kafka]\nclient-id = \"a\""));
    assert_eq!(options.deadline, Some("5m"));
    assert!(options.file.ends_with("kafka_test.rs"));
    let text = include_str!("kafka_test.rs");
    let line = text.lines().position(|line| line == "#[kafka_test(");
    assert_eq!(options.line as usize, line.unwrap() + 2);
}

#[kafka_test(crate = crate::kafka_test::kit)]
async fn nothing_need_be_given(kafka: EmbeddedKafka) -> Result<(), io::Error> {
    let options = kafka.options;
    assert!(options.topics.is_empty() && options.broker.is_empty());
    assert!(!options.paused && !options.shared);
    assert_eq!((options.embedded, options.config), (None, None));
    assert_eq!(options.deadline, None);
    Err(io::Error::other("x")).or(Ok(()))
}

#[kafka_test(shared, clock = "running", crate = crate::kafka_test::kit)]
async fn a_word_alone_is_a_yes(kafka: EmbeddedKafka) {
    assert!(kafka.options.shared && !kafka.options.paused);
}

#[kafka_test(topics = "orders", crate = crate::kafka_test::kit)]
#[should_panic(expected = "orders")]
async fn other_attributes_are_kept(kafka: EmbeddedKafka) {
    panic!("{:?}", kafka.options.topics);
}
