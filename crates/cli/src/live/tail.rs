//! Logs that are being written: looked at many times a second, through rotation, truncation and new files.
//!
//! Looking at the length of a file costs a microsecond and works on every file system, shared ones too, where notices from
//! the kernel do not.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, sync_channel};
use std::time::{Duration, Instant};

use cordon_evidence::read::{Follower, Options};
use cordon_evidence::record::{FileId, Record};
use jiff::Timestamp;

use super::history::{self, Mark};
use crate::console::Console;
use crate::failure::Failure;
use crate::input::logs::{self, LogArguments, Logs};

/// How often logs are looked at.
pub(crate) const LOOK: Duration = Duration::from_millis(10);

/// How often folders are looked through for new logs, and paths for another file under the same name.
const SEARCH: Duration = Duration::from_secs(1);

/// Bytes taken from one log before the others have their turn.
const TURN_BYTES: usize = 1 << 20;

/// Pieces of standard input that may wait.
const PIECES_WAITING: usize = 16;

/// Logs that are followed.
pub(crate) struct Tail {
    named: Vec<PathBuf>,
    options: Options,
    files: Vec<Mark>,
    known: BTreeSet<PathBuf>,
    input: Option<(Receiver<Vec<u8>>, Follower)>,
    names: Vec<String>,
    searched: Instant,
    buffer: Vec<u8>,
}

impl Tail {
    /// Opens everything named, with what stands there now to be read first.
    pub(crate) fn open(arguments: &LogArguments, console: &Console) -> Result<(Self, Logs), Failure> {
        let options = logs::options(arguments)?;
        let mut names = Vec::new();
        let input = arguments
            .logs
            .iter()
            .any(|path| path.as_os_str() == "-")
            .then(|| {
                names.push("standard input".to_owned());
                (
                    standard_input(),
                    Follower::new("standard input", FileId(0), &options),
                )
            });
        let named: Vec<PathBuf> = arguments
            .logs
            .iter()
            .filter(|path| path.as_os_str() != "-")
            .cloned()
            .collect();
        let paths = crate::input::files(&named)?;
        let (logs, files) = history::open(&paths, &options, &mut names)
            .map_err(|error| Failure::input(format!("cannot read the logs: {error}")))?;
        for failure in logs.stream.failures() {
            console.warn(&failure.to_string());
        }
        for mark in files.iter().filter(|mark| mark.follower.is_none()) {
            console.note(&format!(
                "{} is read once: one record a line can be followed",
                mark.path.display()
            ));
        }
        let tail = Self {
            named,
            options,
            known: paths.into_iter().collect(),
            files,
            input,
            names,
            searched: Instant::now(),
            buffer: vec![0; TURN_BYTES],
        };
        Ok((tail, logs))
    }

    /// How many logs are followed.
    pub(crate) fn followed(&self) -> usize {
        self.files.iter().filter(|mark| mark.follower.is_some()).count() + usize::from(self.input.is_some())
    }

    /// The name of each log, by number.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Places that could not be read in what was followed.
    pub(crate) fn unreadable(&self) -> u64 {
        let followers = self.files.iter().filter_map(|mark| mark.follower.as_ref());
        let input = self.input.iter().map(|(_, follower)| follower);
        followers
            .chain(input)
            .map(|follower| follower.report().unreadable)
            .sum()
    }

    /// Hands on what was written since the last look; false if there was nothing.
    pub(crate) fn look(&mut self, each: &mut dyn FnMut(&Record)) -> bool {
        let mut some = self.look_at_input(each);
        for mark in &mut self.files {
            some |= look(mark, &mut self.buffer, each);
        }
        if self.searched.elapsed() >= SEARCH {
            self.searched = Instant::now();
            self.search();
        }
        some
    }

    /// True if nothing more can come: only standard input was followed, and it ended.
    pub(crate) const fn ended(&self) -> bool {
        self.input.is_none() && self.files.is_empty() && self.named.is_empty()
    }

    fn look_at_input(&mut self, each: &mut dyn FnMut(&Record)) -> bool {
        let Some((pieces, follower)) = &mut self.input else {
            return false;
        };
        let mut some = false;
        loop {
            match pieces.try_recv() {
                Ok(piece) => {
                    some = true;
                    follower.push(&piece, Timestamp::now(), each);
                }
                Err(TryRecvError::Empty) => return some,
                Err(TryRecvError::Disconnected) => {
                    self.input = None;
                    return some;
                }
            }
        }
    }

    /// Finds logs that are new, and files that took the name of another.
    fn search(&mut self) {
        let (options, names) = (&self.options, &mut self.names);
        for mark in &mut self.files {
            if let Some(replaced) = replaced(mark) {
                let follower = Follower::new(&names_of(mark), next(names, &mark.path), options);
                *mark = Mark {
                    path: mark.path.clone(),
                    file: replaced,
                    position: 0,
                    follower: Some(follower),
                };
            }
        }
        // A folder that is gone for a moment is looked for again.
        for path in crate::input::files(&self.named).unwrap_or_default() {
            if self.known.contains(&path) {
                continue;
            }
            if let Ok(file) = File::open(&path) {
                let follower = Follower::new(&path.display().to_string(), next(names, &path), options);
                self.files.push(Mark {
                    path: path.clone(),
                    file,
                    position: 0,
                    follower: Some(follower),
                });
                self.known.insert(path);
            }
        }
    }
}

fn names_of(mark: &Mark) -> String {
    mark.path.display().to_string()
}

/// The number of one more log.
fn next(names: &mut Vec<String>, path: &Path) -> FileId {
    names.push(path.display().to_string());
    FileId((names.len() - 1) as u32)
}

/// Hands on what was written to one log since the last look.
fn look(mark: &mut Mark, buffer: &mut [u8], each: &mut dyn FnMut(&Record)) -> bool {
    let Some(follower) = &mut mark.follower else {
        return false;
    };
    let Ok(length) = mark.file.metadata().map(|metadata| metadata.len()) else {
        return false;
    };
    if length < mark.position {
        // Whoever writes it began anew.
        mark.position = 0;
    }
    if length == mark.position {
        return false;
    }
    match read_at(&mut mark.file, mark.position, buffer) {
        Ok(count) if count > 0 => {
            mark.position += count as u64;
            follower.push(buffer.get(..count).unwrap_or_default(), Timestamp::now(), each);
            true
        }
        _ => false,
    }
}

fn read_at(file: &mut File, position: u64, buffer: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(position))?;
    file.read(buffer)
}

/// The file that has a log's name now, if it is another than the one followed and that one was read to its end.
fn replaced(mark: &Mark) -> Option<File> {
    use std::os::unix::fs::MetadataExt as _;
    let own = mark.file.metadata().ok()?;
    let new = std::fs::metadata(&mark.path).ok()?;
    let same = (own.dev(), own.ino()) == (new.dev(), new.ino());
    if same || own.len() != mark.position {
        return None;
    }
    File::open(&mark.path).ok()
}

/// A thread that reads standard input, for reading it waits.
fn standard_input() -> Receiver<Vec<u8>> {
    let (sender, receiver) = sync_channel(PIECES_WAITING);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(count) = io::stdin().lock().read(&mut buffer) {
            let piece = buffer.get(..count).unwrap_or_default().to_vec();
            if count == 0 || sender.send(piece).is_err() {
                return;
            }
        }
    });
    receiver
}
