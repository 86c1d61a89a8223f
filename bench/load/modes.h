#pragma once

#include "options.h"
#include "report.h"

namespace synap::bench {

// Closed loop: each connection posts its next note when the last is answered. Throughput at a fixed
// concurrency; its latencies are those of a server that is kept full, not those of a visitor.
Report run_create(const Options& options);

// Posts a fixed number of notes as fast as they are answered and waits until all were seen
// completed.
Report run_flood(const Options& options);

// Posts by the clock. Every latency counts from the time at which the note was due, so that a stall
// of the server is charged to all notes that waited for it, posted or not.
Report run_paced(const Options& options);

}  // namespace synap::bench
