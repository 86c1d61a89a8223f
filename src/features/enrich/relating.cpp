#include "features/enrich/relating.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>

#include "agents/data_marks.h"
#include "features/words.h"

namespace synap::features::enrich {
namespace {

using agents::Node;

constexpr std::size_t kNearMax = 8;
// Among which these are looked for: it finds the note itself, and what it is related to.
constexpr std::int64_t kHitsMax = 25;
constexpr std::size_t kPassageBytes = 1'000;
constexpr std::size_t kLinksMax = 5;
constexpr std::size_t kReasonBytes = 500;
constexpr std::int64_t kNeighboursMax = 500;
// Without those that say how a thing came about, which the pod knows itself.
constexpr std::array<std::string_view, 6> kTypes = {"related_to", "part_of",    "depends_on",
                                                    "supersedes", "similar_to", "contradicts"};

// What a person may not do, or somebody has done meanwhile, is no reason to end the run.
bool is_of_caller(const Error& error) {
  return error.code == Code::kForbidden || error.code == Code::kNotFound ||
         error.code == Code::kConflict || error.code == Code::kBadRequest ||
         error.code == Code::kUnauthorized;
}

// All things that the note has a relation with. Nothing: they are too many to know them all.
Task<Result<std::optional<std::set<std::string>>>> neighbours_of(Node& node, std::string_view what,
                                                                 std::string note_id) {
  auto answer = co_await node.use(what, "relations.neighbours",
                                  Json::object({{"id", note_id}, {"limit", kNeighboursMax}}));
  if (!answer) co_return fail(answer.error());
  const Json* is_cut = answer->find("isCut");
  if (is_cut == nullptr || !is_cut->is_bool() || is_cut->as_bool()) {
    co_return std::optional<std::set<std::string>>();
  }
  std::set<std::string> ids = {note_id};
  const Json* things = answer->find("things");
  for (const auto& thing : things != nullptr ? things->as_array() : Json::Array{}) {
    ids.emplace(thing.string_or("id", ""));
  }
  co_return ids;
}

NearThing near_of(const Json& hit) {
  NearThing thing{.id = std::string(hit.string_or("entityId", "")),
                  .type = std::string(hit.string_or("entityType", "")),
                  .title = std::string(hit.string_or("title", "")),
                  .passage = std::string(hit.string_or("passage", ""))};
  if (const Json* parts = hit.find("snippet"); thing.passage.empty() && parts != nullptr) {
    for (const auto& part : parts->as_array()) thing.passage += part.string_or("text", "");
  }
  thing.passage = agents::shortened(thing.passage, kPassageBytes);
  return thing;
}

}  // namespace

const ObjectSchema<NearThing>& describe(Type<NearThing>) {
  static const auto schema = object<NearThing>("EnrichNearThing")
                                 .field("id", &NearThing::id)
                                 .field("type", &NearThing::type)
                                 .field("title", &NearThing::title)
                                 .field("passage", &NearThing::passage);
  return schema;
}

const ObjectSchema<Link>& describe(Type<Link>) {
  static const auto schema = object<Link>("EnrichLink")
                                 .field("toId", &Link::to_id)
                                 .field("type", &Link::type)
                                 .field("reason", &Link::reason);
  return schema;
}

Task<Result<std::vector<NearThing>>> find_near(Node& node, std::string note_id, std::string text) {
  std::vector<NearThing> near;
  const auto query = query_of(text);
  if (query.empty()) co_return near;
  auto known = co_await neighbours_of(node, "related", note_id);
  if (!known && !is_of_caller(known.error())) co_return fail(known.error());
  if (!known || !*known) co_return near;
  auto found =
      co_await node.use("near", "search.query", Json::object({{"q", query}, {"limit", kHitsMax}}));
  if (!found) {
    // While the index cannot be read there are tags and a summary, too.
    const bool is_away = found.error().code == Code::kServiceUnavailable;
    if (!is_away && !is_of_caller(found.error())) co_return fail(found.error());
    co_return near;
  }
  const Json* hits = found->find("hits");
  for (const auto& hit : hits != nullptr ? hits->as_array() : Json::Array{}) {
    if (near.size() == kNearMax) break;
    auto thing = near_of(hit);
    if (!(*known)->contains(thing.id)) near.push_back(std::move(thing));
  }
  co_return near;
}

std::string rule_of_links() {
  return fmt::format(
      "Behind the note are things of the same person that may have to do with it. Name those that "
      "it is really related to, {} at most, by their ids, each with a reason of one sentence and "
      "with how the note is related to it: {}. None is better than a wrong one.",
      kLinksMax, fmt::join(kTypes, ", "));
}

std::string as_data(const std::vector<NearThing>& near) {
  std::string text;
  for (const auto& thing : near) {
    text += '\n';
    text += agents::as_data(thing.type, thing.id, thing.title + "\n" + thing.passage);
  }
  return text;
}

std::string_view links_schema() {
  return R"({"type":"array","items":{"type":"object","additionalProperties":false,
    "required":["id","type","reason"],"properties":{"id":{"type":"string"},
    "type":{"type":"string"},"reason":{"type":"string"}}}})";
}

Links read_links(const Json& answer, const std::vector<NearThing>& near) {
  Links links;
  const Json* all = answer.find("links");
  for (const auto& one : all != nullptr && all->is_array() ? all->as_array() : Json::Array{}) {
    Link link{.to_id = std::string(one.string_or("id", "")),
              .type = std::string(one.string_or("type", "")),
              .reason = agents::shortened(one.string_or("reason", ""), kReasonBytes)};
    const bool is_known = std::ranges::find(near, link.to_id, &NearThing::id) != near.end() &&
                          std::ranges::find(kTypes, link.type) != kTypes.end();
    if (!is_known) {
      ++links.refused;
      continue;
    }
    const bool is_there =
        std::ranges::find(links.wanted, link.to_id, &Link::to_id) != links.wanted.end();
    if (!is_there && links.wanted.size() < kLinksMax) links.wanted.push_back(std::move(link));
  }
  return links;
}

Task<Result<std::vector<Link>>> make_links(Node& node, std::string note_id,
                                           std::vector<Link> links) {
  std::vector<Link> made;
  if (links.empty()) co_return made;
  auto known = co_await neighbours_of(node, "related by now", note_id);
  if (!known && !is_of_caller(known.error())) co_return fail(known.error());
  if (!known || !*known) co_return made;
  for (auto& link : links) {
    if ((*known)->contains(link.to_id)) continue;
    Json properties = Json::object({{"source", "enrich"}, {"reason", link.reason}});
    auto done = co_await node.use(fmt::format("link {}", link.to_id), "relations.create",
                                  Json::object({{"fromId", note_id},
                                                {"toId", link.to_id},
                                                {"type", link.type},
                                                {"properties", std::move(properties)}}));
    if (!done && !is_of_caller(done.error())) co_return fail(done.error());
    if (done) made.push_back(std::move(link));
  }
  co_return made;
}

}  // namespace synap::features::enrich
