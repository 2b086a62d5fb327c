//! A container has a memory limit and keeps clear of it.

use scrutineer_evidence::{Absent, Kind, cgroup::CgroupFacts};
use serde::{Deserialize, Serialize};

use super::{Rule, Scale, absence_verdict};
use crate::{
    verdict::{Confidence, Outcome, Verdict},
    words,
};

/// The share that is judged.
const MATERIAL: &str = "anonymous share of the limit";

/// Reads the lowest limit of the control group and its ancestors, and what is used of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContainerLimits {
    /// Anonymous memory ÷ limit below which the item passes, 0..1.
    pub good_share: f64,
    /// Anonymous memory ÷ limit above which the item fails, 0..1.
    pub fail_share: f64,
    /// Memory pressure (`some avg60`, percent) above which it is worth a look.
    pub pressure_percent: f64,
}

impl Rule for ContainerLimits {
    type Needs<'e> = &'e CgroupFacts;
    const NAME: &'static str = "ContainerLimits";
    const VERSION: u32 = 1;

    fn threshold(&self) -> String {
        format!(
            "pass: a limit is set and anonymous memory < {} of it; attention: up to {}, or memory \
             pressure > {} %; fail: above, unlimited, or an out-of-memory kill",
            words::percent(self.good_share),
            words::percent(self.fail_share),
            words::number(self.pressure_percent),
        )
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            material: MATERIAL,
            good: self.good_share,
            fail: Some(self.fail_share),
            less_is_better: true,
        })
    }

    fn judge(&self, cgroup: &CgroupFacts) -> Verdict {
        let Some(engine) = &cgroup.container else {
            let summary = "Not applicable: the process runs outside a container.";
            return Verdict::new(
                Outcome::NotApplicable,
                Confidence::Strong,
                "no container",
                summary,
            )
            .read(
                Kind::Cgroup,
                format!("control group {} (v{})", cgroup.path, cgroup.version),
            );
        };
        let verdict = match (cgroup.memory_limit_bytes, cgroup.memory_anonymous_bytes) {
            _ if cgroup.oom_kills.unwrap_or(0) > 0 => {
                let kills = words::counted(cgroup.oom_kills.unwrap_or(0), "kill", "kills");
                fail(
                    &kills,
                    format!("The kernel ran out of the container's memory: {kills}."),
                )
            }
            (None, _) => fail(
                "unlimited",
                format!("The {engine} container has no memory limit."),
            ),
            (Some(_), None) => absence_verdict(&Absent::Failed {
                why: "the anonymous memory of the control group could not be read".into(),
            }),
            (Some(limit), Some(anonymous)) => {
                self.weigh(limit, anonymous, cgroup.memory_pressure_percent)
            }
        };
        lines(cgroup)
            .into_iter()
            .fold(verdict, |verdict, line| verdict.read(Kind::Cgroup, line))
    }
}

impl ContainerLimits {
    fn weigh(&self, limit: u64, anonymous: u64, pressure: Option<f64>) -> Verdict {
        let share = anonymous as f64 / limit.max(1) as f64;
        let pressed = pressure.filter(|percent| *percent > self.pressure_percent);
        let outcome = if share > self.fail_share {
            Outcome::Fail
        } else if share >= self.good_share || pressed.is_some() {
            Outcome::Attention
        } else {
            Outcome::Pass
        };
        let number = words::percent(share);
        let pressure = pressed.map_or(String::new(), |percent| {
            format!(
                " Tasks wait for memory {} % of the time.",
                words::number(percent)
            )
        });
        let limit_words = words::bytes(limit as f64);
        let summary =
            format!("Anonymous memory is {number} of the limit of {limit_words}.{pressure}");
        Verdict::new(outcome, Confidence::Strong, number, summary)
            .rests_on(MATERIAL, share, 0.1)
            .rests_on("limit, bytes", limit as f64, 0.0)
    }
}

fn fail(number: &str, summary: String) -> Verdict {
    Verdict::new(Outcome::Fail, Confidence::Strong, number, summary)
}

fn lines(cgroup: &CgroupFacts) -> Vec<String> {
    let bytes =
        |value: Option<u64>| value.map_or("unknown".into(), |value| words::bytes(value as f64));
    let limit = cgroup
        .memory_limit_bytes
        .map_or("none".into(), |limit| words::bytes(limit as f64));
    let from = cgroup.memory_limit_from.as_deref().unwrap_or(&cgroup.path);
    vec![
        format!(
            "lowest memory limit {limit}, set at {from} (v{})",
            cgroup.version
        ),
        format!(
            "anonymous {}, charged {}, out-of-memory kills {}",
            bytes(cgroup.memory_anonymous_bytes),
            bytes(cgroup.memory_used_bytes),
            cgroup.oom_kills.map_or("unknown".into(), words::count),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{self, judged};

    fn verdict(change: impl FnOnce(&mut CgroupFacts)) -> Verdict {
        let rule = ContainerLimits {
            good_share: 0.9,
            fail_share: 0.98,
            pressure_percent: 10.0,
        };
        let mut cgroup = testing::cgroup();
        change(&mut cgroup);
        judged(&rule, |evidence| evidence.cgroup = Ok(cgroup))
    }

    #[test]
    fn a_limit_with_room_passes() {
        assert_eq!(verdict(|_| {}).outcome, Outcome::Pass);
    }

    #[test]
    fn little_room_or_pressure_is_worth_attention() {
        let near = verdict(|cgroup| {
            cgroup.memory_anonymous_bytes = cgroup.memory_limit_bytes.map(|limit| limit * 95 / 100);
        });
        assert_eq!(near.outcome, Outcome::Attention);
        let pressed = verdict(|cgroup| cgroup.memory_pressure_percent = Some(12.0));
        assert_eq!(pressed.outcome, Outcome::Attention);
    }

    #[test]
    fn no_limit_no_room_or_a_kill_fails() {
        assert_eq!(
            verdict(|cgroup| cgroup.memory_limit_bytes = None).outcome,
            Outcome::Fail
        );
        assert_eq!(
            verdict(|cgroup| cgroup.oom_kills = Some(1)).outcome,
            Outcome::Fail
        );
        let full = verdict(|cgroup| cgroup.memory_anonymous_bytes = cgroup.memory_limit_bytes);
        assert_eq!(full.outcome, Outcome::Fail);
    }

    #[test]
    fn outside_a_container_the_item_does_not_apply() {
        let verdict = verdict(|cgroup| cgroup.container = None);
        assert_eq!(verdict.outcome, Outcome::NotApplicable);
    }

    #[test]
    fn unreadable_memory_is_unknown() {
        let verdict = verdict(|cgroup| cgroup.memory_anonymous_bytes = None);
        assert_eq!(verdict.outcome, Outcome::Unknown);
    }
}
