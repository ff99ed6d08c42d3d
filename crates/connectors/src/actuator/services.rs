//! Whether protected services still serve, as far as one can tell from outside.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cordon_act::wire::{Answer, DEADLINE_MILLISECONDS_MAX, ServiceAnswer};
use cordon_act::{PointError, PointErrorKind};

use super::config::{HttpCheck, ServiceConfig};

/// Longest that one try may take.
const TRY_MAX: Duration = Duration::from_secs(10);

/// Tries the services of these names, or all.
pub(super) fn answer(
    services: &BTreeMap<String, ServiceConfig>,
    names: &[String],
    deadline_milliseconds: u64,
) -> Answer {
    if let Some(unknown) = names.iter().find(|name| !services.contains_key(*name)) {
        return Answer::failed(
            PointErrorKind::Config,
            format_args!("the actuator does not know how to try {unknown:?}"),
        );
    }
    let until = Instant::now() + Duration::from_millis(deadline_milliseconds.min(DEADLINE_MILLISECONDS_MAX));
    let services = services
        .iter()
        .filter(|(name, _)| names.is_empty() || names.contains(name))
        .map(|(name, service)| {
            let left = until.saturating_duration_since(Instant::now()).min(TRY_MAX);
            let result = if left.is_zero() {
                Err("not tried: the time of the request was over".to_owned())
            } else {
                attempt(service, left)
            };
            ServiceAnswer {
                name: name.clone(),
                serves: result.is_ok(),
                how: one_line(result.unwrap_or_else(|why| why)),
            }
        })
        .collect();
    Answer::Services { services }
}

/// Servers and programs say it, so it is cut and made one line.
fn one_line(text: String) -> String {
    PointError::new(PointErrorKind::Target, text).text
}

fn attempt(service: &ServiceConfig, left: Duration) -> Result<String, String> {
    match service {
        ServiceConfig::Tcp(address) => {
            connect(address, left).map(|_| format!("{address} accepted a connection"))
        }
        ServiceConfig::Http(check) => get(check, left),
        ServiceConfig::Command(command) => run(command, left),
    }
}

fn connect(address: &str, left: Duration) -> Result<TcpStream, String> {
    let mut last = format!("{address} is no address");
    let addresses = address
        .to_socket_addrs()
        .map_err(|error| format!("{address}: {error}"))?;
    for one in addresses {
        match TcpStream::connect_timeout(&one, left) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = format!("{one}: {error}"),
        }
    }
    Err(last)
}

/// Runs a program in an empty environment, without input, and kills it when its time is over.
fn run(command: &[String], left: Duration) -> Result<String, String> {
    let (program, arguments) = command.split_first().ok_or("no program")?;
    let until = Instant::now() + left;
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program}: {error}"))?;
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => return Ok(format!("{program} ended with 0")),
            Ok(Some(status)) => return Err(format!("{program} ended with {status}")),
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(format!("{program} took too long"));
            }
            Err(error) => return Err(format!("{program}: {error}")),
        }
    }
}

/// Gets a page and looks at its status.
fn get(check: &HttpCheck, left: Duration) -> Result<String, String> {
    let (secure, rest) = match check.url.split_once("://") {
        Some(("http", rest)) => (false, rest),
        Some(("https", rest)) => (true, rest),
        _ => return Err(format!("{} is no address of a page", check.url)),
    };
    let (host, path) = rest.find('/').map_or((rest, "/"), |place| rest.split_at(place));
    let port = if secure { 443 } else { 80 };
    let with_port = host
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    let address = if with_port {
        host.to_owned()
    } else {
        format!("{host}:{port}")
    };
    let stream = connect(&address, left)?;
    let failed = |error: std::io::Error| format!("{address}: {error}");
    stream.set_read_timeout(Some(left)).map_err(failed)?;
    stream.set_write_timeout(Some(left)).map_err(failed)?;
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: cordon\r\nConnection: close\r\n\r\n");
    let status = if secure {
        let name = address.rsplit_once(':').map_or(host, |(name, _)| name);
        let mut stream = super::tls::connect(stream, name, check.ca_file.as_deref())?;
        stream.write_all(request.as_bytes()).map_err(failed)?;
        status_line(stream)
    } else {
        (&stream).write_all(request.as_bytes()).map_err(failed)?;
        status_line(stream)
    }
    .map_err(failed)?;
    match status.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok()) {
        Some(code) if code < 400 => Ok(format!("{} answered {code}", check.url)),
        Some(code) => Err(format!("{} answered {code}", check.url)),
        None => Err(format!("{} did not answer as HTTP does", check.url)),
    }
}

/// The first line of what comes, at most 256 bytes.
fn status_line(stream: impl std::io::Read) -> std::io::Result<String> {
    let mut line = Vec::new();
    for byte in std::io::BufReader::new(stream.take(256)).bytes() {
        match byte? {
            b'\r' | b'\n' => break,
            byte => line.push(byte),
        }
    }
    Ok(String::from_utf8_lossy(&line).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serves(service: ServiceConfig) -> (bool, String) {
        let services = BTreeMap::from([("s".to_owned(), service)]);
        let Answer::Services { services } = answer(&services, &[], 5_000) else {
            panic!("no answer");
        };
        (services[0].serves, services[0].how.clone())
    }

    /// A server that answers every connection with this text.
    fn server(text: &'static str) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = [0; 512];
                let _ = stream.read(&mut request);
                let _ = stream.write_all(text.as_bytes());
            }
        });
        address
    }

    #[test]
    fn a_service_serves_or_does_not_and_it_is_said_how() {
        let http = |text| {
            ServiceConfig::Http(HttpCheck {
                url: format!("http://{}/x", server(text)),
                ca_file: None,
            })
        };
        assert!(serves(http("HTTP/1.1 204 No Content\r\n\r\n")).0);
        let (serving, how) = serves(http("HTTP/1.1 503 Service Unavailable\r\n\r\n"));
        assert!(!serving && how.ends_with("answered 503"), "{how}");
        assert!(!serves(http("\u{1b}[2J garbage")).0);
        assert!(serves(ServiceConfig::Tcp(server(""))).0);
        let closed = cordon_testbed::ClosedPort::new();
        assert!(!serves(ServiceConfig::Tcp(format!("127.0.0.1:{}", closed.port()))).0);
        let command =
            |words: &[&str]| ServiceConfig::Command(words.iter().map(|word| (*word).to_owned()).collect());
        assert!(serves(command(&["/bin/sh", "-c", "exit 0"])).0);
        assert!(!serves(command(&["/bin/sh", "-c", "exit 3"])).0);
        assert!(!serves(command(&["/no/such/program"])).0);
    }

    #[test]
    fn an_unknown_service_is_a_mistake_of_the_configuration() {
        let answer = answer(&BTreeMap::new(), &["tills".to_owned()], 1000);
        assert!(matches!(answer, Answer::Failed { error } if error.kind == PointErrorKind::Config));
    }
}
