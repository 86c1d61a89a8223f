#include "inngest/serve/call_answer.h"

#include <fmt/format.h>

#include "base/crypto.h"
#include "inngest/canonical.h"

namespace synap::inngest {
namespace {

constexpr JsonLimits kDepth{.depth_max = 80};
// Uses of one id that are looked for; what is beyond has no index.
constexpr int kUsesMax = workers::kStepsMax;

}  // namespace

Json serialized(Json error) {
  if (!error.is_object()) error = Json::object({{"name", "Error"}, {"message", error.dump()}});
  error.set("__serialized", true);
  if (error.find("stack") == nullptr) {
    error.set("stack", fmt::format("{}: {}", error.string_or("name", "Error"),
                                   error.string_or("message", "")));
  }
  return error;
}

CallAnswer returned(std::string_view output) {
  const auto value = parse_json(output, kDepth);
  return {.body = value ? canonical_json(*value) : std::string("null")};
}

CallAnswer failed(const Error& error, bool may_retry) {
  return {.status = may_retry ? 500 : 400,
          .body = canonical_json(
              serialized(parse_json(workers::error_json(error), kDepth).value_or(Json()))),
          .no_retry = !may_retry};
}

CallAnswer refused(int status, std::string_view message) {
  return {.status = status, .body = canonical_json(Json::object({{"message", message}}))};
}

CallAnswer with_ops(Json ops) {
  return {.status = 206, .body = canonical_json(ops)};
}

Json op_of(workers::OpCode code, const workers::StepHash& hash, const std::string& name) {
  Json userland = Json::object({{"id", name}});
  int use = 0;
  while (use < kUsesMax && workers::step_hash(name, use) != hash) ++use;
  if (use > 0 && use < kUsesMax) userland.set("index", use);
  return Json::object({{"op", workers::op_name(code)},
                       {"id", to_hex(hash)},
                       {"name", name},
                       {"displayName", name},
                       {"opts", Json::object()},
                       {"userland", std::move(userland)},
                       {"data", Json()}});
}

std::string duration_text(std::int64_t ms) {
  std::string text;
  auto left = (ms + 999) / 1'000;
  constexpr std::pair<char, std::int64_t> kUnits[] = {
      {'w', 604'800}, {'d', 86'400}, {'h', 3'600}, {'m', 60}, {'s', 1}};
  for (const auto& [unit, seconds] : kUnits) {
    if (left < seconds) continue;
    text += fmt::format("{}{}", left / seconds, unit);
    left %= seconds;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace synap::inngest
