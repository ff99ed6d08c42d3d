//! The process that holds the secrets of target servers.

fn main() {}
