//! JoinGroup, SyncGroup, Heartbeat, LeaveGroup.

use bytes::{BufMut, Bytes, BytesMut};
use kafka_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use kafka_protocol::messages::leave_group_request::MemberIdentity;
use kafka_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use kafka_protocol::messages::{
    ApiKey, HeartbeatRequest, HeartbeatResponse, JoinGroupRequest, LeaveGroupRequest,
    LeaveGroupResponse, SyncGroupRequest,
};
use rand::RngExt;
use rand::rngs::StdRng;

use super::seat::Seat;
use super::table::Table;
use super::{GROUP, Identity, OTHERS, SESSION, group};
use crate::client::frame;
use crate::records::pick;
use crate::side::{Side, text};

/// What consumers say of themselves: the topics that they read.
fn subscription(side: &Side, topics: &[&str]) -> Bytes {
    let mut bytes = BytesMut::new();
    bytes.put_i16(0);
    bytes.put_i32(i32::try_from(topics.len()).unwrap());
    for topic in topics {
        let name = side.name(topic);
        bytes.put_i16(i16::try_from(name.len()).unwrap());
        bytes.put(name.as_bytes());
    }
    bytes.put_i32(-1);
    bytes.freeze()
}

/// One whose client waits for nothing.
fn free(rng: &mut StdRng, seats: &[Seat]) -> Option<usize> {
    let nth = rng.random_range(0..seats.len());
    seats[nth].pending.is_none().then_some(nth)
}

pub(super) async fn join(side: &mut Side, rng: &mut StdRng, table: &mut Table) {
    let Some(nth) = free(rng, &table.seats) else {
        return;
    };
    let seat = &mut table.seats[nth];
    let (member, how) = match rng.random_range(0..12) {
        0 => ("nobody".to_owned(), "nobody"),
        1 => (String::new(), "anew"),
        _ => (seat.member.clone(), ""),
    };
    let oldest = if seat.instance.is_some() { 5 } else { 0 };
    let version = rng.random_range(oldest..=9);
    let session = pick(
        rng,
        &[
            SESSION,
            SESSION,
            SESSION,
            SESSION,
            SESSION,
            SESSION,
            1,
            i32::MAX,
        ],
    );
    let kind = pick(
        rng,
        &[
            "consumer", "consumer", "consumer", "consumer", "consumer", "other", "",
        ],
    );
    let names: &[&str] = pick(
        rng,
        &[
            &["range", "rr"][..],
            &["range", "rr"],
            &["rr", "range"],
            &["range"],
            &["rr"],
            &["none"],
            &[],
        ],
    );
    let topics: &[&str] = pick(rng, &[&["plain"][..], &["plain"], &["plain", "other"], &[]]);
    let metadata = subscription(side, topics);
    let protocol = |name: &&str| {
        JoinGroupRequestProtocol::default()
            .with_name(text(name))
            .with_metadata(metadata.clone())
    };
    let mut request = JoinGroupRequest::default()
        .with_group_id(group(side, GROUP))
        .with_session_timeout_ms(session)
        .with_member_id(text(&member))
        .with_protocol_type(text(kind))
        .with_protocols(names.iter().map(protocol).collect());
    if version >= 1 {
        request = request.with_rebalance_timeout_ms(SESSION);
    }
    if version >= 5 {
        request = request.with_group_instance_id(seat.instance.map(text));
    }
    let told = format!("s{nth} {how} {session} {kind:?} {names:?} {topics:?}");
    side.note(&format!("JoinGroup v{version} {told}"), "sent");
    if member.is_empty() && seat.instance.is_none() && !seat.member.is_empty() {
        table.forgotten.push(seat.member.clone());
    }
    let frame = frame(ApiKey::JoinGroup, version, 1, &request);
    seat.client.send(&frame).await;
    seat.pending = Some((ApiKey::JoinGroup, version));
    seat.asks_for = member;
}

pub(super) async fn sync(side: &mut Side, rng: &mut StdRng, seats: &mut [Seat]) {
    let Some(nth) = free(rng, seats) else { return };
    let identity = match rng.random_bool(0.8) {
        true => Identity {
            member: seats[nth].member.clone(),
            instance: seats[nth].instance,
            generation: seats[nth].generation,
            told: format!("s{nth} {}", seats[nth].generation),
        },
        false => Identity::drawn(rng, seats),
    };
    let waits = |seat: &Seat| seat.pending.is_some() && seat.asks_for == identity.member;
    if seats.iter().any(waits) {
        // Apache Kafka forgets the first of two requests and never answers it; this broker does.
        return;
    }
    let seat = &mut seats[nth];
    let version = rng.random_range(if seat.instance.is_some() { 3 } else { 0 }..=5);
    let assignment = |member: &String| {
        let text_of_it = format!("for {}", side.masks.mask(member));
        SyncGroupRequestAssignment::default()
            .with_member_id(text(member))
            .with_assignment(Bytes::from(text_of_it))
    };
    let mut request = SyncGroupRequest::default()
        .with_group_id(group(side, GROUP))
        .with_generation_id(identity.generation)
        .with_member_id(text(&identity.member))
        .with_assignments(seat.led.iter().map(assignment).collect());
    if version >= 3 {
        request = request.with_group_instance_id(identity.instance(version, 3));
    }
    let mut told = identity.told.clone();
    if version >= 5 {
        let kind = pick(rng, &["consumer", "consumer", "consumer", "other"]);
        let chosen = seat.protocol.clone().unwrap_or_else(|| "range".to_owned());
        let protocol = pick(rng, &[&chosen, &chosen, &chosen, "wrong"]).to_owned();
        told += &format!(" {kind}/{protocol}");
        request = request
            .with_protocol_type(Some(text(kind)))
            .with_protocol_name(Some(text(&protocol)));
    }
    side.note(&format!("SyncGroup v{version} on s{nth} {told}"), "sent");
    let frame = frame(ApiKey::SyncGroup, version, 1, &request);
    seat.client.send(&frame).await;
    seat.pending = Some((ApiKey::SyncGroup, version));
    seat.asks_for = identity.member;
}

pub(super) async fn beat(side: &mut Side, rng: &mut StdRng, seats: &[Seat]) {
    let identity = Identity::drawn(rng, seats);
    let (version, of) = (rng.random_range(0..=4), pick(rng, &OTHERS));
    let request = HeartbeatRequest::default()
        .with_group_id(group(side, of))
        .with_generation_id(identity.generation)
        .with_member_id(text(&identity.member))
        .with_group_instance_id(identity.instance(version, 3));
    let what = format!("{of} {}", identity.told);
    let _: Option<HeartbeatResponse> = side.ask(&what, ApiKey::Heartbeat, version, &request).await;
}

pub(super) async fn leave(side: &mut Side, rng: &mut StdRng, table: &mut Table) {
    let (version, of) = (rng.random_range(0..=5), pick(rng, &OTHERS));
    let count = if version < 3 {
        1
    } else {
        pick(rng, &[1, 1, 1, 2, 0])
    };
    let seats = &table.seats;
    let mut who: Vec<_> = (0..count).map(|_| Identity::drawn(rng, seats)).collect();
    if rng.random_bool(0.3)
        && let Some(member) = table.forgotten.pop()
    {
        who = vec![Identity {
            told: format!("forgotten {}", side.masks.mask(&member)),
            member,
            instance: None,
            generation: -1,
        }];
    }
    if table.wait_for_assignments(&who) || table.leave_the_choice(&who) {
        return;
    }
    let mut request = LeaveGroupRequest::default().with_group_id(group(side, of));
    if version < 3 {
        request = request.with_member_id(text(&who[0].member));
    } else {
        let member = |who: &Identity| {
            let member = MemberIdentity::default()
                .with_member_id(text(&who.member))
                .with_group_instance_id(who.instance(version, 3));
            match version {
                5.. => member.with_reason(Some(text("tired"))),
                _ => member,
            }
        };
        request = request.with_members(who.iter().map(member).collect());
    }
    let told: Vec<_> = who.iter().map(|who| who.told.as_str()).collect();
    let what = format!("{of} {told:?}");
    let _: Option<LeaveGroupResponse> =
        side.ask(&what, ApiKey::LeaveGroup, version, &request).await;
    if !side.is_compared() {
        // A group that all have left while one is expected is empty a timer of 0 ms later.
        tokio::time::sleep(super::seat::QUIET).await;
        super::seat::beat(side).await;
    }
}
