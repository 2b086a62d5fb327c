//! Reads `/proc/PID/statm`, `status` and, backing off, `smaps_rollup`.
