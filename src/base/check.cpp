#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace synap {

void check_failed(const char* file, int line, const char* condition, std::string_view note) {
  std::fprintf(stderr, "synap: %s:%d: this must be true: %s%s%.*s\n", file, line, condition,
               note.empty() ? "" : ": ", static_cast<int>(note.size()), note.data());
  std::abort();
}

}  // namespace synap
