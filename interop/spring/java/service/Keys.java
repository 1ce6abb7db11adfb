package service;

import java.util.ArrayList;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.SendResult;

/** Which partition a key goes to: {@code keys-rust} is sent by the Rust side, {@code keys-spring} here. */
@Configuration
class Keys {
    record Placed(String key, int partition) {
    }

    private final Seen<Placed> seen = new Seen<>();

    @Value("${prefix}")
    private String prefix;

    @Bean
    NewTopics keyTopics() {
        return new NewTopics(
                TopicBuilder.name(prefix + "keys-rust").partitions(7).build(),
                TopicBuilder.name(prefix + "keys-spring").partitions(7).build());
    }

    @KafkaListener(id = "${prefix}keys-rust", topics = "${prefix}keys-rust")
    void read(ConsumerRecord<String, byte[]> record) {
        seen.add(new Placed(record.key(), record.partition()));
    }

    /** Sends the keys of the argument, which are separated by blanks, and says where they went. */
    @Bean
    Command sendKeys(KafkaTemplate<String, Object> template) {
        return new Command("send-keys", keys -> {
            var sends = new ArrayList<CompletableFuture<SendResult<String, Object>>>();
            for (var key : keys.split(" ")) {
                sends.add(template.send(prefix + "keys-spring", key, key));
            }
            var placed = new ArrayList<Placed>();
            for (var send : sends) {
                var sent = send.get(30, TimeUnit.SECONDS);
                placed.add(new Placed(sent.getProducerRecord().key(), sent.getRecordMetadata().partition()));
            }
            return placed;
        });
    }

    @Bean
    Command seenKeys() {
        return new Command("seen-keys", count -> seen.next(Integer.parseInt(count)));
    }
}
