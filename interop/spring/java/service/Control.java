package service;

import java.util.List;

import org.apache.kafka.clients.admin.NewTopic;
import org.springframework.beans.factory.annotation.Value;
import org.springframework.context.annotation.Bean;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.TopicBuilder;
import org.springframework.messaging.handler.annotation.SendTo;
import org.springframework.stereotype.Component;

/** Lets the Rust side ask for what cannot be seen from outside, or has to begin here. */
@Component
class Control {
    record Order(String command, String argument) {
    }

    /** Either of both is null. */
    record Answer(Object value, String error) {
    }

    private final List<Command> commands;

    Control(List<Command> commands) {
        this.commands = commands;
    }

    @Bean
    static NewTopic controlTopic(@Value("${prefix}") String prefix) {
        return TopicBuilder.name(prefix + "control").partitions(1).build();
    }

    @KafkaListener(id = "${prefix}control", topics = "${prefix}control")
    @SendTo
    Answer obey(Order order) {
        try {
            for (Command command : commands) {
                if (command.name().equals(order.command())) {
                    return new Answer(command.work().run(order.argument()), null);
                }
            }
            return new Answer(null, "no command " + order.command());
        } catch (Exception error) {
            var cause = error.getCause() == null ? error : error.getCause();
            return new Answer(null, cause.getClass().getSimpleName() + ": " + cause.getMessage());
        }
    }
}
