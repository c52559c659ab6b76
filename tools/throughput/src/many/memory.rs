//! How much memory this process holds while something runs, as Linux tells it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

pub struct Watch {
    ended: Arc<AtomicBool>,
    samples: JoinHandle<Vec<(Duration, u64)>>,
}

pub fn watch() -> Watch {
    let ended = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&ended);
    let samples = thread::spawn(move || {
        let (began, mut samples) = (Instant::now(), Vec::new());
        while !told.load(Ordering::Relaxed) {
            samples.extend(held().map(|kib| (began.elapsed(), kib)));
            thread::sleep(Duration::from_millis(100));
        }
        samples
    });
    Watch { ended, samples }
}

impl Watch {
    pub fn say(self) -> String {
        self.ended.store(true, Ordering::Relaxed);
        let samples = self.samples.join().unwrap_or_default();
        let Some((whole, _)) = samples.last().copied() else {
            return "This system does not tell how much memory was held.".to_owned();
        };
        let highest = |percent: u32| {
            let until = whole * percent / 100;
            let early = samples.iter().filter(|(at, _)| *at <= until);
            early.map(|(_, kib)| kib / 1024).max().unwrap_or(0)
        };
        format!(
            "Memory held: {} MiB before, at most {} MiB in the first tenth of the time, {} MiB in \
             the first half, {} MiB in all.",
            samples.first().map_or(0, |(_, kib)| kib / 1024),
            highest(10),
            highest(50),
            highest(100)
        )
    }
}

/// In KiB.
fn held() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}
