package service;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** What a listener has seen and nobody has asked for yet. */
final class Seen<T> {
    private final BlockingQueue<T> queue = new LinkedBlockingQueue<>();

    void add(T value) {
        queue.add(value);
    }

    /** The next ones, so many; fewer if they do not come. */
    List<T> next(int count) throws InterruptedException {
        var values = new ArrayList<T>();
        while (values.size() < count) {
            var value = queue.poll(20, TimeUnit.SECONDS);
            if (value == null) {
                break;
            }
            values.add(value);
        }
        return values;
    }

    /** How many nobody has asked for. */
    int left() {
        return queue.size();
    }
}
