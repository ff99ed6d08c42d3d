//! What a piece of work costs.

/// What some work comes to, and the CPU seconds of this thread that it took.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let begun = cpu_seconds();
    let result = work();
    (result, cpu_seconds() - begun)
}

/// CPU seconds of this thread so far, from the kernel's accounting.
fn cpu_seconds() -> f64 {
    // Linux brings the count up to date when a thread yields, and else every few milliseconds.
    std::thread::yield_now();
    let scheduled = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let first = scheduled
        .split(' ')
        .next()
        .and_then(|number| number.parse::<f64>().ok());
    first.unwrap_or(0.0) / 1e9
}
