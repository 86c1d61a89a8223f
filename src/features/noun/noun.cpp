#include "features/noun/noun.h"

#include <fmt/format.h>

#include <algorithm>

#include "features/noun/noun_parts.h"

namespace synap::features {
namespace {

// What follows from a noun besides its fields.
constexpr std::string_view kReserved[] = {
    "id",    "entityId", "version", "at",     "createdAt",      "updatedAt", "expectedVersion",
    "limit", "cursor",   "sort",    "source", "idempotencyKey", "requestId"};
// And from its text.
constexpr std::string_view kReservedByText[] = {"content",  "text",     "file",     "preview",
                                                "filePath", "fileSize", "checksum", kGiven,
                                                kBatch,     kTextTags,  kOwnTags};

const SchemaField* field_of(const Schema& object, std::string_view name) {
  for (const auto& field : object.node().fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

IndexedField indexed_field(const Schema& fields, const std::string& name) {
  const SchemaField* field = field_of(fields, name);
  SYNAP_CHECK(field != nullptr, name);
  const bool is_nullable = field->schema->kind == SchemaKind::kNullable;
  const Schema inner(is_nullable ? field->schema->inner : field->schema);
  IndexedField indexed{.name = name, .column = "f_" + name, .schema = inner};
  indexed.is_nullable = is_nullable || field->presence == SchemaField::Presence::kOptional;
  switch (inner.kind()) {
    case SchemaKind::kString:
      indexed.type = db::ColumnType::kText;
      break;
    case SchemaKind::kEnum:
    case SchemaKind::kBoolean:
    case SchemaKind::kInteger:
      indexed.type = db::ColumnType::kInteger;
      break;
    case SchemaKind::kNumber:
      indexed.type = db::ColumnType::kReal;
      break;
    default:
      SYNAP_CHECK(false, "only strings, numbers and booleans are indexed");
  }
  const bool is_number =
      inner.kind() == SchemaKind::kInteger || inner.kind() == SchemaKind::kNumber;
  indexed.has_ranges = is_number || inner.node().check(SchemaCheck::Kind::kDatetime) != nullptr ||
                       inner.node().check(SchemaCheck::Kind::kPattern) != nullptr;
  return indexed;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

// Of an object's fields those whose names are listed, or those whose names are not.
UntypedObjectSchema selected(const Schema& fields, const std::vector<std::string>& names,
                             bool are_listed) {
  auto some = object();
  for (const auto& field : fields.node().fields) {
    if (contains(names, field.name) != are_listed) continue;
    const Schema schema(field.schema);
    if (field.presence == SchemaField::Presence::kDefaulted) {
      some.field_or(field.name, schema, field.default_value, field.docs);
    } else {
      const bool is_optional = field.presence == SchemaField::Presence::kOptional;
      some.field(field.name, is_optional ? optional(schema) : schema, field.docs);
    }
  }
  return some;
}

// The same fields, those that are listed without a default: they may be absent.
UntypedObjectSchema without_defaults(const Schema& fields, const std::vector<std::string>& names) {
  auto some = object();
  for (const auto& field : fields.node().fields) {
    const Schema schema(field.schema);
    const bool is_defaulted = field.presence == SchemaField::Presence::kDefaulted;
    if (is_defaulted && !contains(names, field.name)) {
      some.field_or(field.name, schema, field.default_value, field.docs);
    } else {
      const bool is_required = field.presence == SchemaField::Presence::kRequired;
      some.field(field.name, is_required ? schema : optional(schema), field.docs);
    }
  }
  return some;
}

Schema shown_schema(const std::string& name, const Schema& fields, bool has_text) {
  auto schema = object(name);
  schema.field("id", string().uuid())
      .field("version", integer().min(1), "1 when made, +1 with each change.")
      .field("createdAt", string().datetime())
      .field("updatedAt", string().datetime())
      .field("damaged", optional(boolean()), kDamagedDocs)
      .extend(fields, UntypedObjectSchema::Take::kFilled);
  if (has_text) {
    schema.field("preview", string(), "How its text begins.")
        .field("filePath", string(), "Where its text is.")
        .field("fileSize", integer(), "Bytes.")
        .field("checksum", string(), "SHA-256 of the text, hexadecimal.");
  }
  return schema;
}

// Behind all else: lists for programs have a column for each, in this order.
Schema with_tag_sources(UntypedObjectSchema shown) {
  shown
      .field(std::string(kOwnTags), optional(array(string())),
             "The tags that were given; absent: all of them.")
      .field(std::string(kTextTags), optional(array(string())),
             "The tags that its text has (#tag), which are among its tags, as far as there is room "
             "for them; absent: it has none.");
  return shown;
}

// The place of a listed value in its list.
std::int64_t place_in_list(const IndexedField& field, const Json& value) {
  const auto& values = field.schema.node().values;
  const auto found =
      value.is_string() ? std::ranges::find(values, value.as_string()) : values.end();
  return found != values.end() ? found - values.begin() : IndexedField::kUnlisted;
}

}  // namespace

const ObjectSchema<Completed>& describe(Type<Completed>) {
  static const auto schema =
      object<Completed>("Completed")
          .field("status", &Completed::status, one_of({"completed", kProposed}),
                 std::string("completed: it is done, and on disk. ") + kProposedDocs)
          .field("requestId", &Completed::request_id, string().uuid(), "Of the command.")
          .field("entityId", &Completed::entity_id, string().uuid(), "What it is about.")
          .field("version", &Completed::version, integer().min(1), "That it has now.")
          .field("proposalId", &Completed::proposal_id, string().uuid(), kProposalIdDocs);
  return schema;
}

std::string capital(std::string_view word) {
  std::string text(word);
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') {
    text[0] = static_cast<char>(text[0] - 'a' + 'A');
  }
  return text;
}

db::Value column_value(const IndexedField& field, const Json* value) {
  if (value == nullptr || value->is_null()) return nullptr;
  if (field.is_listed()) return place_in_list(field, *value);
  if (value->is_bool()) return value->as_bool();
  if (field.type == db::ColumnType::kInteger) return value->as_integer();
  if (field.type == db::ColumnType::kReal) return value->as_number();
  return std::string_view(value->as_string());
}

NounParts::NounParts(const Rooms& the_rooms, NounOptions the_options, Schema the_fields)
    : rooms(the_rooms), options(std::move(the_options)), fields(std::move(the_fields)) {
  SYNAP_CHECK(fields.kind() == SchemaKind::kObject, options.name);
  for (const auto reserved : kReserved) {
    SYNAP_CHECK(field_of(fields, reserved) == nullptr, reserved);
  }
  for (const auto& name : options.indexed) indexed.push_back(indexed_field(fields, name));
  for (const auto& reference : options.references) {
    SYNAP_CHECK(field_of(fields, reference.field) != nullptr, reference.field);
  }
  for (const auto& name : options.fixed) {
    SYNAP_CHECK(!options.text && field_of(fields, name) != nullptr, name);
  }
  for (const auto* names : {&options.made, &options.merged}) {
    for (const auto& name : *names) SYNAP_CHECK(!options.text && field_of(fields, name), name);
  }
  SYNAP_CHECK(options.made.empty() || options.make, options.name);
  for (const auto* names : {&options.large, &options.unrestored}) {
    for (const auto& name : *names) SYNAP_CHECK(options.text && field_of(fields, name), name);
  }
  for (const auto& name : options.searched.value_or(std::vector<std::string>{})) {
    SYNAP_CHECK(field_of(fields, name) != nullptr, name);
  }
  if (options.tags) SYNAP_CHECK(field_of(fields, options.tags->field) != nullptr, options.name);
  if (options.text) {
    for (const auto reserved : kReservedByText) {
      SYNAP_CHECK(field_of(fields, reserved) == nullptr, reserved);
    }
    for (const auto& derived : options.text->derived) {
      SYNAP_CHECK(field_of(fields, derived.field) != nullptr, derived.field);
    }
  }
  totals = options.name + "_totals";
  const auto small =
      shown_schema(title(""), selected(fields, options.large, false), options.text.has_value());
  const auto large = selected(fields, options.large, true);
  shown = small;
  if (!options.large.empty()) {
    auto listed = object(title("")).extend(small);
    for (const auto& field : large.node().fields) {
      listed.field(field.name, optional(Schema(field.schema)),
                   field.docs + " Absent from a list where it is larger than 2 KiB.");
    }
    shown = listed;
  }
  said = without_defaults(fields, options.large);
  taken = selected(fields, options.made, false);
  changeable = selected(taken, options.fixed, false);
  full = small;
  if (options.text) {
    full = object("Full" + title(""))
               .extend(small)
               .extend(large, UntypedObjectSchema::Take::kFilled)
               .field("content", string(), options.text->docs);
  }
  if (!has_text_tags()) return;
  shown = with_tag_sources(object(title("")).extend(shown));
  full = with_tag_sources(object("Full" + title("")).extend(full));
}

std::string NounParts::type(std::string_view action, std::string_view suffix) const {
  return fmt::format("{}.{}.{}", options.name, action, suffix);
}

std::string NounParts::title(std::string_view rest) const {
  return capital(options.name) + std::string(rest);
}

std::string NounParts::one() const {
  const bool is_vowel = std::string_view("aeiou").find(options.name.front()) != std::string::npos;
  return fmt::format("{} {}", is_vowel ? "an" : "a", options.name);
}

Json NounParts::filled(const Json& state) const {
  Json filled = Json::object();
  for (const auto& field : fields.node().fields) {
    if (const Json* value = state.find(field.name)) {
      filled.as_object().emplace_back(field.name, *value);
    } else if (field.presence == SchemaField::Presence::kDefaulted) {
      filled.as_object().emplace_back(field.name, field.default_value);
    }
  }
  return filled;
}

NounCore::NounCore(const Rooms& rooms, NounOptions options, Schema fields)
    : parts_(std::make_shared<NounParts>(rooms, std::move(options), std::move(fields))) {
  rooms.nouns->add({parts_->options.name, parts_->options.plural, parts_->options.merged});
  add_noun_event_types(*parts_);
  add_noun_projections(parts_);
  if (parts_->options.text) {
    add_text_commands(parts_);
    add_text_handlers(parts_);
  } else {
    add_noun_commands(parts_);
  }
  add_noun_queries(parts_);
  if (parts_->options.has_list) add_noun_list(parts_);
  add_noun_search(parts_);
  if (parts_->options.tags && !parts_->options.tags->procedure.empty()) {
    if (parts_->options.text) add_retagging(parts_);
    if (parts_->options.tags->have_colours) add_tag_colours(parts_);
    add_tag_list(parts_);
  }
}

Schema NounCore::shown() const {
  return parts_->shown;
}

std::string NounCore::columns() const {
  return thing_columns(*parts_);
}

Json NounCore::read(db::Rows& row, const Uuid& id, int first) const {
  return features::shown(*parts_, id, read_thing(*parts_, row, first));
}

void NounCore::add_former_get(const std::string& procedure) {
  features::add_former_get(parts_, procedure);
}

void NounCore::add_field_change(const FieldChangeOptions& options) {
  const SchemaField* field = field_of(parts_->fields, options.field);
  SYNAP_CHECK(field != nullptr, options.field);
  SYNAP_CHECK(validate(Schema(field->schema), options.value).has_value(), options.field);
  static const Schema kNothing = object("NoFields");
  add_change({.procedure = options.procedure, .action = options.action, .summary = options.summary},
             kNothing, [name = options.field, value = options.value](const Json& now, const Json&) {
               Json then = now;
               then.set(name, value);
               return Result<Json>(std::move(then));
             });
  const auto& plural = parts_->options.plural;
  parts_->rooms.nouns->add_set(plural, fmt::format("{}.{}", plural, options.procedure),
                               Json::object({{options.field, options.value}}));
}

void NounCore::add_change(const ChangeOptions& options, const Schema& input, Decide decide) {
  SYNAP_CHECK(!parts_->options.text, options.procedure);
  add_noun_change(parts_, options, input, std::move(decide));
}

}  // namespace synap::features
