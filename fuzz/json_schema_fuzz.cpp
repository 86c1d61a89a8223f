// Any JSON as a JSON Schema, and any JSON against it: compiling and judging end, within their
// bounds, and a value is judged twice alike.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "schema/json_validator.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // A list of a schema and of values.
  const auto json = synap::parse_json(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!json || !json->is_array() || json->as_array().empty()) return 0;
  const auto& items = json->as_array();
  const auto validator = synap::JsonValidator::compile(items[0], "schema");
  if (!validator) {
    SYNAP_CHECK(!validator.error().message.empty());
    return 0;
  }
  for (const auto& value : items) {
    const auto first = validator->validate(value, "data");
    const auto second = validator->validate(value, "");
    SYNAP_CHECK(first.has_value() == second.has_value(), value.dump());
  }
  return 0;
}
