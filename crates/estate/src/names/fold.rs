//! Names in lower case without an allocation where they are short and ASCII, as nearly all are.

/// Names up to this many bytes are folded on the stack.
const ON_STACK: usize = 128;

/// Calls `then` with `name` in lower case.
pub(crate) fn folded<R>(name: &str, then: impl FnOnce(&str) -> R) -> R {
    let mut stack = [0_u8; ON_STACK];
    if name.is_ascii()
        && let Some(room) = stack.get_mut(..name.len())
    {
        room.copy_from_slice(name.as_bytes());
        room.make_ascii_lowercase();
        if let Ok(folded) = std::str::from_utf8(room) {
            return then(folded);
        }
    }
    then(&name.to_lowercase())
}

/// `name` in lower case, to be kept.
pub(super) fn kept(name: &str) -> Box<str> {
    name.to_lowercase().into_boxed_str()
}
