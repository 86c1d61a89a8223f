#include "features/proposals/diff.h"

#include <algorithm>
#include <span>

#include "agents/data_marks.h"
#include "agents/tools.h"

namespace synap::features::proposals {
namespace {

using api::Session;

constexpr std::size_t kValueBytesMax = 64 * 1024;

// What every thing has besides its fields.
bool is_of_every_thing(std::string_view field) {
  constexpr std::string_view kNames[] = {"id",        "version",  "createdAt",
                                         "updatedAt", "damaged",  "filePath",
                                         "fileSize",  "checksum", "preview"};
  return std::ranges::find(kNames, field) != std::end(kNames);
}

// A value as it is shown: the beginning of a long one, as text.
RawJson shown(const Json& value, std::optional<bool>& is_cut) {
  auto text = value.dump();
  if (text.size() <= kValueBytesMax) return {std::move(text)};
  is_cut = true;
  const auto& whole = value.is_string() ? value.as_string() : text;
  auto part = whole.substr(0, kValueBytesMax);
  part.resize(valid_utf8_prefix(part));
  return {Json(std::move(part)).dump()};
}

class Differences {
 public:
  // nullptr: there is none. Null in an input takes away what there was.
  void add(const std::string& field, const Json* before, const Json* after) {
    if (before != nullptr && before->is_null()) before = nullptr;
    if (after != nullptr && after->is_null()) after = nullptr;
    if (before == nullptr && after == nullptr) return;
    if (before != nullptr && after != nullptr && *before == *after) return;
    FieldDiff diff{.field = field};
    if (before != nullptr) diff.before = shown(*before, diff.is_cut);
    if (after != nullptr) diff.after = shown(*after, diff.is_cut);
    fields_.push_back(std::move(diff));
  }
  std::vector<FieldDiff> take() { return std::move(fields_); }

 private:
  std::vector<FieldDiff> fields_;
};

// The thing by its noun's own `get`, by the right of whoever asks. Nothing: he may not read it, or
// it is not there.
Task<Result<std::optional<Json>>> thing_at(const Rooms& rooms, const Session& session,
                                           const std::string& plural, const std::string& id,
                                           std::optional<std::int64_t> version) {
  const auto path = plural + ".get";
  if (rooms.procedures.find(path) == nullptr) co_return std::nullopt;
  const agents::Tools calls(rooms.procedures, {path}, *session.actor, *session.authority, Uuid{},
                            agents::Guard::kOff);
  Json asked = Json::object({{"id", id}});
  if (version) asked.set("version", *version);
  auto thing = co_await calls.call(path, std::move(asked), "", agents::kNothingRead);
  if (thing) co_return std::move(*thing);
  const auto code = thing.error().code;
  if (code == Code::kNotFound || code == Code::kForbidden) co_return std::nullopt;
  co_return fail(thing.error());
}

std::string plural_of(const Rooms& rooms, const Proposal& proposal) {
  for (const auto& noun : rooms.nouns->entries()) {
    if (noun.name == proposal.entity_type) return noun.plural;
  }
  return "";
}

// Of a change of some fields. Of those that are merged the members count, each by itself.
void add_changes(Differences& differences, const Json* before, const Json& input,
                 std::span<const std::string> merged) {
  for (const auto& [name, value] : input.as_object()) {
    if (is_of_call(name)) continue;
    const Json* was = before != nullptr ? before->find(name) : nullptr;
    if (!value.is_object() || std::ranges::find(merged, name) == merged.end()) {
      differences.add(name, was, &value);
      continue;
    }
    for (const auto& [member, then] : value.as_object()) {
      differences.add(name + "." + member,
                      was != nullptr && was->is_object() ? was->find(member) : nullptr, &then);
    }
  }
}

// Of a thing that goes, or becomes another one as a whole.
void add_whole(Differences& differences, const Json* before, const Json* after) {
  if (before != nullptr) {
    for (const auto& [name, value] : before->as_object()) {
      if (!is_of_every_thing(name)) {
        differences.add(name, &value, after != nullptr ? after->find(name) : nullptr);
      }
    }
  }
  if (after == nullptr) return;
  for (const auto& [name, value] : after->as_object()) {
    const bool is_new = before == nullptr || before->find(name) == nullptr;
    if (is_new && !is_of_every_thing(name)) differences.add(name, nullptr, &value);
  }
}

Task<Result<std::optional<std::int64_t>>> version_now(const Rooms& rooms, const Session& session,
                                                      const std::string& plural,
                                                      const std::string& id) {
  const auto uuid = Uuid::parse(id);
  co_return co_await rooms.database.read_as(
      session.user_id(), [&](db::Tx& tx) -> std::optional<std::int64_t> {
        auto rows = tx.query("SELECT version FROM " + plural + " WHERE id = $1", uuid);
        if (!rows.next()) return std::nullopt;
        return rows.integer(0);
      });
}

}  // namespace

const ObjectSchema<FieldDiff>& describe(Type<FieldDiff>) {
  static const auto schema =
      object<FieldDiff>("ProposedField")
          .field("field", &FieldDiff::field, string())
          .field("before", &FieldDiff::before, any(), "Absent: there is none.")
          .field("after", &FieldDiff::after, any(), "Absent: there will be none.")
          .field("isCut", &FieldDiff::is_cut, boolean(),
                 "True: of what is over 64 KiB the beginning is shown, as text.");
  return schema;
}

Task<Result<Comparison>> compare(const Rooms& rooms, const Session& session,
                                 const Proposal& proposal, const std::string& text) {
  auto input = parse_json(text);
  if (!input) co_return fail(input.error());
  Comparison comparison;
  Differences differences;
  const auto plural = plural_of(rooms, proposal);
  if (plural.empty() || !proposal.entity_id) {
    add_changes(differences, nullptr, *input, {});
    comparison.fields = differences.take();
    co_return comparison;
  }
  const auto& id = *proposal.entity_id;
  auto version = co_await version_now(rooms, session, plural, id);
  if (!version) co_return fail(version.error());
  comparison.version = *version;
  auto before = co_await thing_at(rooms, session, plural, id, proposal.base_version);
  if (before && !*before) {
    before = co_await thing_at(rooms, session, plural, id, std::nullopt);
  }
  if (!before) co_return fail(before.error());
  const Json* was = *before ? &**before : nullptr;
  if (proposal.procedure == plural + ".delete") {
    add_whole(differences, was, nullptr);
  } else if (proposal.procedure == plural + ".restore") {
    const Json* wanted = input->find("version");
    auto after =
        co_await thing_at(rooms, session, plural, id, wanted != nullptr ? wanted->as_integer() : 1);
    if (!after) co_return fail(after.error());
    if (*after) add_whole(differences, was, &**after);
  } else {
    const auto& noun = *rooms.nouns->named(plural);
    add_changes(differences, was, *input, noun.merged);
    if (const auto sets = noun.sets.find(proposal.procedure); sets != noun.sets.end()) {
      add_changes(differences, was, sets->second, {});
    }
  }
  comparison.fields = differences.take();
  co_return comparison;
}

}  // namespace synap::features::proposals
