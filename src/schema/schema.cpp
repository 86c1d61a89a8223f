// The builders: how descriptions are made, and what is checked while they are.
#include "schema/schema.h"

#include <algorithm>
#include <cmath>

namespace synap {
namespace {

using Form = SchemaStorage::Form;

SchemaNode node_of(SchemaKind kind) {
  SchemaNode node;
  node.kind = kind;
  return node;
}

SchemaNode wrapper_of(SchemaKind kind, const Schema& inner) {
  SchemaNode node = node_of(kind);
  node.inner = inner.node_ptr();
  return node;
}

const SchemaNodePtr& undefined_node() {
  static const SchemaNodePtr node = std::make_shared<SchemaNode>();
  return node;
}

SchemaCheck bound(SchemaCheck::Kind kind, double value) {
  SchemaCheck check;
  check.kind = kind;
  check.bound = value;
  return check;
}

bool is_format(SchemaCheck::Kind kind) {
  return kind == SchemaCheck::Kind::kUuid || kind == SchemaCheck::Kind::kDatetime;
}

// Empty, or a name that TypeScript can give to a type.
bool is_type_name(std::string_view name) {
  return name.empty() ||
         (name[0] >= 'A' && name[0] <= 'Z' && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
          }));
}

void check_field_name(const std::string& name, const std::vector<SchemaField>& fields) {
  // JavaScript moves members with numbers as names to the front.
  SYNAP_CHECK(!name.empty() && name != "__proto__" && (name[0] < '0' || name[0] > '9'), name);
  const bool is_new = std::none_of(fields.begin(), fields.end(),
                                   [&](const SchemaField& field) { return field.name == name; });
  SYNAP_CHECK(is_new, name);
}

bool fits(const SchemaNode& node, const SchemaStorage& storage);

bool fits_inner(const SchemaNode& node, const SchemaStorage& storage) {
  return fits(*node.inner, *storage.inner);
}

bool fits_int(const SchemaNode& node) {
  const auto* min = node.check(SchemaCheck::Kind::kMin);
  const auto* max = node.check(SchemaCheck::Kind::kMax);
  return node.kind == SchemaKind::kInteger && min != nullptr && max != nullptr &&
         min->bound >= INT32_MIN && max->bound <= INT32_MAX;
}

bool fits(const SchemaNode& node, const SchemaStorage& storage) {
  if (node.kind == SchemaKind::kUndefined) return storage.form == Form::kNothing;
  if (storage.form == Form::kNothing) return node.kind == SchemaKind::kEnum && node.is_literal;
  if (storage.form == Form::kJson || storage.form == Form::kRawJson) {
    return node.kind != SchemaKind::kOptional;
  }
  if (node.kind == SchemaKind::kOptional || node.kind == SchemaKind::kNullable) {
    return storage.form == Form::kOptional && fits(*node.inner, storage);
  }
  switch (storage.form) {
    case Form::kString:
      return node.kind == SchemaKind::kString || node.kind == SchemaKind::kEnum;
    case Form::kBool:
      return node.kind == SchemaKind::kBoolean;
    case Form::kInt:
      return fits_int(node);
    case Form::kInt64:
      return node.kind == SchemaKind::kInteger;
    case Form::kDouble:
      return node.kind == SchemaKind::kNumber || node.kind == SchemaKind::kInteger;
    case Form::kOptional:
      return fits(node, *storage.inner);
    case Form::kVector:
      return node.kind == SchemaKind::kArray && fits_inner(node, storage);
    case Form::kMap:
      return node.kind == SchemaKind::kRecord && fits_inner(node, storage);
    case Form::kStruct:
      return &node == storage.object;
    case Form::kVariant:
      return node.kind == SchemaKind::kUnion &&
             std::ranges::equal(node.options, storage.alternatives,
                                [](const SchemaNodePtr& option, const SchemaStorage* alternative) {
                                  return alternative->object == option.get();
                                });
    default:
      return false;
  }
}

}  // namespace

const std::vector<std::string>* discriminator_values(const SchemaNode& object,
                                                     std::string_view discriminator) {
  for (const auto& field : object.fields) {
    if (field.name != discriminator) continue;
    const bool is_one = field.schema->kind == SchemaKind::kEnum &&
                        field.presence == SchemaField::Presence::kRequired;
    return is_one ? &field.schema->values : nullptr;
  }
  return nullptr;
}

void check_storable(const SchemaNode& node, const SchemaStorage& storage, std::string_view where) {
  SYNAP_CHECK(fits(node, storage), where);
}

Schema::Schema() : node_(undefined_node()) {}

Schema Schema::nullish() const {
  return optional(nullable(*this));
}

template <class Self>
Self SchemaBuilder<Self>::doc(std::string text) const {
  auto node = std::make_shared<SchemaNode>(*node_);
  node->docs = std::move(text);
  Self changed = static_cast<const Self&>(*this);
  changed.node_ = std::move(node);
  return changed;
}

template <class Self>
Self SchemaBuilder<Self>::with_check(SchemaCheck check) const {
  SYNAP_CHECK(std::isfinite(check.bound));
  SYNAP_CHECK(node_->check(check.kind) == nullptr, "a bound or format is given twice");
  auto node = std::make_shared<SchemaNode>(*node_);
  auto& checks = node->checks;
  if (is_format(check.kind)) {
    // In zod a format is the schema itself (z.uuid()), so it is checked before the bounds.
    SYNAP_CHECK(checks.empty() || !is_format(checks.front().kind), "one format is enough");
    checks.insert(checks.begin(), std::move(check));
  } else {
    checks.push_back(std::move(check));
  }
  Self changed = static_cast<const Self&>(*this);
  changed.node_ = std::move(node);
  return changed;
}

template class SchemaBuilder<StringSchema>;
template class SchemaBuilder<NumberSchema>;
template class SchemaBuilder<ArraySchema>;
template class SchemaBuilder<PlainSchema>;

StringSchema::StringSchema()
    : SchemaBuilder(std::make_shared<SchemaNode>(node_of(SchemaKind::kString))) {}
StringSchema StringSchema::min(std::size_t length) const {
  return with_check(bound(SchemaCheck::Kind::kMin, static_cast<double>(length)));
}
StringSchema StringSchema::max(std::size_t length) const {
  return with_check(bound(SchemaCheck::Kind::kMax, static_cast<double>(length)));
}
StringSchema StringSchema::uuid() const {
  return with_check(bound(SchemaCheck::Kind::kUuid, 0));
}
StringSchema StringSchema::datetime() const {
  return with_check(bound(SchemaCheck::Kind::kDatetime, 0));
}
StringSchema StringSchema::pattern(std::string expression, bool (*matches)(std::string_view),
                                   std::string expected) const {
  SYNAP_CHECK(!expression.empty() && matches != nullptr);
  // It is written between slashes.
  for (std::size_t at = 0; (at = expression.find('/', at)) != std::string::npos; ++at) {
    SYNAP_CHECK(at > 0 && expression[at - 1] == '\\', expression);
  }
  SchemaCheck check;
  check.kind = SchemaCheck::Kind::kPattern;
  check.pattern = std::move(expression);
  check.matches = matches;
  check.expected = std::move(expected);
  return with_check(std::move(check));
}

NumberSchema::NumberSchema(SchemaKind kind)
    : SchemaBuilder(std::make_shared<SchemaNode>(node_of(kind))) {}
NumberSchema NumberSchema::min(double smallest) const {
  return with_check(bound(SchemaCheck::Kind::kMin, smallest));
}
NumberSchema NumberSchema::max(double largest) const {
  return with_check(bound(SchemaCheck::Kind::kMax, largest));
}

ArraySchema::ArraySchema(const Schema& item)
    : SchemaBuilder(std::make_shared<SchemaNode>(wrapper_of(SchemaKind::kArray, item))) {
  SYNAP_CHECK(item.kind() != SchemaKind::kOptional && !item.is_undefined(),
              "JSON arrays have no undefined items");
}
ArraySchema ArraySchema::min(std::size_t count) const {
  return with_check(bound(SchemaCheck::Kind::kMin, static_cast<double>(count)));
}
ArraySchema ArraySchema::max(std::size_t count) const {
  return with_check(bound(SchemaCheck::Kind::kMax, static_cast<double>(count)));
}

PlainSchema boolean() {
  return PlainSchema(node_of(SchemaKind::kBoolean));
}
PlainSchema any() {
  return PlainSchema(node_of(SchemaKind::kAny));
}
PlainSchema null() {
  return PlainSchema(node_of(SchemaKind::kNull));
}
PlainSchema literal(std::string value) {
  SchemaNode node = node_of(SchemaKind::kEnum);
  node.values.push_back(std::move(value));
  node.is_literal = true;
  return PlainSchema(std::move(node));
}
PlainSchema one_of(std::vector<std::string> values) {
  SYNAP_CHECK(!values.empty());
  for (std::size_t i = 0; i < values.size(); ++i) {
    SYNAP_CHECK(std::find(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(i),
                          values[i]) == values.begin() + static_cast<std::ptrdiff_t>(i),
                values[i]);
  }
  SchemaNode node = node_of(SchemaKind::kEnum);
  node.values = std::move(values);
  return PlainSchema(std::move(node));
}
PlainSchema record(const Schema& values) {
  SYNAP_CHECK(values.kind() != SchemaKind::kOptional && !values.is_undefined(),
              "JSON objects have no undefined members");
  return PlainSchema(wrapper_of(SchemaKind::kRecord, values));
}
PlainSchema optional(const Schema& inner) {
  SYNAP_CHECK(inner.kind() != SchemaKind::kOptional && !inner.is_undefined());
  return PlainSchema(wrapper_of(SchemaKind::kOptional, inner));
}
PlainSchema nullable(const Schema& inner) {
  SYNAP_CHECK(inner.kind() != SchemaKind::kOptional && inner.kind() != SchemaKind::kNullable &&
              !inner.is_undefined());
  return PlainSchema(wrapper_of(SchemaKind::kNullable, inner));
}

PlainSchema discriminated_union(std::string discriminator, const std::vector<Schema>& options) {
  SYNAP_CHECK(options.size() > 1, discriminator);
  SchemaNode node = node_of(SchemaKind::kUnion);
  std::vector<std::string> seen;
  for (const auto& option : options) {
    const auto* values = discriminator_values(option.node(), discriminator);
    SYNAP_CHECK(values != nullptr, discriminator);
    for (const auto& value : *values) {
      SYNAP_CHECK(std::ranges::find(seen, value) == seen.end(), value);
      seen.push_back(value);
    }
    node.options.push_back(option.node_ptr());
  }
  node.discriminator = std::move(discriminator);
  return PlainSchema(std::move(node));
}

UntypedObjectSchema::UntypedObjectSchema(std::string name)
    : building_(std::make_shared<SchemaNode>()) {
  SYNAP_CHECK(is_type_name(name), name);
  building_->kind = SchemaKind::kObject;
  building_->name = std::move(name);
  node_ = building_;
}

UntypedObjectSchema& UntypedObjectSchema::field(std::string name, const Schema& schema,
                                                std::string docs) {
  SchemaField field;
  field.name = std::move(name);
  field.docs = std::move(docs);
  field.schema = schema.node_ptr();
  add(std::move(field));
  return *this;
}

UntypedObjectSchema& UntypedObjectSchema::field_or(std::string name, const Schema& schema,
                                                   Json default_value, std::string docs) {
  SchemaField field;
  field.name = std::move(name);
  field.docs = std::move(docs);
  field.schema = schema.node_ptr();
  field.presence = SchemaField::Presence::kDefaulted;
  field.default_value = std::move(default_value);
  add(std::move(field));
  return *this;
}

UntypedObjectSchema& UntypedObjectSchema::extend(const Schema& object, Take take) {
  using Presence = SchemaField::Presence;
  SYNAP_CHECK(object.kind() == SchemaKind::kObject);
  for (const auto& from : object.node().fields) {
    // Without the place in a struct: what is made here describes none.
    SchemaField field;
    field.name = from.name;
    field.docs = from.docs;
    field.schema = from.schema;
    field.presence = from.presence;
    if (take == Take::kPartial) {
      if (from.presence == Presence::kOptional && from.schema->kind != SchemaKind::kNullable) {
        field.schema = nullable(Schema(from.schema)).node_ptr();
      }
      field.presence = Presence::kOptional;
    } else if (from.presence == Presence::kRequired && take == Take::kOptional) {
      field.presence = Presence::kOptional;
    } else if (from.presence == Presence::kDefaulted) {
      if (take == Take::kFilled) {
        field.presence = Presence::kRequired;
      } else {
        field.default_value = from.default_value;
      }
    }
    add(std::move(field));
  }
  return *this;
}

UntypedObjectSchema& UntypedObjectSchema::doc(std::string text) {
  building_->docs = std::move(text);
  return *this;
}

void UntypedObjectSchema::add(SchemaField field) {
  using Presence = SchemaField::Presence;
  check_field_name(field.name, building_->fields);
  SYNAP_CHECK(field.schema->kind != SchemaKind::kUndefined, field.name);
  if (field.schema->kind == SchemaKind::kOptional) {
    SYNAP_CHECK(field.presence != Presence::kDefaulted, field.name);
    SYNAP_CHECK(field.storage == nullptr || field.storage->form == Form::kOptional, field.name);
    field.presence = Presence::kOptional;
    field.schema = SchemaNodePtr(field.schema->inner);
  }
  if (field.storage != nullptr) check_storable(*field.schema, *field.storage, field.name);
  if (field.presence == Presence::kDefaulted) {
    const auto valid = validate(Schema(field.schema), field.default_value);
    SYNAP_CHECK(valid.has_value() && *valid == field.default_value, field.name);
  }
  append_json_string(field.quoted_name, field.name);
  field.quoted_name.push_back(':');
  building_->fields.push_back(std::move(field));
}

}  // namespace synap
