//! Requests when somebody looks: with rules for faults in force, or a journal that is kept.

mod entry;
mod refuse;

#[cfg(test)]
mod tests;

use std::time::Duration;

use self::entry::{Entry, Leaf, each_records, strip};
use self::refuse::{refuse_all, refuse_parts};
use super::connection::Peer;
use super::dispatch::{ServedApi, encode};
use super::refusal::Refusal;
use super::reply::{Reply, Then};
use crate::api::{Answer, ErrorCode, Handler, RequestContext};
use crate::fault::{Action, ApiKey, Ending, Fault, Matcher, Noted, RequestView};
use crate::wire::reflect::THROTTLE_TIME;
use crate::wire::{HeaderStart, Node, Structure};

/// A request that is looked at.
struct Watched<'a> {
    api: ServedApi,
    key: ApiKey,
    start: HeaderStart,
    context: &'a RequestContext,
    /// What it says.
    entry: Entry,
}

/// What is sent, and what follows.
struct Outcome<R> {
    answer: Answer<R>,
    then: Then,
}

impl<R> From<Answer<R>> for Outcome<R> {
    fn from(answer: Answer<R>) -> Self {
        Self {
            answer,
            then: Then::GoOn,
        }
    }
}

/// Answers a request as the rules in force say, and notes it in the journal.
pub(super) async fn serve<R: Handler>(
    peer: &Peer,
    api: ServedApi,
    start: HeaderStart,
    mut request: R,
    context: &RequestContext,
) -> Result<Reply, Refusal> {
    let Some(key) = ApiKey::from_number(start.key) else {
        return super::dispatch::handle(api, start, request, context).await;
    };
    let mut entry = Entry::read(&mut request, start.version);
    if key == ApiKey::Fetch {
        entry.add_session(peer.broker.fetch_sessions());
    }
    let watched = Watched {
        api,
        key,
        start,
        context,
        entry,
    };
    let view = watched.view(peer);
    let broker = &peer.broker;
    let fault = broker.faults().meet(&view);
    let rule = fault.as_ref().map(|fault| fault.rule.rule().to_string());
    let noted = broker.journal().note(view, rule, broker.clock().now());
    if let Some(delay) = broker.faults().switches().disk_delay(key) {
        let clock = broker.clock();
        clock.sleep_until(clock.now() + delay).await;
    }
    let outcome = match fault {
        Some(fault) => watched.meet(request, fault).await,
        None => request.handle(context).await.into(),
    };
    watched.finish(outcome, noted)
}

impl Watched<'_> {
    fn version(&self) -> i16 {
        self.start.version
    }

    fn view(&self, peer: &Peer) -> RequestView {
        let image = self.context.broker.catalog().image();
        let topics = self.entry.topics(&image);
        let mut groups = self.entry.ids("group_id", &["groups", "groups_names"]);
        groups.extend(self.entry.sought(self.key, 0));
        let mut transactional_ids = self.entry.ids("transactional_id", &["transactional_ids"]);
        transactional_ids.extend(self.entry.sought(self.key, 1));
        RequestView {
            api: self.key,
            version: self.version(),
            broker: self.context.node,
            connection: peer.connection,
            correlation_id: self.start.correlation_id,
            client_id: self.context.client_id.clone(),
            peer: peer.address,
            topics,
            groups,
            transactional_ids,
        }
    }

    /// Does to a request what a rule says.
    async fn meet<R: Handler>(&self, request: R, fault: Fault) -> Outcome<R::Response> {
        let Fault {
            rule,
            delay,
            action,
        } = fault;
        if let Some(delay) = delay {
            let clock = self.context.broker.clock();
            clock.sleep_until(clock.now() + delay).await;
        }
        let matcher = &rule.rule().matcher;
        match action {
            Action::Answer(error) => self.refuse(request, matcher, error).await.into(),
            Action::Disconnect => Answer::Close(BY_RULE).into(),
            Action::Silence => Outcome {
                answer: Answer::Silence,
                then: Then::Silence,
            },
            Action::Hold => {
                rule.removed().await;
                request.handle(self.context).await.into()
            }
            Action::Duplicate => {
                let first = request.clone().handle(self.context).await;
                // The second answer is that of a copy that nobody waits for.
                drop(request.handle(self.context).await);
                first.into()
            }
            Action::ApplyThen(then) => {
                let answer = request.handle(self.context).await;
                self.after(answer, matcher, &then)
            }
            Action::Proceed | Action::Hook(_) => request.handle(self.context).await.into(),
            after => {
                let answer = request.handle(self.context).await;
                self.after(answer, matcher, &after)
            }
        }
    }

    /// Does to an answer what a rule says.
    fn after<R: Structure>(
        &self,
        mut answer: Answer<R>,
        matcher: &Matcher,
        action: &Action,
    ) -> Outcome<R> {
        let then = match *action {
            Action::Disconnect => return Answer::Close(BY_RULE).into(),
            Action::Silence => {
                answer = Answer::Silence;
                Then::Silence
            }
            Action::CutAnswer(bytes) => Then::Cut(bytes),
            Action::Answer(error) => {
                if let Answer::Reply(response) = &mut answer {
                    self.put_error(response, matcher, error);
                }
                Then::GoOn
            }
            Action::Throttle(time) => {
                if let Answer::Reply(response) = &mut answer {
                    set_throttle(response, self.version(), time);
                }
                Then::Mute(time)
            }
            Action::CorruptRecords => {
                if let Answer::Reply(response) = &mut answer {
                    let image = self.context.broker.catalog().image();
                    let corrupt = &mut |records: &mut crate::wire::Records| records.corrupt();
                    each_records(response, self.version(), matcher, &image, corrupt);
                }
                Then::GoOn
            }
            _ => Then::GoOn,
        };
        Outcome { answer, then }
    }

    /// Refuses a request, or the part of it that the rule is about; the rest is served.
    async fn refuse<R: Handler>(
        &self,
        mut request: R,
        matcher: &Matcher,
        error: ErrorCode,
    ) -> Answer<R::Response> {
        let wants_none = self.entry.field("acks") == Some(&Leaf::Short(0));
        if self.key == ApiKey::Produce && wants_none {
            return Answer::Close("records with acks=0 are refused by a rule");
        }
        let mut rest = match self.key {
            // Reading has no effect, and the answer needs what a session knows.
            ApiKey::Fetch => {
                set_int(&mut request, self.version(), "max_wait_ms", 0);
                true
            }
            _ if matcher.is_about_all() => false,
            _ => {
                let image = self.context.broker.catalog().image();
                strip(&mut request, self.version(), matcher, &image)
            }
        };
        // Its answer names the brokers too.
        rest |= self.key == ApiKey::Metadata;
        let mut answer = match rest {
            true => request.handle(self.context).await,
            false => Answer::Reply(R::Response::default()),
        };
        if let Answer::Reply(response) = &mut answer {
            self.put_error(response, matcher, error);
        }
        answer
    }

    fn put_error(&self, response: &mut dyn Structure, matcher: &Matcher, error: ErrorCode) {
        if matcher.is_about_all() {
            return refuse_all(response, self.version(), self.key, &self.entry, error);
        }
        let image = self.context.broker.catalog().image();
        let part = self.entry.within(matcher, &image);
        refuse_parts(response, self.version(), &part, error);
    }

    /// Notes how it ended, and makes the bytes of the answer.
    fn finish<R>(&self, outcome: Outcome<R>, noted: Option<Noted>) -> Result<Reply, Refusal>
    where
        R: crate::wire::Message + Structure,
    {
        let Outcome { mut answer, then } = outcome;
        if let Some(noted) = noted {
            let broker = &self.context.broker;
            let ending = ending(&answer, &then);
            let failures = match &mut answer {
                Answer::Reply(response) => {
                    let image = broker.catalog().image();
                    Entry::read(response, self.version()).failures(&image)
                }
                Answer::Silence | Answer::Close(_) => Vec::new(),
            };
            broker
                .journal()
                .answered(&noted, ending, failures, broker.clock().now());
        }
        let mut reply = encode(self.api, self.start, answer)?;
        if !matches!(then, Then::GoOn) {
            reply.then = then;
        }
        Ok(reply)
    }
}

const BY_RULE: &str = "a rule for faults wants it so";

fn ending<R>(answer: &Answer<R>, then: &Then) -> Ending {
    match (answer, then) {
        (_, Then::Silence) => Ending::Silenced,
        (_, Then::Cut(_)) => Ending::Cut,
        (Answer::Reply(_), _) => Ending::Answered,
        (Answer::Silence, _) => Ending::Unanswered,
        (Answer::Close(_), _) => Ending::Closed,
    }
}

fn set_throttle(response: &mut dyn Structure, version: i16, time: Duration) {
    let millis = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    set_int(response, version, THROTTLE_TIME, millis);
}

fn set_int(structure: &mut dyn Structure, version: i16, field: &str, value: i32) {
    structure.visit(version, &mut |name, node| {
        if let Node::Int(place) = node
            && name == field
        {
            *place = value;
        }
    });
}
