use super::text::{Exposition, Kind};

#[test]
fn labels_are_escaped() {
    let mut out = Exposition::default();
    out.family("a_total", Kind::Counter, "All.");
    out.sample("a_total", &[("x", "q\"\\\n"), ("y", "")], 3);
    assert_eq!(
        out.finish(),
        "# HELP a_total All.\n# TYPE a_total counter\na_total{x=\"q\\\"\\\\\\n\",y=\"\"} 3\n"
    );
}
