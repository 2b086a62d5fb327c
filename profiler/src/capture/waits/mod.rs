//! Where threads are when they are on no CPU: waits from context switches, or from looking at
//! threads again and again where switches may not be seen.

mod budget;
mod calibration;
pub(crate) mod classes;
pub(crate) mod gathering;
pub(crate) mod look;
pub(crate) mod pairing;
pub(crate) mod polling;
pub(crate) mod polling_sampler;
pub(crate) mod tracepoint;
