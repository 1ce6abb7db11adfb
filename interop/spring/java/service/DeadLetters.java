package service;

import java.util.Map;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.messaging.handler.annotation.Header;

/** Dead letters: those of {@code poison-spring} are written here, those of {@code poison-rust} read here. */
@Configuration
class DeadLetters {
    private final Seen<Map<String, Object>> seen = new Seen<>();

    @Value("${prefix}")
    private String prefix;

    @Bean
    NewTopics poisonTopics() {
        return new NewTopics(
                TopicBuilder.name(prefix + "poison-spring").partitions(2).build(),
                TopicBuilder.name(prefix + "poison-spring-dlt").partitions(2).build(),
                TopicBuilder.name(prefix + "poison-rust").partitions(2).build(),
                TopicBuilder.name(prefix + "poison-rust-dlt").partitions(2).build());
    }

    @KafkaListener(id = "${prefix}poison-spring", topics = "${prefix}poison-spring")
    void fail(String order) {
        throw new IllegalStateException("cannot take " + order);
    }

    /** Their numbers are read as Spring's own are. */
    @KafkaListener(id = "${prefix}poison-rust-dlt", topics = "${prefix}poison-rust-dlt")
    void read(
            String order,
            @Header(KafkaHeaders.DLT_ORIGINAL_TOPIC) String topic,
            @Header(KafkaHeaders.DLT_ORIGINAL_PARTITION) int partition,
            @Header(KafkaHeaders.DLT_ORIGINAL_OFFSET) long offset,
            @Header(KafkaHeaders.DLT_ORIGINAL_CONSUMER_GROUP) String group,
            @Header(KafkaHeaders.DLT_EXCEPTION_FQCN) String type,
            @Header(KafkaHeaders.DLT_EXCEPTION_MESSAGE) String message) {
        seen.add(Map.of("order", order, "topic", topic, "partition", partition, "offset", offset, "group", group,
                "type", type, "message", message));
    }

    @Bean
    Command poison(KafkaTemplate<String, Object> template) {
        return new Command("poison", order -> {
            var sent = template.send(prefix + "poison-spring", 1, "key", order).get().getRecordMetadata();
            return Map.of("partition", sent.partition(), "offset", sent.offset());
        });
    }

    @Bean
    Command seenLetters() {
        return new Command("seen-letters", count -> seen.next(Integer.parseInt(count)));
    }
}
