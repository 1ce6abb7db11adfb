//! What one record costs the allocator on its way through the loop.

use std::hint::black_box;

use allocation_counter::measure;

use super::script::Plan;
use crate::listener::{Delivery, Finished, Handler, HandlerSlot, Started};

/// Read turns of the loop, as long as the source fills them.
const TURN: i64 = 500;

/// What `#[kafka_listener]` makes of a handler: a future that owns its delivery.
fn invoke(delivery: Delivery, slot: &mut HandlerSlot) -> Started {
    slot.start(async move {
        black_box(delivery.record().payload());
        Finished {
            delivery,
            result: Ok(()),
        }
    })
}

#[test]
fn a_record_costs_no_allocation_on_its_way_through_the_loop() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let rig = runtime.block_on(async { Plan::default().run_with(Handler::Function(invoke)) });
    let run = |from: i64, count: i64| {
        rig.script.fill(0, from..from + count);
        measure(|| drop(runtime.block_on(rig.quiet()))).count_total
    };
    rig.assign(&[(0, TURN)]);
    runtime.block_on(rig.quiet());
    // What turns and commits cost is the same for few records and for many in as many turns.
    let few = run(TURN, 10);
    let many = run(TURN + 10, 10 + TURN - 20);
    assert_eq!(many, few, "{many} for more records, {few} for few");
}
