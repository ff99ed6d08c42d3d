//! Bounds on what rules and records may cost.

/// Largest rule file read, in bytes. The largest of SigmaHQ is 60 kB.
pub(super) const RULE_FILE_BYTES_MAX: usize = 1 << 20;

/// Most rules of one set. SigmaHQ has 3,754; the bound keeps the memory of a mistaken folder finite.
pub(super) const RULES_MAX: usize = 100_000;

/// Longest condition that is parsed, in bytes: parsing takes time with the square of its length, 40 ms at this one. The
/// longest of SigmaHQ has 543.
pub(super) const CONDITION_BYTES_MAX: usize = 8 << 10;

/// Most values that one rule asks for, counted once and once more each time that its condition selects them: compiling
/// takes time with more than their number. The largest of SigmaHQ has 4,400 values, 8,800 questions.
pub(super) const QUESTIONS_PER_RULE_MAX: usize = 20_000;

/// Deepest nesting of brackets within a line of a rule file: parsers recurse over them.
pub(super) const BRACKET_DEPTH_MAX: usize = 100;

/// Most log sources whose rules are compiled and kept. Windows has about 60 channels that rules name; the bound is
/// for a column of a mapped file that names a new source in each line.
pub(super) const ROUTES_MAX: usize = 1024;

/// Most needles of one automaton: building it takes time with the square of their number, half a second at this one. A
/// field with more is searched by several.
pub(super) const AUTOMATON_NEEDLES_MAX: usize = 16_384;

/// Most needles of one automaton kept as a dense table: beyond it the table costs more memory than it saves time.
pub(super) const DENSE_NEEDLES_MAX: usize = 8192;

/// Bytes of one field that are read through the fragments of its needles before their automaton is built. Building the
/// largest takes about as long as reading this much.
pub(super) const FRAGMENT_BYTES_MAX: usize = 1 << 20;

/// Most fields that an explanation of one detection lists.
pub(super) const MATCHED_FIELDS_MAX: usize = 16;

/// Longest value that an explanation quotes, in bytes.
pub(super) const MATCHED_VALUE_BYTES_MAX: usize = 256;

/// Most groups that all correlation rules together may follow at once.
pub(super) const CORRELATION_GROUPS_MAX: usize = 100_000;

/// Most events that one group of a correlation rule may remember.
pub(super) const CORRELATION_GROUP_ENTRIES_MAX: usize = 10_000;

/// Most fragments that the sieve searches for at once; the vector algorithm takes no more.
pub(super) const SIEVE_FRAGMENTS_MAX: usize = 64;

/// Most channels of one event id whose rules a thread keeps at hand; the others are looked up again.
pub(super) const CHANNELS_KEPT_MAX: usize = 64;

/// Shortest text that is put through a sieve first; a shorter one is read as fast by the automaton itself.
pub(super) const SIEVED_BYTES_MIN: usize = 64;

/// Values whose literals a thread remembers. With the longest text each this is 8 MiB.
pub(super) const MEMO_ENTRIES: usize = 8192;

/// Longest value that is remembered: longer ones rarely come again.
pub(super) const MEMO_TEXT_BYTES_MAX: usize = 1024;
