#include "inngest/call_body.h"

#include <algorithm>
#include <map>
#include <vector>

#include "base/crypto.h"
#include "inngest/canonical.h"
#include "inngest/sdk_event.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

constexpr JsonLimits kStored{.depth_max = 80};

// Whether the driver has made it, which makes it canonical.
bool is_canonical(workers::OpCode op) {
  return op == workers::OpCode::kStepRun || op == workers::OpCode::kStepFailed ||
         op == workers::OpCode::kSleep;
}

// What was waited for is written as SDKs see it: an event as such, a signal as results are. Of
// npm's SDK either is good, that for Go reads what is in "data" alone.
void append_memo(std::string& out, const workers::Memo& stored) {
  if (is_canonical(stored.op)) return out.append(stored.text), void();
  auto memo = parse_json(stored.text, kStored);
  if (!memo) return out.append("null"), void();
  if (memo->is_object() && stored.op == workers::OpCode::kWaitForEvent) {
    memo = sdk_event_of_json(*memo);
  } else if (memo->is_object() && stored.op == workers::OpCode::kWaitForSignal) {
    memo = Json::object({{"data", *std::move(memo)}});
  }
  append_canonical(out, *memo);
}

Json context_of(const CallBody& call, bool uses_api) {
  std::vector<std::pair<int, workers::StepHash>> order;
  for (const auto& [hash, memo] : call.stored.memos) order.emplace_back(memo.place, hash);
  std::ranges::sort(order);
  Json stack = Json::array();
  for (const auto& [place, hash] : order) stack.push_back(to_hex(hash));
  const auto size = static_cast<std::int64_t>(order.size());
  Json context =
      Json::object({{"attempt", call.attempt},
                    {"disable_immediate_execution", call.is_planning},
                    {"env", ""},
                    {"max_attempts", call.attempts_max},
                    {"request_id", call.request_id},
                    {"run_id", ulid_of(call.run_id)},
                    {"stack", Json::object({{"stack", std::move(stack)}, {"current", size}})},
                    {"step_id", step_id_of(call)},
                    {"use_api", uses_api}});
  if (call.token.empty()) return context;
  context.set("fn_id", call.function_id).set("qi_id", call.token);
  return context;
}

}  // namespace

std::string step_id_of(const CallBody& call) {
  return call.step ? to_hex(*call.step) : std::string("step");
}

// By hand, in the order that is canonical: memos are many and large.
std::string steps_json(const workers::StoredResults& stored) {
  std::map<std::string, const workers::Memo*> memos;
  for (const auto& [hash, memo] : stored.memos) memos.emplace(to_hex(hash), &memo);
  std::map<std::string, const std::string*> inputs;  // that somebody has edited
  for (const auto& [hash, step] : stored.pending) {
    if (step.input.empty() || stored.memos.contains(hash)) continue;
    inputs.emplace(to_hex(hash), &step.input);
    memos.emplace(to_hex(hash), nullptr);
  }
  std::string out = "{";
  for (const auto& [hash, memo] : memos) {
    if (out.size() > 1) out.push_back(',');
    append_json_string(out, hash);
    out.push_back(':');
    if (memo != nullptr) {
      append_memo(out, *memo);
      continue;
    }
    const auto input = parse_json(*inputs.at(hash), kStored);
    append_canonical(out, Json::object({{"input", input ? *input : Json()}}));
  }
  out.push_back('}');
  return out;
}

std::string call_body(const CallBody& call) {
  std::string events = "[";
  for (const auto& event : call.events) {
    if (events.size() > 1) events.push_back(',');
    append_canonical(events, event);
  }
  events.push_back(']');
  auto event = canonical_json(call.events.front());
  auto steps = steps_json(call.stored);
  const bool is_too_large = event.size() + events.size() + steps.size() > kCallBytesMax - 1'024;
  if (is_too_large) {
    event = "{}";
    events = "[]";
    steps = "{}";
  }
  std::string out = R"({"ctx":)";
  append_canonical(out, context_of(call, is_too_large));
  if (!call.defers.as_object().empty()) {
    out.append(R"(,"defers":)");
    append_canonical(out, call.defers);
  }
  out.append(R"(,"event":)").append(event);
  out.append(R"(,"events":)").append(events);
  out.append(R"(,"steps":)").append(steps);
  out.append(R"(,"use_api":)").append(is_too_large ? "true" : "false");
  // Never 0, which SDKs refuse.
  out.append(R"(,"version":)").append(std::to_string(call.version)).push_back('}');
  return out;
}

std::string call_url(std::string_view url, std::string_view step_id) {
  constexpr std::string_view kStep = "stepId=";
  const auto query = url.find('?');
  auto at = query;
  while (at != std::string_view::npos) {
    const auto begin = at + 1;
    const auto end = std::min(url.find('&', begin), url.size());
    if (url.substr(begin).starts_with(kStep)) {
      std::string made(url.substr(0, begin + kStep.size()));
      return made.append(step_id).append(url.substr(end));
    }
    at = end < url.size() ? end : std::string_view::npos;
  }
  std::string made(url);
  made.push_back(query == std::string_view::npos ? '?' : '&');
  return made.append(kStep).append(step_id);
}

}  // namespace synap::inngest
