// What LangGraph's serializers have stored, as anybody may have made it up: MessagePack and JSON.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "features/checkpoints/shown.h"

using synap::features::checkpoints::Shower;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Shower shower;
  for (const auto* type : {"msgpack", "json"}) {
    // What is shown can be sent.
    const auto text = shower.show(type, bytes).dump();
    SYNAP_CHECK(synap::is_valid_utf8(text), text);
  }
  return 0;
}
