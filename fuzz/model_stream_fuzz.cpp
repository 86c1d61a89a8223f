// What a provider of language models sends: its streams over each wire, its errors, its vectors.
// The first byte says which wire, the second where the bytes are cut; however that is, what is read
// is the same. What is read of an error never has the key in it.
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "models/decoder.h"
#include "models/failure.h"
#include "models/vectors.h"

namespace {

using namespace synap;
using namespace synap::models;

struct Told {
  bool is_read = false;
  bool is_complete = false;
  std::string text;
  std::string calls;
  std::string pieces;
  bool operator==(const Told&) const = default;
};

Told read(Wire wire, std::string_view bytes, std::size_t step) {
  auto decoder = Decoder::make(wire);
  Told told{.is_read = true};
  for (std::size_t at = 0; at < bytes.size() && told.is_read; at += step) {
    told.is_read = decoder->read(bytes.substr(at, step)).has_value();
    for (const auto& delta : decoder->take_deltas()) {
      if (const auto* text = std::get_if<TextDelta>(&delta)) {
        told.pieces += text->text;
      } else {
        const auto& tool = std::get<ToolDelta>(delta);
        told.calls += tool.id + tool.name + tool.arguments;
      }
    }
  }
  told.is_complete = decoder->is_complete();
  told.text = decoder->text();
  for (const auto& call : decoder->tool_calls()) {
    SYNAP_CHECK(call.input.has_value() != call.error.has_value());
    SYNAP_CHECK(is_valid_utf8(call.arguments) && is_valid_utf8(call.name));
  }
  const auto& usage = decoder->usage();
  SYNAP_CHECK(usage.input >= 0 && usage.output >= 0 && usage.cached >= 0);
  SYNAP_CHECK(is_valid_utf8(told.text));
  SYNAP_CHECK(told.pieces == told.text);
  return told;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const auto wire = static_cast<Wire>(data[0] % 3);
  const std::size_t step = 1 + data[1] % 64;
  const std::string_view bytes(reinterpret_cast<const char*>(data + 2), size - 2);
  const auto whole = read(wire, bytes, bytes.size() + 1);
  const auto cut = read(wire, bytes, step);
  // What is wrong may be found earlier, with less of it read.
  if (whole.is_read && cut.is_read) SYNAP_CHECK(whole == cut);

  const Provider provider{.name = "p", .key = "sk-0123456789abcdef"};
  const outbound::Head head{.status = 400 + data[0],
                            .headers = {{"retry-after", std::string(bytes.substr(0, 40))},
                                        {"x-request-id", std::string(bytes.substr(0, 200))}}};
  const auto failure = failure_of_status(provider, head, bytes, 0);
  SYNAP_CHECK(!failure.error.message.contains(provider.key));
  SYNAP_CHECK(!failure.error.details->dump().contains(provider.key));

  Usage usage;
  std::string model;
  auto vectors = read_vectors(std::string(bytes), 1 + data[1] % 3, 2, usage, model);
  if (vectors) {
    for (const auto& vector : *vectors) SYNAP_CHECK(vector.size() == 2);
  }
  return 0;
}
