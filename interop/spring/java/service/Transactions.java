package service;

import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.serializer.JacksonJsonSerializer;

/** Transactions: what one side has aborted, the other does not see. */
@Configuration
class Transactions {
    private final Seen<String> seen = new Seen<>();

    @Value("${prefix}")
    private String prefix;

    @Bean
    NewTopics transactionTopics() {
        return new NewTopics(
                TopicBuilder.name(prefix + "booked-rust").partitions(1).build(),
                TopicBuilder.name(prefix + "booked-spring").partitions(1).build());
    }

    @KafkaListener(id = "${prefix}booked-rust", topics = "${prefix}booked-rust")
    void read(String entry) {
        seen.add(entry);
    }

    @Bean
    Command seenEntries() {
        return new Command("seen-entries", count -> seen.next(Integer.parseInt(count)));
    }

    /** Sends in two transactions: the first is aborted. */
    @Bean
    Command book(Settings settings) {
        var producers = new DefaultKafkaProducerFactory<String, Object>(
                settings.client(), new StringSerializer(), new JacksonJsonSerializer<>());
        producers.setTransactionIdPrefix(prefix + "spring-");
        var template = new KafkaTemplate<>(producers);
        return new Command("book", entry -> {
            try {
                template.executeInTransaction(transaction -> {
                    transaction.send(prefix + "booked-spring", "aborted " + entry);
                    transaction.flush();
                    throw new IllegalStateException("not booked");
                });
            } catch (IllegalStateException aborted) {
                template.executeInTransaction(
                        transaction -> transaction.send(prefix + "booked-spring", "kept " + entry));
            }
            return null;
        });
    }
}
