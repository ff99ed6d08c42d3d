//! Probes a flow or a host by the connections that the configuration names.

use std::time::Instant;

use cordon_act::{PointError, Probe, ProbeAnswer};

use super::kernel::Kernel;
use super::path::{Try, connect};
use super::shape::Shape;
use super::{Config, Held, ProbeConfig};

/// Most connections that are tried for one target.
const TRIES_MAX: usize = 8;

/// Tries each configured connection that the target refuses. One that is made says [`ProbeAnswer::Admitted`].
///
/// One that is not made counts as refused only if this target's own rules counted packets in the meantime: a server that is down,
/// or another rule, is no withdrawal.
///
/// # Errors
/// [`PointError`] if the counters cannot be read.
pub(crate) fn probe(
    kernel: &Kernel,
    config: &Config,
    shape: &Shape,
    until: Instant,
) -> Result<Probe, PointError> {
    let fitting: Vec<&ProbeConfig> = config
        .probes
        .iter()
        .filter(|probe| shape.refuses(probe.from, probe.to.ip(), probe.to.port()))
        .take(TRIES_MAX)
        .collect();
    let inconclusive = |how: String| {
        Ok(Probe {
            answer: ProbeAnswer::Inconclusive,
            how,
        })
    };
    if fitting.is_empty() {
        return inconclusive(
            "no TCP connection that this target refuses is configured under probes".to_owned(),
        );
    }
    let mut tried = Vec::new();
    for probe in fitting {
        let name = format!("TCP from {} to {}", probe.from, probe.to);
        let before = kernel.list(until)?.packets(shape);
        match connect(config, &probe.via, probe.to, until) {
            Try::Made => {
                return Ok(Probe {
                    answer: ProbeAnswer::Admitted,
                    how: format!("{name}: connected"),
                });
            }
            Try::Failed(why) => {
                let after = kernel.list(until)?;
                let ours = after.state(shape).held != Held::None && after.packets(shape) > before;
                if !ours {
                    return inconclusive(format!(
                        "{name}: {why}; but no packet met a rule of this withdrawal"
                    ));
                }
                tried.push(format!("{name}: {why}; this withdrawal's rules counted it"));
            }
        }
    }
    Ok(Probe {
        answer: ProbeAnswer::Refused,
        how: tried.join("; "),
    })
}
