package service;

import org.springframework.context.annotation.AnnotationConfigApplicationContext;

/**
 * A Spring service as people write it: JSON payloads, listeners, a template. {@link Settings} says how it
 * is made; every other class is one conversation with the Rust side, which declares its own topics.
 *
 * <p>It is started with the system properties {@code servers} and {@code prefix} (of every topic and
 * group), prints {@code ready} once all listeners have their partitions, and ends when its input ends.
 */
public final class SpringService {
    private SpringService() {
    }

    public static void main(String[] arguments) throws Exception {
        try (var context = new AnnotationConfigApplicationContext("service")) {
            context.getBean(Readiness.class).await();
            System.out.println("ready");
            System.in.read();
        }
    }
}
