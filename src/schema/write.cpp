// Writing: from C++ values to JSON text, without a Json in between.
#include "schema/schema.h"

namespace synap::schema_detail {
namespace {

using Form = SchemaStorage::Form;

struct Items {
  std::string& out;
  const SchemaStorage& item;
  bool is_first = true;

  static void visit(void* context, const std::string* key, const void* value) {
    auto& self = *static_cast<Items*>(context);
    if (!std::exchange(self.is_first, false)) self.out.push_back(',');
    if (key != nullptr) {
      append_json_string(self.out, *key);
      self.out.push_back(':');
    }
    write(self.out, self.item, value);
  }
};

// Writes the value of an optional, behind `before`; false if there is none.
bool write_optional(std::string& out, const SchemaStorage& storage, const void* value,
                    std::string_view before) {
  struct Found {
    const void* item = nullptr;
  } found;
  storage.each(value, &found, [](void* context, const std::string*, const void* item) {
    static_cast<Found*>(context)->item = item;
  });
  if (found.item == nullptr) return false;
  out.append(before);
  write(out, *storage.inner, found.item);
  return true;
}

void write_struct(std::string& out, const SchemaNode& object, const void* value) {
  char separator = '{';
  for (const auto& field : object.fields) {
    const void* member = static_cast<const char*>(value) + field.offset;
    const bool may_be_absent = field.presence == SchemaField::Presence::kOptional;
    const std::size_t before = out.size();
    out.push_back(separator);
    if (field.storage->form == Form::kNothing) {
      out.append(field.quoted_name);
      append_json_string(out, field.schema->values[0]);
    } else if (field.storage->form == Form::kOptional && may_be_absent) {
      if (!write_optional(out, *field.storage, member, field.quoted_name)) {
        out.resize(before);
        continue;
      }
    } else {
      out.append(field.quoted_name);
      write(out, *field.storage, member);
    }
    separator = ',';
  }
  if (separator == '{') out.push_back('{');
  out.push_back('}');
}

}  // namespace

void write(std::string& out, const SchemaStorage& storage, const void* value) {
  switch (storage.form) {
    case Form::kNothing:
      return;
    case Form::kJson:
      return append_json(out, *static_cast<const Json*>(value));
    case Form::kRawJson:
      out.append(static_cast<const RawJson*>(value)->text);
      return;
    case Form::kString:
      return append_json_string(out, *static_cast<const std::string*>(value));
    case Form::kBool:
      out.append(*static_cast<const bool*>(value) ? "true" : "false");
      return;
    case Form::kInt:
      return append_json_number(out, std::int64_t{*static_cast<const int*>(value)});
    case Form::kInt64:
      return append_json_number(out, *static_cast<const std::int64_t*>(value));
    case Form::kDouble:
      return append_json_number(out, *static_cast<const double*>(value));
    case Form::kOptional:
      if (!write_optional(out, storage, value, "")) out.append("null");
      return;
    case Form::kVector:
    case Form::kMap: {
      const bool is_map = storage.form == Form::kMap;
      out.push_back(is_map ? '{' : '[');
      Items items{out, *storage.inner};
      storage.each(value, &items, Items::visit);
      out.push_back(is_map ? '}' : ']');
      return;
    }
    case Form::kStruct:
      return write_struct(out, *storage.object, value);
    case Form::kVariant: {
      Items item{out, *storage.alternatives[storage.index(value)]};
      storage.each(value, &item, Items::visit);
      return;
    }
  }
}

}  // namespace synap::schema_detail
