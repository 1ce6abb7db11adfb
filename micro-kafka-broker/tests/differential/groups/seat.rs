//! A member's client, whose answers may take until others have come.

use std::fmt::Debug;
use std::time::Duration;

use kafka_protocol::messages::{
    ApiKey, HeartbeatRequest, HeartbeatResponse, JoinGroupResponse, ResponseHeader,
    SyncGroupResponse,
};
use kafka_protocol::protocol::{Decodable, HeaderVersion};

use super::table::Table;
use super::{GROUP, group};
use crate::client::{Client, DEADLINE};
use crate::side::Side;

/// When nothing has been answered for so long, nothing will be: Apache Kafka is asked alone, and
/// seldom.
pub(super) const QUIET: Duration = Duration::from_millis(40);
/// What this broker answers and Apache Kafka has not is there so soon.
const AT_ONCE: Duration = Duration::from_millis(2);

const UNKNOWN_MEMBER_ID: i16 = 25;
const MEMBER_ID_REQUIRED: i16 = 79;

/// A client with what it knows of its membership.
pub(super) struct Seat {
    pub(super) client: Client,
    /// The id it was given, or empty.
    pub(super) member: String,
    pub(super) instance: Option<&'static str>,
    pub(super) generation: i32,
    /// The protocol that was chosen.
    pub(super) protocol: Option<String>,
    /// All members' ids, if it leads.
    pub(super) led: Vec<String>,
    /// The request that is not answered yet.
    pub(super) pending: Option<(ApiKey, i16)>,
    /// The member that it asks for.
    pub(super) asks_for: String,
}

impl Seat {
    pub(super) async fn new(side: &Side, instance: Option<&'static str>) -> Self {
        Self {
            client: side.connect().await,
            member: String::new(),
            instance,
            generation: -1,
            protocol: None,
            led: Vec::new(),
            pending: None,
            asks_for: String::new(),
        }
    }

    /// Whether something has come within the time.
    async fn has_answer(&self, within: Duration) -> bool {
        let mut byte = [0];
        let peeked = self.client.stream.peek(&mut byte);
        tokio::time::timeout(within, peeked).await.is_ok()
    }

    /// Reads the answer and takes up what it says of this member; what others are called is not
    /// known before they have theirs.
    async fn answer(&mut self, side: &mut Side) -> Option<Answer> {
        let (key, version) = self.pending.take()?;
        let Some(answer) = self.client.receive().await else {
            self.client = side.connect().await;
            return Some(Answer::Closed);
        };
        if key == ApiKey::SyncGroup {
            return Some(Answer::Synced(version, read(answer, version)));
        }
        let answer: JoinGroupResponse = read(answer, version);
        let member = answer.member_id.to_string();
        match answer.error_code {
            0 | MEMBER_ID_REQUIRED => {
                side.learn_member(&member);
                self.member = member;
            }
            // Clients ask for another id then.
            UNKNOWN_MEMBER_ID if self.asks_for == self.member => self.member.clear(),
            _ => {}
        }
        if answer.error_code == 0 {
            self.generation = answer.generation_id;
            self.protocol = answer.protocol_name.as_ref().map(ToString::to_string);
            let members = answer.members.iter();
            self.led = members.map(|member| member.member_id.to_string()).collect();
        }
        Some(Answer::Joined(version, answer))
    }
}

/// What a member was answered.
enum Answer {
    Joined(i16, JoinGroupResponse),
    Synced(i16, SyncGroupResponse),
    Closed,
}

impl Answer {
    fn told(self, side: &Side) -> String {
        match self {
            Self::Joined(version, mut answer) => {
                answer
                    .members
                    .sort_by_key(|member| side.masks.mask(&member.member_id));
                format!("JoinGroup v{version} => {answer:?}")
            }
            Self::Synced(version, answer) => format!("SyncGroup v{version} => {answer:?}"),
            Self::Closed => "closed".to_owned(),
        }
    }
}

fn read<A: Decodable + HeaderVersion + Debug>(mut answer: bytes::Bytes, version: i16) -> A {
    ResponseHeader::decode(&mut answer, A::header_version(version)).unwrap();
    let body = A::decode(&mut answer, version).unwrap();
    assert!(answer.is_empty(), "bytes left over");
    body
}

/// Notes what members are answered by now, in the order of their seats.
pub(super) async fn gather(side: &mut Side, table: &mut Table) {
    let ready = match side.is_compared() {
        true => Vec::new(),
        false => until_quiet(side, &table.seats).await,
    };
    let mut answers = Vec::new();
    for (nth, seat) in table.seats.iter_mut().enumerate() {
        if seat.pending.is_none() {
            continue;
        }
        let begin = format!("s{nth} is answered: ");
        let answered = match side.is_compared() {
            true if side.expects(answers.len(), &begin) => seat.has_answer(DEADLINE).await,
            true => seat.has_answer(AT_ONCE).await,
            false => ready.contains(&nth),
        };
        if answered && let Some(answer) = seat.answer(side).await {
            answers.push((begin, answer));
        }
    }
    for (begin, answer) in answers {
        if let Answer::Joined(_, joined) = &answer {
            table.learn(joined);
        }
        let told = answer.told(side);
        side.note_line(&format!("{begin}{told}"));
    }
}

/// The seats that have an answer once no more come.
async fn until_quiet(side: &mut Side, seats: &[Seat]) -> Vec<usize> {
    let mut ready = Vec::new();
    let mut quiet = 0;
    while quiet < 2 {
        let before = ready.len();
        for (nth, seat) in seats.iter().enumerate() {
            let waits = seat.pending.is_some() && !ready.contains(&nth);
            if waits && seat.has_answer(QUIET).await {
                ready.push(nth);
            }
        }
        let all = seats.iter().filter(|seat| seat.pending.is_some()).count();
        if ready.len() == all {
            break;
        }
        // On a busy machine an answer may take longer: what is asked after it takes as long.
        for _ in 0..4 {
            beat(side).await;
        }
        quiet = if ready.len() == before { quiet + 1 } else { 0 };
    }
    ready
}

/// A way through the coordinator and back that changes nothing.
pub(super) async fn beat(side: &mut Side) {
    let request = HeartbeatRequest::default().with_group_id(group(side, GROUP));
    let alive: Option<HeartbeatResponse> = side.send(ApiKey::Heartbeat, 0, &request).await;
    alive.expect("an answer");
}
