//! The manual page that `--help` shows.

use clap::Command;

/// The flags stand in the middle; what is before and after them is text.
const TEMPLATE: &str = "{before-help}OPTIONS\n\n{all-args}\n\n{after-help}";

const BEFORE: &str = "\
NAME
    micro-kafka-broker - a Kafka broker for development and tests

SYNOPSIS
    micro-kafka-broker [OPTION]...

DESCRIPTION
    Speaks Kafka's wire protocol, so that any Kafka client works with it, and is ready within
    milliseconds. Records are kept in memory and gone when it stops, unless it is given a
    directory. There is one broker and one replica of everything: it is no replacement for Apache
    Kafka.

    When it is ready it prints its bootstrap address (host:port) as the first line on stdout:
    whoever started it can wait for that line instead of trying to connect. With --http a second
    line is the URL of the HTTP port. Nothing else is printed there; its log goes to stderr.
    It runs until SIGTERM or Ctrl-C; then a data directory is complete and needs no recovery.

    A flag wins over the file of --config, and both over the defaults, which are Apache Kafka's
    except that topics are not created by asking for them.";

const AFTER: &str = "\
HTTP PORT
    With --http HOST:PORT, on a loopback address:
        GET /health         whether it can do its work: 200, or 503; with its addresses
        GET /metrics        Kafka's metrics in Prometheus' format, as the JMX exporter names them
        GET /topics         topics with the offsets and bytes of their partitions; /topics/NAME
        POST /topics        creates one: {\"name\": \"orders\", \"partitions\": 6, \"config\": {}}
        GET /groups         groups with members, committed offsets and lag; /groups/ID
        GET /transactions   transactional ids with their states
        POST /faults        puts a rule in force and answers its id: {\"api\": \"Produce\",
                            \"topic\": \"orders\", \"nth\": 2, \"answer\": \"NOT_LEADER_OR_FOLLOWER\"}
        GET /faults         the rules with the number of requests that each has met; /faults/ID,
                            with ?hits=N&timeout=10s once it has met so many
        DELETE /faults      takes all out of force; /faults/ID that one
        POST /requests      {\"keep\": 1000} keeps so many requests from now on, as --journal does
        GET /requests       requests with their answers; ?api=Produce&topic=orders&partition=0&
                            client=svc-*&group=g&transactional_id=t filter, &wait=N&timeout=10s
                            answers once so many have come
        POST /clock/advance {\"by\": \"10m\"} moves the broker's time on: sessions end, records expire;
                            GET /clock tells it
        POST /broker/C      what happens to the broker as a whole; C is one of
                            hold-transaction-markers, release-transaction-markers,
                            refuse-connections, accept-connections, fill-disk, free-disk,
                            slow-disk {\"delay\": \"50ms\"},
                            expire-member {\"group\": \"g\", \"member\": \"client.id\"},
                            stop-node, kill-node, start-node {\"node\": 1},
                            move-group-coordinator {\"group\": \"g\"},
                            move-transaction-coordinator {\"transactional_id\": \"t\"},
                            crash, restart {\"data\": true}
    A rule has conditions (api, topic, partition, client, group, transactional_id, nth, first,
    every, times, probability, seed) and one action: answer (an error's name), delay (50ms or
    50ms..2s), disconnect, silence, cut (bytes of the answer), throttle, corrupt_records,
    duplicate, apply_then (disconnect, silence or an error), hold or proceed. after delays any of
    them.

    Answers are JSON, but for the metrics; an error is {\"error\": \"...\"}. Whoever is on this machine
    may use the port; what a web page sends is refused, and so is a Host header that does not name
    this machine.

FILES
    FILE of --config, as TOML; dotted names, quoted or not, and tables spell the same:
        num.partitions = 3
        \"log.retention.ms\" = 60000
        listeners = [\"PLAINTEXT://127.0.0.1:9092\"]
        [group]
        initial.rebalance.delay.ms = 0
    An unknown name, a bad value and a name given twice are told with line and column, all at once,
    and the broker does not start. A file whose name ends in .properties has Java's format, as
    Kafka's own server.properties; names that this broker does not know are warned about there.
    listeners, advertised.listeners, node.id and log.dirs mean what --listen, --advertised,
    --broker-id and --data-dir do.

    DIR of --data-dir has Apache Kafka's layout and formats; kafka-dump-log.sh reads it.
    DIR/topics.json is this broker's own.

ENVIRONMENT
    RUST_LOG    what is logged on stderr: error, warn (the default), info, debug or trace, also by
                module, as in micro_kafka_broker=debug.

EXIT STATUS
    0    it was told to stop, and did; or help or version was shown.
    1    it could not start: the reason is on stderr.
    2    the command line is wrong.

EXAMPLES
    A broker on the usual port, with a topic of six partitions:
        micro-kafka-broker --topic orders:6

    One for a test script, on any free port, with short retention:
        micro-kafka-broker --listen 127.0.0.1:0 --auto-create --set log.retention.ms=1000

    One that has its records again after a restart:
        micro-kafka-broker --data-dir ./kafka --config ./broker.toml
";

/// The command with its long help as a manual page.
pub(super) fn page(command: Command) -> Command {
    command
        .help_template(TEMPLATE)
        .before_long_help(BEFORE)
        .after_long_help(AFTER)
}
