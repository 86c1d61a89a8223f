// The one validator: walks a schema and a JSON value together, notes every issue in the order in
// which zod 4 would, and stores what is right: into C++ values or into a new Json.
#pragma once

#include <string>
#include <utility>

#include "base/json.h"
#include "schema/issue.h"
#include "schema/node.h"
#include "schema/schema.h"

namespace synap::schema_detail {

/// One validation: its issues, and whether the input may be emptied.
class Reader {
 public:
  /// `unknown` may be nullptr: then nobody wants to know.
  Reader(bool may_take, UnknownKeys* unknown) : may_take_(may_take), unknown_(unknown) {}

  void read(const SchemaNode& node, const Json* input, const SchemaStorage& storage, void* target,
            const Path* path);
  Issues& issues() { return issues_; }

 private:
  void read_bare(const SchemaNode& node, const Json* input, const SchemaStorage& storage,
                 void* target, const Path* path);
  void read_object(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void read_field(const SchemaField& field, const Json* input, Json::Object* json, void* object,
                  const Path* path);
  void read_array(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                  void* target, const Path* path);
  void read_record(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void note_unknown(const SchemaNode& node, const Json::Object& members, const Path* path);
  void tell_unknown(const std::vector<const std::string*>& keys, std::size_t count,
                    const Path* path);
  void read_union(const SchemaNode& node, const Json* input, const SchemaStorage& storage,
                  void* target, const Path* path);
  void read_number(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void read_string(const SchemaNode& node, const Json& input, const SchemaStorage& storage,
                   void* target, const Path* path);
  void read_raw(const SchemaNode& node, const Json* input, void* target, const Path* path);
  void wrong_type(const SchemaNode& node, const Json* input, const Path* path);

  // Moved where that is allowed. (As a conditional expression both would be copies.)
  Json take(const Json& value) const {
    if (may_take_) return std::move(const_cast<Json&>(value));
    return value;
  }
  std::string take_string(const Json& value) const {
    if (may_take_) return std::move(const_cast<Json&>(value).as_string());
    return value.as_string();
  }

  bool may_take_;
  UnknownKeys* unknown_;
  Issues issues_;
};

}  // namespace synap::schema_detail
