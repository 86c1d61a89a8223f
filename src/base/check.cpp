#include "base/check.h"

#include <cstdlib>

#include "base/log.h"

namespace synap {

void check_failed(const char* file, int line, const char* condition, std::string_view note) {
  flush_log();
  if (note.empty()) {
    write_last_log(LogLevel::kError, "base", "{file}:{line}: this must be true: {condition}",
                   {{"file", file}, {"line", std::int64_t{line}}, {"condition", condition}});
  } else {
    write_last_log(
        LogLevel::kError, "base", "{file}:{line}: this must be true: {condition}: {note}",
        {{"file", file}, {"line", std::int64_t{line}}, {"condition", condition}, {"note", note}});
  }
  std::abort();
}

}  // namespace synap
