//! How a command ends: the answer, or why there is none and who must act.

use std::process::ExitCode;

/// What a command that ran to its end has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// Done.
    Yes,
    /// The answer is no: a plan is infeasible, a check failed.
    No,
}

/// Why a command could not run to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The user must change the command or what it was given.
    #[error("{0}")]
    Input(String),
    /// The actuator or an enforcement point failed.
    #[error("{0}")]
    Point(String),
    /// The store failed, and a person must look at it.
    #[error("{0}")]
    Store(String),
    /// Cordon is wrong.
    #[error("{0}")]
    Bug(String),
    /// Whoever read our output went away. Nobody is left to tell.
    #[error("the reader of the output went away")]
    BrokenPipe,
}

impl Failure {
    /// Wrong use or bad input, in words.
    pub(crate) fn input(what: impl Into<String>) -> Self {
        Self::Input(what.into())
    }

    /// The exit code, as promised in `cordon --help`.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::BrokenPipe => 0,
            Self::Input(_) => 2,
            Self::Store(_) | Self::Point(_) => 3,
            Self::Bug(_) => EXIT_BUG,
        })
    }
}

/// The exit code of a bug in Cordon.
pub(crate) const EXIT_BUG: u8 = 4;

impl Answer {
    /// The exit code, as promised in `cordon --help`.
    pub(crate) fn exit_code(self) -> ExitCode {
        ExitCode::from(u8::from(self == Self::No))
    }
}

/// What `cordon --help` says about exit codes. A test compares it with what the program does.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  the answer is no: no plan is possible, a check failed
  2  wrong use or bad input
  3  an enforcement point or the store failed
  4  a bug in Cordon";
