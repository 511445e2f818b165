//! How much memory this process holds, where the system says so.

/// Resident bytes now.
pub fn bytes() -> Option<u64> {
    status("VmRSS:")
}

/// The most there ever were.
pub fn peak_bytes() -> Option<u64> {
    status("VmHWM:")
}

/// Forgets the most there were, and says what there is: what grows from here on is of what comes next.
pub fn begin_peak() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    bytes()
}

fn status(name: &str) -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = text.lines().find_map(|line| line.strip_prefix(name)?.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib << 10)
}
