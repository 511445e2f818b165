//! The store's own clock: wall time, its offset, the time since the machine was started, and whether they agree.

use jiff::{Timestamp, Zoned};
use uuid::Uuid;

use crate::store::chain::Header;

/// Clocks of two cores and an NTP slew stay within this.
const TOLERANCE_NS: i128 = 2_000_000_000;
/// A clock runs wrong by less than this part; beyond it somebody has set it.
const DRIFT_PART: i128 = 1_000;
/// No event was written before this program was: a machine without a battery starts in 1970.
const PROGRAM_EXISTS_SINCE: i64 = 1_735_689_600;

/// One reading of all clocks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    pub wall: Timestamp,
    pub tz_offset_s: i64,
    /// Since the machine was started, sleep included where the system counts it.
    pub mono_ns: i64,
    pub boot_id: String,
}

/// Where the time comes from; a test brings its own.
pub trait Clock: Send + Sync {
    fn now(&self) -> Moment;
}

/// The machine's.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let now = Zoned::now();
        Moment {
            wall: now.timestamp(),
            tz_offset_s: now.offset().seconds().into(),
            mono_ns: monotonic_ns(),
            boot_id: boot_id(),
        }
    }
}

#[cfg(target_os = "linux")]
fn monotonic_ns() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

/// Since the program was started: two starts are two boots here.
#[cfg(not(target_os = "linux"))]
fn monotonic_ns() -> i64 {
    use std::sync::LazyLock;
    use std::time::Instant;
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    i64::try_from(START.elapsed().as_nanos()).unwrap_or(i64::MAX)
}

fn boot_id() -> String {
    use std::sync::LazyLock;
    static ID: LazyLock<String> = LazyLock::new(|| {
        let of_system = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let of_system = of_system.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty());
        of_system.unwrap_or_else(|| Uuid::new_v4().to_string())
    });
    ID.clone()
}

/// What the wall clock did between two moments: nothing (empty), `unset`, `back`, or `jump` where the time since the
/// machine's start went another way. Within one start both directions of a change are seen; between two only `back`.
pub fn flag(before: Option<&Moment>, now: &Moment) -> &'static str {
    if now.wall.as_second() < PROGRAM_EXISTS_SINCE {
        return "unset";
    }
    let Some(before) = before else { return "" };
    let wall_ns = now.wall.as_nanosecond() - before.wall.as_nanosecond();
    if wall_ns < -TOLERANCE_NS {
        return "back";
    }
    let mono_ns = i128::from(now.mono_ns) - i128::from(before.mono_ns);
    let is_other = (wall_ns - mono_ns).abs() > TOLERANCE_NS + mono_ns.abs() / DRIFT_PART;
    if before.boot_id == now.boot_id && is_other { "jump" } else { "" }
}

/// The machine's name, for the header.
pub(crate) fn host_name() -> String {
    use std::sync::LazyLock;
    static NAME: LazyLock<String> = LazyLock::new(|| {
        let of_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
        let of_shell = || ["COMPUTERNAME", "HOSTNAME", "HOST"].into_iter().find_map(|name| std::env::var(name).ok());
        let name = of_kernel.or_else(of_shell).map(|name| name.trim().to_owned());
        name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
    });
    NAME.clone()
}

/// Name, version and kind of this build.
pub(crate) const APP_BUILD: &str = if cfg!(debug_assertions) {
    concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"), " debug")
} else {
    concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"))
};

/// The header of an event written now.
pub(crate) fn header(role: &str, before: Option<&Moment>, now: &Moment) -> Header {
    Header {
        actor_role: role.to_owned(),
        host: host_name(),
        app_build: APP_BUILD.to_owned(),
        tz_offset_s: now.tz_offset_s,
        mono_ns: now.mono_ns,
        boot_id: now.boot_id.clone(),
        clock_flag: flag(before, now).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(wall_s: i64, mono_s: i64, boot: &str) -> Moment {
        Moment {
            wall: Timestamp::from_second(1_796_000_000 + wall_s).unwrap(),
            tz_offset_s: 3600,
            mono_ns: mono_s * 1_000_000_000,
            boot_id: boot.to_owned(),
        }
    }

    #[test]
    fn a_clock_that_was_set_is_flagged_and_one_that_runs_is_not() {
        let start = at(0, 100, "a");
        let cases = [
            ("as time goes", at(50, 150, "a"), ""),
            ("slept for a night, and the system counted it", at(36_000, 36_100, "a"), ""),
            ("an hour back", at(-3_600, 160, "a"), "back"),
            ("an hour forward", at(3_660, 160, "a"), "jump"),
            ("ten years forward", at(315_360_000, 160, "a"), "jump"),
            ("a leap second", at(61, 160, "a"), ""),
            ("after a restart nobody knows how long it took", at(90_000, 5, "b"), ""),
            ("back across a restart", at(-60, 5, "b"), "back"),
        ];
        for (name, now, expected) in cases {
            assert_eq!(flag(Some(&start), &now), expected, "{name}");
        }
        assert_eq!(flag(None, &at(-1_796_000_000, 1, "a")), "unset");
        assert_eq!(flag(None, &start), "");
    }

    #[test]
    fn daylight_saving_changes_the_offset_and_is_no_jump() {
        let start = at(0, 100, "a");
        let summer = Moment { tz_offset_s: 7200, ..at(60, 160, "a") };
        assert_eq!(flag(Some(&start), &summer), "");
    }

    #[test]
    fn the_systems_clock_goes_forward_and_knows_its_start() {
        let (first, second) = (SystemClock.now(), SystemClock.now());
        assert!(second.mono_ns >= first.mono_ns && first.mono_ns > 0);
        assert_eq!(first.boot_id, second.boot_id);
        assert_eq!(flag(Some(&first), &second), "");
    }
}
