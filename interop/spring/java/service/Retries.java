package service;

import java.math.BigInteger;
import java.util.Map;

import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.BackOff;
import org.springframework.kafka.annotation.DltHandler;
import org.springframework.kafka.annotation.EnableKafkaRetryTopic;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.annotation.RetryableTopic;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.kafka.core.KafkaAdmin.NewTopics;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.retrytopic.DltStrategy;
import org.springframework.kafka.retrytopic.RetryTopicHeaders;
import org.springframework.kafka.support.KafkaHeaders;
import org.springframework.messaging.handler.annotation.Header;
import org.springframework.scheduling.TaskScheduler;
import org.springframework.scheduling.concurrent.ThreadPoolTaskScheduler;
import org.springframework.stereotype.Component;

/**
 * Retry topics that both sides write and read: {@code mixed} and its retry topics are shared by this
 * service and ours, as instances of one group. Who has which partition is decided by the names of the
 * clients: those of the source are ours before the others', those of the retry topics after them.
 */
@Configuration
@EnableKafkaRetryTopic
class Retries {
    record Job(String id, int failures) {
    }

    private final Seen<Map<String, Object>> jobs = new Seen<>();
    private final Seen<Map<String, Object>> letters = new Seen<>();

    @Value("${prefix}")
    private String prefix;

    /** The retry topics are made by the annotation. */
    @Bean
    NewTopics mixedTopics() {
        return new NewTopics(
                TopicBuilder.name(prefix + "mixed").partitions(8).build(),
                TopicBuilder.name(prefix + "mixed-dlt").partitions(8).build());
    }

    @Bean
    TaskScheduler resuming() {
        return new ThreadPoolTaskScheduler();
    }

    /** Copies are bytes, as records are. */
    @Bean
    KafkaTemplate<String, byte[]> copying(Settings settings) {
        return settings.bytesTemplate();
    }

    /** What its listener was given, in any order. */
    @Bean
    Command seenJobs() {
        return new Command("seen-jobs", count -> jobs.next(Integer.parseInt(count)));
    }

    /** How many there are beyond those that were asked for. */
    @Bean
    Command moreJobs() {
        return new Command("more-jobs", nothing -> jobs.left() + letters.left());
    }

    @Bean
    Command seenLost() {
        return new Command("seen-lost", count -> letters.next(Integer.parseInt(count)));
    }

    @Component
    static class MixedListener {
        private final Retries retries;

        MixedListener(Retries retries) {
            this.retries = retries;
        }

        @RetryableTopic(
                attempts = "4",
                backOff = @BackOff(delay = 200, multiplier = 2),
                numPartitions = "8",
                kafkaTemplate = "copying",
                dltStrategy = DltStrategy.FAIL_ON_ERROR)
        @KafkaListener(id = "${prefix}mixed", topics = "${prefix}mixed", clientIdPrefix = "m")
        void take(
                Job job,
                @Header(name = RetryTopicHeaders.DEFAULT_HEADER_ATTEMPTS, required = false) Integer attempt,
                @Header(name = RetryTopicHeaders.DEFAULT_HEADER_BACKOFF_TIMESTAMP, required = false) byte[] due) {
            var number = attempt == null ? 1 : attempt;
            var early = due != null && new BigInteger(due).longValue() > System.currentTimeMillis();
            retries.jobs.add(Map.of("id", job.id(), "attempt", number, "early", early));
            if (number <= job.failures()) {
                throw new IllegalStateException("not yet " + job.id());
            }
        }

        @DltHandler
        void lost(
                Job job,
                @Header(RetryTopicHeaders.DEFAULT_HEADER_ATTEMPTS) int attempts,
                @Header(KafkaHeaders.ORIGINAL_PARTITION) int partition,
                @Header(KafkaHeaders.ORIGINAL_OFFSET) long offset,
                @Header(KafkaHeaders.EXCEPTION_MESSAGE) String message) {
            retries.letters.add(Map.of("id", job.id(), "attempts", attempts - 1, "partition", partition, "offset",
                    offset, "message", message));
        }
    }
}
