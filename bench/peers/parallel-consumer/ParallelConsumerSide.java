import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

import com.sun.management.OperatingSystemMXBean;
import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelConsumerOptions.CommitMode;
import io.confluent.parallelconsumer.ParallelConsumerOptions.ProcessingOrder;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.lang.management.ManagementFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * A side of micro-kafka-bench on Confluent's parallel-consumer, for comparison only: slow handlers in
 * the order of keys, a hundred at work at once. Takes a side's arguments and prints what the records
 * cost as one line of JSON.
 */
public class ParallelConsumerSide {
    private static final int AT_WORK = 100;

    public static void main(String[] words) throws Exception {
        var task = new java.util.HashMap<String, String>();
        for (int at = 0; at + 1 < words.length; at += 2) {
            task.put(words[at], words[at + 1]);
        }
        long records = Long.parseLong(task.get("--records"));
        var consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", task.get("--bootstrap"),
                        "group.id", task.get("--group"),
                        "auto.offset.reset", "earliest",
                        "enable.auto.commit", "false"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        var options = ParallelConsumerOptions.<byte[], byte[]>builder()
                .ordering(ProcessingOrder.KEY)
                .maxConcurrency(AT_WORK)
                .commitMode(CommitMode.PERIODIC_CONSUMER_ASYNCHRONOUS)
                .consumer(consumer)
                .build();
        var first = new AtomicLong();
        var count = new AtomicLong();
        var done = new CountDownLatch(1);
        var processor = ParallelStreamProcessor.createEosStreamProcessor(options);
        processor.subscribe(List.of(task.get("--topic")));
        processor.poll(context -> {
            LockSupport.parkNanos(slowness(context.offset()));
            first.compareAndSet(0, System.nanoTime());
            if (count.incrementAndGet() == records) {
                System.out.println(sample(System.nanoTime() - first.get()));
                done.countDown();
            }
        });
        boolean handled = done.await(300, TimeUnit.SECONDS);
        // Its close waits for seconds, and nothing that is measured is left.
        Runtime.getRuntime().halt(handled ? 0 : 1);
    }

    /** Nanoseconds, 0 to 5 ms, evenly, the same as on the other sides. */
    private static long slowness(long offset) {
        return ((offset * 0x9E3779B97F4A7C15L) >>> 32) % 5_001 * 1_000;
    }

    private static String sample(long wall) {
        var system = ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);
        return "{\"wall\":%d,\"cpu\":%d,\"memory\":%d}".formatted(wall, system.getProcessCpuTime(), resident());
    }

    private static long resident() {
        try (var lines = Files.lines(Path.of("/proc/self/status"))) {
            var line = lines.filter(it -> it.startsWith("VmRSS:")).findFirst().orElse("VmRSS: 0");
            return Long.parseLong(line.replaceAll("\\D", ""));
        } catch (java.io.IOException unreadable) {
            return 0;
        }
    }
}
