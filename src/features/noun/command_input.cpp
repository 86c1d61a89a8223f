#include "features/noun/command_input.h"

#include <fmt/format.h>

#include <algorithm>

namespace synap::features {
namespace {

constexpr std::size_t kIdempotencyKeyCharactersMax = 200;

// Whether the user has a thing of this id, of a noun that is not this one.
bool is_any_other(const NounParts& parts, db::Tx& tx, const std::string& user, const Uuid& id) {
  const auto* noun = parts.rooms.nouns->find(tx, user, id);
  return noun != nullptr && noun->plural != parts.options.plural;
}

}  // namespace

Json take(Json& input, std::string_view name) {
  auto& members = input.as_object();
  for (auto it = members.begin(); it != members.end(); ++it) {
    if (it->first != name) continue;
    Json value = std::move(it->second);
    members.erase(it);
    return value;
  }
  return {};
}

Result<CommandExtras> take_extras(const api::Session& session, Json& input) {
  CommandExtras extras;
  std::optional<std::string> own_key;
  if (Json key = take(input, "idempotencyKey"); key.is_string()) own_key = key.as_string();
  auto idempotency = idempotency_of(session, own_key);
  if (!idempotency) return fail(idempotency.error());
  extras.key = *std::move(idempotency);
  if (const Json batch = take(input, kBatch); batch.is_string()) extras.batch = batch.as_string();
  // Without the key: it is the same command whether the key came in the input or in the header.
  if (!extras.key.empty()) extras.fingerprint = input.dump();
  const Json version = take(input, "expectedVersion");
  if (version.is_integer()) extras.expected_version = version.as_integer();
  const Json id = take(input, "id");
  if (id.is_string()) extras.id = Uuid::parse(id.as_string()).value_or(Uuid{});
  return extras;
}

UntypedObjectSchema change_input(std::string name) {
  auto schema = object(std::move(name));
  schema.field("id", string().uuid());
  return schema;
}

UntypedObjectSchema& with_extras(UntypedObjectSchema& input) {
  input.field("expectedVersion", optional(integer().min(1)),
              "Refused with CONFLICT unless it has this version.");
  return with_key(input);
}

UntypedObjectSchema& with_key(UntypedObjectSchema& input) {
  return input.field("idempotencyKey", optional(string().min(1).max(kIdempotencyKeyCharactersMax)),
                     "Repeating a command with its key gives the first answer again.");
}

void normalize_tags(const NounParts& parts, Json& fields) {
  if (!parts.options.tags) return;
  for (auto& [name, value] : fields.as_object()) {
    if ((name != parts.options.tags->field && name != kOwnTags) || !value.is_array()) continue;
    auto& tags = value.as_array();
    Json::Array unique;
    for (auto& tag : tags) {
      Json form(tag_form(parts, tag.as_string()));
      if (std::ranges::find(unique, form) == unique.end()) unique.push_back(std::move(form));
    }
    tags = std::move(unique);
  }
}

void check_references(const NounParts& parts, db::Tx& tx, const std::string& user,
                      const Json& state) {
  for (const auto& [field, plural] : parts.options.references) {
    const Json* value = state.find(field);
    if (value == nullptr || !value->is_string()) continue;
    const auto id = Uuid::parse(value->as_string()).value_or(Uuid{});
    if (plural.empty() ? is_any_other(parts, tx, user, id) : AllNouns::has(tx, plural, user, id)) {
      continue;
    }
    return tx.abort({plural.empty() ? Code::kNotFound : Code::kBadRequest,
                     fmt::format("{}: there is no such thing among your {}", field,
                                 plural.empty() ? "things" : plural),
                     nullptr});
  }
}

Error other_version(std::int64_t actual) {
  return {Code::kConflict, "It has another version than the expected one",
          std::make_shared<Json>(Json::object({{"actualVersion", actual}}))};
}

}  // namespace synap::features
