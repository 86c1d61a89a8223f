// An answer that is waited for no longer than one can: for threads that watch a connection beside
// others' work, and must end when they are told to.
#pragma once

#include <atomic>
#include <memory>

struct pg_conn;
struct pg_result;

namespace synap::db::postgres {

struct ClearResult {
  void operator()(pg_result* result) const;
};
using Answer = std::unique_ptr<pg_result, ClearResult>;

/// The last result of the statement that was sent. Nothing: it did not come within 5 s, as of a
/// server or a pooler that stands still, or `is_closing` is true meanwhile; the connection is
/// closed then, and `handle` null.
Answer bounded_answer(pg_conn*& handle, const std::atomic<bool>& is_closing);

}  // namespace synap::db::postgres
