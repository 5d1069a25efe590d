import Testing

// Aim: what is promised of the product holds for its real processes on a real PostgreSQL, whatever is killed or paused, and when.
// Method: the built binaries run as a user would run them; faults are signals, locks and servers that go away; what then stands on
// the log, in the tables, in `/proc` and at the servers is compared with the promise. One after the other: each measures time.
@Suite(.serialized) struct RealProcesses {}
