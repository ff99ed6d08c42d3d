//! Any bytes as a request to the actuator: what is read is written and read again the same.

#![no_main]

use cordon_act::gate::GateState;
use cordon_act::wire::{Request, Response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(request) = serde_json::from_slice::<Request>(data) {
        let text = serde_json::to_vec(&request).unwrap();
        assert_eq!(serde_json::from_slice::<Request>(&text).unwrap(), request);
    }
    let _ = serde_json::from_slice::<Response>(data);
    let _ = serde_json::from_slice::<GateState>(data);
});
