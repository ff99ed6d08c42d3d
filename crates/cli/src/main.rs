//! The command `cordon`.
fn main() {}
