"""Sends and reads a record on a broker that passes for each of some releases of Apache Kafka.

Prints which release the client took it for, what it read and what it committed.
"""

import os
import subprocess

from kafka import KafkaConsumer, KafkaProducer, TopicPartition

RELEASES = ["0.11", "1.1", "2.4", "2.8", "3.3", "3.9", "4.0", "4.3"]
TOPIC = "greetings"


def start(release):
    command = [os.environ["MICRO_KAFKA_BROKER"], "--listen", "127.0.0.1:0"]
    options = ["--topic", f"{TOPIC}:1", "--compat", release]
    return subprocess.Popen(command + options, stdout=subprocess.PIPE, text=True)


def seen(address):
    producer = KafkaProducer(bootstrap_servers=address, acks="all")
    producer.send(TOPIC, b"hello").get(timeout=20)
    consumer = KafkaConsumer(
        TOPIC,
        bootstrap_servers=address,
        group_id="readers",
        auto_offset_reset="earliest",
        consumer_timeout_ms=20_000,
    )
    record = next(consumer)
    consumer.commit()
    committed = consumer.committed(TopicPartition(TOPIC, 0))
    release = ".".join(map(str, producer.config["api_version"][:2]))
    consumer.close()
    producer.close()
    return f"{release}: {record.value.decode()}, committed {committed}"


for release in RELEASES:
    broker = start(release)
    try:
        print(seen(broker.stdout.readline().strip()))
    finally:
        broker.kill()
        broker.wait()
