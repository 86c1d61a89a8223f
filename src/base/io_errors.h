// IoErrors: how often the disk would not do what was asked of it. Counted for the process, like the
// log they are told in (log.h), since what turns the answer of a system call into an Error has no
// object of its own.
#pragma once

#include "base/metrics.h"
#include "base/status.h"

namespace synap {

/// Who asked the disk.
enum class Store : std::uint8_t { kDatabase, kContent };
inline constexpr int kStoreCount = 2;
std::string_view store_name(Store store);  // "database"

inline constexpr int kFaultCount = static_cast<int>(Fault::kBlocked) + 1;
std::string_view fault_name(Fault fault);  // "full"

/// Its counter. Any thread.
Counter& io_errors(Store store, Fault fault);

}  // namespace synap
