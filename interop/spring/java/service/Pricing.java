package service;

import java.time.Duration;
import java.util.concurrent.TimeUnit;

import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.ProducerFactory;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.KafkaMessageListenerContainer;
import org.springframework.kafka.requestreply.ReplyingKafkaTemplate;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.kafka.support.serializer.JacksonJsonDeserializer;
import org.springframework.messaging.Message;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.messaging.support.MessageBuilder;

/** Requests and replies: {@code pricing} is answered here, {@code quotes} and
 * {@code plain-quotes} by the Rust side. */
@Configuration
class Pricing {
    record Order(long cents) {
    }

    record Quote(long cents) {
    }

    @Value("${prefix}")
    private String prefix;

    @Bean
    NewTopics pricingTopics() {
        return new NewTopics(
                topic("pricing"), topic("haggling"), topic("quotes"), topic("plain-quotes"), topic("spring-replies"));
    }

    private NewTopic topic(String name) {
        return TopicBuilder.name(prefix + name).partitions(3).build();
    }

    @KafkaListener(id = "${prefix}pricing", topics = "${prefix}pricing")
    @SendTo
    Quote price(Order order) {
        return new Quote(order.cents() + 1);
    }

    /** Refuses by a header, as Spring's own documentation shows it. */
    @KafkaListener(id = "${prefix}haggling", topics = "${prefix}haggling")
    @SendTo
    Message<Quote> haggle(
            Order order,
            @Header(KafkaHeaders.REPLY_TOPIC) byte[] replyTopic,
            @Header(KafkaHeaders.CORRELATION_ID) byte[] correlation) {
        return MessageBuilder.withPayload(new Quote(0))
                .setHeader(KafkaHeaders.TOPIC, replyTopic)
                .setHeader(KafkaHeaders.CORRELATION_ID, correlation)
                .setHeader("serverSentAnError", "no price for " + order.cents())
                .build();
    }

    @Bean
    ReplyingKafkaTemplate<String, Object, Quote> asking(Settings settings, ProducerFactory<String, Object> producers) {
        var replies = new ContainerProperties(prefix + "spring-replies");
        replies.setGroupId(prefix + "spring-replies");
        var consumers = new DefaultKafkaConsumerFactory<>(
                settings.consumer(), new StringDeserializer(), new JacksonJsonDeserializer<>(Quote.class, false));
        var asking = new ReplyingKafkaTemplate<>(producers, new KafkaMessageListenerContainer<>(consumers, replies));
        asking.setReplyErrorChecker(Pricing::refusal);
        return asking;
    }

    /** The Rust side tells its errors by two headers. */
    private static Exception refusal(ConsumerRecord<?, ?> reply) {
        var error = reply.headers().lastHeader("mk-error");
        if (error == null) {
            return null;
        }
        var message = reply.headers().lastHeader("mk-error-message");
        return new IllegalStateException(new String(error.value()) + ", " + new String(message.value()));
    }

    @Bean
    Command ask(ReplyingKafkaTemplate<String, Object, Quote> asking) {
        return new Command("ask", topicAndCents -> {
            asking.waitForAssignment(Duration.ofSeconds(20));
            var words = topicAndCents.split(" ");
            Object order = new Order(Long.parseLong(words[1]));
            var request = new ProducerRecord<>(prefix + words[0], "customer", order);
            return asking.sendAndReceive(request, Duration.ofSeconds(20)).get(30, TimeUnit.SECONDS).value();
        });
    }
}
