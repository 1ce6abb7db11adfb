"""Confluent's own serializers and deserializers, for `micro-kafka-test/tests/registry/confluent.rs`.

`write` sends one value in each format and prints the bytes; `read` prints the values of the last record
of each topic.
"""

import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient, topic_subject_name_strategy
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.schema_registry.json_schema import JSONDeserializer, JSONSerializer
from confluent_kafka.schema_registry.protobuf import ProtobufDeserializer, ProtobufSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

AVRO = """{"type": "record", "name": "Order", "namespace": "shop",
    "fields": [{"name": "id", "type": "long"}, {"name": "customer", "type": "string"}]}"""
JSON = """{"title": "Order", "type": "object", "required": ["id", "customer"],
    "properties": {"id": {"type": "integer"}, "customer": {"type": "string"}}}"""
ORDER = {"id": 7, "customer": "kü"}
CONFIG = {"subject.name.strategy": topic_subject_name_strategy}


def quote():
    """The second message of a file, so that its place is not the one that is left out."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="shop.proto", package="shop", syntax="proto3")
    file.message_type.add(name="Other")
    message = file.message_type.add(name="Quote")
    one = field.LABEL_OPTIONAL
    message.field.add(name="id", number=1, type=field.TYPE_UINT64, label=one, json_name="id")
    message.field.add(name="price", number=2, type=field.TYPE_STRING, label=one, json_name="price")
    descriptor_pool.Default().Add(file)
    name = descriptor_pool.Default().FindMessageTypeByName("shop.Quote")
    return message_factory.GetMessageClass(name)


def write(producer, registry, topics, message):
    avro = AvroSerializer(registry, AVRO, conf=CONFIG)
    json = JSONSerializer(JSON, registry, conf=CONFIG)
    protobuf = ProtobufSerializer(message, registry, conf=CONFIG)
    values = [("avro", avro, ORDER), ("json", json, ORDER)]
    values.append(("protobuf", protobuf, message(id=7, price="9,99 €")))
    for topic, (name, serializer, value) in zip(topics, values):
        written = serializer(value, SerializationContext(topic, MessageField.VALUE))
        producer.produce(topic, written)
        print(name, written.hex())
    if producer.flush(30) > 0:
        sys.exit("records were not sent within 30 seconds")


def read(consumer, registry, topics, message):
    avro = AvroDeserializer(registry, conf=CONFIG)
    json = JSONDeserializer(JSON, schema_registry_client=registry, conf=CONFIG)
    protobuf = ProtobufDeserializer(message, CONFIG, registry)
    for topic, deserializer in zip(topics, [avro, json, protobuf]):
        partition = TopicPartition(topic, 0)
        end = consumer.get_watermark_offsets(partition, timeout=30)[1]
        consumer.assign([TopicPartition(topic, 0, end - 1)])
        record = consumer.poll(30)
        if record is None or record.error():
            sys.exit(f"{topic}: {record and record.error()}")
        value = deserializer(record.value(), SerializationContext(topic, MessageField.VALUE))
        print(value if isinstance(value, dict) else {"id": value.id, "price": value.price})


verb, servers, url, *topics = sys.argv[1:]
client = {"bootstrap.servers": servers}
registry = SchemaRegistryClient({"url": url})
if verb == "write":
    write(Producer(client), registry, topics, quote())
else:
    consumer = Consumer(client | {"group.id": topics[0], "auto.offset.reset": "error"})
    read(consumer, registry, topics, quote())
    consumer.close()
