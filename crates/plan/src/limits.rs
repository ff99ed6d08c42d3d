//! Bounds on everything that grows with the estate, each with its reason.

/// Most paths listed for one withdrawal: a person reads a few, and the rest say the same.
pub const PATHS_PER_WITHDRAWAL_MAX: usize = 3;

/// Most steps shown of one path: no published intrusion needs more, and a page stays a page.
pub const PATH_STEPS_MAX: usize = 40;

/// Most accounts or sites named in a document; beyond it the number is given.
pub const PEOPLE_NAMED_MAX: usize = 50;

/// Nodes that the own search may visit of a master as it is before that is made small: nearly all take fewer.
pub const SEARCH_WHOLE_NODES_MAX: u64 = 200;

/// Fewer, but as many as this, if so many nodes would look at more than [`SEARCH_WHOLE_WORK_MAX`] rows.
pub const SEARCH_WHOLE_NODES_MIN: u64 = 40;

/// Most rows looked at by those nodes together: a tenth of a second.
pub const SEARCH_WHOLE_WORK_MAX: u64 = 4_000_000;

/// Nodes that the own search may visit before the integer program takes over: under a tenth of a second on masters of
/// a hundred rows, and nearly all real masters take fewer than a hundred nodes.
pub const SEARCH_NODES_MAX: u64 = 4_000;

/// Nodes of a whole solve before the best plan so far is returned with its gap.
pub const MASTER_NODES_MAX: u64 = 2_000_000;

/// Most rows of a master among which rows that contain another are looked for; where many share a column that takes long.
pub const DOMINATED_ROWS_MAX: usize = 3_000;

/// Most columns among which beaten ones are looked for.
pub const BEATEN_COLUMNS_MAX: usize = 20_000;

/// From so many withdrawals on, what each stops is found by giving it back, which takes longer for one that stops nearly everything.
pub const GIVEN_BACK_MIN: usize = 50;

/// Most nodes of the circuit looked at to leave out what a first choice from the bound does not need.
pub const OFFER_WORK_MAX: usize = 2_000_000;

/// Most times a round looks for further derivations that share no column with those found.
pub const DISJOINT_MAX: u32 = 24;

/// Most unions of sets of columns remembered between runs: a hundred bytes or two each, so some tens of megabytes.
pub const CUT_SETS_MAX: usize = 400_000;

/// Most accounts that matter for which groups to disable are looked for: beyond it every group is full of them.
pub const GROUPED_ACCOUNTS_MAX: usize = 20_000;

/// Deepest nesting of a requirement that is looked at; people write three or four levels.
pub const REQUIREMENT_DEPTH_MAX: usize = 64;

/// Most facts that anything with a price rests on for withdrawals against the spread alone to be offered; beyond it
/// withdrawals are those that matter to a jewel, which also stop most of the spread.
pub const SPREAD_FACTS_MAX: usize = 1_500;

/// Most times a plan is made again with acts against the spread that it leaves; the second time is nearly always the last.
pub const GROWTHS_MAX: usize = 4;

/// Most classes of targets told apart beside the jewels, every account and system of a firm of this size; beyond it
/// the spread is aggregated and the gap says so.
pub const CLASSES_MAX: usize = 200_000;

/// Most masters solved for one question; the loop ends long before, by proof.
pub const ROUNDS_MAX: u32 = 2_000;

/// Most masters solved for one alternative: on estates with services the loop ends by proof long before.
pub const ALTERNATIVE_ROUNDS_MAX: u32 = 12;

/// Most nodes of a master of an alternative: with a price on each jewel of a directory the bound is weak, and a proof
/// would take minutes.
pub const ALTERNATIVE_NODES_MAX: u64 = 200;

/// Most services named of one alternative; beyond it the number is given.
pub const SERVICES_NAMED_MAX: usize = 20;

/// Points of the trade-off looked for if nobody says how many: what fits on a page and in a head.
pub const FRONT_POINTS_USUAL: u32 = 9;

/// Most points of the trade-off that may be asked for.
pub const FRONT_POINTS_MAX: u32 = 60;

/// Most problems solved for each point of the trade-off asked for: one finds it, one proves it, and each gap takes up to three to close.
pub const FRONT_SOLVES_PER_POINT_MAX: u32 = 6;

/// Most masters solved for one question of the trade-off.
pub const FRONT_ROUNDS_MAX: u32 = 60;

/// Most nodes of one master of the trade-off.
pub const FRONT_NODES_MAX: u64 = 4_000;

/// Most rows looked at for one master of the trade-off, over all nodes of its tree: a second or so.
pub const FRONT_WORK_MAX: u64 = 4_000_000;

/// The share of the most disruption of the front that a gap between points must span to be looked into before the others.
pub const FRONT_GAP_SHARE_MIN: f64 = 0.01;

/// Most disruption taken for each pound of loss that it spares, at the far end of the trade-off.
pub const FRONT_PRICE_MAX: i64 = 100;

/// Most different worlds over which losses are averaged while points are looked for; each has a kernel of its own.
pub const FRONT_WORLDS_MAX: usize = 16;

/// What a protected service is taken to cost at least when something must be given up, in pence (£20m): somebody said
/// that it must not stop.
pub const PROTECTED_PENCE_MIN: i64 = 2_000_000_000;

/// Most withdrawals of a plan for which the price of refusing them is worked out.
pub const REFUSALS_MAX: usize = 24;

/// Most withdrawals outside a plan for which it is worked out what they would cost.
pub const NOT_CHOSEN_MAX: usize = 8;

/// Most footholds, and most other withdrawals, told of that would make one withdrawal needless: a person reads a few.
pub const UNNECESSARY_IF_MAX: usize = 3;

/// Most other withdrawals tried in the place of one; each is a chaining of the whole graph.
pub const INSTEAD_TRIED_MAX: usize = 12;

/// Most footholds cleared one by one to see what a withdrawal is needed for; each is a chaining of the whole graph.
pub const CLEARED_TRIED_MAX: usize = 32;

/// Most checks spent on making a clash of jewels and protected services as small as it can be; nearly all are one chaining each.
pub const CLASH_CHECKS_MAX: usize = 300;

/// Most refusals of a clash of which it is looked whether taking one back would do.
pub const ACCEPTABLE_TRIED_MAX: usize = 60;

/// Most accesses, accounts and systems of an estate of which a check lists every act to try every set of them.
pub const BRUTE_FACTS_MAX: usize = 400;

/// Most facts of an estate, times worlds, times plans that are told of beside the plan, that a check goes through: five seconds.
pub const COMPARED_FACTS_MAX: usize = 20_000_000;

/// Most accesses, accounts and systems of an estate of which a check prices every alternative again: some tenths of a second each.
pub const CHECKED_FACTS_MAX: usize = 1_000_000;

/// Most facts of an estate, times sampled worlds, of which a check goes through every world: a quarter of a microsecond each.
pub const CHECKED_WORLD_FACTS_MAX: usize = 50_000_000;

/// Most worlds that may be sampled, and as many tens that a plan has not seen.
pub const WORLDS_MAX: u32 = 10_000;

/// Most worlds kept beside the first to hold a share of worlds in which a jewel may be reached; each is a solve.
pub const WORLDS_KEPT_MAX: usize = 24;

/// Most sampled worlds that one thread looks at before another may: what they have in common is found once for them.
pub const WORLDS_TOGETHER_MAX: usize = 32;

/// Most sampled worlds that a share is decided over together; each has a kernel of its own.
pub const WORLDS_FACED_MAX: usize = 100;

/// Most times those are decided over again, with the worlds that the last answer left open.
pub const WORLDS_ROUNDS_MAX: usize = 20;

/// Most base facts of all sampled worlds together that a certificate speaks of: when each is first used there, and what takes it away in
/// time, are some thirty bytes.
pub const CERTIFICATE_WORLDS_FACTS_MAX: usize = 5_000_000;

/// Most rows of a certificate; beyond it the bound that it proves is lower, and it says so.
pub const CERTIFICATE_ROWS_MAX: usize = 1_000;

/// Most base facts in all rows of a certificate together: some megabytes of JSON.
pub const CERTIFICATE_FACTS_MAX: usize = 30_000;

/// Most ways to what must be kept looked at to find one that nothing cuts; a microsecond or less each.
pub const CERTIFICATE_WAYS_MAX: usize = 4_096;

/// One in so many of the facts that a chaining for a certificate reached is looked at in vain before there is another: by then that
/// has cost as much.
pub const CERTIFICATE_VAIN_SHARE: usize = 16;

/// Most facts reached by all chainings for a certificate together: about a second.
pub const CERTIFICATE_WORK_MAX: usize = 40_000_000;

/// The same for a certificate over sampled worlds, which looks for a price too.
pub const CERTIFICATE_WORLDS_WORK_MAX: usize = 160_000_000;

/// Most facts reached by chainings for the cases that the first is split into: a third of a second at most, for what
/// is seldom more than a thousandth of the bound.
pub const CERTIFICATE_SPLITS_WORK_MAX: usize = 8_000_000;

/// Most cases of a certificate.
pub const CERTIFICATE_CASES_MAX: usize = 301;
