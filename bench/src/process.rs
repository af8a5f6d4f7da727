//! CPU time and memory of a process and everything below it, from `/proc`.

use std::fs;
use std::time::Duration;

/// The kernel reports in hundredths of a second, whatever its own clock is (`USER_HZ`).
const TICK: Duration = Duration::from_millis(10);

/// User and system time so far of `id` and its children.
pub(crate) fn time(id: u32) -> Duration {
    let own = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    let below: Duration = children(id).into_iter().map(time).sum();
    TICK.saturating_mul(ticks(&own)) + below
}

/// Resident memory now of `id` and its children, in KiB; pages they share count once for each.
pub(crate) fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let own = status.lines().find_map(|line| {
        line.strip_prefix("VmRSS:")?
            .split_whitespace()
            .next()?
            .parse()
            .ok()
    });
    let below: u64 = children(id).into_iter().map(resident).sum();
    own.unwrap_or(0) + below
}

fn children(id: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let ids = text.split_whitespace();
    ids.filter_map(|child| child.parse().ok()).collect()
}

/// Fields 14 and 15, counted from behind the program's name, which may hold anything.
fn ticks(stat: &str) -> u32 {
    let behind = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    behind
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_and_system_time_are_found_behind_an_odd_name() {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 120 34 5 6 20 0";
        assert_eq!(ticks(stat), 154);
    }

    #[test]
    fn a_process_that_works_uses_time() {
        let before = time(std::process::id());
        let mut sum = 0_u64;
        while time(std::process::id()) < before + TICK * 3 {
            sum = std::hint::black_box(sum.wrapping_mul(31).wrapping_add(1));
        }
    }

    #[test]
    fn memory_is_seen() {
        assert!(resident(std::process::id()) > 100);
    }
}
