//! Replays of an application's dead letters.

use super::kafka_app::KafkaApp;
use super::running::RunningApp;
use crate::replay::Replay;

impl KafkaApp {
    /// Dead letters of that topic (without namespace), to be counted or sent back; see [`Replay`].
    /// The application need not run.
    pub fn replay(&self, topic: &str) -> Replay {
        Replay::with(&self.template, &self.config, &self.clock, topic)
    }
}

impl RunningApp {
    /// Dead letters of that topic (without namespace), to be counted or sent back while the
    /// application runs; see [`Replay`].
    pub fn replay(&self, topic: &str) -> Replay {
        let maker = &self.maker;
        Replay::with(&maker.template, &maker.config, &maker.clock, topic)
    }
}
