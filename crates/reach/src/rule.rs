//! The kinds of rules: the one table of techniques, times and eases.
//!
//! Techniques are ids of MITRE ATT&CK (Enterprise). **Every time and ease below is an assumption** of this
//! project: no public data set measures single steps. They are set so that whole chains agree with what is
//! published about whole intrusions: CrowdStrike's 2025 Global Threat Report gives 48 minutes as the mean and 51
//! seconds as the fastest time in 2024 from the first foothold to the next system; here the theft of a session
//! and the next remote logon take 5 + 2 minutes, an intruder who knows the way. Offline guessing of a roasted
//! ticket is set to four hours: hours to days for a weak password on one graphics card, never for a long one,
//! hence its low ease. A plan that must be safer scales the times with [`Pace::scaled`].

use cordon_estate::{ControlKind, Means};
use serde::{Deserialize, Serialize};

/// Why a conclusion follows from its premises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleKind {
    /// A foothold is a foothold.
    Foothold,
    /// The intruder is outside, as everybody is.
    Outside,
    /// Credentials of an enabled account can be used.
    UseAccount,
    /// A member has what the group has.
    Belong,
    /// A right, or a control that amounts to one, is held.
    HaveRight,
    /// What is granted on a group is granted on its members.
    PassToMember,
    /// Who runs on a connected system can open connections from where it stands.
    StandOn,
    /// A flow, or the free traffic within a zone, lets connections pass.
    Connect,
    /// Logs on remotely by a means, given right and path.
    LogOn(Means),
    /// Takes credentials that lie on a system.
    StealSession,
    /// Takes a target by a control over it.
    Take(ControlKind),
    /// Talks the help desk or the self-service into a reset.
    Recover,
    /// Comes in through a remote access gateway.
    ComeIn,
    /// Signs in to an application as one of its users.
    UseApp,
    /// Administers an application, and so holds what it holds.
    AdministerApp,
    /// A domain controller holds the directory.
    ReadDirectory,
    /// Who has the directory, or administers the identity provider, has every account.
    ReadAccounts,
}

/// Technique, median time and ease of one kind of rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effort {
    /// ATT&CK technique id; empty for what is no act of the intruder.
    pub technique: &'static str,
    /// Median time to carry it out.
    pub seconds: u32,
    /// How readily it succeeds, in (0, 1].
    pub ease: f64,
}

const fn effort(technique: &'static str, seconds: u32, ease: f64) -> Effort {
    Effort {
        technique,
        seconds,
        ease,
    }
}

/// What follows without an act.
const AT_ONCE: Effort = effort("", 0, 1.0);

impl RuleKind {
    /// How many kinds there are.
    pub const COUNT: usize = 33;

    /// Every kind, in the order of [`RuleKind::code`].
    pub fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).filter_map(Self::from_code)
    }

    /// Technique, median time and ease: the table.
    #[must_use]
    pub const fn effort(self) -> Effort {
        match self {
            Self::Foothold
            | Self::Outside
            | Self::Belong
            | Self::HaveRight
            | Self::PassToMember
            | Self::StandOn
            | Self::Connect
            | Self::ReadAccounts => AT_ONCE,
            Self::UseAccount => effort("T1078", 0, 1.0),
            Self::LogOn(means) => log_on(means),
            Self::StealSession => effort("T1003", 300, 0.7),
            Self::Take(control) => take(control),
            Self::Recover => effort("T1656", 1_200, 0.4),
            Self::ComeIn => effort("T1133", 120, 0.9),
            Self::UseApp => effort("T1078.004", 60, 0.9),
            Self::AdministerApp => effort("T1078.004", 300, 0.8),
            Self::ReadDirectory => effort("T1003.003", 600, 0.9),
        }
    }

    /// The place of the kind in a table of [`RuleKind::COUNT`].
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Foothold => 0,
            Self::Outside => 1,
            Self::UseAccount => 2,
            Self::Belong => 3,
            Self::HaveRight => 4,
            Self::PassToMember => 5,
            Self::StandOn => 6,
            Self::Connect => 7,
            Self::StealSession => 8,
            Self::Recover => 9,
            Self::ComeIn => 10,
            Self::UseApp => 11,
            Self::AdministerApp => 12,
            Self::ReadDirectory => 13,
            Self::ReadAccounts => 14,
            Self::LogOn(means) => 15 + means as u8,
            Self::Take(control) => 24 + control as u8,
        }
    }

    /// The kind of a code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        const PLAIN: [RuleKind; 15] = [
            RuleKind::Foothold,
            RuleKind::Outside,
            RuleKind::UseAccount,
            RuleKind::Belong,
            RuleKind::HaveRight,
            RuleKind::PassToMember,
            RuleKind::StandOn,
            RuleKind::Connect,
            RuleKind::StealSession,
            RuleKind::Recover,
            RuleKind::ComeIn,
            RuleKind::UseApp,
            RuleKind::AdministerApp,
            RuleKind::ReadDirectory,
            RuleKind::ReadAccounts,
        ];
        let place = usize::from(code);
        PLAIN
            .get(place)
            .copied()
            .or_else(|| {
                Means::ALL
                    .get(place.checked_sub(15)?)
                    .map(|means| Self::LogOn(*means))
            })
            .or_else(|| {
                CONTROLS
                    .get(place.checked_sub(24)?)
                    .map(|control| Self::Take(*control))
            })
    }
}

/// Every kind of control, in the order of its definition.
pub(crate) const CONTROLS: [ControlKind; 9] = [
    ControlKind::ResetPassword,
    ControlKind::ResetSecondFactor,
    ControlKind::AddMember,
    ControlKind::FullControl,
    ControlKind::ReadSecret,
    ControlKind::RoastTicket,
    ControlKind::ReplicateDirectory,
    ControlKind::Delegate,
    ControlKind::Hosts,
];

const fn log_on(means: Means) -> Effort {
    match means {
        Means::Console => AT_ONCE,
        Means::RemoteDesktop => effort("T1021.001", 180, 0.9),
        Means::RemoteManagement => effort("T1021.006", 120, 0.9),
        Means::FileShare => effort("T1021.002", 120, 0.9),
        Means::Wmi => effort("T1047", 120, 0.9),
        Means::Ssh => effort("T1021.004", 120, 0.9),
        Means::Database => effort("T1059", 600, 0.5),
        Means::Web => effort("T1021.007", 600, 0.6),
        Means::Admin => effort("T1021", 120, 0.95),
    }
}

const fn take(control: ControlKind) -> Effort {
    match control {
        ControlKind::ResetPassword => effort("T1098", 120, 0.9),
        ControlKind::ResetSecondFactor => effort("T1556.006", 300, 0.7),
        ControlKind::AddMember => effort("T1098.007", 60, 0.95),
        ControlKind::FullControl => effort("T1222.001", 120, 0.9),
        ControlKind::ReadSecret => effort("T1555", 120, 0.9),
        ControlKind::RoastTicket => effort("T1558.003", 14_400, 0.3),
        ControlKind::ReplicateDirectory => effort("T1003.006", 300, 0.95),
        ControlKind::Delegate => effort("T1134.001", 300, 0.6),
        ControlKind::Hosts => effort("T1675", 600, 0.8),
    }
}

/// How long an intruder takes from the first foothold to the next system by this table: to steal a session (300 s)
/// and to log on with what it holds (120 s).
pub const BREAKOUT_SECONDS: f64 = 420.0;

/// Published times from the first foothold to the next system (*breakout*), by name, in seconds: mean and
/// fastest of financially motivated intrusions that CrowdStrike saw, in 2024 by its Global Threat Report 2025 (48 minutes, 51 seconds)
/// and in 2025 by that of 2026 (29 minutes, 27 seconds).
pub const BREAKOUTS: [(&str, f64); 4] = [
    ("mean-2024", 2_880.0),
    ("fastest-2024", 51.0),
    ("mean-2025", 1_740.0),
    ("fastest-2025", 27.0),
];

/// How long each kind of rule takes, in seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    seconds: [u32; RuleKind::COUNT],
}

impl Default for Pace {
    /// The medians of the table.
    fn default() -> Self {
        Self::scaled(1.0)
    }
}

impl Pace {
    /// The medians of the table times `factor` (0.1: ten times as fast), to whole seconds.
    #[must_use]
    pub fn scaled(factor: f64) -> Self {
        let mut seconds = [0; RuleKind::COUNT];
        for (slot, kind) in seconds.iter_mut().zip(RuleKind::all()) {
            *slot = (f64::from(kind.effort().seconds) * factor)
                .round()
                .clamp(0.0, 1e8) as u32;
        }
        Self { seconds }
    }

    /// The factor for [`Pace::scaled`] with which an intruder breaks out in so many seconds: from the first foothold
    /// to the next system by the theft of a session and a remote logon, [`BREAKOUT_SECONDS`] in the table.
    #[must_use]
    pub fn breakout(seconds: f64) -> f64 {
        seconds / BREAKOUT_SECONDS
    }

    /// Seconds that a rule of this kind takes.
    #[must_use]
    pub fn seconds(&self, kind: RuleKind) -> u32 {
        self.of_code(kind.code())
    }

    pub(crate) fn of_code(&self, code: u8) -> u32 {
        self.seconds.get(usize::from(code)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_kinds_name_each_other() {
        assert_eq!(RuleKind::all().count(), RuleKind::COUNT);
        for (code, kind) in RuleKind::all().enumerate() {
            assert_eq!(usize::from(kind.code()), code);
        }
        assert_eq!(RuleKind::from_code(RuleKind::COUNT as u8), None);
    }

    #[test]
    fn every_effort_is_in_its_range() {
        for kind in RuleKind::all() {
            let effort = kind.effort();
            assert!(effort.ease > 0.0 && effort.ease <= 1.0, "{kind:?}");
            assert!(
                effort.technique.is_empty() || effort.technique.starts_with('T'),
                "{kind:?}"
            );
        }
    }

    #[test]
    fn a_breakout_takes_as_long_as_it_is_said_to() {
        for (name, seconds) in BREAKOUTS {
            let pace = Pace::scaled(Pace::breakout(seconds));
            let steps = pace.seconds(RuleKind::StealSession) + pace.seconds(RuleKind::LogOn(Means::Ssh));
            assert!((f64::from(steps) - seconds).abs() <= 1.0, "{name}");
        }
    }

    #[test]
    fn a_pace_scales_the_table() {
        assert_eq!(Pace::default().seconds(RuleKind::StealSession), 300);
        assert_eq!(Pace::scaled(0.1).seconds(RuleKind::StealSession), 30);
        assert_eq!(Pace::scaled(-1.0).seconds(RuleKind::StealSession), 0);
    }
}
