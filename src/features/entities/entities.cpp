#include "features/entities/entities.h"

#include <fmt/format.h>

#include "features/entities/entity_type.h"
#include "features/event_types/registered.h"

namespace synap::features::entities {
namespace {

using api::Session;

// An event says all that a thing is, and is 512 KiB at most.
constexpr std::size_t kDataBytesMax = 256 * 1024;

struct Entity {
  std::string type;
  std::int64_t type_version = 1;
  std::string title;
  Json data;
};
const ObjectSchema<Entity>& describe(Type<Entity>) {
  static const auto schema =
      object<Entity>("EntityFields")
          .field("type", &Entity::type, string().min(1).max(kNameCharactersMax),
                 "One that you have defined: x.book.")
          .field("typeVersion", &Entity::type_version, integer().min(1),
                 "Of the type, by which its data were judged.")
          .field("title", &Entity::title, string(),
                 "What its data have where the type says that its title is; else \"\".")
          .field("data", &Entity::data, record(any()),
                 "As the schema of its type says, 256 KiB at most. An update gives the members "
                 "that change; null takes one away.");
  return schema;
}

// The beginning of it, of so many characters.
std::string title_of(const std::string& field, const Json& data) {
  const auto text = field.empty() ? std::string_view() : data.string_or(field, "");
  std::size_t characters = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xC0) != 0x80;
    if (begins && ++characters > kTitleCharactersMax) return std::string(text.substr(0, at));
  }
  return std::string(text);
}

Result<> refuse_large(const Json& data) {
  const auto bytes = json_bytes(data);
  if (bytes <= kDataBytesMax) return {};
  const auto message = fmt::format("data: {} bytes of JSON, at most {}", bytes, kDataBytesMax);
  const Json issue =
      Json::object({{"code", "custom"}, {"path", Json(Json::Array{"data"})}, {"message", message}});
  return fail(Error{Code::kBadRequest, message,
                    std::make_shared<Json>(Json::object({{"issues", Json(Json::Array{issue})}}))});
}

// Judges what an entity is to be by the newest version of its type.
class Maker {
 public:
  explicit Maker(const Rooms& rooms) : rooms_(rooms) {}

  Task<Result<NounOptions::Made>> make(Session session, Json fields) {
    const std::string name(fields.string_or("type", ""));
    auto type = co_await find_type(rooms_, session.user_id(), name);
    if (!type) co_return fail(type.error());
    if (!*type) co_return fail(no_such_type(name));
    const Json& data = *fields.find("data");
    if (auto small = refuse_large(data); !small) co_return fail(small.error());
    auto valid = judge(session.user_id(), **type, data);
    if (!valid) co_return fail(valid.error());
    auto title = title_of((*type)->title, data);
    fields.set("typeVersion", (*type)->version);
    fields.set("title", std::move(title));
    co_return NounOptions::Made{
        .fields = std::move(fields),
        .relies_on = {{stream_of(session.user_id(), name), (*type)->events}}};
  }

 private:
  Result<> judge(const std::string& user_id, const EntityType& type, const Json& data) {
    auto definition = parse_json(type.definition);
    if (!definition) return fail(Code::kInternalServerError, definition.error().message);
    const Json* schema = definition->find("schema");
    auto validator = validators_.of(user_id, {.name = type.name,
                                              .version = type.version,
                                              .schema = schema != nullptr ? schema->dump() : "{}"});
    if (!validator) return fail(validator.error());
    return validator->validate(data, "data");
  }

  const Rooms& rooms_;
  event_types::Validators validators_;
};

}  // namespace

void add(const Rooms& rooms, int backfill_parts_max) {
  auto maker = std::make_shared<Maker>(rooms);
  add_types(rooms);
  add_backfill(rooms, backfill_parts_max);
  const Noun<Entity> entities(
      rooms, {.name = std::string(kNoun),
              .plural = "entities",
              .indexed = {"type"},
              .fixed = {"type"},
              .made = {"typeVersion", "title"},
              .merged = {"data"},
              .make = [maker](const Session& session, Json fields,
                              Json) { return maker->make(session, std::move(fields)); },
              .beside = tables_beside(),
              .has_list = false,
              .searched = std::vector<std::string>{"title", "data"},
              .example = R"({"type":"x.book","data":{"title":"Emma","status":"open"}})"});
  add_list(rooms, entities.core());
}

}  // namespace synap::features::entities
