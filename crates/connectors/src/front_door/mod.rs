//! Front door: routes of HAProxy answer with a holding page while the others serve.
//!
//! A route is a backend. Each has a rule that answers with the holding page while a map of Cordon's own names it. A withdrawal
//! writes the map's file, so that it outlives a reload, then commits a new version of the map at the runtime API, then lets the
//! requests in flight end or cuts them. `docs/enforcement-points/front_door.md` has the rule.

mod attempt;
mod entries;
mod runtime;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, PointState, Probe, ProbeAnswer, Standing, Target, TargetKind,
};
use serde::{Deserialize, Serialize};

use crate::deadline::Deadline;
use crate::kept_file::KeptFile;
pub use attempt::Attempt;
use attempt::{Answer, Place};
use runtime::{Entry, Runtime, Traffic};

/// Longest name of a route in bytes, as for every name.
const ROUTE_BYTES_MAX: usize = cordon_act::limits::NAME_BYTES_MAX;

/// How often to look whether requests in flight have ended.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// How to reach HAProxy and its map.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Config {
    /// The unix socket of the runtime API (`stats socket … level admin`).
    pub socket: PathBuf,
    /// The map that names paused routes: a file of Cordon's own, under the whole path that HAProxy's configuration has.
    pub map: PathBuf,
    /// How long requests in flight may take to end by themselves before they are cut, in seconds. Default 0: cut at once.
    #[serde(default)]
    pub drain_seconds: u32,
    /// How each route is tried. A route that is not here can be withdrawn, but not tried.
    #[serde(default)]
    pub routes: BTreeMap<String, Attempt>,
}

/// What stands about one route: the value of its entry in the map in force, and in the file that the next start reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct State {
    in_force: Option<String>,
    kept: Option<String>,
}

#[derive(Debug)]
struct FrontDoor {
    name: PointName,
    runtime: Runtime,
    map: KeptFile,
    drain: Duration,
    routes: BTreeMap<String, Place>,
}

/// Everything that one look at HAProxy gave.
struct Seen {
    state: State,
    traffic: Option<Traffic>,
    entries: Vec<Entry>,
    text: String,
}

fn input(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Input, text)
}

fn config_error(text: impl std::fmt::Display) -> PointError {
    PointError::new(PointErrorKind::Config, text)
}

/// True if HAProxy could have such a name (configuration manual, section 2): it then has one meaning in a command and in a map.
fn is_proxy_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
}

/// Makes the point. Nothing is connected yet.
///
/// # Errors
/// `Config` if a path or a way to try a route cannot be.
pub fn connect(name: &PointName, config: Config) -> Result<Box<dyn EnforcementPoint>, PointError> {
    let map = config
        .map
        .to_str()
        .filter(|path| {
            path.starts_with('/')
                && path
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b";\\".contains(&byte))
        })
        .ok_or_else(|| {
            config_error("the map must be a whole path without spaces, semicolons and backslashes")
        })?;
    let mut routes = BTreeMap::new();
    for (route, attempt) in &config.routes {
        if !is_proxy_name(route) {
            return Err(config_error(format!("{route:?} cannot be the name of a backend")));
        }
        routes.insert(route.clone(), attempt.place()?);
    }
    Ok(Box::new(FrontDoor {
        name: name.clone(),
        runtime: Runtime::new(&config.socket, map.to_owned()),
        map: KeptFile::new(config.map.clone()),
        drain: Duration::from_secs(config.drain_seconds.into()),
        routes,
    }))
}

/// What a withdrawal leaves of `prior`: a route that somebody else has paused stays as it is.
fn leaves(prior: &State, mark: &Mark) -> State {
    if prior.in_force.is_some() {
        return prior.clone();
    }
    State {
        in_force: Some(mark.0.clone()),
        kept: Some(mark.0.clone()),
    }
}

/// True if `now` lies on the way from `one` to `other`: each half is as in one of them.
fn is_between(now: &State, one: &State, other: &State) -> bool {
    let half =
        |now: &Option<String>, one: &Option<String>, other: &Option<String>| now == one || now == other;
    half(&now.in_force, &one.in_force, &other.in_force) && half(&now.kept, &one.kept, &other.kept)
}

fn stale(name: &PointName, route: &str, now: &State) -> PointError {
    PointError::new(
        PointErrorKind::Stale,
        format!("route {route} at {name} was changed by somebody else: {now:?}"),
    )
}

fn parse(name: &PointName, route: &str, state: &PointState) -> Result<State, PointError> {
    serde_json::from_value(state.0.clone()).map_err(|error| {
        PointError::new(
            PointErrorKind::Stale,
            format!(
                "what is said to have stood about route {route} at {name} is no state of a route: {error}"
            ),
        )
    })
}

/// From here on something has been changed, so that an error leaves open what stands.
fn unknown(error: PointError) -> PointError {
    PointError {
        kind: PointErrorKind::Unknown,
        ..error
    }
}

impl Seen {
    fn standing(&self) -> Standing {
        match (&self.traffic, &self.state) {
            (None, _) => Standing::Absent,
            (
                Some(traffic),
                State {
                    in_force: Some(_), ..
                },
            ) if traffic.in_flight == 0 => Standing::Withdrawn,
            (
                Some(_),
                State {
                    in_force: None,
                    kept: None,
                },
            ) => Standing::Open,
            _ => Standing::Partly,
        }
    }

    fn observation(&self) -> Result<Observation, PointError> {
        let mark = self.state.in_force.iter().chain(&self.state.kept);
        Ok(Observation {
            standing: self.standing(),
            state: PointState(
                serde_json::to_value(&self.state)
                    .map_err(|error| PointError::new(PointErrorKind::Bug, error))?,
            ),
            mark: mark
                .filter(|value| entries::is_mark(value))
                .map(|value| Mark(value.clone()))
                .next(),
        })
    }
}

impl FrontDoor {
    fn route<'a>(&self, target: &'a Target) -> Result<&'a str, PointError> {
        let Target::Route { route } = target else {
            return Err(input(format!(
                "{} withdraws routes only, not {target}",
                self.name
            )));
        };
        if !is_proxy_name(route) || route.len() > ROUTE_BYTES_MAX {
            return Err(input(format!(
                "{route:?} cannot be the name of a backend of HAProxy"
            )));
        }
        Ok(route)
    }

    fn look(&self, route: &str, deadline: Deadline) -> Result<Seen, PointError> {
        let text = self.map.read()?;
        let kept = entries::find(&text, route).map_err(|entries::Twice| {
            config_error(format!("{} names {route} twice", self.map.path().display()))
        })?;
        let entries = self.runtime.entries(deadline)?;
        let in_force = entries
            .iter()
            .find(|entry| entry.key == route)
            .map(|entry| entry.value.clone());
        Ok(Seen {
            state: State {
                in_force,
                kept: kept.map(str::to_owned),
            },
            traffic: self.runtime.traffic(route, deadline)?,
            entries,
            text,
        })
    }

    /// Makes `wanted` stand: first in the file, so that no restart can open what is withdrawn.
    fn settle(&self, route: &str, seen: &Seen, wanted: &State, deadline: Deadline) -> Result<(), PointError> {
        let kept_changes = seen.state.kept != wanted.kept;
        if kept_changes {
            self.map
                .replace(&entries::set(&seen.text, route, wanted.kept.as_deref()))?;
        }
        if seen.state.in_force == wanted.in_force {
            return Ok(());
        }
        let new = entries::set_in_force(&seen.entries, route, wanted.in_force.as_deref());
        self.runtime
            .replace(&seen.entries, &new, deadline)
            .map_err(|error| if kept_changes { unknown(error) } else { error })
    }

    /// Lets what is in flight end while it may drain, then cuts it, until nothing is open.
    fn clear(&self, route: &str, deadline: Deadline) -> Result<(), PointError> {
        let drained = deadline.at_most(self.drain);
        loop {
            let traffic = self.runtime.traffic(route, deadline)?.unwrap_or_default();
            if traffic.in_flight == 0 {
                return Ok(());
            }
            if drained.is_over() {
                for server in &traffic.servers {
                    self.runtime.cut(route, server, deadline)?;
                }
            }
            if !deadline.pause(LOOK_AGAIN) {
                return Err(PointError::new(
                    PointErrorKind::Unknown,
                    format!(
                        "route {route} is paused, but {} requests are still in flight",
                        traffic.in_flight
                    ),
                ));
            }
        }
    }

    /// A route other than `route` that is not paused, to see that it still serves.
    fn neighbour(&self, route: &str, entries: &[Entry]) -> Option<(&String, &Place)> {
        let paused = |name: &str| entries.iter().any(|entry| entry.key == name);
        self.routes
            .iter()
            .find(|(name, _)| *name != route && !paused(name))
    }
}

impl EnforcementPoint for FrontDoor {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            kinds: vec![TargetKind::Route],
            holds_lease: false,
            survives_restart: true,
            leaves_open: "Requests in flight at a process of HAProxy that a reload before the withdrawal left behind go on until they end \
                          (at most its hard-stop-after). Backends reached by another way than this HAProxy are not touched."
                .to_owned(),
        }
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        self.look(self.route(target)?, Deadline::after(deadline))?
            .observation()
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        let route = self.route(applying.target)?;
        if !entries::is_mark(&applying.mark.0) {
            return Err(input("a mark is made of letters, digits and colons"));
        }
        let prior = parse(&self.name, route, applying.prior)?;
        let _only = self.map.only_writer(deadline)?;
        let seen = self.look(route, deadline)?;
        if seen.traffic.is_none() {
            return Err(input(format!("{} has no backend {route}", self.name)));
        }
        let left = leaves(&prior, applying.mark);
        if !is_between(&seen.state, &prior, &left) {
            return Err(stale(&self.name, route, &seen.state));
        }
        if seen.state == left && seen.standing() == Standing::Withdrawn {
            return seen.observation();
        }
        self.runtime.may_cut(route, deadline)?;
        self.settle(route, &seen, &left, deadline)?;
        self.clear(route, deadline).map_err(unknown)?;
        self.look(route, deadline).map_err(unknown)?.observation()
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let deadline = Deadline::after(deadline);
        let route = self.route(lifting.target)?;
        let prior = parse(&self.name, route, lifting.prior)?;
        let left = match lifting.left {
            Some(left) => parse(&self.name, route, left)?,
            None => leaves(&prior, lifting.mark),
        };
        let _only = self.map.only_writer(deadline)?;
        let seen = self.look(route, deadline)?;
        if !is_between(&seen.state, &prior, &left) {
            return Err(stale(&self.name, route, &seen.state));
        }
        if seen.state == prior {
            return seen.observation();
        }
        self.settle(route, &seen, &prior, deadline)?;
        self.look(route, deadline).map_err(unknown)?.observation()
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        let deadline = Deadline::after(deadline);
        let route = self.route(target)?;
        let Some(place) = self.routes.get(route) else {
            return Ok(Probe {
                answer: ProbeAnswer::Inconclusive,
                how: format!(
                    "the configuration of {} has no way to try route {route}",
                    self.name
                ),
            });
        };
        let entries = self.runtime.entries(deadline)?;
        let value = entries
            .iter()
            .find(|entry| entry.key == route)
            .map(|entry| entry.value.as_str());
        let got = place.get(deadline)?;
        let Some(neighbour) = self.neighbour(route, &entries) else {
            return Ok(judge(place, &got, value, None));
        };
        let beside = neighbour.1.get(deadline);
        Ok(judge(place, &got, value, Some((neighbour.0, beside))))
    }
}

/// What the answers of a route, whose entry in the map in force is `value`, and of its neighbour say.
fn judge(
    place: &Place,
    got: &Answer,
    value: Option<&str>,
    neighbour: Option<(&String, Result<Answer, PointError>)>,
) -> Probe {
    let mut how = format!("GET {place} was answered {got}");
    let mut answer = got.means(value);
    if let Some((name, beside)) = neighbour {
        let (serves, said) = match beside {
            Ok(answer) => (answer.means(None) == ProbeAnswer::Admitted, answer.to_string()),
            Err(error) => (false, error.text),
        };
        how.push_str(&format!("; its neighbour {name} answered {said}"));
        if answer == ProbeAnswer::Refused && !serves {
            how.push_str(", so it cannot be told that the route alone is paused");
            answer = ProbeAnswer::Inconclusive;
        }
    }
    Probe { answer, how }
}
