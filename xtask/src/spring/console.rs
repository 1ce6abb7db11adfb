//! Apache Kafka's console tools, before and after the talk named as this.

use std::fs;

use crate::ci::CiError;
use crate::ci::step::same_lines;
use crate::ci::tool;
use crate::kafka::KafkaError;
use crate::workspace;

/// The talk that has to do with them.
pub(super) const TALK: &str = "console";
/// Keys and values, as `interop/src/talk/console.rs` has them.
const LINES: &str = "a:one\nb:two\na:three\nc:vier und fünf\n";

/// Sends the lines, to be read by the talk.
pub(super) fn produce(bootstrap: &str, namespace: &str) -> Result<(), CiError> {
    let dir = workspace::target().join("spring");
    fs::create_dir_all(&dir).map_err(KafkaError::io(&dir))?;
    let lines = dir.join("lines");
    fs::write(&lines, LINES).map_err(KafkaError::io(&lines))?;
    let key = "--reader-property parse.key=true --reader-property key.separator=:";
    let words = format!("--bootstrap-server {bootstrap} --topic {namespace}.console-java {key}");
    let producer = tool("org.apache.kafka.tools.ConsoleProducer", &words)?;
    producer.input(&lines)?.check()
}

/// Reads what the talk has sent.
pub(super) fn consume(bootstrap: &str, namespace: &str) -> Result<(), CiError> {
    let shown = "--formatter-property print.key=true --formatter-property key.separator=:";
    let until = format!(
        "--from-beginning --max-messages {} --timeout-ms 30000",
        LINES.lines().count()
    );
    let words =
        format!("--bootstrap-server {bootstrap} --topic {namespace}.console-rust {until} {shown}");
    let read = tool("org.apache.kafka.tools.consumer.ConsoleConsumer", &words)?;
    same_lines(
        "what the console consumer reads",
        &sorted(&read.stdout()?),
        &sorted(LINES),
    )
}

fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}
