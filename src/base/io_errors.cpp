#include "base/io_errors.h"

#include <array>

namespace synap {

std::string_view store_name(Store store) {
  return store == Store::kDatabase ? "database" : "content";
}

std::string_view fault_name(Fault fault) {
  constexpr std::array<std::string_view, kFaultCount> kNames = {"none",    "full", "busy",
                                                                "damaged", "gone", "blocked"};
  return kNames[static_cast<std::size_t>(fault)];
}

Counter& io_errors(Store store, Fault fault) {
  static std::array<std::array<Counter, kFaultCount>, kStoreCount> counters;
  return counters[static_cast<std::size_t>(store)][static_cast<std::size_t>(fault)];
}

}  // namespace synap
