//! The actuator: holds the secrets of target servers and does at them what people approved, and nothing else.

mod config;
mod connection;
mod keeper;
mod limits;
mod line;
mod listen;
mod moment;
mod sandbox;
mod sections;
mod services;
mod store;
mod tls;
mod worker;

use std::fmt;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use config::{Config, PointConfig, read_signers};
use connection::{Shared, Workers};
use keeper::Keeper;
use listen::{Count, Socket};
use store::Store;
use worker::Worker;

/// The answer is no, the command or its input is wrong, a server or the store failed: as the command `cordon` has them.
const WRONG_USE: u8 = 2;
const FAILED: u8 = 3;

/// How long the end waits for requests in flight: as long as a request may take.
const ENDING_MAX: Duration = Duration::from_millis(cordon_act::wire::DEADLINE_MILLISECONDS_MAX);

const HELP: &str = "\
Holds the secrets of target servers and does at them what people approved.

Usage: cordon-actuator check CONFIG   say every mistake of a configuration
       cordon-actuator run CONFIG     serve until SIGTERM
       cordon-actuator --help
       cordon-actuator --version

Exit: 0 done, 2 wrong use or configuration, 3 a file, the socket or a point failed.
docs/actuator.md describes the configuration and the protocol.
";

/// Says something to the log, which is standard error: one line.
fn say(what: impl fmt::Display) {
    let line = cordon_act::PointError::new(cordon_act::PointErrorKind::Bug, what).text;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Runs a command.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--help" | "-h" | "help"] => tell(HELP),
        ["--version" | "-V"] => tell(concat!("cordon-actuator ", env!("CARGO_PKG_VERSION"), "\n")),
        ["check", file] => code(check(Path::new(file))),
        ["run", file] => code(run(Path::new(file))),
        _ => {
            let _ = std::io::stderr().write_all(HELP.as_bytes());
            ExitCode::from(WRONG_USE)
        }
    }
}

fn tell(text: &str) -> ExitCode {
    let _ = std::io::stdout().write_all(text.as_bytes());
    ExitCode::SUCCESS
}

fn code(result: Result<(), u8>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(code) => ExitCode::from(code),
    }
}

fn read(file: &Path) -> Result<Config, u8> {
    let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    Config::read(&file).map_err(|mistakes| {
        for mistake in mistakes {
            say(mistake);
        }
        WRONG_USE
    })
}

fn check(file: &Path) -> Result<(), u8> {
    let config = read(file)?;
    let signers = read_signers(&config.allowed_signers).map_err(|_| WRONG_USE)?;
    for note in &signers.notes {
        say(format_args!(
            "{}:{}: not used: {}",
            config.allowed_signers.display(),
            note.line,
            note.text
        ));
    }
    let people: std::collections::BTreeSet<&str> = signers
        .signers
        .iter()
        .map(|signer| signer.person.as_str())
        .collect();
    let text = format!(
        "{} points, {} people who may sign\n",
        config.points.len(),
        people.len()
    );
    let _ = std::io::stdout().write_all(text.as_bytes());
    Ok(())
}

fn failed(what: impl fmt::Display) -> u8 {
    say(what);
    FAILED
}

fn run(file: &Path) -> Result<(), u8> {
    let config = read(file)?;
    let ending = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGTERM, signal_hook::consts::SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&ending)).map_err(failed)?;
    }
    let store = Store::open(&config.state).map_err(failed)?;
    let tcp = match &config.tcp {
        None => None,
        Some(tcp) => {
            let tls = tls::server(tcp).map_err(|error| {
                say(error);
                WRONG_USE
            })?;
            let listener = moment::within_a_moment(|| TcpListener::bind(tcp.listen))
                .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
                .map_err(|error| failed(format_args!("{}: {error}", tcp.listen)))?;
            Some((listener, tls))
        }
    };
    let socket = Socket::bind(&config.socket).map_err(failed)?;
    let protections = sandbox::enter(&config);
    for protection in &protections {
        say(format_args!("protection: {protection}"));
    }
    serve(config, store, &socket, tcp, protections, ending)
}

fn serve(
    config: Config,
    store: Store,
    socket: &Socket,
    tcp: Option<(TcpListener, Arc<rustls::ServerConfig>)>,
    protections: Vec<String>,
    ending: Arc<AtomicBool>,
) -> Result<(), u8> {
    let keeper = Keeper::open(store, config.rules, config.allowed_signers, config.ceiling).map_err(failed)?;
    let keeper = Arc::new(keeper);
    let (workers, mut threads) = start(config.points, &keeper)?;
    let shared = Arc::new(Shared {
        keeper,
        workers,
        services: config.services,
        protections,
        ending,
    });
    let count = Arc::new(Count::default());
    if let Some((listener, tls)) = tcp {
        let (shared, count) = (Arc::clone(&shared), Arc::clone(&count));
        threads.push(
            std::thread::Builder::new()
                .name("tcp".to_owned())
                .spawn(move || listen::tcp(&listener, &tls, &shared, &count))
                .map_err(failed)?,
        );
    }
    say(format_args!("serving at {}", config.socket.path.display()));
    listen::unix(socket, &shared, &count);
    let _ = std::fs::remove_file(&config.socket.path);
    end(shared, &count, threads);
    Ok(())
}

/// Starts every point, all at once, and waits until each has said what it can do.
fn start(points: Vec<PointConfig>, keeper: &Arc<Keeper>) -> Result<(Workers, Vec<JoinHandle<()>>), u8> {
    let mut starting = Vec::new();
    for point in points {
        let name = point.name.clone();
        let worker = Worker::start(point, Arc::clone(keeper))
            .map_err(|error| failed(format_args!("{name}: {error}")))?;
        starting.push((name, worker));
    }
    let (mut workers, mut threads) = (Workers::new(), Vec::new());
    for (name, worker) in starting {
        let (worker, thread) = worker
            .wait()
            .map_err(|error| failed(format_args!("{name}: {error}")))?;
        workers.insert(name, worker);
        threads.push(thread);
    }
    Ok((workers, threads))
}

/// Waits for what is in flight, then for the threads of the points.
fn end(shared: Arc<Shared>, count: &Count, threads: Vec<JoinHandle<()>>) {
    say(format_args!("ending; {} connections", count.now()));
    let until = Instant::now() + ENDING_MAX;
    while count.now() > 0 && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The ways to the points end with it, and so do their threads.
    drop(shared);
    if count.now() == 0 {
        for thread in threads {
            let _ = thread.join();
        }
    }
}
