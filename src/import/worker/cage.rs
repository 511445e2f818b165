//! What a worker may not do: grow, run on, write a file, reach the network.

use std::time::Duration;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, Scope,
};
use rustix::process::{Resource, Rlimit, Signal, setrlimit};
use rustix::time::{ClockId, clock_gettime};

/// Standard streams, one file, one piece of memory, and room for what the system's libraries open.
const MAX_OPEN_FILES: u64 = 32;

/// Of the calling thread and all it starts; call before there is another. A kernel that lacks one bar gets the others.
pub fn shut() {
    let bars = [
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL)),
        limit(Resource::Core, 0),
        limit(Resource::Nofile, MAX_OPEN_FILES),
    ];
    for error in bars.into_iter().filter_map(Result::err) {
        log::debug!("a limit of the worker is not to be had: {error}");
    }
    if let Err(error) = read_only() {
        log::debug!("the file system stays open to the worker: {error}");
    }
}

/// Address space of this process, once and for all.
pub fn limit_memory(max_bytes: u64) -> rustix::io::Result<()> {
    limit(Resource::As, max_bytes)
}

/// Address space in use, as the limit counts it.
pub fn memory_bytes() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program stands in brackets and may hold anything; vsize is the 21st field behind it
    stat.rsplit(')').next()?.split_whitespace().nth(20)?.parse().ok()
}

/// From now on this process may compute for `allowance` more; then the kernel ends it (SIGXCPU).
pub fn allow(allowance: Duration) -> rustix::io::Result<()> {
    let used = clock_gettime(ClockId::ProcessCPUTime);
    // The limit counts whole seconds: one begun counts as used
    let seconds = u64::try_from(used.tv_sec).unwrap_or(0).saturating_add(1).saturating_add(allowance.as_secs());
    setrlimit(Resource::Cpu, Rlimit { current: Some(seconds), maximum: None })
}

fn limit(resource: Resource, value: u64) -> rustix::io::Result<()> {
    setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })
}

/// Files may be read, nothing else: no writing, no running, no network, no signals to others.
fn read_only() -> Result<(), RulesetError> {
    let abi = ABI::V7;
    let root = PathFd::new("/");
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .scope(Scope::from_all(abi))?
        .create()?;
    if let Ok(root) = root {
        rules = rules.add_rule(PathBeneath::new(root, AccessFs::ReadFile | AccessFs::ReadDir))?;
    }
    rules.restrict_self().map(|_| ())
}
