#include "inngest/defers.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/crypto.h"
#include "bus/function_name.h"
#include "inngest/canonical.h"
#include "inngest/ulid.h"

namespace synap::inngest {
namespace {

using workers::StepHash;

// No memo of a step begins so.
constexpr std::string_view kMemoBegin = R"({"defer":)";
constexpr JsonLimits kStored{.depth_max = 80};

StepHash hash_of(std::string_view kind, std::string_view hex) {
  std::string text = "synap\n";
  return workers::step_hash(text.append(kind).append("\n").append(hex), 0);
}

workers::StepResult result(std::string_view kind, const std::string& hex, std::string name,
                           Json what) {
  what.set("hash", hex);
  const Json memo = Json::object({{"defer", std::move(what)}});
  return {hash_of(kind, hex), 0, std::move(name), workers::OpCode::kStepRun, canonical_json(memo)};
}

}  // namespace

std::optional<std::string> DeferCounts::excess() const {
  if (count > kDefersMax) return fmt::format("A run defers at most {} functions", kDefersMax);
  if (bytes > kDeferBytesMax) {
    return fmt::format("The inputs of what a run defers have at most {} bytes together",
                       kDeferBytesMax);
  }
  return std::nullopt;
}

std::optional<workers::StepResult> Defers::result_of(const ReportedOp& op) {
  if (op.op == "DeferAbort") {
    const std::string target(op.opts.string_or("target_hashed_id", ""));
    if (target.empty()) return std::nullopt;
    return result("abort", target, op.step_id, Json::object({{"is_aborted", true}}));
  }
  const auto slug = op.opts.string_or("fn_slug", "");
  if (op.op != "DeferAdd" || slug.empty()) return std::nullopt;
  const Json* input = op.opts.find("input");
  const bool is_object = input != nullptr && input->is_object();
  return result("defer", to_hex(op.hash), op.step_id,
                Json::object({{"fn_slug", std::string(slug)},
                              {"input", is_object ? *input : Json::object()}}));
}

void Defers::take_from(workers::Memos& memos) {
  for (auto memo = memos.begin(); memo != memos.end();) {
    if (!memo->second.text.starts_with(kMemoBegin)) {
      ++memo;
      continue;
    }
    auto parsed = parse_json(memo->second.text, kStored);
    const auto bytes = static_cast<std::int64_t>(memo->second.text.size());
    memo = memos.erase(memo);
    if (!parsed) continue;
    auto& what = *parsed->find("defer");
    auto& asked = asked_[std::string(what.string_or("hash", ""))];
    if (what.find("is_aborted") != nullptr) {
      asked.is_aborted = true;
    } else {
      counts_.add(bytes);
      asked.name = std::string(what.string_or("fn_slug", ""));
      asked.what = std::move(what);
    }
  }
}

Json Defers::told() const {
  Json all = Json::object();
  for (const auto& [hash, asked] : asked_) {
    all.set(hash, Json::object({{"abortable", !asked.is_aborted}}));
  }
  return all;
}

std::vector<workers::PendingStep> Defers::steps(const Uuid& run_id, std::string_view function,
                                                const std::string& user_id) const {
  std::vector<workers::PendingStep> all;
  for (const auto& [hash, asked] : asked_) {
    if (asked.is_aborted || asked.what.is_null()) continue;
    Json data = *asked.what.find("input");
    data.set("_inngest",
             Json::object({{"fn_slug", asked.name},
                           {"parent_fn_slug", std::string(bus::name_of_function(function))},
                           {"parent_run_id", ulid_of(run_id)}}));
    all.push_back(
        {.hash = hash_of("run", hash),
         .name = "defer " + asked.name,
         .op = workers::OpCode::kInvokeFunction,
         .invoked = workers::InvokedFunction{bus::function_id(asked.name, user_id), data}});
  }
  return all;
}

}  // namespace synap::inngest
