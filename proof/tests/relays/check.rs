//! What may be, and what may not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::reading::Seen;

/// Each order was sent, each key in its order but for repetitions; how many those are.
pub(crate) fn sent(records: &[Seen], rows: usize) -> usize {
    let mut ids = BTreeSet::new();
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    let mut numbers = BTreeSet::new();
    for record in records {
        if !ids.insert(&record.id) {
            continue;
        }
        assert!(numbers.insert(record.number), "{record:?}: a second id");
        if let Some(before) = last.insert(&record.key, record.number) {
            assert!(before < record.number, "{record:?} came after {before}");
        }
    }
    assert_eq!(numbers.len(), rows, "orders that were sent");
    records.len() - rows
}

/// Each order has its effect, and one only.
pub(crate) fn once(what: &str, numbers: impl IntoIterator<Item = usize>, rows: usize) {
    let mut times = vec![0_u32; rows];
    for number in numbers {
        times[number] += 1;
    }
    let lost = times.iter().filter(|times| **times == 0).count();
    let twice = times.iter().filter(|times| **times > 1).count();
    assert_eq!((lost, twice), (0, 0), "{what}: lost, twice");
}

/// How many orders have more than one effect.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Apart {
    pub(crate) twice: usize,
    /// Those that were not the last of their partition when a process was killed.
    pub(crate) alive: usize,
}

/// Effects that are written apart from their marks: each order has one.
pub(crate) fn apart(store: &str, files: &[Vec<PathBuf>], rows: usize) -> Apart {
    let mut times = vec![0_usize; rows];
    let mut excused = vec![0_usize; rows];
    for processes in files {
        for file in processes {
            let mut last: BTreeMap<String, usize> = BTreeMap::new();
            // A process that was killed at once has none.
            let text = std::fs::read_to_string(file).unwrap_or_default();
            for line in text.lines() {
                let words: Vec<&str> = line.split(' ').collect();
                let [of, partition, number] = words[..] else {
                    panic!("{}: {line:?}", file.display());
                };
                if of == store {
                    let number: usize = number.parse().unwrap();
                    times[number] += 1;
                    last.insert(partition.to_owned(), number);
                }
            }
            let was_killed = Some(file) != processes.last();
            for number in last.into_values().filter(|_| was_killed) {
                excused[number] += 1;
            }
        }
    }
    let lost = times.iter().filter(|times| **times == 0).count();
    assert_eq!(lost, 0, "{store}: effects lost");
    let each = times.iter().zip(&excused).enumerate();
    let alive = each.filter(|(_, (times, excused))| **times > 1 + **excused);
    let alive: Vec<_> = alive.map(|(number, _)| number).collect();
    if !alive.is_empty() {
        eprintln!("{store}: twice, though nobody was killed at them: {alive:?}");
    }
    Apart {
        twice: times.iter().filter(|times| **times > 1).count(),
        alive: alive.len(),
    }
}

#[test]
#[should_panic(expected = "came after")]
fn what_comes_late_is_out_of_order() {
    let seen = |number: usize, id: &str| Seen {
        key: "a".to_owned(),
        number,
        id: id.to_owned(),
    };
    // Repeated, it is none; but nothing may overtake what was never sent before.
    assert_eq!(sent(&[seen(0, "x"), seen(1, "y"), seen(0, "x")], 2), 1);
    sent(&[seen(1, "y"), seen(0, "x")], 2);
}

#[test]
fn an_effect_is_excused_by_the_end_of_its_process_alone() {
    let folder = std::env::temp_dir().join(format!("micro-kafka-apart-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = |name: &str, text: &str| {
        let file = folder.join(name);
        std::fs::write(&file, text).unwrap();
        file
    };
    let killed = file("killed", "redis 0 0\nredis 0 1\nredis 1 2\n");
    let alive = file("alive", "redis 0 1\nredis 1 2\nredis 0 0\ntopic 0 1\n");
    let of = apart("redis", &[vec![killed, alive]], 3);
    assert_eq!(
        (of.twice, of.alive),
        (3, 1),
        "0 was not the last of its partition"
    );
    std::fs::remove_dir_all(folder).unwrap();
}
