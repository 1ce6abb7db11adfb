package service;

import java.util.Map;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaHandler;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.support.converter.ByteArrayJacksonJsonMessageConverter;
import org.springframework.kafka.support.mapping.DefaultJacksonJavaTypeMapper;
import org.springframework.kafka.support.mapping.JacksonJavaTypeMapper.TypePrecedence;
import org.springframework.stereotype.Component;

/** Several types on one topic, told apart by {@code __TypeId__}: ours have their class's name. */
@Configuration
class Events {
    @Value("${prefix}")
    private String prefix;

    @Bean
    NewTopics eventTopics() {
        return new NewTopics(
                TopicBuilder.name(prefix + "events-rust").partitions(1).build(),
                TopicBuilder.name(prefix + "events-spring").partitions(1).build());
    }

    /** Methods are chosen by what the record says of itself. */
    @Bean
    ConcurrentKafkaListenerContainerFactory<String, byte[]> eventContainers(ConsumerFactory<String, byte[]> consumers) {
        var types = new DefaultJacksonJavaTypeMapper();
        types.setTypePrecedence(TypePrecedence.TYPE_ID);
        types.setIdClassMapping(Map.of("placed", OrderPlaced.class, "cancelled", OrderCancelled.class));
        var converter = new ByteArrayJacksonJsonMessageConverter();
        converter.setTypeMapper(types);
        var factory = new ConcurrentKafkaListenerContainerFactory<String, byte[]>();
        factory.setConsumerFactory(consumers);
        factory.setRecordMessageConverter(converter);
        return factory;
    }

    @Bean
    Command sendEvents(KafkaTemplate<String, Object> template) {
        return new Command("send-events", customer -> {
            template.send(prefix + "events-spring", customer, new OrderPlaced(customer, 41)).get();
            template.send(prefix + "events-spring", customer, new OrderCancelled(customer)).get();
            return null;
        });
    }

    @Bean
    Command seenEvents(EventListener listener) {
        return new Command("seen-events", count -> listener.seen.next(Integer.parseInt(count)));
    }

    @Component
    @KafkaListener(
            id = "${prefix}events-rust",
            topics = "${prefix}events-rust",
            containerFactory = "eventContainers")
    static class EventListener {
        private final Seen<String> seen = new Seen<>();

        @KafkaHandler
        void placed(OrderPlaced order) {
            seen.add("placed by " + order.customer() + " for " + order.cents());
        }

        @KafkaHandler
        void cancelled(OrderCancelled order) {
            seen.add("cancelled by " + order.customer());
        }
    }
}
