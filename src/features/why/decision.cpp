#include "features/why/decision.h"

#include <algorithm>

#include "agents/agents.h"
#include "base/clock.h"
#include "models/call_event.h"

namespace synap::features::why {
namespace {

constexpr std::size_t kSourcesMax = 100;

/// A step of a run as it is kept: of what kinds it can be is told by its result.
struct KeptStep {
  std::string name;
  std::int64_t at = 0;
  std::string text;  // JSON: its result
  Json data;
};

std::vector<KeptStep> steps_of(db::Tx& tx, const Uuid& run) {
  std::vector<KeptStep> all;
  auto rows =
      tx.query("SELECT name, stored_at, memo FROM run_steps WHERE run = $1 ORDER BY place", run);
  while (rows.next()) {
    auto memo = parse_json(rows.view(2));
    const Json* data = memo ? memo->find("data") : nullptr;
    if (data == nullptr) continue;
    all.push_back({rows.text(0), rows.integer(1), rows.text(2), *data});
  }
  return all;
}

bool is_checkpoint(const KeptStep& step) {
  return step.name.find(agents::kCheckpoint) != std::string::npos;
}

// The call of a model that a step has made; nullptr: it has made none.
const Json* model_call(const KeptStep& step) {
  const Json* kept = step.data.is_object() ? step.data.find("kept") : nullptr;
  return kept != nullptr ? kept->find("call") : nullptr;
}

// What a command answers has the id of its request; what is read has none.
bool is_command(const KeptStep& step) {
  return step.text.find("requestId") != std::string::npos;
}

// What a tool has given is a text within the step's result; else that is what was read itself.
void add_sources(const KeptStep& step, std::vector<std::string>& sources) {
  const Json* given = step.data.is_object() ? step.data.find("text") : nullptr;
  const bool is_of_tool = given != nullptr && given->is_string() && step.data.find("ok") != nullptr;
  agents::add_ids(is_of_tool ? given->as_string() : step.data.dump(), sources, kSourcesMax);
}

std::vector<std::string> declared(const KeptStep& step) {
  std::vector<std::string> ids;
  const Json* said = step.data.is_object() ? step.data.find("sources") : nullptr;
  if (said == nullptr || !said->is_array()) return ids;
  for (const auto& id : said->as_array()) {
    if (id.is_string()) ids.push_back(id.as_string());
  }
  return ids;
}

Link link_of(const KeptStep& step) {
  Link link{.kind = "step", .id = step.name, .at = to_iso8601(step.at)};
  if (step.data.is_object()) {
    if (const auto name = step.data.string_or("name", ""); !name.empty()) link.name = name;
  }
  return link;
}

Link link_of_model(const KeptStep& step, const Json& call) {
  Link link{.kind = "model",
            .id = std::string(call.string_or("callId", "")),
            .name = std::string(call.string_or("model", "")),
            .at = to_iso8601(step.at),
            .provider = std::string(call.string_or("provider", "")),
            .request_hash = std::string(call.string_or("requestHash", ""))};
  if (const auto by = call.string_or("answeredBy", ""); !by.empty()) link.answered_by = by;
  return link;
}

// The last call of a model before the step: the one that has asked for it by its id, if any has.
const KeptStep* asked_by(const std::vector<KeptStep>& steps, std::size_t end) {
  const auto& data = steps[end].data;
  const auto id = data.is_object() ? std::string(data.string_or("id", "")) : "";
  const KeptStep* last = nullptr;
  for (std::size_t i = 0; i < end; ++i) {
    if (model_call(steps[i]) == nullptr) continue;
    last = &steps[i];
    if (!id.empty() && steps[i].text.find("\"" + id + "\"") != std::string::npos) return last;
  }
  return last;
}

std::vector<Link> links_of(const std::vector<KeptStep>& steps, const std::string& request_id) {
  const auto is_writer = [&](const KeptStep& step) {
    return !is_checkpoint(step) && step.text.find(request_id) != std::string::npos;
  };
  const auto writer = std::ranges::find_if(steps, is_writer);
  if (writer == steps.end()) return {};
  auto step = link_of(*writer);
  std::vector<std::string> sources;
  for (auto each = steps.begin(); each != writer; ++each) {
    if (is_checkpoint(*each) || model_call(*each) != nullptr || is_command(*each)) continue;
    add_sources(*each, sources);
  }
  if (!sources.empty()) step.sources = std::move(sources);
  if (auto said = declared(*writer); !said.empty()) step.declared_sources = std::move(said);
  std::vector<Link> links = {std::move(step)};
  const auto place = static_cast<std::size_t>(writer - steps.begin());
  if (const auto* model = asked_by(steps, place)) {
    links.push_back(link_of_model(*model, *model_call(*model)));
  }
  return links;
}

}  // namespace

Task<Result<std::vector<Link>>> decision(const Rooms& rooms, std::string user_id,
                                         events::EventRef event, events::EventRef asked) {
  auto links = co_await rooms.database.read_as(user_id, [&](db::Tx& tx) -> std::vector<Link> {
    const auto run = agents::engine_run_of(tx, asked->position);
    if (!run || !event->request_id) return {};
    return links_of(steps_of(tx, *run), event->request_id->to_string());
  });
  if (!links) co_return fail(links.error());
  Link agent{.kind = "agent", .id = asked->aggregate_id ? asked->aggregate_id->to_string() : ""};
  if (event->actor) agent.name = event->actor->id;
  const auto data = events::data_of(*asked, agents::kRunRequested);
  if (data && (*data)->is_trusting.value_or(false)) agent.is_trusting = true;
  links->push_back(std::move(agent));
  co_return links;
}

}  // namespace synap::features::why
