//! Whole-system tests over real processes: one promise a test, one part of the main job a file.

mod access;
mod administration;
mod benchmark;
mod companion;
mod enrolment;
mod expiry;
mod fetching;
mod forged;
mod full_disk;
mod hostile;
mod hostile_certificates;
mod interrupted;
mod kill9;
mod limits;
mod malformed;
mod many;
mod power_cut;
mod receipts;
mod recovery;
mod renewal;
mod resuming;
mod rotation;
mod sending;
mod setup;
mod strace;
mod thief;
