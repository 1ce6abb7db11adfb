import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

import com.sun.management.OperatingSystemMXBean;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.BatchMessageListener;
import org.springframework.kafka.listener.ConcurrentMessageListenerContainer;
import org.springframework.kafka.listener.ContainerProperties;
import org.springframework.kafka.listener.MessageListener;
import org.springframework.kafka.support.serializer.JacksonJsonDeserializer;
import org.springframework.kafka.support.serializer.JacksonJsonSerializer;
import org.springframework.kafka.transaction.KafkaTransactionManager;

/**
 * A side of micro-kafka-bench on Spring Kafka, for comparison only: a listener of JSON with two
 * consumers, and copies exactly once in a transaction for each poll. Takes a side's arguments and
 * prints what the records cost as one line of JSON.
 */
public class SpringSide {
    /** What the records hold. */
    public record Order(long id, String key, double amount, String text) {
    }

    private final Map<String, String> task = new HashMap<>();
    private final long records;
    private final AtomicLong first = new AtomicLong();
    private final AtomicLong count = new AtomicLong();
    private final CountDownLatch done = new CountDownLatch(1);

    SpringSide(String[] words) {
        for (int at = 0; at + 1 < words.length; at += 2) {
            task.put(words[at], words[at + 1]);
        }
        records = Long.parseLong(task.get("--records"));
    }

    public static void main(String[] words) throws Exception {
        var side = new SpringSide(words);
        boolean handled = switch (side.task.get("--work")) {
            case "copy-exactly-once" -> side.copy(500);
            case "copy-in-large" -> side.copy(10_000);
            default -> side.handle();
        };
        // Nothing that is measured is left.
        Runtime.getRuntime().halt(handled ? 0 : 1);
    }

    private boolean handle() throws Exception {
        var properties = new ContainerProperties(task.get("--topic"));
        properties.setMessageListener((MessageListener<String, Order>) record -> {
            if (record.value().id() >= 0) {
                begun();
                handled(1);
            }
        });
        start(properties, 2, 500);
        return told();
    }

    /** Each poll is a transaction: what is told is the moment after the last one's commit. */
    private boolean copy(int most) throws Exception {
        var output = task.get("--topic") + "-" + task.get("--group");
        try (var admin = Admin.create(client())) {
            admin.createTopics(List.of(new NewTopic(output, 6, (short) 1))).all().get();
        }
        var settings = client();
        settings.put("linger.ms", "5");
        var producers = new DefaultKafkaProducerFactory<String, Order>(
                settings, new StringSerializer(), new JacksonJsonSerializer<Order>().noTypeInfo());
        producers.setTransactionIdPrefix("spring-" + task.get("--group") + "-");
        var template = new KafkaTemplate<>(producers);
        var manager = new KafkaTransactionManager<>(producers);
        var sent = new AtomicLong();
        var properties = new ContainerProperties(task.get("--topic"));
        properties.setKafkaAwareTransactionManager(manager);
        properties.setMessageListener((BatchMessageListener<String, Order>) orders -> {
            begun();
            for (ConsumerRecord<String, Order> order : orders) {
                template.send(output, order.key(), order.value());
            }
            sent.addAndGet(orders.size());
        });
        start(properties, 1, most);
        // The end of the last transaction is the offset it commits.
        try (var admin = Admin.create(client())) {
            while (sent.get() < records || committed(admin) < records) {
                Thread.sleep(1);
            }
        }
        handled(records);
        return told();
    }

    private long committed(Admin admin) throws Exception {
        var offsets = admin.listConsumerGroupOffsets(task.get("--group")).partitionsToOffsetAndMetadata().get();
        return offsets.values().stream().mapToLong(it -> it == null ? 0 : it.offset()).sum();
    }

    private void start(ContainerProperties properties, int consumers, int most) {
        properties.setGroupId(task.get("--group"));
        var settings = client();
        settings.put("auto.offset.reset", "earliest");
        settings.put("max.poll.records", most);
        var factory = new DefaultKafkaConsumerFactory<>(
                settings, new StringDeserializer(), new JacksonJsonDeserializer<>(Order.class, false));
        var container = new ConcurrentMessageListenerContainer<>(factory, properties);
        container.setConcurrency(consumers);
        container.start();
    }

    private Map<String, Object> client() {
        return new HashMap<>(Map.of("bootstrap.servers", task.get("--bootstrap")));
    }

    private void begun() {
        if (first.get() == 0) {
            first.compareAndSet(0, System.nanoTime());
        }
    }

    private void handled(long more) {
        if (count.addAndGet(more) == records) {
            System.out.println(sample(System.nanoTime() - first.get()));
            done.countDown();
        }
    }

    private boolean told() throws InterruptedException {
        return done.await(300, TimeUnit.SECONDS);
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
