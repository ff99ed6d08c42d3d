//! What the tests of this point have in common: servers, points and their worlds.

pub(crate) use crate::sweeping::sweep_among;
pub(crate) use cordon_act::sweep::World;
pub(crate) use cordon_act::{
    Applying, Capabilities, EnforcementPoint, Lifting, Mark, Observation, PointError, PointErrorKind,
    PointName, PointState, Probe, ProbeAnswer, Standing, Target, TargetKind,
};
pub(crate) use cordon_connectors::SecretSource;
pub(crate) use cordon_connectors::radius::{AccessServer, Config, Cut, Server, connect};
pub(crate) use cordon_testbed::{AccessServer as Switch, Folder, FreeRadius, skip};
pub(crate) use serde_json::json;
pub(crate) use std::net::{SocketAddr, UdpSocket};
pub(crate) use std::path::PathBuf;
pub(crate) use std::sync::{Arc, mpsc};
pub(crate) use std::time::{Duration, Instant};

pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
pub(crate) const MARK: &str = "cordon:0123456789abcdef";

pub(crate) fn account(name: &str) -> Target {
    Target::Account {
        account: name.to_owned(),
    }
}

pub(crate) fn sessions(name: &str) -> Target {
    Target::Sessions {
        account: name.to_owned(),
    }
}

pub(crate) fn secret(folder: &Folder, name: &str, value: &str) -> SecretSource {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.write(name, value);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
    SecretSource::File(PathBuf::from(path))
}

pub(crate) fn access_server(folder: &Folder, address: &str, shared: &str) -> AccessServer {
    AccessServer {
        address: address.parse().unwrap(),
        secret: secret(folder, "access-server", shared),
        identifier: None,
        cut: Cut::Disconnect,
        require_message_authenticator: true,
    }
}

/// FreeRADIUS 3.2.1 does not sign its Disconnect answers by Message-Authenticator.
pub(crate) fn at_freeradius(folder: &Folder, radius: &FreeRadius) -> AccessServer {
    AccessServer {
        require_message_authenticator: false,
        ..access_server(folder, &radius.cutting_address(), FreeRadius::SECRET)
    }
}

pub(crate) fn server(folder: &Folder, radius: &FreeRadius) -> Server {
    Server {
        address: radius.address().parse().unwrap(),
        secret: secret(folder, "server", FreeRadius::SECRET),
        refusals_file: PathBuf::from(radius.refusals()),
        pid_file: PathBuf::from(radius.pid_file()),
    }
}

pub(crate) fn point(config: &Config) -> Box<dyn EnforcementPoint> {
    connect(&PointName::from("wifi"), config.clone()).unwrap()
}

pub(crate) fn apply(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
    deadline: Duration,
) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let applying = Applying {
        target,
        prior,
        mark: &mark,
        lease_until: None,
    };
    point.apply(&applying, deadline)
}

pub(crate) fn lift(
    point: &mut dyn EnforcementPoint,
    target: &Target,
    prior: &PointState,
) -> Result<Observation, PointError> {
    let mark = Mark::from(MARK);
    let lifting = Lifting {
        target,
        prior,
        left: None,
        mark: &mark,
    };
    point.lift(&lifting, DEADLINE)
}

pub(crate) fn started() -> Option<(FreeRadius, Folder)> {
    match FreeRadius::start() {
        Ok(radius) => Some((radius, Folder::new())),
        Err(reason) => {
            skip(&reason);
            None
        }
    }
}

pub(crate) struct AtFreeRadius {
    pub(crate) radius: FreeRadius,
    pub(crate) config: Config,
    pub(crate) _folder: Folder,
}

impl World for AtFreeRadius {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        point(&self.config)
    }

    /// What the file holds, and who really gets in.
    fn picture(&mut self, _target: &Target) -> String {
        let admits: Vec<bool> = ["alice", "bob"]
            .iter()
            .map(|name| self.radius.admits(name))
            .collect();
        format!("{admits:?}\n{}", self.radius.refused())
    }

    fn withdraw_outside(&mut self, _target: &Target) -> bool {
        self.radius.set_refused("# by hand\nalice Auth-Type := Reject\n");
        true
    }

    fn restore_outside(&mut self, _target: &Target) {
        self.radius.set_refused("");
    }
}

/// A point at the switch, whose user logs on again after a lift, as users do.
pub(crate) struct WithUser {
    pub(crate) point: Box<dyn EnforcementPoint>,
    pub(crate) switch: Arc<Switch>,
}

impl EnforcementPoint for WithUser {
    fn capabilities(&self) -> Capabilities {
        self.point.capabilities()
    }

    fn observe(&mut self, target: &Target, deadline: Duration) -> Result<Observation, PointError> {
        self.switch.within(|| self.point.observe(target, deadline))
    }

    fn apply(&mut self, applying: &Applying<'_>, deadline: Duration) -> Result<Observation, PointError> {
        self.switch.within(|| self.point.apply(applying, deadline))
    }

    fn lift(&mut self, lifting: &Lifting<'_>, deadline: Duration) -> Result<Observation, PointError> {
        let done = self.switch.within(|| self.point.lift(lifting, deadline));
        self.switch.wait_for(true);
        done
    }

    fn probe(&mut self, target: &Target, deadline: Duration) -> Result<Probe, PointError> {
        self.switch.within(|| self.point.probe(target, deadline))
    }
}

pub(crate) struct AtSwitch {
    pub(crate) switch: Arc<Switch>,
    pub(crate) config: Config,
    pub(crate) _folder: Folder,
}

impl World for AtSwitch {
    fn point(&mut self) -> Box<dyn EnforcementPoint> {
        Box::new(WithUser {
            point: point(&self.config),
            switch: Arc::clone(&self.switch),
        })
    }

    /// What the switch itself says of the port: that is so when it has acknowledged; packets are held back a moment later.
    fn picture(&mut self, _target: &Target) -> String {
        format!("authorized: {}", self.switch.is_authorized())
    }

    fn probe_is_decisive(&mut self, _target: &Target) -> bool {
        false
    }
}

pub(crate) fn switched() -> Option<AtSwitch> {
    match Switch::start() {
        Ok(switch) => {
            let folder = Folder::new();
            let config = Config {
                access_servers: vec![AccessServer {
                    identifier: Some(Switch::IDENTIFIER.to_owned()),
                    ..access_server(&folder, Switch::ADDRESS, Switch::SECRET)
                }],
                server: Some(server(&folder, &switch.radius)),
            };
            Some(AtSwitch {
                switch: Arc::new(switch),
                config,
                _folder: folder,
            })
        }
        Err(reason) => {
            skip(&reason);
            None
        }
    }
}

/// An access server on loopback whose answers to each packet (by number, from 0) a closure writes; what came goes to the channel.
pub(crate) fn odd_access_server(
    answer: impl Fn(usize, &[u8]) -> Vec<Vec<u8>> + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (sender, came) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        for number in 0.. {
            let Ok((count, from)) = socket.recv_from(&mut buffer) else {
                return;
            };
            let packet = buffer.get(..count).unwrap_or_default().to_vec();
            for reply in answer(number, &packet) {
                let _ = socket.send_to(&reply, from);
            }
            if sender.send(packet).is_err() {
                return;
            }
        }
    });
    (address, came)
}
