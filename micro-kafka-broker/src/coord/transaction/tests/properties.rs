//! Whatever producers do and in whatever order it is written down.

use proptest::prelude::*;

use super::world::World;
use crate::batch::Verdict;

#[derive(Debug, Clone, Copy)]
enum Act {
    Init(usize),
    Write(usize, usize),
    WritePlain(usize),
    CommitOffset(usize),
    End(usize, Verdict),
    WriteMarker(usize),
    RunOut(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let instance = 0usize..6;
    let verdict = prop_oneof![Just(Verdict::Commit), Just(Verdict::Abort)];
    prop_oneof![
        2 => (0usize..2).prop_map(Act::Init),
        8 => (instance.clone(), 0usize..2).prop_map(|(i, p)| Act::Write(i, p)),
        1 => (0usize..2).prop_map(Act::WritePlain),
        2 => instance.clone().prop_map(Act::CommitOffset),
        4 => (instance, verdict).prop_map(|(i, verdict)| Act::End(i, verdict)),
        8 => (0usize..2).prop_map(Act::WriteMarker),
        1 => (0usize..2).prop_map(Act::RunOut),
    ]
}

impl World {
    fn perform(&mut self, act: Act) {
        // The newest instances come first; older ones are zombies.
        let count = self.instances.len();
        let newest = |back: usize| count.checked_sub(back % count.max(1) + 1);
        match act {
            Act::Init(id) => self.init(id),
            Act::WritePlain(partition) => self.write_plain(partition),
            Act::WriteMarker(id) => self.write_marker(id),
            Act::RunOut(id) => self.run_out(id),
            Act::Write(back, partition) => {
                if let Some(instance) = newest(back) {
                    self.write(instance, partition);
                }
            }
            Act::CommitOffset(back) => {
                if let Some(instance) = newest(back) {
                    self.commit_offset(instance);
                }
            }
            Act::End(back, verdict) => {
                if let Some(instance) = newest(back) {
                    self.end(instance, verdict);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Readers of committed records see exactly the committed ones, in order; the last stable
    /// offset never passes an open transaction; no zombie writes or ends anything; offsets count
    /// with their transaction or not at all.
    #[test]
    fn committed_is_what_readers_see(acts in proptest::collection::vec(act(), 1..120)) {
        let mut world = World::new();
        world.init(0);
        world.init(1);
        for act in acts {
            world.perform(act);
            world.check();
            world.check_replay();
        }
        world.settle();
    }
}
