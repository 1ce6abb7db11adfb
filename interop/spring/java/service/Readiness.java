package service;

import java.time.Duration;

import org.springframework.kafka.config.KafkaListenerEndpointRegistry;
import org.springframework.kafka.listener.MessageListenerContainer;
import org.springframework.stereotype.Component;

/** Knows when every listener has its partitions. */
@Component
class Readiness {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final KafkaListenerEndpointRegistry listeners;

    Readiness(KafkaListenerEndpointRegistry listeners) {
        this.listeners = listeners;
    }

    void await() throws InterruptedException {
        var end = System.nanoTime() + LIMIT.toNanos();
        for (MessageListenerContainer listener : listeners.getListenerContainers()) {
            while (listener.getAssignedPartitions() == null || listener.getAssignedPartitions().isEmpty()) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException(listener.getListenerId() + " has no partitions");
                }
                Thread.sleep(20);
            }
        }
    }
}
