//! How many bytes of decoded frames are kept: a part of what this machine has.

/// Some 2,000 CT slices; with all else that a long series takes, the program stays under 2 GiB.
const MOST: usize = 1 << 30;
const LEAST: usize = 256 << 20;

/// A quarter of the memory there is, within bounds.
pub fn frame_bytes() -> usize {
    let limits = [physical_bytes(), group_bytes()];
    limits.into_iter().flatten().min().map_or(MOST, |n_bytes| (n_bytes / 4).clamp(LEAST, MOST))
}

/// Of one volume, beside the frames, whose memory it shares where it can: a third of what there is, at most 4 GB.
pub fn volume_bytes() -> usize {
    let limits = [physical_bytes(), group_bytes()];
    limits.into_iter().flatten().min().map_or(MOST, |n_bytes| (n_bytes / 3).clamp(LEAST, 4 << 30))
}

fn physical_bytes() -> Option<usize> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.split_whitespace().next()?.parse::<usize>().ok()?.checked_mul(1024)
}

/// What the control group of a container leaves us.
fn group_bytes() -> Option<usize> {
    std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok()?.trim().parse().ok()
}
