//! The items of a rule, however deep they lie.

use rsigma_parser::{Detection, DetectionItem, Detections};

/// Does something to every item that asks about a field; keywords ask about none.
pub(super) fn each_item(detections: &mut Detections, change: fn(&mut DetectionItem)) {
    for part in detections.named.values_mut() {
        below(part, change);
    }
}

fn below(part: &mut Detection, change: fn(&mut DetectionItem)) {
    match part {
        Detection::AllOf(items) => items.iter_mut().for_each(change),
        Detection::AnyOf(parts) | Detection::And(parts) => {
            parts.iter_mut().for_each(|part| below(part, change));
        }
        Detection::ArrayMatch { body, .. } => below(body, change),
        Detection::Conditional { named, .. } => named.values_mut().for_each(|part| below(part, change)),
        Detection::Keywords(_) => {}
    }
}
