//! What was asked, by API.

use super::{Exposition, Kind};
use crate::api::ErrorCode;
use crate::observe::ApiMeter;
use crate::server::BrokerState;

/// The quantiles of the JMX exporter, with their thousandths.
const QUANTILES: [(&str, u64); 6] = [
    ("0.50", 500),
    ("0.75", 750),
    ("0.95", 950),
    ("0.98", 980),
    ("0.99", 990),
    ("0.999", 999),
];

/// The APIs whose failures Kafka counts by themselves: key and name.
const FAILURES: [(i16, &str); 2] = [(0, "failedproducerequests"), (1, "failedfetchrequests")];

pub(super) fn write(broker: &BrokerState, out: &mut Exposition) {
    let asked: Vec<(&str, &ApiMeter)> = broker
        .meters()
        .apis()
        .filter(|(_, meter)| !meter.requests().is_empty())
        .map(|(api, meter)| (api.name, meter))
        .collect();
    let name = "kafka_network_requestmetrics_requests_total";
    out.family(name, Kind::Counter, "Requests by API and version.");
    for (api, meter) in &asked {
        for (version, count) in meter.requests() {
            let version = version.to_string();
            out.sample(name, &[("request", api), ("version", &version)], count);
        }
    }
    let name = "kafka_network_requestmetrics_errors_total";
    out.family(
        name,
        Kind::Counter,
        "Error codes in answers, NONE included.",
    );
    for (api, meter) in &asked {
        for (code, count) in meter.errors() {
            let error = code_name(code);
            out.sample(name, &[("request", api), ("error", &error)], count);
        }
    }
    times(&asked, out);
    failures(broker, out);
}

fn times(asked: &[(&str, &ApiMeter)], out: &mut Exposition) {
    let name = "kafka_network_requestmetrics_totaltimems";
    let help = "Milliseconds from a request's arrival to its answer, since the start.";
    out.family(name, Kind::Summary, help);
    for (api, meter) in asked {
        let times = meter.time().read();
        for (quantile, thousandths) in QUANTILES {
            let labels = [("request", *api), ("quantile", quantile)];
            out.sample(name, &labels, times.at(thousandths));
        }
        let labels = [("request", *api)];
        out.sample(&format!("{name}_sum"), &labels, times.sum_millis());
        out.sample(&format!("{name}_count"), &labels, times.count());
    }
}

fn failures(broker: &BrokerState, out: &mut Exposition) {
    for (key, part) in FAILURES {
        let errors = broker.meters().api(key).map(ApiMeter::errors);
        let failed = errors.into_iter().flatten().filter(|(code, _)| *code != 0);
        let name = format!("kafka_server_brokertopicmetrics_{part}_total");
        out.family(&name, Kind::Counter, "Partitions answered with an error.");
        out.sample(&name, &[], failed.map(|(_, count)| count).sum::<u64>());
    }
}

fn code_name(code: i16) -> String {
    ErrorCode(code)
        .name()
        .map_or_else(|| code.to_string(), str::to_owned)
}
