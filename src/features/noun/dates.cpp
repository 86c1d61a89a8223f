#include "features/noun/dates.h"

#include "base/clock.h"

namespace synap::features {
namespace {

bool is_date(std::string_view text) {
  if (text.size() == 10) return parse_iso8601(std::string(text) + "T00:00:00Z").has_value();
  return text.ends_with('Z') && parse_iso8601(text).has_value();
}

}  // namespace

StringSchema date_schema() {
  return string().max(40).pattern(R"(^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?Z)?$)",
                                  is_date);
}

}  // namespace synap::features
