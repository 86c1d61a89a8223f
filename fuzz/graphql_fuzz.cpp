// Any text as a query of GraphQL: reading it ends, within its limits; what it asks for is taken of
// an object, or is refused.
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "inngest/graphql_query.h"

using namespace synap;
using namespace synap::inngest;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const Json object =
      parse_json(
          R"({"__typename":"Query","a":{"__typename":"X","b":1,"c":[{"d":1},{"d":null}]},"e":"f"})")
          .value();
  static const Json variables = parse_json(R"({"v":true,"w":[1]})").value();
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  const auto fields = read_graphql(text, "", variables);
  if (!fields) {
    SYNAP_CHECK(!fields.error().message.empty(), text);
    return 0;
  }
  SYNAP_CHECK(!fields->empty() || text.contains('@'), text);
  const auto taken = take_fields(object, *fields);
  if (taken) SYNAP_CHECK(taken->is_object(), text);
  return 0;
}
