package service;

import java.util.HashMap;
import java.util.Map;

import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.ConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaAdmin;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.kafka.listener.DeadLetterPublishingRecoverer;
import org.springframework.kafka.listener.DefaultErrorHandler;
import org.springframework.kafka.support.converter.ByteArrayJacksonJsonMessageConverter;
import org.springframework.kafka.support.serializer.JacksonJsonSerializer;
import org.springframework.util.backoff.FixedBackOff;

/** What all conversations share: text as keys, JSON as values, dead letters after the first failure. */
@Configuration
@EnableKafka
public class Settings {
    @Value("${servers}")
    private String servers;

    @Bean
    KafkaAdmin admin() {
        var admin = new KafkaAdmin(Map.of("bootstrap.servers", servers));
        admin.setFatalIfBrokerNotAvailable(true);
        return admin;
    }

    @Bean
    ProducerFactory<String, Object> producers() {
        return new DefaultKafkaProducerFactory<>(client(), new StringSerializer(), new JacksonJsonSerializer<>());
    }

    @Bean
    KafkaTemplate<String, Object> template(ProducerFactory<String, Object> producers) {
        return new KafkaTemplate<>(producers);
    }

    /** The listeners' converter turns bytes into what their methods take. */
    @Bean
    ConsumerFactory<String, byte[]> consumers() {
        return new DefaultKafkaConsumerFactory<>(consumer(), new StringDeserializer(), new ByteArrayDeserializer());
    }

    @Bean
    ConcurrentKafkaListenerContainerFactory<String, byte[]> kafkaListenerContainerFactory(
            ConsumerFactory<String, byte[]> consumers, KafkaTemplate<String, Object> template) {
        var factory = new ConcurrentKafkaListenerContainerFactory<String, byte[]>();
        factory.setConsumerFactory(consumers);
        factory.setRecordMessageConverter(new ByteArrayJacksonJsonMessageConverter());
        factory.setReplyTemplate(template);
        var letters = new DeadLetterPublishingRecoverer(bytesTemplate());
        factory.setCommonErrorHandler(new DefaultErrorHandler(letters, new FixedBackOff(0, 0)));
        return factory;
    }

    /** For values that are bytes already. */
    KafkaTemplate<String, byte[]> bytesTemplate() {
        return new KafkaTemplate<>(
                new DefaultKafkaProducerFactory<>(client(), new StringSerializer(), new ByteArraySerializer()));
    }

    Map<String, Object> client() {
        return Map.of("bootstrap.servers", servers);
    }

    Map<String, Object> consumer() {
        var properties = new HashMap<>(client());
        properties.put("auto.offset.reset", "earliest");
        properties.put("isolation.level", "read_committed");
        return properties;
    }
}
