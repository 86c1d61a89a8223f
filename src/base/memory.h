// Memory that was freed, and is still the process's.
#pragma once

namespace synap {

/// While this lives, memory that is freed goes back to the system at once: for a thread that frees
/// much and then waits. mimalloc gives it back later by itself, but only when the same thread asks
/// it for something again. Other threads that free meanwhile are a little slower.
class ReturningMemory {
 public:
  ReturningMemory();
  ~ReturningMemory();
  ReturningMemory(const ReturningMemory&) = delete;
  ReturningMemory& operator=(const ReturningMemory&) = delete;
};

}  // namespace synap
