package service;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.Deserializer;
import org.apache.kafka.common.serialization.DoubleDeserializer;
import org.apache.kafka.common.serialization.DoubleSerializer;
import org.apache.kafka.common.serialization.FloatDeserializer;
import org.apache.kafka.common.serialization.FloatSerializer;
import org.apache.kafka.common.serialization.IntegerDeserializer;
import org.apache.kafka.common.serialization.IntegerSerializer;
import org.apache.kafka.common.serialization.LongDeserializer;
import org.apache.kafka.common.serialization.LongSerializer;
import org.apache.kafka.common.serialization.Serializer;
import org.apache.kafka.common.serialization.ShortDeserializer;
import org.apache.kafka.common.serialization.ShortSerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.apache.kafka.common.serialization.UUIDDeserializer;
import org.apache.kafka.common.serialization.UUIDSerializer;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.serializer.JacksonJsonDeserializer;
import org.springframework.kafka.support.serializer.JacksonJsonSerializer;

/** The bytes of each serializer; a record's key says which one wrote its value. */
@Configuration
class Codecs {
    /** A value, who writes it, and who reads it. */
    record Codec(Object value, Serializer<?> writer, Deserializer<?> reader) {
    }

    private final Map<String, Codec> codecs = new LinkedHashMap<>();
    private final Seen<String> seen = new Seen<>();
    private final Settings settings;

    @Value("${prefix}")
    private String prefix;

    Codecs(Settings settings) {
        this.settings = settings;
        codecs.put("string", new Codec("kü 1", new StringSerializer(), new StringDeserializer()));
        codecs.put("short", new Codec((short) -2, new ShortSerializer(), new ShortDeserializer()));
        codecs.put("int", new Codec(-70_000, new IntegerSerializer(), new IntegerDeserializer()));
        codecs.put("long", new Codec(5_000_000_000L, new LongSerializer(), new LongDeserializer()));
        codecs.put("float", new Codec(0.5f, new FloatSerializer(), new FloatDeserializer()));
        codecs.put("double", new Codec(-0.1, new DoubleSerializer(), new DoubleDeserializer()));
        var uuid = UUID.fromString("0a0b0c0d-1111-4222-8333-0123456789ab");
        codecs.put("uuid", new Codec(uuid, new UUIDSerializer(), new UUIDDeserializer()));
        var json = new JacksonJsonDeserializer<>(OrderPlaced.class, false);
        codecs.put("json", new Codec(new OrderPlaced("kü", 41), new JacksonJsonSerializer<>(), json));
    }

    @Bean
    NewTopics codecTopics() {
        return new NewTopics(
                TopicBuilder.name(prefix + "codecs-rust").partitions(1).build(),
                TopicBuilder.name(prefix + "codecs-spring").partitions(1).build());
    }

    @KafkaListener(id = "${prefix}codecs-rust", topics = "${prefix}codecs-rust")
    void read(ConsumerRecord<String, byte[]> record) {
        var reader = codecs.get(record.key()).reader();
        seen.add(record.key() + "=" + reader.deserialize(record.topic(), record.headers(), record.value()));
    }

    /** Sends one value by each serializer. */
    @Bean
    Command sendCodecs() {
        return new Command("send-codecs", nothing -> {
            for (var entry : codecs.entrySet()) {
                send(entry.getKey(), entry.getValue());
            }
            return null;
        });
    }

    @SuppressWarnings("unchecked")
    private void send(String name, Codec codec) throws Exception {
        var writer = (Serializer<Object>) codec.writer();
        var producers = new DefaultKafkaProducerFactory<String, Object>(
                settings.client(), new StringSerializer(), writer);
        try {
            new KafkaTemplate<>(producers).send(prefix + "codecs-spring", name, codec.value()).get();
        } finally {
            producers.destroy();
        }
    }

    @Bean
    Command seenCodecs() {
        return new Command("seen-codecs", count -> seen.next(Integer.parseInt(count)));
    }
}
