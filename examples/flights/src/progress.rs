//! Shows on stderr how far the run has come.

use flights::summary::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::watch;

/// A bar on a terminal; elsewhere a line for each quarter.
pub(crate) async fn show(mut progress: watch::Receiver<Progress>, total: usize) {
    let bar = ProgressBar::with_draw_target(Some(total as u64), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} flights")
    {
        bar.set_style(style);
    }
    let mut told = 0;
    loop {
        let Progress { sent, ended } = *progress.borrow_and_update();
        bar.set_position(ended as u64);
        let quarter = ended * 4 / total.max(1);
        if bar.is_hidden() && quarter > told {
            told = quarter;
            eprintln!("{sent} sent, {ended} of {total} flights have come to their end");
        }
        if ended >= total || progress.changed().await.is_err() {
            break;
        }
    }
    bar.finish_and_clear();
}
